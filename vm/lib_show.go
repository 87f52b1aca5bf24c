// Lua values as a person reads them, in failures, in differences and in the REPL: first copied into a
// bounded Tree, then formatted.

package vm

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// bounds limits the size of a Tree.
type bounds struct {
	depth int // nested tables
	items int // of one table
	total int // items of all tables
	text  int // bytes of one string
	size  int // bytes of all text, after which tables are left out
}

var (
	shown     = bounds{depth: 6, items: 50, total: 1000, text: 2000, size: 1 << 20}
	formatted = bounds{depth: 32, items: math.MaxInt, total: math.MaxInt, text: math.MaxInt, size: 1 << 20}
)

const (
	treeDeepest = 32  // nested tables on the way to a difference
	textBefore  = 400 // bytes of a string before a difference, so that some lines are among them
	lineBefore  = 60  // and of a string that has no line end there
	lineAfter   = 200 // bytes of such a string after it
)

// oneLine is the length up to which a table is printed on one line.
const oneLine = 76

// A Tree is a Lua value copied into Go values. It is bounded and outlives its runtime. Of a long string
// or table that was compared with another one it holds the part around their first difference.
type Tree struct {
	Text              string // of a value other than a table: how it prints; of a string: its bytes
	IsString, IsTable bool
	Items             []Item // of a table: the list part, then the other keys, sorted
	Start             int    // bytes or items left out before
	Size              int    // bytes or items of the whole
	Line              int    // line ends in the bytes left out before
	Note              string // what tells the value apart from one that prints the same; usually ""
}

// An Item is an entry of a table. The keys of a list are left out if it is there from its beginning.
type Item struct {
	Key   string // as it prints before "=", or ""
	Value *Tree
}

// String formats t as Lua could read it, on one line if it is short.
func (t *Tree) String() string { return t.format(oneLine) }

// format formats t, with tables of up to width bytes on one line.
func (t *Tree) format(width int) string {
	text := t.Text
	switch {
	case t.IsTable:
		text = t.formatTable(width)
	case t.IsString:
		text = Quote(t.Text)
		switch end := t.Start + len(t.Text); {
		case t.Start > 0 && end < t.Size:
			text = fmt.Sprintf("...%s... (bytes %d to %d of %d)", text, t.Start+1, end, t.Size)
		case t.Start > 0:
			text = fmt.Sprintf("...%s (from byte %d of %d)", text, t.Start+1, t.Size)
		case end < t.Size:
			text = fmt.Sprintf("%s... (%d bytes)", text, t.Size)
		}
	}
	if t.Note != "" {
		text += " (" + t.Note + ")"
	}
	return text
}

// formatTable formats a table, one item a line unless all of them fit on one.
func (t *Tree) formatTable(width int) string {
	var items []string
	if t.Start > 0 {
		items = append(items, fmt.Sprintf("... %d before", t.Start))
	}
	for _, item := range t.Items {
		text := item.Value.format(width)
		if item.Key != "" {
			text = item.Key + " = " + text
		}
		items = append(items, text)
	}
	if more := t.Size - t.Start - len(t.Items); more > 0 {
		items = append(items, fmt.Sprintf("... %d more", more))
	}
	if len(items) == 0 {
		return "{}"
	}
	line := "{ " + strings.Join(items, ", ") + " }"
	if len(line) <= width && !strings.Contains(line, "\n") {
		return line
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, item := range items {
		b.WriteString("  " + strings.ReplaceAll(item, "\n", "\n  ") + ",\n")
	}
	b.WriteString("}")
	return b.String()
}

// A Side is what a failure expected, or what it found: words, a value, or words before a value.
// The zero Side says nothing.
type Side struct {
	Words string
	Value *Tree
}

// String formats the side as reports show it.
func (s Side) String() string {
	if s.Value == nil {
		return s.Words
	}
	return s.Words + s.Value.String()
}

// Diff returns the lines of a unified diff of the sides, with three lines of context. It returns nil if
// the sides are so short that the eye finds the difference, or if words on one line describe a side.
// Two strings are compared by their own lines.
func (c *Comparison) Diff() []string {
	expected, found := c.Expected, c.Found
	x, y, line := expected.String(), found.String(), 0
	if expected.isString() && found.isString() {
		x, y, line = expected.Value.Text, found.Value.Text, expected.Value.Line
	}
	x, y = strings.TrimSuffix(x, "\n"), strings.TrimSuffix(y, "\n")
	inX, inY := strings.Count(x, "\n"), strings.Count(y, "\n")
	described := expected.Value == nil && inX == 0 || found.Value == nil && inY == 0
	if described || inX < 2 && inY < 2 {
		return nil
	}
	x += "\n"
	u, err := udiff.ToUnifiedDiff("expected", "found", x, udiff.Lines(x, y+"\n"), udiff.DefaultContextLines)
	if err != nil || len(u.Hunks) == 0 {
		return nil
	}
	for _, h := range u.Hunks {
		h.FromLine += line
		h.ToLine += line
	}
	return strings.Split(strings.TrimSuffix(u.String(), "\n"), "\n")
}

// isString reports whether the side is a string alone.
func (s Side) isString() bool { return s.Words == "" && s.Value != nil && s.Value.IsString }

// Quote returns s between double quotes, with escapes that Lua reads for bytes that do not print.
func Quote(s string) string { return `"` + luaEscapes.Replace(s) + `"` }

var luaEscapes = func() *strings.Replacer {
	pairs := []string{`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x7f", `\127`}
	for c := range ' ' { // the first pair of a character counts
		pairs = append(pairs, string(c), fmt.Sprintf(`\%03d`, c))
	}
	return strings.NewReplacer(pairs...)
}()

// tree copies v.
func (rt *Runtime) tree(L *lua.LState, v lua.LValue) *Tree {
	g := rt.grower(L)
	return g.value(v, nil, 0)
}

// grower returns a grower for values of failures.
func (rt *Runtime) grower(L *lua.LState) grower {
	return grower{rt: rt, L: L, bounds: shown, open: map[*lua.LTable]bool{}, alone: true}
}

// printsHex reports whether numbers under a key print in hexadecimal.
func (rt *Runtime) printsHex(key lua.LValue) bool {
	name, ok := key.(lua.LString)
	return ok && slices.ContainsFunc(rt.cfg.Modules, func(m Module) bool {
		return slices.Contains(m.Hex, string(name))
	})
}

// pair copies two values, keeping the parts around their first difference.
func (rt *Runtime) pair(L *lua.LState, x, y lua.LValue) (*Tree, *Tree) {
	gx, gy := rt.grower(L), rt.grower(L)
	return gx.value(x, y, 0), gy.value(y, x, 0)
}

// A grower copies one value into a Tree.
type grower struct {
	rt    *Runtime
	L     *lua.LState
	open  map[*lua.LTable]bool // the tables around the value
	total int                  // items so far
	size  int                  // bytes of text so far
	hex   bool                 // the value is below a key of Module.Hex
	alone bool                 // a number outside of a table shows both of its spellings
	bounds
}

// value copies v. other is the value that it is compared with, or nil.
func (g *grower) value(v, other lua.LValue, depth int) *Tree {
	g.rt.steps(1)
	switch v := v.(type) {
	case lua.LString:
		return g.string(string(v), other)
	case lua.LNumber:
		return &Tree{Text: g.charged(g.number(float64(v), depth))}
	case *lua.LTable:
		if g.L.GetMetaField(v, "__tostring") == lua.LNil {
			return g.table(v, other, depth)
		}
	}
	return &Tree{Text: g.charged(g.rt.toString(g.L, v))}
}

// bothFrom is the least integer that failures show in decimal and in hexadecimal.
const bothFrom = 4096

// number formats a number: in hexadecimal below a key of Module.Hex, and in both ways if it is a large
// integer outside of a table, as only the script knows whether that is an address or a count.
func (g *grower) number(f float64, depth int) string {
	text := number.String(f)
	switch {
	case f < 0 || !number.IsInteger(f):
	case g.hex:
		text = Hex(uint64(f), 0)
	case g.alone && depth == 0 && f >= bothFrom:
		text += " (" + Hex(uint64(f), 0) + ")"
	}
	return text
}

// charged counts text as memory of the script and returns it.
func (g *grower) charged(text string) string {
	g.rt.charge(int64(len(text)))
	g.size += len(text)
	return text
}

// string copies a string, or the part of a long one around its first difference from other.
func (g *grower) string(s string, other lua.LValue) *Tree {
	start, end := 0, min(len(s), g.text)
	if o, ok := other.(lua.LString); ok && string(o) != s && max(len(s), len(o)) > g.text {
		start, end = window(s, commonPrefix(s, string(o)))
	}
	return &Tree{
		Text: g.charged(strings.Clone(s[start:end])), IsString: true,
		Start: start, Size: len(s), Line: strings.Count(s[:start], "\n"),
	}
}

// commonPrefix returns how many bytes two strings begin with in common.
func commonPrefix(x, y string) int {
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// window returns the part of s to show around byte at: some lines, or some bytes if there are no lines.
func window(s string, at int) (start, end int) {
	start = max(0, at-textBefore)
	if start > 0 {
		if i := strings.IndexByte(s[start:at], '\n'); i >= 0 {
			start += i + 1
		} else {
			start = at - lineBefore
		}
		for start < at && !utf8.RuneStart(s[start]) {
			start++
		}
	}
	end = min(len(s), start+shown.text)
	if at < end && !strings.Contains(s[at:end], "\n") {
		end = min(end, at+lineAfter)
	}
	return start, end
}

// table copies a table. With other it copies the first item that differs before its neighbors, so that
// the bound on all items cannot leave it out.
func (g *grower) table(t *lua.LTable, other lua.LValue, depth int) *Tree {
	o, _ := other.(*lua.LTable)
	switch {
	case g.open[t]:
		return &Tree{Text: "{<cycle>}"}
	case depth >= treeDeepest, depth >= g.depth && o == nil, g.size > g.bounds.size:
		return &Tree{Text: "{...}"}
	}
	g.open[t] = true
	defer delete(g.open, t)

	keys, list := g.keys(t)
	out := &Tree{IsTable: true, Size: len(keys)}
	differs := -1
	if o != nil {
		differs = g.firstDifference(t, o, keys)
		out.Start = max(0, min(differs-g.items/2, len(keys)-g.items))
	}
	items := make([]Item, min(g.items, len(keys)))
	add := func(i int, other lua.LValue) {
		if g.total++; g.total > g.bounds.total {
			return
		}
		k := keys[i]
		hex := g.hex
		g.hex = hex || g.rt.printsHex(k)
		item := Item{Value: g.value(t.RawGet(k), other, depth+1)}
		g.hex = hex
		if i >= list || out.Start > 0 {
			item.Key = g.key(k, depth+1)
		}
		items[i-out.Start] = item
	}
	if differs >= out.Start && differs < len(keys) {
		add(differs, o.RawGet(keys[differs]))
	}
	for i := range items {
		if out.Start+i != differs {
			add(out.Start+i, nil)
		}
	}
	out.Items = slices.DeleteFunc(items, func(item Item) bool { return item.Value == nil })
	return out
}

// keys returns the keys of t in the order of printing, and how many of them are its list part.
func (g *grower) keys(t *lua.LTable) (keys []lua.LValue, list int) {
	if t.RawGet(lua.LNumber(0)) == lua.LNil { // otherwise the indices are shown
		list = t.Len()
	}
	for i := 1; i <= list; i++ {
		keys = append(keys, lua.LNumber(i))
	}
	for k, _, _ := tableNext(t, lua.LNil); k != lua.LNil; k, _, _ = tableNext(t, k) {
		g.rt.steps(1)
		if f, ok := k.(lua.LNumber); ok && f >= 1 && f <= lua.LNumber(list) && f == lua.LNumber(int(f)) {
			continue
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys[list:], compareKeys)
	return keys, list
}

// firstDifference returns the index of the first key that o lacks or has with another value, or that
// comes after one that only o has.
func (g *grower) firstDifference(t, o *lua.LTable, keys []lua.LValue) int {
	others, _ := g.keys(o)
	for i, k := range keys {
		if i >= len(others) || k != others[i] {
			return i
		}
		d := differ{rt: g.rt, L: g.L, quiet: true}
		if !d.same(t.RawGet(k), o.RawGet(k)) {
			return i
		}
	}
	return len(keys)
}

// key formats the key of an item.
func (g *grower) key(k lua.LValue, depth int) string {
	switch k := k.(type) {
	case lua.LString:
		if syntax.IsName(string(k)) {
			return string(k)
		}
	case *lua.LTable:
		return "[" + g.rt.plainString(k) + "]"
	}
	return "[" + g.value(k, nil, depth).String() + "]"
}

// compareKeys orders keys for printing: numbers, then text, then the rest in the table's own order.
func compareKeys(a, b lua.LValue) int {
	rank := func(v lua.LValue) int {
		switch v.(type) {
		case lua.LNumber:
			return 0
		case *lua.LUserData:
			if IsU64(v) {
				return 0
			}
			return 3
		case lua.LString:
			return 1
		}
		return 2
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch rank(a) {
	case 0:
		if c, _ := compareNumbers(a, b); c != unordered {
			return c
		}
	case 1:
		return strings.Compare(string(a.(lua.LString)), string(b.(lua.LString)))
	}
	return 0
}
