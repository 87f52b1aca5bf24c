// Assertions on registers, errnos, call chains, the kernel log and leaks.

package bindings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// assertions holds the functions that the module adds to assert.
var assertions = map[string]lua.LGFunction{
	"regs":         func(L *lua.LState) int { return assertRegs(L, "regs", false) },
	"regs_exactly": func(L *lua.LState) int { return assertRegs(L, "regs_exactly", true) },
	"errno":        assertErrno,
	"succeeds":     assertSucceeds,
	"callchain":    assertCallchain,
	"dmesg":        assertDmesg,
	"no_leaks":     assertNoLeaks,
}

// misuse raises the error for a bad argument of an assertion.
func misuse(L *lua.LState, name string, arg int, format string, args ...any) {
	L.RaiseError("bad argument #%d to '%s' (%s)", arg, name, fmt.Sprintf(format, args...))
}

// wrongType raises the error for an argument of another type than an assertion takes.
func wrongType(L *lua.LState, name string, arg int, want string) {
	misuse(L, name, arg, "%s expected, got %s", want, typeName(L.Get(arg)))
}

// message returns the message that the script passes for a failure, or "".
func message(L *lua.LState, name string, arg int) string {
	if L.Get(arg) == lua.LNil {
		return ""
	}
	text, ok := L.Get(arg).(lua.LString)
	if !ok {
		wrongType(L, name, arg, "string")
	}
	return string(text)
}

// bankNames lists the fields of assert.regs in the order of the kernel's numbering.
var bankNames = [4]string{"bvr", "bcr", "wvr", "wcr"}

// A wanted is a register and the value that it is expected to hold.
type wanted struct {
	bank, n int // bank -1: MDSCR_EL1
	value   uint64
}

func (w wanted) reg() arm64.Reg {
	if w.bank < 0 {
		return arm64.RegMDSCR
	}
	return arm64.Reg(w.bank)
}

func (w wanted) name() string {
	if w.bank < 0 {
		return "mdscr_el1"
	}
	return fmt.Sprintf("%s[%d]", bankNames[w.bank], w.n)
}

// manualName returns the name that the architecture manual gives the register.
func (w wanted) manualName() string {
	if w.bank < 0 {
		return "MDSCR_EL1"
	}
	return arm64.RegName(w.bank*arm64.MaxRegs + w.n)
}

// read returns the value that the register holds.
func (w wanted) read(c *sim.CPU) (uint64, error) {
	if w.bank < 0 {
		return c.MDSCR()
	}
	return c.Reg(w.bank*arm64.MaxRegs, w.n)
}

// regCount returns the number of registers in a bank of c.
func regCount(c *sim.CPU, bank int) int {
	if bank < 2 {
		return c.BRPs()
	}
	return c.WRPs()
}

// readWanted reads the table of assert.regs.
func readWanted(L *lua.LState, name string, t *lua.LTable) []wanted {
	var list []wanted
	add := func(w wanted, v lua.LValue) {
		value, err := toU64(v)
		if err != nil {
			misuse(L, name, 2, "field '%s': %v", w.name(), err)
		}
		w.value = value
		list = append(list, w)
	}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, _ := k.(lua.LString)
		if key == "mdscr_el1" {
			add(wanted{bank: -1}, v)
			continue
		}
		bank := slices.Index(bankNames[:], string(key))
		if bank < 0 {
			known := append(bankNames[:], "mdscr_el1")
			misuse(L, name, 2, "%v", unknown("unknown field '%s'", spell(k), known))
		}
		regs, ok := v.(*lua.LTable)
		if !ok {
			misuse(L, name, 2, "field '%s': table expected, got %s", string(key), typeName(v))
		}
		for k, v := regs.Next(lua.LNil); k != lua.LNil; k, v = regs.Next(k) {
			n, ok := exactInt(k)
			if !ok || n < 0 || n >= arm64.MaxRegs {
				misuse(L, name, 2, "field '%s': registers are numbered from 0 to %d, got [%s]",
					string(key), arm64.MaxRegs-1, spell(k))
			}
			add(wanted{bank: bank, n: n}, v)
		}
	}
	return list
}

// assertRegs implements assert.regs and, if exactly is set, assert.regs_exactly.
func assertRegs(L *lua.LState, name string, exactly bool) int {
	cpus := cpusArg(L, name)
	t, ok := L.Get(2).(*lua.LTable)
	if !ok {
		wrongType(L, name, 2, "table")
	}
	text := message(L, name, 3)
	want := readWanted(L, name, t)
	var diffs []vm.RegisterDiff
	for _, c := range cpus {
		diffs = append(diffs, compareRegs(L, name, c, want, exactly)...)
	}
	if len(diffs) > 0 {
		vm.Fail(L, &vm.Failure{Assertion: name, Message: text, Registers: diffs})
	}
	return 0
}

// cpusArg reads the first argument of assert.regs: a CPU, or a machine for all CPUs that are online.
func cpusArg(L *lua.LState, name string) (cpus []*sim.CPU) {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		switch o := ud.Value.(type) {
		case *object[*sim.CPU]:
			return []*sim.CPU{o.val}
		case *object[*sim.Machine]:
			for i := range o.val.NrCPUs() {
				if c := o.val.CPU(i); c.Online() {
					cpus = append(cpus, c)
				}
			}
			return cpus
		}
	}
	wrongType(L, name, 1, "cpu or machine")
	return nil
}

// compareRegs returns the registers of c that do not hold what is wanted. Exactly adds all others of the
// banks, which must be 0.
func compareRegs(L *lua.LState, name string, c *sim.CPU, want []wanted, exactly bool) []vm.RegisterDiff {
	all := slices.Clone(want)
	if exactly {
		for bank := range bankNames {
			for n := range regCount(c, bank) {
				if !slices.ContainsFunc(want, func(w wanted) bool { return w.bank == bank && w.n == n }) {
					all = append(all, wanted{bank, n, 0})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b wanted) int {
		return cmp.Or(a.order()-b.order(), a.n-b.n)
	})
	var diffs []vm.RegisterDiff
	for _, w := range all {
		found, err := w.read(c)
		if err != nil {
			misuse(L, name, 2, "%s of cpu%d: %v", w.name(), c.ID(), err)
		}
		if found != w.value {
			diffs = append(diffs, w.diff(c, found))
		}
	}
	return diffs
}

// order sorts the banks of a failure: watchpoints first, MDSCR_EL1 last.
func (w wanted) order() int {
	return [...]int{4, 2, 3, 0, 1}[w.bank+1]
}

// diff describes how the value found in the register of c differs from the wanted one.
func (w wanted) diff(c *sim.CPU, found uint64) vm.RegisterDiff {
	d := vm.RegisterDiff{
		CPU:      fmt.Sprintf("cpu%d", c.ID()),
		Field:    w.name(),
		Name:     w.manualName(),
		Expected: w.value,
		Found:    found,
		Digits:   4,
	}
	reg := w.reg()
	if reg == arm64.RegBVR || reg == arm64.RegWVR {
		d.Digits = 16
	}
	for _, f := range arm64.Diff(reg, w.value, found) {
		expected, found := f.Values()
		d.Fields = append(d.Fields, vm.FieldDiff{Name: f.Name, Expected: expected, Found: found})
	}
	return d
}

// assertErrno implements assert.errno(name, call(...)).
func assertErrno(L *lua.LState) int {
	name, ok := L.Get(1).(lua.LString)
	if !ok {
		wrongType(L, "errno", 1, "an errno's name")
	}
	if _, known := hwdebug.ErrnoByName(string(name)); !known && !strings.HasPrefix(string(name), "SIG") {
		misuse(L, "errno", 1, "%v", unknown("'%s' is not an errno", string(name), errnoNames()))
	}
	if L.GetTop() < 2 {
		misuse(L, "errno", 2, "the results of a call expected: assert.errno(\"%s\", m:...)", string(name))
	}
	if L.Get(2) == lua.LNil && L.Get(4) == name {
		L.Push(L.Get(3))
		return 1
	}
	found := "no refusal: the call returned " + resultText(L, 2)
	if L.Get(2) == lua.LNil && L.GetTop() >= 4 {
		found = spell(L.Get(4)) + ": " + spell(L.Get(3))
	}
	vm.Fail(L, &vm.Failure{
		Assertion: "errno", Expected: words("refusal with " + string(name)), Found: words(found),
	})
	return 0
}

// words returns a side of a failure without a value.
func words(text string) vm.Side { return vm.Side{Words: text} }

// resultText formats a result of a call for a failure.
func resultText(L *lua.LState, at int) string {
	if s, ok := L.Get(at).(lua.LString); ok {
		return fmt.Sprintf("%.200q", string(s))
	}
	return spell(L.Get(at))
}

// assertSucceeds implements assert.succeeds(call(...)).
func assertSucceeds(L *lua.LState) int {
	if L.GetTop() < 1 {
		misuse(L, "succeeds", 1, "the results of a call expected: assert.succeeds(m:...)")
	}
	if L.Get(1) != lua.LNil {
		return L.GetTop()
	}
	f := &vm.Failure{Assertion: "succeeds", Expected: words("success"), Found: words("nil")}
	if text, ok := L.Get(2).(lua.LString); ok {
		f.Found = words(string(text))
		if errno, ok := hwdebug.ErrnoByName(L.Get(3).String()); ok {
			f.Cause = &hwdebug.Error{Op: "assert.succeeds", Found: string(text), Errno: errno}
		}
	}
	vm.Fail(L, f)
	return 0
}

// names reads an array of strings; ok is false for any other value than a table.
func names(L *lua.LState, assertion string, arg int) ([]string, bool) {
	t, ok := L.Get(arg).(*lua.LTable)
	if !ok {
		return nil, false
	}
	list := make([]string, 0, t.Len())
	for i := 1; i <= t.Len(); i++ {
		s, ok := t.RawGetInt(i).(lua.LString)
		if !ok {
			misuse(L, assertion, arg, "a list of names expected, [%d] is a %s", i, typeName(t.RawGetInt(i)))
		}
		list = append(list, string(s))
	}
	return list, true
}

// assertCallchain implements assert.callchain(expected, actual).
func assertCallchain(L *lua.LState) int {
	want, ok := names(L, "callchain", 1)
	if !ok {
		wrongType(L, "callchain", 1, "table")
	}
	text := message(L, "callchain", 3)
	found, ok := names(L, "callchain", 2)
	if !ok {
		if L.Get(2) != lua.LNil {
			wrongType(L, "callchain", 2, "table")
		}
		vm.Fail(L, &vm.Failure{
			Assertion: "callchain", Message: text,
			Expected: words(strings.Join(want, " < ")), Found: words("the function was never entered"),
		})
	}
	w, f, ok := matchChain(want, found)
	if ok {
		return 0
	}
	vm.Fail(L, &vm.Failure{
		Assertion: "callchain", Message: text,
		Expected: words(strings.Join(want, " < ")), Found: words(strings.Join(found, " < ")),
		Details: []string{chainDifference(want, found, w, f)},
	})
	return 0
}

// matchChain compares names in order, where "..." stands for any number of names. If they do not
// match it returns the furthest position that it reached: want[bestW] does not match found[bestF].
func matchChain(want, found []string) (bestW, bestF int, ok bool) {
	w, f, star, mark := 0, 0, -1, 0
	for f < len(found) {
		if w > bestW {
			bestW, bestF = w, f
		}
		switch {
		case w < len(want) && want[w] == "...":
			star, mark = w, f
			w++
		case w < len(want) && want[w] == found[f]:
			w++
			f++
		case star >= 0:
			mark++
			w, f = star+1, mark
		default:
			return bestW, bestF, false
		}
	}
	for w < len(want) && want[w] == "..." {
		w++
	}
	if w > bestW {
		bestW, bestF = w, f
	}
	return bestW, bestF, w == len(want)
}

// chainDifference describes that want[w] does not match found[f].
func chainDifference(want, found []string, w, f int) string {
	for w < len(want) && want[w] == "..." {
		w++
	}
	name := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return "the end"
	}
	expected := name(want, w)
	if w > 0 && w < len(want) && want[w-1] == "..." {
		return fmt.Sprintf("from name %d on there is no %s", f+1, expected)
	}
	return fmt.Sprintf("name %d: expected %s, found %s", f+1, expected, name(found, f))
}

// machineArg reads the machine that is the first argument of an assertion.
func machineArg(L *lua.LState, name string) *machine {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if o, ok := ud.Value.(*object[*sim.Machine]); ok {
			return o.mach
		}
	}
	wrongType(L, name, 1, "machine")
	return nil
}

// assertDmesg implements assert.dmesg(m, pattern).
func assertDmesg(L *lua.LState) int {
	m := machineArg(L, "dmesg")
	pattern, ok := L.Get(2).(lua.LString)
	if !ok {
		wrongType(L, "dmesg", 2, "string")
	}
	text := message(L, "dmesg", 3)
	lines := m.m.Dmesg()
	if slices.ContainsFunc(lines, matcher(L, pattern)) {
		return 0
	}
	const shown = 12
	found := strings.Join(lines[max(0, len(lines)-shown):], "\n")
	if len(lines) > shown {
		found = fmt.Sprintf("%d lines, of which the last are\n%s", len(lines), found)
	}
	vm.Fail(L, &vm.Failure{
		Assertion: "dmesg", Message: text,
		Expected: words(fmt.Sprintf("a line that matches %q", string(pattern))), Found: words(found),
	})
	return 0
}

// assertNoLeaks implements assert.no_leaks(m).
func assertNoLeaks(L *lua.LState) int {
	m := machineArg(L, "no_leaks")
	text := message(L, "no_leaks", 2)
	leaks := m.m.Leaks()
	if len(leaks) == 0 {
		return 0
	}
	found := phrase.Plural(len(leaks), "thing") + " left"
	vm.Fail(L, &vm.Failure{
		Assertion: "no_leaks", Message: text,
		Expected: words("nothing left"), Found: words(found), Details: leaks,
	})
	return 0
}
