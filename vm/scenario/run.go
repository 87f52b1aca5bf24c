// Runs: the plan, cases in parallel, and results in the order of the plan.

package scenario

import (
	"cmp"
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

// Run runs the selected cases of the sources and reports them to o.Sink. It returns when all are done
// or the limit of failures is reached. It also returns soon after ctx is done; it then reports the cases
// that were running as interrupted and sets Summary.Interrupted. The error is non-nil only if the
// options are invalid.
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

// A runner is one run.
type runner struct {
	o       Options
	sources []*Source
	sem     chan struct{} // limits the cases and files in work
	snaps   *snapshots
	sum     Summary
}

// newRunner validates the options and fills in defaults.
func newRunner(ctx context.Context, sources []*Source, o Options) (*runner, error) {
	if ctx == nil || slices.Contains(sources, nil) {
		return nil, errors.New("scenario: nil context or source")
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
	for _, s := range sources {
		s.root = o.Root
	}
	return r, nil
}

type unwatched struct{}

func (unwatched) Planned(int)                    {}
func (unwatched) Started(*Case)                  {}
func (unwatched) Finished(*Result)               {}
func (unwatched) Loading(string)                 {}
func (unwatched) Exploring(*Case, int, int, int) {}

// A job is a step of the plan: a case to run, a known result, a warning, or an unusable file.
type job struct {
	f       *file
	c       *Case
	known   *Result
	broken  *Broken
	warning string
	done    chan *Result // of a case that runs
}

// acquire waits for a token of r.sem; it returns false if ctx is done.
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

// window limits the results that wait for one that is earlier in the plan.
const window = 512

// run starts the cases in the order of the plan and reports them in that order.
func (r *runner) run(ctx context.Context) *Summary {
	began := time.Now()
	o := &r.o
	o.Sink.Begin(Info{
		Shard: o.Shard, ShardFrom: o.Engine, Shuffled: o.Shuffle, Seed: o.Order, Properties: o.Properties,
	})
	inner, cancel := context.WithCancel(ctx)
	defer cancel()

	jobs := make(chan *job, window)
	var workers sync.WaitGroup
	go func() {
		defer close(jobs)
		r.plan(inner, func(j *job) bool { return r.start(inner, j, jobs, &workers) })
	}()
	seen := map[*Source]bool{}
	for j := range jobs {
		if r.sum.Stopped != "" {
			continue
		}
		r.report(j, seen)
		if o.MaxFailures > 0 && r.sum.Bad() >= o.MaxFailures && ctx.Err() == nil {
			r.sum.Stopped = cmp.Or(o.StopReason, fmt.Sprintf("after %d failures", o.MaxFailures))
			cancel()
		}
	}
	workers.Wait()
	r.sum.Interrupted = ctx.Err() != nil
	for _, b := range r.snaps.finish(&r.sum.Snapshots, !r.sum.Interrupted && r.sum.Stopped == "") {
		r.sum.Unusable++
		o.Sink.Broken(b)
	}
	r.sum.Elapsed = time.Since(began)
	o.Sink.End(&r.sum)
	return &r.sum
}

// start begins the case of a job in a goroutine, once it has a token, so that cases begin in the order
// of the plan. It then passes the job on, and returns false if the run is to end.
func (r *runner) start(ctx context.Context, j *job, jobs chan<- *job, workers *sync.WaitGroup) bool {
	if j.c != nil && j.known == nil {
		j.done = make(chan *Result, 1)
		r.o.Watcher.Planned(1)
		if !r.acquire(ctx) {
			return false
		}
		workers.Go(func() {
			defer r.release()
			r.o.Watcher.Started(j.c)
			res := r.retried(ctx, func() *Result { return r.runCase(ctx, j.f, j.c) })
			r.o.Watcher.Finished(res)
			j.done <- res
		})
	}
	select {
	case jobs <- j:
		return true
	case <-ctx.Done():
		if j.done != nil {
			jobs <- j // it has begun, so it is reported
		}
		return false
	}
}

// report waits for the result of a job, counts it and passes it to the sink.
func (r *runner) report(j *job, seen map[*Source]bool) {
	switch {
	case j.broken != nil:
		r.sum.Unusable++
		r.o.Sink.Broken(j.broken)
		return
	case j.warning != "":
		r.o.Sink.Warning(j.warning)
		return
	}
	res := j.known
	if res == nil {
		res = <-j.done
	} else {
		r.o.Watcher.Planned(1)
		r.o.Watcher.Finished(res)
	}
	if !seen[j.f.src] {
		seen[j.f.src] = true
		r.sum.Files++
	}
	r.sum.Counts[res.Status]++
	if res.Flaky != nil {
		r.sum.Flaky++
	}
	r.snaps.tally(j.f, res)
	r.o.Sink.Case(res)
}

// plan yields the jobs in order until yield returns false or ctx is done.
func (r *runner) plan(ctx context.Context, yield func(*job) bool) {
	order := make([]int, len(r.sources))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(r.o.Order, 0x6877_6c75_61))
	var base []int
	if r.o.Shuffle {
		if r.o.Shard.Total > 1 {
			base = r.positions(ctx, order)
		}
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	planned := 0 // the cases of all shards so far
	for round := 1; round <= r.o.Repeat; round++ {
		position := 0 // in the unshuffled order of the round
		more := r.loaded(ctx, order, round, func(i int, l loaded) bool {
			if l.broken != nil {
				return yield(&job{broken: l.broken})
			}
			if base != nil {
				position = base[i]
			}
			if round == 1 {
				if ok, usable := yieldHead(l.f, yield); !usable {
					return ok
				}
			}
			picked := r.share(l.f, round, &position)
			if r.o.Shuffle {
				rng.Shuffle(len(picked), func(i, j int) { picked[i], picked[j] = picked[j], picked[i] })
			}
			var mine []*Case
			for i, p := range picked {
				if p.Position = planned + i; p.mine {
					mine = append(mine, p.Case)
				}
			}
			planned += len(picked)
			return yieldCases(l.f, mine, yield)
		})
		if !more {
			return
		}
	}
}

// positions returns, for each source, the position of its first selected case in the unshuffled plan:
// the shards of a shuffled run are those of the unshuffled one.
func (r *runner) positions(ctx context.Context, order []int) []int {
	base := make([]int, len(r.sources))
	n := 0
	r.loaded(ctx, order, 1, func(i int, l loaded) bool {
		base[i] = n
		n += len(r.selected(l.f, 0))
		return true
	})
	return base
}

// yieldHead yields the warnings about a file. usable is false if FILE:LINE selects no case, which it
// yields as well; more is then the result of yield.
func yieldHead(f *file, yield func(*job) bool) (more, usable bool) {
	for _, w := range f.head.Warnings {
		if !yield(&job{warning: w}) {
			return false, false
		}
	}
	if b := f.noCaseAt(); b != nil {
		return yield(&job{broken: b}), false
	}
	return true, true
}

// A picked is a selected case, and whether it belongs to the shard of this run.
type picked struct {
	*Case
	mine bool
}

// share returns the selected cases of a file, and counts those of other shards in the first round. position
// is that of the next selected case.
func (r *runner) share(f *file, round int, position *int) []picked {
	mark := round
	if r.o.Repeat == 1 {
		mark = 0
	}
	var all []picked
	others := 0
	for _, c := range r.selected(f, mark) {
		mine := r.o.Shard.Has(*position)
		if !mine {
			others++
		}
		all = append(all, picked{c, mine})
		*position++
	}
	if round == 1 {
		r.sum.Deselected += len(f.cases) - len(all)
		r.sum.OtherShards += others
	}
	return all
}

// yieldCases yields the cases of a file, those with a known result as such.
func yieldCases(f *file, cases []*Case, yield func(*job) bool) bool {
	for _, c := range cases {
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
}

// A loaded is a source with its cases, or the reason why it cannot be used.
type loaded struct {
	f      *file
	broken *Broken
}

// loaded loads the sources in that order, a few ahead, and passes them to fn until it returns false. It
// returns false if it stopped early.
func (r *runner) loaded(ctx context.Context, order []int, round int, fn func(i int, l loaded) bool) bool {
	var workers sync.WaitGroup
	defer workers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	started := make([]chan loaded, 0, len(order))
	for n, i := range order {
		for len(started) < min(n+1+2*r.o.Parallel, len(order)) {
			src, done := r.sources[order[len(started)]], make(chan loaded, 1)
			started = append(started, done)
			workers.Go(func() {
				defer close(done)
				if r.acquire(ctx) {
					defer r.release()
					r.o.Watcher.Loading(src.Path)
					done <- r.load(ctx, src, round)
				}
			})
		}
		l, ok := <-started[n]
		if !ok || ctx.Err() != nil || !fn(i, l) {
			return false
		}
	}
	return true
}

// load reads and compiles a source and finds its cases on each profile that it lists.
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

// kernels returns the profiles to run the file on, "" for the default one, or why it does not run.
func (r *runner) kernels(f *file) (list []string, why string, err error) {
	switch {
	case r.o.EveryProfile, len(f.head.Kernels) == 0 && len(r.o.Profiles) > 1:
		return r.o.Profiles, "", nil
	case len(f.head.Kernels) == 0:
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
	if len(r.o.Profiles) == 0 {
		return list, "", nil
	}
	other := func(p string) bool { return !slices.Contains(list, p) }
	both := slices.DeleteFunc(slices.Clone(r.o.Profiles), other)
	if len(both) == 0 {
		why = fmt.Sprintf("is for kernel %s, this run is for %s", strings.Join(list, ", "),
			strings.Join(r.o.Profiles, ", "))
	}
	return both, why, nil
}

// add adds the case that the whole file is, with its result.
func (f *file) add(c *Case, res *Result) {
	c.File, c.Path, c.Tags, c.Line, c.Whole = f.src.Path, []string{stem(f.src.Path)}, f.head.Tags, 1, true
	c.Needs = f.head.Needs
	c.LastLine = strings.Count(strings.TrimSuffix(f.text, "\n"), "\n") + 1
	c.Index = len(f.cases)
	f.cases = append(f.cases, c)
	res.Case, res.Title = c, f.head.Title
	f.known[c.Kernel] = res
}

// collect adds the cases of the file on a profile.
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
	if f.empty() {
		f.add(&Case{Kernel: kernel}, &Result{Status: Skipped, Reason: "the file has no code"})
		return
	}
	c := &Case{
		File: f.src.Path, Path: []string{stem(f.src.Path)}, Kernel: kernel, Needs: f.head.Needs, Round: round,
		Whole: true,
	}
	var found []*Case
	res := r.retried(ctx, func() *Result {
		return r.guarded(ctx, f, c, func(ctx context.Context, s *session) (err error) {
			found, err = s.collect(ctx)
			return err
		})
	})
	if res.Status == Passed && len(found) > 0 {
		for _, c := range found {
			c.Kernel = kernel
		}
		f.cases = append(f.cases, found...)
		return
	}
	if len(found) > 0 {
		// A describe raised an error, so not all cases of the file are known.
		for _, x := range res.Failures {
			x.Kind = "load"
		}
		res.Status = Errored
	}
	f.add(c, res)
}

// retried runs a case, and again up to Options.Retry times as long as it fails. The model is deterministic:
// if the result changes, the host had a part in it, through a timeout or through what the script was allowed
// to use. The result is that of the first run unless a later one does not fail.
func (r *runner) retried(ctx context.Context, run func() *Result) *Result {
	first := run()
	if !first.Status.Bad() || r.o.Retry == 0 {
		return first
	}
	for first.Tries = 1; first.Tries <= r.o.Retry && ctx.Err() == nil; {
		again := run()
		first.Tries++
		if !again.Status.Bad() {
			again.Tries, again.Flaky = first.Tries, first.Cause()
			return again
		}
	}
	return first
}

// runCase runs a case in a runtime of its own.
func (r *runner) runCase(ctx context.Context, f *file, c *Case) *Result {
	return r.guarded(ctx, f, c, func(ctx context.Context, s *session) error {
		blocks, found, err := s.find(ctx, c)
		if err != nil {
			return err
		}
		if found.fn == nil {
			return &errPending{}
		}
		s.running = true
		if r.o.Explore == nil || found.explored {
			return s.one(ctx, blocks, found)
		}
		x, err := r.o.Explore(ctx, c, func(ctx context.Context, env Environment) error {
			return r.once(ctx, f, c, env, s)
		})
		if s.look = x.Look; x.Exploration != nil {
			s.found, s.many = x.Exploration, true
		}
		return err
	})
}

// once runs a case in one more runtime. A failed check is an error, too. outer gets what the case prints
// and what it explores by itself.
func (r *runner) once(ctx context.Context, f *file, c *Case, env Environment, outer *session) error {
	s, err := newSession(f, &r.o, env, r.o.Seed)
	if err != nil {
		return err
	}
	defer s.close()
	blocks, found, err := s.find(ctx, c)
	if err != nil {
		return err
	}
	s.running = true
	err = s.one(ctx, blocks, found)
	outer.found, outer.out = s.found, s.out
	if err == nil && len(s.soft) > 0 {
		err = errors.New(s.soft[0].Message)
	}
	return err
}

// one runs a case with the hooks of its blocks. Later hooks run after an error, too.
func (s *session) one(ctx context.Context, blocks []*block, c *block) (err error) {
	entered := 0
	for entered < len(blocks) && err == nil {
		err = s.enter(ctx, blocks[entered])
		entered++
	}
	for i := 0; i < len(blocks) && err == nil; i++ {
		err = s.call(ctx, blocks[i].hooks["lazy_setup"])
	}
	if err == nil && c.explored {
		err = s.allOrders(ctx, blocks, c)
	} else if err == nil {
		for i := 0; i < len(blocks) && err == nil; i++ {
			err = s.call(ctx, blocks[i].hooks["before_each"])
		}
		if err == nil {
			if _, err = s.rt.Call(ctx, c.fn, c.args...); err != nil && s.onFailed != nil {
				s.onFailed()
			}
			if s.finally != nil {
				err = s.also(err, s.call(ctx, []*vm.Function{s.finally}))
			}
		}
		for _, b := range slices.Backward(blocks) {
			err = s.also(err, s.call(ctx, b.hooks["after_each"]))
		}
	}
	for _, b := range slices.Backward(blocks[:entered]) {
		for _, word := range []string{"lazy_teardown", "teardown"} {
			err = s.also(err, s.call(ctx, b.hooks[word]))
		}
	}
	return err
}

// allOrders explores a case. The hooks around it run once for each schedule. What the case prints is kept
// of the run that a report tells of.
func (s *session) allOrders(ctx context.Context, blocks []*block, c *block) error {
	s.many = true
	printed := s.out.buf.Len() // by setup
	s.rt.OnRun(func(told bool) {
		if s.out.off = !told; told {
			s.out.buf.Truncate(printed)
			s.out.lost = 0
		}
	})
	args := []any{c.args[0], c.fn, 0}
	before := 0
	for _, b := range blocks {
		for _, fn := range b.hooks["before_each"] {
			args = append(args, fn)
			before++
		}
	}
	for _, b := range slices.Backward(blocks) {
		for _, fn := range b.hooks["after_each"] {
			args = append(args, fn)
		}
	}
	args[2] = before
	_, err := s.rt.Call(ctx, s.explorer, args...)
	s.out.off = false
	return err
}

// also returns the error that ended the case: the first one. It records the second as a further failure,
// unless the first has ended the runtime.
func (s *session) also(first, second error) error {
	if first == nil {
		return second
	} else if second == nil || ended(first) {
		return first
	}
	f := s.failure(second)
	f.Message, f.After = "after the case: "+f.Message, true
	s.soft = append(s.soft, f)
	return first
}

// ended reports whether err has ended the runtime, so that any later call fails for the same reason.
func ended(err error) bool {
	_, panicked := errors.AsType[*vm.PanicError](err)
	return panicked || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// guarded runs the work of a case with its time limit and a runtime of its own, and returns the result.
// A Go panic below the script is an error of the runtime; any other panic, such as one in a module or in
// Look, ends this case and not the run.
func (r *runner) guarded(
	ctx context.Context, f *file, c *Case, work func(context.Context, *session) error,
) (res *Result) {
	res = &Result{Case: c, Title: f.head.Title, Start: time.Now()}
	defer func() {
		if x := recover(); x != nil {
			res.Status = Errored
			res.Failures = append(res.Failures, &Failure{
				Kind:    "panic",
				Message: fmt.Sprintf("internal error, which is not the scenario's fault: %v", x),
				Notes:   []Paragraph{goStack(string(debug.Stack()))},
			})
		}
		res.Elapsed = time.Since(res.Start)
	}()
	limit := cmp.Or(f.head.Timeout, r.o.Timeout)
	inner := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	s, err := r.session(f, c)
	if err != nil {
		res.Status = Errored
		res.Failures = []*Failure{{Kind: "error", Message: "cannot create a runtime: " + err.Error()}}
		return res
	}
	defer s.close()
	s.judge(ctx, res, work(inner, s), limit)
	res.Failures = s.soft
	res.Output = s.out.String()
	if s.look != nil {
		res.Look = s.look(res.Status.Bad())
	}
	if s.many {
		res.Explored = s.found
	}
	if res.Status.Bad() {
		at, exact := f.spot(c)
		res.Repro = r.o.Repro(c, at, exact)
		if x := res.Explored; x != nil && x.Failed && x.Schedule.Text != "" {
			res.Repro += " --schedule " + x.Schedule.Text
		}
	}
	return res
}

// session returns the session of a case, in its environment.
func (r *runner) session(f *file, c *Case) (s *session, err error) {
	var env Environment
	if r.o.Environment != nil {
		if env, err = r.o.Environment(c); err != nil {
			return nil, err
		}
	}
	if s, err = newSession(f, &r.o, env, r.o.Seed+uint64(max(c.Round-1, 0))); err != nil {
		return nil, err
	}
	s.caseOf, s.snaps = c, r.snaps
	s.onFailed, s.look = env.Failed, env.Look
	s.rt.OnCheck(s.check)
	return s, nil
}

// judge sets the status of res from err and the failed checks, and adds err to the failures. ctx is that
// of the run, limit the time limit of the case.
func (s *session) judge(ctx context.Context, res *Result, err error, limit time.Duration) {
	var pend *errPending
	switch {
	case errors.As(err, &pend) && len(s.soft) == 0:
		res.Status, res.Reason = Pending, pend.why
	case len(s.soft) > 0 && (err == nil || pend != nil): // pending does not hide failed checks and hooks
		res.Status = Failed
		if slices.ContainsFunc(s.soft, func(x *Failure) bool { return x.Kind != "assertion" }) {
			res.Status = Errored
		}
	case err != nil:
		x := s.failure(err)
		switch {
		case ctx.Err() != nil && ended(err):
			res.Status = Interrupted
			x.Kind, x.Message = "interrupt", "interrupted"
		case errors.Is(err, context.DeadlineExceeded):
			res.Status = Errored
			x.Kind, x.Message = "timeout", fmt.Sprintf("timed out after %s; the script was here", limit)
		case x.Kind == "assertion":
			res.Status = Failed
		default:
			res.Status = Errored
		}
		// The failures of later hooks are mostly consequences of this one, so they come after it.
		at := slices.IndexFunc(s.soft, func(f *Failure) bool { return f.After })
		if at < 0 {
			at = len(s.soft)
		}
		s.soft = slices.Insert(s.soft, at, x)
	}
}
