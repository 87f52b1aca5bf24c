package vm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

func TestErrorsNameTheVariable(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{src: "registr()", want: "attempt to call global 'registr' (a nil value)"},
		{src: "prnt('x')", want: "attempt to call global 'prnt' (a nil value) (did you mean 'print'?)"},
		{src: "m = {} q.z()", want: "attempt to index global 'q' (a nil value)"},
		{
			src:  "local o = {}\nfunction o:f()\n\n self = nil\n return self.x\nend\no:f()",
			want: "attempt to index local 'self' (a nil value)",
		},
		{
			src:  "local function f(p, ...)\n\n return p.x\nend\nf()",
			want: "attempt to index local 'p' (a nil value)",
		},
		{
			src:  "local function f(...)\n\n return arg.x.y\nend\nf()",
			want: "attempt to index field 'x' (a nil value)",
		},
		{src: "local f f()", want: "attempt to call local 'f' (a nil value)"},
		{
			src:  "local m = {register = 1} m.registr()",
			want: "attempt to call field 'registr' (a nil value) (did you mean 'register'?)",
		},
		{
			src:  "string.formt('x')",
			want: "attempt to call field 'formt' (a nil value) (did you mean 'format'?)",
		},
		{
			src: "io.open('x')",
			want: "attempt to call field 'open' (a nil value); it is not allowed: set --allow fs " +
				"(Config.Allow.FS)",
		},
		{
			src: "local os = os os.getenv('HOME')",
			want: "attempt to call field 'getenv' (a nil value); it is not allowed: set --allow env " +
				"(Config.Allow.Env)",
		},
		{
			src: "os.exit()",
			want: "attempt to call field 'exit' (a nil value); it is not allowed: set " +
				"Config.Allow.Exit (set for hwlua FILE, not for cases)",
		},
		{src: "os.tiem()", want: "attempt to call field 'tiem' (a nil value) (did you mean 'time'?)"},
		{src: "local io = {} io.open('x')", want: "attempt to call field 'open' (a nil value)"},
		{
			src:  "local s = 'x' s:uper()",
			want: "attempt to call method 'uper' (a nil value) (did you mean 'upper'?)",
		},
		{
			src:  "local t = setmetatable({}, {__index = {close = 1}}) t:clos()",
			want: "attempt to call method 'clos' (a nil value) (did you mean 'close'?)",
		},
		{src: "local f local function g() f() end g()", want: "attempt to call upvalue 'f' (a nil value)"},
		{src: "(nil)()", want: "attempt to call a nil value"},
		{src: "local t = {} t.x.y = 1", want: "attempt to index field 'x' (a nil value)"},
		{src: "local t = {} t.x.y.z = 1", want: "attempt to index field 'x' (a nil value)"},
		{src: "local t = {} return t.x.y", want: "attempt to index field 'x' (a nil value)"},
		{src: "local t = {} return t[1].y", want: "attempt to index field '?' (a nil value)"},
		{src: "return x.y", want: "attempt to index global 'x' (a nil value)"},
		{src: "local t return t.x", want: "attempt to index local 't' (a nil value)"},
		{src: "local t return t[1]", want: "attempt to index local 't' (a nil value)"},
		{
			src:  "local t local function f() return t.x end f()",
			want: "attempt to index upvalue 't' (a nil value)",
		},
		{src: "local n = 5 n.x = 1", want: "attempt to index local 'n' (a number value)"},
		{src: "local t t:f()", want: "attempt to index local 't' (a nil value)"},
		{src: "return 1 + nil", want: "attempt to perform arithmetic on a nil value"},
		{src: "local a = 1 return a + b", want: "attempt to perform arithmetic on global 'b' (a nil value)"},
		{
			src:  "local t = {} return t.n * 2",
			want: "attempt to perform arithmetic on field 'n' (a nil value)",
		},
		{
			src:  "local t = {} return 2 ^ t",
			want: "attempt to perform arithmetic on local 't' (a table value)",
		},
		{src: "local t = {} return -t", want: "attempt to perform arithmetic on local 't' (a table value)"},
		{
			src: "return '0xffffffffffffffff' + 1",
			want: "attempt to perform arithmetic on text of an integer above 2^53; convert it with " +
				"hw.u64 or tonumber",
		},
		{src: "return 'x' + 1", want: "attempt to perform arithmetic on a string value"},
		{
			src:  "local s = 'abc' return 1 + s",
			want: "attempt to perform arithmetic on local 's' (a string value)",
		},
		{src: "local t = {} return 'a' .. t", want: "attempt to concatenate local 't' (a table value)"},
		{
			src:  "local t = {} return 'a' .. t.x .. 'b'",
			want: "attempt to concatenate field 'x' (a nil value)",
		},
		{src: "return #nil", want: "attempt to get length of a nil value"},
		{src: "local n = 1 return #n", want: "attempt to get length of local 'n' (a number value)"},
		{src: "return {} < {}", want: "attempt to compare two table values"},
		{src: "return 1 < 'x'", want: "attempt to compare number with string"},
		{src: "return nil <= 1", want: "attempt to compare nil with number"},
		{src: "local t = {} t[nil] = 1", want: "table index is nil"},
		{src: "local t = {} t[0/0] = 1", want: "table index is NaN"},
		{src: "for i = 'a', 2 do end", want: "'for' initial value must be a number"},
		{src: "for i = 1, {} do end", want: "'for' limit must be a number"},
		{src: "for i = 1, 2, nil do end", want: "'for' step must be a number"},
		{
			src: "for k, v in {} do end",
			want: "attempt to call a table value (for ... in needs an iterator: write pairs(t) or " +
				"ipairs(t))",
		},
		{src: "for k in nil do end", want: "attempt to call a nil value"},
		// A name that is no longer in scope is not shown for what now lies where it was.
		{src: "do\nlocal x = 1\nend\nfoo.bar()", want: "attempt to index global 'foo' (a nil value)"},
		{
			src:  "for i = 1, 1 do local a, b, c = 1, 2, 3 end\nlocal z\nz()",
			want: "attempt to call local 'z' (a nil value)",
		},
		{
			src:  "local a = 1\nif a then local b = 2 end\nlocal c\nreturn c.x",
			want: "attempt to index local 'c' (a nil value)",
		},
		{
			src: "local function f(p, q)\nfor k, v in pairs({1}) do local w = v end\nreturn q.x\n" +
				"end\nf(1)",
			want: "attempt to index local 'q' (a nil value)",
		},
		{src: "a = {} do local a = 1 end a:bbbb(3)", want: "attempt to call method 'bbbb' (a nil value)"},
		{src: "do local x = 1 end nothing.bar()", want: "attempt to index global 'nothing' (a nil value)"},
		{src: "do local x = 1 x() end", want: "attempt to call local 'x' (a number value)"},
		{src: "do local x, y = 1 print(x) y.z = 1 end", want: "attempt to index local 'y' (a nil value)"},
		{src: "while true do local x = nil x:f() end", want: "attempt to index local 'x' (a nil value)"},
		{
			src:  "local o = {} function o:m(x) return x.y end o:m()",
			want: "attempt to index local 'x' (a nil value)",
		},
		{
			src:  "local f = function(...) local a, b = ... return b.c end f(1)",
			want: "attempt to index local 'b' (a nil value)",
		},
	} {
		_, err := eval(t, c.src)
		_, message, _ := strings.Cut(fmt.Sprint(err), ": ")
		if message != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.src, err, c.want)
		}
	}
}

func TestErrorsShowTheLine(t *testing.T) {
	_, err := eval(t, "local function inner()\n  local m = {}\n  m.registr(1)\nend\n"+
		"local function outer()\n  inner()\nend\npcall(function() end)\nouter()\n")
	var e *vm.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.Script != "test.lua" || e.Line != 3 ||
		e.Message != "test.lua:3: attempt to call field 'registr' (a nil value)" {
		t.Errorf("%q line %d: %s", e.Script, e.Line, e.Message)
	}
	if want := "    3 |   m.registr(1)\n            ^"; e.Excerpt() != want {
		t.Errorf("excerpt\n%s\nwant\n%s", e.Excerpt(), want)
	}
	want := "stack traceback:\n\ttest.lua:3: in function 'inner'\n" +
		"\ttest.lua:6: in function 'outer'\n\ttest.lua:9: in main chunk"
	if e.Traceback != want {
		t.Errorf("traceback\n%s\nwant\n%s", e.Traceback, want)
	}
}

func TestTracebackShowsGoFunctions(t *testing.T) {
	_, err := eval(t, "local function f() error('boom') end\nstring.gsub('x', 'x', f)")
	var e *vm.Error
	if !errors.As(err, &e) || !strings.Contains(e.Traceback, "[Go]: in function 'gsub'") ||
		!strings.Contains(e.Traceback, "[Go]: in function 'error'") {
		t.Errorf("%v\n%s", err, e.Traceback)
	}
}

// An error carries the position and the stack as values; the texts are made from them.
func TestErrorsCarryTheirFrames(t *testing.T) {
	src := "local function inner(m)\n\treturn m.x\nend\nlocal function outer(m)\n\treturn inner(m)\nend\n" +
		"string.gsub('x', 'x', function() local _ = outer() end)"
	_, err := eval(t, src)
	var e *vm.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *vm.Error", err)
	}
	if e.Line != 2 || e.Source != "\treturn m.x" || e.Column != 9 {
		t.Errorf("got line %d %q column %d, want line 2 %q column 9", e.Line, e.Source, e.Column,
			"\treturn m.x")
	}
	want := []vm.Frame{
		{File: "test.lua", Line: 2, Defined: 1, Tail: true},
		{File: "test.lua", Line: 7, Defined: 7},
		{Func: "gsub"},
		{File: "test.lua", Line: 7},
	}
	if !slices.Equal(e.Frames, want) {
		t.Errorf("got frames %+v\nwant %+v", e.Frames, want)
	}
	if want := "stack traceback:\n\t" + strings.Join(vm.TraceLines(e.Frames), "\n\t"); e.Traceback != want {
		t.Errorf("got traceback %q, want %q", e.Traceback, want)
	}
	_, err = eval(t, "local function f(n) return 1 + f(n + 1) end f(1)")
	if !errors.As(err, &e) || !slices.ContainsFunc(e.Frames, func(f vm.Frame) bool { return f.Skipped > 0 }) {
		t.Errorf("got %v, want a deep stack with skipped frames", err)
	}
}

func TestErrorValues(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{src: "error('x')", want: "test.lua:1: x"},
		{src: "error('x', 0)", want: "x"},
		{src: "error()", want: "(error object is a nil value)"},
		{src: "error({})", want: "(error object is a table value)"},
		{src: "error(setmetatable({}, {__tostring = function() return 'mine' end}))", want: "mine"},
		{src: "error(5, 0)", want: "5"},
		{
			src:  "error(setmetatable({}, {__tostring = function() error('no') end}))",
			want: "(error object is a table value)",
		},
	} {
		if _, err := eval(t, c.src); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v; want %s", c.src, err, c.want)
		}
	}
	_, err := eval(t, "error({code = 7})")
	var e *vm.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if table, ok := e.Value.(*vm.Table); !ok || table.Get("code") != 7.0 {
		t.Errorf("value %#v", e.Value)
	}
}

// refusal is an error of the host with a text and an errno.
type refusal struct{}

func (refusal) Error() string { return "no slot is free" }
func (refusal) Unwrap() error { return syscall.ENOSPC }

func TestGoErrorsKeepTheirIdentity(t *testing.T) {
	board := vm.Module{Name: "board", Global: true, Funcs: map[string]any{
		"fail":   func() error { return refusal{} },
		"refuse": func() (any, error) { return nil, refusal{} },
		"answer": func() (value, err any, errno string) { return nil, refusal{}, "ENOSPC" },
		"fine":   func() (int, error) { return 3, nil },
	}}
	for _, src := range []string{
		"board.fail()",
		"board.refuse()",
		"assert(board.answer())",
		"local ok, e = pcall(board.fail) error(e)",
		"local ok, e = pcall(board.fail) error(e, 0)",
		"local v, e = board.answer() error(e)",
		"coroutine.wrap(function() board.fail() end)()",
		"local co = coroutine.create(board.fail) local ok, e = coroutine.resume(co) error(e, 0)",
		"local ok, e = xpcall(board.fail, function(e) return e end) error(e, 0)",
		"table.sort({1, 2}, function() board.fail() end)",
		"local t = setmetatable({}, {__index = function() board.fail() end}) return t.x",
		"local ok, e = pcall(pcall, board.fail) local ok, e = pcall(board.fail) " +
			"error('while trying: ' .. e, 0)",
		"for i = 1, 20 do pcall(error, 'other ' .. i) end local v, e = board.answer() " +
			"for i = 1, 20 do pcall(error, 'other') end error(e)",
	} {
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
		err := run(t, rt, src)
		var r refusal
		if !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &r) {
			t.Errorf("%s: %v has lost the error", src, err)
		}
	}
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
	for _, src := range []string{
		"error('another')", "local ok, e = pcall(board.fail) error('something else')",
		"assert(board.fine() == 4)", "pcall(board.fail) local t = nil; t.x = 1",
	} {
		if err := run(t, rt, src); err == nil || errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", src, err)
		}
	}
	got, err := rt.Run(context.Background(), must(t, "local ok, e = pcall(board.fail) return type(e), e"))
	if err != nil || !strings.HasSuffix(fmt.Sprint(got), ":1: no slot is free]") || got[0] != "string" {
		t.Errorf("a script sees %v, %v", got, err)
	}
}

// panics does when list has no item 3.
func panics(list []int) int { return list[3] }

func TestGoPanics(t *testing.T) {
	board := vm.Module{Name: "board", Global: true, Funcs: map[string]any{
		"crash": func() { panics(nil) },
		"panic": func() { panic(refusal{}) },
	}}
	for _, src := range []string{
		"board.crash()",
		"pcall(board.crash)",
		"pcall(pcall, board.crash) return 1",
		"xpcall(board.crash, print)",
		"coroutine.resume(coroutine.create(board.crash)) return 1",
		"coroutine.wrap(function() pcall(board.crash) end)() return 1",
		"pcall(string.gsub, 'x', 'x', function() board.crash() end) return 1",
		"while true do pcall(board.crash) end",
	} {
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
		err := run(t, rt, src)
		var p *vm.PanicError
		if !errors.As(err, &p) || !strings.Contains(p.Stack, "TestGoPanics") ||
			!strings.Contains(err.Error(), "index out of range [3] with length 0") {
			t.Errorf("%s: %v", src, err)
		}
		if err := run(t, rt, "return 1"); err != nil {
			t.Errorf("after %s: %v", src, err)
		}
	}
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
	if err := run(t, rt, "pcall(board.panic)"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a panic with an error: %v", err)
	}
}

func TestVariablesSurviveErrors(t *testing.T) {
	// gopher-lua itself cuts x off from f when an error passes.
	got, err := eval(t, `
		local x = 1
		local function f() x = x + 1 return x end
		pcall(error, "e")
		f()
		local co = coroutine.wrap(function()
			local y = 1 local function g() y = y + 1 return y end pcall(error, "e") g() return y, g end)
		local y, g = co()
		local saved
		pcall(function() local z = 5 saved = function() z = z + 1 return z end error("e") end)
		return x, y, g(), saved(), saved()`)
	if err != nil || fmt.Sprint(got) != "[2 2 3 6 7]" {
		t.Errorf("%v, %v", got, err)
	}
}
