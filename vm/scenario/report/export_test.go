package report

import (
	"io"
	"time"
)

// NewProgressAt is a Progress by the test's clock, which draws only when it is told to.
func NewProgressAt(w io.Writer, width func() int, now func() time.Time) *Progress {
	return &Progress{w: w, width: width, now: now, start: now()}
}

func (p *Progress) Line(width int) string { return p.line(width) }
