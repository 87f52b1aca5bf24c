// Tests of watching the accesses of a script to its variables.

package vm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// TestWatch names each access to an upvalue, a global or a field of a table, and what it does.
func TestWatch(t *testing.T) {
	modes := [...]string{"read", "write", "keys", "walk", "new key", "new value"}
	for _, test := range []struct{ code, want string }{
		{`return up`, "read up"},
		{`up = 1`, "write up"},
		{`glob = 1`, "write glob, new key #_G"},
		{`return list[1]`, "read list, read list[1]"},
		{`list[1] = 5`, "read list, write list[1], new value #list"},
		{`list[#list + 1] = 5`, "read list, read list, keys #list, write list[2], new key #list"},
		{`list[1] = nil`, "read list, write list[1], new key #list"},
		{`dev.state.hits = 1`, "read dev, read dev.state, write dev.state.hits, new value #dev.state"},
		{`return dev["a b"]`, `read dev, read dev["a b"]`},
		{`for _ in ipairs(list) do end`, "read ipairs, read list, walk #list, walk #list"},
		{`return next(list)`, "read next, read list, walk #list"},
		{`table.insert(list, 1)`, "read table, read table.insert, read list, new key #list"},
		{`return derived.base`, "read derived, read derived.base, read derived.base"},
		{`local own = 1 own = own + 1 return own`, ""},
	} {
		var seen []string
		module := vm.Module{Name: "watcher", Global: true, Open: func(s *vm.State) (lua.LValue, error) {
			tb := s.L().NewTable()
			tb.RawSetString("run", s.L().NewFunction(func(L *lua.LState) int {
				s.Watch(func(a *vm.Access) { seen = append(seen, modes[a.Mode]+" "+a.Name()) })
				_, err := s.Call(L.CheckFunction(1), 0)
				s.Watch(nil)
				if err != nil {
					t.Error(err)
				}
				return 0
			}))
			return tb, nil
		}}
		rt, err := vm.New(vm.Config{Modules: []vm.Module{module}})
		if err != nil {
			t.Fatal(err)
		}
		prog, err := vm.Compile("watch.lua", fmt.Sprintf(`
local up, list, dev = 0, { 1 }, { state = { hits = 0 }, ["a b"] = 2 }
local derived = setmetatable({}, { __index = { base = 1 } })
watcher.run(function() %s end)`, test.code))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = rt.Run(context.Background(), prog); err != nil {
			t.Error(err)
		}
		got := strings.Join(seen, ", ")
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.code, got, test.want)
		}
		rt.Close()
	}
}
