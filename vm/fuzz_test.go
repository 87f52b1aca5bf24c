package vm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// FuzzCalls calls what a script can reach with arbitrary values: whatever comes of it, Go does not
// panic and the limits hold.
func FuzzCalls(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte("call anything with anything"))
	f.Add([]byte{200, 100, 50, 25, 12, 6, 3, 1, 0, 255, 254, 253})
	prog := must(f, `
		local bytes, lib = ...
		local at = 0
		local function byte() at = at + 1 return bytes:byte(at) or 0 end
		local fns = {}
		for _, name in ipairs{"string", "table", "math", "bit", "coroutine", "os", "io", "debug",
			"package", "assert"} do
			local t = _G[name]
			if type(t) == "table" then
				local names = {}
				for k in pairs(t) do names[#names + 1] = tostring(k) end
				table.sort(names)
				for _, k in ipairs(names) do if type(t[k]) == "function" then fns[#fns + 1] = t[k] end end
			end
		end
		for _, f in ipairs{tostring, tonumber, pcall, xpcall, error, select, rawget,
		rawset, rawequal, next, pairs, ipairs, type, setmetatable, getmetatable,
			unpack, load, loadstring, require, dofile,
			setfenv, getfenv, collectgarbage, assert, fail, take} do fns[#fns + 1] = f end
		local values = {
			function() return nil end, function() return true end, function() return false end,
			function() return byte() end, function() return -byte() end,
			function() return byte() / 7 end, function() return 1 / 0 end, function()
			return 0 / 0 end, function() return 2 ^ (byte() % 70) end, function()
			return 0xffffffffffffff00 + byte() end,
			function() return bytes end, function() return "%" .. string.char(byte()) .. bytes end,
			function() return "" end, function() return {byte(), byte(), byte()} end,
			function() return setmetatable({}, {__index = function(t, k) return k end,
			__call = function(self, x) return x end, __tostring = function() return "obj" end,
			__lt = function() return true end}) end,
			function() return function(...) return ... end end, function()
			return fns[byte() % #fns + 1] end, function() return coroutine.create(function(x)
			return coroutine.yield(x) end) end,
			function() return string end, function() return print end, function() return board end,
			function() return ("x"):rep(byte()) end,
		}
		while at < #bytes do
			local f = fns[byte() % #fns + 1]
			local args = {}
			local n = byte() % 5
			for i = 1, n do args[i] = values[byte() % #values + 1]() end
			pcall(f, unpack(args, 1, n))
		end`)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 200 {
			return
		}
		rt, err := vm.New(vm.Config{Limits: vm.Limits{Steps: 300_000, Memory: 8 << 20, CallDepth: 500}})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		board := &Board{Name: "fuzz", Pins: []uint64{1}, Labels: map[string]uint64{"a": 1}}
		for name, v := range map[string]any{
			"board": board, "fail": func(n int8) error {
				return errors.New("failed")
			}, "take": func(a uint64, b []byte, c map[string]any, d ...float32) {},
		} {
			if err := rt.Set(name, v); err != nil {
				t.Fatal(err)
			}
		}
		stop := guard("the program")
		_, err = rt.Run(context.Background(), prog, string(data))
		stop()
		var p *vm.PanicError
		if errors.As(err, &p) {
			t.Fatalf("%v\n%s\n%s", p, p.Traceback, p.Stack)
		}
		if err != nil && !isLimit(err) && strings.Contains(fmt.Sprint(err), "runtime error") {
			t.Fatal(err)
		}
		if _, err := rt.Run(context.Background(), must(t, "return 1")); err != nil {
			t.Fatalf("afterwards: %v", err)
		}
	})
}
