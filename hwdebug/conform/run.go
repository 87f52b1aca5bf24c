// Replay of whole files, each case on a fresh target.

package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Config configures a run. Open is required.
type Config struct {
	// Open makes a fresh target for one case of a recording with that first line. Run shuts it down
	// after the case.
	Open func(Meta) (hwdebug.Target, error)
	// Filter selects cases by their id; nil: all. Other cases must be in the format all the same.
	Filter *regexp.Regexp
	// MaxDivergences bounds the divergences that the report describes. All are counted.
	MaxDivergences int
	// Progress is called after each case, on the goroutine of the run.
	Progress func(Progress)
}

// Progress is the progress of a run.
type Progress struct {
	File, Of int // the number of the current file, from 1, and of all files
	Cases    int // replayed so far, in all files
}

// Run replays the recordings in files, in order. The error is a *FormatError if a file is not in
// the format, an error of the file system, of Open or of ctx, or reports that Filter selects no
// case. A failed run has no report: nothing is counted of a run with a file that cannot be
// trusted. Divergences are not errors.
//
// Files are streamed: the memory used does not depend on their size. Run looks at ctx between
// cases; it does not interrupt a target whose call does not return.
func Run(ctx context.Context, cfg Config, files ...string) (*Report, error) {
	if cfg.Open == nil || ctx == nil {
		return nil, errors.New("conform: Run needs a context and Config.Open")
	}
	r := runner{cfg: cfg}
	r.report.Files = len(files)
	for i, name := range files {
		r.progress.File, r.progress.Of = i+1, len(files)
		if err := r.file(ctx, name); err != nil {
			return nil, err
		}
	}
	if r.report.Cases == 0 && len(r.report.Skipped) == 0 && cfg.Filter != nil {
		return nil, fmt.Errorf("no case has an id that matches %q", cfg.Filter)
	}
	r.report.Divergences = r.first
	if room := cfg.MaxDivergences - len(r.first); room > 0 {
		r.report.Divergences = append(r.first, r.marked[:min(room, len(r.marked))]...)
	}
	return &r.report, nil
}

type runner struct {
	cfg           Config
	report        Report
	progress      Progress
	first, marked []Divergence // at most MaxDivergences of each
	player        player
	c             Case
}

// file replays the selected cases of one file.
func (r *runner) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	rd, err := NewReader(f, name)
	if err != nil {
		return err
	}
	meta := rd.Meta()
	if kernel := meta.Kernel(); !slices.Contains(r.report.Kernels, kernel) {
		r.report.Kernels = append(r.report.Kernels, kernel)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := rd.Next(&r.c); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if r.cfg.Filter != nil && !r.cfg.Filter.MatchString(r.c.ID) {
			continue
		}
		if err := r.oneCase(name, &meta); err != nil {
			return err
		}
	}
}

// oneCase replays the case that was read last on a target of its own. It skips a case that left the
// machine of the recording unusable, and one that needs what the target cannot do. A case that diverges is
// replayed with the other choices of the scheduler.
func (r *runner) oneCase(file string, meta *Meta) error {
	if r.c.Violation != "" {
		r.report.skip("the recorded machine was left unusable", len(r.c.Steps))
		return nil
	}
	t, err := r.open(file, meta)
	if err != nil {
		return err
	}
	if why := lacks(t, &r.c); why != "" {
		r.report.skip(why, len(r.c.Steps))
		return r.shutdown(t, file)
	}
	r.player.course.preempt = nil
	a, err := r.attempt(t, file, meta)
	if err == nil && r.player.course.first >= 0 {
		var other attempt
		var ok bool
		if other, ok, err = r.search(file, meta); ok {
			a = other
			r.report.OtherOrder = append(r.report.OtherOrder, r.c.ID)
		}
	}
	if err != nil {
		return err
	}
	r.count(&a)
	return nil
}

// count adds a replayed case to the report.
func (r *runner) count(a *attempt) {
	r.report.Tally.add(&a.tally)
	for _, d := range a.found {
		list := &r.first
		if len(d.Marks) > 0 {
			list = &r.marked
		}
		if len(*list) < r.cfg.MaxDivergences {
			*list = append(*list, d)
		}
	}
	r.report.Cases++
	if r.cfg.Progress != nil {
		r.progress.Cases = r.report.Cases
		r.cfg.Progress(r.progress)
	}
}

// open returns a target for the case that was read last.
func (r *runner) open(file string, meta *Meta) (hwdebug.Target, error) {
	t, err := r.cfg.Open(*meta)
	if err != nil {
		err = fmt.Errorf("%s:%d: no target for case %s: %w", file, r.c.Line, r.c.ID, err)
	}
	return t, err
}

func (r *runner) shutdown(t hwdebug.Target, file string) error {
	if err := hwdebug.Shutdown(t); err != nil {
		return fmt.Errorf("%s:%d: the target of case %s does not shut down: %w", file, r.c.Line, r.c.ID, err)
	}
	return nil
}

// lacks returns the reason why t cannot perform c, or "".
func lacks(t hwdebug.Target, c *Case) string {
	for _, f := range c.Needs() {
		if f == hwdebug.FeatureRegisters {
			continue // the steps are left out, see player.blind
		}
		if err := t.Supports(f); err != nil {
			if e := (*hwdebug.Error)(nil); errors.As(err, &e) {
				return e.Found
			}
			return fmt.Sprintf("%s: %v", f, err)
		}
	}
	return ""
}
