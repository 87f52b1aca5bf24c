// Assertions on registers, errnos, call chains, the kernel log and leaks.

package bindings

import (
	"cmp"
	"fmt"
	"maps"
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
	"regs":         func(L *lua.LState) int { return assertCall{L, "regs"}.regs(false) },
	"regs_exactly": func(L *lua.LState) int { return assertCall{L, "regs_exactly"}.regs(true) },
	"errno":        func(L *lua.LState) int { return assertCall{L, "errno"}.errno() },
	"succeeds":     func(L *lua.LState) int { return assertCall{L, "succeeds"}.succeeds() },
	"callchain":    func(L *lua.LState) int { return assertCall{L, "callchain"}.callchain() },
	"dmesg":        func(L *lua.LState) int { return assertCall{L, "dmesg"}.dmesg() },
	"no_leaks":     func(L *lua.LState) int { return assertCall{L, "no_leaks"}.noLeaks() },
}

// An assertCall is one call of an assertion.
type assertCall struct {
	*lua.LState
	name string
}

// misuse raises the error for a bad argument.
func (c assertCall) misuse(arg int, format string, args ...any) {
	c.RaiseError("bad argument #%d to '%s' (%s)", arg, c.name, fmt.Sprintf(format, args...))
}

// wrongType raises the error for an argument of another type than the assertion takes.
func (c assertCall) wrongType(arg int, want string) {
	c.misuse(arg, "%s expected, got %s", want, typeName(c.Get(arg)))
}

// text returns a string argument.
func (c assertCall) text(arg int, want string) string {
	text, ok := c.Get(arg).(lua.LString)
	if !ok {
		c.wrongType(arg, want)
	}
	return string(text)
}

// message returns the message that the script passes for a failure, or "".
func (c assertCall) message(arg int) string {
	if c.Get(arg) == lua.LNil {
		return ""
	}
	return c.text(arg, "string")
}

// fail reports a failure with both sides in words.
func (c assertCall) fail(message, expected, found string, details ...vm.Detail) {
	vm.Fail(c.LState, &vm.Failure{Assertion: c.name, Message: message, Comparison: vm.Comparison{
		Expected: words(expected), Found: words(found), Details: details,
	}})
}

// words returns a side of a failure without a value.
func words(text string) vm.Side { return vm.Side{Words: text} }

// A register is a register that assert.regs compares.
type register struct{ bank, n int }

// regBanks lists the fields of assert.regs in the order of the kernel's numbering. The last one is a
// single register. order sorts the registers of a failure.
var regBanks = [...]struct {
	name          string
	reg           arm64.Reg
	order, digits int
}{
	{"bvr", arm64.RegBVR, 2, 16},
	{"bcr", arm64.RegBCR, 3, 4},
	{"wvr", arm64.RegWVR, 0, 16},
	{"wcr", arm64.RegWCR, 1, 4},
	{"mdscr_el1", arm64.RegMDSCR, 4, 4},
}

// mdscr is the bank of MDSCR_EL1.
const mdscr = len(regBanks) - 1

// String returns the name that scripts give the register.
func (r register) String() string {
	if r.bank == mdscr {
		return regBanks[mdscr].name
	}
	return fmt.Sprintf("%s[%d]", regBanks[r.bank].name, r.n)
}

// isValue reports whether the register is a value register.
func (r register) isValue() bool {
	return r.bank != mdscr && (r.bank*arm64.MaxRegs == arm64.BVR || r.bank*arm64.MaxRegs == arm64.WVR)
}

// manualName returns the name that the architecture manual gives the register.
func (r register) manualName() string {
	if r.bank == mdscr {
		return "MDSCR_EL1"
	}
	return arm64.RegName(r.bank*arm64.MaxRegs + r.n)
}

// A regCPU is a CPU whose registers assert.regs compares: of a machine, or of a board.
type regCPU interface {
	ID() int
	BRPs() int
	WRPs() int
	read(r register) (v uint64, known bool, err error)
}

// A simCPU is a CPU of a machine, whose registers are all known.
type simCPU struct{ *sim.CPU }

func (c simCPU) read(r register) (v uint64, known bool, err error) {
	if r.bank == mdscr {
		v, err = c.MDSCR()
		return v, true, err
	}
	v, err = c.Reg(r.bank*arm64.MaxRegs, r.n)
	return v, true, err
}

// lastWrite returns the last write of the register of a machine's CPU that the trace holds.
func (r register) lastWrite(c regCPU) (w sim.RegisterWrite, ok bool) {
	switch c, isModel := c.(simCPU); {
	case !isModel:
		return w, false
	case r.bank == mdscr:
		return c.LastMDSCRWrite()
	default:
		return c.LastWrite(r.bank*arm64.MaxRegs, r.n)
	}
}

// wanted reads the table of assert.regs.
func (c assertCall) wanted(t *lua.LTable) map[register]uint64 {
	want := map[register]uint64{}
	add := func(r register, v lua.LValue) {
		value, err := toU64(v)
		if err != nil {
			c.misuse(2, "field '%s': %v", r, err)
		}
		want[r] = value
	}
	var known []string
	for _, b := range regBanks {
		known = append(known, b.name)
	}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, _ := k.(lua.LString)
		bank := slices.Index(known, string(key))
		if bank < 0 {
			c.misuse(2, "%v", unknown("unknown field '%s'", spell(k), known))
		}
		if bank == mdscr {
			add(register{bank: bank}, v)
			continue
		}
		regs, ok := v.(*lua.LTable)
		if !ok {
			c.misuse(2, "field '%s': table expected, got %s", string(key), typeName(v))
		}
		for k, v := regs.Next(lua.LNil); k != lua.LNil; k, v = regs.Next(k) {
			n, ok := exactInt(k)
			if !ok || n < 0 || n >= arm64.MaxRegs {
				c.misuse(2, "field '%s': registers are numbered from 0 to %d, got [%s]",
					string(key), arm64.MaxRegs-1, spell(k))
			}
			add(register{bank, n}, v)
		}
	}
	return want
}

// regs implements assert.regs and, if exactly is set, assert.regs_exactly.
func (c assertCall) regs(exactly bool) int {
	cpus := c.cpus()
	t, ok := c.Get(2).(*lua.LTable)
	if !ok {
		c.wrongType(2, "table")
	}
	f := &vm.Failure{Assertion: c.name, Message: c.message(3)}
	want := c.wanted(t)
	for _, cpu := range cpus {
		diffs := c.compare(cpu, want, exactly)
		if len(diffs) > 0 && len(f.Registers) == 0 {
			c.focus(cpu)
		}
		f.Registers = append(f.Registers, diffs...)
	}
	if len(f.Registers) > 0 {
		vm.Fail(c.LState, f)
	}
	return 0
}

// focus moves the focus of the runtime to the CPU of a machine that does not hold what is wanted.
func (c assertCall) focus(cpu regCPU) {
	x, ok := cpu.(simCPU)
	if !ok {
		return
	}
	if o, ok := c.Get(1).(*lua.LUserData).Value.(interface{ runtime() *runtime }); ok {
		o.runtime().options.Focus.onCPU(x.CPU)
	}
}

// cpus reads the first argument of assert.regs: a CPU, or a machine for all CPUs that are online, or a board
// for all its CPUs.
func (c assertCall) cpus() (cpus []regCPU) {
	ud, _ := c.Get(1).(*lua.LUserData)
	if ud == nil {
		c.wrongType(1, "cpu or machine")
	}
	switch o := ud.Value.(type) {
	case *object[*sim.CPU]:
		return []regCPU{simCPU{o.val}}
	case *object[boardCPU]:
		return []regCPU{o.val}
	case *object[*boardView]:
		for n := range o.val.b.CPUs {
			cpus = append(cpus, boardCPU{o.val, n})
		}
	case *object[*sim.Machine]:
		for i := range o.val.NrCPUs() {
			if cpu := o.val.CPU(i); cpu.Online() {
				cpus = append(cpus, simCPU{cpu})
			}
		}
	default:
		c.wrongType(1, "cpu or machine")
	}
	return cpus
}

// compare returns the registers of cpu that do not hold what is wanted. Exactly adds all others of the
// banks, which must be 0.
func (c assertCall) compare(cpu regCPU, want map[register]uint64, exactly bool) (diffs []vm.RegisterDiff) {
	all := slices.Collect(maps.Keys(want))
	if exactly {
		for bank, count := range [mdscr]int{cpu.BRPs(), cpu.BRPs(), cpu.WRPs(), cpu.WRPs()} {
			for n := range count {
				if _, ok := want[register{bank, n}]; !ok {
					all = append(all, register{bank, n})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b register) int {
		return cmp.Or(regBanks[a.bank].order-regBanks[b.bank].order, a.n-b.n)
	})
	for _, r := range all {
		found, known, err := cpu.read(r)
		if err != nil {
			c.misuse(2, "%s of cpu%d: %v", r, cpu.ID(), err)
		}
		if _, named := want[r]; !known && !named && r.isValue() {
			continue // the value register of an empty slot
		}
		if !known {
			is := fmt.Sprintf("%s of cpu%d is 0x%x", r, cpu.ID(), want[r])
			c.fail("", is, "its source does not know it")
		}
		if found != want[r] {
			diffs = append(diffs, r.diff(cpu, want[r], found))
		}
	}
	return diffs
}

// diff describes how the value found in the register of c differs from the wanted one.
func (r register) diff(c regCPU, want, found uint64) vm.RegisterDiff {
	bank := regBanks[r.bank]
	d := vm.RegisterDiff{
		CPU:      fmt.Sprintf("cpu%d", c.ID()),
		Field:    r.String(),
		Name:     r.manualName(),
		Expected: want,
		Found:    found,
		Digits:   bank.digits,
	}
	if w, ok := r.lastWrite(c); ok {
		d.Written = &vm.Written{At: float64(w.At) / 1e9, By: fmt.Sprintf("%s (pid %d)", w.Comm, w.PID),
			Value: w.Value, Chain: w.Chain}
	}
	for _, f := range arm64.Diff(bank.reg, want, found) {
		expected, found := f.Values()
		d.Fields = append(d.Fields, vm.FieldDiff{Name: f.Name, Expected: expected, Found: found})
	}
	return d
}

// errno implements assert.errno(name, call(...)).
func (c assertCall) errno() int {
	name := c.text(1, "an errno's name")
	if _, known := hwdebug.ErrnoByName(name); !known && !strings.HasPrefix(name, "SIG") {
		c.misuse(1, "%v", unknown("'%s' is not an errno", name, errnoNames()))
	}
	if c.GetTop() < 2 {
		c.misuse(2, "the results of a call expected: assert.errno(\"%s\", m:...)", name)
	}
	result, reason, errno := c.Get(2), c.Get(3), c.Get(4)
	if result == lua.LNil && errno == lua.LString(name) {
		c.Push(reason)
		return 1
	}
	found := "no refusal: the call returned "
	switch s, ok := result.(lua.LString); {
	case result == lua.LNil && c.GetTop() >= 4:
		found = spell(errno) + ": " + spell(reason)
	case ok:
		found += fmt.Sprintf("%.200q", string(s))
	default:
		found += spell(result)
	}
	c.fail("", "refusal with "+name, found)
	return 0
}

// succeeds implements assert.succeeds(call(...)).
func (c assertCall) succeeds() int {
	if c.GetTop() < 1 {
		c.misuse(1, "the results of a call expected: assert.succeeds(m:...)")
	}
	if c.Get(1) != lua.LNil {
		return c.GetTop()
	}
	f := &vm.Failure{Assertion: c.name}
	f.Expected, f.Found = words("success"), words("nil")
	if text, ok := c.Get(2).(lua.LString); ok {
		f.Found = words(string(text))
		if errno, ok := hwdebug.ErrnoByName(c.Get(3).String()); ok {
			f.Cause = &hwdebug.Error{Op: "assert.succeeds", Found: string(text), Errno: errno}
		}
	}
	vm.Fail(c.LState, f)
	return 0
}

// names reads an array of strings.
func (c assertCall) names(arg int) []string {
	t, ok := c.Get(arg).(*lua.LTable)
	if !ok {
		c.wrongType(arg, "table")
	}
	list := make([]string, t.Len())
	for i := range list {
		s, ok := t.RawGetInt(i + 1).(lua.LString)
		if !ok {
			c.misuse(arg, "a list of names expected, [%d] is a %s", i+1, typeName(t.RawGetInt(i+1)))
		}
		list[i] = string(s)
	}
	return list
}

// callchain implements assert.callchain(expected, actual).
func (c assertCall) callchain() int {
	const arrow = " < "
	if pasted, ok := c.Get(1).(lua.LString); ok {
		return c.pastedChain(pastedStack(string(pasted)))
	}
	want, text := c.names(1), c.message(3)
	if c.Get(2) == lua.LNil {
		c.fail(text, strings.Join(want, arrow), "the function was never entered")
	}
	found := c.names(2)
	if w, f, ok := matchChain(want, found); !ok {
		difference := chainDifference(want, found, w, f)
		c.fail(text, strings.Join(want, arrow), strings.Join(found, arrow), difference)
	}
	return 0
}

// pastedChain compares a stack of a real kernel: its frames have to occur, in order, in the model's chain.
func (c assertCall) pastedChain(want []string) int {
	const arrow = " < "
	text := c.message(3)
	if len(want) == 0 {
		c.misuse(1, "no line of the text is a frame such as write_wb_reg+0x3c/0x284")
	}
	if c.Get(2) == lua.LNil {
		c.fail(text, strings.Join(want, arrow), "the function was never entered")
	}
	found := c.names(2)
	at := 0
	for _, name := range want {
		i := slices.Index(found[at:], name)
		if i < 0 {
			where := "not in it"
			if slices.Contains(found, name) {
				where = "at another place"
			}
			order := words("in the model's chain, in order")
			detail := vm.Detail{Path: name, Expected: order, Found: words(where)}
			c.fail(text, strings.Join(want, arrow), strings.Join(found, arrow), detail)
		}
		at += i + 1
	}
	return 0
}

// anyNames stands for any number of names in an expected call chain.
const anyNames = "..."

// matchChain compares names in order. If they do not match it returns the furthest position that it
// reached: want[bestW] does not match found[bestF].
func matchChain(want, found []string) (bestW, bestF int, ok bool) {
	w, f, star, mark := 0, 0, -1, 0
	for f < len(found) {
		if w > bestW {
			bestW, bestF = w, f
		}
		switch {
		case w < len(want) && want[w] == anyNames:
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
	for w < len(want) && want[w] == anyNames {
		w++
	}
	if w > bestW {
		bestW, bestF = w, f
	}
	return bestW, bestF, w == len(want)
}

// chainDifference describes that want[w] does not match found[f].
func chainDifference(want, found []string, w, f int) vm.Detail {
	for w < len(want) && want[w] == anyNames {
		w++
	}
	name := func(list []string, i int) vm.Side {
		if i < len(list) {
			return words(list[i])
		}
		return words("the end")
	}
	d := vm.Detail{Path: fmt.Sprintf("name %d", f+1), Expected: name(want, w), Found: name(found, f)}
	if w > 0 && w < len(want) && want[w-1] == anyNames {
		d.Path, d.Found = fmt.Sprintf("from name %d on", f+1), words("none")
	}
	return d
}

// machine reads the machine that is the first argument.
func (c assertCall) machine() *sim.Machine {
	ud, _ := c.Get(1).(*lua.LUserData)
	if ud != nil {
		if o, ok := ud.Value.(*object[*sim.Machine]); ok {
			return o.val
		}
	}
	c.wrongType(1, "machine")
	return nil
}

// dmesg implements assert.dmesg(m, pattern).
func (c assertCall) dmesg() int {
	m, pattern, text := c.machine(), c.text(2, "string"), c.message(3)
	lines := m.Dmesg()
	if slices.ContainsFunc(lines, matcher(c.LState, lua.LString(pattern))) {
		return 0
	}
	const shown = 12
	found := strings.Join(lines[max(0, len(lines)-shown):], "\n")
	if len(lines) > shown {
		found = fmt.Sprintf("%d lines, of which the last are\n%s", len(lines), found)
	}
	c.fail(text, fmt.Sprintf("a line that matches %q", pattern), found)
	return 0
}

// noLeaksOf implements assert.no_leaks(board).
func (c assertCall) noLeaksOf(v *boardView) int {
	if leaks := v.leakLines(); len(leaks) > 0 {
		found := phrase.Plural(len(leaks), "event") + " left\n" + strings.Join(leaks, "\n")
		c.fail(c.message(2), "nothing left", found)
	}
	return 0
}

// noLeaks implements assert.no_leaks(m).
func (c assertCall) noLeaks() int {
	if ud, ok := c.Get(1).(*lua.LUserData); ok {
		if o, ok := ud.Value.(*object[*boardView]); ok {
			return c.noLeaksOf(o.val)
		}
	}
	m, text := c.machine(), c.message(2)
	if leaks := m.Leaks(); len(leaks) > 0 {
		found := phrase.Plural(len(leaks), "thing") + " left\n" + strings.Join(leaks, "\n")
		c.fail(text, "nothing left", found)
	}
	return 0
}
