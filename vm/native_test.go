package vm_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"syscall"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// native returns a module of Lua functions written for gopher-lua, as package bindings makes them.
func native(fns map[string]func(s *vm.State, L *lua.LState) int) vm.Module {
	return vm.Module{Name: "n", Global: true, Open: func(s *vm.State) (lua.LValue, error) {
		t := s.L().NewTable()
		for name, fn := range fns {
			t.RawSetString(name, s.L().NewFunction(func(L *lua.LState) int { return fn(s, L) }))
		}
		return t, nil
	}}
}

func TestFrames(t *testing.T) {
	var got []string
	m := native(map[string]func(s *vm.State, L *lua.LState) int{
		"here": func(s *vm.State, L *lua.LState) int { got = s.Frames(L, got[:0]); return 0 },
		"call": func(s *vm.State, L *lua.LState) int {
			if _, err := s.Call(L.CheckFunction(1), 0); err != nil {
				s.Raise(L, err)
			}
			return 0
		},
	})
	for _, c := range []struct{ src, want string }{
		{src: "n.here()", want: ""},
		{src: "local function a() n.here() end local function b() a() end b()", want: "a b"},
		{src: "function g() n.here() end g()", want: "g"},
		{src: "local t = {} function t.field() n.here() end t.field()", want: "field"},
		{src: "local t = {} function t:method() n.here() end t:method()", want: "method"},
		{src: "local function up() n.here() end local function b() up() end b()", want: "up b"},
		{src: "local function a() n.here() end (function() a() end)()", want: "a"},
		{src: "local function a() n.here() end local function b() return a() end b()", want: ""},
		{
			src: "local function a() n.here() end local function b() a() end local function c() return " +
				"b() end c()",
			want: "a",
		},
		{src: "local function a() n.here() end local function b() pcall(a) end b()", want: "b"},
		{
			src: "local function a() n.here() end local function b() a() end local function outer() " +
				"n.call(b) end outer()",
			want: "a",
		},
		{
			src: "local function a() n.here() end local function b() coroutine.wrap(function() a() " +
				"end)() end b()",
			want: "a",
		},
		{src: "local x = function() n.here() end local y = x y()", want: "y"},
		{src: "local t = {f = function() n.here() end} t['f']()", want: "f"},
		{src: "local t = {function() n.here() end} t[1]()", want: ""},
		{
			src: "local t = setmetatable({}, {__index = function() n.here() end}) local function b() " +
				"return t.x, 1 end b()",
			want: "b",
		},
	} {
		got = nil
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
		if err := run(t, rt, c.src); err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v; want %q", c.src, strings.Join(got, " "), err, c.want)
		}
	}
}

func TestFramesAllocatesNothing(t *testing.T) {
	var allocs float64
	m := native(map[string]func(s *vm.State, L *lua.LState) int{"here": func(s *vm.State, L *lua.LState) int {
		buf := make([]string, 0, 16)
		allocs = testing.AllocsPerRun(100, func() { buf = s.Frames(L, buf[:0]) })
		return 0
	}})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
	if err := run(t, rt, "local function a() n.here() end local function b() a() end b()"); err != nil ||
		allocs != 0 {
		t.Errorf("got %v allocations, %v; want 0", allocs, err)
	}
}

// machine runs Lua functions on coroutines of its own, as a simulated machine does.
type machine struct {
	s     *vm.State
	next  []func() (struct{}, bool)
	stop  []func()
	yield func(struct{}) bool
}

// unwound is what the machine panics with to leave its threads.
type unwound struct{}

func (unwound) UnwindsLua() {}

func (m *machine) sleep() {
	yield := m.yield
	if !yield(struct{}{}) {
		panic(unwound{})
	}
	m.yield = yield
}

func (m *machine) spawn(fn *lua.LFunction, failed *error) {
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(unwound); !ok {
					panic(r)
				}
			}
		}()
		m.yield = yield
		if _, err := m.s.Call(fn, 0); err != nil {
			*failed = err
		}
	})
	m.next, m.stop = append(m.next, next), append(m.stop, stop)
}

func TestCallFromMachineCoroutines(t *testing.T) {
	var m *machine
	var failed error
	mod := native(map[string]func(s *vm.State, L *lua.LState) int{
		"spawn": func(s *vm.State, L *lua.LState) int {
			m.s = s
			m.spawn(L.CheckFunction(1), &failed)
			return 0
		},
		"sleep": func(s *vm.State, L *lua.LState) int { m.sleep(); return 0 },
		"run": func(s *vm.State, L *lua.LState) int {
			for range 10 {
				for _, next := range m.next {
					next()
				}
			}
			return 0
		},
		"fail": func(s *vm.State, L *lua.LState) int { s.Raise(L, syscall.ENOSPC); return 0 },
		"call": func(s *vm.State, L *lua.LState) int {
			values, err := s.Call(L.CheckFunction(1), 1, L.Get(2))
			if err != nil {
				s.Raise(L, err)
			}
			L.Push(values[0])
			return 1
		},
	})
	for _, c := range []struct {
		name, src string
		want      any
		fails     error
	}{
		{
			name: "two tasks take turns",
			src: `local log = {} for i = 1, 2 do n.spawn(function() for k = 1, 3 do log[#log + 1] = i ` +
				`n.sleep() end end) end n.run() return table.concat(log)`,
			want:  "121212",
			fails: nil,
		},
		{name: "sleep inside pcall, a metamethod, sort and gsub", src: `local log = {} n.spawn(function()
			pcall(function() n.sleep() log[#log + 1] = 'p' end)
			local _ = setmetatable({}, {__index = function() n.sleep() log[#log + 1] = 'm' end}).x
			table.sort({2, 1},
			function(a, b) n.sleep() if log[#log] ~= 's' then log[#log + 1] = 's' end return a < b end)
			string.gsub('x', 'x', function() n.sleep() log[#log + 1] = 'g' end) end)
			n.spawn(function() for i = 1, 3 do n.sleep() end end) n.run() return table.concat(log)`,
			want: "pmsg", fails: nil},
		{
			name:  "an error in a task",
			src:   "n.spawn(function() n.sleep() n.fail() end) n.run()",
			want:  nil,
			fails: syscall.ENOSPC,
		},
		{
			name:  "nested calls",
			src:   "return n.call(function(x) return n.call(function(y) return y + 1 end, x) + 1 end, 1)",
			want:  3.0,
			fails: nil,
		},
		{
			name: "a coroutine in a task",
			src: "local r n.spawn(function() local f = coroutine.wrap(function() n.sleep() " +
				"coroutine.yield(1) n.sleep() return 2 end) r = f() * 10 + f() end) n.run() return r",
			want:  12.0,
			fails: nil,
		},
		{
			name: "a task in a coroutine",
			src: "local r = coroutine.wrap(function() n.spawn(function() n.sleep() end) " +
				"coroutine.yield(n.call(function() return 5 end)) end)() n.run() return r",
			want:  5.0,
			fails: nil,
		},
		{
			name: "running is right in each",
			src: "local same = true n.spawn(function() for i = 1, 3 do same = same and " +
				"coroutine.running() == nil n.sleep() end end) n.spawn(function() " +
				"coroutine.wrap(function() local me = coroutine.running() for i = 1, 3 do same = same " +
				"and coroutine.running() == me and coroutine.status(me) == 'running' n.sleep() end " +
				"end)() end) n.run() return same",
			want:  true,
			fails: nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, failed = &machine{}, nil
			rt := newRuntime(t, vm.Config{Modules: []vm.Module{mod}})
			got, err := rt.Run(context.Background(), must(t, c.src))
			if err != nil || c.want != nil && (len(got) != 1 || got[0] != c.want) ||
				!errors.Is(failed, c.fails) {
				t.Errorf("%v, %v (a task: %v); want %v", got, err, failed, c.want)
			}
			for _, stop := range m.stop {
				stop()
			}
		})
	}
}

// A machine that is closed unwinds its threads: nothing that Lua put between can hold them.
func TestUnwind(t *testing.T) {
	var m *machine
	var failed error
	var log []string
	mod := native(map[string]func(s *vm.State, L *lua.LState) int{
		"spawn": func(s *vm.State, L *lua.LState) int {
			m.s = s
			m.spawn(L.CheckFunction(1), &failed)
			return 0
		},
		"sleep": func(s *vm.State, L *lua.LState) int { m.sleep(); return 0 },
		"log":   func(s *vm.State, L *lua.LState) int { log = append(log, L.CheckString(1)); return 0 },
		"close": func(s *vm.State, L *lua.LState) int {
			for _, next := range m.next {
				next()
			}
			for _, stop := range m.stop {
				stop()
			}
			return 0
		},
	})
	for _, body := range []string{
		"n.sleep()", "pcall(n.sleep)", "while true do pcall(function() n.sleep() end) end",
		"xpcall(n.sleep, function() n.log('handled') end)",
		"coroutine.wrap(function() n.sleep() end)()",
		"pcall(coroutine.wrap(function() pcall(n.sleep) end))", "coroutine.resume(coroutine.create(n.sleep))",
		"table.sort({3, 2, 1}, function() n.sleep() end)",
		"string.gsub('x', 'x', function() n.sleep() end)",
		"local _ = setmetatable({}, {__index = function() n.sleep() end}).x",
	} {
		m, failed, log = &machine{}, nil, nil
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{mod}})
		if err := run(t, rt, "n.spawn(function() "+body+" n.log('went on') end) n.close()"); err != nil ||
			failed != nil || log != nil {
			t.Errorf("%s: got %v, %v, log %v; want none", body, err, failed, log)
		}
		if err := run(t, rt, "local t = {} for i = 1, 100 do t[i] = pcall(error) end "+
			"assert(coroutine.running() == nil) assert(coroutine.wrap(function() return 1 end)() == 1)",
		); err != nil {
			t.Errorf("after %s: %v", body, err)
		}
	}
}

func TestStateCounts(t *testing.T) {
	m := native(map[string]func(s *vm.State, L *lua.LState) int{
		"charge": func(s *vm.State, L *lua.LState) int { s.Charge(int64(L.CheckNumber(1))); return 0 },
		"steps":  func(s *vm.State, L *lua.LState) int { s.Steps(L.CheckInt(1)); return 0 },
		"busy": func(s *vm.State, L *lua.LState) int {
			for s.Interrupted() == nil {
			}
			return 0
		},
	})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}, Limits: vm.Limits{Steps: 10_000, Memory: 1 << 20}})
	for src, want := range map[string]error{
		"n.steps(20000)": vm.ErrSteps, "pcall(n.steps, 20000)": vm.ErrSteps,
		"n.steps(5000) n.steps(4000)": nil, "n.charge(2^21)": vm.ErrMemory,
		"pcall(n.charge, 2^21)":                        vm.ErrMemory,
		"n.charge(2^19) n.charge(2^19) n.charge(2^19)": nil, "n.charge(-1)": vm.ErrMemory,
	} {
		if err := run(t, rt, src); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", src, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if _, err := rt.Run(ctx, must(t, "n.busy()")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What a Go function gets as any and returns is the same value in Lua.
func TestValuesComeBack(t *testing.T) {
	type key struct{}
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "n", Global: true, Funcs: map[string]any{
		"same": func(ctx context.Context, v any) (any, bool) { return v, ctx.Value(key{}) == "value" },
	}}}})
	ctx := context.WithValue(context.Background(), key{}, "value")
	for _, e := range []string{
		"nil", "true", "1.5", "'x'", "0xffffffffffffffff", "string", "print",
		"coroutine.create(print)", "io.stdout", "n",
	} {
		prog := must(t, "local v = "+e+" local w, inside = n.same(v) return rawequal(v, w), inside")
		got, err := rt.Run(ctx, prog)
		if err != nil || got[0] != true || got[1] != true {
			t.Errorf("%s: got %v, %v; want the same value and the context's", e, got, err)
		}
	}
}

// weighty is a value that holds much memory.
type weighty struct{ bytes int64 }

func (b *weighty) Size() int64 { return b.bytes }

func TestSizedValuesCount(t *testing.T) {
	m := native(map[string]func(s *vm.State, L *lua.LState) int{"make": func(s *vm.State, L *lua.LState) int {
		s.Charge(100_000)
		L.Push(&lua.LUserData{Value: &weighty{100_000}, Metatable: lua.LNil})
		return 1
	}})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}, Limits: vm.Limits{Memory: 1 << 20}})
	if err := run(t, rt, "for i = 1, 1000 do n.make() end"); err != nil {
		t.Errorf("those that are let go: %v", err)
	}
	if err := run(t, rt, "local t = {} for i = 1, 1000 do t[i] = n.make() end"); !errors.Is(err,
		vm.ErrMemory) {
		t.Errorf("those that are kept: %v", err)
	}
}

// What a module does with gopher-lua's own means stays under the runtime's limits as far as it can.
func TestStockCalls(t *testing.T) {
	m := native(map[string]func(s *vm.State, L *lua.LState) int{
		"pcall": func(s *vm.State, L *lua.LState) int {
			if err := L.PCall(L.GetTop()-1, 0, nil); err != nil {
				L.Push(lua.LString(err.(*lua.ApiError).Object.String()))
				return 1
			}
			return 0
		},
		"thread": func(s *vm.State, L *lua.LState) int {
			th, _ := L.NewThread()
			th.Push(L.Get(1))
			th.Call(0, 1)
			L.Push(th.Get(-1))
			return 1
		},
	})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}, Limits: vm.Limits{Steps: 100_000}})
	got, err := rt.Run(context.Background(), must(t, `
		local x = 1
		local function f() x = x + 1 end
		local e = n.pcall(function() local t = nil; t.x = 1 end)
		f()
		pcall(error, "e")
		f()
		return x, e, n.thread(function() return pcall(function() return 7 end) end)`))
	if err != nil || got[0] != 3.0 || !strings.Contains(fmt.Sprint(got[1]), "attempt to index local 't' "+
		"(a nil value)") || len(got) != 3 {
		t.Errorf("got %v, %v; want 3, a message and a result", got, err)
	}
	if err := run(t, rt, "n.pcall(function() while true do end end)"); !errors.Is(err, vm.ErrSteps) {
		t.Error(err)
	}
	if err := run(t, rt, "n.thread(function() pcall(error) while true do end end)"); !errors.Is(err,
		vm.ErrSteps) {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	refused := fmt.Errorf("no slot on cpu1: %w", syscall.ENOSPC)
	m := native(map[string]func(s *vm.State, L *lua.LState) int{
		"try": func(s *vm.State, L *lua.LState) int {
			L.Push(lua.LNil)
			L.Push(s.Refuse(refused))
			L.Push(lua.LString("ENOSPC"))
			return 3
		},
		"raise": func(s *vm.State, L *lua.LState) int {
			s.Raise(L, fmt.Errorf("bad argument #1 to '%s' (%w)", "open", syscall.EINVAL))
			return 0
		},
	})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
	for _, src := range []string{
		"assert(n.try())",
		"local v, e = n.try() error(e)",
		"local v, e = n.try() local ok, e = pcall(error, e) error(e, 0)",
	} {
		if err := run(t, rt, src); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, refused) {
			t.Errorf("%s: got %v, want %v", src, err, refused)
		}
	}
	err := run(t, rt, "\nn.raise()")
	const want = ":2: bad argument #1 to 'open' (invalid argument)"
	if err == nil || !strings.HasSuffix(err.Error(), want) || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("got %v, want an error that ends in %q and is EINVAL", err, want)
	}
}

func TestModulesOpenOnceAndClose(t *testing.T) {
	var log []string
	rt, err := vm.New(vm.Config{Modules: []vm.Module{{
		Name: "late",
		Open: func(s *vm.State) (lua.LValue, error) {
			log = append(log, "open")
			s.OnClose(func() { log = append(log, "first") })
			s.OnClose(func() { log = append(log, "second") })
			return s.L().NewTable(), nil
		},
		Close: func() { log = append(log, "closed") },
	}, {Name: "never", Open: func(*vm.State) (lua.LValue, error) { return nil, errors.New("cannot") }}}})
	if err != nil || log != nil {
		t.Fatal(err, log)
	}
	if err := run(t, rt,
		"assert(late == nil) local a = require('late') assert(require('late') == a)"); err != nil {
		t.Error(err)
	}
	if err := run(t, rt, "require('never')"); err == nil || !strings.Contains(err.Error(), "cannot") {
		t.Error(err)
	}
	rt.Close()
	if want := []string{"open", "second", "first", "closed"}; !slices.Equal(log, want) {
		t.Errorf("got %v, want %v", log, want)
	}
	if _, err := vm.New(vm.Config{
		Modules: []vm.Module{
			{
				Name:   "never",
				Global: true,
				Open:   func(*vm.State) (lua.LValue, error) { return nil, errors.New("cannot") },
			},
		},
	}); err == nil {
		t.Error("a module that cannot be opened was not reported")
	}
}

// A limit that is too low for a module is an error of New, not a panic.
func TestModuleBeyondTheLimit(t *testing.T) {
	cfg := vm.Config{
		Limits: vm.Limits{Memory: 4096},
		Modules: []vm.Module{{Name: "big", Global: true, Open: func(s *vm.State) (lua.LValue, error) {
			s.Charge(1 << 20)
			return lua.LTrue, nil
		}}},
	}
	if _, err := vm.New(cfg); !errors.Is(err, vm.ErrMemory) ||
		err.Error() != "vm: module big: memory limit of 4096 bytes reached" {
		t.Errorf("New: %v", err)
	}
	pool := vm.NewPool(cfg, 1)
	defer pool.Close()
	for range 2 {
		if _, err := pool.Run(t.Context(), must(t, "return 1")); !errors.Is(err, vm.ErrMemory) {
			t.Errorf("Run: %v", err)
		}
	}
}
