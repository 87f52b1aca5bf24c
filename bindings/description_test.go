// The description is whole, and agrees with the Go functions beside it.

package bindings_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

func TestEverythingIsSaid(t *testing.T) {
	x := bindings.Index()
	for _, e := range x.Entries() {
		doc := strings.TrimSpace(e.Doc)
		switch {
		case doc == "":
			t.Errorf("%s: nothing is said about it", e.Path)
		case e.Kind != describe.IsOption && e.Kind != describe.IsModule && !strings.HasSuffix(doc, ".") && !strings.HasSuffix(doc, "?"):
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
				t.Errorf("%s: %s is no errno", e.Path, r.Name)
			}
			if r.Doc == "" {
				t.Errorf("%s: nothing is said about %s", e.Path, r.Name)
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
		t.Errorf("only %d types were looked at", n)
	}
}

// goKinds are the described kinds that a Go parameter may have.
func goKinds(t reflect.Type) []describe.Kind {
	switch t {
	case reflect.TypeFor[bindings.Reg](), reflect.TypeFor[bindings.Op](), reflect.TypeFor[bindings.Delay](), reflect.TypeFor[bindings.Counts](), reflect.TypeFor[hwdebug.BPType]():
		return []describe.Kind{describe.KindUnion}
	case reflect.TypeFor[bindings.SlotKind](), reflect.TypeFor[bindings.Which](), reflect.TypeFor[bindings.View]():
		return []describe.Kind{describe.KindEnum}
	case reflect.TypeFor[bindings.Word]():
		return []describe.Kind{describe.KindU64}
	case reflect.TypeFor[bindings.Maybe]():
		return []describe.Kind{describe.KindInt}
	case reflect.TypeFor[bindings.Match]():
		return []describe.Kind{describe.KindString}
	case reflect.TypeFor[bindings.Slots]():
		return []describe.Kind{describe.KindUnion}
	case reflect.TypeFor[hwdebug.Attr](), reflect.TypeFor[bindings.Ctrl](), reflect.TypeFor[*sim.Siginfo]():
		return []describe.Kind{describe.KindRecord}
	}
	if strings.HasPrefix(t.Name(), "Fill[") {
		return []describe.Kind{describe.KindRecord}
	}
	if strings.HasPrefix(t.Name(), "Each[") {
		return []describe.Kind{describe.KindFunc}
	}
	switch t.Kind() {
	case reflect.Bool:
		return []describe.Kind{describe.KindBool}
	case reflect.Int:
		return []describe.Kind{describe.KindInt}
	case reflect.Uint64:
		return []describe.Kind{describe.KindU64, describe.KindInt}
	case reflect.Float64:
		return []describe.Kind{describe.KindNumber}
	case reflect.String:
		return []describe.Kind{describe.KindString, describe.KindEnum}
	case reflect.Func:
		return []describe.Kind{describe.KindFunc}
	case reflect.Slice:
		return []describe.Kind{describe.KindArray}
	case reflect.Pointer, reflect.Struct:
		return []describe.Kind{describe.KindClass}
	}
	return nil
}

func agrees(t reflect.Type, d describe.Type) bool {
	if d.TakesNil() && t.Kind() == reflect.Pointer {
		return slices.ContainsFunc(d.Elem, func(e describe.Type) bool { return agrees(t, e) })
	}
	for _, k := range goKinds(t) {
		if k == d.Kind {
			return true
		}
	}
	return false
}

func TestFunctionsHaveTheirGoSignatures(t *testing.T) {
	compared := 0
	for _, e := range bindings.Index().Entries() {
		if e.Func == nil || e.Func.Go == nil {
			continue
		}
		compared++
		f, sig := e.Func, reflect.TypeOf(e.Func.Go)
		in := 0
		if e.Kind == describe.IsMethod {
			in = 1
		}
		params := f.Params
		if n := len(params); n > 0 && params[n-1].Variadic {
			params = params[:n-1]
		}
		if sig.NumIn()-in != len(params) {
			t.Errorf("%s: %d parameters are described, %v has %d", e.Path, len(params), sig, sig.NumIn()-in)
			continue
		}
		for i, p := range params {
			if g := sig.In(in + i); !agrees(g, p.Type) {
				t.Errorf("%s: parameter %s is described as %v, in Go it is %v", e.Path, p.Name, p.Type, g)
			}
		}
		var out []reflect.Type
		for i := range sig.NumOut() {
			if g := sig.Out(i); g != reflect.TypeFor[error]() {
				out = append(out, g)
			}
		}
		if len(out) == 2 && out[1].Kind() == reflect.Bool { // a value that may not be there
			out = out[:1]
			if !f.Results[0].Optional {
				t.Errorf("%s: the result may not be there, which is not said", e.Path)
			}
		}
		if len(out) == 1 && out[0] == reflect.TypeFor[bindings.Entry]() {
			out = []reflect.Type{reflect.TypeFor[uint64](), reflect.TypeFor[uint64]()}
		}
		results := f.Results
		if n := len(results); n > 0 && results[n-1].Variadic {
			results = results[:n-1]
		}
		if len(out) != len(results) {
			t.Errorf("%s: %d results are described, %v has %d", e.Path, len(results), sig, len(out))
			continue
		}
		for i, r := range results {
			if !agrees(out[i], r.Type) {
				t.Errorf("%s: result %s is described as %v, in Go it is %v", e.Path, r.Name, r.Type, out[i])
			}
		}
		fails := sig.NumOut() > 0 && sig.Out(sig.NumOut()-1) == reflect.TypeFor[error]()
		if len(f.Errors) > 0 && !fails {
			t.Errorf("%s: refusals are described, %v cannot fail", e.Path, sig)
		}
	}
	if compared < 70 {
		t.Errorf("only %d functions were compared", compared)
	}
}

func TestFieldsHaveTheirGoTypes(t *testing.T) {
	for _, e := range bindings.Index().Entries() {
		if e.Field == nil || e.Field.Go == nil {
			continue
		}
		sig := reflect.TypeOf(e.Field.Go)
		var g reflect.Type
		switch {
		case e.Kind == describe.IsOption && sig.NumIn() == 2:
			g = sig.In(1)
		case e.Kind == describe.IsOption:
			g = sig.Out(0).Elem()
		default:
			g = sig.Out(0)
			if e.Field.Writable {
				g = g.Elem()
			}
		}
		if !agrees(g, e.Field.Type) {
			t.Errorf("%s is described as %v, in Go it is %v", e.Path, e.Field.Type, g)
		}
	}
}

func TestErrnosAreTheKernels(t *testing.T) {
	if len(bindings.Modules()[0].Errnos) != len(hwdebug.Errnos) {
		t.Fatalf("%d errnos are described, there are %d", len(bindings.Modules()[0].Errnos), len(hwdebug.Errnos))
	}
	for i, e := range bindings.Modules()[0].Errnos {
		if e.Name != hwdebug.Errnos[i].Name || e.Number != hwdebug.Errnos[i].Number || strings.HasSuffix(e.Doc, ", .") {
			t.Errorf("errno %d is described as %+v", i, e)
		}
	}
}

func TestRegistersHaveEveryBitOnce(t *testing.T) {
	for _, r := range bindings.Modules()[0].Registers {
		next := r.Width - 1
		for _, f := range r.Fields {
			if f.Hi != next || f.Lo > f.Hi {
				t.Errorf("%s: %s is %s, expected it to begin at %d", r.Name, f.Name, f.Range(), next)
			}
			next = f.Lo - 1
		}
		if next != -1 {
			t.Errorf("%s: bits below %d are missing", r.Name, next+1)
		}
	}
}

func TestParseDelay(t *testing.T) {
	for text, ns := range map[string]int64{"28s": 28e9, "250ms": 250e6, "1.5ms": 1500000, "0s": 0, " 2 us ": 2000, "1ns": 1, "0.5ns": 1, "2min": 120e9, "1h": 3600e9} {
		if d, err := bindings.ParseDelay(text); err != nil || d.Ns != ns {
			t.Errorf("%q is %v, %v; want %d ns", text, d, err, ns)
		}
	}
	for _, text := range []string{"", "s", "28", "28 sec", "-1s", "1e9s", "0x10s", "1_0s", "nans", "infs", "999999999999h", "1..5s"} {
		if d, err := bindings.ParseDelay(text); err == nil {
			t.Errorf("%q is taken for %v", text, d)
		}
	}
}
