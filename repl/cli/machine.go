// Machines: the options that shape them, and what is asked of them when a case has ended.

package cli

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// machineOptions are --cpus to --seed. They shape the m that is there already, and every machine that a script makes
// as far as the script leaves it open.
type machineOptions struct {
	cpus       int
	brps, wrps counts
	cpu        string
	kernel     string
	seed       uint64
	memory     *int     // MiB that a runtime may hold; nil: defaultMemory, 0: no limit
	given      []string // the options as they were typed, for commands that run a case again
}

// counts is one number for all CPUs, or one for each.
type counts struct {
	all int
	per []int
}

func (o *machineOptions) table() []option {
	noted := func(name string, set func(string) error) func(string) error {
		return func(s string) error {
			if err := set(s); err != nil {
				return err
			}
			o.given = append(o.given, "--"+name, quoteArg(s))
			return nil
		}
	}
	opts := []option{
		{long: "cpus", arg: "N", help: "CPUs of a machine, 1 to 64 (default 4)", set: setInt(&o.cpus, 1)},
		{long: "brps", arg: "N", help: "breakpoint registers, 1 to 16; N,N,... one count for each CPU", set: o.brps.set},
		{long: "wrps", arg: "N", help: "watchpoint registers, 1 to 16; N,N,... one count for each CPU", set: o.wrps.set},
		{long: "cpu", arg: "NAME", help: "preset: " + strings.Join(presetNames(), " "), set: setString(&o.cpu)},
		{long: "kernel", arg: "PROFILE", help: "behaviour: " + strings.Join(sim.Profiles(), " "), set: setString(&o.kernel)},
		{long: "seed", arg: "N", help: "draws what the kernel leaves open, and math.random (default 0: one fixed order)", set: func(s string) error {
			n, err := strconv.ParseUint(s, 0, 64)
			if err != nil {
				return fmt.Errorf("'%s' is no whole number below 2^64", s)
			}
			o.seed = n
			return nil
		}},
	}
	opts = append(opts, option{long: "memory", arg: "MIB", help: "what a script may hold (default 1024; 0: no limit)", set: func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 1<<20 {
			return fmt.Errorf("'%s' is no number of MiB from 0 to %d", s, 1<<20)
		}
		o.memory = &n
		return nil
	}})
	for i := range opts {
		opts[i].set = noted(opts[i].long, opts[i].set)
	}
	return opts
}

// defaultMemory is what a script may hold, in MiB, where the command line does not say.
const defaultMemory = 1024

// limits are those of every runtime that a command makes.
func (o *machineOptions) limits() vm.Limits {
	mib := defaultMemory
	if o.memory != nil {
		mib = *o.memory
	}
	return vm.Limits{Memory: int64(mib) << 20}
}

func (c *counts) set(s string) error {
	var list []int
	for _, f := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil || n < 1 || n > 16 {
			return fmt.Errorf("'%s' is no number from 1 to 16", f)
		}
		list = append(list, n)
	}
	if len(list) == 1 {
		*c = counts{all: list[0]}
	} else {
		*c = counts{per: list}
	}
	return nil
}

func presetNames() []string {
	var names []string
	for _, p := range sim.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// config is the machine that the options ask for, on that profile when they name none.
func (o *machineOptions) config(kernel string) sim.Config {
	if o.kernel != "" {
		kernel = o.kernel
	}
	return sim.Config{
		CPUs: o.cpus, BRPs: o.brps.all, WRPs: o.wrps.all, BRPsPerCPU: o.brps.per, WRPsPerCPU: o.wrps.per,
		CPU: o.cpu, Kernel: kernel, Seed: o.seed,
	}
}

// check tells whether there is a machine like that.
func (o *machineOptions) check() error {
	if len(o.given) == 0 {
		return nil
	}
	cfg := o.config("")
	cfg.TraceSize = -1
	m, err := sim.New(cfg)
	if err != nil {
		text := err.Error()
		if opt, ok := errors.AsType[*sim.OptionError](err); ok {
			text = "--" + opt.Option + ": " + opt.Detail()
		}
		if _, number := strconv.Atoi(o.cpu); o.cpu != "" && number == nil {
			text += "; fix: use --cpus " + o.cpu + " for the number of CPUs"
		}
		return usagef("%s", text)
	}
	m.Close()
	return nil
}

// profile is the full name of --kernel, "" without it.
func (o *machineOptions) profile() string {
	if o.kernel == "" {
		return ""
	}
	full, err := kernelName(o.kernel)
	if err != nil {
		return o.kernel
	}
	return full
}

// kernelName is the full name of a profile.
func kernelName(name string) (string, error) {
	m, err := sim.New(sim.Config{CPUs: 1, Kernel: name, TraceSize: -1})
	if err != nil {
		return "", err
	}
	defer m.Close()
	return m.Kernel(), nil
}

// words are the options as they were typed, but for the seed, which may be that of a later round.
func (o *machineOptions) words(seed uint64) []string {
	var words []string
	for i := 0; i+1 < len(o.given); i += 2 {
		if o.given[i] != "--seed" {
			words = append(words, o.given[i:i+2]...)
		}
	}
	if seed != 0 {
		words = append(words, "--seed", fmt.Sprint(seed))
	}
	return words
}

func (o *machineOptions) properties() []scenario.Property {
	var list []scenario.Property
	for i := 0; i+1 < len(o.given); i += 2 {
		list = append(list, scenario.Property{Name: strings.TrimPrefix(o.given[i], "--"), Value: o.given[i+1]})
	}
	return list
}

// facts are what "-- needs:" lines are held against. A simulated machine can have whatever a script asks for, so the
// counts are the largest there are, unless the command line fixes them.
func (o *machineOptions) facts(kernel string) []scenario.Fact {
	number := func(set, most int) string {
		if set > 0 {
			return strconv.Itoa(set)
		}
		return strconv.Itoa(most)
	}
	least := func(c counts) int {
		n := c.all
		for _, x := range c.per {
			if n == 0 || x < n {
				n = x
			}
		}
		return n
	}
	cfg := o.config(kernel)
	full, err := kernelName(cfg.Kernel)
	if err != nil {
		full = cfg.Kernel
	}
	return []scenario.Fact{
		{Name: "cpus", Value: number(o.cpus, 64)},
		{Name: "brps", Value: number(least(o.brps), 16)},
		{Name: "wrps", Value: number(least(o.wrps), 16)},
		{Name: "kernel", Value: full},
		{Name: "target", Value: "sim"},
		{Name: "sim", Value: "true"},
		{Name: "linux", Value: "false"},
		{Name: "vhe", Value: "true"},
		{Name: "hotplug", Value: "true"},
		{Name: "suspend", Value: "true"},
		{Name: "trace", Value: "true"},
		{Name: "virtual_time", Value: "true"},
	}
}

// machines are those of one runtime.
type machines struct {
	defaults sim.Config
	first    *sim.Config // the global m
	list     []*sim.Machine
	booted   []uint64 // the number of each one's last record when it was made
}

// newMachines prepares for the machines of one runtime on that profile. withM has one there already.
func newMachines(o *machineOptions, kernel string, withM bool) *machines {
	m := &machines{defaults: o.config(kernel)}
	if withM {
		m.first = &m.defaults
	}
	return m
}

func (m *machines) modules() []vm.Module {
	return []vm.Module{bindings.HardwareWith(bindings.Options{
		Defaults: m.defaults,
		Machine:  m.first,
		Made: func(x *sim.Machine) {
			m.list = append(m.list, x)
			m.booted = append(m.booted, x.Recorder().Seq())
		},
	})}
}

// versionText is what hwlua version prints.
func versionText() string {
	var names []string
	for _, p := range sim.Presets() {
		names = append(names, p.Name)
	}
	sort.Strings(names)
	return fmt.Sprintf("hwlua %s\nLua 5.1 (gopher-lua) with exact 64-bit integers\nkernels: %s\nCPUs: %s\n",
		version(), strings.Join(sim.Profiles(), " "), strings.Join(names, " "))
}
