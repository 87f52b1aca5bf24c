// Events and tasks: the objects behind the slots, as values of package board.

package kernel

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
)

// A taskInfo is a task as far as it is read.
type taskInfo struct {
	pid  int
	comm string
}

// tombstone is the owner of events that kernel code registered.
const tombstone = ^uint64(0)

// Places in struct perf_event_attr, which is the same for all kernels since user space passes it.
const (
	attrPeriod  = 16
	attrFlags   = 40
	attrType    = 52
	attrAddress = 56
	attrLen     = 64
	attrBytes   = 72
)

// Fill sets the slots of b, whose CPUs are numbered as those of the kernel, their current tasks,
// whether they are online, and the events in the slots.
func (k *Kernel) Fill(b *board.Board) error {
	for i := range k.cpus {
		if err := k.fillCPU(b, &k.cpus[i]); err != nil {
			return err
		}
	}
	k.group(b)
	b.Kernel = k.Release()
	return nil
}

// fillCPU reads one CPU.
func (k *Kernel) fillCPU(b *board.Board, cpu *CPU) error {
	c := &b.CPUs[cpu.ID]
	task, err := k.word(field{size: 8}, k.base+k.entryTask.offset+cpu.Offset)
	if err != nil {
		return fmt.Errorf("cpu%d: %w", cpu.ID, err)
	}
	c.Task = k.named(task)
	if k.onlineKnown {
		state, err := k.word(k.hotplug, k.base+k.cpuhpState.offset+cpu.Offset)
		if err != nil {
			return fmt.Errorf("cpu%d: %w", cpu.ID, err)
		}
		online := state&0xffffffff == k.online
		c.Online = &online
	}
	for _, kind := range []struct {
		table variable
		slots []board.Slot
	}{{k.bpOnReg, c.BP}, {k.wpOnReg, c.WP}} {
		if err := k.fillSlots(b, cpu, kind.table, kind.slots); err != nil {
			return fmt.Errorf("cpu%d: %w", cpu.ID, err)
		}
	}
	return nil
}

// fillSlots reads the events in a table of one CPU. If the kernel runs, the table may change meanwhile,
// so that an event is gone before it is read: then it starts again, a few times.
func (k *Kernel) fillSlots(b *board.Board, cpu *CPU, table variable, slots []board.Slot) error {
	const tries = 5
	for try := 0; ; try++ {
		before := len(b.Events)
		events, err := k.table(table, cpu)
		if err != nil {
			return err
		}
		for slot := range min(len(events), len(slots)) {
			id, err := k.event(b, events[slot], cpu.ID, slot)
			if err != nil {
				return fmt.Errorf("slot %d: %w", slot, err)
			}
			slots[slot] = board.Slot{Known: true, Event: id}
		}
		if !k.running || try == tries {
			return nil
		}
		again, err := k.table(table, cpu)
		if err != nil || slices.Equal(events, again) {
			return err
		}
		for _, ev := range b.Events[before:] {
			delete(k.events, ev.Ptr)
		}
		b.Events, k.wanted = b.Events[:before], k.wanted[:before]
	}
}

// event reads the event at addr, which is in a slot of cpu, into b, and returns its number; 0 without one.
func (k *Kernel) event(b *board.Board, addr uint64, cpu, slot int) (int, error) {
	if addr == 0 {
		return 0, nil
	}
	if id := k.events[addr]; id != 0 {
		return id, nil
	}
	raw := make([]byte, k.Layout.event.bytes)
	if err := k.memory.ReadMemory(addr, raw); err != nil {
		return 0, fmt.Errorf("event 0x%016x: %w", addr, err)
	}
	e := k.decode(raw)
	k.wanted = append(k.wanted, wanted{
		addr: binary.LittleEndian.Uint64(raw[k.Layout.event.address.offset:]),
		ctrl: binary.LittleEndian.Uint32(raw[k.Layout.event.ctrl.offset:]),
	})
	e.Ptr, e.OnCPU, e.Slot = addr, cpu, slot
	if e.Owner == "" && k.isPtrace(e) {
		e.Owner = board.ByPtrace
	}
	e.ID = len(b.Events) + 1
	k.events[addr] = e.ID
	b.Events = append(b.Events, e)
	return e.ID, nil
}

// decode returns the event in the bytes of a perf_event.
func (k *Kernel) decode(raw []byte) board.Event {
	l := &k.Layout.event
	get := func(f field) uint64 {
		var buf [8]byte
		copy(buf[:], raw[f.offset:f.offset+f.size])
		return binary.LittleEndian.Uint64(buf[:])
	}
	e := board.Event{
		Attr: decodeAttr(raw[l.attr.offset:]), CPU: int(int32(get(l.cpu))),
		Task: board.NoTask, By: board.NoTask, State: stateName(int32(get(l.state))),
	}
	if target := get(l.target); target != 0 {
		e.Task = k.named(target)
	}
	switch owner := get(l.owner); owner {
	case tombstone:
		e.Owner = board.ByKernel
	case 0: // the opener has exited
	default:
		e.By = k.named(owner)
	}
	e.Handler = get(l.handler)
	e.HandlerName = k.symbols.Name(e.Handler)
	e.Own = e.HandlerName != "" && !slices.Contains(defaultHandlers, e.HandlerName)
	if e.Owner == "" && strings.HasPrefix(e.HandlerName, "perf_event_output") {
		e.Owner = board.ByPerf
	}
	return e
}

// defaultHandlers are the handlers of events without one of their own, and ptrace's.
var defaultHandlers = []string{
	"perf_event_output_forward", "perf_event_output_backward", "perf_event_output", "ptrace_hbptriggered",
}

// decodeAttr returns the attributes in a struct perf_event_attr.
func decodeAttr(raw []byte) hwdebug.Attr {
	flags := binary.LittleEndian.Uint64(raw[attrFlags:])
	flag := func(bit int) bool { return flags>>bit&1 != 0 }
	return hwdebug.Attr{
		Type:          hwdebug.BPType(binary.LittleEndian.Uint32(raw[attrType:])),
		Addr:          binary.LittleEndian.Uint64(raw[attrAddress:]),
		Len:           binary.LittleEndian.Uint64(raw[attrLen:]),
		SamplePeriod:  binary.LittleEndian.Uint64(raw[attrPeriod:]),
		Disabled:      flag(0),
		Inherit:       flag(1),
		Pinned:        flag(2),
		ExcludeUser:   flag(4),
		ExcludeKernel: flag(5),
		ExcludeHV:     flag(6),
		EnableOnExec:  flag(12),
	}
}

// stateName returns the name of an event's state (enum perf_event_state).
func stateName(state int32) string {
	switch state {
	case 1:
		return "active"
	case 0:
		return "inactive"
	case -1:
		return "off"
	case -2:
		return "error"
	case -3:
		return "exit"
	case -4:
		return "dead"
	}
	return ""
}

// named returns the task at addr with its name. A task that cannot be read has only its address.
func (k *Kernel) named(addr uint64) board.Task {
	t, err := k.readTask(addr)
	if err != nil {
		return board.Task{Ptr: addr, PID: -1}
	}
	return board.Task{Ptr: addr, PID: t.pid, Comm: t.comm}
}

// readTask reads pid and comm of the task at addr.
func (k *Kernel) readTask(addr uint64) (taskInfo, error) {
	if t, ok := k.tasks[addr]; ok {
		return t, nil
	}
	pid, err := k.word(k.task.pid, addr)
	if err != nil {
		return taskInfo{}, err
	}
	comm, err := k.text(k.task.comm, addr)
	if err != nil {
		return taskInfo{}, err
	}
	t := taskInfo{pid: int(int32(pid)), comm: comm}
	k.tasks[addr] = t
	return t, nil
}

// printable reports whether text may be the name of a task.
func printable(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// isPtrace reports whether the target's own table of ptrace's events has the event.
func (k *Kernel) isPtrace(e board.Event) bool {
	if e.Task.Ptr == 0 {
		return false
	}
	table := k.task.hbpWatch
	if e.Attr.Type == hwdebug.X {
		table = k.task.hbpBreak
	}
	if !table.known || table.size > 16*8 {
		return false
	}
	raw := make([]byte, table.size)
	if k.memory.ReadMemory(table.in(e.Task.Ptr), raw) != nil {
		return false
	}
	for i := 0; i+8 <= len(raw); i += 8 {
		if binary.LittleEndian.Uint64(raw[i:]) == e.Ptr {
			return true
		}
	}
	return false
}

// group numbers the wide registrations: events of the kernel with the same attributes and handler, one
// on each of several CPUs. Two registrations of the same attributes are told apart by the order of
// their slots.
func (k *Kernel) group(b *board.Board) {
	type key struct {
		addr, length, handler uint64
		kind                  hwdebug.BPType
		nth                   int
	}
	members := make(map[key][]int)
	var order []key
	for i := range b.Events {
		e := &b.Events[i]
		if e.Owner != board.ByKernel || e.CPU < 0 || e.Task.Ptr != 0 {
			continue
		}
		at := key{e.Attr.Addr, e.Attr.Len, e.Handler, e.Attr.Type, 0}
		for slices.ContainsFunc(members[at], func(j int) bool { return b.Events[j].CPU == e.CPU }) {
			at.nth++
		}
		if len(members[at]) == 0 {
			order = append(order, at)
		}
		members[at] = append(members[at], i)
	}
	wide := 0
	for _, at := range order {
		if len(members[at]) < 2 {
			continue
		}
		wide++
		for _, i := range members[at] {
			b.Events[i].Owner, b.Events[i].Wide = board.ByWide, wide
		}
	}
}
