package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
)

func TestResults(t *testing.T) {
	got, err := eval(t, "return nil, true, 1.5, 0xffffffffffffffff, 'text', {1, 2}, print")
	if err != nil || len(got) != 7 {
		t.Fatal(got, err)
	}
	if got[0] != nil || got[1] != true || got[2] != 1.5 || got[3] != uint64(1<<64-1) || got[4] != "text" {
		t.Errorf("got %v, want nil, true, 1.5, 2^64-1, text", got[:5])
	}
	if table, ok := got[5].(*vm.Table); !ok || table.Len() != 2 || table.Get(2) != 2.0 {
		t.Errorf("%#v", got[5])
	}
	if _, ok := got[6].(*vm.Function); !ok {
		t.Errorf("%#v", got[6])
	}
}

func TestArguments(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	got, err := rt.Run(context.Background(), must(t, "local a, b, c = ... return a, b, c, select('#', "+
		"...), arg[0] ~= nil, arg[1], arg[2]"), "x", 2, uint64(1<<63))
	want := []any{"x", 2.0, uint64(1 << 63), 3.0, true, "x", "2"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	rt = newRuntime(t, vm.Config{Args: []string{"hwlua", "-i", "demo.lua", "one"}, ArgScript: 2})
	got, err = rt.Run(context.Background(), must(t, "return arg[-2], arg[0], arg[1], #arg"))
	if want := []any{"hwlua", "demo.lua", "one", 1.0}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := rt.Run(context.Background(), must(t, "return 1"), make(chan int)); err == nil ||
		!strings.Contains(err.Error(), "argument 1") {
		t.Errorf("a channel: %v", err)
	}
}

func TestSetGetCall(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	ctx := context.Background()
	for _, v := range []any{nil, true, 1.5, "x", uint64(1<<64 - 1)} {
		if err := rt.Set("v", v); err != nil {
			t.Fatal(err)
		}
		if got, err := rt.Get("v"); err != nil || got != v {
			t.Errorf("got %v, %v; want %v", got, err, v)
		}
	}
	if err := rt.Set("v", int64(-1)<<60); err == nil ||
		!strings.Contains(err.Error(), "no exact Lua number") {
		t.Errorf("-2^60: %v", err)
	}
	if _, err := rt.Run(ctx, must(t, "function double(x) return x + x, 'done' end")); err != nil {
		t.Fatal(err)
	}
	f, err := rt.Get("double")
	if err != nil {
		t.Fatal(err)
	}
	got, err := rt.Call(ctx, f.(*vm.Function), uint64(1<<62))
	if want := []any{uint64(1 << 63), "done"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	other := newRuntime(t, vm.Config{})
	if _, err := other.Call(ctx, f.(*vm.Function)); err == nil {
		t.Error("a function of another runtime was called")
	}
	if err := other.Set("f", f); err == nil {
		t.Error("a function of another runtime was set")
	}
}

func TestTables(t *testing.T) {
	got, err := eval(t, "return {10, 20, x = 'y', [0xffffffffffffffff] = true}")
	if err != nil {
		t.Fatal(err)
	}
	table := got[0].(*vm.Table)
	if err := table.Set("z", uint64(1<<63)); err != nil {
		t.Fatal(err)
	}
	if err := table.Set(nil, 1); err == nil {
		t.Error("nil was a key")
	}
	var all []string
	for k, v := range table.All() {
		all = append(all, fmt.Sprint(k, "=", v))
	}
	if got := strings.Join(all, " "); got != "1=10 2=20 x=y 18446744073709551615=true z=9223372036854775808" {
		t.Error(got)
	}
}

func TestBusyAndClosed(t *testing.T) {
	inside, leave := make(chan bool), make(chan bool)
	rt, err := vm.New(vm.Config{
		Modules: []vm.Module{
			{Name: "wait", Global: true, Funcs: map[string]any{"here": func() { inside <- true; <-leave }}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	done := make(chan error)
	go func() {
		_, err := rt.Run(ctx, must(t, "wait.here()"))
		done <- err
	}()
	<-inside
	if _, err := rt.Run(ctx, must(t, "return 1")); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("Run: %v", err)
	}
	if err := rt.Set("x", 1); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("Set: %v", err)
	}
	if _, err := rt.Get("x"); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("Get: %v", err)
	}
	if err := rt.Close(); !errors.Is(err, vm.ErrBusy) {
		t.Errorf("Close: %v", err)
	}
	leave <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := rt.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := rt.Run(ctx, must(t, "return 1")); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("Run after Close: %v", err)
	}
	if err := rt.Set("x", 1); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("Set after Close: %v", err)
	}
	if _, err := rt.Get("x"); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("Get after Close: %v", err)
	}
}

func TestProgramIsShared(t *testing.T) {
	prog := must(t, "local t = {} for i = 1, 100 do t[0xffffffffffff0000 + i] = i end local function "+
		"f(...) return select('#', ...) end return f(t, 1), t[0xffffffffffff0001], 0xfffffffffffffff0, "+
		"{1, {x = 2}}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			rt := newRuntime(t, vm.Config{})
			for range 50 {
				got, err := rt.Run(context.Background(), prog)
				if err != nil || got[0] != 2.0 || got[1] != 1.0 || got[2] != uint64(0xfffffffffffffff0) {
					t.Error(got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCallBack(t *testing.T) {
	var rt *vm.Runtime
	rt = newRuntime(t, vm.Config{
		Limits: vm.Limits{Steps: 100_000},
		Modules: []vm.Module{{Name: "host", Global: true, Funcs: map[string]any{
			"twice": func(ctx context.Context, f *vm.Function, v any) ([]any, error) {
				if _, err := rt.Call(context.Background(), f, v); !errors.Is(err, vm.ErrBusy) {
					return nil, fmt.Errorf("with another context: %v", err)
				}
				if _, err := f.Call(ctx, v); err != nil {
					return nil, err
				}
				return f.Call(ctx, v)
			},
			"each": func(n int, f func(int) (int, error)) (sum int, err error) {
				for i := range n {
					v, err := f(i)
					if err != nil {
						return 0, err
					}
					sum += v
				}
				return sum, nil
			},
			"apply": func(f func(string) string, s string) string { return f(s) },
		}}},
	})
	ctx := context.Background()
	got, err := rt.Run(ctx, must(t, "local n = 0 local r = host.twice(function(v) n = n + v return n "+
		"end, 3) return n, #r, r[1]"))
	if err != nil || !reflect.DeepEqual(got, []any{6.0, 1.0, 6.0}) {
		t.Errorf("got %v, %v; want 6, 1, 6", got, err)
	}
	got, err = rt.Run(ctx, must(t, "return host.each(4, function(i) return i * 10 end), "+
		"host.apply(string.upper, 'x')"))
	if err != nil || !reflect.DeepEqual(got, []any{60.0, "X"}) {
		t.Errorf("got %v, %v; want 60, X", got, err)
	}
	if _, err = rt.Run(ctx, must(t, "host.each(4, function(i) error('stop at ' .. i) end)")); err == nil ||
		!strings.Contains(err.Error(), "stop at 0") {
		t.Errorf("got %v, want the error of the callback", err)
	}
	if _, err = rt.Run(ctx, must(t, "host.apply(function() error('from within') end, 'x')")); err == nil ||
		!strings.Contains(err.Error(), "from within") {
		t.Errorf("got %v, want the error of the callback", err)
	}
	// The limit of the run goes on in what is called back.
	if _, err = rt.Run(ctx, must(t, "while true do pcall(host.twice, function() while true do end end, "+
		"1) end")); !errors.Is(err, vm.ErrSteps) {
		t.Errorf("got %v, want %v", err, vm.ErrSteps)
	}
}

func TestStepsAreExactAndRepeatable(t *testing.T) {
	prog := must(t, "local x = 0 for i = 1, 100 do x = x + i pcall(function() x = x + #('a'):rep(i) "+
		"end) end local t = {} for i = 1, 50 do t[i] = 50 - i end table.sort(t) return x")
	enough := func(n int64) bool {
		rt := newRuntime(t, vm.Config{Limits: vm.Limits{Steps: n}})
		_, err := rt.Run(context.Background(), prog)
		if err != nil && !errors.Is(err, vm.ErrSteps) {
			t.Fatal(err)
		}
		return err == nil
	}
	lo, hi := int64(0), int64(100_000)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; enough(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	for range 3 {
		if !enough(hi) || enough(hi-1) {
			t.Errorf("%d steps were enough, %d not; now it is different", hi, hi-1)
		}
	}
	// In a runtime that has run it before, too.
	rt := newRuntime(t, vm.Config{Limits: vm.Limits{Steps: hi}})
	for i := range 5 {
		if _, err := rt.Run(context.Background(), prog); err != nil {
			t.Errorf("run %d: %v", i, err)
		}
	}
}

func TestMemoryIsWhatIsLive(t *testing.T) {
	rt := newRuntime(t, vm.Config{Limits: vm.Limits{Memory: 2 << 20}})
	for _, c := range []struct {
		src string
		ok  bool
	}{
		{src: "for i = 1, 200 do local s = ('x'):rep(1000000) end", ok: true}, // garbage does not count
		{src: "for i = 1, 100000 do local t = {i} end", ok: true},
		{src: "local a = ('x'):rep(1500000) local b = ('y'):rep(1500000) return a, b", ok: false},
		{src: "local t = {} for i = 1, 100000 do t[i] = {} end", ok: false},
		{src: "keep = ('x'):rep(1500000)", ok: true}, // a global stays
		{src: "local b = ('y'):rep(1500000)", ok: false},
		{src: "keep = nil", ok: true},
		{src: "local b = ('y'):rep(1500000)", ok: true},
		{src: "local x = 0x8000000000000000 for i = 1, 100000 do x = x + 1 end", ok: true},
		{src: "local f for i = 1, 100000 do f = function() return i end end", ok: true},
		{src: "for i = 1, 2000 do coroutine.wrap(function() coroutine.yield() end)() end", ok: true},
		{
			src: "local t = {} for i = 1, 2000 do t[i] = coroutine.wrap(function() coroutine.yield() " +
				"end) t[i]() end",
			ok: false,
		},
		{src: "local s = ('x'):rep(3000000)", ok: false},
		{src: "local t = {} t[1000000] = 1", ok: false},
	} {
		err := run(t, rt, c.src)
		if c.ok && err != nil || !c.ok && !errors.Is(err, vm.ErrMemory) {
			t.Errorf("%s: got %v, want ok %v", c.src, err, c.ok)
		}
	}
}

func TestCallDepth(t *testing.T) {
	deep := "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(%d)"
	rt := newRuntime(t, vm.Config{})
	for _, n := range []int{260, 5000, 15_000} {
		got, err := rt.Run(context.Background(), must(t, fmt.Sprintf(deep, n)))
		if err != nil || got[0] != float64(n) {
			t.Errorf("depth %d: %v, %v", n, got, err)
		}
	}
	_, used, err := rt.Eval(context.Background(), must(t, fmt.Sprintf(deep, 1_000_000)), 0)
	if err == nil || !strings.Contains(err.Error(), "stack overflow") || used > 10*16_000 {
		t.Errorf("a million calls: %v after %d steps, want a stack overflow after at most 10 steps a call",
			err, used)
	}
	rt = newRuntime(t, vm.Config{Limits: vm.Limits{CallDepth: 100}})
	if err := run(t, rt, fmt.Sprintf(deep, 90)); err != nil {
		t.Error(err)
	}
	if err := run(t, rt, fmt.Sprintf(deep, 110)); err == nil {
		t.Error("110 calls with CallDepth 100")
	}
	got, err := rt.Run(context.Background(), must(t, "local function f() return f() + 1 end local ok, e "+
		"= pcall(f) return ok, e"))
	if err != nil || got[0] != false || !strings.Contains(got[1].(string), "stack overflow") {
		t.Errorf("an overflow can be caught: %v, %v", got, err)
	}
	if _, err := vm.New(vm.Config{Limits: vm.Limits{CallDepth: 1 << 30}}); err == nil {
		t.Error("CallDepth of 2^30 was taken")
	}
	// Tail calls are no depth.
	if err := run(t, newRuntime(t, vm.Config{}), "local function f(n) if n > 0 then return f(n - 1) end "+
		"end f(1000000)"); err != nil {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	for i := range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		if err := rt.Set("begun", func() {
			time.AfterFunc(time.Duration(i)*time.Millisecond, cancel)
		}); err != nil {
			t.Fatal(err)
		}
		_, err := rt.Run(ctx, must(t, "n = (n or 0) + 1 begun() coroutine.wrap(function() while true do "+
			"pcall(function() while true do end end) end end)()"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	// The state is kept, as a prompt needs it after Ctrl-C. A run that was cancelled beforehand
	// does nothing.
	if n, err := rt.Get("n"); err != nil || n != 20.0 {
		t.Errorf("n = %v, %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := rt.Run(ctx, must(t, "touched = true")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if v, _ := rt.Get("touched"); v != nil {
		t.Error("a cancelled run ran")
	}
}

// News of an earlier run's context does not end a later run.
func TestCancelAfterTheRun(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	prog := must(t, "local n = 0 for i = 1, 300 do n = n + i end return n")
	for range 3000 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if _, err := rt.Run(ctx, prog); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := rt.Run(context.Background(), prog); err != nil {
			t.Fatalf("the run after: %v", err)
		}
	}
}

func TestLimitsCannotBeSwallowed(t *testing.T) {
	for _, wrap := range []string{
		"%s", "pcall(function() %s end)", "while true do pcall(function() %s end) end",
		"xpcall(function() %s end, function() return 1 end)",
		"coroutine.wrap(function() pcall(function() %s end) end)()",
		"coroutine.resume(coroutine.create(function() %s end)) after = true",
		"local co = coroutine.create(function() %s end) while true do coroutine.resume(co) end",
		"setmetatable({}, {__index = function() %s end}).x = 1 local _ = setmetatable({}, {__index = " +
			"function() pcall(function() %[1]s end) end}).x",
		"table.sort({3, 2, 1}, function() %s return true end)", "string.gsub('xx', 'x', function() %s end)",
		"xpcall(error, function() %s end)", "tostring(setmetatable({}, {__tostring = function() %s end}))",
	} {
		rt := newRuntime(t, vm.Config{Limits: vm.Limits{Steps: 50_000, Memory: 1 << 20}})
		for what, src := range map[error]string{
			vm.ErrSteps:  "while true do end",
			vm.ErrMemory: "local s = 'x' while true do s = s .. s end",
		} {
			if err := run(t, rt, fmt.Sprintf(wrap, src)+" after = true"); !errors.Is(err, what) {
				t.Errorf("%s: %v, want %v", fmt.Sprintf(wrap, src), err, what)
			}
			if v, _ := rt.Get("after"); v != nil {
				t.Errorf("%s: the script went on", fmt.Sprintf(wrap, src))
			}
		}
	}
}

func TestNothingIsWrittenByDefault(t *testing.T) {
	if _, err := eval(t, "print('x') io.write('y')"); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out})
	if err := run(t, rt, "print(1, nil, 0xffffffffffffffff) io.write('y', 2, '\\n')"); err != nil ||
		out.String() != "1\tnil\t0xffffffffffffffff\ny2\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
