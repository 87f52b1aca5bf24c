// Running: the plan of a run, cases at once, and results in the order of the plan.

package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// Run runs the selected cases of the sources and tells o.Sink about them. It returns when all are done, when the
// limit of failures is reached, or, soon after, when ctx is done: then Summary.Interrupted is set, and cases that were
// running are reported as interrupted. The error is not nil only when the options cannot be used.
func Run(ctx context.Context, sources []*Source, o Options) (*Summary, error) {
	r, err := newRunner(ctx, sources, o)
	if err != nil {
		return nil, err
	}
	return r.run(ctx), nil
}

// List returns the cases that Run would run, in that order, and the files that cannot be used.
func List(ctx context.Context, sources []*Source, o Options) ([]*Case, []*Broken, error) {
	r, err := newRunner(ctx, sources, o)
	if err != nil {
		return nil, nil, err
	}
	var cases []*Case
	var broken []*Broken
	r.plan(ctx, func(j *job) bool {
		switch {
		case j.broken != nil:
			broken = append(broken, j.broken)
		case j.c != nil:
			cases = append(cases, j.c)
		}
		return true
	})
	return cases, broken, ctx.Err()
}

type runner struct {
	o       Options
	sources []*Source
	sem     chan struct{} // a token for each case or file that may be worked on at once
	snaps   *snapshots
	sum     Summary
}

func newRunner(ctx context.Context, sources []*Source, o Options) (*runner, error) {
	if ctx == nil || slices.Contains(sources, nil) {
		return nil, errors.New("scenario: a run needs a context, and sources that are not nil")
	}
	o.Parallel = max(o.Parallel, 1)
	o.Repeat = max(o.Repeat, 1)
	if o.Sink == nil {
		o.Sink = Sinks{}
	}
	if o.Watcher == nil {
		o.Watcher = unwatched{}
	}
	if o.Repro == nil {
		o.Repro = func(c *Case, at string, exact bool) string { return "hwlua run " + at }
	}
	if o.Kernel == nil {
		o.Kernel = func(name string) (string, error) { return name, nil }
	}
	if _, err := prelude(); err != nil {
		return nil, err
	}
	r := &runner{o: o, sources: sources, sem: make(chan struct{}, o.Parallel)}
	r.snaps = newSnapshots(o.Update)
	return r, nil
}

type unwatched struct{}

func (unwatched) Planned(int)      {}
func (unwatched) Started(*Case)    {}
func (unwatched) Finished(*Result) {}
func (unwatched) Loading(string)   {}

// A job is one step of the plan: a case to run, a result that is known already, or a file that cannot be used.
type job struct {
	f       *file
	c       *Case
	known   *Result
	broken  *Broken
	warning string
	done    chan *Result // of a case that runs
}

// acquire takes a token; it fails when ctx is done.
func (r *runner) acquire(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case r.sem <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *runner) release() { <-r.sem }

// window is how many results may wait for one that is earlier in the plan.
const window = 512

func (r *runner) run(ctx context.Context) *Summary {
	began := time.Now()
	o := &r.o
	o.Sink.Begin(Info{Shard: o.Shard, ShardFrom: o.Engine, Shuffled: o.Shuffle, Seed: o.Order, Properties: o.Properties})
	inner, cancel := context.WithCancel(ctx)
	defer cancel()

	jobs := make(chan *job, window)
	var workers sync.WaitGroup
	go func() {
		defer close(jobs)
		r.plan(inner, func(j *job) bool {
			if j.c != nil && j.known == nil {
				j.done = make(chan *Result, 1)
				o.Watcher.Planned(1)
				// The token is taken here, so that cases begin in the order of the plan.
				if !r.acquire(inner) {
					return false
				}
				workers.Add(1)
				go func() {
					defer workers.Done()
					defer r.release()
					o.Watcher.Started(j.c)
					res := r.runCase(inner, j.f, j.c)
					o.Watcher.Finished(res)
					j.done <- res
				}()
			}
			select {
			case jobs <- j:
				return true
			case <-inner.Done():
				if j.done == nil {
					return false
				}
				jobs <- j // it has begun, so it is reported
				return false
			}
		})
	}()

	seen := map[*Source]bool{}
	for j := range jobs {
		if r.sum.Stopped != "" {
			continue
		}
		switch {
		case j.broken != nil:
			r.sum.Unusable++
			o.Sink.Broken(j.broken)
			continue
		case j.warning != "":
			o.Sink.Warning(j.warning)
			continue
		}
		res := j.known
		if res == nil {
			res = <-j.done
		} else {
			o.Watcher.Planned(1)
			o.Watcher.Finished(res)
		}
		if !seen[j.f.src] {
			seen[j.f.src] = true
			r.sum.Files++
		}
		r.sum.Counts[res.Status]++
		r.snaps.tally(j.f, res)
		o.Sink.Case(res)
		if o.MaxFailures > 0 && r.sum.Bad() >= o.MaxFailures && ctx.Err() == nil {
			r.sum.Stopped = o.StopReason
			if r.sum.Stopped == "" {
				r.sum.Stopped = fmt.Sprintf("after %d failures", o.MaxFailures)
			}
			cancel()
		}
	}
	workers.Wait()
	r.sum.Interrupted = ctx.Err() != nil
	complete := !r.sum.Interrupted && r.sum.Stopped == ""
	if problems := r.snaps.finish(&r.sum.Snapshots, complete); len(problems) > 0 {
		for _, p := range problems {
			r.sum.Unusable++
			o.Sink.Broken(p)
		}
	}
	r.sum.Elapsed = time.Since(began)
	o.Sink.End(&r.sum)
	return &r.sum
}

// plan yields the jobs in order until yield returns false or ctx is done.
func (r *runner) plan(ctx context.Context, yield func(*job) bool) {
	o := &r.o
	order := make([]int, len(r.sources))
	for i := range order {
		order[i] = i
	}
	var base []int // the position of each source's first selected case in the unshuffled plan
	rng := rand.New(rand.NewPCG(o.Order, 0x6877_6c75_61))
	if o.Shuffle {
		if o.Shard.Total > 1 {
			base = make([]int, len(r.sources))
			n := 0
			r.loaded(ctx, order, 1, func(i int, l loaded) bool {
				base[i] = n
				n += len(r.selected(l.f, 0))
				return true
			})
		}
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for round := 1; round <= o.Repeat; round++ {
		mark := round
		if o.Repeat == 1 {
			mark = 0
		}
		position := 0
		ok := r.loaded(ctx, order, round, func(i int, l loaded) bool {
			if l.broken != nil {
				return yield(&job{broken: l.broken})
			}
			f := l.f
			if round == 1 {
				for _, w := range f.head.Warnings {
					if !yield(&job{warning: w}) {
						return false
					}
				}
			}
			picked := r.selected(f, mark)
			if base != nil {
				position = base[i]
			}
			if len(f.src.Lines) > 0 && round == 1 {
				if b := f.noCaseAt(); b != nil {
					return yield(&job{broken: b})
				}
			}
			if round == 1 {
				r.sum.Deselected += len(f.cases) - len(picked)
			}
			mine := picked[:0:0]
			for _, c := range picked {
				if o.Shard.Has(position) {
					mine = append(mine, c)
				} else if round == 1 {
					r.sum.OtherShards++
				}
				position++
			}
			if o.Shuffle {
				rng.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			}
			for _, c := range mine {
				j := &job{f: f, c: c}
				if res := f.known[c.Kernel]; res != nil {
					copied := *res
					copied.Case = c
					j.known = &copied
				}
				if !yield(j) {
					return false
				}
			}
			return true
		})
		if !ok {
			return
		}
	}
}

// loaded is a source that was read and whose cases are known, or why it cannot be used.
type loaded struct {
	f      *file
	broken *Broken
}

// loaded gives the sources in that order to fn, reading a few ahead. It is false when it ended early.
func (r *runner) loaded(ctx context.Context, order []int, round int, fn func(i int, l loaded) bool) bool {
	ctx, cancel := context.WithCancel(ctx)
	type pending struct {
		i    int
		done chan loaded
	}
	ahead := make(chan pending, 2*r.o.Parallel)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer close(ahead)
		for _, i := range order {
			p := pending{i, make(chan loaded, 1)}
			select {
			case ahead <- p:
			case <-ctx.Done():
				return
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				if !r.acquire(ctx) {
					close(p.done)
					return
				}
				defer r.release()
				r.o.Watcher.Loading(r.sources[i].Path)
				p.done <- r.load(ctx, r.sources[i], round)
			}()
		}
	}()
	ok := true
	for p := range ahead {
		l, got := <-p.done
		if !got || ctx.Err() != nil {
			ok = false
			break
		}
		if !fn(p.i, l) {
			ok = false
			break
		}
	}
	cancel()
	for range ahead {
	}
	wg.Wait()
	return ok
}

// load reads a source, compiles it and finds its cases: on each profile that it asks for.
func (r *runner) load(ctx context.Context, src *Source, round int) loaded {
	f, err := open(src)
	if err != nil {
		var u *UsageError
		errors.As(err, &u)
		b := &Broken{File: u.Path, Line: u.Line, Message: u.Message}
		errors.As(err, &b.Err)
		return loaded{broken: b}
	}
	kernels, why, err := r.kernels(f)
	if err != nil {
		return loaded{broken: &Broken{File: src.Path, Message: err.Error()}}
	}
	f.known = map[string]*Result{}
	if why != "" {
		f.add(&Case{Kernel: ""}, &Result{Status: Skipped, Reason: why})
		return loaded{f: f}
	}
	for _, k := range kernels {
		r.collect(ctx, f, k, round)
	}
	return loaded{f: f}
}

// kernels are the profiles that the file runs on, "" alone for the default one; why is set when it does not run.
func (r *runner) kernels(f *file) (list []string, why string, err error) {
	if len(f.head.Kernels) == 0 {
		return []string{""}, "", nil
	}
	for _, name := range f.head.Kernels {
		full, err := r.o.Kernel(name)
		if err != nil {
			return nil, "", fmt.Errorf("kernel '%s': %w", name, err)
		}
		if !slices.Contains(list, full) {
			list = append(list, full)
		}
	}
	if r.o.Profile == "" {
		return list, "", nil
	}
	if slices.Contains(list, r.o.Profile) {
		return []string{r.o.Profile}, "", nil
	}
	return nil, fmt.Sprintf("is for kernel %s, this run is for %s", strings.Join(list, ", "), r.o.Profile), nil
}

// add makes c, filled in for a file that is one case, a case of the file whose result is known.
func (f *file) add(c *Case, res *Result) {
	c.File, c.Path, c.Tags, c.Line, c.Whole = f.src.Path, []string{stem(f.src.Path)}, f.head.Tags, 1, true
	c.LastLine = strings.Count(f.text, "\n") + 1
	c.Index = len(f.cases)
	f.cases = append(f.cases, c)
	res.Case, res.Title = c, f.head.Title
	f.known[c.Kernel] = res
}

// collect adds the cases that the file has on that profile.
func (r *runner) collect(ctx context.Context, f *file, kernel string, round int) {
	if r.o.Facts != nil {
		if why := missing(f.head.Needs, r.o.Facts(kernel)); why != "" {
			f.add(&Case{Kernel: kernel}, &Result{Status: Skipped, Reason: why})
			return
		}
	} else if len(f.head.Needs) > 0 && !r.o.anyNeed {
		f.add(&Case{Kernel: kernel}, &Result{Status: Skipped, Reason: missing(f.head.Needs, nil)})
		return
	}
	c := &Case{Kernel: kernel, File: f.src.Path, Path: []string{stem(f.src.Path)}, Round: round, Whole: true}
	var found []*Case
	res := r.guarded(ctx, f, c, func(ctx context.Context, s *session) error {
		var err error
		found, err = s.collect(ctx)
		return err
	})
	if res.Status == Passed && len(found) > 0 {
		for _, c := range found {
			c.Kernel = kernel
		}
		f.cases = append(f.cases, found...)
		return
	}
	if len(found) > 0 {
		// A describe raised: the file has cases, but not all of them are known.
		for _, x := range res.Failures {
			x.Kind = "load"
		}
		res.Status = Errored
	}
	f.add(c, res)
}

// runCase runs one case in a runtime of its own.
func (r *runner) runCase(ctx context.Context, f *file, c *Case) *Result {
	return r.guarded(ctx, f, c, func(ctx context.Context, s *session) error {
		blocks, found, err := s.find(ctx, c)
		if err != nil {
			return err
		}
		if found.fn == nil {
			return &errPending{found.why}
		}
		s.running = true
		return s.one(ctx, blocks, found)
	})
}

// one runs the hooks of the blocks around a case, and the case.
func (s *session) one(ctx context.Context, blocks []*block, c *it) (err error) {
	call := func(fns []*vm.Function) error {
		for _, fn := range fns {
			if _, err := s.rt.Call(ctx, fn); err != nil {
				return err
			}
		}
		return nil
	}
	entered := 0
	for _, b := range blocks {
		entered++
		if err = call(b.setup); err != nil {
			break
		}
	}
	if err == nil {
		for _, b := range blocks {
			if err = call(b.before); err != nil {
				break
			}
		}
		if err == nil {
			_, err = s.rt.Call(ctx, c.fn, c.args...)
			if s.finally != nil {
				err = s.also(err, call([]*vm.Function{s.finally}))
			}
		}
		for i := len(blocks) - 1; i >= 0; i-- {
			err = s.also(err, call(blocks[i].after))
		}
	}
	for i := entered - 1; i >= 0; i-- {
		err = s.also(err, call(blocks[i].teardown))
	}
	return err
}

// also keeps the first error as the one that ended the case and notes the second beside it.
func (s *session) also(first, second error) error {
	if first == nil || second == nil || ended(first) {
		if first == nil {
			return second
		}
		return first
	}
	f := s.failure(second)
	f.Message, f.After = "after the case: "+f.Message, true
	s.soft = append(s.soft, f)
	return first
}

// ended tells whether err has ended the runtime's work: what comes after it fails for the same reason.
func ended(err error) bool {
	var p *vm.PanicError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.As(err, &p)
}

// guarded does the work of a case: time limit, runtime, and what came of it.
func (r *runner) guarded(ctx context.Context, f *file, c *Case, work func(context.Context, *session) error) (res *Result) {
	o := &r.o
	res = &Result{Case: c, Title: f.head.Title, Start: time.Now()}
	// The runtime turns a Go panic below a script into an error; one beside it, in a module's making or in Look, ends
	// this case and not the run.
	defer func() {
		if x := recover(); x != nil {
			res.Status = Errored
			res.Failures = append(res.Failures, &Failure{
				Kind:    "panic",
				Message: fmt.Sprintf("hwlua itself failed, which is not the scenario's fault: %v", x),
				Notes:   []Paragraph{{"Go stack", strings.Split(strings.TrimRight(string(debug.Stack()), "\n"), "\n")}},
			})
			res.Elapsed = time.Since(res.Start)
		}
	}()
	limit := o.Timeout
	if f.head.Timeout > 0 {
		limit = f.head.Timeout
	}
	inner := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	var env Environment
	var err error
	if o.Environment != nil {
		env, err = o.Environment(c)
	}
	var s *session
	if err == nil {
		s, err = newSession(f, o, env, o.Seed+uint64(max(c.Round-1, 0)))
	}
	if err != nil {
		res.Status = Errored
		res.Failures = []*Failure{{Kind: "error", Message: "no runtime: " + err.Error()}}
		return res
	}
	defer s.close()
	s.caseOf = c
	s.snaps = r.snaps
	s.rt.OnCheck(s.check)
	s.judge(ctx, res, work(inner, s), limit)
	res.Failures = s.soft
	res.Output = s.out.String()
	if env.Look != nil {
		res.Look = env.Look(res.Status.Bad())
	}
	res.Elapsed = time.Since(res.Start)
	if res.Status.Bad() {
		at, exact := f.spot(c)
		res.Repro = o.Repro(c, at, exact)
	}
	return res
}

// judge gives res the status that err and the checks that did not hold come to, and adds err to the failures. ctx is the
// run's, limit what the case had.
func (s *session) judge(ctx context.Context, res *Result, err error, limit time.Duration) {
	var pend *errPending
	switch {
	case errors.As(err, &pend) && len(s.soft) == 0:
		res.Status, res.Reason = Pending, pend.why
	case len(s.soft) > 0 && (err == nil || pend != nil): // pending hides no check and no hook that failed
		res.Status = Failed
		for _, x := range s.soft {
			if x.Kind != "assertion" {
				res.Status = Errored
			}
		}
	case err != nil:
		x := s.failure(err)
		switch {
		case ctx.Err() != nil && ended(err):
			res.Status = Interrupted
			x.Kind, x.Message = "interrupt", "interrupted"
		case errors.Is(err, context.DeadlineExceeded):
			res.Status = Errored
			x.Kind, x.Message = "timeout", fmt.Sprintf("not done after %s; the script was here", limit)
		case x.Kind == "assertion":
			res.Status = Failed
		default:
			res.Status = Errored
		}
		// What a hook had to add is mostly what this one left behind: it comes after it.
		at := slices.IndexFunc(s.soft, func(f *Failure) bool { return f.After })
		if at < 0 {
			at = len(s.soft)
		}
		s.soft = slices.Insert(s.soft, at, x)
	}
}
