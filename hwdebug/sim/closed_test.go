// A closed machine, and a CPU that the machine does not have, give errors.

package sim_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// callAll calls the methods of an object that return an error, with an argument for each type from args and
// zero for any other, and reports each error with the method's name.
func callAll(object any, args []any, report func(method string, err error)) {
	v := reflect.ValueOf(object)
	for i := range v.NumMethod() {
		method, fn := v.Type().Method(i), v.Method(i)
		outs := fn.Type().NumOut()
		if outs == 0 || fn.Type().Out(outs-1) != reflect.TypeFor[error]() {
			continue
		}
		in := make([]reflect.Value, fn.Type().NumIn())
		for j := range in {
			in[j] = reflect.Zero(fn.Type().In(j))
			for _, arg := range args {
				if a := reflect.ValueOf(arg); a.Type() == fn.Type().In(j) {
					in[j] = a
				}
			}
		}
		if fn.Type().IsVariadic() {
			in = in[:len(in)-1]
		}
		err, _ := fn.Call(in)[outs-1].Interface().(error)
		report(v.Type().Elem().Name()+"."+method.Name, err)
	}
}

// TestClosed calls every method of the objects of a closed machine: those that only look still do, the others
// return ErrClosed.
func TestClosed(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	tracer, err := m.NewTask(sim.TaskConfig{Compat: true})
	must(t, err)
	a := hwdebug.Attr{Type: hwdebug.W, Addr: 0x1000, Len: 8}
	ev, err := m.PerfEventOpen(a, task, -1)
	must(t, err)
	a.Addr = 0xffffff8008c5a000
	w, err := m.RegisterWideHwBreakpoint(a, nil)
	must(t, err)
	access, err := task.Begin(hwdebug.Store, 0x2000, 8, 1, 0)
	must(t, err)
	target := m.Target()
	_, err = target.NewTask(0)
	must(t, err)
	_, err = target.Open(a, hwdebug.NoTask, 0)
	must(t, err)
	args := []any{
		tracer, ev, w, a, m.TimerSetup("t", nil), m.NewMutex("l"), m.NewCompletion("c"), m.NewIrqWork("i",
			nil),
		hwdebug.Load, 1, sim.Signo(1), sim.AtomicAdd, "write_wb_reg",
	}
	works := []*sim.Work{m.NewWork("w", nil), m.NewDelayedWork("d", nil)}
	m.Close()
	m.Close()

	looks := strings.Fields(`Machine.Callchain Machine.CheckInvariants Machine.Ended Machine.Modelled
		Machine.ParseAttr Machine.Slots CPU.MDSCR CPU.OSLSR CPU.Reg Target.Supports Target.Shutdown`)
	closed := map[string]bool{
		"Machine.CpuhpRemoveState": true, "Target.UnregisterWide": true, // that object does not exist
	}
	for _, object := range []any{m, m.CPU(1), task, ev, access, target} {
		for _, work := range works { // each call takes one of them
			callAll(object, append(args, work), func(method string, err error) {
				closed[method] = closed[method] || slices.Contains(looks, method) ||
					errors.Is(err, sim.ErrClosed)
				if err == nil && !slices.Contains(looks, method) {
					t.Errorf("%s returns no error on a closed machine", method)
				}
			})
		}
	}
	for method, ok := range closed {
		if !ok {
			t.Errorf("%s does not return ErrClosed", method)
		}
	}
}

// TestNoCPU makes calls on CPUs that the machine does not have: none of them is silent.
func TestNoCPU(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	a := hwdebug.Attr{Type: hwdebug.W, Addr: 0xffffff8008c5a000, Len: 8}
	ev, err := m.PerfEventOpen(a, nil, 1)
	must(t, err)
	w, err := m.RegisterWideHwBreakpoint(a, nil)
	must(t, err)
	target := m.Target()
	id, err := target.NewTask(0)
	must(t, err)
	for _, n := range []int{-2, 2, 1 << 40} {
		want := func(name string, want, err error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s on cpu%d: got error %v, want %v", name, n, err, want)
			}
		}
		c := m.CPU(n)
		callAll(c, []any{task, ev, hwdebug.Load, 8, sim.AtomicAdd}, func(method string, err error) {
			want(method, sim.ErrNoCPU, err)
		})
		if c.ID() != n || c.Online() || c.BRPs() != 0 || c.Current() != nil || len(c.Reserved()) > 0 {
			t.Errorf("cpu%d: got id %d, online %v, %d registers, current %v, reserved %v", n, c.ID(),
				c.Online(),
				c.BRPs(), c.Current(), c.Reserved())
		}
		last := func(_ any, err error) error { return err }
		want("Slots", sim.ErrNoCPU, last(m.Slots(n)))
		want("NewTask", sim.ErrNoCPU, last(m.NewTask(sim.TaskConfig{CPU: n})))
		want("Callchain", sim.ErrNoCPU, last(m.Callchain("write_wb_reg", sim.ChainOptions{CPU: c})))
		want("Wide.Event", sim.ErrNoCPU, last(w.Event(n)))
		want("Target.NewTask", sim.ErrNoCPU, last(target.NewTask(n)))
		want("Target.NewCompatTask", sim.ErrNoCPU, last(target.NewCompatTask(n)))
		want("Target.DumpCPU", sim.ErrNoCPU, target.DumpCPU(n, &hwdebug.Regs{}))
		want("Target.KernelAccess", sim.ErrNoCPU, target.KernelAccess(n, hwdebug.Load, 0x1000, 8))
		want("Target.Switch", sim.ErrNoCPU, target.Switch(n, hwdebug.NoTask))

		work := m.NewDelayedWork("d", nil)
		for name, call := range map[string]func(int) error{
			"CPUDown": m.CPUDown, "CPUUp": m.CPUUp, "CPUSuspend": m.CPUSuspend, "CPUResume": m.CPUResume,
			"Target.CPUDown": target.CPUDown, "Target.CPUUp": target.CPUUp, "Migrate": task.Migrate,
			"Target.Migrate":     func(n int) error { return target.Migrate(id, n) },
			"QueueWorkOn":        func(n int) error { return last(m.QueueWorkOn(n, m.NewWork("w", nil))) },
			"ScheduleWorkOn":     func(n int) error { return last(m.ScheduleWorkOn(n, m.NewWork("w", nil))) },
			"QueueDelayedWorkOn": func(n int) error { return last(m.QueueDelayedWorkOn(n, work, 0)) },
			"ModDelayedWorkOn":   func(n int) error { return last(m.ModDelayedWorkOn(n, work, 0)) },
			"PerfEventOpen":      func(n int) error { return last(m.PerfEventOpen(a, nil, n)) },
			"PerfEventCreateKernelCounter": func(n int) error {
				return last(m.PerfEventCreateKernelCounter(a, n, nil, nil))
			},
			"Target.Open": func(n int) error { return last(target.Open(a, hwdebug.NoTask, n)) },
		} {
			want(name, syscall.EINVAL, call(n))
		}
		want("SmpCallFunctionSingle", syscall.ENXIO, m.SmpCallFunctionSingle(n, nil))
	}
	if err := m.CPUDown(1); err != nil {
		t.Fatal(err)
	}
	if w, err = m.RegisterWideHwBreakpoint(a, nil); err != nil {
		t.Fatal(err)
	}
	if ev, err := w.Event(1); err == nil || errors.Is(err, sim.ErrNoCPU) {
		t.Errorf("the event of a CPU that was offline: got %v, %v, want another error", ev, err)
	}
}
