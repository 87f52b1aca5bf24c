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
		"u8": func(v uint8) {
			note(v)
		}, "u64": func(v uint64) {
			note(v)
		}, "i8": func(v int8) { note(v) }, "i64": func(v int64) { note(v) },
		"f64": func(v float64) {
			note(v)
		}, "str": func(v string) {
			note(v)
		}, "bytes": func(v []byte) { note(v) }, "bool": func(v bool) { note(v) },
		"level": func(v level) {
			note(v)
		}, "list": func(v []uint16) {
			note(v)
		}, "dict": func(v map[string]uint64) { note(v) }, "attr": func(v attr) { note(v) },
		"ptr": func(v *attr) {
			note(*v)
		}, "any": func(v any) {
			note(v)
		}, "many": func(first string, rest ...int) { note(fmt.Sprint(first, rest)) },
		"ctx": func(ctx context.Context, v int) {
			note(fmt.Sprint(ctx != nil, v))
		}, "array": func(v [2]int) { note(v) },
		"back": func() (uint64, int64, level, []byte, error) {
			return 1<<64 - 1, -5, 3, []byte("b"), nil
		}, "none": func() error { return nil },
		"version": "1.2", "limit": uint64(1 << 60),
		"channel": func() (int, chan int) { return 1, nil }, "stringer": func(v fmt.Stringer) { note(v) },
		"call": func(f func(string, ...int) (string, error)) error {
			v, err := f("a", 1, 2)
			note(v)
			return err
		},
		"refused1": func(f func(chan int) error) { note(fmt.Sprint(f(nil), f(make(chan int)))) },
		"refused":  func(f func(...any) error) { note(fmt.Sprint(f(make(chan int)))) },
	}}
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
	for _, c := range []struct{ call, want string }{
		{
			call: "m.u8(255)",
			want: "uint8 255",
		}, {
			call: "m.u8(256)",
			want: "!bad argument #1 to 'u8' (256 does not fit into 8 bits)",
		}, {
			call: "m.u8(-1)",
			want: "!number of 0 or more expected, got -1; its two's complement is 0xffffffffffffffff",
		},
		{
			call: "m.u8(1.5)",
			want: "!integer expected, got 1.5",
		}, {
			call: "m.u8(0/0)",
			want: "!number expected, got nan",
		}, {call: "m.u8(1e30)", want: "!integer below 2^64 expected"},
		{
			call: "m.u8('5')",
			want: "!number expected, got string",
		}, {
			call: "m.u8()",
			want: "!number expected, got nil",
		}, {call: "m.u8({})", want: "!number expected, got table"},
		{call: "m.u8(1, 2)", want: "!'u8' takes 1 arguments, got 2"},
		{
			call: "m.u64(0xffffffffffffffff)",
			want: "uint64 18446744073709551615",
		}, {
			call: "m.u64(2^60)",
			want: "!has lost precision; write the value as a literal (0x1000000000000000), as hw.u64 " +
				"\"0x1000000000000000\", or with bit.lshift(1, 63)",
		},
		{
			call: "m.u64(0x1fffffffffffff)",
			want: "uint64 9007199254740991",
		}, {
			call: "m.i8(-128)",
			want: "int8 -128",
		}, {call: "m.i8(-129)", want: "!-129 does not fit into 8 bits"},
		{
			call: "m.i64(0x7fffffffffffffff)",
			want: "int64 9223372036854775807",
		}, {
			call: "m.i64(0x8000000000000000)",
			want: "!does not fit into 63 bits and a sign",
		}, {call: "m.i64(-5)", want: "int64 -5"}, {call: "m.i64(-0.5)", want: "!exact integer expected"},
		{
			call: "m.f64(0.1)",
			want: "float64 0.1",
		}, {
			call: "m.f64(0x8000000000000000)",
			want: "float64 9.223372036854776e+18",
		}, {
			call: "m.f64(0x8000000000000001)",
			want: "!has no exact floating-point number",
		}, {call: "m.f64('x')", want: "!number expected, got string"},
		{
			call: "m.str('x')",
			want: "string x",
		}, {
			call: "m.str(5)",
			want: "string 5",
		}, {
			call: "m.str(nil)",
			want: "!string expected, got nil",
		}, {call: "m.bytes('ab')", want: "[]uint8 [97 98]"},
		{
			call: "m.bool(false)",
			want: "bool false",
		}, {
			call: "m.bool(1)",
			want: "!boolean expected, got number",
		}, {
			call: "m.level(3)",
			want: "vm_test.level 3",
		}, {call: "m.level(300)", want: "!300 does not fit into 8 bits"},
		{
			call: "m.list{1, 2, 65535}",
			want: "[]uint16 [1 2 65535]",
		}, {
			call: "m.list{1, 65536}",
			want: "!item 2: 65536 does not fit into 16 bits",
		}, {call: "m.list('x')", want: "!table expected, got string"},
		{
			call: "m.dict{a = 0xffffffffffffffff}",
			want: "map[string]uint64 map[a:18446744073709551615]",
		}, {call: "m.dict{a = 'x'}", want: "!field 'a': number expected, got string"},
		{
			call: "m.attr{addr = 0xffffff8008c5a000, len = 8}",
			want: "vm_test.attr {18446743524100907008 8 }",
		}, {
			call: "m.attr{add = 1}",
			want: "!unknown field 'add' (did you mean 'addr'?)",
		}, {call: "m.attr{note = 'x'}", want: "!unknown field 'note'"},
		{
			call: "m.attr{len = 300}",
			want: "!field 'len': 300 does not fit",
		}, {
			call: "m.ptr{Addr = 1}",
			want: "vm_test.attr {1 0 }",
		}, {
			call: "m.any(0xffffffffffffffff)",
			want: "uint64 18446744073709551615",
		}, {call: "m.any(nil)", want: "<nil> <nil>"},
		{
			call: "m.many('a')",
			want: "string a[]",
		}, {
			call: "m.many('a', 1, 2)",
			want: "string a[1 2]",
		}, {
			call: "m.many('a', 'b')",
			want: "!bad argument #2 to 'many' (number expected, got string)",
		}, {call: "m.ctx(4)", want: "string true 4"}, {call: "m.ctx()", want: "!bad argument #1 to 'ctx'"},
		{
			call: "m.array{1, 2}",
			want: "[2]int [1 2]",
		}, {
			call: "m.array{1}",
			want: "!2 items expected, got 1",
		}, {
			call: "m.array(nil)",
			want: "!table expected, got nil",
		}, {call: "m.list(nil)", want: "[]uint16 []"},
		{
			call: "m.dict{[{}] = 1}",
			want: "!key a table: string expected, got table",
		}, {
			call: "m.dict{[0xffffffffffffffff] = 1}",
			want: "!key 0xffffffffffffffff: string expected, got u64",
		}, {call: "m.dict{[true] = 1}", want: "!key true: string expected, got boolean"},
		{
			call: "m.channel()",
			want: "!result 2 of 'channel': a value of type chan int cannot be given to Lua",
		}, {
			call: "m.stringer(nil)",
			want: "<nil> <nil>",
		}, {call: "m.stringer(5)", want: "!another object expected, got number"},
		{
			call: "m.call(function(...) return table.concat({...}, ' ') end)",
			want: "string a 1 2",
		}, {
			call: "m.call(function() return {} end)",
			want: "!string expected, got table",
		}, {
			call: "m.refused1(print)",
			want: "string a value of type chan int cannot be given to Lua a value of type chan int " +
				"cannot be given to Lua",
		}, {call: "m.refused(print)", want: "string a value of type chan int cannot be given to Lua"},
		{call: "local t = {} t.a = t m.any(t) m.dict(t)", want: "!number expected, got table"},
		{
			call: "local a, b, c, d, e = m.back() assert(a == 0xffffffffffffffff and b == -5 and c == 3 " +
				"and d == 'b' and e == nil) m.str('ok')",
			want: "string ok",
		},
		{
			call: "assert(select('#', m.none()) == 0) m.str('ok')",
			want: "string ok",
		}, {
			call: "assert(m.version == '1.2' and m.limit == 0x1000000000000000) m.str('ok')",
			want: "string ok",
		},
		{call: "m.str(require('m') == m and 'same' or 'other')", want: "string same"},
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
	if _, err := vm.New(vm.Config{
		Modules: []vm.Module{{Name: "m", Global: true, Funcs: map[string]any{"f": func(chan int) {}}}},
	}); err == nil {
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

// An object goes where its type goes, its value where that is asked for, and as an interface that
// it has.
func TestOwnValuesAsArguments(t *testing.T) {
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "m", Global: true, Funcs: map[string]any{
		"pointer": func(b *Board) string {
			return b.Name
		}, "value": func(b Board) string {
			return b.Name
		}, "stringer": func(v fmt.Stringer) string { return v.String() },
		"fails": func(v error) {},
	}}}})
	if err := rt.Set("board", &Board{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	got, err := rt.Run(context.Background(), must(t, "return m.pointer(board), m.value(board), "+
		"m.stringer(board), select(2, pcall(m.fails, board))"))
	if want := "[test test board test test.lua:1: bad argument #1 to 'fails' (another object expected, " +
		"got Board)]"; fmt.Sprint(got) != want || err != nil {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	table, err := rt.Run(context.Background(), must(t, "return {}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := table[0].(*vm.Table).Set(math.NaN(), 1); err == nil ||
		!strings.Contains(err.Error(), "table index is NaN") {
		t.Errorf("NaN as a key: %v", err)
	}
	if err := table[0].(*vm.Table).Set(1.5, 1); err != nil {
		t.Error(err)
	}
}

func TestOwnValues(t *testing.T) {
	b := &Board{
		Name:   "test",
		Base:   0xffffff8008c5a004,
		Offset: -1 << 40,
		Pins:   []uint64{1, 1<<64 - 1},
		Labels: map[string]uint64{"b": 1 << 63, "a": 1},
		Secret: "s",
		hidden: 1,
	}
	rt := newRuntime(t, vm.Config{})
	if err := rt.Set("board", b); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{
		"board.Name == 'test'", "board.name == 'test'", "board.base == 0xffffff8008c5a004",
		"board.offset == -1099511627776", "board.pins[2] == 0xffffffffffffffff",
		"#board.pins == 2", "board.labels.b == 0x8000000000000000", "board.labels.c == nil",
		"#board.labels == 2", "board.alias == 0",
		"board:address() == 0xffffff8008c5a004", "board:Address() == board.base", "board:sum(4) == " +
			"0xffffff8008c5a008", "board:wait()", "tostring(board) == 'board test'",
		"type(board) == 'userdata'", "getmetatable(board) == 'Board'", "board.inner.value == 0",
		"board:copy().base == board.base",
		"(function() local s = '' for k, v in board.labels() do s = s .. k .. tostring(v) end return s " +
			"end)() == 'a1b0x8000000000000000'",
		"(function() local n = 0 for i, v in board.pins() do n = n + i end return n end)() == 3",
		"(function() board.name = 'new' board.base = 0xffffffffffffffff board.line = 200 " +
			"board.inner.value = 7 board.pins[1] = 0x8000000000000000 board.labels.c = " +
			"0x8000000000000000 board.labels.a = nil return true end)()",
		"board.inner.value == 7", "select('#', board:reset(3)) == 0", "board.line == 3",
	} {
		got, err := rt.Run(context.Background(), must(t, "return "+e))
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s: got %v, %v; want true", e, got, err)
		}
	}
	if b.Name != "new" || b.Base != 1<<64-1 || b.Line != 3 || b.Inner.Value != 7 || b.Pins[0] != 1<<63 ||
		b.Labels["c"] != 1<<63 || len(b.Labels) != 2 {
		t.Errorf("%+v", b)
	}
	for _, c := range []struct{ src, want string }{
		{
			src:  "return board.nmae",
			want: "no such field or method: 'nmae' (did you mean 'name'?)",
		}, {
			src:  "board.nmae = 1",
			want: "'nmae'",
		}, {
			src:  "return board.secret",
			want: "no such field",
		}, {src: "return board.hidden", want: "no such field"},
		{
			src:  "board.line = 256",
			want: "field 'line' of *vm_test.Board: 256 does not fit into 8 bits",
		}, {
			src:  "board.line = -1",
			want: "number of 0 or more expected",
		}, {src: "board.line = 1.9", want: "integer expected"},
		{
			src:  "board.base = 2^63",
			want: "has lost precision",
		}, {
			src:  "board.name = {}",
			want: "string expected, got table",
		}, {src: "board:reset(300)", want: "bad argument #1 to 'reset' (300 does not fit into 8 bits)"},
		{
			src:  "board:reset('x')",
			want: "bad argument #1 to 'reset' (number expected, got string)",
		}, {
			src:  "board.reset(3)",
			want: "call it with ':'",
		}, {src: "board:reset(9)", want: "line 9: invalid argument"},
		{
			src:  "return board.pins[3]",
			want: "out of range (1 to 2)",
		}, {
			src:  "return board.pins[0]",
			want: "out of range",
		}, {src: "board.pins[1] = -1", want: "number of 0 or more expected"},
		{
			src:  "board.labels.x = 'y'",
			want: "number expected, got string",
		}, {
			src:  "return -board",
			want: "arithmetic",
		}, {
			src:  "return board ^ board",
			want: "arithmetic",
		}, {src: "board:copy().name = 'x'", want: "cannot be written"},
		{src: "setmetatable(board, {})", want: ""}, {src: "return board.methods.x", want: "no such field"},
	} {
		if err := run(t, rt, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
	if err := run(t, rt, "board:reset(9)"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("got %v, want EINVAL", err)
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
		return board.Name, board.name, pcall(function() return board.Base end), pcall(function()
		return board:Address() end), tostring(board)`))
	if err != nil || fmt.Sprint(got[:3]) != "[test test false]" || b.Line != 2 ||
		fmt.Sprint(got[len(got)-1]) != "object: Board" {
		t.Errorf("got %v, %v", got, err)
	}
	if err := rt.Set("board", vm.Only(b, "Rest")); err == nil ||
		!strings.Contains(err.Error(), "did you mean 'Reset'") {
		t.Errorf("an unknown name: %v", err)
	}
	for _, v := range []any{make(chan int), new(int), complex(1, 2), func(chan int) {}} {
		if err := rt.Set("v", v); err == nil {
			t.Errorf("a %T was taken", v)
		}
	}
}
