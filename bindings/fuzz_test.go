// Calls with arbitrary values: nothing panics, nothing hangs, and the machine's invariants hold.

package bindings_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// A calls turns bytes into a script of calls.
type calls struct {
	data []byte
	b    strings.Builder
}

func (c *calls) next() int {
	if len(c.data) == 0 {
		return 0
	}
	n := c.data[0]
	c.data = c.data[1:]
	return int(n)
}

func pick[T any](c *calls, from []T) T { return from[c.next()%len(from)] }

// literals are values of every type, near the borders of what is allowed.
var literals = []string{
	"nil", "true", "false", "0", "1", "2", "3", "-1", "4", "8", "16", "63", "64", "0.5", "1e300",
	"0/0", "1/0", "2^53", "0x1fffffffffffff", "0x20000000000000", "0xffffff8008080000",
	"0xffffff8008080004", "0xffffffffffffffff", "0xfffffffffffffffc", "0x1000", "0x1004", "0x400000",
	"0x1f5", "0x1e5", "\"w\"", "\"x\"", "\"rw\"", "\"WVR\"", "\"bp\"", "\"install\"", "\"uninstall\"",
	"\"watch\"", "\"28s\"", "\"1ms\"", "\"\"", "\"write_wb_reg\"", "\"%d\"", "\"(\"", "{}", "{ 1 }",
	"{ [0] = 1 }", "{ { } }", "print", "function() end", "function(...) return ... end",
	"function() error({}) end", "function() m:msleep(1) end", "function() m:run() end",
	"function() m:task { body = function() end } end", "function(ev, hit) hit.skip = true end",
	"function() coroutine.yield() end", "coroutine.create(print)", "hw", "assert", "m",
}

func (c *calls) value(depth int) string {
	switch k := c.next(); {
	case k < 110:
		return fmt.Sprintf("o[%d]", c.next()%24+1)
	case k < 150 && depth < 2:
		return c.table(nil, depth)
	}
	return pick(c, literals)
}

// typed returns a value that fits the description, most of the time.
func (c *calls) typed(t describe.Type, depth int) string {
	if c.next() < 40 {
		return c.value(depth)
	}
	switch t.Kind {
	case describe.KindClass:
		return fmt.Sprintf("(first(%q) or o[%d])", t.Name, c.next()%24+1)
	case describe.KindRecord:
		if r := bindings.Index().Record(t.Name); r != nil {
			return c.table(r, depth)
		}
	case describe.KindEnum:
		return pick(c, t.Words).Value
	case describe.KindUnion:
		return c.typed(pick(c, t.Elem), depth)
	case describe.KindInt:
		return pick(c, []string{"0", "1", "2", "3", "4", "8", "16", "-1"})
	case describe.KindU64:
		return pick(c, []string{
			"0", "0x1f5", "0x1000", "0x400000", "0xffffff8008080000", "0xfffffffffffffff8",
		})
	case describe.KindFunc:
		return pick(c, literals[47:56])
	}
	return pick(c, literals)
}

func (c *calls) table(r *describe.Record, depth int) string {
	var parts []string
	for range c.next() % 7 {
		if r == nil || c.next() < 10 {
			key := pick(c, []string{"1", "0", "\"addr\"", "\"x\"", "true"})
			parts = append(parts, fmt.Sprintf("[%s] = %s", key, c.value(depth+1)))
			continue
		}
		f := pick(c, r.Fields)
		parts = append(parts, f.Name+" = "+c.typed(f.Type, depth+1))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func (c *calls) args(ps []describe.Param) string {
	var list []string
	for _, p := range ps {
		if p.Variadic || p.Optional && c.next() < 100 {
			break
		}
		list = append(list, c.typed(p.Type, 0))
	}
	if c.next() < 20 {
		list = append(list, c.value(0))
	}
	return strings.Join(list, ", ")
}

// script returns a script of at most 40 calls, which keeps their results and uses them again.
func (c *calls) script() string {
	c.b.WriteString(`
local o = { m, m.cpu[0], m.cpu[1], m.cpu[0].wcr, m.cpu[0].wp_on_reg, m.cpu,
  m:task { comm = "t" }, m:work("w", print), m:delayed_work("d", print) }
local n = #o
local function keep(ok, ...)
  for i = 1, ok and select("#", ...) or 0 do
    local v = select(i, ...)
    if type(v) == "userdata" and hw.type(v) ~= "u64" then n = n % 24 + 1 o[n] = v end
  end
end
local function first(class)
  for i = 24, 1, -1 do if hw.type(o[i]) == class then return o[i] end end
end
`)
	var methods, functions []*describe.Entry
	for _, e := range bindings.Index().Entries() {
		switch {
		case e.Kind == describe.IsMethod:
			methods = append(methods, e)
		case e.Kind == describe.IsFunc && e.Owner != "" && e.Owner != "check":
			functions = append(functions, e)
		}
	}
	for range 40 {
		if len(c.data) == 0 {
			break
		}
		call := ""
		switch k := c.next(); {
		case k < 180:
			e := methods[(c.next()+256*(k&1))%len(methods)]
			self := c.typed(describe.Object(e.Owner), 0)
			call = fmt.Sprintf("local s = %s return s[%q](s, %s)", self, e.Name, c.args(e.Func.Params))
			call = strings.Replace(call, "(s, )", "(s)", 1)
		case k < 215:
			e := pick(c, functions)
			call = fmt.Sprintf("return %s(%s)", e.Path, c.args(e.Func.Params))
		case k < 245:
			self := c.value(0)
			call = fmt.Sprintf("local s, k = %s, %s return s[k], tostring(s), #s", self, pick(c, []string{
				"0", "1", "\"slot\"", "\"attr\"", "\"holders\"", "\"current\"", "-1", "1.5", "{}",
			}))
		default:
			self, key := c.value(0), pick(c, []string{"\"skip\"", "\"addr\"", "1"})
			call = fmt.Sprintf("local s = %s s[%s] = %s", self, key, c.value(0))
		}
		c.b.WriteString("keep(pcall(function() " + call + " end))\n")
	}
	return c.b.String()
}

func FuzzCalls(f *testing.F) {
	f.Add([]byte("every event lives until it is closed or unregistered"))
	f.Add(bytes.Repeat([]byte{200, 17, 3, 99, 250, 41}, 40))
	for seed := range 24 {
		data, x := make([]byte, 400), uint32(seed)*2654435761+1
		for i := range data {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			data[i] = byte(x)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		c := &calls{data: data}
		src := c.script()
		prog, err := vm.Compile("fuzz.lua", src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		var machines []*sim.Machine
		rt, err := vm.New(vm.Config{
			Modules: []vm.Module{bindings.HardwareWith(bindings.Options{
				Machine: &sim.Config{CPUs: 2, TraceSize: 512},
				Made:    func(m *sim.Machine) { machines = append(machines, m) },
			})},
			Limits: vm.Limits{Steps: 300_000, Memory: 32 << 20},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err = rt.Run(ctx, prog)
		var p *vm.PanicError
		switch {
		case errors.As(err, &p):
			t.Fatalf("%v\n%s\n%s", p.Value, p.Stack, src)
		case errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("the script hangs\n%s", src)
		case err != nil && !errors.Is(err, vm.ErrSteps) && !errors.Is(err, vm.ErrMemory):
			t.Fatalf("%v\n%s", err, src)
		}
		for _, m := range machines {
			if err := m.CheckInvariants(); err != nil {
				t.Fatalf("%v\n%s", err, src)
			}
		}
	})
}
