package report

import (
	"io"
	"time"
)

// NewProgressAt returns a Progress with the clock of the test, which draws only when asked.
func NewProgressAt(w io.Writer, width func() int, now func() time.Time) *Progress {
	return &Progress{w: w, width: width, now: now, start: now()}
}

func (p *Progress) Line(width int) string { return p.line(width) }
