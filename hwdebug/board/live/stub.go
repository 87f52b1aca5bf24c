// A machine behind a gdb stub.

// Package live looks at machines that run: through a gdb stub (package gdb), or at the machine that the
// program itself runs on (/proc/kcore). It joins the registers with the kernel's events (package kernel) and
// finds where they contradict each other.
//
//	s := &live.Stub{Address: "localhost:1234", Layout: layout}
//	b, err := s.Look(ctx)
//
// A look never writes to the machine. Left out: registers of the machine that the program runs on,
// which only a debugger can read.
package live

import (
	"context"
	"fmt"
	"sync"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/gdb"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
)

// A Stub is a machine that a gdb stub shows.
type Stub struct {
	Address string
	Config  gdb.Config
	Layout  *kernel.Layout  // nil: slots do not name their events
	Symbols *kernel.Symbols // may be nil
	Context context.Context // of Refresh; nil: never done

	mu      sync.Mutex // one look at a time
	section uint64     // where the per-CPU data was found
}

// Look halts the machine, reads its registers and, with a Layout, the events in the slots, and lets it
// run on. It returns what it read together with an error if the events could not be read, or if the
// machine may still be halted.
func (s *Stub) Look(ctx context.Context) (*board.Board, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := gdb.Dial(ctx, s.Address, s.Config)
	if err != nil {
		return nil, err
	}
	b, err := s.read(c)
	switch closing := c.Close(); {
	case closing == nil:
		return b, err
	case err == nil:
		return b, closing
	default:
		return b, fmt.Errorf("%w; %w", err, closing)
	}
}

// Refresh looks again.
func (s *Stub) Refresh() (*board.Board, error) {
	ctx := s.Context
	if ctx == nil {
		ctx = context.Background()
	}
	return s.Look(ctx)
}

// read reads everything through an open session.
func (s *Stub) read(c *gdb.Client) (*board.Board, error) {
	cpus, err := c.ReadCPUs()
	if err != nil {
		return nil, err
	}
	extra := c.ReadExtra(cpus)
	b := picture(cpus)
	b.Origin = s
	var k *kernel.Kernel
	if extra == nil && s.Layout != nil {
		k, err = s.events(c, cpus, b)
	}
	judge(b, osLocks(cpus), k)
	if extra != nil {
		return b, extra
	}
	return b, err
}

// events adds to b what the kernel's tables say. After an error b may have some slots only.
func (s *Stub) events(c *gdb.Client, cpus []gdb.CPU, b *board.Board) (*kernel.Kernel, error) {
	list := make([]kernel.CPU, len(cpus))
	for i := range cpus {
		list[i] = kernelCPU(&cpus[i])
	}
	hints := kernel.Hints{Section: s.section, Symbols: s.Symbols}
	if s.Symbols != nil {
		for i := range list {
			if s.Symbols.Fit(list[i].Vectors) {
				break
			}
		}
		hints.Near, _ = s.Symbols.Addr("_einittext")
		if start, ok := s.Symbols.Addr("__per_cpu_start"); ok && hints.Section == 0 {
			hints.Section = start
		}
	}
	k, err := kernel.Open(s.Layout, c, list, hints)
	if err != nil {
		return nil, err
	}
	s.section = k.Section()
	return k, k.Fill(b)
}

// kernelCPU returns what the registers tell about the kernel on a CPU. A kernel at EL2 uses the registers
// of that level.
func kernelCPU(c *gdb.CPU) kernel.CPU {
	k := kernel.CPU{ID: c.ID}
	el := max(level(c.Value), 1)
	k.Offset, _ = c.Value(fmt.Sprintf("TPIDR_EL%d", el))
	k.Vectors, _ = c.Value(fmt.Sprintf("VBAR_EL%d", el))
	k.Task, _ = c.Value("SP_EL0")
	return k
}

// level returns the exception level of the kernel on a CPU with these registers: 2 if HCR_EL2.E2H is set,
// which a kernel with VHE does. Where the stub does not show that register, a pointer in TPIDR_EL2 tells. It
// returns 0 if the stub shows neither.
func level(value func(name string) (uint64, bool)) int {
	const e2h = 1 << 34
	hcr, known := value("HCR_EL2")
	pointer, _ := value("TPIDR_EL2")
	switch {
	case known && hcr&e2h != 0, !known && pointer != 0:
		return 2
	case known:
		return 1
	}
	return 0
}

// picture returns the registers as a board.
func picture(cpus []gdb.CPU) *board.Board {
	b := &board.Board{
		Source: board.FromGDB, BRPs: described(&cpus[0], arm64.BCR), WRPs: described(&cpus[0], arm64.WCR),
	}
	b.EL = level(cpus[0].Value)
	b.CPUs = make([]board.CPU, cpus[len(cpus)-1].ID+1)
	for i := range b.CPUs {
		b.CPUs[i] = board.NewCPU(b.BRPs, b.WRPs)
	}
	for i := range cpus {
		c := &b.CPUs[cpus[i].ID]
		for _, bank := range []struct {
			base int
			to   []board.Value
		}{{arm64.BVR, c.BVR}, {arm64.BCR, c.BCR}, {arm64.WVR, c.WVR}, {arm64.WCR, c.WCR}} {
			for n := range bank.to {
				bank.to[n] = value(&cpus[i], arm64.RegName(bank.base+n))
			}
		}
		c.MDSCR = value(&cpus[i], "MDSCR_EL1")
	}
	return b
}

// described returns how many registers of a bank were read.
func described(c *gdb.CPU, bank int) int {
	n := 0
	for i := range arm64.MaxRegs {
		if _, ok := c.Value(arm64.RegName(bank + i)); ok {
			n = i + 1
		}
	}
	return max(n, 1)
}

func value(c *gdb.CPU, name string) board.Value {
	bits, known := c.Value(name)
	return board.Value{Bits: bits, Known: known}
}

// osLocks returns the CPUs whose OS lock is set.
func osLocks(cpus []gdb.CPU) []int {
	const locked = 1 << 1 // OSLK
	var list []int
	for i := range cpus {
		if v, _ := cpus[i].Value("OSLSR_EL1"); v&locked != 0 {
			list = append(list, cpus[i].ID)
		}
	}
	return list
}
