// Exploration: hw.explore, its options and its result.

package bindings

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

var exploreFunc = describe.Func{
	Name: "explore",
	Doc: "Run a function once for each order that the kernel allows, or for as many as the budget allows, " +
		"each time with a new machine.",
	Params: []describe.Param{
		param("options", describe.Table("explore_options"), ""),
		param("fn", callback("m", "machine"), "makes tasks, work and timers on m and runs it"),
	},
	Results: one("r", describe.Table("exploration"), ""),
	See:     []string{"it.explore", "m:always", "m:cond_resched", "m:mutex"},
	Sample: `
local r = hw.explore({ machine = { cpus = 2 } }, function(m)
  for cpu = 0, 1 do m:task { cpu = cpu, body = function(t) t:store(0x1000, 8, 1) end } end
  m:run()
  assert.no_leaks(m)
end)
assert(r.ok and r.complete)`,
	Go: exploreLua,
}

// An exploreOptions is the first argument of hw.explore.
type exploreOptions struct {
	explore.Config
	reduce    *bool
	variables bool // reads and writes of the script's variables are points
	before    []*lua.LFunction
	after     []*lua.LFunction
	flags     bool // of the command line win
}

var luaPoints = describe.Enum(
	"race", "reads and writes of variables that threads share are points, and races are reported",
	"off", "only calls into the machine are points",
)

var exploreFields = []describe.Field{
	opt("machine", describe.Table("explored_machine"), "{}", "options of the machine that fn receives",
		set(func(v value, o *exploreOptions) { v.fill(&o.Machine) })),
	opt("strategy", describe.Enum(
		"auto", "the default order, 200 random, 200 pct, then dfs with bound 0, 1, 2 and without",
		"dfs", "every schedule", "random", "drawn possibilities", "pct", "random priorities",
	), `"auto"`, "which schedules are run", set(func(v value, o *exploreOptions) { o.Strategy = v.enum() })),
	opt("bound", describe.Int, "none", "dfs: the most preemptions of a schedule",
		set(func(v value, o *exploreOptions) { n := v.atLeast0(); o.Bound = &n })),
	opt("reduce", describe.Bool, `true; false with bound or lua = "off"`,
		"dfs: of schedules that differ only in the order of independent steps, one is run",
		set(func(v value, o *exploreOptions) { b := v.bool(); o.reduce = &b })),
	opt("slack", timeOrNumber, `"10ms"`,
		"how long timers may overtake a thread that could run; 0: not at all",
		set(func(v value, o *exploreOptions) { o.Slack = v.limit() })),
	opt("max_runs", describe.Int, "10000", "the most runs; 0: no limit",
		set(func(v value, o *exploreOptions) { o.MaxRuns = noLimit(v.atLeast0()) })),
	opt("timeout", timeOrNumber, `"10s"`, "the longest exploration, in real time; 0: no limit",
		set(func(v value, o *exploreOptions) { o.Timeout = v.limit() })),
	opt("max_points", describe.Int, "10000", "the most points of one run; 0: no limit",
		set(func(v value, o *exploreOptions) { o.MaxPoints = noLimit(v.atLeast0()) })),
	opt("seed", describe.U64, "1", "of random and pct",
		set(func(v value, o *exploreOptions) { o.Seed = v.u64() })),
	opt("depth", describe.Int, "3", "of pct: one more than the changes of priority",
		set(func(v value, o *exploreOptions) { o.Depth = v.atLeast1("1 or more") })),
	opt("lua", luaPoints, `"race"`, "whether the script's variables have points",
		set(func(v value, o *exploreOptions) { o.variables = v.enum() == "race" })),
	opt("grain", describe.Enum("call", "points before calls", "fine", "and inside of kernel paths"), `"call"`,
		"where points are",
		set(func(v value, o *exploreOptions) { o.Machine.FineGrain = v.enum() == "fine" })),
	opt("shrink", describe.Bool, "true", "minimise a failing schedule",
		set(func(v value, o *exploreOptions) { o.NoShrink = !v.bool() })),
	opt("keep_going", describe.Bool, "false", "count failing schedules instead of stopping at the first",
		set(func(v value, o *exploreOptions) { o.KeepGoing = v.bool() })),
	opt("schedule", describe.String, "all", "run this schedule only",
		set(func(v value, o *exploreOptions) { o.Schedule = v.text() })),
	opt("flags", describe.Bool, "false", "the options of the command line win",
		set(func(v value, o *exploreOptions) { o.flags = v.bool() })),
	opt("before", describe.Array(describe.Func1(nil, nil)), "{}",
		"functions to run before fn in each schedule",
		set(func(v value, o *exploreOptions) { o.before = v.functions() })),
	opt("after", describe.Array(describe.Func1(nil, nil)), "{}",
		"functions to run after fn in each schedule",
		set(func(v value, o *exploreOptions) { o.after = v.functions() })),
	opt("split", describe.Array(describe.Int), "{ 1, 1 }", "share i of n of the schedules",
		set(func(v value, o *exploreOptions) { o.Share, o.Shares = v.share() })),
}

var timeOrNumber = describe.Union(describe.String, describe.Number)

// explorationFields are the fields of what hw.explore returns.
var explorationFields = []describe.Field{
	resultField("ok", describe.Bool, "no schedule failed",
		func(rt *runtime, r *explore.Result) lua.LValue { return lua.LBool(r.OK) }),
	resultField("complete", describe.Bool, "every schedule was run or is equivalent to one that was",
		func(rt *runtime, r *explore.Result) lua.LValue { return lua.LBool(r.Complete) }),
	resultField("runs", describe.Int, "runs, without those that learn variables, check or shrink",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.Runs) }),
	resultField("schedules", describe.Int, "runs that reached their end",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.Schedules) }),
	resultField("pruned", describe.Int, "the other runs, cut by reduction",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.Pruned) }),
	resultField("stopped", describe.String, `nil, "failure", "max_runs" or "timeout"`,
		func(rt *runtime, r *explore.Result) lua.LValue { return textOrNil(r.Stopped) }),
	resultField("share", describe.Number, "how much of the tree was run, by weight, 0 to 1",
		func(rt *runtime, r *explore.Result) lua.LValue { return lua.LNumber(r.Share) }),
	resultField("max_points", describe.Int, "points of the longest run",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.MaxPoints) }),
	resultField("outcomes", describe.Map(describe.String, describe.Int),
		"what fn returned, as text, and in how many schedules",
		func(rt *runtime, r *explore.Result) lua.LValue { return countTable(rt, r.Outcomes) }),
	resultField("failures", describe.Int, "failing schedules",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.Failures) }),
	resultField("sometimes", describe.Map(describe.String, describe.Int),
		"the properties of m:sometimes, and in how many schedules each held",
		func(rt *runtime, r *explore.Result) lua.LValue { return countTable(rt, r.Sometimes) }),
	resultField("races", describe.Array(describe.Table("race")), "variables that threads use in no order",
		func(rt *runtime, r *explore.Result) lua.LValue { return showRaces(rt, r.Races) }),
	resultField("near", describe.Number,
		"the smallest slack, in seconds, at which a later timer would have been possible",
		func(rt *runtime, r *explore.Result) lua.LValue {
			if r.Near < 0 {
				return lua.LNil
			}
			return lua.LNumber(r.Near.Seconds())
		}),
	resultField("unasked", describe.Int,
		"the most calls of a run in functions of timers, irq_work, cross calls and cpu:run, which have "+
			"no points",
		func(rt *runtime, r *explore.Result) lua.LValue { return rt.int(r.Unasked) }),
	resultField("failure", describe.Table("explore_failure"), "the first failure",
		func(rt *runtime, r *explore.Result) lua.LValue {
			if r.Failure == nil {
				return lua.LNil
			}
			return rt.table(nil, "explore_failure", r.Failure)
		}),
}

// resultField describes a field of the result, which may be nil.
func resultField(name string, t describe.Type, doc string,
	read func(*runtime, *explore.Result) lua.LValue) describe.Field {
	return maybe(name, t, doc, show(func(rt *runtime, _ *machine, r explore.Result) lua.LValue {
		return read(rt, &r)
	}))
}

var failureFields = []describe.Field{
	prop("kind", `"assert", "error", "deadlock", "always", "eventually", "sometimes", "bug" or "restless"`,
		func(f explore.Failure) string { return f.Kind }),
	field("message", describe.String, "what failed",
		show(func(rt *runtime, _ *machine, f explore.Failure) lua.LValue {
			if f.Err != nil {
				return rt.s.Refuse(f.Err) // a script that raises it raises the error
			}
			return rt.text(f.Message)
		})),
	maybe("schedule", describe.String, "the text that replays it; nil for sometimes",
		show(func(_ *runtime, _ *machine, f explore.Failure) lua.LValue { return textOrNil(f.Schedule) })),
	prop("preemptions", "points where the running thread could have gone on and did not",
		func(f explore.Failure) int { return f.Preemptions }),
	prop("choices", "points where it departs from the default order",
		func(f explore.Failure) int { return f.Choices }),
	prop("run", "the number of the run that found it", func(f explore.Failure) int { return f.Run }),
	field("steps", describe.Array(describe.String), "the steps of the schedule, as printed",
		show(func(rt *runtime, m *machine, f explore.Failure) lua.LValue {
			return list(rt, m, explore.Report(&f), showText)
		})),
	field("summary", describe.Array(describe.String), "lines about how far it is from the default order",
		show(func(rt *runtime, m *machine, f explore.Failure) lua.LValue {
			return list(rt, m, explore.Summary(&f), showText)
		})),
}

var raceFields = []describe.Field{
	prop("name", "the variable", func(r explore.Race) string { return r.Name }),
	prop("write", "file:line of a write", func(r explore.Race) string { return r.Write.String() }),
	prop("other", "file:line of the other access", func(r explore.Race) string { return r.Other.String() }),
}

var exploreRecords = []describe.Record{
	{Name: "explore_options", Doc: "The options of hw.explore.", Fields: exploreFields},
	{
		Name: "explored_machine",
		Doc:  "The options of an explored machine: those of hw.machine but the seed.",
		Fields: slices.DeleteFunc(slices.Clone(machineOptions),
			func(f describe.Field) bool { return f.Name == "seed" }),
	},
	{Name: "exploration", Doc: "The result of hw.explore.", Fields: explorationFields},
	{Name: "explore_failure", Doc: "A schedule that fails.", Fields: failureFields},
	{
		Name: "race", Doc: "A variable that two threads use in no order, one of them writing.",
		Fields: raceFields,
	},
}

func textOrNil(s string) lua.LValue {
	if s == "" {
		return lua.LNil
	}
	return lua.LString(s)
}

// countTable returns counts by name.
func countTable(rt *runtime, counts map[string]int) lua.LValue {
	rt.s.Charge(64 * int64(len(counts)+1))
	t := rt.L.CreateTable(0, len(counts))
	for _, name := range sortedNames(counts) {
		t.RawSetString(name, rt.int(counts[name]))
	}
	return t
}

func sortedNames(counts map[string]int) []string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func showRaces(rt *runtime, races []explore.Race) lua.LValue {
	t := rt.L.CreateTable(len(races), 0)
	for i := range races {
		t.RawSetInt(i+1, rt.table(nil, "race", &races[i]))
	}
	return t
}

// noLimit returns the value that stands for no limit in Go for a 0 of a script.
func noLimit(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// atLeast0 returns an integer that is not negative.
func (v value) atLeast0() int {
	n := v.int()
	if n < 0 {
		v.c.bad(fmt.Errorf("got %d, want 0 or more", n))
	}
	return n
}

// enum returns a word of an enumeration.
func (v value) enum() string {
	s := v.string()
	if !slices.Contains(v.t.Strings(), s) {
		v.c.bad(unknownWord(s, v.t.Strings()))
	}
	return s
}

// limit returns a time with a unit; a number 0 stands for none, which is negative in Go.
func (v value) limit() time.Duration {
	switch d := v.v.(type) {
	case lua.LString:
		t, err := parseDelay(string(d))
		if t = checked(v, t, err); t == 0 {
			return -1
		}
		return t
	case lua.LNumber:
		if d == 0 {
			return -1
		}
		v.c.bad(fmt.Errorf(`got %v, want 0, or a time with a unit such as "10ms"`, float64(d)))
	}
	v.wrong()
	return 0
}

// functions returns an array of functions.
func (v value) functions() []*lua.LFunction {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		v.wrong()
	}
	list := make([]*lua.LFunction, t.Len())
	for i := range list {
		if list[i], ok = t.RawGetInt(i + 1).(*lua.LFunction); !ok {
			v.c.bad(fmt.Errorf("element %d: %w", i+1, expected("function", t.RawGetInt(i+1))))
		}
	}
	return list
}

// share returns { i, n }.
func (v value) share() (i, n int) {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		v.wrong()
	}
	a, ok1 := t.RawGetInt(1).(lua.LNumber)
	b, ok2 := t.RawGetInt(2).(lua.LNumber)
	if !ok1 || !ok2 || t.Len() != 2 || a < 1 || b < a || b > math.MaxInt32 || a != lua.LNumber(int(a)) ||
		b != lua.LNumber(int(b)) {
		v.c.bad(errors.New("want { i, n } with 1 <= i <= n"))
	}
	return int(a), int(b)
}

// exploreLua implements hw.explore.
func exploreLua(c *call) int {
	o := exploreOptions{variables: true}
	o.Machine = c.rt.options.Defaults
	c.fill(0, &o)
	fn, ok := c.arg(1).v.(*lua.LFunction)
	if !ok {
		c.arg(1).wrong()
	}
	c.index = 0
	r, err := c.rt.explore(&o, fn)
	if err != nil {
		c.rt.s.Raise(c.L, err)
	}
	return c.value(c.rt.table(nil, "exploration", r))
}

// errNested is the error of an exploration inside of another.
var errNested = errors.New("an exploration cannot run inside of another one")

// explore explores fn.
func (rt *runtime) explore(o *exploreOptions, fn *lua.LFunction) (*explore.Result, error) {
	if rt.exploring != nil {
		rt.exploring.fatal = errNested
		return nil, errNested
	}
	o.Reduce = o.Bound == nil && o.variables
	if o.reduce != nil {
		o.Reduce = *o.reduce
	}
	o.KindOf, o.Progress = FailureKind, rt.options.Progress
	if o.flags && rt.options.Flags != nil && rt.options.Flags(&o.Config) {
		o.variables = false
		o.Reduce = o.Reduce && o.reduce != nil
	}
	x := &exploring{rt: rt, fn: fn, before: o.before, after: o.after, variables: o.variables}
	if o.variables {
		x.names, x.sites, x.outer = NewVariableNames(), map[site]int{}, rt.s.Outer(fn)
	}
	rt.exploring = x
	defer func() { rt.exploring = nil }()
	r, err := explore.Explore(context.Background(), o.Config, x.run)
	if err != nil {
		return nil, err
	}
	if rt.options.Explored != nil {
		rt.options.Explored(x.told, r.Failure)
	}
	found := ExplorationOf(r)
	if r.MaxPoints == 0 && found.Limit == "" {
		found.Limit = "the function runs no thread on the machine that it is given"
	}
	rt.s.Explored(&found)
	return r, nil
}

// FailureKind tells failed assertions from other errors.
func FailureKind(err error) string {
	if _, ok := errors.AsType[*vm.Failure](err); ok {
		return "assert"
	}
	return "error"
}

// An exploring is an exploration of a function of the script.
type exploring struct {
	rt *runtime
	fn *lua.LFunction

	before, after []*lua.LFunction

	fatal     error // makes a verdict impossible
	variables bool
	names     *VariableNames
	sites     map[site]int // the number of what an instruction accesses
	outer     map[unsafe.Pointer]bool
	c         *explore.Control
	machines  []*sim.Machine
	told      []*sim.Machine // of the runs that reports tell of
}

// VariableNames number the names of a script's variables over the runs of an exploration.
type VariableNames struct {
	numbers map[string]int
	texts   []string
}

// NewVariableNames returns an empty set of names.
func NewVariableNames() *VariableNames { return &VariableNames{numbers: map[string]int{}} }

// number returns the number of a name.
func (n *VariableNames) number(text string) int {
	i, ok := n.numbers[text]
	if !ok {
		i = len(n.texts)
		n.numbers[text] = i
		n.texts = append(n.texts, text)
	}
	return i
}

// follow has the points of m answered by c, and watches the variables of the script.
func (rt *runtime) follow(c *explore.Control, m *sim.Machine) {
	c.Attach(m)
	if rt.options.Names == nil {
		return
	}
	if rt.watching == nil {
		rt.watching = &exploring{rt: rt, c: c, names: rt.options.Names, sites: map[site]int{}}
		rt.s.Watch(rt.watching.access)
	}
	x := rt.watching
	x.machines = append(x.machines, m)
	c.Variables(m, conflicts)
}

// fixedFields are the fields of objects that never change; lookCalls are the methods that look at the machine
// and are no points.
var (
	fixedFields = setOf("cpu", "id", "name", "comm", "pid", "compat", "uid", "nr_cpus", "core_num_brps",
		"core_num_wrps", "kernel", "hz", "type", "addr", "len", "kind", "size", "el", "task", "skip")
	lookCalls = setOf("cpus", "tasks", "events", "works", "dmesg", "why", "slots", "trace",
		"callchain", "read",
		"read_values", "ptrace_get", "ptrace_info", "ptrace_gethbpregs", "read_wb_reg")
)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// looked notes for reduction that the script has looked at the machine outside of points.
func (rt *runtime) looked(yes bool) {
	x := rt.exploring
	if x == nil {
		x = rt.watching
	}
	if x == nil || !yes {
		return
	}
	for _, m := range x.machines {
		m.TouchAll()
	}
}

func conflicts(a, b uint8) bool { return vm.AccessMode(a).Conflicts(vm.AccessMode(b)) }

// A site is an instruction and the key with which it accesses a table.
type site struct {
	proto *lua.FunctionProto
	pc    int
	key   lua.LValue
	whole bool
}

// run makes one run on a machine of its own.
func (x *exploring) run(c *explore.Control) explore.Outcome {
	rt := x.rt
	if err := rt.s.Interrupted(); err != nil {
		return explore.Outcome{Err: &explore.ProgramError{Err: err}}
	}
	m, err := sim.New(c.Machine())
	if err != nil {
		return explore.Outcome{Err: &explore.ProgramError{Err: err}}
	}
	mach := rt.register(m)
	if c.Told() {
		if x.told = append(x.told, m); len(x.told) == 1 && rt.options.Made != nil {
			rt.options.Made(m)
		}
	}
	defer m.Close()
	back := rt.s.Begin(c.Told())
	c.Attach(m)
	if err := x.hooks(x.before); err != nil {
		_ = back()
		return explore.Outcome{Err: err}
	}
	x.c, x.machines = c, []*sim.Machine{m}
	if x.variables {
		c.Variables(m, conflicts)
		rt.s.Watch(x.access)
		defer rt.s.Watch(nil)
	}
	results, err := rt.s.Call(x.fn, lua.MultRet, mach.ud)
	rt.s.Watch(nil)
	for _, also := range []error{x.hooks(x.after), back()} {
		err = cmp.Or(err, also)
	}
	if ended := cmp.Or(x.fatal, rt.s.Interrupted()); ended != nil {
		if errors.Is(err, ended) {
			ended = err // it says where
		}
		return explore.Outcome{Err: &explore.ProgramError{Err: ended}}
	}
	out := explore.Outcome{Err: err, Given: len(results) > 0}
	for i, v := range results {
		if i > 0 {
			out.Text += ", "
		}
		out.Text += rt.s.Text(v)
	}
	return out
}

// hooks calls functions around a run.
func (x *exploring) hooks(fns []*lua.LFunction) error {
	for _, fn := range fns {
		if _, err := x.rt.s.Call(fn, 0); err != nil {
			return err
		}
	}
	return nil
}

// access is called before each access to a variable in a run.
func (x *exploring) access(a *vm.Access) {
	name := x.name(a)
	text := x.names.texts[name]
	if a.Mode.Writes() && x.outer[a.Var.Holder] {
		x.c.Outlives(x.machines[0], text, whereOf(a))
		return
	}
	i := slices.IndexFunc(x.machines, func(m *sim.Machine) bool { return m.Running() != nil })
	if i < 0 {
		return
	}
	v := explore.VariableAccess{
		Variable: a.Var, Name: name, Text: text, Mode: uint8(a.Mode), Write: a.Mode.Writes(),
		Excludes: a.Mode == vm.WriteVar || a.Mode == vm.KeysOf || a.Mode == vm.WalkOver, Where: whereOf(a),
	}
	if a.Mode > vm.WriteVar {
		v.Part = 1
	}
	x.c.Access(x.machines[i], &v)
}

func whereOf(a *vm.Access) sim.Position {
	file, line := a.Where()
	return sim.Position{File: file, Line: line}
}

// name returns the number of the variable's name.
func (x *exploring) name(a *vm.Access) int {
	proto, pc := a.Site()
	at := site{proto, pc, a.Var.Key, a.Mode > vm.WriteVar}
	n, ok := x.sites[at]
	if ok {
		return n
	}
	n = x.names.number(a.Name())
	x.sites[at] = n
	return n
}

var propertyMethods = []describe.Func{
	propertyMethod("always", sim.Always, "Have a property hold after every step of the run.",
		`m:always("cpu0 is online", function() return m.cpu[0].online end)`),
	propertyMethod("eventually", sim.Eventually, "Have a property hold when the machine has come to rest.",
		`m:eventually("nothing is pending", function() return #m:works() == 0 end)`),
	propertyMethod("sometimes", sim.Sometimes,
		"Have a property hold after some step of some schedule. It fails only a complete exploration.",
		`m:sometimes("the app runs", function() return m.cpu[0].current.comm == "app" end)`),
}

// propertyMethod describes a method that sets a property.
func propertyMethod(name string, kind sim.PropertyKind, doc, sample string) describe.Func {
	holds := describe.Func1(nil, one("holds", describe.Any, ""))
	return describe.Func{
		Name: name, Doc: doc + " The function must only look at the machine.",
		Params: []describe.Param{param("name", describe.String, ""), param("f", holds, "whether it holds")},
		See:    []string{"hw.explore"},
		Sample: sample,
		Go: func(c *call, m *sim.Machine) int {
			name, fn, rt := c.arg(0).text(), c.arg(1).function(), c.rt
			return c.done(m.Property(kind, name, func() (bool, error) {
				results, err := rt.s.Call(fn, 1)
				return err == nil && lua.LVAsBool(results[0]), err
			}))
		},
	}
}
