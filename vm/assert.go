// The globals assert and check: Lua's assert, which is also a table of luassert's assertions, and the
// same assertions as checks, which record a failure and continue.

package vm

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/pattern"
	"github.com/hwlua/hwlua/vm/phrase"
	lua "github.com/yuin/gopher-lua"
)

// Fail raises f in L with the position of the caller, which it also sets in f. The assertions of modules
// (Module.Asserts) report their failures with it.
func Fail(L *lua.LState, f *Failure) {
	rt := threadOf(L).rt
	rt.fail(f, rt.traceOf(L))
}

// fail raises f with the position of stack.
func (rt *Runtime) fail(f *Failure, stack trace) {
	f.Script, f.Line = stack.position()
	at := ""
	if f.Script != "" && f.Line > 0 {
		at = fmt.Sprintf("%s:%d: ", f.Script, f.Line)
	}
	text := f.Error()
	rt.charge(int64(len(text)))
	panic(rt.apiError(lua.LString(at+text), f, stack))
}

// OnCheck sets the receiver of failed checks, after which the script continues. Without a receiver
// a failed check raises an error, as assert does.
func (rt *Runtime) OnCheck(fn func(*Failure)) { rt.lib.assert.onCheck = fn }

// An assertion is a predicate on its first arguments.
type assertion struct {
	nargs int // arguments before the message
	holds func(c *assertCall) bool
}

// An assertCall is one call of an assertion. Its predicate sets what a failure is to show.
type assertCall struct {
	args
	rt      *Runtime
	f       Failure
	negated bool
	results []lua.LValue // what the assertion returns instead of its arguments

	optional int // arguments between those that the assertion needs and the message

	expected, found lua.LValue // the values of the sides of f, nil for none
}

// setSides copies the values of the sides into the failure. If two of them print the same, each gets a
// note that tells them apart.
func (c *assertCall) setSides() {
	x, y := &c.f.Expected, &c.f.Found
	switch {
	case c.expected != nil && c.found != nil:
		x.Value, y.Value = c.rt.pair(c.L, c.expected, c.found)
		if !c.negated && x.String() == y.String() {
			x.Value.Note, y.Value.Note = c.kind(c.expected), c.kind(c.found)
		}
		c.noteLoss(x, c.expected, c.found)
		c.noteLoss(y, c.found, c.expected)
	case c.expected != nil:
		x.Value = c.rt.tree(c.L, c.expected)
	case c.found != nil:
		y.Value = c.rt.tree(c.L, c.found)
	}
	if c.negated && x.Words != noError {
		x.Words = "not " + x.Words
	}
}

// noteLoss adds to the side of v that v is a rounded number, if w is a u64.
func (c *assertCall) noteLoss(s *Side, v, w lua.LValue) {
	if err := lossOf(v, w); err != nil {
		s.Value.Note = err.Error()
	}
}

// noError is both what a negated assert.error expects and what a failing one finds.
const noError = "no error"

// kind returns which object v is, or the type of another value.
func (c *assertCall) kind(v lua.LValue) string {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
		return c.rt.plainString(v)
	}
	return typeName(v)
}

// assertions is the state of assert and check in a runtime.
type assertions struct {
	rt      *Runtime
	table   *lua.LTable
	chain   [2]*lua.LTable            // after is, are, has; and after is_not, are_not, has_no
	natives map[string]*lua.LFunction // the assertions of modules
	onCheck func(*Failure)

	otherwise *lua.LFunction // answers for other names, see AssertModule; or nil
}

// assertWords maps the name after the modifiers (is, are, has, not) to the assertion.
var assertWords = map[string]*assertion{
	"equals":        {2, (*assertCall).equals},
	"same":          {2, (*assertCall).same},
	"true":          {1, (*assertCall).isTrue},
	"false":         {1, (*assertCall).isFalse},
	"nil":           {1, (*assertCall).isNil},
	"truthy":        {1, (*assertCall).truthy},
	"falsy":         {1, (*assertCall).falsy},
	"near":          {3, (*assertCall).near},
	"matches":       {2, (*assertCall).matches},
	"error":         {1, (*assertCall).raises},
	"error_matches": {2, (*assertCall).raisesMatching},
	"boolean":       {1, isType("boolean")},
	"function":      {1, isType("function")},
	"number":        {1, isType("number")},
	"string":        {1, isType("string")},
	"table":         {1, isType("table")},
	"thread":        {1, isType("thread")},
	"userdata":      {1, isType("userdata")},

	// Other names, all of which luassert has.
	"equal":       {2, (*assertCall).equals},
	"eq":          {2, (*assertCall).equals},
	"match":       {2, (*assertCall).matches},
	"errors":      {1, (*assertCall).raises},
	"error_match": {2, (*assertCall).raisesMatching},
	"match_error": {2, (*assertCall).raisesMatching},
	"near_to":     {3, (*assertCall).near},

	"matches_error": {2, (*assertCall).raisesMatching},
}

// assertListed lists the assertions that are in the table from the start, so that pairs and completion
// show them. Other spellings are added when a script first uses them.
var assertListed = []string{
	"equals", "has_error", "has_no_error", "is_false", "is_falsy", "is_nil", "is_not_nil", "is_true",
	"is_truthy", "matches", "near", "same",
}

// assertModifiers maps each modifier to whether it negates.
var assertModifiers = map[string]bool{
	"is": false, "are": false, "was": false, "were": false, "has": false, "have": false, "does": false,
	"be": false, "not": true, "no": true,
}

// openAssert sets the globals assert and check.
func openAssert(rt *Runtime) {
	s := &assertions{rt: rt, natives: map[string]*lua.LFunction{}}
	rt.lib.assert = s
	L := rt.main
	s.table = L.CreateTable(0, 32)
	for neg := range s.chain {
		s.chain[neg] = L.CreateTable(0, 4)
		s.index(s.chain[neg], func(name string) lua.LValue { return s.resolve(name, neg == 1) })
	}
	for _, name := range assertListed {
		s.table.RawSetString(name, s.resolve(name, false))
	}
	for _, name := range []string{"are", "has", "is"} {
		s.table.RawSetString(name, s.chain[0])
	}
	for _, name := range []string{"are_not", "has_no", "is_not"} {
		s.table.RawSetString(name, s.chain[1])
	}
	for i := range rt.cfg.Modules {
		asserts := rt.cfg.Modules[i].Asserts
		for _, name := range slices.Sorted(maps.Keys(asserts)) {
			s.natives[name] = L.NewFunction(asserts[name])
			s.table.RawSetString(name, s.natives[name])
		}
	}
	s.index(s.table, func(name string) lua.LValue { return s.resolve(name, false) })
	s.global("assert", s.table, rt.baseAssert)
	check := s.softened(s.table)
	for _, name := range []string{"are", "has", "is", "are_not", "has_no", "is_not"} {
		check.RawSetString(name, rt.main.GetField(check, name)) // for pairs and completion
	}
	s.global("check", check, s.soft(L.NewFunction(rt.baseAssert)).GFunction)
}

// global sets a global to t, which can be called.
func (s *assertions) global(name string, t *lua.LTable, call lua.LGFunction) {
	t.Metatable.(*lua.LTable).RawSetString("__call", s.rt.main.NewFunction(func(L *lua.LState) int {
		L.Remove(1)
		return call(L)
	}))
	s.rt.global(name, t)
}

// softened returns a table of the checks that belong to the assertions in t and in the chains below it.
func (s *assertions) softened(t *lua.LTable) *lua.LTable {
	out := s.rt.main.CreateTable(0, 4)
	s.index(out, func(name string) lua.LValue {
		v := s.rt.main.GetField(t, name)
		switch v := v.(type) {
		case *lua.LFunction:
			return s.soft(v)
		case *lua.LTable:
			if v == s.chain[0] || v == s.chain[1] {
				return s.softened(v)
			}
		}
		return v
	})
	return out
}

// index gives t a metatable whose __index adds the missing entry that make returns, or raises if it
// returns nil.
func (s *assertions) index(t *lua.LTable, make func(name string) lua.LValue) {
	meta := s.rt.main.CreateTable(0, 2)
	meta.RawSetString("__index", s.rt.main.NewFunction(func(L *lua.LState) int {
		name, ok := L.Get(2).(lua.LString)
		if !ok {
			L.Push(lua.LNil)
			return 1
		}
		v := make(string(name))
		if v == nil {
			return give(L, s.other(L, string(name), t == s.chain[1]))
		}
		s.rt.charge(sizeEntry + sizeClosure)
		t.RawSetString(string(name), v)
		L.Push(v)
		return 1
	}))
	meta.RawSetString("__metatable", lua.LString("assert"))
	t.Metatable = meta
}

// resolve returns the function or the chain of a name, or nil if the name is unknown. A name begins with
// modifiers, joined by underscores: is_not_nil, are_same, has_no_errors. Case does not matter, so that a
// script can write is.True and is_not.Nil although true and nil are keywords, as in luassert.
func (s *assertions) resolve(name string, negated bool) lua.LValue {
	rest := strings.ToLower(name)
	for rest != "" {
		if w := assertWords[rest]; w != nil {
			return s.rt.main.NewFunction(s.call(name, w, negated))
		}
		if fn := s.natives[rest]; fn != nil && negated {
			return s.rt.main.NewFunction(s.opposite(rest, fn))
		} else if fn != nil {
			return fn
		}
		token, after, _ := strings.Cut(rest, "_")
		negates, ok := assertModifiers[token]
		if !ok {
			return nil
		}
		if negates {
			negated = !negated
		}
		rest = after
	}
	if negated {
		return s.chain[1]
	}
	return s.chain[0]
}

// other returns what is registered under a name after its modifiers, or raises if nothing is. The result is
// good for one use.
func (s *assertions) other(L *lua.LState, name string, negated bool) lua.LValue {
	if s.otherwise != nil {
		if v := call(L, s.otherwise, lua.LString(name), lua.LBool(negated)); v != lua.LNil {
			return v
		}
	}
	raise(L, 1, s.unknown(name))
	return nil
}

// unknown formats the error for an unknown name, with the nearest known one.
func (s *assertions) unknown(name string) string {
	known := []string{
		"equal", "errno", "is_string", "is_number", "is_table", "is_function", "error_matches",
		"is_not", "are_not",
	}
	s.table.ForEach(func(k, _ lua.LValue) {
		if name := k.String(); name == strings.ToLower(name) {
			known = append(known, name)
		}
	})
	slices.Sort(known) // ForEach has no order
	message := "unknown assertion '" + name + "'"
	if near, ok := phrase.Nearest(name, known); ok {
		message += "; did you mean '" + near + "'?"
	}
	return message
}

// call returns the function of an assertion. It returns its arguments, as Lua's assert does.
func (s *assertions) call(name string, w *assertion, negated bool) lua.LGFunction {
	shown := name
	if negated && !strings.Contains(name, "no") {
		shown = "is_not " + name
	}
	return func(L *lua.LState) int {
		c := &assertCall{args: args{L, name}, rt: s.rt, negated: negated}
		top := L.GetTop()
		if top < w.nargs {
			c.fail(w.nargs, "value expected")
		}
		c.f.Assertion = shown
		holds := w.holds(c)
		if holds != negated {
			if c.results != nil {
				return give(L, c.results...)
			}
			L.SetTop(top)
			return top
		}
		if text := L.Get(w.nargs + 1 + c.optional); text != lua.LNil {
			c.f.Message = s.rt.toString(L, text)
		}
		c.setSides()
		Fail(L, &c.f)
		return 0
	}
}

// opposite returns the negation of a module's assertion, which passes if fn fails. Misuse raises an
// error in both.
func (s *assertions) opposite(word string, fn *lua.LFunction) lua.LGFunction {
	fails := func(L *lua.LState) (failed bool) {
		defer func() {
			x := recover()
			if x == nil {
				return
			}
			if f := failureOf(x); f == nil || f.Assertion != word {
				panic(x)
			}
			failed = true
		}()
		fn.GFunction(L)
		return false
	}
	return func(L *lua.LState) int {
		n := L.GetTop()
		if !fails(L) {
			sides := Comparison{Expected: Side{Words: word + " to fail"}, Found: Side{Words: "it passed"}}
			Fail(L, &Failure{Assertion: "is_not " + word, Comparison: sides})
		}
		L.SetTop(n)
		return n
	}
}

// soft returns the check of an assertion: it hands a failure to the receiver and returns false.
func (s *assertions) soft(fn *lua.LFunction) *lua.LFunction {
	return s.rt.main.NewFunction(func(L *lua.LState) int {
		n := L.GetTop()
		L.Insert(fn, 1)
		err := s.rt.pcall(L, n, lua.MultRet, nil)
		if err == nil {
			return L.GetTop()
		}
		f := failureOf(err)
		if s.onCheck == nil || f == nil {
			panic(err)
		}
		s.onCheck(f)
		L.Push(lua.LFalse)
		return 1
	})
}

// failureOf returns the failure that a panic carries, or nil.
func failureOf(x any) *Failure {
	if err, ok := x.(*lua.ApiError); ok {
		f, _ := errors.AsType[*Failure](err.Cause)
		return f
	}
	return nil
}

// baseAssert implements Lua's own assert. It adds the position to a message that is text, and raises any
// other value unchanged.
func (rt *Runtime) baseAssert(L *lua.LState) int {
	a := args{L, "assert"}
	if lua.LVAsBool(a.any(1)) {
		rt.lib.sides = rt.lib.sides[:0]
		return L.GetTop()
	}
	v := L.Get(2)
	message, ok := textOf(v)
	if v == lua.LNil {
		message, ok = "assertion failed!", true
	}
	f := &Failure{Assertion: "assert", Message: message, Comparison: Comparison{Details: rt.operands(L)}}
	stack := rt.traceOf(L)
	f.Script, f.Line = stack.position()
	if !ok {
		f.Message = rt.plainString(v)
		f.Cause = rt.causeOf(v)
		panic(rt.apiError(v, f, stack))
	}
	f.Cause = rt.origins.of(message)
	panic(rt.apiError(lua.LString(position(L, 1)+message), f, stack))
}

// sides holds the operands of a comparison in assert(a == b). The compiler turns such a comparison into a
// call of assertSides, so that a failure can show them.
type sides struct {
	frame *frame // of the Lua function with the comparison
	op    string
	holds bool
	x, y  lua.LValue
}

// maxSides is how many comparisons of one condition are remembered.
const maxSides = 8

// luaFrame returns the frame of the innermost Lua function of L.
func luaFrame(L *lua.LState) *frame {
	cf := view(L).currentFrame
	for cf != nil && cf.Fn.IsG {
		cf = cf.Parent
	}
	return cf
}

// assertSides returns a function that compares two values by compare, which implements op, and records them.
func (rt *Runtime) assertSides(op string, compare lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		x, y := L.Get(1), L.Get(2)
		n := compare(L)
		f := luaFrame(L)
		if s := rt.lib.sides; len(s) == maxSides || len(s) > 0 && s[0].frame != f {
			rt.lib.sides = s[:0]
		}
		rt.lib.sides = append(rt.lib.sides, sides{f, op, lua.LVAsBool(L.Get(-1)), x, y})
		return n
	}
}

// compareOp returns a function that compares two values as the operator op does.
func compareOp(op string) lua.LGFunction {
	return func(L *lua.LState) int {
		x, y := L.Get(1), L.Get(2)
		holds := false
		switch op {
		case "==", "~=":
			checkEquality(L, x, y)
			holds = L.Equal(x, y) == (op == "==")
		case "<":
			holds = order(L, "__lt", x, y)
		case "<=":
			holds = order(L, "__le", x, y)
		case ">":
			holds = order(L, "__lt", y, x)
		case ">=":
			holds = order(L, "__le", y, x)
		}
		L.Push(lua.LBool(holds))
		return 1
	}
}

// order returns x < y (event __lt) or x <= y (event __le), with metamethods as in Lua.
func order(L *lua.LState, event string, x, y lua.LValue) bool {
	switch x := x.(type) {
	case lua.LNumber:
		if y, ok := y.(lua.LNumber); ok {
			return x < y || event == "__le" && x == y
		}
	case lua.LString:
		if y, ok := y.(lua.LString); ok {
			return x < y || event == "__le" && x == y
		}
	}
	if x.Type() == y.Type() {
		if fn := L.GetMetaField(x, event); fn != lua.LNil && fn == L.GetMetaField(y, event) {
			return lua.LVAsBool(call(L, fn, x, y))
		}
		fn := L.GetMetaField(x, "__lt")
		if event == "__le" && fn != lua.LNil && fn == L.GetMetaField(y, "__lt") {
			return !lua.LVAsBool(call(L, fn, y, x))
		}
	}
	raise(L, 1, compareMessage(x, y))
	return false
}

// operands returns the operands of the comparisons in the condition that was just asserted: of those that did
// not hold, or, if all that were made did (below a not), of the last.
func (rt *Runtime) operands(L *lua.LState) (details []Detail) {
	made := rt.lib.sides
	rt.lib.sides = nil
	if len(made) == 0 || made[0].frame != luaFrame(L) {
		return nil
	}
	failed := slices.DeleteFunc(slices.Clone(made), func(s sides) bool { return s.holds })
	if len(failed) == 0 {
		failed = made[len(made)-1:]
	}
	for _, s := range failed {
		x, y := rt.pair(L, s.x, s.y)
		details = append(details,
			Detail{Path: "left of " + s.op, Found: Side{Value: x}},
			Detail{Path: "right of " + s.op, Found: Side{Value: y}})
	}
	return details
}

// causeOf returns the Go error inside a userdata, or nil.
func (rt *Runtime) causeOf(v lua.LValue) error {
	if ud, ok := v.(*lua.LUserData); ok {
		if err, ok := ud.Value.(error); ok {
			return err
		}
	}
	return nil
}

func (c *assertCall) equals() bool {
	c.expected, c.found = c.L.Get(1), c.L.Get(2)
	if c.negated {
		checkEquality(c.L, c.expected, c.found)
	}
	return c.L.Equal(c.expected, c.found)
}

func (c *assertCall) same() bool {
	c.expected, c.found = c.L.Get(1), c.L.Get(2)
	d := differ{rt: c.rt, L: c.L}
	same := d.same(c.expected, c.found)
	if _, ok := c.expected.(*lua.LTable); ok {
		c.f.Details, c.f.More = d.found, d.more
	}
	return same
}

// is fills in the sides of an assertion on its first argument alone.
func (c *assertCall) is(expected string, holds bool) bool {
	c.f.Expected.Words, c.found = expected, c.L.Get(1)
	return holds
}

func (c *assertCall) isTrue() bool  { return c.is("true", c.L.Get(1) == lua.LTrue) }
func (c *assertCall) isFalse() bool { return c.is("false", c.L.Get(1) == lua.LFalse) }
func (c *assertCall) isNil() bool   { return c.is("nil", c.L.Get(1) == lua.LNil) }
func (c *assertCall) truthy() bool  { return c.is("a true value", lua.LVAsBool(c.L.Get(1))) }
func (c *assertCall) falsy() bool   { return c.is("false or nil", lua.LVIsFalse(c.L.Get(1))) }

func isType(name string) func(*assertCall) bool {
	return func(c *assertCall) bool { return c.is("a "+name, c.L.Get(1).Type().String() == name) }
}

// near compares numbers of either kind without losing digits.
func (c *assertCall) near() bool {
	expected, tolerance := c.number(1), c.float(3)
	c.f.Expected.Words = "within " + number.String(tolerance) + " of "
	c.expected, c.found = c.L.Get(1), c.L.Get(2)
	found, ok := asNumber(c.L.Get(2))
	if !ok {
		return false
	}
	return distance(expected, found) <= tolerance
}

// distance returns the absolute difference, exact if both numbers are.
func distance(x, y number.Number) float64 {
	if y.Less(x) {
		x, y = y, x
	}
	if x.Exact && y.Exact {
		return float64(y.Wide - x.Wide)
	}
	f := func(x number.Number) float64 {
		if x.Exact {
			return float64(x.Wide)
		}
		return x.Float
	}
	if y.Exact && x.Float >= 0 && x.Float == math.Trunc(x.Float) && x.Float < 1<<64 {
		return float64(y.Wide - uint64(x.Float))
	}
	return math.Abs(f(y) - f(x))
}

// matches holds if the Lua pattern occurs anywhere in the text.
func (c *assertCall) matches() bool {
	pattern := c.str(1)
	c.f.Expected.Words, c.found = "a match of "+Quote(pattern), c.L.Get(2)
	text, ok := c.convertible(c.found)
	return ok && c.match(text, pattern)
}

// convertible returns the text of a string, a number or an object with __tostring.
func (c *assertCall) convertible(v lua.LValue) (string, bool) {
	if text, ok := textOf(v); ok {
		return text, true
	}
	if c.L.GetMetaField(v, "__tostring") == lua.LNil {
		return "", false
	}
	return c.rt.toString(c.L, v), true
}

// match looks for a pattern in text as string.find does with the arguments init and plain, which may precede
// the message. The results of the assertion are the captures, or what was found.
func (c *assertCall) match(text, luaPattern string) bool {
	from, plain := c.L.Get(3), c.L.Get(4)
	start := 0
	if n, ok := from.(lua.LNumber); ok {
		start, c.optional = startOf(int(n), len(text)), 1
	}
	if plain.Type() == lua.LTBool && (c.optional == 1 || from == lua.LNil) {
		c.optional = 2
	}
	if c.optional == 2 && plain == lua.LTrue {
		c.results = []lua.LValue{lua.LString(luaPattern)}
		return strings.Contains(text[start:], luaPattern)
	}
	m := pattern.New(text, luaPattern, &patternHost{c.rt, c.L})
	if !m.Find(start) {
		return false
	}
	top := c.L.GetTop()
	c.rt.pushCaptures(c.L, &m, true)
	c.results = slices.Clone(takeAll(c.L, top+1))
	c.L.SetTop(top)
	return true
}

// caught calls the first argument and returns what it raised. That, without a position, is the result of the
// assertion.
func (c *assertCall) caught() (value lua.LValue, raised bool) {
	fn := c.L.Get(1)
	if !callable(c.L, fn) {
		c.failType(1, "function")
	}
	top := c.L.GetTop()
	c.L.Push(fn)
	if err := c.rt.pcall(c.L, 0, lua.MultRet, nil); err != nil {
		c.found = err.Object
		c.results = []lua.LValue{err.Object}
		if text, ok := err.Object.(lua.LString); ok {
			c.results[0] = lua.LString(withoutPosition(string(text)))
		}
		return err.Object, true
	}
	c.f.Found.Words = noError
	c.results = append([]lua.LValue{}, takeAll(c.L, top+1)...) // not nil
	c.L.SetTop(top)
	return lua.LNil, false
}

// raises holds for any error, or for the given one: an equal value, or the same text or number with or
// without a position before it. Negated it holds only without an error, whatever else is given.
func (c *assertCall) raises() bool {
	value, raised := c.caught()
	if c.negated {
		c.f.Expected.Words = noError
		return raised
	}
	expected := c.L.Get(2)
	c.optional = 1
	if expected == lua.LNil {
		c.f.Expected.Words = "an error"
		return raised
	}
	c.f.Expected.Words, c.expected = "error ", expected
	if !raised {
		return false
	}
	got, ok := c.convertible(value)
	if want, ok2 := textOf(expected); ok && ok2 {
		return got == want || withoutPosition(got) == want
	}
	d := differ{rt: c.rt, L: c.L, quiet: true}
	return d.same(expected, value)
}

func (c *assertCall) raisesMatching() bool {
	pattern := c.str(2)
	value, raised := c.caught()
	c.f.Expected.Words = "an error that matches " + Quote(pattern)
	text := c.rt.toString(c.L, value)
	return raised && (c.match(withoutPosition(text), pattern) || c.match(text, pattern))
}

// withoutPosition removes "file:line: " from the beginning of a message.
func withoutPosition(s string) string { return positionPrefix.ReplaceAllString(s, "") }

var positionPrefix = regexp.MustCompile(`(?s)^.*?:\d+: `)

// A differ compares two values in depth and describes where they differ.
type differ struct {
	rt    *Runtime
	L     *lua.LState
	quiet bool                    // only whether they differ is wanted
	seen  map[[2]*lua.LTable]bool // pairs that are being compared or were: cycles are equal
	path  []lua.LValue            // the keys on the way to the values that are compared now
	found []Detail
	more  int // differences that are not in found
}

const (
	maxDifferences = 10   // that are described
	maxCompared    = 2048 // nested tables that are compared
)

// differs notes a difference and returns false. A nil expected or found says that there is no such key.
func (d *differ) differs(expected, found lua.LValue) bool {
	switch {
	case d.quiet:
		return false
	case len(d.found) == maxDifferences:
		d.more++
		return false
	}
	detail := Detail{Path: "the value", Expected: Side{Words: "nothing"}}
	if len(d.path) > 0 {
		detail.Path = ""
		g := grower{rt: d.rt, L: d.L, bounds: shown}
		for _, k := range d.path {
			key := g.key(k, shown.depth)
			if key[0] != '[' {
				key = "." + key
			}
			detail.Path += key
		}
	}
	gx, gy := d.rt.grower(d.L), d.rt.grower(d.L)
	gx.hex = slices.ContainsFunc(d.path, d.rt.printsHex)
	gy.hex = gx.hex
	detail.Found.Value = gy.value(found, expected, 0)
	if expected != nil {
		detail.Expected.Words = ""
		detail.Expected.Value = gx.value(expected, found, 0)
	}
	d.found = append(d.found, detail)
	return false
}

// same reports whether two values are equal, tables by their contents. As in luassert, __eq decides only
// between tables within them that share a metatable.
func (d *differ) same(expected, found lua.LValue) bool {
	d.rt.steps(1)
	x, ok1 := expected.(*lua.LTable)
	y, ok2 := found.(*lua.LTable)
	if !ok1 || !ok2 || x == y || len(d.path) > 0 && x.Metatable == y.Metatable &&
		d.L.GetMetaField(x, "__eq") != lua.LNil {
		return d.L.Equal(expected, found) || d.differs(expected, found)
	}
	if len(d.path) > maxCompared {
		raise(d.L, 1, "tables are nested too deep to compare")
	}
	pair := [2]*lua.LTable{x, y}
	if d.seen[pair] {
		return true
	}
	if d.seen == nil {
		d.seen = map[[2]*lua.LTable]bool{}
	}
	d.rt.charge(sizeEntry)
	d.seen[pair] = true
	same := true
	for k, v, _ := tableNext(x, lua.LNil); k != lua.LNil; k, v, _ = tableNext(x, k) {
		d.path = append(d.path, k)
		same = d.same(v, y.RawGet(k)) && same
		d.path = d.path[:len(d.path)-1]
	}
	for k, v, _ := tableNext(y, lua.LNil); k != lua.LNil; k, v, _ = tableNext(y, k) {
		d.rt.steps(1)
		if x.RawGet(k) == lua.LNil {
			d.path = append(d.path, k)
			same = d.differs(nil, v)
			d.path = d.path[:len(d.path)-1]
		}
	}
	return same
}
