// Whole files replayed, each case on a fresh target.

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

// A Config says how recordings are replayed. Open is required.
type Config struct {
	// Open makes a fresh target for one case of a recording with that first line. Run shuts it down after the case.
	Open func(Meta) (hwdebug.Target, error)
	// Filter selects cases by their id; nil: all. Cases that are left out must be in the format all the same.
	Filter *regexp.Regexp
	// MaxDivergences is how many divergences the report describes; 0: none. All are counted.
	MaxDivergences int
	// Progress is called after each case, on the goroutine that runs.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	File       string
	Files, Of  int   // the file is number Files, from 1, of Of
	Read, Size int64 // bytes of it; Size is 0 if unknown
	Cases      int   // replayed so far, in all files
	Tally            // of all files so far
}

// Run replays the recordings in files, in order, and reports. The error is a *FormatError if a file is not in the
// format, one of the file system, of Open or of ctx, or says that Filter leaves no case. With an error there is no
// report, whatever went before: nothing is counted of a run with a file that cannot be trusted. Divergences are no
// error.
//
// Files are streamed: the memory that is used does not depend on their size. A target whose call does not return
// is not interrupted; ctx is looked at between cases.
func Run(ctx context.Context, cfg Config, files ...string) (*Report, error) {
	if cfg.Open == nil || ctx == nil {
		return nil, errors.New("conform: Run needs a context and Config.Open")
	}
	r := runner{cfg: cfg}
	r.report.Files = len(files)
	for i, name := range files {
		r.progress.File, r.progress.Files, r.progress.Of = name, i+1, len(files)
		if err := r.file(ctx, name); err != nil {
			return nil, err
		}
	}
	if r.report.Cases == 0 && cfg.Filter != nil {
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

// counted counts the bytes that are read.
type counted struct {
	r io.Reader
	n *int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}

func (r *runner) file(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r.progress.Read, r.progress.Size = 0, 0
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		r.progress.Size = info.Size()
	}
	rd, err := NewReader(counted{f, &r.progress.Read}, name)
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

func (r *runner) oneCase(file string, meta *Meta) error {
	t, err := r.cfg.Open(*meta)
	if err != nil {
		return fmt.Errorf("%s:%d: no target for case %s: %w", file, r.c.Line, r.c.ID, err)
	}
	tally := r.player.replay(t, meta, &r.c, func(d *Divergence) {
		list := &r.first
		if len(d.Marks) > 0 {
			list = &r.marked
		}
		if len(*list) < r.cfg.MaxDivergences {
			d.File = file
			*list = append(*list, *d)
		}
	})
	if err := hwdebug.Shutdown(t); err != nil {
		return fmt.Errorf("%s:%d: the target of case %s does not shut down: %w", file, r.c.Line, r.c.ID, err)
	}
	r.report.Cases++
	r.report.add(tally)
	if r.cfg.Progress != nil {
		r.progress.Cases = r.report.Cases
		r.progress.Tally = r.report.Tally
		r.cfg.Progress(r.progress)
	}
	return nil
}
