package vm_test

import (
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// The local variables at the last error are kept once the module is opened: those of inner functions hide
// those of outer ones, and of two of one name in a function the later one counts.
func TestLocalsOfTheLastError(t *testing.T) {
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{vm.LocalsModule("locals")}})
	err := run(t, rt, `
		local locals = require "locals"
		local outer, both = 1, 2
		local function fails(both)
			local later = 3
			local later = 4
			error("x")
		end
		pcall(function() local first = 9 error("y") end)
		local ok = pcall(function() local middle = outer fails(5) end)
		local got = {}
		locals.each(function(name, v) if type(v) == "number" then got[#got + 1] = name .. "=" .. v end end)
		assert.equals("both=5 later=4 middle=1 outer=1", table.concat(got, " "))`)
	if err != nil {
		t.Error(err)
	}
}
