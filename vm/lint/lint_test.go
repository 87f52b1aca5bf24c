package lint_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/lint"
)

// board describes a small API.
var board = describe.Module{
	Name: "board",
	Funcs: []describe.Func{
		{Name: "open", Params: []describe.Param{{Name: "o", Type: describe.Table("options"), Optional: true}},
			Results: []describe.Param{{Name: "dev", Type: describe.Object("device")}}},
		{Name: "wait", Params: []describe.Param{{Name: "n", Type: describe.Int}}},
	},
	Fields: []describe.Field{{Name: "limits", Type: describe.Map(describe.String, describe.Int)}},
	Classes: []describe.Class{{
		Name: "device",
		Fields: []describe.Field{
			{Name: "id", Type: describe.Int, Change: "board.open makes a new one"},
			{Name: "color", Type: describe.Enum("red", "", "green", ""), Writable: true},
		},
		Methods: []describe.Func{
			{Name: "lines", Results: []describe.Param{{Name: "next", Type: describe.Func1(nil,
				[]describe.Param{{Name: "dev",
					Type: describe.Union(describe.Object("device"), describe.Nil)}})}}},
			{Name: "join", Params: []describe.Param{{Name: "other", Type: describe.Object("device")}}},
			{Name: "on", Params: []describe.Param{{Name: "fn", Type: describe.Func1(
				[]describe.Param{{Name: "dev", Type: describe.Object("device")}}, nil)}}},
		},
	}},
	Records: []describe.Record{{Name: "options", Fields: []describe.Field{
		{Name: "color", Type: describe.Enum("red", "", "green", ""), Optional: true},
		{Name: "count", Type: describe.Union(describe.Int, describe.String)},
		{Name: "on_line", Type: describe.Func1([]describe.Param{{Name: "dev",
			Type: describe.Object("device")}}, nil),
			Optional: true},
	}}},
}

var words = describe.Module{Name: "assert", Loose: true}

func TestCheck(t *testing.T) {
	index := describe.NewIndex(&board, &words)
	globals := []string{"print", "pairs", "pcall", "require", "assert"}
	const head = "local board = require 'board' local d = board.open { count = 1 }\n"
	for _, c := range []struct {
		name, code string
		want       []string
	}{
		{name: "a method", code: `d:joim(d)`, want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "a field", code: `print(d.colour)`,
			want: []string{"device has no 'colour'; did you mean 'color'?"}},
		{name: "a function of a module", code: `board.opn {}`,
			want: []string{"board has no 'opn'; did you mean 'open'?"}},
		{name: "a branch that is not taken", code: `if false then d:joim(d) end`,
			want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "an option", code: `board.open { count = 1, colr = "red" }`,
			want: []string{"open has no option 'colr'; did you mean 'color'?"}},
		{name: "an option that is missing", code: `board.open { color = "red" }`,
			want: []string{"open: option 'count' is missing"}},
		{name: "a constant", code: `board.open { count = 1, color = "gren" }`,
			want: []string{"bad argument #1 to 'open' (field 'color': invalid value 'gren'; did you mean " +
				"'green'?)"}},
		{name: "a type", code: `board.open { count = {} }`,
			want: []string{"bad argument #1 to 'open' (field 'count': integer expected, got table)"}},
		{name: "a fraction", code: `board.wait(1.5)`,
			want: []string{"bad argument #1 to 'wait' (integer expected, got 1.5)"}},
		{name: "an argument that is missing", code: `board.wait()`,
			want: []string{"argument #1 of 'wait' (n) is missing"}},
		{name: "another object", code: `d:join(5)`,
			want: []string{"bad argument #1 to 'join' (device expected, got number)"}},
		{name: "an object for a number", code: `board.wait(d)`,
			want: []string{"bad argument #1 to 'wait' (integer expected, got device)"}},
		{name: "a comparison", code: `if d.color == "blue" then end`,
			want: []string{"the value is never 'blue' (want red, green)"}},
		{name: "an assignment", code: `d.id = 4`,
			want: []string{"field 'id' of device cannot be set; fix: board.open makes a new one"}},
		{name: "an undefined global", code: `prnt(1)`,
			want: []string{"undefined global 'prnt'; did you mean 'print'?"}},
		{name: "the variable of a loop", code: `for e in d:lines() do e:joim(d) end`,
			want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "the parameter of a callback", code: `d:on(function(e) e:joim(d) end)`,
			want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "the parameter of a handler",
			code: `board.open { count = 1, on_line = function(e) e:joim(d) end }`,
			want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "through assert", code: `assert(board.open { count = 1 }):joim(d)`,
			want: []string{"device has no 'joim'; did you mean 'join'?"}},
		{name: "a syntax error", code: `x = = 1`, want: []string{"syntax error near '='"}},

		{
			name: "right calls",
			code: `d.color = "red" d:join(d) board.wait(2) board.open { count = "3" } print(d.id)`,
		},
		{name: "a variable that is assigned twice", code: `local x = d x = {} x:anything()`},
		{name: "a parameter of the script's function", code: `local function f(x) x:anything() end f(d)`},
		{name: "a shadowed name", code: `local function f(board) return board.opn end f {}`},
		{name: "a global of the script", code: `count = 1 function step() count = count + 1 end step()`},
		{name: "arguments that only a run knows", code: `local function f(...) board.wait(...) end f(1)`},
		{name: "keys that only a run knows", code: `local k = "count" board.open { [k] = 1 }`},
		{name: "an error that is expected",
			code: `pcall(function() d:joim(d) end) assert.has_error(function() d.x() end)`},
		{name: "words that are not described", code: `assert.are.equals(1, 1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range lint.Check("a.lua", head+c.code, index, globals) {
				if f.File != "a.lua" || f.Line != 2 {
					t.Errorf("got %v, want it at a.lua:2", f)
				}
				got = append(got, f.Message)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s\ngot  %s\nwant %s", c.code, strings.Join(got, "; "), strings.Join(c.want, "; "))
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	index := describe.NewIndex(&board, &words)
	f.Add("local board = require 'board' board.open { count = 1, on_line = function(e) e:joim() end }")
	f.Add("for i = 1, 2 do local function f(...) return ... end f{ {}, x = f } end repeat until x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range lint.Check("a.lua", text, index, nil) {
			if found.Message == "" {
				t.Errorf("a finding at line %d has no message", found.Line)
			}
		}
	})
}
