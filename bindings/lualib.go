// The words that package vm and the scenario runner bring: bit, assert, check, describe. Of these,
// package bindings implements only the assertions of its own domain.

package bindings

import "github.com/hwlua/hwlua/vm/describe"

var (
	u64s    = []describe.Param{{Name: "...", Type: describe.U64, Variadic: true}}
	operand = param("v", describe.U64, "")
	shiftBy = []describe.Param{
		operand,
		param("n", describe.Int, "the number of bits; 64 and more shift everything out"),
	}
	rotateBy = []describe.Param{operand, param("n", describe.Int, "the number of bits")}
	lowest   = param("field", describe.Int, "its lowest bit")
	width    = optional("width", describe.Int, "1", "")
)

var bitModule = describe.Module{
	Name: "bit",
	Doc:  "Bit operations on 64 bits. A negative number stands for its two's complement.",
	Funcs: []describe.Func{
		bitFunc("band", "The bits that are set in every operand.", u64s,
			`assert(bit.band(0xffffff8008c5a007, bit.bnot(7)) == 0xffffff8008c5a000)`),
		bitFunc("bor", "The bits that are set in any operand.", u64s, `assert(bit.bor(1, 2, 4) == 7)`),
		bitFunc("bxor", "The bits that are set in an odd number of operands.", u64s,
			`assert(bit.bxor(5, 1) == 4)`),
		bitFunc("bnot", "The bits that are not set.", []describe.Param{operand},
			`assert(bit.bnot(0) == 0xffffffffffffffff)`),
		bitFunc("lshift", "Shift left.", shiftBy, `assert(bit.lshift(1, 63) == 0x8000000000000000)`),
		bitFunc("rshift", "Shift right; zeros come in.", shiftBy,
			`assert(bit.rshift(0x8000000000000000, 63) == 1)`),
		bitFunc("arshift", "Shift right; copies of the sign come in.", shiftBy,
			`assert(bit.arshift(0x8000000000000000, 63) == 0xffffffffffffffff)`),
		bitFunc("rol", "Rotate left.", rotateBy, `assert(bit.rol(0x8000000000000001, 1) == 3)`),
		bitFunc("ror", "Rotate right.", rotateBy, `assert(bit.ror(3, 1) == 0x8000000000000001)`),
		bitFunc("extract", "Take a field out.", []describe.Param{operand, lowest, width},
			`assert(bit.extract(0x1fe0, 5, 8) == 0xff)`),
		bitFunc("replace", "Put a field in.",
			[]describe.Param{operand, param("u", describe.U64, "the new value of the field"), lowest, width},
			`assert(bit.replace(0, 0xff, 5, 8) == 0x1fe0)`),
		{
			Name: "tohex",
			Doc:  "Hexadecimal digits without 0x.",
			Params: []describe.Param{
				operand,
				optional("digits", describe.Int, "16", ""),
			},
			Results: textOut,
			Sample:  `assert(bit.tohex(0x1e5, 4) == "01e5")`,
		},
	},
}

func bitFunc(name, doc string, params []describe.Param, sample string) describe.Func {
	return describe.Func{Name: name, Doc: doc, Params: params, Results: valueOut, Sample: sample}
}

var (
	actualParam   = param("actual", describe.Union(describe.Any, describe.Nil), "")
	expectedParam = param("expected", describe.Union(describe.Any, describe.Nil), "")
	messageParam  = optional("message", describe.String, "", "the text of the failure")
	caseFn        = param("fn", describe.Func1(nil, nil), "")
	machineParam  = param("m", describe.Object("machine"), "")
	callResults   = anything("the results of a call")

	onePart  = []describe.Param{actualParam, messageParam}
	twoParts = []describe.Param{expectedParam, actualParam, messageParam}
	regsOf   = []describe.Param{
		param("where", describe.Union(describe.Object("cpu"), describe.Object("machine")), ""),
		param("expected", describe.Table("regs"), ""),
		messageParam,
	}
)

var assertModule = describe.Module{
	Name:  "assert",
	Loose: true,
	Doc: "Assertions, in luassert's order: expected, actual, message. assert(v [, message]) works as " +
		"in Lua; assert.are.equals, assert.is.truthy, assert.is_not.falsy and the like mean the same. " +
		"For assert.snapshot, see it, the word for a case.",
	Funcs: []describe.Func{
		assertion("equals", "Both are the same value.", twoParts, `assert.equals(6, m.core_num_brps)`),
		assertion("same", "Both are the same value, or tables with the same contents.", twoParts,
			`assert.same({ 0, 1 }, { 0, 1 })`),
		assertion("is_true", "The value is true.", onePart, `assert.is_true(m.cpu[0].online)`),
		assertion("is_false", "The value is false.", onePart, `assert.is_false(m.cpu[0].suspended)`),
		assertion("is_nil", "The value is nil.", onePart, `assert.is_nil(m.cpu[0].wp_on_reg[0])`),
		assertion("is_not_nil", "The value is not nil.", onePart, `assert.is_not_nil(m.cpu[0].current)`),
		assertion("is_truthy", "The value is neither nil nor false.", onePart, `assert.is_truthy(0)`),
		assertion("is_falsy", "The value is nil or false.", onePart, `assert.is_falsy(nil)`),
		assertion("near", "The number is within the tolerance of the expected one.",
			[]describe.Param{
				param("expected", describe.Number, ""),
				param("actual", describe.Number, ""),
				param("tolerance", describe.Number, ""),
				messageParam,
			},
			`assert.near(0.3, 0.1 + 0.2, 1e-9)`),
		assertion("matches", "The text matches the Lua pattern.",
			[]describe.Param{
				param("pattern", describe.String, ""),
				param("actual", describe.String, ""),
				messageParam,
			},
			`assert.matches("^hwlua", m.current.comm)`),
		assertion("has_error", "The function raises, with the given message if there is one.",
			[]describe.Param{caseFn, messageParam}, `assert.has_error(function() return m.cpu[99] end)`),
		assertion("has_no_error", "The function does not raise.", []describe.Param{caseFn, messageParam},
			`assert.has_no_error(function() return m.cpu[0] end)`),
		{
			Name: "regs",
			Doc: "Each given register has that value; for a machine, on every online CPU. A failure " +
				"shows each register, expected, found, and the fields that differ in words.",
			Params: regsOf,
			See:    []string{"assert.regs_exactly"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
assert.regs(m, { wvr = { [0] = 0xffffff8008c5a000 }, wcr = { [0] = 0x1ff3 } })`,
		},
		{
			Name: "regs_exactly",
			Doc: "Each given register has that value, and every other register of the four banks is " +
				"0. MDSCR_EL1 counts only if it is given.",
			Params: regsOf,
			See:    []string{"assert.regs"},
			Sample: `assert.regs_exactly(m, { mdscr_el1 = 0x1000 })`,
		},
		assertion("errno", "The call was refused with that errno.",
			[]describe.Param{param("name", errnoName, "the errno's name"), callResults[0]},
			`assert.errno("EINVAL", m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 })`),
		{
			Name:    "succeeds",
			Doc:     "The call was not refused: its first result is not nil.",
			Params:  callResults,
			Results: anything("the same results"),
			Sample: `
local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 })`,
		},
		{
			Name: "callchain",
			Doc:  `The names agree in order; "..." skips any number of names.`,
			Params: []describe.Param{
				param("expected", describe.Array(describe.String), ""),
				optional("actual", describe.Array(describe.String), "", "the result of m:callchain"),
				messageParam,
			},
			See: []string{"m:callchain"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "..." }, m:callchain("write_wb_reg"))`,
		},
		{
			Name:   "dmesg",
			Doc:    "A line of the kernel log matches the Lua pattern.",
			Params: []describe.Param{machineParam, param("pattern", describe.String, ""), messageParam},
			See:    []string{"m:dmesg"},
			Sample: `assert.dmesg(m, "found 6 breakpoint and 4 watchpoint registers%.$")`,
		},
		assertion("no_leaks",
			"Nothing is left reserved, installed, queued or pending, except the kernel's own work. "+
				"A failure names each leak, with its address.",
			[]describe.Param{machineParam, messageParam}, `assert.no_leaks(m)`),
	},
}

func assertion(name, doc string, params []describe.Param, sample string) describe.Func {
	return describe.Func{Name: name, Doc: doc, Params: params, Sample: sample}
}

var checkModule = describe.Module{
	Name:  "check",
	Loose: true,
	Doc: "The words of assert, without stopping the case: if one fails, the case goes on and fails at " +
		"its end. check.equals(6, m.core_num_brps)",
}

var scenarioWords = describe.Module{
	Doc: "The words of scenario files.",
	Funcs: []describe.Func{
		{
			Name:   "describe",
			Doc:    "Group cases under a name.",
			Params: []describe.Param{param("name", describe.String, ""), caseFn},
		},
		{
			Name: "it",
			Doc: "A case, which passes if it does not raise. Each has a runtime of its own. it.each { " +
				"row, ... } (name, fn) makes a case of each row: %s and {field} in the name take the " +
				"row's values, fn gets them as arguments. In a case, assert.snapshot(name, value) " +
				"passes if the value is the one that hwlua run --update wrote.",
			Params: []describe.Param{param("name", describe.String, ""), caseFn},
		},
		{
			Name: "it.explore",
			Doc: "A case that passes when no schedule of its function fails: hw.explore(options, fn) " +
				"as a case. " +
				"before_each and after_each run once for each schedule.",
			Params: []describe.Param{
				param("name", describe.String, ""),
				optional("options", describe.Table("explore_options"), "{}", ""),
				param("fn", callback("m", "machine"), "makes tasks, work and timers on m and runs it"),
			},
			See: []string{"hw.explore"},
		},
		{
			Name: "insulate",
			Doc: "Group cases as describe does. Globals and modules that its function sets or loads are " +
				"gone after it.",
			Params: []describe.Param{param("name", describe.String, ""), caseFn},
		},
		{
			Name:   "expose",
			Doc:    "Group cases as describe does.",
			Params: []describe.Param{param("name", describe.String, ""), caseFn},
		},
		hook("setup", "Run before the hooks of each case of the group: a case has a runtime of its own, "+
			"so this is the first function that runs there."),
		hook("teardown", "Run after everything else of each case of the group, even if it failed."),
		hook("lazy_setup", "Run after the setup of all groups around a case."),
		hook("lazy_teardown", "Run before the teardown of the group."),
		hook("strict_setup", "Another name of setup."),
		hook("strict_teardown", "Another name of teardown."),
		hook("before_each", "Run before each case of the group."),
		hook("after_each", "Run after each case of the group, even if it failed."),
		hook("finally", "Inside a case: run at its end, even if it failed, before the hooks after it."),
		{
			Name:   "pending",
			Doc:    "A case that is still to be written; inside a case, the reason why it cannot continue.",
			Params: one("name", describe.String, ""),
		},
	},
}

// luassert's helpers, in scenario files.
var (
	spyModule = describe.Module{
		Name:  "spy",
		Loose: true,
		Doc: "Spies, as in luassert: spy.new(fn), and spy.on(t, key) in the place of t[key], record " +
			"their calls for assert.spy(s).was.called_with(...), was.called(n), returned_with(...) and " +
			"others; s:clear() and s:revert() undo that.",
	}
	stubModule = describe.Module{
		Name:  "stub",
		Loose: true,
		Doc: "Stubs, as in luassert: stub(t, key, results...) puts a spy with these results in the " +
			"place of t[key]; s.returns(...), s.invokes(fn) and s.on_call_with(...).returns(...) set them.",
	}
	mockModule = describe.Module{
		Name:  "mock",
		Loose: true,
		Doc: "Mocks, as in luassert: mock(t) makes spies, and mock(t, true) stubs, of the functions in " +
			"t; mock.clear(t) and mock.revert(t) undo that.",
	}
	matchModule = describe.Module{
		Name:  "match",
		Loose: true,
		Doc: "Matchers, as in luassert, for the arguments of called_with: match._, match.is_string(), " +
			"match.near(1, 0.1), match.is_all_of(...) and those of assert:register(\"matcher\", ...).",
	}
)

func hook(name, doc string) describe.Func {
	return describe.Func{Name: name, Doc: doc, Params: []describe.Param{caseFn}}
}
