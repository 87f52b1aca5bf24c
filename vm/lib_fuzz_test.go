// Fuzzing: calls of every library function with arbitrary values must neither panic nor exceed a limit.

package vm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwlua/hwlua/vm"
)

// fuzzValues lists the arguments of calls: every kind of value, with its boundary values.
var fuzzValues = []string{
	"nil", "true", "false", "0", "1", "-1", "2", "3", "10", "0.5", "-0.5", "1e15", "2^31", "2^53",
	"-2^53", "2^63", "1e308", "1/0", "-1/0", "0/0",
	"0xffffffffffffffff", "0x20000000000000", `""`, `"a"`, `"abc"`, `"hello world"`, `"%d"`,
	`"%s %5.2f %q"`, `"(%w+)"`, `".-b"`, `"%"`, `"["`, `"(()"`, `"%b()"`, `"\0"`,
	`("x"):rep(1000)`, `"*a"`, `"*l"`, `"10"`, `"0x10"`, `"return 1"`, `"x = "`, `"string"`, `"lib"`,
	`"../x"`, `"n"`, `"Snl"`, `"count"`, "{}", "{1, 2, 3}", "{3, 1, 2, 1}", `{"a", "b"}`,
	"{a = 1, [2.5] = 2, [true] = 3}", "{1, nil, 3}", "T", "M", "print",
	"function(...) return ... end", "function() error('e') end", "function() return true end",
	"function(a, b) return a < b end", "function() coroutine.yield(1) end", "coroutine.yield",
	"pcall", "string.rep", "error", "CO", "DEAD", "coroutine.create(function() coroutine.yield() end)",
	"io.stdout", "io.stdin", "_G", "string", "assert", "S", "getmetatable('')", "{year = 2000, month = " +
		"1, day = 1}", "{year = 1e9, month = -1, day = 0/0}",
}

const fuzzHead = `
T = setmetatable({1, 2}, {__index = function(t, k) return k end, __call = function(self, ...)
return ... end, __tostring = function() return "T" end,
  __len = function() return 5 end, __eq = function() return true end, __lt = function()
return true end, __concat = function() return "c" end, __add = function() return 1 end})
M = setmetatable({}, {__metatable = "locked", __tostring = function() return {} end, __index = T,
__newindex = function() error({}) end})
CO = coroutine.create(function() for i = 1, 100 do coroutine.yield(i) end end) coroutine.resume(CO)
DEAD = coroutine.create(function() end) coroutine.resume(DEAD)
S = {} S.S = S
`

// fuzzFunctions returns the functions in the list of reachable values, except those that print.
func fuzzFunctions(t testing.TB) []string {
	text, err := os.ReadFile("testdata/reachable.txt")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range lines(string(text)) {
		name, ok := strings.CutSuffix(l, " function")
		if ok && !strings.Contains(name, "loaders") && !strings.ContainsAny(name, "<>") {
			names = append(names, name)
		}
	}
	if len(names) < 90 {
		t.Fatalf("got %d functions in the list of reachable values, want more", len(names))
	}
	return append(names, "assert", "check", "check.equals", "assert.is_not.same", "assert.error_matches",
		"io.stdin.read", "io.stdout.write", "io.stdin.lines", "io.stdin.seek", "string.gmatch('a b', '%a')")
}

// fuzzProgram turns bytes into calls.
func fuzzProgram(functions []string, data []byte) string {
	var b strings.Builder
	b.WriteString(fuzzHead)
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		c := int(data[0])
		data = data[1:]
		return c
	}
	for n := 0; len(data) > 0 && n < 12; n++ {
		fn := functions[(next()+256*next())%len(functions)]
		var args []string
		for range next() % 5 {
			args = append(args, fuzzValues[next()%len(fuzzValues)])
		}
		call := fmt.Sprintf("%s(%s)", fn, strings.Join(args, ", "))
		switch next() % 5 {
		case 0:
			fmt.Fprintf(&b, "pcall(function() return %s end)\n", call)
		case 1:
			fmt.Fprintf(&b, "pcall(%s)\n", strings.Replace(strings.Replace(call, "(", ", ", 1), ", )", ")",
				1))
		case 2:
			fmt.Fprintf(&b, "do local co = coroutine.wrap(function() return %s end) pcall(co) pcall(co, "+
				"1) end\n", call)
		case 3:
			fmt.Fprintf(&b, "pcall(function() local r = {%s} for i = 1, #r do tostring(r[i]) end return "+
				"r[1] .. '' end)\n", call)
		case 4:
			fmt.Fprintf(&b, "xpcall(function() %s end, %s)\n", call, fuzzValues[next()%len(fuzzValues)])
		}
	}
	return b.String()
}

func FuzzLibraryCalls(f *testing.F) {
	for i := range 60 {
		seed := make([]byte, 40)
		for j := range seed {
			seed[j] = byte(i*j*7 + i*31 + j*j)
		}
		f.Add(seed)
	}
	functions := fuzzFunctions(f)
	files := fstest.MapFS{"lib.lua": {Data: []byte("return {}")}, "n.lua": {Data: []byte("x =")}}
	f.Fuzz(func(t *testing.T, data []byte) {
		source := fuzzProgram(functions, data)
		p, err := vm.Compile("fuzz.lua", source)
		if err != nil {
			return
		}
		rt, err := vm.New(vm.Config{
			Scripts: files,
			Stdin:   strings.NewReader("1 2\nthree\n"),
			Limits:  vm.Limits{Steps: 200_000, Memory: 16 << 20},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		_, err = rt.Run(ctx, p)
		var bug *vm.PanicError
		if errors.As(err, &bug) {
			t.Fatalf("%s\n%v\n%s", source, bug, bug.Stack)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%s\n200,000 steps took more than %v (%v)", source, hang, err)
		}
	})
}
