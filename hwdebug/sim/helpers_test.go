// Helpers of the table tests: machines, tasks, events, and the register trace.

package sim_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newMachine(t testing.TB, cfg sim.Config) *sim.Machine {
	t.Helper()
	m, err := sim.New(cfg)
	must(t, err)
	t.Cleanup(m.Close)
	return m
}

func newTask(t testing.TB, m *sim.Machine, comm string, cpu int) *sim.Task {
	t.Helper()
	task, err := m.NewTask(sim.TaskConfig{Comm: comm, CPU: cpu})
	must(t, err)
	return task
}

func mustSlots(t testing.TB, m *sim.Machine, cpu int) sim.SlotUse {
	t.Helper()
	u, err := m.Slots(cpu)
	must(t, err)
	return u
}

// errnoOf returns the name of the errno that err carries, "" for nil, and the error's text if it
// carries none.
func errnoOf(err error) string {
	switch e := hwdebug.Errno(err); {
	case err == nil:
		return ""
	case e == 0:
		return err.Error()
	default:
		return hwdebug.ErrnoName(e)
	}
}

// A watcher reads the register trace of one CPU: the writes to the four banks and to MDSCR_EL1, in
// order.
type watcher struct {
	t    testing.TB
	m    *sim.Machine
	cpu  int
	last uint64
}

func watch(t testing.TB, m *sim.Machine, cpu int) *watcher {
	return &watcher{t, m, cpu, m.Recorder().Seq()}
}

// writes returns the writes since its last call: "WVR0=0x400000", "M=0x9000".
func (w *watcher) writes() string {
	w.t.Helper()
	rec := w.m.Recorder()
	var out []string
	for seq := w.last + 1; seq <= rec.Seq(); seq++ {
		r, ok := rec.Record(seq)
		if !ok {
			w.t.Fatalf("record %d is overwritten; the trace is too short for the test", seq)
		}
		if int(r.CPU) != w.cpu {
			continue
		}
		switch rec.Functions()[r.Fn].Name {
		case "write_wb_reg":
			out = append(out, fmt.Sprintf("%s=%#x", shortReg(int(r.Args[0]), int(r.Args[1])), r.Args[2]))
		case "mdscr_write":
			out = append(out, fmt.Sprintf("M=%#x", r.Args[0]))
		}
	}
	w.last = rec.Seq()
	return strings.Join(out, " ")
}

// want compares the writes since the last call of writes.
func (w *watcher) want(step, writes string) {
	w.t.Helper()
	if got := w.writes(); got != writes {
		w.t.Errorf("%s, cpu%d:\n got %s\nwant %s", step, w.cpu, got, writes)
	}
}

// entered returns how often fn was entered on any CPU since the last call of writes.
func (w *watcher) entered(fn string) int {
	rec := w.m.Recorder()
	n := 0
	for seq := w.last + 1; seq <= rec.Seq(); seq++ {
		if r, ok := rec.Record(seq); ok && rec.Functions()[r.Fn].Name == fn {
			n++
		}
	}
	return n
}

func shortReg(base, n int) string {
	if name := arm64.RegName(base + n); name != "" {
		return strings.TrimSuffix(strings.TrimPrefix(name, "DBG"), "_EL1")
	}
	return fmt.Sprintf("(%d,%d)", base, n)
}

func reg(t testing.TB, m *sim.Machine, cpu, bank, n int) uint64 {
	t.Helper()
	v, err := m.CPU(cpu).Reg(bank, n)
	must(t, err)
	return v
}

func mdscr(t testing.TB, m *sim.Machine, cpu int) uint64 {
	t.Helper()
	v, err := m.CPU(cpu).MDSCR()
	must(t, err)
	return v
}

// slotsOf returns the slots of events, -1 for an event that is not installed.
func slotsOf(evs ...*sim.Event) string {
	var out []string
	for _, ev := range evs {
		s, ok := ev.Slot()
		if !ok {
			s = -1
		}
		out = append(out, fmt.Sprint(s))
	}
	return strings.Join(out, " ")
}

func wantSlots(t testing.TB, step, want string, evs ...*sim.Event) {
	t.Helper()
	if got := slotsOf(evs...); got != want {
		t.Errorf("%s: slots %s, want %s", step, got, want)
	}
}

func wantState(t testing.TB, step string, ev *sim.Event, want sim.State) {
	t.Helper()
	if ev.State() != want {
		t.Errorf("%s: %s is %s, want %s", step, ev.Label(), ev.State(), want)
	}
}

func wantErrno(t testing.TB, step string, err error, want syscall.Errno) {
	t.Helper()
	if got := errnoOf(err); got != hwdebug.ErrnoName(want) {
		t.Errorf("%s: got %q, want %s", step, got, hwdebug.ErrnoName(want))
	}
}

// logged returns the number of lines of the kernel log that end with text.
func logged(m *sim.Machine, text string) int {
	n := 0
	for _, line := range m.Dmesg() {
		if strings.HasSuffix(line, text) {
			n++
		}
	}
	return n
}

// ticks returns a delay of n jiffies.
func ticks(m *sim.Machine, n uint64) time.Duration {
	d, ok := m.DelayOf(n)
	if !ok {
		panic("the delay is too long")
	}
	return d
}

// eventOn returns the event of a wide registration on a CPU, nil if it has none there.
func eventOn(w *sim.Wide, cpu int) *sim.Event {
	ev, _ := w.Event(cpu)
	return ev
}
