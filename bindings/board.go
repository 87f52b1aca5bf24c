// Boards: real machines, looked at. A script reads their registers, events and findings as those of a
// machine, and gets nil for what the source does not tell.

package bindings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
	"github.com/hwlua/hwlua/vm/describe"
)

// An Option changes the Options of Hardware.
type Option func(*Options)

// WithBoard gives scripts the global board. A script changes nothing of b.
func WithBoard(b *board.Board) Option { return func(o *Options) { o.Board = b } }

// A boardView is a board as one runtime shows it.
type boardView struct {
	b      *board.Board
	owner  *machine // holds what its objects refer to, without a machine
	cpus   *lua.LUserData
	cpu    map[int]*lua.LUserData
	events map[int]*lua.LTable // by ID
}

// boardCPUs are the CPUs of a board.
type boardCPUs struct{ v *boardView }

// Len returns the number of CPUs.
func (l boardCPUs) Len() int { return len(l.v.b.CPUs) }

// A boardCPU is one CPU of a board.
type boardCPU struct {
	v *boardView
	n int
}

func (c boardCPU) cpu() *board.CPU { return &c.v.b.CPUs[c.n] }

// A boardBank is one bank of registers of a board's CPU.
type boardBank struct {
	name string
	list []board.Value
}

// Len returns the number of registers.
func (b boardBank) Len() int { return len(b.list) }

// A boardSlots is one table of slots of a board's CPU.
type boardSlots struct {
	v    *boardView
	list []board.Slot
}

// Len returns the number of slots.
func (s boardSlots) Len() int { return len(s.list) }

// showBoard returns the userdata of a board.
func (rt *runtime) showBoard(b *board.Board) *lua.LUserData {
	v := &boardView{b: b, cpu: map[int]*lua.LUserData{}, events: map[int]*lua.LTable{}}
	v.owner = &machine{rt: rt, L: rt.L, held: rt.L.CreateTable(0, 0)}
	rt.s.Charge(int64(len(b.CPUs))*1024 + int64(len(b.Events)+len(b.Findings))*512)
	return newObject(v.owner, clsBoard, v)
}

const boardSample = "local board = hw.board(\"  agent-1 [000] d.... 1.5: control: " +
	"(hw_breakpoint_control+0x0/0x224) \"\n" +
	"  .. \"bp=0xffff000002c3ce00 ops=0\")\n"

var boardFunc = describe.Func{
	Name: "board",
	Doc: "A board from the text of a trace (of hwlua probes, tracefs, trace-cmd, perf script, " +
		"dmesg) or of a " +
		"file that hwlua attach --save wrote. Raises where nothing in the text can be read.",
	Params:  one("text", describe.String, "the text"),
	Results: one("board", describe.Object("board"), ""),
	Sample:  boardSample + "print(board.nr_cpus, board.source)",
	Go: func(c *call) int {
		b, err := readBoard(c.arg(0).text())
		if err != nil {
			c.bad(err)
		}
		return c.value(c.rt.showBoard(b))
	},
}

// readBoard reads a board from text.
func readBoard(text string) (*board.Board, error) {
	if board.IsSaved(text) {
		return board.Load(text)
	}
	r, err := rebuild.Read(rebuild.Options{}, []byte(text))
	if err != nil {
		return nil, err
	}
	return r.Board(), nil
}

var boardClass = describe.Class{
	Name: "board",
	Doc: "A real machine that is only looked at: through a trace, a gdb stub, or its own " +
		"/proc/kcore. What its " +
		"source does not know is nil, never 0.",
	Sample: boardSample + "print(board.core_num_wrps, board.cpu[0].wcr[0])",
	Fields: []describe.Field{
		prop("nr_cpus", "The number of CPUs.", func(v *boardView) int { return len(v.b.CPUs) }),
		prop("core_num_brps", "The breakpoint registers that the kernel uses.",
			func(v *boardView) int { return v.b.BRPs }),
		prop("core_num_wrps", "The watchpoint registers that the kernel uses.",
			func(v *boardView) int { return v.b.WRPs }),
		maybe("kernel", describe.String, "The kernel's release.",
			getIf(func(v *boardView) (string, bool) { return v.b.Kernel, v.b.Kernel != "" })),
		prop("source", "Where it comes from: trace, gdb or kcore.",
			func(v *boardView) string { return string(v.b.Source) }),
		field("cpu", describe.Object("board_cpus"), "The CPUs, from 0.",
			show(func(_ *runtime, m *machine, v *boardView) lua.LValue {
				return lazily(m, &v.cpus, clsBoardCPUs, boardCPUs{v})
			})),
	},
	Methods: []describe.Func{
		{
			Name: "at",
			Doc: "The board at a time of its trace, in seconds. A board that is not " +
				"of a trace raises.",
			Params:  one("t", describe.Number, "seconds, as the trace has them"),
			Results: one("board", describe.Object("board"), ""),
			Sample:  boardSample + "print(board:at(1.5).cpu[0].wcr[0])",
			Go: func(c *call, v *boardView) int {
				r, ok := v.b.Origin.(board.Recorded)
				if !ok {
					c.rt.s.Raise(c.L, fmt.Errorf("a board of %s has no other "+
						"moments; board:refresh() looks again",
						v.b.Source))
				}
				b, err := r.At(time.Duration(c.arg(0).float() * float64(time.Second)))
				if err != nil {
					c.bad(err)
				}
				return c.value(c.rt.showBoard(b))
			},
		},
		{
			Name:    "refresh",
			Doc:     "Look again, and return what has changed. A board of a trace raises.",
			Results: one("changes", describe.Array(describe.Table("board_change")), ""),
			Sample:  boardSample + "print(pcall(board.refresh, board))",
			Go:      refreshBoard,
		},
		{
			Name:    "events",
			Doc:     "The events that exist.",
			Results: boardEvents, Sample: boardSample + "print(#board:events())",
			Go: func(c *call, v *boardView) int {
				list := c.L.CreateTable(len(v.b.Events), 0)
				for i := range v.b.Events {
					list.Append(v.event(c.rt, &v.b.Events[i]))
				}
				return c.value(list)
			},
		},
		{
			Name:    "refusals",
			Doc:     "The requests that were refused, with who held the slots.",
			Results: boardEvents, Sample: boardSample + "print(#board:refusals())",
			Go: func(c *call, v *boardView) int { return v.findings(c, v.b.Refusals()) },
		},
		{
			Name:    "leaks",
			Doc:     "The events that were never released.",
			Results: boardEvents, Sample: boardSample + "print(#board:leaks())",
			Go: func(c *call, v *boardView) int { return v.findings(c, v.b.Leaks()) },
		},
		{
			Name:    "findings",
			Doc:     "All findings, worst first.",
			Results: boardEvents, Sample: boardSample + "for _, f in " +
				"ipairs(board:findings()) do print(f.finding) end",
			Go: func(c *call, v *boardView) int { return v.findings(c, v.b.Findings) },
		},
		{
			Name: "model",
			Doc: "A machine brought into the same state, so that m:why() and " +
				"what-ifs work on it.",
			Results: one("m", describe.Object("machine"), ""),
			Errors: []describe.Errno{errno("EOPNOTSUPP", "the board does not tell its "+
				"state, or the model cannot have it")},
			Sample: boardSample + "print(board:model())",
			Go: func(c *call, v *boardView) int {
				m, err := rebuild.Model(v.b)
				if err != nil {
					return c.fail(err)
				}
				c.rt.s.Charge(newMachineBytes)
				return c.value(c.rt.adopt(m).ud)
			},
		},
		{
			Name:    "scenario",
			Doc:     "The text of a scenario that does on the model what the board did.",
			Results: textOut,
			Sample:  boardSample + "print(#board:scenario() > 0)",
			Go: func(c *call, v *boardView) int {
				text, err := rebuild.Scenario(v.b)
				if err != nil {
					c.rt.s.Raise(c.L, err)
				}
				return c.value(c.rt.text(text))
			},
		},
	},
}

var boardEvents = one("list", describe.Array(describe.Table("board_event")), "")

// refreshBoard looks at a live board again.
func refreshBoard(c *call, v *boardView) int {
	live, ok := v.b.Origin.(board.Live)
	if !ok {
		c.rt.s.Raise(c.L, errors.New("a board that was recorded does not change; "+
			"board:at(t) shows another moment"))
	}
	b, err := live.Refresh()
	if err != nil {
		c.rt.s.Raise(c.L, err)
	}
	list := c.L.CreateTable(0, 0)
	for _, d := range board.Diff(v.b, b) {
		t := c.L.CreateTable(0, 4)
		t.RawSetString("cpu", c.rt.int(d.CPU))
		t.RawSetString("reg", lua.LString(d.Reg))
		t.RawSetString("was", c.rt.known(d.Was))
		t.RawSetString("is", c.rt.known(d.Is))
		list.Append(t)
	}
	v.b, v.events = b, map[int]*lua.LTable{}
	return c.value(list)
}

// known returns a register's value, nil if it is not known.
func (rt *runtime) known(v board.Value) lua.LValue {
	if !v.Known {
		return lua.LNil
	}
	return rt.u64(v.Bits)
}

var boardCPUsClass = describe.Class{
	Name: "board_cpus",
	Doc:  "The CPUs of a board, board.cpu.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Object("board_cpu"),
		Doc:   "CPU n, from 0; any other number raises.",
		Each:  "for n = 0, board.nr_cpus - 1 goes through them",
		Go: elementOf(func(_ *runtime, m *machine, l boardCPUs, n int) (lua.LValue, error) {
			if n < 0 || n >= l.Len() {
				return nil, fmt.Errorf("the board has no CPU %d; its CPUs are 0 to "+
					"%d", n, l.Len()-1)
			}
			ud := l.v.cpu[n]
			if ud == nil {
				ud = newObject(m, clsBoardCPU, boardCPU{l.v, n})
				l.v.cpu[n] = ud
			}
			return ud, nil
		}),
	},
	Len: "the number of CPUs",
}

// boardBankField describes a bank of a board's CPU.
func boardBankField(name, doc string, list func(*board.CPU) []board.Value) describe.Field {
	return field(name, describe.Object("board_bank"), doc,
		show(func(_ *runtime, m *machine, c boardCPU) lua.LValue {
			return newObject(m, clsBoardBank, boardBank{name, list(c.cpu())})
		}))
}

// boardSlotsField describes a table of slots of a board's CPU.
func boardSlotsField(name, doc string, list func(*board.CPU) []board.Slot) describe.Field {
	return field(name, describe.Object("board_slots"), doc,
		show(func(_ *runtime, m *machine, c boardCPU) lua.LValue {
			return newObject(m, clsBoardSlots, boardSlots{c.v, list(c.cpu())})
		}))
}

var boardCPUClass = describe.Class{
	Name:   "board_cpu",
	Doc:    "A CPU of a board: what its source knows of its registers.",
	Sample: boardSample + "print(board.cpu[0].online, #board.cpu[0].wcr, board.cpu[0].wcr[0])",
	Fields: []describe.Field{
		prop("id", "The CPU's number.", func(c boardCPU) int { return c.n }),
		maybe("online", describe.Bool, "Whether the kernel runs on it.",
			getIf(func(c boardCPU) (bool, bool) {
				on := c.cpu().Online
				return on != nil && *on, on != nil
			})),
		maybe("current", describe.String, "The task that is current there, as comm-pid.",
			getIf(func(c boardCPU) (string, bool) { s := c.cpu().Task.String(); return s, s != "" })),
		inHex(maybe("mdscr_el1", describe.U64, "MDSCR_EL1.",
			getIf(func(c boardCPU) (uint64, bool) { return c.cpu().MDSCR.Bits, c.cpu().MDSCR.Known }))),
		boardBankField("bvr", "DBGBVRn_EL1, by n from 0.", func(c *board.CPU) []board.Value { return c.BVR }),
		boardBankField("bcr", "DBGBCRn_EL1, by n from 0.", func(c *board.CPU) []board.Value { return c.BCR }),
		boardBankField("wvr", "DBGWVRn_EL1, by n from 0.", func(c *board.CPU) []board.Value { return c.WVR }),
		boardBankField("wcr", "DBGWCRn_EL1, by n from 0.", func(c *board.CPU) []board.Value { return c.WCR }),
		boardSlotsField("bp_on_reg", "The events in the breakpoint slots.",
			func(c *board.CPU) []board.Slot { return c.BP }),
		boardSlotsField("wp_on_reg", "The events in the watchpoint slots.",
			func(c *board.CPU) []board.Slot { return c.WP }),
	},
}

var boardBankClass = describe.Class{
	Name: "board_bank",
	Doc:  "The debug registers of one kind of a board's CPU.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Hex,
		Doc: "The value of register n, from 0, nil if it is not known; a number beyond " +
			"those of the CPU raises.",
		Each: "for n = 0, #bank - 1 iterates over it",
		Go: elementOf(func(rt *runtime, _ *machine, b boardBank, n int) (lua.LValue, error) {
			if n < 0 || n >= b.Len() {
				return nil, fmt.Errorf("the CPU has no %s[%d]; it has %s[0] to "+
					"%s[%d]", b.name, n, b.name, b.name, b.Len()-1)
			}
			return rt.known(b.list[n]), nil
		}),
	},
	Len: "the number of registers",
}

var boardSlotsClass = describe.Class{
	Name: "board_slots",
	Doc:  "The slots of one kind of a board's CPU.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Table("board_event"),
		Doc: "The event in slot n, from 0, nil if it is empty or not known; a number " +
			"beyond the slots raises.",
		Each: "for n = 0, #slots - 1 iterates over them",
		Go: elementOf(func(rt *runtime, _ *machine, s boardSlots, n int) (lua.LValue, error) {
			if n < 0 || n >= s.Len() {
				return nil, fmt.Errorf("the CPU has no slot %d; its slots are 0 to "+
					"%d", n, s.Len()-1)
			}
			if ev := s.v.b.Event(s.list[n].Event); ev != nil {
				return s.v.event(rt, ev), nil
			}
			return lua.LNil, nil
		}),
	},
	Len: "the number of slots",
}

var boardRecords = []describe.Record{
	{
		Name: "board_event", Doc: "An event of a board, or a finding about one. Fields that " +
			"are not known are nil.",
		Fields: []describe.Field{
			note("finding", describe.String, "of a finding: its name"),
			note("type", describe.String, "the kind of access"),
			note("addr", describe.Hex, "the address"),
			note("len", describe.U64, "bytes"),
			note("cpu", describe.Int, "the CPU, -1: it follows its task"),
			note("task", describe.String, "the target, as comm-pid"),
			note("comm", describe.String, "the target's name; of a finding: of whoever did it"),
			note("pid", describe.Int, "its pid"),
			note("by", describe.String, "the opener, as comm-pid"),
			note("owner", describe.String, "perf, ptrace, kernel or wide"),
			note("slot", describe.Int, "the register that holds it"),
			note("state", describe.String, "active, inactive, off or error"),
			note("t", describe.Number, "when it was opened; of a finding: when it was "+
				"found, in seconds"),
			note("rule", describe.String, "the rule of the specification"),
			note("errno", describe.String, "of a refusal"),
			note("asked", describe.String, "of a refusal: what was asked for"),
			note("why", describe.String, "a finding in words"),
			note("holders", describe.Array(describe.Table("board_event")), "of a "+
				"refusal: who holds the slots"),
		},
	},
	{
		Name: "board_change", Doc: "What has changed on a board.",
		Fields: []describe.Field{
			note("cpu", describe.Int, "the CPU"),
			note("reg", describe.String, "the register"),
			note("was", describe.Hex, "its value before, nil if it was not known"),
			note("is", describe.Hex, "its value now, nil if it is not known"),
		},
	},
}

// note describes a field of a table that a board returns.
func note(name string, t describe.Type, doc string) describe.Field {
	return describe.Field{Name: name, Type: t, Doc: doc, Optional: true, Go: access{}}
}

// event returns the table of an event, the same one each time.
func (v *boardView) event(rt *runtime, ev *board.Event) *lua.LTable {
	t := v.events[ev.ID]
	if t == nil {
		t = rt.L.CreateTable(0, 12)
		rt.fillEvent(t, ev)
		v.events[ev.ID] = t
	}
	return t
}

// fillEvent sets the fields of an event.
func (rt *runtime) fillEvent(t *lua.LTable, ev *board.Event) {
	rt.s.Charge(512)
	text := func(key, s string) {
		if s != "" {
			t.RawSetString(key, lua.LString(s))
		}
	}
	text("type", ev.Attr.Type.String())
	t.RawSetString("addr", rt.u64(ev.Attr.Addr))
	t.RawSetString("len", rt.u64(ev.Attr.Len))
	t.RawSetString("cpu", rt.int(ev.CPU))
	text("task", ev.Task.String())
	text("comm", ev.Task.Comm)
	if ev.Task.PID >= 0 {
		t.RawSetString("pid", rt.int(ev.Task.PID))
	}
	text("by", ev.By.String())
	text("owner", string(ev.Owner))
	text("state", ev.State)
	if ev.Slot >= 0 {
		t.RawSetString("slot", rt.int(ev.Slot))
	}
	if ev.Opened > 0 {
		t.RawSetString("t", lua.LNumber(ev.Opened.Seconds()))
	}
}

// findings returns a list of findings.
func (v *boardView) findings(c *call, list []board.Finding) int {
	out := c.L.CreateTable(len(list), 0)
	for i := range list {
		out.Append(c.rt.finding(&list[i]))
	}
	return c.value(out)
}

// finding returns the table of a finding.
func (rt *runtime) finding(f *board.Finding) *lua.LTable {
	t := rt.L.CreateTable(0, 18)
	if f.Event != nil {
		rt.fillEvent(t, f.Event)
	}
	t.RawSetString("finding", lua.LString(f.Name()))
	t.RawSetString("t", lua.LNumber(f.T.Seconds()))
	if f.CPU >= 0 || f.Event == nil {
		t.RawSetString("cpu", rt.int(f.CPU))
	}
	if s := f.Task.String(); s != "" {
		t.RawSetString("by", lua.LString(s))
	}
	if f.Task.PID >= 0 {
		t.RawSetString("comm", lua.LString(f.Task.Comm))
		t.RawSetString("pid", rt.int(f.Task.PID))
	}
	if f.Rule != "" {
		t.RawSetString("rule", lua.LString(f.Rule))
	}
	why := findingError(f)
	t.RawSetString("why", rt.text(why.Explain()))
	if f.Kind == board.Refused {
		t.RawSetString("errno", lua.LString(hwdebug.ErrnoName(f.Errno)))
		t.RawSetString("asked", lua.LString(why.Asked))
		t.RawSetString("type", lua.LString(f.Asked.Type.String()))
		t.RawSetString("addr", rt.u64(f.Asked.Addr))
		t.RawSetString("len", rt.u64(f.Asked.Len))
		holders := rt.L.CreateTable(len(f.Holders), 0)
		for i := range f.Holders {
			h := rt.L.CreateTable(0, 12)
			ev := f.Holders[i].Event
			ev.Slot = f.Holders[i].Slot
			rt.fillEvent(h, &ev)
			holders.Append(h)
		}
		t.RawSetString("holders", holders)
	}
	return t
}

// findingError returns a finding in the form of the model's refusals, which m:why() explains.
func findingError(f *board.Finding) *hwdebug.Error {
	e := &hwdebug.Error{Errno: f.Errno, Rule: f.Rule, Op: f.Op, Found: f.Name(), Fn: "the board"}
	if f.Event != nil {
		e.Asked = fmt.Sprintf("%s at 0x%016x len %d", f.Event.Attr.Type, f.Event.Attr.Addr, f.Event.Attr.Len)
	}
	if f.Kind != board.Refused {
		e.Op = "board"
		return e
	}
	e.Asked = fmt.Sprintf("%s at 0x%016x len %d", f.Asked.Type, f.Asked.Addr, f.Asked.Len)
	e.Found = "invalid attributes"
	if f.Limit > 0 {
		e.Found = fmt.Sprintf("%d of %d slots reserved on cpu%d", f.N, f.Limit, f.CPU)
		e.Fn = "__reserve_bp_slot"
	}
	for i := range f.Holders {
		h := &f.Holders[i]
		e.Holders = append(e.Holders, hwdebug.Holder{
			ID: h.Event.ID, Label: fmt.Sprintf("e%d", h.Event.ID), Attr: h.Event.Attr,
			Comm: h.Event.Task.Comm,
			PID:  h.Event.Task.PID, CPU: h.Event.CPU, State: h.Event.State, Slot: h.Slot,
		})
	}
	return e
}

// lookedAt returns the error about a method of a machine that a board does not have, or nil.
func (rt *runtime) lookedAt(c *classPlan, name string) error {
	like := map[int]int{clsBoard: clsMachine, clsBoardCPU: clsCPU}
	of, ok := like[c.id]
	if !ok || rt.plan.classes[of].known[name] == nil {
		return nil
	}
	return errors.New("a board is only looked at; hw.machine{} can do that")
}

// Registers of boards, for assertions.

func (c boardCPU) ID() int   { return c.n }
func (c boardCPU) BRPs() int { return c.v.b.BRPs }
func (c boardCPU) WRPs() int { return c.v.b.WRPs }

// read returns what a register holds, and whether that is known.
func (c boardCPU) read(r register) (v uint64, known bool, err error) {
	if r.bank == mdscr {
		return c.cpu().MDSCR.Bits, c.cpu().MDSCR.Known, nil
	}
	list := [...][]board.Value{c.cpu().BVR, c.cpu().BCR, c.cpu().WVR, c.cpu().WCR}[r.bank]
	if r.n >= len(list) {
		return 0, false, fmt.Errorf("the board has no %s", arm64.RegName(r.bank*arm64.MaxRegs+r.n))
	}
	return list[r.n].Bits, list[r.n].Known, nil
}

// leakLines describes the leaks of a board.
func (v *boardView) leakLines() (lines []string) {
	for _, f := range v.b.Leaks() {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s at 0x%016x len %d %s, "+
			"opened by %s", f.Event.Attr.Type,
			f.Event.Attr.Addr, f.Event.Attr.Len, f.Event.Task, f.Event.By)))
	}
	return lines
}
