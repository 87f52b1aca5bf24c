// Benchmarks of hot library functions against raw gopher-lua in the same run: go test ./vm -bench Library.

package vm_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

var libraryBench = []struct{ name, source string }{
	{name: "byte", source: `local s = "hello" for i = 1, 1000 do s:byte(2) end`},
	{name: "sub", source: `local s = "hello world" for i = 1, 1000 do s:sub(3, 7) end`},
	{name: "len", source: `local s = "hello" for i = 1, 1000 do s:len() end`},
	{name: "upper", source: `local s = "hello" for i = 1, 1000 do s:upper() end`},
	{name: "find", source: `local s = "the quick brown fox" for i = 1, 1000 do s:find("b%a+n") end`},
	{
		name:   "find-plain",
		source: `local s = "the quick brown fox" for i = 1, 1000 do s:find("fox", 1, true) end`,
	},
	{name: "match", source: `local s = "key = value" for i = 1, 1000 do s:match("(%w+)%s*=%s*(%w+)") end`},
	{
		name:   "gmatch",
		source: `local s = "one two three four five" for i = 1, 100 do for w in s:gmatch("%a+") do end end`,
	},
	{name: "gsub", source: `local s = "one two three four five" for i = 1, 100 do s:gsub("%a+", "<%0>") end`},
	{
		name: "gsub-function",
		source: `local s = "one two three four five" local f = function(w) return w end for i = 1, 100 ` +
			`do s:gsub("%a+", f) end`,
	},
	{name: "format", source: `for i = 1, 1000 do string.format("%d %s %5.2f %x", i, "abc", 1.5, i) end`},
	{name: "rep", source: `for i = 1, 1000 do ("ab"):rep(20) end`},
	{name: "tostring", source: `for i = 1, 1000 do tostring(i) end`},
	{name: "tonumber", source: `for i = 1, 1000 do tonumber("12345") end`},
	{name: "insert", source: `local t = {} for i = 1, 1000 do table.insert(t, i) end`},
	{
		name: "insert-remove",
		source: `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 1000 do table.insert(t, ` +
			`table.remove(t, 1)) end`,
	},
	{
		name: "concat",
		source: `local t = {} for i = 1, 100 do t[i] = "item" end for i = 1, 100 do table.concat(t, ", ` +
			`") end`,
	},
	{name: "sort", source: `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t)`},
	{
		name: "sort-function",
		source: `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, ` +
			`b) return a > b end)`,
	},
	{name: "unpack", source: `local t = {1, 2, 3, 4, 5} for i = 1, 1000 do unpack(t) end`},
	{
		name:   "select",
		source: `local function f(...) return select("#", ...) end for i = 1, 1000 do f(1, 2, 3) end`,
	},
	{
		name: "pairs",
		source: `local t = {} for i = 1, 100 do t["k" .. i] = i end for i = 1, 10 do for k, v in ` +
			`pairs(t) do end end`,
	},
	{
		name: "ipairs",
		source: `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 10 do for k, v in ipairs(t) do ` +
			`end end`,
	},
	{name: "floor", source: `local floor = math.floor for i = 1, 1000 do floor(1.5) end`},
	{name: "random", source: `local random = math.random for i = 1, 1000 do random(100) end`},
	{name: "pcall", source: `local f = function() end for i = 1, 1000 do pcall(f) end`},
	{
		name:   "pcall-error",
		source: `local e = {} local f = function() error(e) end for i = 1, 100 do pcall(f) end`,
	},
	{name: "type", source: `for i = 1, 1000 do type(i) end`},
	{name: "table", source: `for i = 1, 1000 do local t = {} end`},
	{name: "setmetatable", source: `local mt = {} for i = 1, 1000 do setmetatable({}, mt) end`},
	{
		name: "coroutine-switch",
		source: `local co = coroutine.wrap(function() while true do coroutine.yield() end end) for i = ` +
			`1, 1000 do co() end`,
	},
	{name: "coroutine-create", source: `for i = 1, 100 do coroutine.wrap(function() end)() end`},
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
