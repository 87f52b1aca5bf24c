// Tracers: who makes a ptrace request, and the requests of 32-bit ones.

package bindings

import (
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	tracerParam = optional("options", describe.Table("tracer_options"), "the script, a 64-bit tracer", "")
	numberParam = param("num", describe.Int,
		"0: the resource info; n above 0: the address (odd) or the control word (even) of a breakpoint; "+
			"below 0: of a watchpoint")
	compatTracer = optional("options", describe.Table("tracer_options"), "a 32-bit tracer", "")
	errEIO       = errno("EIO", "the tracer is a 64-bit task, which does not have this request")
)

// tracerRequests are the requests of a 32-bit tracer.
var tracerRequests = []describe.Func{
	{
		Name: "ptrace_sethbpregs",
		Doc: "Write one debug register of the task, as PTRACE_SETHBPREGS of a 32-bit tracer " +
			"does. Writing number 0 does nothing.",
		Params: []describe.Param{numberParam, param("value", describe.Hex, "32 bits"), compatTracer},
		Errors: []describe.Errno{
			errEIO, errno("ENOSPC", "the entry does not fit"),
			errno("EINVAL", "the address, mask or type is invalid, or the number is beyond 32"), errSrch,
		},
		Kernel: ptraceC,
		See:    []string{"t:ptrace_gethbpregs", "t:ptrace_set"},
		Sample: `
local t, gdb = m:task { compat = true }, m:task { comm = "gdb", compat = true }
assert(t:ptrace_sethbpregs(-1, 0x1000, { tracer = gdb }))
assert(t:ptrace_sethbpregs(-2, 0x1f5, { tracer = gdb }))
print(t:store(0x1000, 4))`,
		Go: func(c *call, t *sim.Task) int {
			num, v := c.arg(0).int(), c.arg(1).u32()
			return c.done(t.PtraceSetHBPRegs(c.tracer(2), num, v))
		},
	},
	{
		Name:    "ptrace_gethbpregs",
		Doc:     "Read one debug register of the task, as PTRACE_GETHBPREGS of a 32-bit tracer does.",
		Params:  []describe.Param{numberParam, compatTracer},
		Results: one("value", describe.Hex, ""),
		Errors:  []describe.Errno{errEIO, errno("EINVAL", "the number is beyond 32"), errSrch},
		Kernel:  ptraceC,
		See:     []string{"t:ptrace_sethbpregs", "t:ptrace_get"},
		Sample:  `print(hw.hex(m:task { compat = true }:ptrace_gethbpregs(0)))`,
		Go: func(c *call, t *sim.Task) int {
			num := c.arg(0).int()
			v, err := t.PtraceGetHBPRegs(c.tracer(1), num)
			return c.u64(uint64(v), err)
		},
	},
}

// tracer returns the tracer that argument i names, nil if it was left out.
func (c *call) tracer(i int) *sim.Task {
	var o tracerOptions
	c.fill(i, &o)
	return o.tracer
}

// tracerOptions are the options of ptrace requests.
type tracerOptions struct{ tracer *sim.Task }

var tracerFields = []describe.Field{
	maybe("tracer", describe.Object("task"), "the task that makes the request",
		set(func(v value, o *tracerOptions) { o.tracer = v.task() })),
}
