// Classes event, wide, hit, refusal and work.

package bindings

import (
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var eventClass = describe.Class{
	Name: "event",
	Doc: "One perf event: a breakpoint or watchpoint of a task or of a CPU. It lives until it is closed or unregistered; then its fields can " +
		"still be read.",
	Fields: []describe.Field{
		{Name: "id", Type: describe.Int, Doc: "Its number on the machine, as in w5.", Go: (*sim.Event).ID},
		{Name: "label", Type: describe.String, Doc: "What messages and traces call it: b1 or w5.", Go: (*sim.Event).Label},
		{Name: "name", Type: describe.String, Optional: true, Doc: "The name that it was given, nil without one.",
			Go: func(ev *sim.Event) (string, bool) { n := ev.Attr().Name; return n, n != "" }},
		{Name: "type", Type: bpType, Doc: "What it watches for.", Change: "ev:modify { type = ... } changes it", Go: (*sim.Event).Type},
		{Name: "addr", Type: describe.U64, Doc: "The address, as asked.", Change: "ev:modify { addr = ... } changes it", Go: (*sim.Event).Addr},
		{Name: "len", Type: describe.U64, Doc: "The length in bytes, as asked.", Change: "ev:modify { len = ... } changes it", Go: (*sim.Event).Len},
		{Name: "cpu", Type: describe.Int, Doc: "The CPU that it counts on; -1: it follows its task.", Go: (*sim.Event).CPU},
		{Name: "task", Type: describe.Object("task"), Optional: true, Doc: "The task that it belongs to, nil for a CPU's own.", Go: (*sim.Event).Task},
		{Name: "state", Type: describe.Enum("off", "disabled", "inactive", "enabled, in no register", "active", "in a register", "error", "a pinned one that did not fit",
			"exit", "its task has exited", "dead", "released"), Doc: "What it does.", Change: "ev:enable() and ev:disable() change it", Go: func(ev *sim.Event) string { return ev.State().String() }},
		{Name: "count", Type: describe.U64, Doc: "How often it was hit.", Go: (*sim.Event).Count},
		{Name: "attr", Type: describe.Table("attr"), Doc: "Its attributes, as a table of your own.", Change: "ev:modify { ... } changes them", Go: (*sim.Event).Attr},
		{Name: "slot", Type: describe.Int, Optional: true, Doc: "The slot that it is in, nil while it is in none.", Go: (*sim.Event).Slot},
		{Name: "wide", Type: describe.Object("wide"), Optional: true, Doc: "The wide registration that it is part of.", Go: (*sim.Event).Wide},
		{Name: "closed", Type: describe.Bool, Doc: "Whether it was closed or unregistered.", Go: (*sim.Event).Closed},
	},
	Methods: []describe.Func{
		{
			Name: "enable", Doc: "Enable it and what inherited from it, as PERF_EVENT_IOC_ENABLE does.", Kernel: coreC, See: []string{"m:perf_event_enable"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0, disabled = true })
ev:enable()
assert.equals("active", ev.state)`,
			Go: (*sim.Event).Enable,
		},
		{
			Name: "disable", Doc: "Disable it and what inherited from it, as PERF_EVENT_IOC_DISABLE does.", Kernel: coreC, See: []string{"m:perf_event_disable"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
ev:disable()
assert.equals("off", ev.state)`,
			Go: (*sim.Event).Disable,
		},
		{
			Name: "modify", Doc: "Change it in place, as PERF_EVENT_IOC_MODIFY_ATTRIBUTES does. Fields left out keep what ev.attr has.",
			Params: []describe.Param{{Name: "attr", Type: describe.Table("attr"), Doc: "what changes"}}, Errors: modErrs, Kernel: coreC, See: []string{"m:modify_user_hw_breakpoint"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
assert(ev:modify { addr = 0xffffff8008080008 })`,
			Go: func(ev *sim.Event, fill Fill[Attr]) error {
				a := Attr{Attr: ev.Attr()}
				fill(&a)
				return ev.Modify(a.Attr)
			},
		},
		{
			Name: "read", Doc: "Read the count as from the file.", Kernel: coreC,
			Results: []describe.Param{{Name: "count", Type: describe.U64, Optional: true, Doc: "hits of it and of what inherited from it; nil in the error state, where the file ends at once"}},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
print(ev:read())`,
			Go: (*sim.Event).Read,
		},
		{
			Name: "close", Doc: "Close the last file descriptor: the event leaves its register and its reservation is released.", Kernel: coreC,
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
ev:close()
assert.no_leaks(m)`,
			Go: (*sim.Event).Close,
		},
	},
}

var wideClass = describe.Class{
	Name: "wide", Doc: "A wide registration: one event for each CPU that was online.",
	Index: &describe.Indexed{Key: describe.Param{Name: "cpu", Type: describe.Int}, Value: describe.Union(describe.Object("event"), describe.Nil),
		Each: "for cpu in m:cpus() do local ev = w[cpu.id] ... end goes through its events",
		Doc:  "That CPU's event, nil where there is none.", Go: (*sim.Wide).Event},
	Fields: []describe.Field{
		{Name: "id", Type: describe.Int, Doc: "Its number on the machine.", Go: (*sim.Wide).ID},
		{Name: "closed", Type: describe.Bool, Doc: "Whether it was unregistered.", Go: (*sim.Wide).Closed},
	},
	Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
for cpu in m:cpus() do print(cpu.id, w[cpu.id].slot) end`,
}

var hitClass = describe.Class{
	Name: "hit", Doc: "What a handler is told: one access that an event watched for.",
	Fields: []describe.Field{
		{Name: "cpu", Type: describe.Int, Doc: "The CPU's number.", Go: func(h *sim.Hit) int { return h.CPU }},
		{Name: "task", Type: describe.Object("task"), Doc: "The task that was current.", Go: func(h *sim.Hit) *sim.Task { return h.Task }},
		{Name: "el", Type: describe.Int, Doc: "The exception level of the access, 0 or 1.", Go: func(h *sim.Hit) int { return h.EL }},
		{Name: "kind", Type: describe.Enum("load", "a load", "store", "a store", "exec", "an instruction"), Doc: "What it was.", Go: func(h *sim.Hit) string { return h.Kind.String() }},
		{Name: "addr", Type: describe.U64, Doc: "The address that was reported, with its tag.", Go: func(h *sim.Hit) uint64 { return h.Addr }},
		{Name: "size", Type: describe.Int, Doc: "The bytes of the access.", Go: func(h *sim.Hit) int { return h.Size }},
		{Name: "pc", Type: describe.U64, Doc: "Where it was made.", Go: func(h *sim.Hit) uint64 { return h.PC }},
		{Name: "slot", Type: describe.Int, Doc: "The slot of the event.", Go: func(h *sim.Hit) int { return h.Slot }},
		{Name: "skip", Type: describe.Bool, Writable: true, Doc: "Set it to true in the handler to move the pc past the instruction, which is then not performed.",
			Go: func(h *sim.Hit) *bool { return &h.Skip }},
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
	Name: "refusal", Doc: "Why a call was refused; tostring says it all in words.",
	Fields: []describe.Field{
		{Name: "errno", Type: describe.String, Doc: "The errno's name.", Go: func(r *hwdebug.Error) string { return ErrnoName(r.Errno) }},
		{Name: "rule", Type: describe.String, Doc: "The rule of the specification that refused, such as R-CON-7.", Go: func(r *hwdebug.Error) string { return r.Rule }},
		{Name: "fn", Type: describe.String, Doc: "The kernel function that refused.", Go: func(r *hwdebug.Error) string { return r.Fn }},
		{Name: "asked", Type: describe.String, Doc: "What was asked for.", Go: func(r *hwdebug.Error) string { return r.Asked }},
		{Name: "holders", Type: describe.Array(describe.Object("event")), Doc: "The events that hold the slots, the CPU's own first, then the task's that counts.",
			Go: func(r *hwdebug.Error) []hwdebug.Holder { return r.Holders }},
	},
	Sample: `
for i = 0, 4 do m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 } end
for _, ev in ipairs(m:why().holders) do print(ev.label, hw.hex(ev.addr)) end`,
}

var workClass = describe.Class{
	Name: "work", Doc: "A work item, delayed or not.",
	Fields: []describe.Field{
		{Name: "name", Type: describe.String, Doc: "The function's name.", Go: (*sim.Work).Name},
		{Name: "pending", Type: describe.Bool, Doc: "Whether it is queued or its timer is armed. It is not while its function runs.", Go: (*sim.Work).Pending},
		{Name: "running", Type: describe.Bool, Doc: "Whether its function runs.", Go: (*sim.Work).Running},
		{Name: "runs", Type: describe.Int, Doc: "How often its function was started.", Go: (*sim.Work).Runs},
	},
	Sample: `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "28s")
assert(dw.pending)`,
}

// ErrnoName is the name of an errno, or its number in text.
func ErrnoName(e syscall.Errno) string { return hwdebug.ErrnoName(e) }
