// The words that the runtime and the scenario runner bring: bit, assert, describe. Only the assertions of our own
// domain are done by package bindings.

package bindings

import "github.com/hwlua/hwlua/vm/describe"

var (
	u64s          = describe.Param{Name: "...", Type: describe.U64, Variadic: true}
	operand       = describe.Param{Name: "v", Type: describe.U64}
	shift         = describe.Param{Name: "n", Type: describe.Int, Doc: "by how many bits; 64 and more shift everything out"}
	rotate        = describe.Param{Name: "n", Type: describe.Int, Doc: "by how many bits"}
	u64Out        = []describe.Param{{Name: "value", Type: describe.U64}}
	actualParam   = describe.Param{Name: "actual", Type: describe.Union(describe.Any, describe.Nil)}
	expectedParam = describe.Param{Name: "expected", Type: describe.Union(describe.Any, describe.Nil)}
	messageParam  = describe.Param{Name: "message", Type: describe.String, Optional: true, Doc: "said when it fails"}
	caseFn        = describe.Param{Name: "fn", Type: describe.Func1(nil, nil)}
	results1      = describe.Param{Name: "...", Type: describe.Any, Variadic: true, Doc: "the results of a call"}
)

// bitModule describes the 64-bit bit library.
var bitModule = describe.Module{
	Name: "bit", Doc: "Bit operations on 64 bits. A negative number stands for its two's complement.",
	Funcs: []describe.Func{
		{Name: "band", Doc: "The bits that all have.", Params: []describe.Param{u64s}, Results: u64Out, Sample: `assert(bit.band(0xffffff8008c5a007, bit.bnot(7)) == 0xffffff8008c5a000)`},
		{Name: "bor", Doc: "The bits that any has.", Params: []describe.Param{u64s}, Results: u64Out, Sample: `assert(bit.bor(1, 2, 4) == 7)`},
		{Name: "bxor", Doc: "The bits that an odd number of them has.", Params: []describe.Param{u64s}, Results: u64Out, Sample: `assert(bit.bxor(5, 1) == 4)`},
		{Name: "bnot", Doc: "The bits that it has not.", Params: []describe.Param{operand}, Results: u64Out, Sample: `assert(bit.bnot(0) == 0xffffffffffffffff)`},
		{Name: "lshift", Doc: "Shift left.", Params: []describe.Param{operand, shift}, Results: u64Out, Sample: `assert(bit.lshift(1, 63) == 0x8000000000000000)`},
		{Name: "rshift", Doc: "Shift right, zeros come in.", Params: []describe.Param{operand, shift}, Results: u64Out, Sample: `assert(bit.rshift(0x8000000000000000, 63) == 1)`},
		{Name: "arshift", Doc: "Shift right, the sign comes in.", Params: []describe.Param{operand, shift}, Results: u64Out, Sample: `assert(bit.arshift(0x8000000000000000, 63) == 0xffffffffffffffff)`},
		{Name: "rol", Doc: "Rotate left.", Params: []describe.Param{operand, rotate}, Results: u64Out, Sample: `assert(bit.rol(0x8000000000000001, 1) == 3)`},
		{Name: "ror", Doc: "Rotate right.", Params: []describe.Param{operand, rotate}, Results: u64Out, Sample: `assert(bit.ror(3, 1) == 0x8000000000000001)`},
		{Name: "extract", Doc: "Take a field out.", Params: []describe.Param{operand, {Name: "field", Type: describe.Int, Doc: "its lowest bit"}, {Name: "width", Type: describe.Int, Optional: true, Default: "1"}}, Results: u64Out,
			Sample: `assert(bit.extract(0x1fe0, 5, 8) == 0xff)`},
		{Name: "replace", Doc: "Put a field in.", Params: []describe.Param{operand, {Name: "u", Type: describe.U64, Doc: "what the field becomes"}, {Name: "field", Type: describe.Int, Doc: "its lowest bit"},
			{Name: "width", Type: describe.Int, Optional: true, Default: "1"}}, Results: u64Out, Sample: `assert(bit.replace(0, 0xff, 5, 8) == 0x1fe0)`},
		{Name: "tohex", Doc: "Hexadecimal digits without 0x.", Params: []describe.Param{operand, {Name: "digits", Type: describe.Int, Optional: true, Default: "16"}},
			Results: []describe.Param{{Name: "text", Type: describe.String}}, Sample: `assert(bit.tohex(0x1e5, 4) == "01e5")`},
	},
}

// assertModule describes the assertions.
var assertModule = describe.Module{
	Name: "assert", Doc: "Assertions, in luassert's order: expected, actual, message. assert(v [, message]) works as in Lua; assert.are.equals, assert.is.truthy, assert.is_not.falsy and their like are the same words. For assert.snapshot, see it, the word for a case.",
	Funcs: []describe.Func{
		{Name: "equals", Doc: "Both are the same value.", Params: []describe.Param{expectedParam, actualParam, messageParam}, Sample: `assert.equals(6, m.core_num_brps)`},
		{Name: "same", Doc: "Both are the same value, or tables with the same contents.", Params: []describe.Param{expectedParam, actualParam, messageParam}, Sample: `assert.same({ 0, 1 }, { 0, 1 })`},
		{Name: "is_true", Doc: "It is true.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_true(m.cpu[0].online)`},
		{Name: "is_false", Doc: "It is false.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_false(m.cpu[0].suspended)`},
		{Name: "is_nil", Doc: "It is nil.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_nil(m.cpu[0].wp_on_reg[0])`},
		{Name: "is_not_nil", Doc: "It is not nil.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_not_nil(m.cpu[0].current)`},
		{Name: "is_truthy", Doc: "It is neither nil nor false.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_truthy(0)`},
		{Name: "is_falsy", Doc: "It is nil or false.", Params: []describe.Param{actualParam, messageParam}, Sample: `assert.is_falsy(nil)`},
		{Name: "near", Doc: "It is not further than the tolerance from what is expected.", Params: []describe.Param{{Name: "expected", Type: describe.Number}, {Name: "actual", Type: describe.Number},
			{Name: "tolerance", Type: describe.Number}, messageParam}, Sample: `assert.near(0.3, 0.1 + 0.2, 1e-9)`},
		{Name: "matches", Doc: "The text matches the Lua pattern.", Params: []describe.Param{{Name: "pattern", Type: describe.String}, {Name: "actual", Type: describe.String}, messageParam}, Sample: `assert.matches("^hwlua", m.current.comm)`},
		{Name: "has_error", Doc: "The function raises, with that message if one is given.", Params: []describe.Param{caseFn, messageParam}, Sample: `assert.has_error(function() return m.cpu[99] end)`},
		{Name: "has_no_error", Doc: "The function does not raise.", Params: []describe.Param{caseFn, messageParam}, Sample: `assert.has_no_error(function() return m.cpu[0] end)`},
		{Name: "regs", Doc: "Each register named has that value, on every online CPU for a machine. A failure shows each register, expected, found, and the fields that differ in words.",
			Params: []describe.Param{{Name: "where", Type: describe.Union(describe.Object("cpu"), describe.Object("machine"))}, {Name: "expected", Type: describe.Table("regs")}, messageParam},
			See:    []string{"assert.regs_exactly"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
assert.regs(m, { wvr = { [0] = 0xffffff8008c5a000 }, wcr = { [0] = 0x1ff3 } })`},
		{Name: "regs_exactly", Doc: "Each register named has that value and every other one of the four banks is 0. MDSCR_EL1 counts only when it is named.",
			Params: []describe.Param{{Name: "where", Type: describe.Union(describe.Object("cpu"), describe.Object("machine"))}, {Name: "expected", Type: describe.Table("regs")}, messageParam},
			See:    []string{"assert.regs"}, Sample: `assert.regs_exactly(m, { mdscr_el1 = 0x1000 })`},
		{Name: "errno", Doc: "The call was refused with that errno.", Params: []describe.Param{{Name: "name", Type: describe.String, Doc: "the errno's name"}, results1},
			Sample: `assert.errno("EINVAL", m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 })`},
		{Name: "succeeds", Doc: "The call was not refused: its first result is not nil.", Params: []describe.Param{results1}, Results: []describe.Param{{Name: "...", Type: describe.Any, Variadic: true, Doc: "the same results"}},
			Sample: `local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 })`},
		{Name: "callchain", Doc: "The names agree in order; \"...\" skips any number.", Params: []describe.Param{{Name: "expected", Type: describe.Array(describe.String)},
			{Name: "actual", Type: describe.Array(describe.String), Optional: true, Doc: "what m:callchain returned"}, messageParam}, See: []string{"m:callchain"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "..." }, m:callchain("write_wb_reg"))`},
		{Name: "dmesg", Doc: "A line of the kernel log matches the Lua pattern.", Params: []describe.Param{{Name: "m", Type: describe.Object("machine")}, {Name: "pattern", Type: describe.String}, messageParam},
			See: []string{"m:dmesg"}, Sample: `assert.dmesg(m, "found 6 breakpoint and 4 watchpoint registers%.$")`},
		{Name: "no_leaks", Doc: "Nothing reserved, installed, queued or pending is left, the kernel's own work apart. A failure names each, with its address.",
			Params: []describe.Param{{Name: "m", Type: describe.Object("machine")}, messageParam}, Sample: `assert.no_leaks(m)`},
	},
}

// checkModule describes the assertions that let a script go on.
var checkModule = describe.Module{
	Name: "check", Doc: "The words of assert once more: one that does not hold fails the case and lets it go on. check.equals(6, m.core_num_brps)",
}

// scenarioWords describes the words of scenario files.
var scenarioWords = describe.Module{
	Doc: "The words of scenario files.",
	Funcs: []describe.Func{
		{Name: "describe", Doc: "Group cases under a name.", Params: []describe.Param{{Name: "name", Type: describe.String}, caseFn}},
		{Name: "it", Doc: "A case: it passes when it does not raise. Each has a runtime of its own. it.each { row, ... } (name, fn) makes a case of each row: " +
			"%s and {field} in the name take the row's values, fn gets them as arguments. In a case, assert.snapshot(name, value) holds when the value is what hwlua run --update wrote down.", Params: []describe.Param{{Name: "name", Type: describe.String}, caseFn}},
		{Name: "setup", Doc: "Run before the hooks of each case of the group: a case has its runtime for itself, so it is the first thing there.", Params: []describe.Param{caseFn}},
		{Name: "teardown", Doc: "Run after everything else of each case of the group, also when it failed.", Params: []describe.Param{caseFn}},
		{Name: "before_each", Doc: "Run before each case of the group.", Params: []describe.Param{caseFn}},
		{Name: "after_each", Doc: "Run after each case of the group, also when it failed.", Params: []describe.Param{caseFn}},
		{Name: "finally", Doc: "Inside a case: run when it is over, also when it failed, before the hooks after it.", Params: []describe.Param{caseFn}},
		{Name: "pending", Doc: "A case that is still to be written; inside a case, why it cannot go on.", Params: []describe.Param{{Name: "name", Type: describe.String}}},
	},
}
