// Progress on a terminal.

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// A Progress is a status line on a terminal: counts, time and the running cases. It is redrawn after
// changes, at most ten times a second, and erased before anything is printed through its Writer.
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
	orders  map[*scenario.Case]string // how far exploring them has come
	loading string
	drawn   bool
	midLine bool // the last write did not end its line
	last    time.Time
	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewProgress returns a Progress on w, a terminal; width returns its number of columns.
func NewProgress(w io.Writer, width func() int) *Progress {
	p := &Progress{w: w, width: width, now: time.Now, stop: make(chan struct{})}
	p.start = p.now()
	p.stopped.Add(1)
	go p.tick()
	return p
}

// tick redraws the elapsed time while nothing else changes.
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

// Close erases the line.
func (p *Progress) Close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	p.wipe()
	p.mu.Unlock()
}

// Planned implements scenario.Watcher, as do the four methods that follow.
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
	delete(p.orders, r.Case)
	if i := slices.Index(p.running, r.Case); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.changed()
}

// Exploring is called often and leaves drawing to the ticker.
func (p *Progress) Exploring(c *scenario.Case, runs, about, failures int) {
	text := ""
	switch {
	case about > 0:
		text = fmt.Sprintf("  runs %d of about %d, failures %d", runs, about, failures)
	case runs > 0:
		text = fmt.Sprintf("  runs %d, failures %d", runs, failures)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.orders == nil {
		p.orders = map[*scenario.Case]string{}
	}
	p.orders[c] = text
}

// changed redraws the line unless it was drawn a moment ago.
func (p *Progress) changed() {
	if now := p.now(); now.Sub(p.last) >= 100*time.Millisecond {
		p.draw()
	}
}

// line returns the status line for a terminal of that width.
func (p *Progress) line(width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d", p.done, max(p.planned, p.done))
	if p.bad > 0 {
		fmt.Fprintf(&b, ", %d failed", p.bad)
	}
	fmt.Fprintf(&b, "  %.1fs", p.now().Sub(p.start).Seconds())
	switch {
	case len(p.running) > 0:
		c := p.running[0] // running longest
		fmt.Fprintf(&b, "%s  %s: %s", p.orders[c], c.File, c.Name())
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
	return phrase.Truncate(text, max(width-1, 1))
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

// Writer returns a writer to the same terminal that erases the status line first.
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
