// Objects in Go: what an embedder gets at, and that their text does not depend on the run.

package bindings_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// objectsOf is a script that returns an object of every class, and what each is in the model.
const objectsOf = `
local m = hw.machine { cpus = 2 }
local A = 0xffffff8008c5a000
local hit
local w = m:register_wide_hw_breakpoint {
  type = "w", addr = A, len = 8, on_hit = function(_, h) hit = h h.skip = true end }
m.cpu[0]:store(A, 8)
m:perf_event_open { type = "w", addr = A, len = 9, cpu = 0 }
return m, m.cpu[1], m:task { comm = "app" }, w[0], w, hit, m:why(), m:work("w", function() end),
  m:mutex "l", m:completion "c", m:timer_setup("t", function() end), m:irq_work("i", function() end),
  m.cpu, m.cpu[0].wcr, m.cpu[0].wp_on_reg`

var objectTypes = []string{
	"*sim.Machine", "*sim.CPU", "*sim.Task", "*sim.Event", "*sim.Wide", "*sim.Hit", "*hwdebug.Error",
	"*sim.Work",
	"*sim.Mutex", "*sim.Completion", "*sim.Timer", "*sim.IrqWork", "", "", "",
}

// TestObjectsInGo: Machine and Object lead from what a script returns to the model, and the text of an
// object, also below fmt and vm.Format, is that of tostring, in every run.
func TestObjectsInGo(t *testing.T) {
	var texts [2]string
	for i := range texts {
		rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		prog, err := vm.Compile("objects.lua", objectsOf)
		if err != nil {
			t.Fatal(err)
		}
		values, err := rt.Run(context.Background(), prog)
		if err != nil {
			t.Fatal(err)
		}
		machine, ok := bindings.Machine(values[0])
		if !ok || machine.NrCPUs() != 2 {
			t.Fatalf("Machine = %v, %v; want the machine of 2 CPUs", machine, ok)
		}
		for k, v := range values {
			m, ok := bindings.Machine(v)
			if !ok || m != machine {
				t.Errorf("Machine(%v) = %p, %v; want %p", v, m, ok, machine)
			}
			obj, ok := bindings.Object(v)
			if got := fmt.Sprintf("%T", obj); ok != (objectTypes[k] != "") || ok && got != objectTypes[k] {
				t.Errorf("Object(%v) is a %s, %v; want %q", v, got, ok, objectTypes[k])
			}
			text := vm.Format(v)
			if fmt.Sprint(v) != text || strings.Contains(text, "0xc0") || strings.Contains(text, "&{") {
				t.Errorf("%T prints as %q and %q", obj, text, fmt.Sprint(v))
			}
			texts[i] += text + "\n"
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("two runs print\n%s\nand\n%s", texts[0], texts[1])
	}
	for _, v := range []any{nil, 1.0, "x", &hwdebug.Error{}, (*sim.Machine)(nil)} {
		if _, ok := bindings.Machine(v); ok {
			t.Errorf("Machine(%T) = _, true", v)
		}
	}
}
