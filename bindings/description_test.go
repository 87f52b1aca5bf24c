// The description is complete, and agrees with the Go functions that implement it.

package bindings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/vm/describe"
)

func TestEntriesHaveTexts(t *testing.T) {
	x := bindings.Index()
	for _, e := range x.Entries() {
		doc := strings.TrimSpace(e.Doc)
		switch {
		case doc == "":
			t.Errorf("%s has no text", e.Path)
		case e.Kind != describe.IsOption && e.Kind != describe.IsModule && !strings.HasSuffix(doc, "."):
			t.Errorf("%s: %q is not a sentence", e.Path, doc)
		}
		if e.Func == nil {
			continue
		}
		if e.Owner != "" && strings.TrimSpace(e.Func.Sample) == "" {
			t.Errorf("%s: no sample", e.Path)
		}
		for _, see := range e.Func.See {
			if len(x.Lookup(see)) == 0 {
				t.Errorf("%s: see %q, which is not described", e.Path, see)
			}
		}
		for _, r := range e.Func.Errors {
			if _, ok := hwdebug.ErrnoByName(r.Name); !ok && r.Name != "SIGTRAP" {
				t.Errorf("%s: %s is not an errno", e.Path, r.Name)
			}
			if r.Doc == "" {
				t.Errorf("%s: %s has no text", e.Path, r.Name)
			}
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range bindings.Index().Entries() {
		key := e.Owner + "/" + e.Name
		if e.Kind == describe.IsBits {
			continue // a register has several RES0
		}
		if e.Owner == "" {
			key = e.Kind.String() + key
		}
		if seen[key] {
			t.Errorf("%s is described twice", e.Path)
		}
		seen[key] = true
	}
}

// types calls yield for every type that the description uses.
func types(yield func(where string, t describe.Type)) {
	var one func(where string, t describe.Type)
	params := func(where string, ps []describe.Param) {
		for _, p := range ps {
			one(where+" "+p.Name, p.Type)
		}
	}
	one = func(where string, t describe.Type) {
		yield(where, t)
		for _, e := range t.Elem {
			one(where, e)
		}
		params(where, t.Params)
		params(where, t.Results)
	}
	for _, e := range bindings.Index().Entries() {
		switch {
		case e.Func != nil:
			params(e.Path, e.Func.Params)
			params(e.Path, e.Func.Results)
		case e.Field != nil:
			one(e.Path, e.Field.Type)
		case e.Class != nil && e.Class.Index != nil:
			one(e.Path, e.Class.Index.Value)
		}
	}
}

func TestTypesAreDescribed(t *testing.T) {
	x := bindings.Index()
	n := 0
	types(func(where string, typ describe.Type) {
		n++
		switch typ.Kind {
		case describe.KindClass:
			if x.Class(typ.Name) == nil {
				t.Errorf("%s: class %s is not described", where, typ.Name)
			}
		case describe.KindRecord:
			if x.Record(typ.Name) == nil {
				t.Errorf("%s: table %s is not described", where, typ.Name)
			}
		}
	})
	if n < 200 {
		t.Errorf("checked %d types, want at least 200", n)
	}
}

// typeWord returns the type that an error names when it gets a value of another one.
func typeWord(t describe.Type) string {
	switch t.Kind {
	case describe.KindInt, describe.KindU64, describe.KindNumber:
		return "number"
	case describe.KindEnum, describe.KindString:
		return "string"
	case describe.KindBool:
		return "boolean"
	case describe.KindFunc:
		return "function"
	case describe.KindClass:
		return t.Name
	case describe.KindUnion:
		var words []string
		for _, e := range t.Elem {
			if e.Kind != describe.KindNil {
				words = append(words, typeWord(e))
			}
		}
		return strings.Join(slices.Compact(words), " or ")
	}
	return "table"
}

// example returns a value of a type, for a script that has the objects of world.
func example(t describe.Type) string {
	switch t.Kind {
	case describe.KindInt, describe.KindNumber:
		return "1"
	case describe.KindU64:
		return "0x1000"
	case describe.KindBool:
		return "true"
	case describe.KindEnum:
		return t.Words[0].Value
	case describe.KindString:
		if len(t.Names) > 0 {
			return `"write_wb_reg"`
		}
		return `"x"`
	case describe.KindFunc:
		return "print"
	case describe.KindClass:
		return "objects." + t.Name
	case describe.KindUnion:
		return example(t.Elem[0])
	}
	return "{}"
}

// wrong returns a value of a type that an error does not name, and its type.
func wrong(word string) (value, typ string) {
	if !strings.Contains(word, "boolean") {
		return "true", "boolean"
	}
	return "{}", "table"
}

const world = `
local t = m:task { comm = "t" }
local hit
local user = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
  on_hit = function(ev, h) hit = h h.skip = true end })
t:store(0x1000, 8)
m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }
local wide = assert(m:register_wide_hw_breakpoint { type = "r", addr = 0xffffff8008080000, len = 8 })
local board = hw.board [[
# hwlua probes 1 kernel=6.1.176 cpus=1 brps=6 wrps=4 btf=no
  a-1 [000] d.... 0.900001: alloc: (perf_event_alloc+0x0/0x1) type=5 bp_type=2 addr=0x10000040 len=8 flags=0x60 cpu=0 task=0x0
  a-1 [000] d.... 0.900002: alloc_ret: (__do_sys_perf_event_open+0x1/0x2 <- perf_event_alloc) ret=-281474915932576
  a-1 [000] d.... 0.900003: control: (hw_breakpoint_control+0x0/0x224) bp=0xffff0000039f6660 ops=0
  a-1 [000] d.... 1.100000: tracing_mark_write: end
]]
local objects = {
  board = board, board_cpus = board.cpu, board_cpu = board.cpu[0], board_bank = board.cpu[0].wcr,
  board_slots = board.cpu[0].wp_on_reg,
  machine = m, cpus = m.cpu, cpu = m.cpu[0], bank = m.cpu[0].wcr, slots_on_reg = m.cpu[0].wp_on_reg,
  task = t, event = user, wide = wide, hit = hit, refusal = m:why(), work = m:work("w", print),
  mutex = m:mutex("lock"), completion = m:completion("ready"),
  timer = m:timer_setup("t", print), irq_work = m:irq_work("i", print),
}
m:complete_all(objects.completion)
`

// bound yields the functions that package bindings binds, and the beginning of a call of each.
func bound(yield func(e *describe.Entry, call string)) {
	for _, e := range bindings.Index().Entries() {
		switch {
		case e.Func == nil || e.Func.Go == nil:
		case e.Kind == describe.IsMethod:
			yield(e, "objects."+e.Owner+":"+e.Name)
		default:
			yield(e, e.Path)
		}
	}
}

// Every function reads argument i with the type that parameter i is described with: a value of
// another type raises.
func TestArgumentsHaveTheirDescribedTypes(t *testing.T) {
	checked := 0
	bound(func(e *describe.Entry, call string) {
		var before []string
		for i, p := range e.Func.Params {
			if p.Variadic || p.Type.Kind == describe.KindUnion && p.Type.Elem[0].Kind == describe.KindAny {
				break
			}
			checked++
			value, typ := wrong(typeWord(p.Type))
			src := world + call + "(" + strings.Join(append(slices.Clone(before), value), ", ") + ")"
			want := fmt.Sprintf("bad argument #%d to '%s' (%s expected, got %s)",
				i+1, e.Name, typeWord(p.Type), typ)
			if _, _, err := run(src); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with a %s as argument %d: got error %v, want %s", e.Path, typ, i+1, err, want)
			}
			before = append(before, example(p.Type))
		}
	})
	if checked < 80 {
		t.Errorf("checked %d arguments, want at least 80", checked)
	}
}

// Every field of a table argument is read with the type that it is described with.
func TestFieldsHaveTheirDescribedTypes(t *testing.T) {
	checked := map[string]bool{}
	bound(func(e *describe.Entry, call string) {
		var before []string
		for i, p := range e.Func.Params {
			for _, o := range bindings.Index().Members(p.Type.Name) {
				if p.Type.Kind != describe.KindRecord || checked[o.Path] {
					continue
				}
				checked[o.Path] = true
				word := typeWord(o.Type)
				value, typ := wrong(word)
				table := "{ " + o.Name + " = " + value + " }"
				src := world + call + "(" + strings.Join(append(slices.Clone(before), table), ", ") + ")"
				want := fmt.Sprintf("bad argument #%d to '%s' (field '%s': %s expected, got %s)",
					i+1, e.Name, o.Name, word, typ)
				if _, _, err := run(src); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s with a %s as %s: got error %v, want %s", e.Path, typ, o.Path, err, want)
				}
			}
			before = append(before, example(p.Type))
		}
	})
	if len(checked) < 80 {
		t.Errorf("checked %d fields, want at least 80", len(checked))
	}
}

// resultArgs are the arguments of calls that succeed, where examples of the described types would not do.
var resultArgs = map[string]string{
	"hw.type":                            "m",
	"hw.board":                           `"# hwlua probes 1 cpus=1"`,
	"hw.explore":                         "{ machine = { cpus = 1 } }, function(m) m:run() end",
	"hw.ctrl.encode":                     `{ type = "w", len = 4 }`,
	"m:perf_event_open":                  `{ type = "w", addr = 0x1000, len = 8, cpu = 0 }`,
	"m:register_user_hw_breakpoint":      `{ type = "w", addr = 0x1000, len = 8, task = t }`,
	"m:register_wide_hw_breakpoint":      `{ type = "w", addr = 0xffffff8008c5a000, len = 8 }`,
	"m:perf_event_create_kernel_counter": `{ type = "w", addr = 0xffffff8008c5a000, len = 8, cpu = 0 }`,
	"m:cpuhp_setup_state":                `"x", nil`,
	"m:irq_work_queue":                   `m:irq_work("i", function() end)`,
	"m:callchain":                        `"register_wide_hw_breakpoint"`,
	"cpu:hw_breakpoint_slot_setup":       `"wp", wide[0], "restore"`,
	"cpu:hw_breakpoint_control":          `wide[0], "restore"`,
	"cpu:get_user":                       "0x1000, 1",
	"cpu:run":                            "function() return 1 end",
}

// Every function returns values of its described types.
func TestResultsHaveTheirDescribedTypes(t *testing.T) {
	checked := 0
	bound(func(e *describe.Entry, call string) {
		if e.Path == "board:refresh" {
			return // a board of a trace cannot look again
		}
		args, ok := resultArgs[e.Path]
		if !ok {
			var list []string
			for _, p := range e.Func.Params {
				switch {
				case p.Variadic || p.Optional:
				case p.Name == "dw":
					list = append(list, `m:delayed_work("d", print)`)
				default:
					list = append(list, example(p.Type))
				}
			}
			args = strings.Join(list, ", ")
		}
		for i, r := range e.Func.Results {
			if r.Variadic {
				break
			}
			checked++
			out, _, err := run(fmt.Sprintf("%s print(hw.type((select(%d, %s(%s)))))", world, i+1, call, args))
			got := strings.TrimSpace(out)
			if want := typeWord(r.Type); err != nil || got != want && !(r.Optional && got == "nil") {
				t.Errorf("result %s of %s(%s) is a %s, %v, want a %s", r.Name, e.Path, args, got, err, want)
			}
		}
	})
	if checked < 45 {
		t.Errorf("checked %d results, want at least 45", checked)
	}
}

func TestErrnosAreTheKernels(t *testing.T) {
	if len(bindings.Modules()[0].Errnos) != len(hwdebug.Errnos) {
		t.Fatalf("got %d errnos, want %d", len(bindings.Modules()[0].Errnos), len(hwdebug.Errnos))
	}
	for i, e := range bindings.Modules()[0].Errnos {
		want := hwdebug.Errnos[i]
		if e.Name != want.Name || e.Number != want.Number || strings.HasSuffix(e.Doc, ", .") {
			t.Errorf("errno %d is described as %+v, want %v and a text", i, e, want)
		}
	}
}

func TestRegistersHaveEveryBitOnce(t *testing.T) {
	for _, r := range bindings.Modules()[0].Registers {
		next := r.Width - 1
		for _, f := range r.Fields {
			if f.Hi != next || f.Lo > f.Hi {
				t.Errorf("%s: %s is %s, want it to begin at %d", r.Name, f.Name, f.Range(), next)
			}
			next = f.Lo - 1
		}
		if next != -1 {
			t.Errorf("%s: bits below %d are missing", r.Name, next+1)
		}
	}
}

func TestParseDelay(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"28s":    28e9,
		"250ms":  250e6,
		"1.5ms":  1500000,
		"0s":     0,
		" 2 us ": 2000,
		"1ns":    1,
		"0.5ns":  1,
		"2min":   120e9,
		"1h":     3600e9,
	} {
		if got, err := bindings.ParseDelay(text); err != nil || got != want {
			t.Errorf("ParseDelay(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "s", "28", "28 sec", "-1s", "1e9s", "0x10s", "1_0s", "nans", "infs", "999999999999h", "1..5s",
	} {
		if got, err := bindings.ParseDelay(text); err == nil {
			t.Errorf("ParseDelay(%q) = %d, want an error", text, got)
		}
	}
}
