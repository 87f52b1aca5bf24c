// The kernel in memory: finding the per-CPU section, reading variables, events and tasks.

// Package kernel tells which event holds a slot of a running or halted arm64 kernel. It reads the kernel's
// own tables (bp_on_reg, wp_on_reg) and structures through a Memory, such as a gdb stub or /proc/kcore, with
// their layout from the kernel's BTF, so it needs neither symbols nor debug information.
//
//	layout, err := kernel.ReadLayout(blob)
//	if err != nil {
//		return err
//	}
//	k, err := kernel.Open(layout, memory, cpus)
//	if err != nil {
//		return err
//	}
//	err = k.Fill(picture) // a *board.Board
//
// It only reads. Left out: events that are in no register, since the kernel keeps them in lists that
// BTF does not name; and the registers themselves, which only a debugger sees.
package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// A Memory reads the kernel's virtual memory.
type Memory interface {
	ReadMemory(addr uint64, buf []byte) error
}

// A CPU is what is known of a CPU before its memory is read.
type CPU struct {
	ID      int
	Offset  uint64 // of its copy of the per-CPU section: TPIDR_EL1, or TPIDR_EL2 of a kernel at EL2
	Task    uint64 // SP_EL0, the current task_struct while the CPU is in the kernel; 0 if unknown
	Vectors uint64 // VBAR_EL1; 0 if unknown
}

// A Kernel is a kernel whose per-CPU section was found.
type Kernel struct {
	*Layout
	memory  Memory
	cpus    []CPU
	base    uint64 // of the per-CPU section
	symbols *Symbols
	running bool
	events  map[uint64]int // IDs by address
	wanted  []wanted       // by ID less one
	tasks   map[uint64]taskInfo
}

// wanted is what the kernel writes for an event.
type wanted struct {
	addr uint64
	ctrl uint32
}

// Wanted returns the address and the control word that the kernel writes into the registers of the
// event with that ID, as it parsed them (hw.info). The control word has E set, and never HMC.
func (k *Kernel) Wanted(id int) (addr uint64, ctrl uint32, ok bool) {
	if id < 1 || id > len(k.wanted) || !k.ctrl.known {
		return 0, 0, false
	}
	w := k.wanted[id-1]
	bits := func(first, n uint) uint32 { return w.ctrl >> first & (1<<n - 1) }
	ctrl = bits(k.ctrl.length, 8)<<5 | bits(k.ctrl.kind, 2)<<3 | bits(k.ctrl.privilege, 2)<<1 | 1
	return w.addr, ctrl, true
}

// Stepping reports whether the task at addr is known to be in the step over a hit of a breakpoint (or of a
// watchpoint), during which the kernel disables the registers.
func (k *Kernel) Stepping(task uint64, breakpoint bool) bool {
	f := k.task.wpsDisabled
	if breakpoint {
		f = k.task.bpsDisabled
	}
	if task == 0 || !f.known {
		return false
	}
	n, err := k.word(f, task)
	return err == nil && n != 0
}

// Release returns the release that uname prints, or "" if it cannot be read.
func (k *Kernel) Release() string {
	if !k.task.namespaces.known || !k.utsNamespace.known || !k.release.known {
		return ""
	}
	at, err := k.word(field{size: 8}, k.base+k.entryTask.offset+k.cpus[0].Offset)
	for _, f := range []field{k.task.namespaces, k.utsNamespace} {
		if err != nil || !inKernel(at) {
			return ""
		}
		at, err = k.word(f, at)
	}
	if err != nil {
		return ""
	}
	text, err := k.text(k.release, at)
	if err != nil || !printable(text) {
		return ""
	}
	return text
}

// text reads a field of at most 64 characters, up to a zero byte.
func (k *Kernel) text(f field, addr uint64) (string, error) {
	const longest = 64
	buf := make([]byte, min(f.size, longest))
	if err := k.memory.ReadMemory(f.in(addr), buf); err != nil {
		return "", err
	}
	text, _, _ := bytes.Cut(buf, []byte{0})
	return string(text), nil
}

// pageBytes is the step of the search. The section begins at a page, of at least this size.
const pageBytes = 4096

// searched is how far the search for the section goes.
const searched = 64 << 20

// Hints say where the per-CPU section may be.
type Hints struct {
	Section uint64   // it is there: __per_cpu_start, or that of an earlier look at the same machine
	Near    uint64   // it is above this address
	Within  uint64   // and at most so far; 0: as far as a kernel is large
	Symbols *Symbols // names of functions; may be nil
	Running bool     // the kernel runs while it is read
}

// Section returns the address of the per-CPU section, a hint for the next look at the same machine.
func (k *Kernel) Section() uint64 { return k.base }

// Open finds the per-CPU section of the kernel that memory shows.
//
// The address is computed from a task, whose run queue is in the section, or else searched page by
// page. In both cases it is right if the copies of all CPUs say that they are those of these CPUs.
func Open(l *Layout, memory Memory, cpus []CPU, hints Hints) (*Kernel, error) {
	if len(cpus) == 0 {
		return nil, errors.New("no CPUs")
	}
	k := &Kernel{
		Layout: l, memory: memory, cpus: cpus, symbols: hints.Symbols,
		running: hints.Running,
		events:  make(map[uint64]int), tasks: make(map[uint64]taskInfo),
	}
	for base := range k.candidates(hints) {
		if k.isSection(base) {
			k.base = base
			return k, nil
		}
	}
	return nil, errors.New("the kernel's per-CPU data was not found: the BTF is of another kernel, " +
		"or every CPU is in user mode; fix: try again, check the BTF, or give --symbols")
}

// candidates yields addresses where the section may begin, the likely ones first.
func (k *Kernel) candidates(hints Hints) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		if hints.Section != 0 && !yield(hints.Section) {
			return
		}
		for _, c := range k.cpus {
			if base, ok := k.fromTask(c.Task); ok && !yield(base) {
				return
			}
		}
		starts := []uint64{hints.Near}
		for _, c := range k.cpus {
			starts = append(starts, c.Vectors)
		}
		far := uint64(searched)
		if hints.Within != 0 {
			far = hints.Within
		}
		done := make(map[uint64]bool)
		for _, start := range starts {
			if start = start &^ (pageBytes - 1); !inKernel(start) || done[start] {
				continue
			}
			done[start] = true
			for base := start; base < start+far; base += pageBytes {
				if !yield(base) {
					return
				}
			}
		}
	}
}

// inKernel reports whether addr may be an address of the kernel.
func inKernel(addr uint64) bool { return addr>>52 == 0xfff }

// fromTask computes the address of the section from a task: its ancestor is init_task, which CPU 0 runs when
// it is idle, and which is always in the run queue of CPU 0 itself.
func (k *Kernel) fromTask(task uint64) (base uint64, ok bool) {
	if !k.task.cfs.known || !k.task.parent.known || !k.rqCfs.known || !k.runqueues.known {
		return 0, false
	}
	const generations = 64
	for range generations {
		if !inKernel(task) {
			return 0, false
		}
		pid, err := k.word(k.task.pid, task)
		if err != nil {
			return 0, false
		}
		if pid == 0 {
			break
		}
		if task, err = k.word(k.task.parent, task); err != nil {
			return 0, false
		}
	}
	queue, err := k.word(k.task.cfs, task)
	if err != nil || !inKernel(queue) {
		return 0, false
	}
	cpu := &k.cpus[0]
	if k.task.cpu.known {
		id, err := k.word(k.task.cpu, task)
		if err != nil {
			return 0, false
		}
		for i := range k.cpus {
			if uint64(k.cpus[i].ID) == id {
				cpu = &k.cpus[i]
			}
		}
	}
	return queue - k.rqCfs.offset - k.runqueues.offset - cpu.Offset, true
}

// isSection reports whether the section begins at base: each CPU's copy has the number of the CPU, and
// a task that last ran there. The last CPU is looked at first, since its number is less common than 0.
func (k *Kernel) isSection(base uint64) bool {
	for i := len(k.cpus) - 1; i >= 0; i-- {
		cpu := k.cpus[i]
		at := func(v variable) uint64 { return base + v.offset + cpu.Offset }
		if k.cpuNumber.known {
			n, err := k.word(field{size: 4}, at(k.cpuNumber))
			if err != nil || n != uint64(cpu.ID) {
				return false
			}
		}
		task, err := k.word(field{size: 8}, at(k.entryTask))
		if err != nil || !inKernel(task) || task%8 != 0 {
			return false
		}
		if k.task.cpu.known {
			n, err := k.word(k.task.cpu, task)
			if err != nil || n != uint64(cpu.ID) {
				return false
			}
		}
		if t, err := k.readTask(task); err != nil || !printable(t.comm) {
			return false
		}
	}
	return true
}

// word reads a field of 4 or 8 bytes of the object at addr.
func (k *Kernel) word(f field, addr uint64) (uint64, error) {
	var buf [8]byte
	if err := k.memory.ReadMemory(f.in(addr), buf[:f.size]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(buf[:]), nil
}

// table reads the per-CPU array of pointers of cpu.
func (k *Kernel) table(v variable, cpu *CPU) ([]uint64, error) {
	return Words(k.memory, k.base+v.offset+cpu.Offset, int(v.size/8))
}
