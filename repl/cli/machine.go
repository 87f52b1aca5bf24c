// Machines: the options that shape them, and the machines of a runtime.

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// defaultMemory is how many MiB a script may hold if the command line does not say.
const defaultMemory = 1024

// machineOptions holds the options that shape machines: the m that exists from the start, and every
// machine that a script makes, where the script leaves them open.
type machineOptions struct {
	cpus       int
	brps, wrps counts
	cores      []string // one for all CPUs, or one for each
	kernel     string
	seed       uint64
	board      *board.Board // of --board
	memory     *int         // MiB that a runtime may hold, 0: no limit; nil: defaultMemory
	given      []given      // as typed, for commands that run a case again
}

// given is an option of the command line, with its value as typed.
type given struct{ name, value string }

// counts holds one number for all CPUs, or one for each. It is empty if the command line sets none.
type counts []int

// table returns the options. Each also notes in given that it was set.
func (o *machineOptions) table() []option {
	opts := []option{
		value("cpus", "N", setInt(&o.cpus, 1),
			fmt.Sprintf("CPUs of a machine, 1 to %d (default 4)", hwdebug.MaxCPUs)),
		value("brps", "N", o.brps.set, "breakpoint registers, 1 to 16; N,N,... sets one count for each CPU"),
		value("wrps", "N", o.wrps.set, "watchpoint registers, 1 to 16; N,N,... sets one count for each CPU"),
		value("cpu", "NAME", o.setCores, "core; NAME,NAME,... sets one for each CPU (hwlua doc cores "+
			"lists them)"),
		value("kernel", "PROFILE", setString(&o.kernel), "behavior: "+strings.Join(sim.Profiles(), " "),
			"(another release: the nearest; hwlua run takes several, A,B)"),
		value("seed", "N", o.setSeed,
			"seed of the choices that the kernel leaves open, and of math.random",
			"(default 0: one fixed order)"),
		value("memory", "MIB", o.setMemory, "memory limit of a script (default 1024; 0: no limit)"),
	}
	for i := range opts {
		name, set := opts[i].long, opts[i].set
		opts[i].set = func(s string) error {
			o.given = append(o.given, given{name, s})
			return set(s)
		}
	}
	return opts
}

func (o *machineOptions) setSeed(s string) error {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return fmt.Errorf("'%s' is not an integer from 0 to 2^64-1", s)
	}
	o.seed = n
	return nil
}

func (o *machineOptions) setCores(s string) error {
	o.cores = strings.Split(s, ",")
	for i := range o.cores {
		o.cores[i] = strings.TrimSpace(o.cores[i])
	}
	return nil
}

func (o *machineOptions) setMemory(s string) error {
	n, err := parseInt(s, 0, 1<<20)
	o.memory = &n
	return err
}

func (c *counts) set(s string) error {
	*c = nil
	for f := range strings.SplitSeq(s, ",") {
		n, err := parseInt(strings.TrimSpace(f), 1, 16)
		if err != nil {
			return err
		}
		*c = append(*c, n)
	}
	return nil
}

// split returns the number for all CPUs, or those for each.
func (c counts) split() (all int, each []int) {
	if len(c) == 1 {
		return c[0], nil
	}
	return 0, c
}

// limits returns the limits of every runtime that a command makes.
func (o *machineOptions) limits() vm.Limits {
	mib := defaultMemory
	if o.memory != nil {
		mib = *o.memory
	}
	return vm.Limits{Memory: int64(mib) << 20}
}

func presetNames() []string {
	var names []string
	for _, p := range sim.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// config returns the machine that the options ask for. kernel is the profile if they name none.
func (o *machineOptions) config(kernel string) sim.Config {
	cfg := sim.Config{CPUs: o.cpus, Kernel: cmp.Or(o.kernel, kernel), Seed: o.seed}
	if len(o.cores) == 1 {
		cfg.CPU = o.cores[0]
	} else {
		cfg.Cores = o.cores
	}
	cfg.BRPs, cfg.BRPsPerCPU = o.brps.split()
	cfg.WRPs, cfg.WRPsPerCPU = o.wrps.split()
	return cfg
}

// check tries to make a machine, so that invalid options are reported before anything else happens.
func (o *machineOptions) check() error {
	if len(o.given) == 0 {
		return nil
	}
	cfg := o.config("")
	cfg.TraceSize = -1
	m, err := sim.New(cfg)
	if err == nil {
		m.Close()
		return nil
	}
	text := err.Error()
	if opt, ok := errors.AsType[*sim.OptionError](err); ok {
		text = "--" + opt.Option + ": " + opt.Detail()
	}
	if _, number := strconv.Atoi(cfg.CPU); number == nil {
		text += "; fix: use --cpus " + cfg.CPU + " for the number of CPUs"
	}
	return usagef("%s", text)
}

// kernelName returns the full name of a profile.
func kernelName(name string) (string, error) {
	m, err := sim.New(sim.Config{CPUs: 1, Kernel: name, TraceSize: -1})
	if err != nil {
		return "", err
	}
	defer m.Close()
	return m.Kernel(), nil
}

// profile returns the full name of --kernel, or "" without it.
func (o *machineOptions) profile() string {
	if o.kernel == "" {
		return ""
	}
	return fullName(o.kernel)
}

// dropKernel takes --kernel out of the options, for a run that handles it itself.
func (o *machineOptions) dropKernel() {
	o.kernel = ""
	o.given = slices.DeleteFunc(o.given, func(g given) bool { return g.name == "kernel" })
}

// fullName returns the full name of a profile, or name if there is no such profile.
func fullName(name string) string {
	if full, err := kernelName(name); err == nil {
		return full
	}
	return name
}

// words returns the options as typed, with the given seed in place of --seed.
func (o *machineOptions) words(seed uint64) []string {
	var words []string
	for _, g := range o.given {
		if g.name != "seed" {
			words = append(words, "--"+g.name, quoteArg(g.value))
		}
	}
	if seed != 0 {
		words = append(words, "--seed", fmt.Sprint(seed))
	}
	return words
}

func (o *machineOptions) properties() []scenario.Property {
	var list []scenario.Property
	for _, g := range o.given {
		list = append(list, scenario.Property{Name: g.name, Value: quoteArg(g.value)})
	}
	return list
}

// recordHead returns Lua source that makes the global m of these options. A scenario recorded at the
// prompt begins with it, as hwlua run provides no m.
func (o *machineOptions) recordHead() string {
	var fields []string
	for _, g := range o.given {
		value := g.value
		switch {
		case g.name == "memory":
			continue // not of the machine
		case g.name == "seed":
			value = fmt.Sprint(o.seed) // in a notation that Lua reads
		case g.name == "cpu" && len(o.cores) > 1:
			value = `{ "` + strings.Join(o.cores, `", "`) + `" }`
		case g.name == "cpu" || g.name == "kernel":
			value = strconv.Quote(value)
		case strings.Contains(value, ","):
			value = "{ " + strings.ReplaceAll(value, ",", ", ") + " }"
		}
		fields = append(fields, g.name+" = "+value)
	}
	options := "{}"
	if len(fields) > 0 {
		options = "{ " + strings.Join(fields, ", ") + " }"
	}
	return "local hw = require \"hw\"\nm = hw.machine " + options + "\n"
}

// listed returns the number of CPUs that lists of cores or counts fix, or 0.
func (o *machineOptions) listed() int {
	if n := max(len(o.cores), len(o.brps), len(o.wrps)); n > 1 {
		return n
	}
	return 0
}

// facts returns what "-- needs:" lines are compared with. The simulated machine can be given any count up to
// the architecture's maximum unless the command line fixes the count; see caseMachines.
func (o *machineOptions) facts(kernel string) []scenario.Fact {
	cfg := filled(o.config(""))
	count := func(name string, given bool, made, most int) scenario.Fact {
		if !given {
			return scenario.Fact{Name: name, Value: strconv.Itoa(most), Least: 1}
		}
		return scenario.Fact{Name: name, Value: strconv.Itoa(made)}
	}
	facts := []scenario.Fact{
		count("cpus", o.cpus > 0 || o.listed() > 0, cfg.CPUs, hwdebug.MaxCPUs),
		count("brps", len(o.brps)+len(o.cores) > 0, slices.Min(cfg.BRPsPerCPU), arm64.MaxRegs),
		count("wrps", len(o.wrps)+len(o.cores) > 0, slices.Min(cfg.WRPsPerCPU), arm64.MaxRegs),
		{Name: "kernel", Value: fullName(cmp.Or(o.kernel, kernel))},
		{Name: "target", Value: "sim"},
		{Name: "sim", Value: "true"},
		{Name: "linux", Value: "false"},
		{Name: "board", Value: strconv.FormatBool(o.board != nil)},
	}
	for _, name := range []string{"vhe", "hotplug", "suspend", "trace", "virtual_time"} {
		facts = append(facts, scenario.Fact{Name: name, Value: "true"})
	}
	return facts
}

// machines holds the machines of one runtime.
type machines struct {
	defaults sim.Config
	first    *sim.Config // of the global m, nil without one
	board    *board.Board
	control  *explore.Control // of an exploration, nil outside of one
	names    *bindings.VariableNames
	flags    func(*explore.Config) bool
	list     []*sim.Machine
	focus    bindings.Focus
	breaks   *bindings.Breaks   // of a prompt
	activity *bindings.Activity // of a prompt
	booted   []uint64           // for each machine, the number of its last record when it was made

	progress func(explore.Progress) // follows explorations; may be nil

	failure *explore.Failure // of the last exploration, nil if none failed
	from    int              // the index of the first machine of its failing run
}

// newMachines prepares for the machines of one runtime. kernel is the profile if the options name none;
// withM asks for the global m.
func newMachines(o *machineOptions, kernel string, withM bool) *machines {
	m := &machines{defaults: o.config(kernel), board: o.board}
	if withM {
		m.first = &m.defaults
	}
	return m
}

// caseMachines does so for a case. What its file needs becomes the default of its machines where the command
// line leaves it open: with needs: cpus>=8, hw.machine {} has 8 CPUs.
func caseMachines(o *machineOptions, c *scenario.Case, withM bool) *machines {
	m := newMachines(o, c.Kernel, withM)
	if len(c.Needs) == 0 {
		return m
	}
	cfg, usual := &m.defaults, filled(m.defaults)
	meet := func(option *int, given bool, usual int, n scenario.Need) {
		if v := n.Nearest(cmp.Or(*option, usual)); !given && v != usual {
			*option = v
		}
	}
	for _, n := range c.Needs {
		switch n.Name {
		case "cpus":
			meet(&cfg.CPUs, o.cpus > 0 || o.listed() > 0, usual.CPUs, n)
		case "brps":
			meet(&cfg.BRPs, len(o.brps)+len(o.cores) > 0, usual.BRPs, n)
		case "wrps":
			meet(&cfg.WRPs, len(o.wrps)+len(o.cores) > 0, usual.WRPs, n)
		case "vhe":
			cfg.VHE = cfg.VHE || n.Op == ""
		}
	}
	return m
}

// filled returns a valid configuration with the defaults filled in.
func filled(cfg sim.Config) sim.Config {
	cfg.TraceSize = -1
	m, err := sim.New(cfg)
	if err != nil {
		return cfg
	}
	defer m.Close()
	return m.Config()
}

// modules returns the modules of a runtime, which tell m of the machines that its script makes.
func (m *machines) modules() []vm.Module {
	return []vm.Module{bindings.HardwareWith(bindings.Options{
		Defaults: m.defaults,
		Machine:  m.first,
		Board:    m.board,
		Focus:    &m.focus,
		Breaks:   m.breaks,
		Activity: m.activity,
		Control:  m.control,
		Names:    m.names,
		Flags:    m.flags,
		Explored: m.explored,
		Progress: m.progress,
		Made: func(x *sim.Machine) {
			m.list = append(m.list, x)
			m.booted = append(m.booted, x.Recorder().Seq())
		},
	})}
}

// explored puts the machine of the failing run of an exploration in the place of that of the first run.
func (m *machines) explored(told []*sim.Machine, f *explore.Failure) {
	m.failure = f
	for i, first := range m.list {
		if first == told[0] {
			m.list[i], m.from = told[len(told)-1], i
		}
	}
}

// points returns the points of the failing schedule on machine i.
func (m *machines) points(i int) []trace.Point {
	if m.failure == nil {
		return nil
	}
	var list []trace.Point
	for n := range m.failure.Steps {
		s := &m.failure.Steps[n]
		if s.Machine != i-m.from {
			continue
		}
		p := trace.Point{
			Number: n + 1, After: s.Record, T: s.Now, CPU: s.CPU, Text: s.Text(), Next: s.Next,
			Departed: s.Departed,
		}
		if s.Departed && s.Running {
			p.Left = s.Instead
		}
		list = append(list, p)
	}
	return list
}
