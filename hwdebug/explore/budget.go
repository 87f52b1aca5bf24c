// The budget: the only file that looks at the clock.

package explore

import (
	"context"
	"time"
)

// A budget ends an exploration by time.
type budget struct {
	ctx   context.Context
	until time.Time // zero: no limit
	ends  bool
}

func newBudget(ctx context.Context, cfg *Config) *budget {
	b := &budget{ctx: ctx}
	if cfg.Timeout > 0 {
		b.until, b.ends = time.Now().Add(cfg.Timeout), true
	}
	return b
}

// over reports whether the time is up or the exploration was cancelled.
func (b *budget) over() bool { return b.ctx.Err() != nil || b.ends && time.Now().After(b.until) }

// cancelled returns why the exploration was cancelled, or nil.
func (b *budget) cancelled() error { return b.ctx.Err() }
