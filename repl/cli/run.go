// hwlua run: which scenarios run, in which order, and the exit code.

package cli

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/scripts"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

// defaultTimeout is the timeout of a case if neither its file nor the command line sets one.
const defaultTimeout = time.Minute

// runOptions are the options of hwlua run.
type runOptions struct {
	filter, skip string
	tags         []string
	reports      []string
	parallel     int
	shard        string
	shuffle      string
	repeat       int
	retry        int
	durations    int
	timeout      time.Duration
	failFast     bool
	maxFailures  int
	list         bool
	lastFailed   bool
	update       bool
	watch        bool
	merge        bool
	coverage     bool
	coverageFile string // "" for standard error
	cover        *coverage
	pdb          bool
	verbose      bool
	color        string
	root         string
	trace        []string
	withM        bool // provide the global m
	machine      machineOptions
	allow        vm.Allow

	explore exploreOptions
	watcher scenario.Watcher // of the run under way, nil if nobody looks

	kernels   []string // several profiles of --kernel; one is in machine
	board     string   // where the board of --board is
	functions bool     // of diff-kernels: show where only the functions called differ
}

func newRunOptions() *runOptions {
	return &runOptions{parallel: runtime.GOMAXPROCS(0), timeout: defaultTimeout, color: "auto"}
}

// table returns the options of hwlua run in the order of the help.
func (o *runOptions) table() []option {
	formats := report.Formats()
	last := len(formats) - 1
	opts := []option{
		value("filter", "REGEXP", setString(&o.filter),
			"only cases whose full name (describe and it) matches"),
		value("skip", "REGEXP", setString(&o.skip), "no cases whose full name matches"),
		value("tags", "A,B", o.addTags, "only cases with any of these tags"),
		toggle("last-failed", &o.lastFailed, "only cases that failed in the last run from this folder"),
		toggle("list", &o.list, "print the cases without running them, as JSON with --report json"),
		value("report", "FORM[=FILE]", addString(&o.reports),
			strings.Join(formats[:last], ", ")+" or "+formats[last]+
				", to FILE or standard output (repeatable;",
			"default: pretty)"),
		{short: "v", long: "verbose", set: setTrue(&o.verbose), help: "pretty: show every case and output"},
		colorOption(&o.color),
		value("parallel", "N", setInt(&o.parallel, 1),
			"how many cases run at once (default: the number of processors)"),
		value("shard", "I/N", setString(&o.shard),
			"run the I-th of N equal parts; /N takes I from the variables of Bazel, GoogleTest,",
			"Buildkite, CircleCI, GitLab or Kubernetes, which also apply without the option"),
		toggle("merge", &o.merge,
			"run nothing: PATHs are JSON reports of all shards of a run; report that run"),
		value("shuffle", "SEED", setString(&o.shuffle),
			"run files and cases in another order; 'random' chooses a seed and prints it"),
		value("repeat", "N", setInt(&o.repeat, 1), "run N rounds; with --seed S the k-th uses seed S+k-1"),
		value("retry", "N", setInt(&o.retry, 0),
			"run a failed case up to N more times; if it passes then, the host had a part in it",
			"(a timeout, --allow): it counts as passed and is reported as flaky"),
		value("durations", "N", setInt(&o.durations, 1),
			"print the N cases that took longest on this host, on standard error"),
		{long: "coverage", arg: "FILE", optional: true, set: o.setCoverage,
			help: "print the modelled functions and the rules that no case touched,\n" +
				"to FILE (.json for JSON) or as text on standard error"},
		value("timeout", "D", o.setTimeout,
			"timeout of cases whose file sets none (default 1m; 0: no limit)"),
		value("root", "DIR", setString(&o.root),
			"the folder that require and dofile see (default: that of each file), for specs in a folder",
			"beside that of what they test"),
		toggle("fail-fast", &o.failFast, "stop at the first failed case"),
		value("max-failures", "N", setInt(&o.maxFailures, 1), "stop after N failed cases"),
		toggle("update", &o.update, "write snapshots instead of comparing with them"),
		toggle("pdb", &o.pdb, "open the prompt in the first case that fails"),
		toggle("watch", &o.watch, "run again whenever a file changes"),
		value("board", "ADDR|FILE", setString(&o.board),
			"give scripts the global board: of a trace, of a file that attach --save wrote, or of a",
			"gdb stub at HOST:PORT or unix:PATH"),
		traceOption(&o.trace),
	}
	opts = append(opts, o.explore.table()...)
	return append(append(opts, o.machine.table()...), allowOption(&o.allow))
}

func (o *runOptions) addTags(s string) error {
	o.tags = append(o.tags, strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })...)
	return nil
}

func (o *runOptions) setCoverage(file string) error {
	o.coverage, o.coverageFile = true, file
	return nil
}

func (o *runOptions) setTimeout(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("invalid duration '%s' (want 5s, 500ms)", s)
	}
	o.timeout = d
	return nil
}

const runText = `Runs scenario files: Lua files that use describe and it; a file that uses neither is
one case. A PATH is a file, a folder (all *.lua below it except *.d.lua and names that
begin with a dot or an underscore), a pattern (* ? [a-z] **), FILE:LINE, or - for
standard input. Without PATH the built-in scenarios run.

Comment lines at the head of a file may set what it needs (-- needs: cpus>=4; counts and
vhe are also the defaults of its machines, unless options set them), the timeout of each
case (-- timeout: 5s), its tags (-- tags: seed, wide), and the kernels on each of which it
runs (-- kernel: 4.19.116, 6.1.192). Each case has a runtime of its own, for which the
file is loaded afresh.

--coverage lists what the cases leave out. A modelled function counts if it ran on some
machine. A rule of the specification (hwlua doc R-CON-7) counts if a file of which a case
ran names it, if a machine refused a call by it, or if it names modelled functions and
all of them ran. Most rules name none: a scenario shows which it is about by naming it.

A run split over several machines has one report: each runs a shard, as in hwlua run
--shard 2/4 --report json=2.json, and hwlua run --merge [1-4].json --report junit=all.xml
writes what the whole run would have written, in any format and with its exit code.

For prove, as in prove -e 'hwlua run --report tap' FILE, the TAP report uses version
13, which prove reads. prove asks for it with TAP_VERSION=13 in the environment.
`

// runCommand returns the options of hwlua run and its runner.
func runCommand() ([]option, runner) {
	o := newRunOptions()
	return o.table(), func(ctx context.Context, env Env, paths []string) (int, error) {
		if err := o.setKernels(env); err != nil {
			return 0, err
		}
		if o.board != "" {
			b, err := openBoard(ctx, o.board)
			if err != nil {
				return 0, fmt.Errorf("--board %s: %w", o.board, err)
			}
			o.machine.board = b
		}
		if o.merge {
			return o.mergeShards(env, paths)
		}
		if o.watch {
			return o.watching(ctx, env, paths)
		}
		return o.run(ctx, env, paths)
	}
}

// exploreCommand is hwlua run --explore.
func exploreCommand() ([]option, runner) {
	opts, run := runCommand()
	for i := range opts {
		if opts[i].long == "explore" {
			_ = opts[i].set("")
		}
	}
	return opts, run
}

// setKernels checks the machine's options. With several kernels in --kernel each case runs on each of them.
func (o *runOptions) setKernels(env Env) error {
	list := strings.Split(o.machine.kernel, ",")
	for _, release := range list {
		env.notice(strings.TrimSpace(release))
	}
	if len(list) == 1 {
		return o.machine.check()
	}
	o.machine.dropKernel()
	for _, release := range list {
		name, _, ok := sim.Nearest(strings.TrimSpace(release))
		if !ok {
			return usagef("--kernel: '%s' is not a kernel release; profiles are %s", release,
				strings.Join(sim.Profiles(), " "))
		}
		if !slices.Contains(o.kernels, name) {
			o.kernels = append(o.kernels, name)
		}
	}
	return o.machine.check()
}

// profiles returns the profiles that the run is restricted to.
func (o *runOptions) profiles() []string {
	if name := o.machine.profile(); name != "" {
		return []string{name}
	}
	return o.kernels
}

// builtin is the folder of the built-in scenarios in reports.
const builtin = "scripts"

// run runs the scenarios in paths once and returns the exit code.
func (o *runOptions) run(ctx context.Context, env Env, paths []string) (int, error) {
	sources, err := find(env, paths)
	if err != nil {
		return 0, err
	}
	so, err := o.scenarioOptions(env)
	if err != nil {
		return 0, err
	}
	var read []string
	for _, src := range sources {
		read = append(read, src.Path)
	}
	if err := o.checkOutputs(read); err != nil {
		return 0, err
	}
	if o.list {
		return o.printList(ctx, env, sources, so)
	}
	if o.explore.schedule != "" {
		if err := o.oneCase(ctx, sources, so); err != nil {
			return 0, err
		}
	}
	traces, err := newTraces(o.trace, env.Stderr)
	if err != nil {
		return 0, err
	}
	// If the reader of standard output closes it early (| head), SIGPIPE ends the process. A run that
	// also writes files completes them first. Ignoring the signal instead would be inherited by
	// programs that scripts start.
	toFile := func(report string) bool { _, _, ok := cutReport(report); return ok }
	if len(o.trace) > 0 || slices.ContainsFunc(o.reports, toFile) {
		closed := make(chan os.Signal, 1)
		signal.Notify(closed, syscall.SIGPIPE)
		defer signal.Stop(closed)
	}
	reports, err := o.openReports(env, so.Shard.Total > 1)
	if err != nil {
		return 0, err
	}
	failed, first, slow := &failedCases{}, &firstFailure{}, &slowest{n: o.durations}
	so.Watcher, o.watcher = reports.watcher, reports.watcher
	o.cover = newCoverage(o.coverage, sources)
	so.Sink = append(reports.all, failed, traces, first, slow, o.cover)
	if o.pdb {
		so.MaxFailures, so.StopReason = 1, "--pdb"
	}
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		return o.environment(c, traces, reports.wantTimelines), nil
	}
	if o.explore.explore || o.explore.schedule != "" {
		so.Explore = func(ctx context.Context, c *scenario.Case,
			run func(context.Context, scenario.Environment) error) (*scenario.Explored, error) {
			x, told, err := o.exploreCase(ctx, c, run)
			x.Look = told.looker(c, traces, reports.wantTimelines)
			return x, err
		}
	}
	sum, err := scenario.Run(ctx, sources, so)
	if err != nil {
		return 0, err
	}
	code := o.exitCode(env, sum)
	err = errors.Join(reports.finish(), traces.finish(), o.cover.finish(env.Stderr, o.coverageFile))
	if err != nil {
		code = max(code, usage(env, "run", err))
	}
	slow.print(env.Stderr)
	failed.save(env)
	if o.pdb && first.result != nil && ctx.Err() == nil {
		if err := o.debug(ctx, env, sources, so, first.result.Case); err != nil {
			return 0, err
		}
	}
	return code, nil
}

// environment returns the modules and the seed of a case, and what to collect from its machines when it
// has ended.
func (o *runOptions) environment(c *scenario.Case, traces *traces, timelines bool) scenario.Environment {
	m := caseMachines(&o.machine, c, o.withM)
	seed := o.seed(c)
	m.defaults.Seed = seed
	m.flags, m.progress = o.explore.flags(c), o.progress(c)
	return scenario.Environment{Modules: m.modules(), Seed: &seed, Failed: m.focus.Hold,
		Look: func(bad bool) scenario.Look {
			o.cover.machines(m.list)
			return m.looker(c, traces, timelines)(bad)
		}}
}

// looker returns the function that inspects the machines when the case has ended.
func (m *machines) looker(c *scenario.Case, traces *traces, timelines bool) func(bad bool) scenario.Look {
	return func(bad bool) scenario.Look {
		look := m.look(bad, timelines)
		if len(traces.files) > 0 {
			look.Keep = m.traces(c.File + ": " + c.Name())
		}
		return look
	}
}

// exitCode returns the exit code of a run. It explains on standard error why no case ran.
func (o *runOptions) exitCode(env Env, sum *scenario.Summary) int {
	switch {
	case sum.Interrupted:
		return exitInterrupted
	case sum.Unusable > 0:
		return exitUsage
	case sum.Bad() > 0:
		return exitFailed
	case sum.Cases() == 0 && sum.OtherShards == 0:
		fmt.Fprintf(env.Stderr, "hwlua run: no case selected: %s\n", o.whyNone(sum))
		return exitUsage
	}
	return exitOK
}

// whyNone explains why no case was selected.
func (o *runOptions) whyNone(sum *scenario.Summary) string {
	var by []string
	for _, f := range []struct {
		set  bool
		text string
	}{
		{o.filter != "", "--filter " + quoteArg(o.filter)},
		{o.skip != "", "--skip " + quoteArg(o.skip)},
		{len(o.tags) > 0, "--tags " + strings.Join(o.tags, ",")},
		{o.lastFailed, "--last-failed"},
	} {
		if f.set {
			by = append(by, f.text)
		}
	}
	if len(by) == 0 {
		return "the files have no cases"
	}
	return fmt.Sprintf("%s leaves none of %d", strings.Join(by, " "), sum.Deselected)
}

// find returns the sources in paths, or the built-in ones if there are no paths.
func find(env Env, paths []string) ([]*scenario.Source, error) {
	if len(paths) == 0 {
		return scenario.FindFS(scripts.FS, builtin)
	}
	return scenario.Find(paths, env.Stdin)
}

// scenarioOptions turns the command line into the options of a run, except for reports and machines.
func (o *runOptions) scenarioOptions(env Env) (scenario.Options, error) {
	so := scenario.Options{
		Allow: o.allow, Seed: o.machine.seed, Limits: o.machine.limits(), Facts: o.machine.facts,
		Kernel: kernelName, Profiles: o.profiles(), Tags: o.tags, Repeat: o.repeat, Retry: o.retry,
		Root: o.root, Parallel: o.parallel, Timeout: o.timeout, Update: o.update, Repro: o.repro,
		Properties: append([]scenario.Property{{Name: "hwlua", Value: version()}}, o.machine.properties()...),
	}
	holdMemory(env, so.Limits.Memory, so.Parallel)
	if o.update && inCI(env) {
		return so, usagef("--update is refused where CI is set: " +
			"a run that checks must not rewrite its expectations")
	}
	switch {
	case o.failFast:
		so.MaxFailures, so.StopReason = 1, "--fail-fast"
	case o.maxFailures > 0:
		so.MaxFailures, so.StopReason = o.maxFailures, fmt.Sprintf("--max-failures %d", o.maxFailures)
	}
	for _, set := range []func(Env, *scenario.Options) error{o.setSelection, o.setOrder, o.setShard} {
		if err := set(env, &so); err != nil {
			return so, err
		}
	}
	return so, nil
}

// setSelection applies --filter, --skip and --last-failed.
func (o *runOptions) setSelection(env Env, so *scenario.Options) (err error) {
	for _, f := range []struct {
		name, text string
		re         **regexp.Regexp
	}{{"--filter", o.filter, &so.Filter}, {"--skip", o.skip, &so.Skip}} {
		if f.text == "" {
			continue
		}
		if *f.re, err = regexp.Compile(f.text); err != nil {
			return usagef("%s: %v", f.name, err)
		}
	}
	if !o.lastFailed {
		return nil
	}
	ids, err := lastFailed(env)
	if err != nil {
		return usagef("--last-failed: %v", err)
	}
	so.Select = func(c *scenario.Case) bool { return slices.Contains(ids, c.ID()) }
	return nil
}

// setOrder applies --shuffle.
func (o *runOptions) setOrder(_ Env, so *scenario.Options) (err error) {
	switch so.Shuffle = o.shuffle != ""; o.shuffle {
	case "":
	case "random":
		so.Order = uint64(rand.Uint32())
	default:
		if so.Order, err = strconv.ParseUint(o.shuffle, 0, 64); err != nil {
			return usagef("--shuffle: invalid seed '%s' (want an integer, or 'random')", o.shuffle)
		}
	}
	return nil
}

// setShard applies --shard, or else the variables of CI engines.
func (o *runOptions) setShard(env Env, so *scenario.Options) error {
	parts, fromEnv := strings.CutPrefix(o.shard, "/")
	if o.shard != "" && !fromEnv {
		s, err := scenario.ParseShard(o.shard)
		if err != nil {
			return usagef("--%v", err)
		}
		so.Shard = s
		return nil
	}
	total := 0
	if fromEnv {
		n, err := parseInt(parts, 1, 0)
		if err != nil {
			return usagef("--shard %s: %v", o.shard, err)
		}
		total = n
	}
	e, err := scenario.ShardFromEnv(env.Getenv, total)
	if err != nil {
		return usagef("%v", err)
	}
	if total > 0 && e.Engine == "" {
		return usagef("--shard %s: no variable says which of the %d parts this is; use --shard I/%d",
			o.shard, total, total)
	}
	if e.Note != "" {
		fmt.Fprintf(env.Stderr, "hwlua run: %s\n", e.Note)
	}
	if e.Status != "" {
		if err := os.WriteFile(e.Status, nil, 0o644); err != nil {
			return usagef("%s: %v", e.Index, err)
		}
	}
	so.Shard, so.Engine = e.Shard, e.Engine
	return nil
}

// seed returns the seed of a case, for its machines and for math.random. Without --seed every round
// uses the same, so that a case that failed in one round also fails in a run of its own.
func (o *runOptions) seed(c *scenario.Case) uint64 {
	if o.machine.seed == 0 || c.Round == 0 {
		return o.machine.seed
	}
	return o.machine.seed + uint64(c.Round-1)
}

// repro returns the command that runs one case again. at is its file, or FILE:LINE if exact, which
// names no other case.
func (o *runOptions) repro(c *scenario.Case, at string, exact bool) string {
	words := append([]string{"hwlua", "run"}, o.machine.words(o.seed(c))...)
	if c.Kernel != "" && o.machine.kernel == "" {
		words = append(words, "--kernel", c.Kernel)
	}
	var allowed []string
	for _, a := range accesses(&o.allow) {
		if *a.allowed {
			allowed = append(allowed, a.name)
		}
	}
	if len(allowed) > 0 {
		words = append(words, "--allow", strings.Join(allowed, ","))
	}
	if o.timeout != defaultTimeout {
		words = append(words, "--timeout", o.timeout.String())
	}
	if o.root != "" {
		words = append(words, "--root", quoteArg(o.root))
	}
	if c.File == "stdin" {
		at, exact = "-", c.Whole
	}
	_, err := os.Stat(c.File)
	inside := strings.HasPrefix(c.File, builtin+"/") && err != nil
	if !exact || inside {
		words = append(words, "--filter", quoteArg(nameRegexp(c.Name())))
	}
	if !inside {
		if strings.HasPrefix(at, "-") && at != "-" {
			at = "./" + at // not an option
		}
		words = append(words, quoteArg(at))
	}
	return strings.Join(words, " ")
}

// nameRegexp returns a regular expression that matches only name. It is printable, so that it can be
// copied from a terminal: control characters are escaped, and an invalid UTF-8 byte, which a regular
// expression cannot hold, becomes a dot.
func nameRegexp(name string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i, r := range name {
		switch _, size := utf8.DecodeRuneInString(name[i:]); {
		case r == utf8.RuneError && size == 1:
			b.WriteByte('.')
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\x{%x}`, r)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteByte('$')
	return b.String()
}

// quoteArg quotes a word for a POSIX shell if it needs quotes.
func quoteArg(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// failedCases is a sink that collects the cases for --last-failed.
type failedCases struct {
	scenario.Sinks // none: ignores the events other than Case
	ids            []string
	ran            bool
}

func (f *failedCases) Case(r *scenario.Result) {
	f.ran = true
	if r.Status.Bad() && !slices.Contains(f.ids, r.Case.ID()) {
		f.ids = append(f.ids, r.Case.ID())
	}
}

// save stores the failed cases. An error is ignored here: --last-failed reports that no run is stored.
func (f *failedCases) save(env Env) {
	file, err := stateFile(env)
	if err != nil || !f.ran || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	os.WriteFile(file, []byte(strings.Join(f.ids, "\n")), 0o644)
}

// stateFile returns the file that stores the failed cases of runs from this folder. It is in the user's
// cache, not in the working tree.
func stateFile(env Env) (string, error) {
	dir := env.Getenv("XDG_CACHE_HOME")
	if dir == "" {
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	h := fnv.New64a()
	io.WriteString(h, here)
	return filepath.Join(dir, "hwlua", "last-failed", fmt.Sprintf("%016x", h.Sum64())), nil
}

// lastFailed returns the IDs of the cases that failed in the last run from this folder.
func lastFailed(env Env) ([]string, error) {
	file, err := stateFile(env)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("no run from this folder is stored")
	case err != nil:
		return nil, err
	case len(b) == 0:
		return nil, errors.New("every case of the last run from this folder passed")
	}
	return strings.Split(string(b), "\n"), nil
}
