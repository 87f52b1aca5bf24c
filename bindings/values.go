// What hw does with plain values: exact integers, types, constants.

package bindings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// natives are the functions that work on Lua values themselves and have no Go function beside their description.
var natives = map[string]func(rt *runtime, L *lua.LState, f *function) int{
	"hw.u64":  hwU64,
	"hw.hex":  hwHex,
	"hw.lt":   func(rt *runtime, L *lua.LState, f *function) int { return rt.compare(L, f, false) },
	"hw.le":   func(rt *runtime, L *lua.LState, f *function) int { return rt.compare(L, f, true) },
	"hw.type": hwType,
}

func hwU64(rt *runtime, L *lua.LState, f *function) int {
	switch v := L.Get(1).(type) {
	case lua.LString:
		n, err := parseU64(string(v))
		if err != nil {
			rt.badArgument(L, f, 0, err)
		}
		L.Push(rt.u64(n))
	case *lua.LNilType:
		if L.GetTop() < 1 {
			rt.badArgument(L, f, 0, errNoValue)
		}
		rt.badArgument(L, f, 0, expected("number or string", v))
	default:
		if v.Type() != lua.LTNumber && !isU64(v) {
			rt.badArgument(L, f, 0, expected("number or string", v))
		}
		n, err := vm.ToU64(v)
		if err != nil {
			rt.badArgument(L, f, 0, err)
		}
		L.Push(rt.u64(n))
	}
	return 1
}

// parseU64 reads a whole number of up to 64 bits, in decimal or after 0x in hexadecimal.
func parseU64(s string) (uint64, error) {
	digits, base := s, 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		digits, base = s[2:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%.40q does not fit 64 bits", s)
	}
	return 0, fmt.Errorf("%.40q is no whole number; write \"0x...\" or decimal digits", s)
}

func hwHex(rt *runtime, L *lua.LState, f *function) int {
	v := rt.need(L, f, 0)
	n, err := u64Value(rt, v)
	if err != nil {
		rt.badArgument(L, f, 0, err)
	}
	digits, err := intValue(rt, L.Get(2))
	if err == nil && (digits < 0 || digits > 64) {
		err = fmt.Errorf("%d digits asked for, at most 64 are possible", digits)
	}
	if err != nil {
		rt.badArgument(L, f, 1, err)
	}
	text := vm.Hex(n, digits)
	if more := digits + len("0x") - len(text); more > 0 {
		text = "0x" + strings.Repeat("0", more) + text[len("0x"):]
	}
	L.Push(rt.text(text))
	return 1
}

// need is an argument that must be there.
func (rt *runtime) need(L *lua.LState, f *function, i int) lua.LValue {
	v := L.Get(f.base + i)
	if v == lua.LNil {
		if L.GetTop() < f.base+i {
			rt.badArgument(L, f, i, errNoValue)
		}
		rt.badArgument(L, f, i, expected(typeText(f.desc.Params[i].Type), v))
	}
	return v
}

// compare is hw.lt and hw.le: any mixture of numbers and u64s.
func (rt *runtime) compare(L *lua.LState, f *function, equal bool) int {
	var side [2]lua.LValue
	for i := range side {
		side[i] = rt.need(L, f, i)
		if side[i].Type() != lua.LTNumber && !isU64(side[i]) {
			rt.badArgument(L, f, i, expected("number", side[i]))
		}
	}
	c, ok := rt.s.Compare(side[0], side[1])
	L.Push(lua.LBool(ok && (c < 0 || equal && c == 0)))
	return 1
}

func hwType(rt *runtime, L *lua.LState, f *function) int {
	if L.GetTop() < 1 {
		rt.s.Raise(L, fmt.Errorf("bad argument #1 to '%s' (value expected)", f.desc.Name))
	}
	L.Push(lua.LString(typeName(L.Get(1))))
	return 1
}

// moduleValues make the values of hw that are no functions.
var moduleValues = map[string]func(rt *runtime) lua.LValue{
	"errno": func(rt *runtime) lua.LValue {
		t := rt.L.CreateTable(0, len(hwdebug.Errnos))
		names := make([]string, len(hwdebug.Errnos))
		for i, e := range hwdebug.Errnos {
			t.RawSetString(e.Name, rt.int(e.Number))
			names[i] = e.Name
		}
		rt.guard(t, "hw.errno has no '%s'", names)
		return t
	},
	"presets": func(rt *runtime) lua.LValue {
		presets := PresetList()
		t := rt.L.CreateTable(len(presets), len(presets))
		for i, p := range presets {
			one := rt.L.CreateTable(0, 5)
			one.RawSetString("name", lua.LString(p.Name))
			one.RawSetString("brps", rt.int(p.BRPs))
			one.RawSetString("wrps", rt.int(p.WRPs))
			one.RawSetString("uao", lua.LBool(p.UAO))
			one.RawSetString("debugver", rt.int(int(p.DebugVer)))
			t.RawSetInt(i+1, one)
			t.RawSetString(p.Name, one)
		}
		return t
	},
	"kernels": func(rt *runtime) lua.LValue {
		return list(rt, sim.Profiles(), func(s string) lua.LValue { return lua.LString(s) })
	},
}
