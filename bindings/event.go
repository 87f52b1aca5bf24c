// Classes event, wide, hit and refusal.

package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var typeOrNumber = describe.Union(typeWords.typ(), describe.Int)

var eventClass = describe.Class{
	Name:  "event",
	Short: "ev",
	Doc: "One perf event: a breakpoint or watchpoint of a task or of a CPU. It lives until it is " +
		"closed or unregistered; its fields can be read even after that.",
	Fields: []describe.Field{
		prop("id", "Its number on the machine: 5 for w5.", (*sim.Event).ID),
		prop("label", "Its name in messages and traces: b1 or w5.", (*sim.Event).Label),
		maybe("name", describe.String, "The name that the script gave it, nil without one.",
			getIf(func(ev *sim.Event) (string, bool) { n := ev.Attr().Name; return n, n != "" })),
		changing("type", "The accesses that it watches for.", "ev:modify { type = ... } changes it",
			(*sim.Event).Type),
		inHex(changing("addr", "The address, as asked.", "ev:modify { addr = ... } changes it",
			(*sim.Event).Addr)),
		changing("len", "The length in bytes, as asked.", "ev:modify { len = ... } changes it",
			(*sim.Event).Len),
		prop("cpu", "The CPU that it counts on; -1 if it follows its task.", (*sim.Event).CPU),
		maybe("task", describe.Object("task"), "The task that it belongs to, nil for an event of a CPU.",
			get((*sim.Event).Task)),
		{
			Name: "state", Doc: "Its state.",
			Type: describe.Enum(
				"off", "disabled",
				"inactive", "enabled, in no register",
				"active", "in a register",
				"error", "pinned, and did not fit",
				"exit", "its task has exited",
				"dead", "released",
			),
			Change: "ev:enable() and ev:disable() change it",
			Go:     get(func(ev *sim.Event) string { return ev.State().String() }),
		},
		prop("count", "The number of its hits.", (*sim.Event).Count),
		maybe("group", describe.Object("event"), "The leader of the group that it is a member of.",
			show(func(rt *runtime, m *machine, ev *sim.Event) lua.LValue {
				if l := ev.Leader(); l != ev {
					return showEvent(rt, m, l)
				}
				return lua.LNil
			})),
		{
			Name: "attr", Type: describe.Table("attr"), Doc: "Its attributes, in a new table.",
			Change: "ev:modify { ... } changes them",
			Go: show(func(rt *runtime, m *machine, ev *sim.Event) lua.LValue {
				return rt.table(m, "attr", &attr{Attr: ev.Attr()})
			}),
		},
		maybe("slot", describe.Int, "Its slot, nil while it is in no register.", getIf((*sim.Event).Slot)),
		maybe("wide", describe.Object("wide"), "The wide registration that it is part of.",
			get((*sim.Event).Wide)),
		prop("closed", "Whether it was closed or unregistered.", (*sim.Event).Closed),
	},
	Methods: []describe.Func{
		{
			Name:   "enable",
			Doc:    "Enable it and the events that inherited from it, as PERF_EVENT_IOC_ENABLE does.",
			Params: oneIf("options", describe.Table("ioctl_options"), "the event alone", ""),
			Kernel: coreC,
			See:    []string{"m:perf_event_enable"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
  disabled = true })
ev:enable()
assert.equals("active", ev.state)`,
			Go: ioctl((*sim.Event).Enable, (*sim.Event).EnableGroup),
		},
		{
			Name:   "disable",
			Doc:    "Disable it and the events that inherited from it, as PERF_EVENT_IOC_DISABLE does.",
			Params: oneIf("options", describe.Table("ioctl_options"), "the event alone", ""),
			Kernel: coreC,
			See:    []string{"m:perf_event_disable"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
ev:disable()
assert.equals("off", ev.state)`,
			Go: ioctl((*sim.Event).Disable, (*sim.Event).DisableGroup),
		},
		{
			Name: "modify",
			Doc: "Change it in place, as PERF_EVENT_IOC_MODIFY_ATTRIBUTES does. Fields that are left " +
				"out keep the values of ev.attr.",
			Params: []describe.Param{changes},
			Errors: modErrs,
			Kernel: coreC,
			See:    []string{"m:modify_user_hw_breakpoint"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
assert(ev:modify { addr = 0xffffff8008080008 })`,
			Go: func(c *call, ev *sim.Event) int { return c.done(ev.Modify(c.modified(0, ev))) },
		},
		{
			Name: "read",
			Doc:  "Read the count, as from the file.",
			Results: oneIf("count", describe.U64, "",
				"its hits and those of the events that inherited from it; nil in the error "+
					"state, where the file is at its end"),
			Kernel: coreC,
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
print(ev:read())`,
			Go: func(c *call, ev *sim.Event) int {
				n, ok, err := ev.Read()
				if !ok && err == nil {
					return c.value(lua.LNil)
				}
				return c.u64(n, err)
			},
		},
		{
			Name: "read_values",
			Doc: "Read what read_format asked for: the count or those of the group, and the times. In the " +
				"error state, in which a read returns 0 bytes, it returns nil and a message.",
			Results: oneIf("values", describe.Table("event_values"), "", "nil in the error state"),
			Kernel:  coreC,
			See:     []string{"ev:read"},
			Sample: `
local leader = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
  read_format = { "group", "total_time_enabled" } })
assert(m:perf_event_open { type = "w", addr = 0xffffff8008080008, len = 8, cpu = 0, group = leader })
m.cpu[0]:store(0xffffff8008080008, 8)
local v = leader:read_values()
assert.equals(leader, v.group[1][1])
assert.equals(1, v.group[2].count)`,
			Go: readValues,
		},
		{
			Name: "reset",
			Doc: "Set its count to 0, and those of the events that inherited from it, as " +
				"PERF_EVENT_IOC_RESET does.",
			Kernel: coreC,
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
m.cpu[0]:store(0xffffff8008080000, 8)
assert(ev:reset())
assert.equals(0, ev:read())`,
			Go: func(c *call, ev *sim.Event) int { return c.done(ev.Reset()) },
		},
		{
			Name: "refresh",
			Doc: "Enable it for n samples more, as PERF_EVENT_IOC_REFRESH does: the last of them disables " +
				"it. From 6.16 on it then counts nothing more until ev:period().",
			Params: one("n", describe.Int, "samples"),
			Errors: []describe.Errno{errno("EINVAL", "it has no sample_period, or inherits")},
			Kernel: coreC,
			See:    []string{"ev:period"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
  sample_period = 1, disabled = true })
assert(ev:refresh(1))
m.cpu[0]:store(0xffffff8008080000, 8)
assert.equals("off", ev.state)`,
			Go: func(c *call, ev *sim.Event) int { return c.done(ev.Refresh(int32(c.arg(0).int()))) },
		},
		{
			Name:   "period",
			Doc:    "Set its sample_period, or its frequency, as PERF_EVENT_IOC_PERIOD does.",
			Params: one("n", describe.U64, "hits, or Hz"),
			Errors: []describe.Errno{errno("EINVAL", "it has no sample_period, or n is 0 or too large")},
			Kernel: coreC,
			See:    []string{"ev:refresh"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0,
  sample_period = 1 })
assert(ev:period(3))
assert.errno("EINVAL", ev:period(0))`,
			Go: func(c *call, ev *sim.Event) int { return c.done(ev.Period(c.arg(0).u64())) },
		},
		{
			Name: "close",
			Doc: "Close the last file descriptor: the event leaves its register and its reservation " +
				"is released.",
			Kernel: coreC,
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
ev:close()
assert.no_leaks(m)`,
			Go: func(c *call, ev *sim.Event) int { return c.done(ev.Close()) },
		},
	},
}

// ioctl returns a method that calls one for the event, or whole for its group if the options say so.
func ioctl(one, whole func(*sim.Event) error) func(*call, *sim.Event) int {
	return func(c *call, ev *sim.Event) int {
		var o ioctlOptions
		if c.fill(0, &o); o.group {
			return c.done(whole(ev))
		}
		return c.done(one(ev))
	}
}

var wideClass = describe.Class{
	Name:  "wide",
	Short: "w",
	Doc:   "A wide registration: one event for each CPU that was online.",
	Index: &describe.Indexed{
		Key:   param("cpu", describe.Int, ""),
		Value: describe.Union(describe.Object("event"), describe.Nil),
		Doc:   "That CPU's event, nil if it has none.",
		Each:  "for cpu in m:cpus() do local ev = w[cpu.id] ... end iterates over its events",
		Go: elementOf(func(rt *runtime, m *machine, w *sim.Wide, n int) (lua.LValue, error) {
			ev, err := w.Event(n)
			if err != nil {
				return lua.LNil, nil
			}
			return showEvent(rt, m, ev), nil
		}),
	},
	Fields: []describe.Field{
		prop("id", "Its number on the machine.", (*sim.Wide).ID),
		prop("closed", "Whether it was unregistered.", (*sim.Wide).Closed),
	},
	Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
for cpu in m:cpus() do print(cpu.id, w[cpu.id].slot) end`,
}

var hitClass = describe.Class{
	Name: "hit",
	Doc:  "One access that an event watched for, as its handler gets it.",
	Fields: []describe.Field{
		prop("cpu", "The CPU's number.", func(h *sim.Hit) int { return h.CPU }),
		prop("task", "The task that was current.", func(h *sim.Hit) *sim.Task { return h.Task }),
		prop("el", "The exception level of the access, 0 or 1.", func(h *sim.Hit) int { return h.EL }),
		field("kind", kindWords.typ(), "The kind of the access.",
			get(func(h *sim.Hit) string { return h.Kind.String() })),
		inHex(prop("addr", "The address that was reported, with its tag.",
			func(h *sim.Hit) uint64 { return h.Addr })),
		prop("size", "The bytes of the access.", func(h *sim.Hit) int { return h.Size }),
		{
			Name: "pc", Type: describe.Hex, Writable: true,
			Doc: "The address of the instruction: the one that the access named, else one that follows " +
				"from the line of the script. A handler that writes it moves the task there, and the " +
				"instruction is not performed.",
			Go: at(func(h *sim.Hit) *uint64 { return &h.PC }),
		},
		prop("pc_made_up", "Whether the access named no pc.", func(h *sim.Hit) bool { return h.PCMadeUp }),
		prop("slot", "The slot of the event.", func(h *sim.Hit) int { return h.Slot }),
		{
			Name: "skip", Type: describe.Bool, Writable: true,
			Doc: "Set it to true in the handler to move the pc past the instruction, which is then " +
				"not performed.",
			Go: at(func(h *sim.Hit) *bool { return &h.Skip }),
		},
	},
	Sample: `
local t = m:task {}
m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t, on_hit = function(ev, hit)
  print(hit.kind, hw.hex(hit.addr), hit.task.comm)
  hit.skip = true
end }
t:store(0x1000, 8)`,
}

var refusalClass = describe.Class{
	Name: "refusal",
	Doc:  "The reason why a call was refused. tostring gives the whole explanation in words.",
	Fields: []describe.Field{
		prop("errno", "The errno's name.",
			func(r *hwdebug.Error) string { return hwdebug.ErrnoName(r.Errno) }),
		prop("rule", "The rule of the specification that refused, such as R-CON-7.",
			func(r *hwdebug.Error) string { return r.Rule }),
		prop("fn", "The kernel function that refused.", func(r *hwdebug.Error) string { return r.Fn }),
		prop("asked", "The request.", func(r *hwdebug.Error) string { return r.Asked }),
		field("holders", describe.Array(describe.Object("event")),
			"The events that hold the slots: first those of the CPU, then those of the task that counts.",
			show(showHolders)),
	},
	Sample: `
for i = 0, 4 do m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 } end
for _, ev in ipairs(m:why().holders) do print(ev.label, hw.hex(ev.addr)) end`,
}

func showHolders(rt *runtime, m *machine, r *hwdebug.Error) lua.LValue {
	return list(rt, m, r.Holders, func(rt *runtime, m *machine, h hwdebug.Holder) lua.LValue {
		return showEvent(rt, m, m.m.EventByID(h.ID))
	})
}
