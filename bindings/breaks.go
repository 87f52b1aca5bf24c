// Breakpoints: code stops where a machine enters one of the chosen kernel functions.

package bindings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// A Break is a place where code stops: the entry of a modelled kernel function.
type Break struct {
	Fn  string
	CPU int // -1: any
}

// String returns the break in the form that ParseBreak reads.
func (b Break) String() string {
	if b.CPU < 0 {
		return b.Fn
	}
	return fmt.Sprintf("%s cpu=%d", b.Fn, b.CPU)
}

// ParseBreak reads "FN" or "FN cpu=N". The error about a function that no kernel has names the nearest one.
func ParseBreak(text string) (Break, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Break{}, errors.New("no FN given (want one such as write_wb_reg, or write_wb_reg cpu=1)")
	}
	b := Break{Fn: words[0], CPU: -1}
	for _, word := range words[1:] {
		n, ok := strings.CutPrefix(word, "cpu=")
		cpu, err := strconv.Atoi(n)
		if !ok || err != nil || cpu < 0 || len(words) > 2 {
			return Break{}, fmt.Errorf("invalid '%s' (want cpu=N)", strings.Join(words[1:], " "))
		}
		b.CPU = cpu
	}
	var names []string
	for _, w := range BreakNames() {
		if slices.Contains(b.functions(), w.Value) {
			return b, nil
		}
		names = append(names, w.Value)
	}
	return Break{}, unknown("'%s' is not a modelled kernel function", b.Fn, names)
}

// functions returns the functions that the break may mean: one that is named, or else the body of the system
// call of that name, which releases call differently.
func (b Break) functions() []string {
	call := strings.TrimPrefix(b.Fn, "sys_")
	return []string{b.Fn, "__se_sys_" + call, "__do_sys_" + call}
}

// BreakNames returns the modelled kernel functions, each with its file.
func BreakNames() []describe.Word { return modelledFn.Names }

// A Halt is a machine that has stopped at a break.
type Halt struct {
	Context context.Context // runs code in the runtime while the machine is stopped
	Break   int             // the index of the break
	Fn      string
	At      string     // CPU, time and call, on one line
	Chain   []string   // the kernel's call chain, innermost first
	Stack   []vm.Frame // the script's
}

// Breaks hold the breaks of the machines of one or more runtimes that are used one at a time.
type Breaks struct {
	list     []Break
	stop     func(Halt)
	runtimes []*runtime
	halted   bool
}

// Set replaces the breaks. When a machine enters a function, stop is called with the first break that
// matches. Until it returns, code that is run with the context of the Halt can look at the machine; a call
// that would change it raises. Breaks do not stop that code, nor the machines of an exploration.
func (b *Breaks) Set(list []Break, stop func(Halt)) error {
	b.list, b.stop = slices.Clone(list), stop
	var errs []error
	for _, rt := range b.runtimes {
		rt.alive(func(m *machine) { errs = append(errs, b.watch(m)) })
	}
	return errors.Join(errs...)
}

// join adds a runtime, leave takes it out.
func (b *Breaks) join(rt *runtime) {
	if b != nil {
		b.runtimes = append(b.runtimes, rt)
	}
}

func (b *Breaks) leave(rt *runtime) {
	if b != nil {
		b.runtimes = slices.DeleteFunc(b.runtimes, func(x *runtime) bool { return x == rt })
	}
}

// watch sets the breaks in a machine.
func (b *Breaks) watch(m *machine) error {
	if b == nil {
		return nil
	}
	var names []string
	for _, k := range b.list {
		for _, fn := range k.functions() {
			if m.m.Modelled(fn) == nil {
				names = append(names, fn)
			}
		}
	}
	return m.m.SetEntered(names, func(r *trace.Record) { b.entered(m, r) })
}

// entered stops m if one of the breaks matches the entry of a function.
func (b *Breaks) entered(m *machine, r *trace.Record) {
	rec := m.m.Recorder()
	fn := rec.Functions()[r.Fn].Name
	i := slices.IndexFunc(b.list, func(k Break) bool {
		return slices.Contains(k.functions(), fn) && (k.CPU < 0 || k.CPU == int(r.CPU))
	})
	if i < 0 || b.halted {
		return
	}
	e := rec.EntryOf(r)
	h := Halt{
		Break: i, Fn: fn,
		At:    fmt.Sprintf("cpu%d  %d.%06d  %s", r.CPU, r.T/1e9, r.T%1e9/1e3, e.Call()),
		Chain: rec.Chain(r.Node, trace.Frames),
		Stack: m.rt.s.Stack(m.L),
	}
	L, called := m.L, m.called
	m.halted, b.halted = fn, true
	defer func() { m.L, m.called, m.halted, b.halted = L, called, "", false }()
	m.rt.s.Suspend(L, map[string]lua.LValue{"m": m.ud}, func(ctx context.Context) {
		h.Context = ctx
		b.stop(h)
	})
}

// haltedCalls are the methods that a machine answers while it is stopped.
var haltedCalls = setOf("cpus", "tasks", "events", "works", "dmesg", "why", "slots", "trace", "callchain")

// haltedError returns the error about what would change a machine that is stopped in fn.
func haltedError(fn, what string) error {
	return fmt.Errorf("the machine is stopped in %s, where it can only be looked at: %s would change it",
		fn, what)
}
