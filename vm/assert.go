// assert and check: Lua's own assert, which is also a table of luassert's words, and the same words
// as checks that note a failure and go on.

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
	"github.com/hwlua/hwlua/vm/phrase"
	lua "github.com/yuin/gopher-lua"
)

// A Failure is an assertion that did not hold. Run and Call return it inside their error; errors.As
// finds it.
type Failure struct {
	Assertion string   // the word that failed: "equals", "is_not nil", "regs"; "assert" for a plain assert
	Expected  string   // what was expected, as it prints; "" where there is no such side
	Found     string   // what was found
	Message   string   // what the script gave as message
	Details   []string // further lines: differences, a table of registers, the expression that failed
	Script    string   // where it was called
	Line      int

	// Cause is the Go error that the message stands for, if any: an errno that was asserted away.
	Cause error
}

// Error is the whole failure as text: the message, then both sides and the details, a line each.
func (f *Failure) Error() string {
	var b strings.Builder
	switch {
	case f.Assertion == "assert":
		b.WriteString(f.Message)
	case f.Message != "":
		b.WriteString(f.Message + " (assert." + f.Assertion + ")")
	default:
		b.WriteString("assert." + f.Assertion + " failed")
	}
	if f.Expected != "" {
		b.WriteString("\n  expected: " + indent(f.Expected))
	}
	if f.Found != "" {
		b.WriteString("\n  found:    " + indent(f.Found))
	}
	for _, d := range f.Details {
		b.WriteString("\n  " + indent(d))
	}
	return b.String()
}

// indent keeps the further lines of a side under its first.
func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }

// Unwrap gives Cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Fail raises f in L: what a native assertion of a module (Module.Asserts) does when it does not
// hold. It fills in Script and Line.
func Fail(L *lua.LState, f *Failure) {
	rt := threadOf(L).rt
	stack := rt.traceOf(L)
	f.Script, f.Line = stack.position()
	at := ""
	if f.Script != "" && f.Line > 0 {
		at = fmt.Sprintf("%s:%d: ", f.Script, f.Line)
	}
	text := f.Error()
	rt.charge(int64(len(text)))
	panic(rt.apiError(lua.LString(at+text), f, stack))
}

// OnCheck has fn told of every check.* that does not hold; the script goes on after it. Without fn a
// check that fails raises, as assert does.
func (rt *Runtime) OnCheck(fn func(*Failure)) { rt.lib.assert.onCheck = fn }

// An assertion is one word: how many values it takes before the message, and whether it holds.
type assertion struct {
	nargs int
	holds func(c *assertCall) bool
}

// An assertCall is one use of a word. holds may fill in what the failure is to show.
type assertCall struct {
	args
	rt      *Runtime
	f       Failure
	negated bool
	results []lua.LValue // what the assertion returns instead of its arguments
}

type assertions struct {
	rt      *Runtime
	table   *lua.LTable
	check   *lua.LTable
	chain   [2]*lua.LTable            // after is, are, has; and after is_not, are_not, has_no
	natives map[string]*lua.LFunction // the words of modules
	onCheck func(*Failure)
}

// assertWords are the words by the name that follows the modifiers (is, are, has, not).
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
}

// assertAliases are other names of words; luassert has them all.
var assertAliases = map[string]string{
	"equal": "equals", "eq": "equals", "match": "matches", "errors": "error", "error_match": "error_matches", "near_to": "near",
}

// assertListed are the words that stand in the table from the start, so that pairs and completion
// show them; the other spellings are made when they are first asked for.
var assertListed = []string{
	"equals", "has_error", "has_no_error", "is_false", "is_falsy", "is_nil", "is_not_nil", "is_true", "is_truthy", "matches",
	"near", "same",
}

var assertModifiers = map[string]bool{ // the value: does it negate
	"is": false, "are": false, "was": false, "were": false, "has": false, "have": false, "does": false, "be": false,
	"not": true, "no": true,
}

func openAssert(rt *Runtime) {
	s := &assertions{rt: rt, natives: map[string]*lua.LFunction{}}
	rt.lib.assert = s
	L := rt.main
	s.table = L.CreateTable(0, 32)
	s.check = L.CreateTable(0, 4)
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
	meta := s.index(s.table, func(name string) lua.LValue { return s.resolve(name, false) })
	plain := L.NewFunction(rt.baseAssert)
	meta.RawSetString("__call", L.NewFunction(func(L *lua.LState) int {
		L.Remove(1)
		return rt.baseAssert(L)
	}))
	rt.global("assert", s.table)

	meta = s.index(s.check, func(name string) lua.LValue {
		v := rt.main.GetField(s.table, name)
		fn, ok := v.(*lua.LFunction)
		if !ok {
			return v
		}
		return s.soft(fn)
	})
	softly := s.soft(plain)
	meta.RawSetString("__call", L.NewFunction(func(L *lua.LState) int {
		L.Remove(1)
		return softly.GFunction(L)
	}))
	// The chains of check lead to soft words as well.
	for _, name := range []string{"are", "has", "is", "are_not", "has_no", "is_not"} {
		chain := s.table.RawGetString(name)
		t := L.CreateTable(0, 4)
		s.index(t, func(name string) lua.LValue {
			v := rt.main.GetField(chain, name)
			if fn, ok := v.(*lua.LFunction); ok {
				return s.soft(fn)
			}
			return v
		})
		s.check.RawSetString(name, t)
	}
	rt.global("check", s.check)
}

// index gives t a metatable whose __index makes what is missing, once, or raises.
func (s *assertions) index(t *lua.LTable, make func(name string) lua.LValue) *lua.LTable {
	meta := s.rt.main.CreateTable(0, 2)
	meta.RawSetString("__index", s.rt.main.NewFunction(func(L *lua.LState) int {
		name, ok := L.Get(2).(lua.LString)
		if !ok {
			L.Push(lua.LNil)
			return 1
		}
		v := make(string(name))
		if v == nil {
			raise(L, 1, s.unknown(string(name)))
		}
		s.rt.charge(sizeEntry + sizeClosure)
		t.RawSetString(string(name), v)
		L.Push(v)
		return 1
	}))
	meta.RawSetString("__metatable", lua.LString("assert"))
	t.Metatable = meta
	return meta
}

// resolve makes the function or the chain that name stands for, nil when it stands for nothing.
// Modifiers come first, joined by underscores: is_not_nil, are_same, has_no_errors. As in luassert, capitals are small
// letters that Lua's keywords do not stand in the way of: is.True, is_not.Nil.
func (s *assertions) resolve(name string, negated bool) lua.LValue {
	rest := strings.ToLower(name)
	for rest != "" {
		if w := s.word(rest); w != nil {
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

func (s *assertions) word(name string) *assertion {
	if alias, ok := assertAliases[name]; ok {
		name = alias
	}
	return assertWords[name]
}

// unknown says that there is no such word, and which there is.
func (s *assertions) unknown(name string) string {
	known := []string{"equal", "errno", "is_string", "is_number", "is_table", "is_function", "error_matches", "is_not", "are_not"}
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

// call makes the function of a word.
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
				for _, v := range c.results {
					L.Push(v)
				}
				return len(c.results)
			}
			L.SetTop(top)
			return top
		}
		text := L.Get(w.nargs + 1)
		if w == assertWords["error"] && !negated {
			text = L.Get(3) // the second is the error that is expected
		}
		if text != lua.LNil {
			c.f.Message = s.rt.toString(L, text)
		}
		if negated && c.f.Expected != "no error" {
			c.f.Expected = "not " + c.f.Expected
		}
		Fail(L, &c.f)
		return 0
	}
}

// opposite makes the negation of a module's word: it holds when the word fails. Misuse raises either way.
func (s *assertions) opposite(word string, fn *lua.LFunction) lua.LGFunction {
	fails := func(L *lua.LState) (failed bool) {
		defer func() {
			x := recover()
			if x == nil {
				return
			}
			var f *Failure
			if err, ok := x.(*lua.ApiError); !ok || !errors.As(err.Cause, &f) || f.Assertion != word {
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
			Fail(L, &Failure{Assertion: "is_not " + word, Expected: "that " + word + " fails", Found: "it holds"})
		}
		L.SetTop(n)
		return n
	}
}

// soft makes the check that belongs to an assertion: when it does not hold, the collector is told and
// the script goes on with false.
func (s *assertions) soft(fn *lua.LFunction) *lua.LFunction {
	return s.rt.main.NewFunction(func(L *lua.LState) int {
		n := L.GetTop()
		L.Insert(fn, 1)
		err := s.rt.pcall(L, n, lua.MultRet, nil)
		if err == nil {
			return L.GetTop()
		}
		var f *Failure
		if s.onCheck == nil || !errors.As(err.Cause, &f) {
			panic(err)
		}
		s.onCheck(f)
		L.Push(lua.LFalse)
		return 1
	})
}

// baseAssert is Lua's own assert. A text is raised with its position, anything else as it is.
func (rt *Runtime) baseAssert(L *lua.LState) int {
	a := args{L, "assert"}
	if lua.LVAsBool(a.any(1)) {
		rt.lib.sides = sides{}
		return L.GetTop()
	}
	v := L.Get(2)
	message, ok := textOf(v)
	if v == lua.LNil {
		message, ok = "assertion failed!", true
	}
	f := &Failure{Assertion: "assert", Message: message, Details: rt.sidesOf(L)}
	stack := rt.traceOf(L)
	f.Script, f.Line = stack.position()
	if !ok {
		f.Message = rt.plainString(v)
		f.Cause = rt.causeOf(v)
		panic(rt.apiError(v, f, stack))
	}
	f.Cause = rt.recall(message)
	panic(rt.apiError(lua.LString(position(L, 1)+message), f, stack))
}

// sides are the two values that the comparison in assert(a == b) compared. The compiler makes such a
// comparison a call of assertSides, so that a failure can show them.
type sides struct {
	frame *frame // of the Lua function that compared them
	op    string
	x, y  lua.LValue
}

// luaFrame is the innermost running Lua function of L.
func luaFrame(L *lua.LState) *frame {
	cf := view(L).currentFrame
	for cf != nil && cf.Fn.IsG {
		cf = cf.Parent
	}
	return cf
}

// assertSides makes the function that compares as op does and remembers what it compared.
func (rt *Runtime) assertSides(op string) lua.LGFunction {
	return func(L *lua.LState) int {
		x, y := L.Get(1), L.Get(2)
		var holds bool
		switch op {
		case "==":
			holds = L.Equal(x, y)
		case "~=":
			holds = !L.Equal(x, y)
		case "<":
			holds = order(L, "__lt", x, y)
		case "<=":
			holds = order(L, "__le", x, y)
		case ">":
			holds = order(L, "__lt", y, x)
		case ">=":
			holds = order(L, "__le", y, x)
		}
		rt.lib.sides = sides{luaFrame(L), op, x, y}
		L.Push(lua.LBool(holds))
		return 1
	}
}

// order is x < y (event __lt) or x <= y (event __le).
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
	call := func(fn, x, y lua.LValue) bool {
		L.Push(fn)
		L.Push(x)
		L.Push(y)
		L.Call(2, 1)
		holds := lua.LVAsBool(L.Get(-1))
		L.Pop(1)
		return holds
	}
	if x.Type() == y.Type() {
		if fn := L.GetMetaField(x, event); fn != lua.LNil && fn == L.GetMetaField(y, event) {
			return call(fn, x, y)
		}
		if fn := L.GetMetaField(x, "__lt"); event == "__le" && fn != lua.LNil && fn == L.GetMetaField(y, "__lt") {
			return !call(fn, y, x)
		}
	}
	raise(L, 1, compareMessage(x, y))
	return false
}

// sidesOf shows what the comparison that was just asserted compared.
func (rt *Runtime) sidesOf(L *lua.LState) []string {
	s := rt.lib.sides
	rt.lib.sides = sides{}
	if s.frame == nil || s.frame != luaFrame(L) {
		return nil
	}
	return []string{"left of " + s.op + ":  " + rt.show(L, s.x), "right of " + s.op + ": " + rt.show(L, s.y)}
}

// causeOf is the Go error inside a userdata.
func (rt *Runtime) causeOf(v lua.LValue) error {
	if ud, ok := v.(*lua.LUserData); ok {
		if err, ok := ud.Value.(error); ok {
			return err
		}
	}
	return nil
}

func (c *assertCall) sides(expected, found lua.LValue) {
	c.f.Expected, c.f.Found = c.rt.show(c.L, expected), c.rt.show(c.L, found)
	if c.f.Expected == c.f.Found {
		// Two different things that print the same: say what tells them apart.
		c.f.Expected += " (" + c.kind(expected) + ")"
		c.f.Found += " (" + c.kind(found) + ")"
	}
}

func (c *assertCall) kind(v lua.LValue) string {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
		return c.rt.plainString(v)
	}
	return typeName(v)
}

func (c *assertCall) equals() bool {
	expected, found := c.L.Get(1), c.L.Get(2)
	c.sides(expected, found)
	return c.L.Equal(expected, found)
}

func (c *assertCall) same() bool {
	expected, found := c.L.Get(1), c.L.Get(2)
	d := differ{c: c, seen: map[[2]*lua.LTable]bool{}}
	same := d.same("", expected, found)
	c.f.Expected, c.f.Found = c.rt.show(c.L, expected), c.rt.show(c.L, found)
	if _, ok := expected.(*lua.LTable); ok {
		c.f.Details = d.lines()
	}
	return same
}

func (c *assertCall) is(expected string, holds bool) bool {
	c.f.Expected, c.f.Found = expected, c.rt.show(c.L, c.L.Get(1))
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

// near: numbers of either kind, compared without losing digits.
func (c *assertCall) near() bool {
	expected, tolerance := c.number(1), c.float(3)
	c.f.Expected = c.rt.show(c.L, c.L.Get(1)) + " within " + number.String(tolerance)
	c.f.Found = c.rt.show(c.L, c.L.Get(2))
	found, ok := asNumber(c.L.Get(2))
	if !ok {
		return false
	}
	return distance(expected, found) <= tolerance
}

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

// matches: a Lua pattern, found anywhere in the text.
func (c *assertCall) matches() bool {
	pattern := c.str(1)
	c.f.Expected, c.f.Found = "a match of "+quote(pattern), c.rt.show(c.L, c.L.Get(2))
	text, ok := textOf(c.L.Get(2))
	return ok && Matches(c.L, text, pattern)
}

// caught calls argument 1 and gives what it raised.
func (c *assertCall) caught() (value lua.LValue, raised bool) {
	fn := c.L.Get(1)
	if !callable(c.L, fn) {
		c.failType(1, "function")
	}
	top := c.L.GetTop()
	c.L.Push(fn)
	if err := c.rt.pcall(c.L, 0, lua.MultRet, nil); err != nil {
		c.f.Found = c.rt.show(c.L, err.Object)
		c.results = []lua.LValue{err.Object}
		return err.Object, true
	}
	c.f.Found = "no error"
	c.results = takeAll(c.L, top+1)
	if c.results == nil {
		c.results = []lua.LValue{}
	}
	c.L.SetTop(top)
	return lua.LNil, false
}

// raises: any error, or the one given: equal to it, with or without the position before a text.
// It returns the error. Negated it holds when there is no error at all, whatever else is given.
func (c *assertCall) raises() bool {
	value, raised := c.caught()
	if c.negated {
		c.f.Expected = "no error"
		return raised
	}
	c.f.Expected = "an error"
	expected := c.L.Get(2)
	if expected == lua.LNil || !raised {
		if expected != lua.LNil {
			c.f.Expected = "error " + c.rt.show(c.L, expected)
		}
		return raised
	}
	c.f.Expected = "error " + c.rt.show(c.L, expected)
	if got, ok := value.(lua.LString); ok {
		if want, ok := expected.(lua.LString); ok {
			return got == want || withoutPosition(string(got)) == string(want)
		}
	}
	d := differ{c: c, seen: map[[2]*lua.LTable]bool{}}
	return d.same("", expected, value)
}

func (c *assertCall) raisesMatching() bool {
	pattern := c.str(2)
	value, raised := c.caught()
	c.f.Expected = "an error that matches " + quote(pattern)
	return raised && Matches(c.L, c.rt.toString(c.L, value), pattern)
}

// withoutPosition cuts "file:line: " off a message.
func withoutPosition(s string) string { return positionPrefix.ReplaceAllString(s, "") }

var positionPrefix = regexp.MustCompile(`(?s)^.*?:\d+: `)

// A differ compares two values in depth and notes where they differ.
type differ struct {
	c     *assertCall
	seen  map[[2]*lua.LTable]bool // pairs that are being compared, or were: cycles hold
	found []string
	more  int
}

// maxDifferences is how many are shown.
const maxDifferences = 10

func (d *differ) note(path, text string) {
	if len(d.found) < maxDifferences {
		if path == "" {
			path = "the value"
		}
		d.found = append(d.found, path+": "+text)
	} else {
		d.more++
	}
}

func (d *differ) lines() []string {
	if d.more > 0 {
		return append(d.found, fmt.Sprintf("and %d more differences", d.more))
	}
	return d.found
}

func (d *differ) same(path string, expected, found lua.LValue) bool {
	c := d.c
	c.rt.steps(1)
	x, ok1 := expected.(*lua.LTable)
	y, ok2 := found.(*lua.LTable)
	if !ok1 || !ok2 || x == y || c.L.GetMetaField(x, "__eq") != lua.LNil {
		if c.L.Equal(expected, found) {
			return true
		}
		d.note(path, "expected "+c.rt.show(c.L, expected)+", found "+c.rt.show(c.L, found))
		return false
	}
	if len(path) > 4096 {
		raise(c.L, 1, "tables are nested too deep to compare")
	}
	pair := [2]*lua.LTable{x, y}
	if d.seen[pair] {
		return true
	}
	c.rt.charge(sizeEntry)
	d.seen[pair] = true
	same := true
	for k, v, _ := tableNext(x, lua.LNil); k != lua.LNil; k, v, _ = tableNext(x, k) {
		if !d.same(path+c.rt.showKey(c.L, k), v, y.RawGet(k)) {
			same = false
		}
	}
	for k, v, _ := tableNext(y, lua.LNil); k != lua.LNil; k, v, _ = tableNext(y, k) {
		c.rt.steps(1)
		if x.RawGet(k) == lua.LNil {
			d.note(path+c.rt.showKey(c.L, k), "expected nothing, found "+c.rt.show(c.L, v))
			same = false
		}
	}
	return same
}
