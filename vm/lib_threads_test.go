// Coroutines of Lua among the coroutines of a module: a module may run Lua functions on Go coroutines
// of its own and switch between them in the middle of a call, as a machine with threads does.

package vm_test

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// threads returns a module with threads: spawn(fn) creates one, sleep() lets the others run, and run() runs
// all of them until they have ended.
type threads struct {
	s    *vm.State
	all  []*green
	now  *green
	errs []error
}

type green struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
}

type unwoundThread struct{}

func (unwoundThread) UnwindsLua() {}

func (m *threads) module() vm.Module {
	return vm.Module{Name: "threads", Global: true, Open: func(s *vm.State) (lua.LValue, error) {
		m.s = s
		t := s.L().NewTable()
		s.L().SetFuncs(t, map[string]lua.LGFunction{
			"spawn": func(L *lua.LState) int {
				fn, g := L.CheckFunction(1), &green{}
				g.next, g.stop = iter.Pull(func(yield func(struct{}) bool) {
					defer func() {
						if r := recover(); r != nil && r != (unwoundThread{}) {
							panic(r)
						}
					}()
					g.yield = yield
					if _, err := s.Call(fn, 0); err != nil {
						m.errs = append(m.errs, err)
					}
				})
				m.all = append(m.all, g)
				return 0
			},
			"sleep": func(L *lua.LState) int {
				if m.now == nil {
					L.RaiseError("sleep outside of a thread")
				}
				if !m.now.yield(struct{}{}) {
					panic(unwoundThread{})
				}
				return 0
			},
			"run": func(L *lua.LState) int {
				for len(m.all) > 0 {
					rest := m.all[:0]
					for _, g := range m.all {
						m.now = g
						if _, alive := g.next(); alive {
							rest = append(rest, g)
						}
						m.now = nil
					}
					m.all = rest
				}
				return 0
			},
		})
		s.OnClose(func() {
			for _, g := range m.all {
				g.stop()
			}
		})
		return t, nil
	}}
}

func TestCoroutinesAmongThreads(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{
			name: "threads take turns",
			source: `for i = 1, 2 do threads.spawn(function() for j = 1, 2 do print(i, j) ` +
				`threads.sleep() end end) end threads.run()`,
			want: "1\t1\n2\t1\n1\t2\n2\t2",
		},
		{
			name: "a coroutine inside a thread",
			source: `threads.spawn(function() for v in
				coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) do
				print(v) threads.sleep() end end)
			threads.spawn(function() print("other") end) threads.run()`,
			want: "1\nother\n2",
		},
		{name: "a thread sleeps inside a coroutine", source: `for i = 1, 2 do threads.spawn(function()
				local co = coroutine.wrap(function() print(i, "a") threads.sleep()
				print(i, "b") coroutine.yield() threads.sleep() print(i, "c") end) co()
				print(i, "between") co() end) end threads.run()`,
			want: "1\ta\n2\ta\n1\tb\n1\tbetween\n2\tb\n2\tbetween\n1\tc\n2\tc"},
		{
			name: "a coroutine is resumed by another thread than made it",
			source: `local co = coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i) end end)
			for i = 1, 2 do threads.spawn(function() print(i, co()) threads.sleep()
			print(i, co()) end) end threads.run()`,
			want: "1\t1\n2\t2\n1\t3\n2\t4",
		},
		{
			name: "one that sleeps in another thread cannot be resumed",
			source: `local co co = coroutine.create(function() threads.sleep() print "woke" end)
			threads.spawn(function() print(coroutine.resume(co)) end) threads.spawn(function()
			print(coroutine.status(co), coroutine.resume(co)) end) threads.run()`,
			want: "normal\tfalse\tcannot resume normal coroutine\nwoke\ntrue",
		},
		{
			name: "a yield does not leave a thread",
			source: `local co = coroutine.create(function() threads.spawn(function() ` +
				`print(pcall(coroutine.yield, 1)) print(coroutine.running()) end) threads.run() return ` +
				`"whole" end) print(coroutine.resume(co))`,
			want: "false\tattempt to yield from outside a coroutine\nnil\ntrue\twhole",
		},
		{
			name: "the scheduler inside a coroutine, inside gsub",
			source: `threads.spawn(function() for i = 1, 2 do print("t", i) threads.sleep() end end)
			print(coroutine.wrap(function() return (("ab"):gsub("a",
			function() coroutine.yield("out") threads.run() return "x" end)) end)())`,
			want: "out",
		},
		{
			name: "pcall around a sleep",
			source: `threads.spawn(function() print(pcall(function() threads.sleep() error("late", 0) ` +
				`end)) end) threads.run()`,
			want: "false\tlate",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			m := &threads{}
			rt := newRuntime(t, vm.Config{Stdout: &out, Modules: []vm.Module{m.module()}})
			if err := run(t, rt, c.source); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(m.errs...); err != nil {
				t.Error(err)
			}
			if got := strings.TrimSuffix(out.String(), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestThreadsLimits checks that a limit hit in a coroutine of a thread stops the whole run.
func TestThreadsLimits(t *testing.T) {
	for _, source := range []string{
		`threads.spawn(function() coroutine.wrap(function() while true do pcall(threads.sleep) end ` +
			`end)() end) threads.run()`,
		`coroutine.wrap(function() threads.spawn(function() pcall(function() while true do ` +
			`threads.sleep() end end) end) pcall(threads.run) end)()`,
	} {
		m := &threads{}
		rt := newRuntime(t, vm.Config{Limits: vm.Limits{Steps: 50_000}, Modules: []vm.Module{m.module()}})
		if err := run(t, rt, source); !errors.Is(err, vm.ErrSteps) {
			t.Errorf("%s\ngot error %v, want a limit", source, err)
		}
	}
}
