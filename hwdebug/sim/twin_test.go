// A slow twin of the reservation arithmetic: R-CON-7 as it is written.

package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A slowEvent holds what the rules of chapter 4 need of an event.
type slowEvent struct {
	ev   *sim.Event
	data bool // R-CON-3
	cpu  int
	task *sim.Task
}

// A slowBook lists the reserved events and counts nothing.
type slowBook struct {
	cpus   int
	limit  map[bool]int // by data
	events []*slowEvent
}

// own returns own(t, c) of R-CON-4.
func (b *slowBook) own(data bool, t *sim.Task, c int) int {
	n := 0
	for _, e := range b.events {
		if e.data == data && e.task != nil && e.task == t && (e.cpu == -1 || e.cpu == c) {
			n++
		}
	}
	return n
}

// maxtask returns maxtask(c) of R-CON-4.
func (b *slowBook) maxtask(data bool, c int) int {
	most := 0
	for _, e := range b.events {
		if e.task != nil {
			most = max(most, b.own(data, e.task, c))
		}
	}
	return most
}

// cpuPinned returns cpu_pinned(c) of R-CON-1.
func (b *slowBook) cpuPinned(data bool, c int) int {
	n := 0
	for _, e := range b.events {
		if e.data == data && e.task == nil && e.cpu == c {
			n++
		}
	}
	return n
}

// need returns the slots that R-CON-7 demands for e.
func (b *slowBook) need(e *slowEvent) int {
	most := 0
	for c := range b.cpus {
		if e.cpu >= 0 && e.cpu != c { // R-CON-6
			continue
		}
		term := b.cpuPinned(e.data, c)
		if e.task == nil {
			term += b.maxtask(e.data, c)
		} else {
			term += b.own(e.data, e.task, c)
		}
		most = max(most, term)
	}
	return 1 + most
}

func (b *slowBook) add(e *slowEvent)       { b.events = append(b.events, e) }
func (b *slowBook) fits(e *slowEvent) bool { return b.need(e) <= b.limit[e.data] }

func (b *slowBook) remove(e *slowEvent) {
	for i, x := range b.events {
		if x == e {
			b.events = append(b.events[:i], b.events[i+1:]...)
			return
		}
	}
}

// TestReservationAgreesWithTwin sends random requests to machines of many shapes and to the twin,
// and compares the answers and the counts.
func TestReservationAgreesWithTwin(t *testing.T) {
	requests := 1_000_000
	switch {
	case testing.Short():
		requests = 30_000
	case slowBuild:
		requests = 100_000
	}
	const perMachine = 5_000
	r := rand.New(rand.NewPCG(2026, 11))
	var tally twinTally
	kernels := sim.Profiles()
	for i := 0; tally.requests < requests; i++ {
		cfg := sim.Config{
			Kernel: kernels[i%len(kernels)], TraceSize: -1,
			CPUs: 1 + r.IntN(5), BRPs: 1 + r.IntN(7), WRPs: 1 + r.IntN(7),
		}
		if i%9 == 8 {
			cfg.CPUs, cfg.BRPs, cfg.WRPs = 1+r.IntN(8), 16, 16
		}
		if i%4 == 3 { // the limit is the boot CPU's, whatever the others have (R-REG-10)
			for range cfg.CPUs {
				cfg.BRPsPerCPU = append(cfg.BRPsPerCPU, 1+r.IntN(6))
				cfg.WRPsPerCPU = append(cfg.WRPsPerCPU, 1+r.IntN(6))
			}
		}
		runTwin(t, r, cfg, perMachine, &tally)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d requests: %s", tally.requests, &tally)
	n := &tally
	for _, kind := range []int{n.opened, n.refused, n.closed, n.moved, n.stuck, n.exits} {
		if kind == 0 {
			t.Errorf("a kind of request never occurred: %s", &tally)
		}
	}
}

type twinTally struct{ requests, opened, refused, closed, moved, stuck, exits int }

func (n *twinTally) String() string {
	return fmt.Sprintf("%d opened, %d refused, %d closed, %d moved to another type, %d refused to, "+
		"%d tasks exited", n.opened, n.refused, n.closed, n.moved, n.stuck, n.exits)
}

// runTwin sends n random requests to a machine and to the twin.
func runTwin(t *testing.T, r *rand.Rand, cfg sim.Config, n int, tally *twinTally) {
	t.Helper()
	m := newMachine(t, cfg)
	defer m.Close()
	use := mustSlots(t, m, 0)
	book := &slowBook{cpus: m.NrCPUs(), limit: map[bool]int{false: use.BP.Limit, true: use.WP.Limit}}
	tasks := make([]*sim.Task, 1+r.IntN(4))
	for i := range tasks {
		tasks[i] = newTask(t, m, fmt.Sprintf("t%d", i), r.IntN(m.NrCPUs()))
	}
	var log []string
	fail := func(format string, args ...any) {
		t.Helper()
		tail := log[max(0, len(log)-25):]
		t.Fatalf("%s\nmachine %+v\nthe last requests:\n%s",
			fmt.Sprintf(format, args...), cfg, strings.Join(tail, "\n"))
	}
	types := []hwdebug.BPType{hwdebug.R, hwdebug.W, hwdebug.RW, hwdebug.X}
	attr := func(e *slowEvent) hwdebug.Attr {
		a := hwdebug.HwBreakpointInit()
		a.Disabled = r.IntN(8) != 0
		a.Pinned = r.IntN(3) != 0 // flexible ones are counted alike (R-CON-2)
		a.Len = 4
		a.Addr = 0x400000 + 8*uint64(r.IntN(64))
		if e.task == nil && r.IntN(2) == 0 {
			a.Addr += 0xffffff8000000000
		}
		return a
	}
	for i := range n {
		tally.requests++
		switch what := r.IntN(100); {
		case what < 62 || len(book.events) == 0:
			e := &slowEvent{cpu: r.IntN(m.NrCPUs()+1) - 1}
			if e.cpu < 0 || r.IntN(2) == 0 {
				e.task = tasks[r.IntN(len(tasks))]
			}
			typ := types[r.IntN(4)]
			e.data = typ != hwdebug.X
			a := attr(e)
			a.Type = typ
			log = append(log, fmt.Sprintf("open %v cpu %d task %s", typ, e.cpu, who(e.task)))
			ev, err := m.PerfEventOpen(a, e.task, e.cpu)
			switch {
			case err == nil && !book.fits(e):
				fail("accepted a request that needs %d of %d slots", book.need(e), book.limit[e.data])
			case err != nil && !errors.Is(err, syscall.ENOSPC):
				fail("%v, want ENOSPC or success", err)
			case err != nil && book.fits(e):
				fail("refused a request that needs %d of %d slots: %v", book.need(e), book.limit[e.data], err)
			case err != nil:
				tally.refused++
			default:
				tally.opened++
				e.ev = ev
				book.add(e)
			}
		case what < 88:
			e := book.events[r.IntN(len(book.events))]
			log = append(log, "close "+e.ev.Label())
			must(t, e.ev.Close())
			book.remove(e)
			tally.closed++
		case what < 98:
			// Release the old type, reserve the new one, and put the old one back if that fails
			// (R-VAL-22, 24).
			e := book.events[r.IntN(len(book.events))]
			a := e.ev.Attr()
			a.Type = types[r.IntN(4)]
			log = append(log, fmt.Sprintf("modify %s to %v", e.ev.Label(), a.Type))
			err := e.ev.Modify(a)
			book.remove(e)
			moved := &slowEvent{ev: e.ev, data: a.Type != hwdebug.X, cpu: e.cpu, task: e.task}
			fits := book.fits(moved)
			switch {
			case fits != (err == nil):
				fail("moving needs %d of %d: %v", book.need(moved), book.limit[moved.data], err)
			case err != nil && !errors.Is(err, syscall.ENOSPC):
				fail("%v, want ENOSPC", err)
			case err != nil:
				book.add(e)
				tally.stuck++
			default:
				book.add(moved)
				tally.moved++
			}
		default:
			// A task that exits keeps its reservations (R-EVT-25); a new task takes its place.
			if r.IntN(10) != 0 {
				continue
			}
			k := r.IntN(len(tasks))
			log = append(log, "exit "+tasks[k].Comm())
			must(t, tasks[k].Exit())
			tasks[k] = newTask(t, m, fmt.Sprintf("n%d", i), r.IntN(m.NrCPUs()))
			tally.exits++
		}
		if i%16 == 0 {
			for c := range m.NrCPUs() {
				u := mustSlots(t, m, c)
				for _, data := range []bool{false, true} {
					got := u.BP
					if data {
						got = u.WP
					}
					if got.CPUPinned != book.cpuPinned(data, c) || got.TaskPinned != book.maxtask(data, c) {
						fail("cpu%d data %v: got counts %d + %d, want %d + %d", c, data,
							got.CPUPinned, got.TaskPinned, book.cpuPinned(data, c), book.maxtask(data, c))
					}
				}
			}
		}
		if i%256 == 0 {
			if err := m.CheckInvariants(); err != nil {
				fail("%v", err)
			}
		}
	}
	for _, e := range append([]*slowEvent(nil), book.events...) {
		must(t, e.ev.Close())
	}
	if err := m.CheckInvariants(); err != nil {
		fail("%v", err)
	}
}
