// Progress: what runs now, for a person at a terminal.

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/hwlua/hwlua/vm/scenario"
)

// A Progress is one status line on a terminal: counts, time and the cases that run. It redraws
// itself when something changed, ten times a second at most, and is wiped whenever something is
// printed through its Writer.
type Progress struct {
	w       io.Writer
	width   func() int
	now     func() time.Time
	start   time.Time
	mu      sync.Mutex
	planned int
	done    int
	bad     int
	running []*scenario.Case
	loading string
	drawn   bool
	midLine bool // what was written last does not end a line
	last    time.Time
	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewProgress draws on w, which must be a terminal; width tells how many columns it has.
func NewProgress(w io.Writer, width func() int) *Progress {
	p := &Progress{w: w, width: width, now: time.Now, stop: make(chan struct{})}
	p.start = p.now()
	p.stopped.Add(1)
	go p.tick()
	return p
}

// tick redraws the elapsed time while nothing else happens.
func (p *Progress) tick() {
	defer p.stopped.Done()
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// Close wipes the line for good.
func (p *Progress) Close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	p.wipe()
	p.mu.Unlock()
}

// Planned is scenario.Watcher's, as are the three that follow.
func (p *Progress) Planned(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned += n
}

func (p *Progress) Loading(file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loading = file
}

func (p *Progress) Started(c *scenario.Case) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, c)
	p.changed()
}

func (p *Progress) Finished(r *scenario.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if r.Status.Bad() {
		p.bad++
	}
	if i := slices.Index(p.running, r.Case); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.changed()
}

func (p *Progress) changed() {
	if now := p.now(); now.Sub(p.last) >= 100*time.Millisecond {
		p.draw()
	}
}

// line is the status line for a terminal of that width.
func (p *Progress) line(width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d", p.done, max(p.planned, p.done))
	if p.bad > 0 {
		fmt.Fprintf(&b, ", %d failed", p.bad)
	}
	fmt.Fprintf(&b, "  %.1fs", p.now().Sub(p.start).Seconds())
	switch {
	case len(p.running) > 0:
		c := p.running[0] // the one that runs longest
		fmt.Fprintf(&b, "  %s: %s", c.File, c.Name())
		if n := len(p.running) - 1; n > 0 {
			fmt.Fprintf(&b, " and %d more", n)
		}
	case p.loading != "":
		fmt.Fprintf(&b, "  %s", p.loading)
	}
	text := strings.Map(func(r rune) rune {
		if r < ' ' || !printable(r) {
			return ' '
		}
		return r
	}, b.String())
	return runewidth.Truncate(text, max(width-1, 1), "…")
}

func (p *Progress) draw() {
	if p.midLine {
		return
	}
	p.last = p.now()
	fmt.Fprintf(p.w, "\r\x1b[K%s", p.line(p.width()))
	p.drawn = true
}

func (p *Progress) wipe() {
	if p.drawn {
		io.WriteString(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// Writer gives a writer to the same terminal: the status line makes way for what is written.
func (p *Progress) Writer(w io.Writer) io.Writer { return &overProgress{p, w} }

type overProgress struct {
	p *Progress
	w io.Writer
}

func (o *overProgress) Write(b []byte) (int, error) {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	o.p.wipe()
	if len(b) > 0 {
		o.p.midLine = b[len(b)-1] != '\n'
	}
	return o.w.Write(b)
}
