package vm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// What a pool returned is read while its runtimes serve others.
func TestPoolResultsAreTheCallersOwn(t *testing.T) {
	pool := vm.NewPool(vm.Config{}, 2)
	defer pool.Close()
	prog := must(t, `
		local t = {10, 20, 30, n = ..., [0xffffffffffffffff] = "wide", [true] = "yes",
		sub = {x = {y = 0x8000000000000001}}, f = print, co = coroutine.create(print), all = _G}
		t.self, t[t] = t, "itself"
		return t, t.sub`)
	bad := must(t, "error({code = ...})")
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 10 {
				n := i*100 + k
				got, err := pool.Run(ctx, prog, n)
				if err != nil {
					t.Error(err)
					return
				}
				table := got[0].(*vm.Table)
				sub := table.Get("sub").(*vm.Table)
				count := 0
				for key, v := range table.All() {
					if count++; key == nil || v == nil {
						t.Error("an empty entry")
					}
				}
				for range table.Get("all").(*vm.Table).All() {
				}
				if table.Len() != 3 || table.Get(2) != 20.0 || table.Get(uint8(3)) != 30.0 ||
					table.Get("n") != float64(n) || table.Get(uint64(1<<64-1)) != "wide" ||
					table.Get(true) != "yes" ||
					count != 12 || sub != got[1] || table.Get("self") != table ||
					table.Get(table) != "itself" || sub.Get("x").(*vm.Table).Get("y") != uint64(1<<63+1) ||
					table.Get("none") != nil || table.Get(nil) != nil ||
					table.Get([]int{1}) != nil || table.Get([]byte("n")) != float64(n) ||
					table.Get(int64(-1<<60)) != nil {
					t.Errorf("%d: %s", n, vm.Format(sub))
				}
				if _, err := table.Get("f").(*vm.Function).Call(ctx); !errors.Is(err, vm.ErrClosed) {
					t.Errorf("a function afterwards: %v", err)
				}
				if table.Set("n", 1) == nil {
					t.Error("a copy was written")
				}
				_, err = pool.Run(ctx, bad, n)
				var e *vm.Error
				if !errors.As(err, &e) || e.Value.(*vm.Table).Get("code") != float64(n) {
					t.Errorf("%d: %v", n, err)
				}
				if _, err := pool.Run(ctx, prog, table); err == nil ||
					!strings.Contains(err.Error(), "the table belongs to another runtime, or to a run "+
						"that has ended") {
					t.Errorf("a table in another run: %v", err)
				}
			}
		})
	}
	wg.Wait()
	got, err := pool.Run(ctx, must(t, "local t = {1, {a = 'x'}} t[2].up = t return t, print"))
	if err != nil || vm.Format(got[0]) != "{\n  1,\n  {\n    a = \"x\",\n    up = {<cycle>},\n  },\n}" ||
		fmt.Sprint(got...) != "table function" || vm.Format(got[1]) != "function" {
		t.Errorf("got %v (%s, %s), %v; want a table and a function", got,
			vm.Format(got[0]), vm.Format(got[1]), err)
	}
	if got, err = pool.Run(ctx, must(t,
		"local t = {} for i = 1, 100000 do t = {t} end return t")); err != nil ||
		got[0].(*vm.Table).Len() != 1 {
		t.Errorf("a deep table: %v", err)
	}
}

// What a function of a module kept of an earlier run leads nowhere: the runtime is somebody else's
// by then.
func TestPoolForgetsWhatWasKept(t *testing.T) {
	var table *vm.Table
	var fn *vm.Function
	var plain func(int) (int, error)
	keep := vm.Module{
		Name:   "keep",
		Global: true,
		Funcs: map[string]any{
			"these": func(t *vm.Table, f *vm.Function, g func(int) (int, error)) {
				table, fn, plain = t, f, g
			},
		},
	}
	pool := vm.NewPool(vm.Config{Modules: []vm.Module{keep}}, 1)
	defer pool.Close()
	ctx := context.Background()
	if _, err := pool.Run(ctx, must(t, "keep.these({x = 1}, function() leaked = 1 end, function() "+
		"leaked = 1 end)")); err != nil {
		t.Fatal(err)
	}
	if _, err := fn.Call(ctx); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("function: %v", err)
	}
	if _, err := plain(1); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("callback: %v", err)
	}
	if table.Get("x") != nil || table.Len() != 0 || table.Set("x", 1) == nil {
		t.Error("the table is still there")
	}
	for range table.All() {
		t.Error("the table still has something")
	}
	if got, err := pool.Run(ctx, must(t, "return leaked")); err != nil || got[0] != nil {
		t.Errorf("the next user finds %v, %v", got, err)
	}
}

// A goroutine that no function waits for gets ErrBusy, or a turn of its own; it never runs while
// the script does.
func TestCallsFromLooseGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	var refused atomic.Bool
	loose := func(call func() error) {
		wg.Go(func() {
			for n := 0; n < 200 || !refused.Load(); n++ {
				switch err := call(); {
				case errors.Is(err, vm.ErrBusy):
					refused.Store(true)
				case err != nil:
					t.Error(err)
					return
				}
				time.Sleep(20 * time.Microsecond)
			}
		})
	}
	m := vm.Module{Name: "go", Funcs: map[string]any{
		"context": func(ctx context.Context, f *vm.Function) {
			loose(func() error { _, err := f.Call(ctx, 1); return err })
		},
		"background": func(f *vm.Function) {
			loose(func() error { _, err := f.Call(context.Background(), 1); return err })
		},
		"callback": func(f func(int) (int, error)) {
			loose(func() error { _, err := f(1); return err })
		},
		"with": func(ctx context.Context, f func(context.Context, int) error) {
			loose(func() error { return f(ctx, 1) })
		},
		"refused": func() bool { time.Sleep(time.Millisecond); return refused.Load() },
	}}
	for _, way := range []string{"context", "background", "callback", "with"} {
		refused.Store(false)
		stop := guard(way)
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{m}})
		if err := run(t, rt, `
			local go, t = require "go", {}
			go.`+way+`(function(k) for i = 1, 20 do t[#t + 1] = {k} end return 1 end)
			repeat
				t = {}
				for i = 1, 5000 do t[#t + 1] = {i} end
			until go.refused()`); err != nil {
			t.Errorf("%s: got %v, want nil", way, err)
			refused.Store(true)
		}
		wg.Wait()
		stop()
	}
}

// A call with a context of its own ends when that does; what it was stopped for stops nothing else.
func TestCallBackWithADeadlineOfItsOwn(t *testing.T) {
	var rt *vm.Runtime
	type key struct{}
	short := func(ctx context.Context, f *vm.Function) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := rt.Call(ctx, f)
		return err
	}
	rt = newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "host", Global: true, Funcs: map[string]any{
		"short": short,
		"with": func(ctx context.Context, f *vm.Function) error {
			_, err := f.Call(context.WithValue(ctx, key{}, "mine"))
			return err
		},
		"value": func(ctx context.Context) any { return ctx.Value(key{}) },
		"load": func(ctx context.Context) ([]any, error) {
			return rt.Load(must(t, "return 0xfffffffffffffff0")).Call(ctx)
		},
		"detach": func(ctx context.Context, f *vm.Function) error {
			_, err := f.Call(context.WithoutCancel(ctx))
			return err
		},
		"later": func(ctx context.Context, f func(context.Context) error) error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			return f(ctx)
		},
	}}}})
	ctx := context.Background()
	endless := "function() while true do end end"
	for _, call := range []string{"host.short", "host.later"} {
		if err := run(t, rt, call+"("+endless+")"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want a deadline", call, err)
		}
		got, err := rt.Run(ctx, must(t, "local ok, e = pcall("+call+", "+endless+
			") local n = 0 for i = 1, 10000 do n = n + 1 end return ok, e, n"))
		if err != nil || got[0] != false || got[2] != 10000.0 ||
			!strings.Contains(got[1].(string), "deadline exceeded") {
			t.Errorf("%s: got %v, %v; want false, the deadline and 10000", call, got, err)
		}
	}
	got, err := rt.Run(ctx, must(t, "local a, b = host.value() host.with(function() b = host.value() "+
		"end) return a, b, host.value()"))
	if err != nil || fmt.Sprint(got) != "[<nil> mine <nil>]" {
		t.Errorf("got %v, %v; want only the inner value to be mine", got, err)
	}
	if got, err = rt.Run(ctx, must(t, "return host.load()[1]")); err != nil ||
		got[0] != uint64(0xfffffffffffffff0) {
		t.Errorf("loaded inside of a run: %v, %v", got, err)
	}
	outer, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := rt.Run(outer, must(t, "pcall(host.detach, "+endless+
		") while true do end")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context of the run holds as well: %v", err)
	}
}

// A context leads through another runtime back into the first.
func TestCallBackThroughAnotherRuntime(t *testing.T) {
	var inner *vm.Function
	other := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "back", Global: true, Funcs: map[string]any{
		"call": func(ctx context.Context) ([]any, error) { return inner.Call(ctx, 20) },
	}}}})
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "there", Global: true, Funcs: map[string]any{
		"go": func(ctx context.Context, f *vm.Function) (any, error) {
			inner = f
			got, err := other.Run(ctx, must(t, "return back.call()[1]"))
			if err != nil {
				return nil, err
			}
			return got[0], nil
		},
	}}}})
	got, err := rt.Run(context.Background(), must(t, "local n = 1 return there.go(function(k) n = n + k "+
		"return n end)"))
	if err != nil || got[0] != 21.0 {
		t.Errorf("got %v, %v; want 21", got, err)
	}
}

// A callback that was kept is a Call of its own: with limits anew, and none after Close.
func TestCallbackLater(t *testing.T) {
	var plain func(int) int
	var fails func(int) (int, error)
	rt := newRuntime(t, vm.Config{
		Limits: vm.Limits{Steps: 5000},
		Modules: []vm.Module{
			{
				Name:   "keep",
				Global: true,
				Funcs: map[string]any{
					"these": func(f func(int) int, g func(int) (int, error)) { plain, fails = f, g },
				},
			},
		},
	})
	if err := run(t, rt, "keep.these(function(n) return n + 1 end, function(n) for i = 1, n do end "+
		"return n end)"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if n, err := fails(1000); n != 1000 || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := fails(1e6); !errors.Is(err, vm.ErrSteps) {
		t.Error(err)
	}
	if n := plain(4); n != 5 {
		t.Error(n)
	}
	rt.Close()
	if _, err := fails(1); !errors.Is(err, vm.ErrClosed) {
		t.Error(err)
	}
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, vm.ErrClosed) {
			t.Error(err)
		}
	}()
	plain(1)
}

// What a Lua function raises comes through the Go function that called it as it was raised.
func TestErrorsPassThroughGo(t *testing.T) {
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "host", Global: true, Funcs: map[string]any{
		"plain":  func(f func(int) int) int { return f(1) },
		"passed": func(f func(int) (int, error)) (int, error) { return f(1) },
		"called": func(ctx context.Context, f *vm.Function) error { _, err := f.Call(ctx); return err },
		"fail":   func() error { return syscall.ENOSPC },
	}}}})
	for _, call := range []string{"plain", "passed", "called"} {
		got, err := rt.Run(context.Background(), must(t, "local t = {code = 7} local ok, e = pcall(host."+
			call+", function() error(t) end) return ok, e == t"))
		if err != nil || got[0] != false || got[1] != true {
			t.Errorf("%s: got %v, %v; want false, true", call, got, err)
		}
		err = run(t, rt, "\nhost."+call+"(function()\n  error('stop') end)")
		var e *vm.Error
		if !errors.As(err, &e) || e.Message != "test.lua:3: stop" || e.Script != "test.lua" || e.Line != 3 ||
			!strings.Contains(e.Excerpt(), "error('stop')") {
			t.Errorf("%s: got %+v, want the error of line 3", call, e)
		}
		if err := run(t, rt, "host."+call+"(function() host.fail() end)"); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: got %v, want %v", call, err, syscall.ENOSPC)
		}
	}
	err := run(t, rt, "\nhost.plain(function() return 'x' end)")
	if err == nil || err.Error() != "test.lua:2: result 1 of the callback: number expected, got string" {
		t.Error(err)
	}
}

// What cannot be asked is an error, whatever nil it is.
func TestNothingIsAnError(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	pool := vm.NewPool(vm.Config{}, 1)
	defer pool.Close()
	ctx, prog := context.Background(), must(t, "return 1")
	var none context.Context
	for name, call := range map[string]func() error{
		"Run without a context":       func() error { _, err := rt.Run(none, prog); return err },
		"Run without a program":       func() error { _, err := rt.Run(ctx, nil); return err },
		"Run of an empty program":     func() error { _, err := rt.Run(ctx, &vm.Program{}); return err },
		"Eval without a program":      func() error { _, _, err := rt.Eval(ctx, nil, 0); return err },
		"Eval without a context":      func() error { _, _, err := rt.Eval(none, prog, 0); return err },
		"Call without a context":      func() error { _, err := rt.Call(none, rt.Load(prog)); return err },
		"Call of nothing":             func() error { _, err := rt.Call(ctx, nil); return err },
		"Call of what nil loads":      func() error { _, err := rt.Load(nil).Call(ctx); return err },
		"Call of an empty function":   func() error { _, err := new(vm.Function).Call(ctx); return err },
		"Invoke without a context":    func() error { _, err := rt.Invoke(none, rt.Load(prog)); return err },
		"Set of an empty table":       func() error { return new(vm.Table).Set("x", 1) },
		"Pool.Run without a context":  func() error { _, err := pool.Run(none, prog); return err },
		"Pool.Run without a program":  func() error { _, err := pool.Run(ctx, nil); return err },
		"Run of a pool that is empty": func() error { _, err := new(vm.Pool).Run(ctx, prog); return err },
	} {
		if err := call(); err == nil || !strings.HasPrefix(err.Error(), "vm: ") {
			t.Errorf("%s: got %v, want an error of vm", name, err)
		}
	}
	if table := new(vm.Table); table.Get("x") != nil || table.Len() != 0 {
		t.Error("an empty table holds something")
	}
	if err := new(vm.Pool).Close(); err != nil {
		t.Error(err)
	}
	if err := run(t, rt, "return 1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	module := func(name string, f any) vm.Config {
		return vm.Config{Modules: []vm.Module{{Name: name, Funcs: map[string]any{"f": f}}}}
	}
	for _, c := range []struct {
		cfg  vm.Config
		want string
	}{
		{cfg: vm.Config{Limits: vm.Limits{Steps: -1}}, want: "vm: Limits.Steps is -1; 0 is the default"},
		{
			cfg:  vm.Config{Limits: vm.Limits{Memory: -1 << 63}},
			want: "vm: Limits.Memory is -9223372036854775808; 0 is the default",
		},
		{
			cfg:  vm.Config{Limits: vm.Limits{CallDepth: -5}},
			want: "vm: Limits.CallDepth is -5; 0 is the default",
		},
		{cfg: vm.Config{Limits: vm.Limits{CallDepth: 1 << 30}}, want: "at most 200000 is possible"},
		{cfg: module("", 1), want: "vm: Modules[0] has no name"},
		{
			cfg:  vm.Config{Modules: []vm.Module{{Name: "a"}, {Name: "b"}, {Name: "a"}}},
			want: "vm: two modules are called a",
		},
		{
			cfg:  module("m", func(int, chan int) {}),
			want: "vm: module m: f has a parameter that has no Lua form (number 2, chan int)",
		},
		{cfg: module("m", func(complex64) {}), want: "(number 1, complex64)"},
		{cfg: module("m", (func())(nil)), want: "vm: module m: f is nil"},
		{
			cfg: vm.Config{
				Modules: []vm.Module{{Name: "m", Asserts: map[string]lua.LGFunction{"odd": nil}}},
			},
			want: "vm: module m: assertion odd is nil",
		},
		{
			cfg: vm.Config{
				Modules: []vm.Module{
					{Name: "m", Global: true, Open: func(*vm.State) (lua.LValue, error) { return nil, nil }},
				},
			},
			want: "vm: module m: its Open gave no value",
		},
	} {
		if rt, err := vm.New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
			rt.Close()
		}
		pool := vm.NewPool(c.cfg, 1)
		if _, err := pool.Run(context.Background(), must(t, "return 1")); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("of a pool: %v; want %s", err, c.want)
		}
	}
}

// Engine and Casing are embedded in Machine: reached by their names, and their fields without.
type (
	Engine  struct{ Power uint64 }
	Casing  struct{ Colour string }
	Machine struct {
		Engine
		*Casing
		Low  int64
		Wire chan int
	}
)

// Start belongs to Engine and is promoted to Machine.
func (e *Engine) Start() uint64 { e.Power++; return e.Power }

func TestEmbeddedStructs(t *testing.T) {
	m := &Machine{Engine: Engine{1 << 63}, Casing: &Casing{"red"}, Low: -1 << 63}
	rt := newRuntime(t, vm.Config{
		Modules: []vm.Module{
			{
				Name:   "host",
				Global: true,
				Funcs: map[string]any{
					"half": func(f float32) float32 { return f / 2 },
					"take": func(m Machine) uint64 { return m.Power },
				},
			},
		},
	})
	if err := rt.Set("m", m); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{
		"m.Power == 0x8000000000000000", "m.Engine.Power == m.Power",
		"m:Start() == 0x8000000000000001", "m.engine:start() == m.power", "m.Casing.Colour == 'red'",
		"(function() m.engine.power = 5 m.casing.colour = 'blue' return m.power == 5 end)()",
		"(function() m.casing = nil return m.casing == nil end)()",
		"host.half(3) == 1.5", "host.half(1/0) == 1/0", "host.take{Engine = {Power = 7}} == 7",
		"host.take{Power = 7} == 7",
	} {
		got, err := rt.Run(context.Background(), must(t, "return "+e))
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s: got %v, %v; want true", e, got, err)
		}
	}
	for _, c := range []struct{ src, want string }{
		{
			src: "return m.low",
			want: "test.lua:1: field 'low' of *vm_test.Machine: -9223372036854775808 has no exact Lua " +
				"number (negative integers are exact down to -2^53)",
		},
		{
			src:  "return m.wire",
			want: "field 'wire' of *vm_test.Machine: a value of type chan int cannot be given to Lua",
		},
		{
			src:  "m.start = 1",
			want: "test.lua:1: 'start' is a method of *vm_test.Machine and cannot be written",
		},
		{src: "host.half(1e300)", want: "bad argument #1 to 'half' (1e+300 does not fit into 32 bits)"},
	} {
		if err := run(t, rt, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.src, err, c.want)
		}
	}
}

// A run that was stopped leaves what Go holds readable.
func TestTablesAfterAStop(t *testing.T) {
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name, src string
		cfg       vm.Config
		ctx       context.Context
		want      error
	}{
		{
			name: "steps",
			src:  "while true do end",
			cfg:  vm.Config{Limits: vm.Limits{Steps: 10_000}},
			ctx:  context.Background(),
			want: vm.ErrSteps,
		},
		{
			name: "memory",
			src:  "keep = {} while true do keep[#keep + 1] = ('x'):rep(1000) .. #keep end",
			cfg:  vm.Config{Limits: vm.Limits{Memory: 1 << 20}},
			ctx:  context.Background(),
			want: vm.ErrMemory,
		},
		{name: "context", src: "while true do end", cfg: vm.Config{}, ctx: stopped, want: context.Canceled},
	} {
		rt := newRuntime(t, c.cfg)
		got, err := rt.Run(context.Background(), must(t, "local k = {} return {x = 'value', "+
			"[0xffffffffffffffff] = 'wide', [k] = 'table', [false] = 0}, k"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Run(c.ctx, must(t, c.src)); !errors.Is(err, c.want) {
			t.Fatal(err)
		}
		table := got[0].(*vm.Table)
		if table.Get("x") != "value" || table.Get(uint64(1<<64-1)) != "wide" ||
			table.Get(got[1]) != "table" || table.Get(false) != 0.0 || table.Get(uint64(1<<63)) != nil ||
			table.Get(nil) != nil {
			t.Errorf("after a stop for %s: %v %v %v %v", c.name, table.Get("x"), table.Get(uint64(1<<64-1)),
				table.Get(got[1]), table.Get(false))
		}
		err = table.Set("y", "more")
		if _, loaded := rt.Load(must(t,
			"return 0xfffffffffffffff0")).Call(context.Background()); c.name == "memory" {
			if !errors.Is(err, vm.ErrMemory) || !errors.Is(loaded, vm.ErrMemory) {
				t.Errorf("Set: %v, Load: %v; want %v", err, loaded, vm.ErrMemory)
			}
		} else if err != nil || loaded != nil || table.Get("y") != "more" {
			t.Errorf("after a stop for %s: %v, %v", c.name, err, loaded)
		}
		rt.Close()
		if _, err := rt.Load(must(t,
			"return 0xfffffffffffffff0")).Call(context.Background()); !errors.Is(err, vm.ErrClosed) {
			t.Error(err)
		}
	}
}

// Runtimes of a pool may share a reader.
func TestPoolStdin(t *testing.T) {
	pool := vm.NewPool(vm.Config{Stdin: strings.NewReader(strings.Repeat("line\n", 10_000))}, 4)
	defer pool.Close()
	var wg sync.WaitGroup
	var found atomic.Int32
	for range 4 {
		wg.Go(func() {
			for range 50 {
				got, err := pool.Run(context.Background(), must(t, "return io.read('*l')"))
				if err != nil {
					t.Error(err)
				} else if got[0] != nil {
					found.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if found.Load() == 0 {
		t.Error("nothing was read")
	}
}

func TestValuesStayInTheirRuntime(t *testing.T) {
	rt, other := newRuntime(t, vm.Config{}), newRuntime(t, vm.Config{})
	ctx := context.Background()
	values, _, err := rt.Eval(ctx, must(t,
		"return {}, function(...) return ... end, coroutine.create(print)"), 0)
	if err != nil {
		t.Fatal(err)
	}
	echo, _, err := other.Eval(ctx, must(t, "return function(...) return ... end"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if err := other.Set("x", v); err == nil || !strings.Contains(err.Error(), "another runtime") {
			t.Errorf("SetValue %d: %v", i, err)
		}
		if _, err := other.Invoke(ctx, echo[0].Go().(*vm.Function), v); err == nil ||
			!strings.Contains(err.Error(), "another runtime") {
			t.Errorf("Invoke %d: %v", i, err)
		}
		if back, err := rt.Invoke(ctx, values[1].Go().(*vm.Function), v); err != nil || !back[0].Same(v) {
			t.Errorf("%d came back as %v, %v", i, back, err)
		}
	}
}

// Only of nothing is nothing, as Set of nothing is.
func TestOnlyNothing(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	for _, v := range []any{nil, (*Engine)(nil), map[string]int(nil), []int(nil)} {
		if err := rt.Set("x", vm.Only(v)); err != nil {
			t.Errorf("%#v: %v", v, err)
		}
		if got, err := rt.Get("x"); got != nil || err != nil {
			t.Errorf("%#v: %v, %v", v, got, err)
		}
	}
	if err := rt.Set("x", vm.Only(5, "Name")); err == nil {
		t.Error("a number has no names")
	}
}
