// hwlua run: scenario files and folders, and what is reported about them.

package cli

import (
	"bufio"
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

	"github.com/hwlua/hwlua/scripts"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

// defaultTimeout is what a case may take when nobody says otherwise.
const defaultTimeout = time.Minute

type runOptions struct {
	filter, skip string
	tags         []string
	reports      []string
	parallel     int
	shard        string
	shuffle      string
	repeat       int
	timeout      time.Duration
	failFast     bool
	maxFailures  int
	list         bool
	lastFailed   bool
	update       bool
	watch        bool
	verbose      bool
	color        string
	trace        []string
	withM        bool // m is there already
	machine      machineOptions
	allow        vm.Allow
}

func newRunOptions() *runOptions {
	return &runOptions{parallel: runtime.GOMAXPROCS(0), timeout: defaultTimeout, color: "auto"}
}

func (o *runOptions) table() []option {
	opts := []option{
		{long: "filter", arg: "REGEXP", help: "only the cases whose full name (describe and it) it matches", set: setString(&o.filter)},
		{long: "skip", arg: "REGEXP", help: "not the cases whose full name it matches", set: setString(&o.skip)},
		{long: "tags", arg: "A,B", help: "only the cases with any of these tags", set: func(s string) error {
			o.tags = append(o.tags, strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })...)
			return nil
		}},
		{long: "last-failed", help: "only the cases that failed in the last run from this folder", set: setTrue(&o.lastFailed)},
		{long: "list", help: "print the cases, run none", set: setTrue(&o.list)},
		{long: "report", arg: "FORM[:FILE]", help: "pretty, tap, junit, json, github or html, to FILE or standard output (repeatable;\ndefault: pretty)", set: addString(&o.reports)},
		{short: "v", long: "verbose", help: "pretty: every case, and what it printed", set: setTrue(&o.verbose)},
		{long: "color", arg: "WHEN", help: "auto, always or never", set: oneOf(&o.color, "auto", "always", "never")},
		{long: "parallel", arg: "N", help: "cases at once (default: the number of processors)", set: setInt(&o.parallel, 1)},
		{long: "shard", arg: "I/N", help: "the I-th of N equal parts; /N takes I from the variables of Bazel, GoogleTest,\nBuildkite, CircleCI, GitLab or Kubernetes, which are heeded without the option too", set: setString(&o.shard)},
		{long: "shuffle", arg: "SEED", help: "another order of files and cases; 'random' draws a seed and prints it", set: setString(&o.shuffle)},
		{long: "repeat", arg: "N", help: "N rounds; with --seed S the k-th uses seed S+k-1", set: setInt(&o.repeat, 1)},
		{long: "timeout", arg: "D", help: "what a case may take whose file does not say (default 1m; 0: no limit)", set: func(s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || d < 0 {
				return fmt.Errorf("'%s' is no time such as 5s or 500ms", s)
			}
			o.timeout = d
			return nil
		}},
		{long: "fail-fast", help: "end at the first case that fails", set: setTrue(&o.failFast)},
		{long: "max-failures", arg: "N", help: "end when N cases have failed", set: setInt(&o.maxFailures, 1)},
		{long: "update", help: "write snapshots instead of comparing with them", set: setTrue(&o.update)},
		{long: "watch", help: "run again whenever a file changes", set: setTrue(&o.watch)},
		{long: "trace", arg: "FILE", help: "write what the machines did: .txt as ftrace's function_graph, .json for Perfetto,\n.jsonl as records (repeatable)", set: addString(&o.trace)},
	}
	opts = append(opts, o.machine.table()...)
	return append(opts, option{long: "allow", arg: "LIST", help: "open fs, env, exec, clock (any of them, by commas) to scripts", set: allowing(&o.allow)})
}

const runText = `Runs scenario files: Lua files with describe and it, or without, then the file is one case. A PATH is a file, a folder
(all *.lua below it but *.d.lua and names that begin with a dot or an underscore), a pattern (* ? [a-z] **), FILE:LINE, or
- for standard input. Without PATH the built-in scenarios run.

Comment lines at the head of a file may say what it needs (-- needs: cpus>=4), how long a case may take (-- timeout: 5s), its
tags (-- tags: seed, wide), and the kernels on each of which it runs (-- kernel: 4.19.116, 6.1.192). Each case has a runtime
of its own, for which the file is loaded afresh.

Under prove, as in prove -e 'hwlua run --report tap' FILE, the report says that it is TAP version 13, which is what prove
reads; TAP_VERSION=13 in the environment is how it asks.
`

func runMain(ctx context.Context, env Env, args []string) int {
	o := newRunOptions()
	paths, err := parse(args, o.table(), true)
	if errors.Is(err, errHelp) {
		return commandHelp(env, "run [OPTION...] [PATH...]", runText, o.table())
	}
	if err == nil {
		err = o.machine.check()
	}
	if err != nil {
		return usage(env, "run", err)
	}
	if o.watch {
		return o.watching(ctx, env, paths)
	}
	return o.run(ctx, env, paths)
}

// builtin is how reports name the folder of the scenarios that are part of the program.
const builtin = "scripts"

func (o *runOptions) run(ctx context.Context, env Env, paths []string) int {
	sources, err := find(env, paths)
	if err != nil {
		return usage(env, "run", err)
	}
	so, err := o.scenarioOptions(env)
	if err != nil {
		return usage(env, "run", err)
	}
	if o.list {
		return o.printList(ctx, env, sources, so)
	}
	traces, err := newTraces(o.trace, env.Stderr)
	if err != nil {
		return usage(env, "run", err)
	}
	// A reader of standard output that has seen enough (| head) ends the process, unless files are being written too:
	// those are completed.
	if len(o.trace) > 0 || slices.ContainsFunc(o.reports, func(r string) bool { return strings.Contains(r, ":") }) {
		gone := make(chan os.Signal, 1) // not Ignore, which programs that scripts run would inherit
		signal.Notify(gone, syscall.SIGPIPE)
		defer signal.Stop(gone)
	}
	sinks, err := o.writers(env)
	if err != nil {
		return usage(env, "run", err)
	}
	failed := &failedCases{}
	so.Watcher = sinks.watcher
	so.Sink = append(sinks.all, failed, traces)
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		m := newMachines(&o.machine, c.Kernel, o.withM)
		seed := o.seed(c)
		m.defaults.Seed = seed
		return scenario.Environment{Modules: m.modules(), Seed: &seed, Look: func(bad bool) scenario.Look {
			look := m.look(bad, sinks.wantTimelines)
			look.Keep = traces.of(c, m)
			return look
		}}, nil
	}
	sum, err := scenario.Run(ctx, sources, so)
	if err != nil {
		return usage(env, "run", err)
	}
	code := exitOK
	switch {
	case sum.Interrupted:
		code = exitInterrupted
	case sum.Unusable > 0:
		code = exitUsage
	case sum.Bad() > 0:
		code = exitFailed
	case sum.Cases() == 0 && sum.OtherShards == 0:
		fmt.Fprintf(env.Stderr, "hwlua run: no case selected: %s\n", o.whyNone(sum))
		code = exitUsage
	}
	if err := errors.Join(sinks.finish(), traces.finish()); err != nil {
		fmt.Fprintf(env.Stderr, "hwlua run: %v\n", err)
		code = max(code, exitUsage)
	}
	failed.keep(env)
	return code
}

// whyNone says what left nothing to run.
func (o *runOptions) whyNone(sum *scenario.Summary) string {
	var by []string
	add := func(set bool, name string) {
		if set {
			by = append(by, name)
		}
	}
	add(o.filter != "", "--filter "+quoteArg(o.filter))
	add(o.skip != "", "--skip "+quoteArg(o.skip))
	add(len(o.tags) > 0, "--tags "+strings.Join(o.tags, ","))
	add(o.lastFailed, "--last-failed")
	if len(by) == 0 {
		return "there are none"
	}
	return fmt.Sprintf("%s leaves none of %d", strings.Join(by, " "), sum.Deselected)
}

// find turns paths into sources, no paths into the built-in ones.
func find(env Env, paths []string) ([]*scenario.Source, error) {
	if len(paths) == 0 {
		return scenario.FindFS(scripts.FS, builtin)
	}
	return scenario.Find(paths, env.Stdin)
}

// scenarioOptions turns the command line into options of a run; sinks and machines come later.
func (o *runOptions) scenarioOptions(env Env) (scenario.Options, error) {
	so := scenario.Options{
		Allow: o.allow, Seed: o.machine.seed, Limits: o.machine.limits(), Facts: o.machine.facts, Kernel: kernelName, Profile: o.machine.profile(),
		Tags: o.tags, Repeat: o.repeat, Parallel: o.parallel, Timeout: o.timeout, Update: o.update, Repro: o.repro,
	}
	var err error
	for _, f := range []struct {
		name, text string
		re         **regexp.Regexp
	}{{"--filter", o.filter, &so.Filter}, {"--skip", o.skip, &so.Skip}} {
		if f.text != "" {
			if *f.re, err = regexp.Compile(f.text); err != nil {
				return so, usagef("%s: %v", f.name, err)
			}
		}
	}
	switch {
	case o.failFast:
		so.MaxFailures, so.StopReason = 1, "--fail-fast"
	case o.maxFailures > 0:
		so.MaxFailures, so.StopReason = o.maxFailures, fmt.Sprintf("--max-failures %d", o.maxFailures)
	}
	if o.update && inCI(env) {
		return so, usagef("--update is refused where CI is set: a run that checks must not rewrite what it checks against")
	}
	if o.shuffle != "" {
		so.Shuffle = true
		if o.shuffle == "random" {
			so.Order = uint64(rand.Uint32())
		} else if so.Order, err = strconv.ParseUint(o.shuffle, 0, 64); err != nil {
			return so, usagef("--shuffle: '%s' is no seed; take a whole number, or 'random'", o.shuffle)
		}
	}
	if err := o.sharding(env, &so); err != nil {
		return so, err
	}
	if o.lastFailed {
		ids, err := lastFailed(env)
		if err != nil {
			return so, err
		}
		so.Select = func(c *scenario.Case) bool { return slices.Contains(ids, c.ID()) }
	}
	so.Properties = append([]scenario.Property{{Name: "hwlua", Value: version()}}, o.machine.properties()...)
	return so, nil
}

// sharding reads --shard, else the variables of CI engines.
func (o *runOptions) sharding(env Env, so *scenario.Options) error {
	total := 0
	if o.shard != "" && !strings.HasPrefix(o.shard, "/") {
		s, err := scenario.ParseShard(o.shard)
		if err != nil {
			return usagef("--%v", err)
		}
		so.Shard = s
		return nil
	}
	if o.shard != "" {
		n, err := strconv.Atoi(o.shard[1:])
		if err != nil || n < 1 {
			return usagef("--shard %s: /N wants a number of parts", o.shard)
		}
		total = n
	}
	e, err := scenario.ShardFromEnv(env.Getenv, total)
	if err != nil {
		return usagef("%v", err)
	}
	if total > 0 && e.Engine == "" {
		return usagef("--shard %s: no variable says which of the %d parts this is; say --shard I/%d", o.shard, total, total)
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

// seed is what a case draws from, its machines and math.random alike. Without --seed every round is the same, so that
// what failed in one of them fails in a run of its own.
func (o *runOptions) seed(c *scenario.Case) uint64 {
	if o.machine.seed == 0 || c.Round == 0 {
		return o.machine.seed
	}
	return o.machine.seed + uint64(c.Round-1)
}

// repro is the command that runs one case again.
func (o *runOptions) repro(c *scenario.Case, at string, exact bool) string {
	words := []string{"hwlua", "run"}
	seed := o.seed(c)
	words = append(words, o.machine.words(seed)...)
	if c.Kernel != "" && o.machine.kernel == "" {
		words = append(words, "--kernel", c.Kernel)
	}
	if doors := allowed(&o.allow); doors != "" {
		words = append(words, "--allow", doors)
	}
	if o.timeout != defaultTimeout {
		words = append(words, "--timeout", o.timeout.String())
	}
	if c.File == "stdin" {
		at, exact = "-", c.Whole
	}
	inside := strings.HasPrefix(c.File, builtin+"/") && !onDisk(c.File)
	if !exact || inside {
		words = append(words, "--filter", quoteArg(nameRegexp(c.Name())))
	}
	if !inside {
		if strings.HasPrefix(at, "-") && at != "-" {
			at = "./" + at // no option
		}
		words = append(words, quoteArg(at))
	}
	return strings.Join(words, " ")
}

// nameRegexp matches the name and nothing else. It is printable, so that it can be copied from a terminal: control
// characters are escaped, and a byte that is no UTF-8, which a regular expression cannot hold, is any character.
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

func onDisk(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// quoteArg quotes a word for a POSIX shell where that is needed.
func quoteArg(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (o *runOptions) printList(ctx context.Context, env Env, sources []*scenario.Source, so scenario.Options) int {
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		return scenario.Environment{Modules: newMachines(&o.machine, c.Kernel, false).modules()}, nil
	}
	cases, broken, err := scenario.List(ctx, sources, so)
	if ctx.Err() != nil {
		return exitInterrupted
	}
	if err != nil {
		return usage(env, "run", err)
	}
	code := output(env, "run", func(w io.Writer) {
		for _, c := range cases {
			fmt.Fprintf(w, "%s:%d: %s\n", c.File, c.Line, strings.ReplaceAll(c.Name(), "\n", " "))
		}
	})
	for _, b := range broken {
		fmt.Fprintf(env.Stderr, "%v\n", &scenario.UsageError{Path: b.File, Line: b.Line, Message: b.Message})
	}
	switch {
	case len(broken) > 0:
		return exitUsage
	case len(cases) == 0 && so.Shard.Total <= 1:
		fmt.Fprintln(env.Stderr, "hwlua run: no case selected")
		return exitUsage
	}
	return code
}

// sinks are the reports of one run.
type sinks struct {
	all           scenario.Sinks
	watcher       scenario.Watcher
	wantTimelines bool

	stdout   io.Writer // where a report without a file goes
	onStdout string    // the one that does
	files    map[string]bool
	closers  []func() error
}

// finish completes the reports and tells what could not be written.
func (s *sinks) finish() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// writers makes the reports that were asked for.
func (o *runOptions) writers(env Env) (*sinks, error) {
	s := &sinks{stdout: env.Stdout, files: map[string]bool{}}
	asked := o.reports
	if len(asked) == 0 {
		asked = []string{"pretty"}
		// Bazel names the file that it wants; it reads JUnit's form.
		if f := env.Getenv("XML_OUTPUT_FILE"); f != "" && env.Getenv("TEST_TOTAL_SHARDS")+env.Getenv("TEST_TMPDIR") != "" {
			asked = append(asked, "junit:"+f)
		}
	}
	width, tty := terminal(env.Stdout)
	if errWidth, ok := terminal(env.Stderr); ok && tty && env.Getenv("TERM") != "dumb" && !inCI(env) {
		p := report.NewProgress(env.Stderr, func() int {
			if w, ok := terminal(env.Stderr); ok {
				return w
			}
			return min(errWidth, width)
		})
		s.watcher = p
		s.stdout = p.Writer(env.Stdout)
		s.closers = append(s.closers, func() error { p.Close(); return nil })
	}
	for _, a := range asked {
		ro := report.Options{
			Verbose: o.verbose, Version: version(), Command: strings.Join(env.Args, " "),
			Color: !strings.Contains(a, ":") && report.WantColor(o.color, env.Getenv, tty),
		}
		if err := s.add(env, a, ro); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add makes one report: FORMAT or FORMAT:FILE.
func (s *sinks) add(env Env, asked string, ro report.Options) error {
	format, file, toFile := strings.Cut(asked, ":")
	if env.Getenv("TAP_VERSION") == "13" { // prove tells what it runs that it knows no later one
		ro.TAP = 13
	}
	if host, err := os.Hostname(); err == nil {
		ro.Host = host
	}
	if f := env.Getenv("GITHUB_STEP_SUMMARY"); f != "" && format == "github" {
		summary, err := os.OpenFile(f, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return usagef("GITHUB_STEP_SUMMARY: %v", err)
		}
		ro.Summary = summary
		s.closers = append(s.closers, summary.Close)
	}
	switch {
	case toFile && (file == "" || s.files[file]):
		return usagef("--report %s: a report wants a file of its own", asked)
	case toFile:
		s.files[file] = true
	case s.onStdout != "":
		return usagef("--report %s and --report %s both go to standard output; give one a file, such as %s:FILE", s.onStdout, asked, asked)
	default:
		s.onStdout = asked
	}
	// The name is looked at before a file is made for it.
	if _, err := report.New(format, io.Discard, ro); err != nil {
		return usagef("--report: %v", err)
	}
	to := s.stdout
	if toFile {
		f, err := os.Create(file)
		if err != nil {
			return usagef("--report %s: %v", asked, errText(err))
		}
		s.closers = append(s.closers, f.Close)
		to = f
	}
	buffered := bufio.NewWriter(to)
	w, err := report.New(format, buffered, ro)
	if err != nil {
		return usagef("--report: %v", err)
	}
	s.closers = append(s.closers, func() error {
		err := w.Err()
		if e := buffered.Flush(); err == nil {
			err = e
		}
		if err != nil && (toFile || !errors.Is(err, syscall.EPIPE)) {
			return fmt.Errorf("report %s: %w", asked, err)
		}
		return nil
	})
	if toFile {
		s.all = append(s.all, w)
	} else {
		s.all = append(s.all, flushing{w, buffered})
	}
	s.wantTimelines = s.wantTimelines || format == "html"
	return nil
}

func errText(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// flushing shows what is written at every step, so that whoever looks sees it come.
type flushing struct {
	scenario.Sink
	w *bufio.Writer
}

func (f flushing) Case(r *scenario.Result)   { f.Sink.Case(r); f.w.Flush() }
func (f flushing) Broken(b *scenario.Broken) { f.Sink.Broken(b); f.w.Flush() }
func (f flushing) Warning(text string)       { f.Sink.Warning(text); f.w.Flush() }
func (f flushing) End(s *scenario.Summary)   { f.Sink.End(s); f.w.Flush() }

// failedCases remembers what --last-failed is to run.
type failedCases struct {
	ids []string
	ran bool
}

func (f *failedCases) Begin(scenario.Info) {}
func (f *failedCases) Case(r *scenario.Result) {
	f.ran = true
	if r.Status.Bad() && !slices.Contains(f.ids, r.Case.ID()) {
		f.ids = append(f.ids, r.Case.ID())
	}
}
func (f *failedCases) Broken(*scenario.Broken) {}
func (f *failedCases) Warning(string)          {}
func (f *failedCases) End(*scenario.Summary)   {}

// stateFile is where the failed cases of runs from this folder are kept: in the user's cache, so that nothing
// appears in a working tree.
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

// keep writes the failed cases down; where that is not possible, --last-failed does not work and says so.
func (f *failedCases) keep(env Env) {
	if !f.ran {
		return
	}
	file, err := stateFile(env)
	if err != nil {
		return
	}
	if os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	os.WriteFile(file, []byte(strings.Join(f.ids, "\n")), 0o644)
}

func lastFailed(env Env) ([]string, error) {
	file, err := stateFile(env)
	if err == nil {
		var b []byte
		if b, err = os.ReadFile(file); err == nil {
			if len(b) == 0 {
				return nil, usagef("--last-failed: every case of the last run from this folder was well")
			}
			return strings.Split(string(b), "\n"), nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("--last-failed: no run from this folder is remembered")
	}
	return nil, usagef("--last-failed: %v", err)
}
