// The scenarios by which others accept the script API, each case in a runtime of its own, under a minimal
// describe/it; the scenario runner has its own tests.

package bindings_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm"
)

const shim = `
cases, before, depth = {}, {}, {}
function describe(name, fn)
  depth[#depth + 1] = name
  local n = #before
  fn()
  for i = #before, n + 1, -1 do before[i] = nil end
  depth[#depth] = nil
end
function before_each(fn) before[#before + 1] = fn end
function it(name, fn)
  local run = {}
  for i, f in ipairs(before) do run[i] = f end
  local parts = {}
  for i, d in ipairs(depth) do parts[i] = d end
  parts[#parts + 1] = name
  cases[#cases + 1] = { name = table.concat(parts, " "), fn = function()
    for _, f in ipairs(run) do f() end
    fn()
  end }
end
function count() return #cases end
function title(i) return cases[i].name end
function run_case(i) cases[i].fn() end
`

// A scenario is one loaded file.
type scenario struct {
	t  *testing.T
	rt *vm.Runtime
}

// amended replaces what the contract has changed since the scripts were written, as .ci/run does: a machine
// has 1 to 1024 CPUs.
var amended = strings.NewReplacer(`raises("64"`, `raises("1024"`, "cpus = 65", "cpus = 1025")

func load(t *testing.T, path string) *scenario {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}, Stdout: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	s := &scenario{t, rt}
	for _, part := range []struct{ name, src string }{
		{name: "shim.lua", src: shim},
		{name: filepath.Base(path), src: amended.Replace(string(src))},
	} {
		prog, err := vm.Compile(part.name, part.src)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Run(context.Background(), prog); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *scenario) call(name string, args ...any) ([]any, error) {
	s.t.Helper()
	v, err := s.rt.Get(name)
	if err != nil {
		s.t.Fatal(err)
	}
	fn, ok := v.(*vm.Function)
	if !ok {
		s.t.Fatalf("%s is a %T", name, v)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.rt.Call(ctx, fn, args...)
}

func TestAcceptance(t *testing.T) {
	files, _ := filepath.Glob("../../shared/acceptance/*.lua")
	if len(files) == 0 {
		t.Skip("the acceptance scripts are not beside this tree")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			n, err := load(t, file).call("count")
			if err != nil {
				t.Fatal(err)
			}
			for i := 1.0; i <= n[0].(float64); i++ {
				s := load(t, file)
				name, err := s.call("title", i)
				if err != nil {
					t.Fatal(err)
				}
				t.Run(fmt.Sprint(name[0]), func(t *testing.T) {
					if _, err := s.call("run_case", i); err != nil {
						t.Errorf("%v", err)
					}
				})
			}
		})
	}
}
