// Call chains and the trace: the machine's calls on them, and one record in the words of a script.

package bindings

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/describe"
)

// modelledFn is the name of a modelled kernel function. Completion offers it with its kernel file.
var modelledFn = describe.NameOf(modelledNames())

func modelledNames() []describe.Word {
	var names []describe.Word
	for _, fn := range sim.Functions() {
		names = append(names, describe.Word{Value: fn.Name, Doc: fn.File})
	}
	return names
}

var chainMethods = []describe.Func{
	{
		Name: "callchain",
		Doc: "The call chain at an entry of a modelled kernel function: names from the function " +
			"itself outwards to the bottom of the thread's stack. A Lua function appears under the " +
			"name by which it was called.",
		Params: []describe.Param{
			param("fn", modelledFn, "the kernel function; one that is not modelled raises"),
			optional("options", describe.Table("callchain_options"), "", ""),
		},
		Results: oneIf("names", describe.Array(describe.String), "", "nil if it was never entered"),
		See:     []string{"assert.callchain", "m:trace", "m:dump_stack_in"},
		Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
print(table.concat(m:callchain("write_wb_reg", { cpu = 0 }), " < "))`,
		Go: func(c *call, m *sim.Machine) int {
			fn, o := c.arg(0).string(), chainOptions{cpu: -1}
			c.fill(1, &o)
			if o.cpu != -1 {
				o.CPU = m.CPU(o.cpu)
			}
			return c.texts(m.Callchain(fn, o.ChainOptions))
		},
	},
	{
		Name:    "trace",
		Doc:     "The records of modelled calls that the machine keeps, in order of entry.",
		Params:  oneIf("filter", describe.Table("trace_filter"), "", ""),
		Results: one("records", describe.Array(describe.Table("trace_record")), ""),
		See:     []string{"m:callchain"},
		Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
for _, r in ipairs(m:trace { fn = "write_wb_reg" }) do
  print(r.cpu, r.args[1], r.args[2], hw.hex(r.args[3]))
end`,
		Go: func(c *call, m *sim.Machine) int {
			f := traceFilter{cpu: -1}
			c.fill(0, &f)
			records, err := f.records(m)
			return answer(c, showRecords, records, err)
		},
	},
	{
		Name:   "dump_stack_in",
		Doc:    "Log a dump_stack, in the kernel's format, at each further entry of a modelled function.",
		Params: one("fn", modelledFn, "the kernel function"),
		See:    []string{"m:dmesg", "m:dump_stack"},
		Sample: `m:dump_stack_in("write_wb_reg")`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.DumpStackIn(c.arg(0).string())) },
	},
	{
		Name: "dump_stack",
		Doc: "Log a dump_stack of the caller, in the kernel's format. A Lua function appears under " +
			"the name by which it was called.",
		Kernel: "lib/dump_stack.c",
		See:    []string{"m:dmesg", "m:dump_stack_in", "m:printk"},
		Sample: `
local function probe() m:dump_stack() end
m:schedule_work(m:work("probe_func", probe))
m:run()
print(table.concat(m:dmesg(), "\n"))`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.DumpStack()) },
	},
}

// A chainOptions holds the options of m:callchain.
type chainOptions struct {
	sim.ChainOptions
	cpu int // -1: any
}

// A traceFilter holds the options of m:trace.
type traceFilter struct {
	fn    string
	cpu   int
	since float64
}

// records returns the records that pass the filter.
func (f *traceFilter) records(m *sim.Machine) ([]record, error) {
	rec := m.Recorder()
	only := -1
	if f.fn != "" {
		if err := m.Modelled(f.fn); err != nil {
			return nil, err
		}
		id, _ := rec.Lookup(f.fn)
		only = int(id)
	}
	if f.cpu < -1 || f.cpu >= m.NrCPUs() {
		return nil, fmt.Errorf("the machine has no cpu%d; its CPUs are 0 to %d", f.cpu, m.NrCPUs()-1)
	}
	var list []record
	for r := range rec.Records {
		if only >= 0 && int(r.Fn) != only || f.cpu >= 0 && int(r.CPU) != f.cpu || seconds(r) < f.since {
			continue
		}
		list = append(list, record{m, rec, r})
	}
	return list, nil
}

// A record is one record of the trace.
type record struct {
	m   *sim.Machine
	rec *trace.Recorder
	*trace.Record
}

func seconds(r *trace.Record) float64 { return float64(r.T) / 1e9 }

// text returns the call and its result as traces show them.
func (r record) text() string {
	e := r.rec.EntryOf(r.Record)
	return e.Text()
}

func showRecords(rt *runtime, m *machine, v []record) lua.LValue {
	return list(rt, m, v, func(rt *runtime, m *machine, r record) lua.LValue {
		rt.s.Steps(1)
		return rt.table(m, "trace_record", &r)
	})
}

func showArgs(rt *runtime, m *machine, r record) lua.LValue {
	t := rt.L.CreateTable(int(r.NArgs), 0)
	for i := range int(r.NArgs) {
		t.RawSetInt(i+1, showAny(rt, m, r.m.TraceArg(r.Record, i)))
	}
	return t
}
