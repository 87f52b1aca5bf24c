// Hot library functions beside raw gopher-lua in the same run: go test ./vm -bench Library.

package vm_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

var libraryBench = []struct{ name, source string }{
	{"byte", `local s = "hello" for i = 1, 1000 do s:byte(2) end`},
	{"sub", `local s = "hello world" for i = 1, 1000 do s:sub(3, 7) end`},
	{"len", `local s = "hello" for i = 1, 1000 do s:len() end`},
	{"upper", `local s = "hello" for i = 1, 1000 do s:upper() end`},
	{"find", `local s = "the quick brown fox" for i = 1, 1000 do s:find("b%a+n") end`},
	{"find-plain", `local s = "the quick brown fox" for i = 1, 1000 do s:find("fox", 1, true) end`},
	{"match", `local s = "key = value" for i = 1, 1000 do s:match("(%w+)%s*=%s*(%w+)") end`},
	{"gmatch", `local s = "one two three four five" for i = 1, 100 do for w in s:gmatch("%a+") do end end`},
	{"gsub", `local s = "one two three four five" for i = 1, 100 do s:gsub("%a+", "<%0>") end`},
	{"gsub-function", `local s = "one two three four five" local f = function(w) return w end for i = 1, 100 do s:gsub("%a+", f) end`},
	{"format", `for i = 1, 1000 do string.format("%d %s %5.2f %x", i, "abc", 1.5, i) end`},
	{"rep", `for i = 1, 1000 do ("ab"):rep(20) end`},
	{"tostring", `for i = 1, 1000 do tostring(i) end`},
	{"tonumber", `for i = 1, 1000 do tonumber("12345") end`},
	{"insert", `local t = {} for i = 1, 1000 do table.insert(t, i) end`},
	{"insert-remove", `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 1000 do table.insert(t, table.remove(t, 1)) end`},
	{"concat", `local t = {} for i = 1, 100 do t[i] = "item" end for i = 1, 100 do table.concat(t, ", ") end`},
	{"sort", `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t)`},
	{"sort-function", `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, b) return a > b end)`},
	{"unpack", `local t = {1, 2, 3, 4, 5} for i = 1, 1000 do unpack(t) end`},
	{"select", `local function f(...) return select("#", ...) end for i = 1, 1000 do f(1, 2, 3) end`},
	{"pairs", `local t = {} for i = 1, 100 do t["k" .. i] = i end for i = 1, 10 do for k, v in pairs(t) do end end`},
	{"ipairs", `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 10 do for k, v in ipairs(t) do end end`},
	{"floor", `local floor = math.floor for i = 1, 1000 do floor(1.5) end`},
	{"random", `local random = math.random for i = 1, 1000 do random(100) end`},
	{"pcall", `local f = function() end for i = 1, 1000 do pcall(f) end`},
	{"pcall-error", `local e = {} local f = function() error(e) end for i = 1, 100 do pcall(f) end`},
	{"type", `for i = 1, 1000 do type(i) end`},
	{"table", `for i = 1, 1000 do local t = {} end`},
	{"setmetatable", `local mt = {} for i = 1, 1000 do setmetatable({}, mt) end`},
	{"coroutine-switch", `local co = coroutine.wrap(function() while true do coroutine.yield() end end) for i = 1, 1000 do co() end`},
	{"coroutine-create", `for i = 1, 100 do coroutine.wrap(function() end)() end`},
}

func BenchmarkLibrary(b *testing.B) {
	for _, c := range libraryBench {
		b.Run(c.name+"/raw", func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			L.SetContext(ctx)
			fn, err := L.LoadString(c.source)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				L.Push(fn)
				if err := L.PCall(0, 0, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/vm", func(b *testing.B) {
			rt := newRuntime(b, vm.Config{Limits: vm.Limits{Memory: 64 << 20, Steps: 1 << 50}})
			p := must(b, c.source)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rt.Run(ctx, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
