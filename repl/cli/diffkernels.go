// hwlua diff-kernels: the same scenarios on two profiles, and the first difference of each.

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/scenario"
)

const diffText = `Runs scenarios on the profiles A and B and prints for each case the first difference in
what the kernels do: register writes, hits and refusals, then the kernel log, then the
outcome, then the functions called. Without FILE the built-in scenarios run. Kernels
that a file names at its head do not restrict it. hwlua doc kernels lists the differences
between the profiles themselves.
`

func diffKernelsCommand() ([]option, runner) {
	o := newRunOptions()
	opts := []option{
		value("filter", "REGEXP", setString(&o.filter),
			"only cases whose full name (describe and it) matches"),
		toggle("functions", &o.functions, "also say where only the functions called differ"),
	}
	return opts, o.diffKernels
}

// A told is what one case did on one profile.
type told struct {
	name    string
	outcome string
	acts    []string // register writes, hits and refusals, in words
	calls   []string // the functions called
	log     []string
}

// diffKernels runs the scenarios on both profiles and compares them case by case.
func (o *runOptions) diffKernels(ctx context.Context, env Env, args []string) (int, error) {
	if len(args) < 2 {
		return 0, usagef("want two profiles (usage: hwlua diff-kernels A B [FILE...])")
	}
	var names [2]string
	var sides [2][]told
	for i, release := range args[:2] {
		name, _, ok := sim.Nearest(release)
		if !ok {
			return 0, usagef("'%s' is not a kernel release; profiles are %s", release,
				strings.Join(sim.Profiles(), " "))
		}
		env.notice(release)
		names[i] = name
		var err error
		if sides[i], err = o.tell(ctx, env, name, args[2:]); err != nil {
			return 0, err
		}
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
	}
	if len(sides[0]) == 0 {
		return 0, usagef("no case selected")
	}
	o.printDifferences(env.Stdout, names, sides)
	return exitOK, nil
}

// printDifferences writes the first difference of each case and how many differ.
func (o *runOptions) printDifferences(w io.Writer, names [2]string, sides [2][]told) {
	differ, ways := 0, 0
	for i := range sides[0] {
		a, b := &sides[0][i], &sides[1][i]
		what, x, y := firstDifference(a, b)
		if what == "" {
			continue
		}
		if what == inFunctions {
			if ways++; !o.functions {
				continue
			}
		} else {
			differ++
		}
		width := max(len(names[0]), len(names[1]))
		fmt.Fprintf(w, "%s\n  %s\n    %-*s  %s\n    %-*s  %s\n\n", a.name, what, width, names[0], x, width,
			names[1], y)
	}
	fmt.Fprintf(w, "%d of %d cases differ between %s and %s", differ, len(sides[0]), names[0], names[1])
	if ways > 0 {
		fmt.Fprintf(w, ", and %d only in the functions called", ways)
		if !o.functions {
			fmt.Fprint(w, " (--functions)")
		}
	}
	fmt.Fprintln(w)
}

const inFunctions = "only the functions called differ"

// firstDifference returns what two accounts of a case differ in, and both sides, or "".
func firstDifference(a, b *told) (what, x, y string) {
	for _, list := range []struct {
		what string
		a, b []string
	}{
		{"register writes, hits and refusals differ", a.acts, b.acts},
		{"the kernel log differs", a.log, b.log},
		{"the outcome differs", []string{a.outcome}, []string{b.outcome}},
		{inFunctions, a.calls, b.calls},
	} {
		for i := range max(len(list.a), len(list.b)) {
			x, y := at(list.a, i), at(list.b, i)
			switch {
			case x == y:
			case len(list.a) == 1 && len(list.b) == 1, list.what == inFunctions:
				return list.what, x, y
			default:
				return fmt.Sprintf("%s from number %d on", list.what, i+1), x, y
			}
		}
	}
	return "", "", ""
}

// at returns element i, or words for its absence.
func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing more"
}

// A teller collects what the cases of a run did.
type teller struct {
	scenario.Sinks // none: ignores the events other than Case
	cases          []told
}

// Case receives the account that Look has made of the machines.
func (t *teller) Case(r *scenario.Result) {
	one, _ := r.Look.Keep.(told)
	one.name = r.Case.File + ": " + strings.Join(r.Case.Path, " ")
	if one.outcome = r.Status.String(); r.Reason != "" {
		one.outcome += ": " + r.Reason
	}
	if f := r.Cause(); f != nil {
		first, _, _ := strings.Cut(f.Message, "\n")
		one.outcome = fmt.Sprintf("%s at line %d", r.Status, f.Line)
		if first != "" {
			one.outcome += ": " + first
		}
	}
	t.cases = append(t.cases, one)
}

// tell runs the scenarios on one profile.
func (o *runOptions) tell(ctx context.Context, env Env, kernel string, paths []string) ([]told, error) {
	sources, err := find(env, paths)
	if err != nil {
		return nil, err
	}
	so, err := o.scenarioOptions(env)
	if err != nil {
		return nil, err
	}
	so.Profiles, so.EveryProfile = []string{kernel}, true
	so.Parallel = 1
	t := &teller{}
	so.Sink = scenario.Sinks{t}
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		m := newMachines(&o.machine, kernel, false)
		return scenario.Environment{Modules: m.modules(), Look: func(bool) scenario.Look {
			return scenario.Look{Keep: m.told()}
		}}, nil
	}
	if _, err := scenario.Run(ctx, sources, so); err != nil {
		return nil, err
	}
	return t.cases, nil
}

// told describes what the machines of a case did after boot.
func (m *machines) told() (t told) {
	for i, x := range m.list {
		for e := range x.Recorder().Entries(trace.Filter{}, trace.Frames) {
			if e.Seq <= m.booted[i] {
				continue
			}
			t.calls = append(t.calls, e.Fn)
			if act := act(x, &e); act != "" {
				t.acts = append(t.acts, act)
			}
		}
		for _, line := range x.Dmesg() {
			// Frames are the functions called, and the header names the kernel.
			if !strings.Contains(line, "+0x") && !strings.Contains(line, " Comm: ") {
				t.log = append(t.log, line)
			}
		}
	}
	return t
}

// act returns a register write, a hit or a refusal in words, or "" for another entry.
func act(m *sim.Machine, e *trace.Entry) string {
	cpu := fmt.Sprintf("cpu%d ", e.CPU)
	switch e.Fn {
	case "write_wb_reg":
		return cpu + writeInWords(e)
	case "mdscr_write":
		return cpu + "MDSCR_EL1 = " + e.Args[0].String()
	case "perf_bp_event":
		return cpu + "reports a hit of " + e.Args[0].String()
	case "perf_event_alloc":
		if e.Failed() {
			return cpu + "refuses an event at " + e.Args[0].String() + ": " + e.Ret.String()
		}
	case "modify_user_hw_breakpoint_check":
		if e.Failed() {
			return cpu + "refuses to modify " + e.Args[0].String() + ": " + e.Ret.String()
		}
	}
	return ""
}

// writeInWords returns the register, the value and, for a control register, what it means.
func writeInWords(e *trace.Entry) string {
	base, n, v := int(e.Args[0].Bits), int(e.Args[1].Bits), e.Args[2].Bits
	text := fmt.Sprintf("%s = 0x%x", arm64.RegName(base+n), v)
	reg := arm64.RegBCR
	switch {
	case base == arm64.WCR:
		reg = arm64.RegWCR
	case base != arm64.BCR:
		return text
	}
	if v == 0 {
		return text + ": off"
	}
	return text + ": " + arm64.Explain(reg, v)
}
