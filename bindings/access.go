// Accesses: what loads, stores and atomic instructions take, of a CPU and of a task.

package bindings

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	accessParam  = optional("options", describe.Table("access_options"), "", "")
	storedOut    = one("stored", describe.Bool, "false for a store exclusive that found the monitor lost")
	atomicParams = []describe.Param{
		param("op", atomicWords.typ(), "the operation"), addrParam,
		param("size", describe.Int, "1, 2, 4 or 8 bytes"),
		param("value", describe.U64, "the operand"),
	}
)

// atomicWords are the operations of atomic instructions.
var atomicWords = vocabulary[sim.AtomicOp]{
	{"add", sim.AtomicAdd, "ldadd"},
	{"swp", sim.AtomicSwp, "swp"},
	{"set", sim.AtomicSet, "ldset: or"},
	{"clr", sim.AtomicClr, "ldclr: and not"},
	{"eor", sim.AtomicEor, "ldeor"},
}

var accessFields = []describe.Field{
	inHex(option("pc", "made up", "the address of the instruction, at which breakpoints match it",
		func(o *sim.AccessOptions) *uint64 { return &o.PC })),
	flag("exclusive",
		"ldxr sets the CPU's monitor, stxr stores only if it is still set; every exception clears it",
		func(o *sim.AccessOptions) *bool { return &o.Exclusive }),
	flag("zva", "dc zva: a store of 64 bytes of zeroes to the block of the address",
		func(o *sim.AccessOptions) *bool { return &o.ZVA }),
}

var execFields = []describe.Field{
	flag("svc", "the instruction is a system call", func(o *sim.AccessOptions) *bool { return &o.SVC }),
}

// An accessor performs one access with options.
type accessor func(k hwdebug.Kind, addr uint64, size int, v uint64, o sim.AccessOptions) (uint64, bool, error)

// loadBy runs a load: plain, unless the script gives options.
func loadBy(c *call, plain func(uint64, int) (uint64, error), full accessor) int {
	addr, size := c.arg(0).u64(), c.arg(1).int()
	if !c.given(2) {
		return c.u64(plain(addr, size))
	}
	var o sim.AccessOptions
	c.fill(2, &o)
	v, _, err := full(hwdebug.Load, addr, size, 0, o)
	return c.u64(v, err)
}

// storeBy runs a store: plain, unless the script gives options.
func storeBy(c *call, plain func(uint64, int, uint64) error, full accessor) int {
	addr, size, v := c.arg(0).u64(), c.arg(1).int(), c.arg(2).u64()
	if !c.given(3) {
		return c.done(plain(addr, size, v))
	}
	var o sim.AccessOptions
	c.fill(3, &o)
	_, stored, err := full(hwdebug.Store, addr, size, v, o)
	return c.bool(stored, err)
}

// atomicBy runs an atomic instruction.
func atomicBy(c *call, do func(sim.AtomicOp, uint64, int, uint64) (uint64, error)) int {
	op, addr, size := word(c.arg(0), atomicWords), c.arg(1).u64(), c.arg(2).int()
	return c.u64(do(op, addr, size, c.arg(3).u64()))
}
