package vm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

type level uint8

func TestModuleFunctions(t *testing.T) {
	type attr struct {
		Addr uint64
		Len  uint8  `luar:"len"`
		Note string `luar:"-"`
	}
	var seen string
	note := func(v any) { seen = fmt.Sprintf("%T %v", v, v) }
	m := vm.Module{Name: "m", Global: true, Funcs: map[string]any{
		"u8": func(v uint8) { note(v) }, "u64": func(v uint64) { note(v) }, "i8": func(v int8) { note(v) }, "i64": func(v int64) { note(v) },
		"f64": func(v float64) { note(v) }, "str": func(v string) { note(v) }, "bytes": func(v []byte) { note(v) }, "bool": func(v bool) { note(v) },
		"level": func(v level) { note(v) }, "list": func(v []uint16) { note(v) }, "dict": func(v map[string]uint64) { note(v) }, "attr": func(v attr) { note(v) },
		"ptr": func(v *attr) { note(*v) }, "any": func(v any) { note(v) }, "many": func(first string, rest ...int) { note(fmt.Sprint(first, rest)) },
		"ctx": func(ctx context.Context, v int) { note(fmt.Sprint(ctx != nil, v)) }, "array": func(v [2]int) { note(v) },
		"back": func() (uint64, int64, level, []byte, error) { return 1<<64 - 1, -5, 3, []byte("b"), nil }, "none": func() error { return nil },
		"version": "1.2", "limit": uint64(1 << 60),
		"channel": func() (int, chan int) { return 1, nil }, "stringer": func(v fmt.Stringer) { note(v) },
		"call":     func(f func(string, ...int) (string, error)) error { v, err := f("a", 1, 2); note(v); return err },
		"refused1": func(f func(chan int) error) { note(fmt.Sprint(f(nil), f(make(chan int)))) },
		"refused":  func(f func(...any) error) { note(fmt.Sprint(f(make(chan int)))) },
	}}
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
	for _, c := range []struct{ call, want string }{
		{"m.u8(255)", "uint8 255"}, {"m.u8(256)", "!bad argument #1 to 'u8' (256 does not fit into 8 bits)"}, {"m.u8(-1)", "!number of 0 or more expected, got -1; its two's complement is 0xffffffffffffffff"},
		{"m.u8(1.5)", "!whole number expected, got 1.5"}, {"m.u8(0/0)", "!number expected, got nan"}, {"m.u8(1e30)", "!integer below 2^64 expected"},
		{"m.u8('5')", "!number expected, got string"}, {"m.u8()", "!number expected, got nil"}, {"m.u8({})", "!number expected, got table"},
		{"m.u8(1, 2)", "!'u8' takes 1 arguments, got 2"},
		{"m.u64(0xffffffffffffffff)", "uint64 18446744073709551615"}, {"m.u64(2^60)", "!has lost precision; write the value as a literal (0x1000000000000000), as hw.u64 \"0x1000000000000000\", or with bit.lshift(1, 63)"},
		{"m.u64(0x1fffffffffffff)", "uint64 9007199254740991"}, {"m.i8(-128)", "int8 -128"}, {"m.i8(-129)", "!-129 does not fit into 8 bits"},
		{"m.i64(0x7fffffffffffffff)", "int64 9223372036854775807"}, {"m.i64(0x8000000000000000)", "!does not fit into 63 bits and a sign"}, {"m.i64(-5)", "int64 -5"}, {"m.i64(-0.5)", "!exact integer expected"},
		{"m.f64(0.1)", "float64 0.1"}, {"m.f64(0x8000000000000000)", "float64 9.223372036854776e+18"}, {"m.f64(0x8000000000000001)", "!has no exact floating-point number"}, {"m.f64('x')", "!number expected, got string"},
		{"m.str('x')", "string x"}, {"m.str(5)", "string 5"}, {"m.str(nil)", "!string expected, got nil"}, {"m.bytes('ab')", "[]uint8 [97 98]"},
		{"m.bool(false)", "bool false"}, {"m.bool(1)", "!boolean expected, got number"}, {"m.level(3)", "vm_test.level 3"}, {"m.level(300)", "!300 does not fit into 8 bits"},
		{"m.list{1, 2, 65535}", "[]uint16 [1 2 65535]"}, {"m.list{1, 65536}", "!item 2: 65536 does not fit into 16 bits"}, {"m.list('x')", "!table expected, got string"},
		{"m.dict{a = 0xffffffffffffffff}", "map[string]uint64 map[a:18446744073709551615]"}, {"m.dict{a = 'x'}", "!field 'a': number expected, got string"},
		{"m.attr{addr = 0xffffff8008c5a000, len = 8}", "vm_test.attr {18446743524100907008 8 }"}, {"m.attr{add = 1}", "!unknown field 'add' (did you mean 'addr'?)"}, {"m.attr{note = 'x'}", "!unknown field 'note'"},
		{"m.attr{len = 300}", "!field 'len': 300 does not fit"}, {"m.ptr{Addr = 1}", "vm_test.attr {1 0 }"}, {"m.any(0xffffffffffffffff)", "uint64 18446744073709551615"}, {"m.any(nil)", "<nil> <nil>"},
		{"m.many('a')", "string a[]"}, {"m.many('a', 1, 2)", "string a[1 2]"}, {"m.many('a', 'b')", "!bad argument #2 to 'many' (number expected, got string)"}, {"m.ctx(4)", "string true 4"}, {"m.ctx()", "!bad argument #1 to 'ctx'"},
		{"m.array{1, 2}", "[2]int [1 2]"}, {"m.array{1}", "!2 items expected, got 1"}, {"m.array(nil)", "!table expected, got nil"}, {"m.list(nil)", "[]uint16 []"},
		{"m.dict{[{}] = 1}", "!key a table: string expected, got table"}, {"m.dict{[0xffffffffffffffff] = 1}", "!key 0xffffffffffffffff: string expected, got u64"}, {"m.dict{[true] = 1}", "!key true: string expected, got boolean"},
		{"m.channel()", "!result 2 of 'channel': a value of type chan int cannot be given to Lua"}, {"m.stringer(nil)", "<nil> <nil>"}, {"m.stringer(5)", "!another object expected, got number"},
		{"m.call(function(...) return table.concat({...}, ' ') end)", "string a 1 2"}, {"m.call(function() return {} end)", "!string expected, got table"}, {"m.refused1(print)", "string a value of type chan int cannot be given to Lua a value of type chan int cannot be given to Lua"}, {"m.refused(print)", "string a value of type chan int cannot be given to Lua"},
		{"local t = {} t.a = t m.any(t) m.dict(t)", "!number expected, got table"},
		{"local a, b, c, d, e = m.back() assert(a == 0xffffffffffffffff and b == -5 and c == 3 and d == 'b' and e == nil) m.str('ok')", "string ok"},
		{"assert(select('#', m.none()) == 0) m.str('ok')", "string ok"}, {"assert(m.version == '1.2' and m.limit == 0x1000000000000000) m.str('ok')", "string ok"},
		{"m.str(require('m') == m and 'same' or 'other')", "string same"},
	} {
		seen = ""
		err := run(t, rt, c.call)
		if want, bad := strings.CutPrefix(c.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ":1: ") {
				t.Errorf("%s: %v; want %s", c.call, err, want)
			}
		} else if err != nil || seen != c.want {
			t.Errorf("%s: %q, %v; want %q", c.call, seen, err, c.want)
		}
	}
	if _, err := vm.New(vm.Config{Modules: []vm.Module{{Name: "m", Global: true, Funcs: map[string]any{"f": func(chan int) {}}}}}); err == nil {
		t.Error("a function with a channel was bound")
	}
}

// Board is an embedder's own type.
type Board struct {
	Name     string
	Base     uint64
	Offset   int64
	Line     uint8
	Pins     []uint64
	Labels   map[string]uint64
	Inner    Inner
	Secret   string `luar:"-"`
	Renamed  int    `luar:"alias"`
	hidden   int
	Callback func(int) int
}

type Inner struct{ Value uint64 }

func (b *Board) Reset(line uint8) error {
	if line > 8 {
		return fmt.Errorf("line %d: %w", line, syscall.EINVAL)
	}
	b.Line = line
	return nil
}

func (b *Board) Address() uint64              { return b.Base }
func (b *Board) Sum(values ...uint64) uint64  { return b.Base + values[0] }
func (b *Board) Wait(ctx context.Context) any { return ctx.Err() == nil }
func (b *Board) String() string               { return "board " + b.Name }
func (b Board) Copy() Board                   { return b }

// An object goes where its type goes, its value where that is asked for, and as an interface that it has.
func TestOwnValuesAsArguments(t *testing.T) {
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "m", Global: true, Funcs: map[string]any{
		"pointer": func(b *Board) string { return b.Name }, "value": func(b Board) string { return b.Name }, "stringer": func(v fmt.Stringer) string { return v.String() },
		"fails": func(v error) {},
	}}}})
	if err := rt.Set("board", &Board{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	got, err := rt.Run(context.Background(), must(t, "return m.pointer(board), m.value(board), m.stringer(board), select(2, pcall(m.fails, board))"))
	if want := "[test test board test test.lua:1: bad argument #1 to 'fails' (another object expected, got Board)]"; fmt.Sprint(got) != want || err != nil {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	table, err := rt.Run(context.Background(), must(t, "return {}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := table[0].(*vm.Table).Set(math.NaN(), 1); err == nil || !strings.Contains(err.Error(), "table index is NaN") {
		t.Errorf("NaN as a key: %v", err)
	}
	if err := table[0].(*vm.Table).Set(1.5, 1); err != nil {
		t.Error(err)
	}
}

func TestOwnValues(t *testing.T) {
	b := &Board{Name: "test", Base: 0xffffff8008c5a004, Offset: -1 << 40, Pins: []uint64{1, 1<<64 - 1}, Labels: map[string]uint64{"b": 1 << 63, "a": 1}, Secret: "s", hidden: 1}
	rt := newRuntime(t, vm.Config{})
	if err := rt.Set("board", b); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{
		"board.Name == 'test'", "board.name == 'test'", "board.base == 0xffffff8008c5a004", "board.offset == -1099511627776", "board.pins[2] == 0xffffffffffffffff",
		"#board.pins == 2", "board.labels.b == 0x8000000000000000", "board.labels.c == nil", "#board.labels == 2", "board.alias == 0",
		"board:address() == 0xffffff8008c5a004", "board:Address() == board.base", "board:sum(4) == 0xffffff8008c5a008", "board:wait()", "tostring(board) == 'board test'",
		"type(board) == 'userdata'", "getmetatable(board) == 'Board'", "board.inner.value == 0", "board:copy().base == board.base",
		"(function() local s = '' for k, v in board.labels() do s = s .. k .. tostring(v) end return s end)() == 'a1b0x8000000000000000'",
		"(function() local n = 0 for i, v in board.pins() do n = n + i end return n end)() == 3",
		"(function() board.name = 'new' board.base = 0xffffffffffffffff board.line = 200 board.inner.value = 7 board.pins[1] = 0x8000000000000000 board.labels.c = 0x8000000000000000 board.labels.a = nil return true end)()",
		"board.inner.value == 7", "select('#', board:reset(3)) == 0", "board.line == 3",
	} {
		got, err := rt.Run(context.Background(), must(t, "return "+e))
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s: %v, %v", e, got, err)
		}
	}
	if b.Name != "new" || b.Base != 1<<64-1 || b.Line != 3 || b.Inner.Value != 7 || b.Pins[0] != 1<<63 || b.Labels["c"] != 1<<63 || len(b.Labels) != 2 {
		t.Errorf("%+v", b)
	}
	for _, c := range []struct{ src, want string }{
		{"return board.nmae", "no such field or method: 'nmae' (did you mean 'name'?)"}, {"board.nmae = 1", "'nmae'"}, {"return board.secret", "no such field"}, {"return board.hidden", "no such field"},
		{"board.line = 256", "field 'line' of *vm_test.Board: 256 does not fit into 8 bits"}, {"board.line = -1", "number of 0 or more expected"}, {"board.line = 1.9", "whole number expected"},
		{"board.base = 2^63", "has lost precision"}, {"board.name = {}", "string expected, got table"}, {"board:reset(300)", "bad argument #1 to 'reset' (300 does not fit into 8 bits)"},
		{"board:reset('x')", "bad argument #1 to 'reset' (number expected, got string)"}, {"board.reset(3)", "call it with ':'"}, {"board:reset(9)", "line 9: invalid argument"},
		{"return board.pins[3]", "out of range (1 to 2)"}, {"return board.pins[0]", "out of range"}, {"board.pins[1] = -1", "number of 0 or more expected"},
		{"board.labels.x = 'y'", "number expected, got string"}, {"return -board", "arithmetic"}, {"return board ^ board", "arithmetic"}, {"board:copy().name = 'x'", "cannot be written"},
		{"setmetatable(board, {})", ""}, {"return board.methods.x", "no such field"},
	} {
		if err := run(t, rt, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
	if err := run(t, rt, "board:reset(9)"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v is not EINVAL", err)
	}
	if got, err := rt.Get("board"); err != nil || got != b {
		t.Errorf("came back as %v, %v", got, err)
	}
}

func TestOnly(t *testing.T) {
	b := &Board{Name: "test"}
	rt := newRuntime(t, vm.Config{})
	if err := rt.Set("board", vm.Only(b, "Name", "Reset")); err != nil {
		t.Fatal(err)
	}
	got, err := rt.Run(context.Background(), must(t, `board:Reset(2)
		return board.Name, board.name, pcall(function() return board.Base end), pcall(function() return board:Address() end), tostring(board)`))
	if err != nil || fmt.Sprint(got[:3]) != "[test test false]" || b.Line != 2 || fmt.Sprint(got[len(got)-1]) != "object: Board" {
		t.Errorf("%v, %v", got, err)
	}
	if err := rt.Set("board", vm.Only(b, "Rest")); err == nil || !strings.Contains(err.Error(), "did you mean 'Reset'") {
		t.Errorf("an unknown name: %v", err)
	}
	for _, v := range []any{make(chan int), new(int), complex(1, 2), func(chan int) {}} {
		if err := rt.Set("v", v); err == nil {
			t.Errorf("a %T was taken", v)
		}
	}
}
