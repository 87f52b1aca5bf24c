// What Tab offers. Everything is found by looking: raw values, and the description for what only a
// call could tell. Nothing of the user's is run.

package repl

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A candidate is one completion.
type candidate struct {
	name  string
	after string // what is written behind it when it is the only one
	typ   string
	doc   string
}

// A completer finds candidates. look finds raw values in the runtime.
type completer struct {
	index    *describe.Index
	look     func(path ...any) (vm.Value, bool)
	commands func() []candidate
	files    func(prefix string) []string // names of files; nil: there are none
	scope    []token                      // what stands before the cursor, for names that it gives a value
	depth    int                          // of resolve
}

// complete finds what may stand at pos of text instead of text[from:pos].
func (c *completer) complete(text string, pos int) (cands []candidate, from int) {
	text = text[:pos]
	if rest, ok := strings.CutPrefix(text, ":"); ok {
		name, arg, found := strings.Cut(rest, " ")
		if !found {
			return matching(c.commands(), name), 1
		}
		at := len(text) - len(strings.TrimLeft(arg, " "))
		if cands, ok := c.argument(name, text[at:]); ok {
			return cands, at
		}
		cands, from = c.complete(text[at:], len(text)-at)
		return cands, from + at
	}
	toks := scan(text)
	c.scope = toks
	word := ""
	if n := len(toks); n > 0 {
		last := toks[n-1]
		switch {
		case last.kind == tokComment || last.kind == tokNumber && last.end() == pos:
			return nil, pos
		case last.kind == tokString && last.open:
			return c.words(toks[:n-1], stringText(last)), pos - len(stringText(last))
		case (last.kind == tokName || last.kind == tokKeyword) && last.end() == pos:
			word = last.text
			toks = toks[:n-1]
		}
	}
	from = pos - len(word)
	n := len(toks)
	if n > 0 && (toks[n-1].is(".") || toks[n-1].is(":")) {
		steps, _ := chainBefore(toks, n-1)
		if n >= 2 && toks[n-2].kind == tokString && toks[n-1].is(":") {
			steps = []step{{kind: '"'}}
		}
		if steps == nil {
			return nil, from
		}
		t := c.resolve(steps)
		return matching(c.members(t, toks[n-1].is(":")), word), from
	}
	if opts := c.options(toks); len(opts) > 0 {
		if m := matching(opts, word); len(m) > 0 {
			return m, from
		}
	}
	if n > 0 && (toks[n-1].is("function") || toks[n-1].is("local") || toks[n-1].is("for") || toks[n-1].is("goto")) && word != "" {
		return nil, from // a new name
	}
	cands = matching(c.globals(), word)
	if word != "" {
		for _, k := range keywords {
			if strings.HasPrefix(k, word) {
				cands = append(cands, candidate{name: k, typ: "keyword"})
			}
		}
		slices.SortFunc(cands, byName)
	}
	return cands, from
}

// argument finds what may stand instead of word behind a command that takes no expression; ok says that it is one.
func (c *completer) argument(command, word string) (cands []candidate, ok bool) {
	switch command {
	case "load", "record":
		if c.files == nil {
			return nil, true
		}
		for _, name := range c.files(word) {
			k := candidate{name: name, typ: "file"}
			if strings.HasSuffix(name, string(filepath.Separator)) {
				k.typ = "folder"
			}
			cands = append(cands, k)
		}
		return cands, true
	case "chain":
		for _, e := range c.index.Lookup("callchain") {
			if e.Func != nil && len(e.Func.Params) > 0 {
				return matching(stringsOf(e.Func.Params[0].Type, ""), word), true
			}
		}
		return nil, true
	case "help":
		cands = c.commands()
		for i := range cands {
			cands[i].after = ""
		}
		for _, e := range c.index.Entries() {
			if e.Kind == describe.IsFunc || e.Kind == describe.IsMethod || e.Kind == describe.IsRegister || e.Kind == describe.IsClass {
				cands = append(cands, candidate{name: e.Name, typ: e.Kind.String(), doc: e.Summary()})
			}
		}
		return matching(cands, word), true
	}
	return nil, false
}

func byName(a, b candidate) int { return strings.Compare(a.name, b.name) }

func matching(cands []candidate, prefix string) []candidate {
	var out []candidate
	for _, c := range cands {
		if strings.HasPrefix(c.name, prefix) && !slices.ContainsFunc(out, func(o candidate) bool { return o.name == c.name }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, byName)
	return out
}

// A thing is what a chain stands for, as far as it can be told without running it: a value, a
// described type, or both.
type thing struct {
	value vm.Value
	known bool // value is there
	typ   describe.Type
	entry *describe.Entry // of a function, method or field
}

func (t thing) nothing() bool { return !t.known && t.typ.Kind == describe.KindAny && t.entry == nil }

// resolve follows a chain.
func (c *completer) resolve(steps []step) thing {
	var t thing
	path := "" // as the description spells it
	for i, s := range steps {
		switch s.kind {
		case '"':
			t = thing{typ: describe.String}
		case 'n':
			if local, ok := c.assigned(s.name); ok {
				t = local
				break
			}
			v, ok := c.look(s.name)
			t = thing{value: v, known: ok}
			path = s.name
			c.describe(&t, path)
		case '.', ':':
			t = c.member(t, s.name, path)
			path += "." + s.name
		case '[':
			t = c.element(t, s.args)
			path = ""
		case '(':
			t = c.result(t)
			path = ""
		}
		if t.nothing() && i+1 < len(steps) {
			return thing{}
		}
	}
	return t
}

// assigned is what the text before the cursor gives a name last, as far as that can be told: by
// NAME = chain, or as the first name of for NAME in chain.
func (c *completer) assigned(name string) (thing, bool) {
	if c.depth > 8 { // x = x.next
		return thing{}, false
	}
	c.depth++
	defer func() { c.depth-- }()
	for i := len(c.scope) - 2; i >= 0; i-- {
		if c.scope[i].kind != tokName || c.scope[i].text != name || i > 0 && (c.scope[i-1].is(".") || c.scope[i-1].is(":") || c.scope[i-1].is("{") || c.scope[i-1].is(",")) {
			continue
		}
		next := c.scope[i+1]
		loop := i > 0 && c.scope[i-1].is("for")
		if loop {
			for j := i + 1; j < len(c.scope) && j < i+8; j++ {
				if next = c.scope[j]; next.is("in") || next.is("=") {
					i = j - 1
					break
				}
			}
		}
		if !next.is("=") && !(loop && next.is("in")) {
			continue
		}
		end := chainEnd(c.scope, i+2)
		steps, start := chainBefore(c.scope[:end], end)
		if steps == nil || start != i+2 {
			return thing{}, !loop || next.is("in") // something, but not what
		}
		whole := c.scope
		c.scope = c.scope[:i] // what stands before it
		t := c.resolve(steps)
		c.scope = whole
		if !loop {
			return t, true
		}
		if t.typ.Kind == describe.KindFunc && len(t.typ.Results) > 0 {
			return thing{typ: only(t.typ.Results[0].Type)}, true
		}
		return thing{}, true
	}
	return thing{}, false
}

// chainEnd is where the chain that begins at toks[from] ends.
func chainEnd(toks []token, from int) int {
	i := from
	for i < len(toks) {
		switch t := toks[i]; {
		case t.is("(") || t.is("[") || t.is("{"):
			if i > from && !ends(toks[i-1]) {
				return i
			}
			if i = closing(toks, i); i == len(toks) {
				return i
			}
		case t.is(".") || t.is(":"):
			if i+1 >= len(toks) || toks[i+1].kind != tokName {
				return i
			}
			i++
		case t.kind == tokString:
			if i > from && !ends(toks[i-1]) {
				return i
			}
		case t.kind == tokName:
			if i > from {
				return i
			}
		default:
			return i
		}
		i++
	}
	return i
}

// closing is where the bracket that opens at toks[i] is closed, len(toks) if it is not.
func closing(toks []token, i int) int {
	depth := 0
	for ; i < len(toks); i++ {
		switch t := toks[i]; {
		case t.is("(") || t.is("[") || t.is("{"):
			depth++
		case t.is(")") || t.is("]") || t.is("}"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// describe adds what the description says of a value that was found under path.
func (c *completer) describe(t *thing, path string) {
	if t.known {
		if class := t.value.Class(); class != "" {
			t.typ = describe.Object(class)
			return
		}
		if t.value.Type() == "string" {
			t.typ = describe.String
		}
	}
	for _, e := range c.index.Lookup(path) {
		if e.Path != path {
			continue
		}
		switch {
		case e.Kind == describe.IsModule && t.known && t.value.Type() == "table",
			e.Kind == describe.IsFunc && t.known && (t.value.Type() == "function" || t.value.Type() == "table"):
			t.typ, t.entry = e.Type, e
			return
		case e.Kind == describe.IsValue:
			t.typ, t.entry = e.Type, e
			return
		}
	}
}

func (c *completer) member(t thing, name, path string) thing {
	var m thing
	if t.known {
		m.value, m.known = t.value.Index(name)
	}
	switch t.typ.Kind {
	case describe.KindClass, describe.KindRecord, describe.KindModule:
		if e := c.index.Member(t.typ.Name, name); e != nil {
			m.typ, m.entry = e.Type, e
			if e.Func != nil { // its own type is that of a function; entry tells what it returns
				m.typ = describe.Type{Kind: describe.KindFunc}
			}
		}
	case describe.KindString:
		m.value, m.known = c.look("string", name)
		c.describe(&m, "string."+name)
	}
	if m.entry == nil && m.known {
		c.describe(&m, path+"."+name)
	}
	if m.known && m.entry == nil {
		if class := m.value.Class(); class != "" {
			m.typ = describe.Object(class)
		}
	}
	return m
}

func (c *completer) element(t thing, args []token) thing {
	var m thing
	if t.known && len(args) == 1 {
		switch args[0].kind {
		case tokNumber:
			if n, err := strconv.ParseFloat(args[0].text, 64); err == nil {
				m.value, m.known = t.value.Index(n)
			}
		case tokString:
			return c.member(t, stringText(args[0]), "")
		}
	}
	m.typ = only(c.index.Element(t.typ))
	if m.known {
		c.describe(&m, "")
	}
	return m
}

// result is what a function returns first.
func (c *completer) result(t thing) thing {
	if t.entry != nil && t.entry.Func != nil {
		if rs := t.entry.Func.Results; len(rs) > 0 {
			return thing{typ: only(rs[0].Type)}
		}
		return thing{typ: describe.True}
	}
	if t.known && t.value.Type() == "table" && t.typ.Kind == describe.KindFunc {
		return thing{}
	}
	return thing{}
}

// only takes nil out of a union, and of several records the first, so that members can be found.
func only(t describe.Type) describe.Type {
	if t.Kind == describe.KindNil {
		return describe.Any
	}
	if t.Kind != describe.KindUnion {
		return t
	}
	for _, e := range t.Elem {
		if e.Kind == describe.KindClass || e.Kind == describe.KindRecord || e.Kind == describe.KindArray || e.Kind == describe.KindMap {
			return e
		}
	}
	return describe.Any
}

// members are the fields and methods of a thing, or its methods alone.
func (c *completer) members(t thing, methods bool) []candidate {
	var out []candidate
	has := map[string]bool{}
	add := func(k candidate) {
		if !has[k.name] && isName(k.name) {
			has[k.name] = true
			out = append(out, k)
		}
	}
	switch t.typ.Kind {
	case describe.KindClass, describe.KindRecord, describe.KindModule:
		for _, e := range c.index.Members(t.typ.Name) {
			if methods && e.Kind != describe.IsMethod || !methods && e.Kind == describe.IsMethod && t.typ.Kind == describe.KindClass {
				continue
			}
			add(described(e))
		}
	case describe.KindString:
		if methods {
			if v, ok := c.look("string"); ok {
				t = thing{value: v, known: true}
			}
		}
	}
	if t.known {
		for _, name := range t.value.Names() {
			if strings.HasPrefix(name, "__") {
				continue
			}
			v, _ := t.value.Index(name)
			if methods && v.Type() != "function" {
				continue
			}
			k := c.valueCandidate(name, v)
			if k.doc == "" {
				k.doc = c.find(v, name)
			}
			add(k)
		}
	}
	slices.SortFunc(out, byName)
	return out
}

// find is what is known of a function that a table holds under its own name.
func (c *completer) find(v vm.Value, name string) string {
	same := func(path string) bool {
		w, ok := c.look(pathOf(path)...)
		return ok && w.Same(v)
	}
	for _, e := range c.index.Lookup(name) {
		if e.Kind == describe.IsFunc && same(e.Path) {
			return e.Summary()
		}
	}
	for _, f := range library {
		if lastPart(f.name) == name && same(f.name) {
			return f.doc
		}
	}
	return ""
}

func pathOf(path string) []any {
	var keys []any
	for part := range strings.SplitSeq(path, ".") {
		keys = append(keys, part)
	}
	return keys
}

func described(e *describe.Entry) candidate {
	k := candidate{name: e.Name, doc: e.Summary()}
	switch e.Kind {
	case describe.IsFunc, describe.IsMethod:
		k.typ, k.after = "function", "("
		if e.Kind == describe.IsMethod {
			k.typ = "method"
		}
		if takesTable(e.Func) {
			k.after = "{"
		} else if len(e.Func.Params) == 0 {
			k.after = "()"
		}
	case describe.IsModule:
		k.typ, k.after = "module", "."
	default:
		k.typ = typeWord(e.Type)
	}
	return k
}

// typeWord is a type in a word that fits a menu.
func typeWord(t describe.Type) string {
	if s := t.String(); len(s) <= 16 && t.Kind != describe.KindEnum {
		return s
	}
	switch t.Kind {
	case describe.KindEnum:
		return "string"
	case describe.KindUnion:
		return typeWord(t.Elem[0]) + "|…"
	case describe.KindFunc:
		return "function"
	case describe.KindArray, describe.KindMap:
		return "table"
	}
	return phrase.Truncate(t.String(), 16)
}

func takesTable(f *describe.Func) bool {
	return len(f.Params) == 1 && f.Params[0].Type.Kind == describe.KindRecord
}

// valueCandidate is a name with what its value tells by itself.
func (c *completer) valueCandidate(name string, v vm.Value) candidate {
	k := candidate{name: name, typ: v.Type()}
	switch k.typ {
	case "function":
		k.after = "("
		k.doc = v.Signature()
		if k.doc != "" {
			k.doc = "function" + k.doc
		}
	case "userdata":
		if class := v.Class(); class != "" {
			k.typ = class
			if cl := c.index.Class(class); cl != nil {
				k.doc = describe.Summary(cl.Doc)
			}
		}
	case "table":
		if n := len(v.Names()); n > 0 {
			k.doc = phrase.Plural(n, "field")
		}
	case "number", "boolean":
		k.doc = valueWord(v.Go())
	case "string":
		s, _ := v.Go().(string)
		k.doc = strconv.Quote(phrase.Truncate(s, 30))
	}
	return k
}

func valueWord(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', 14, 64)
	}
	return ""
}

// globals are the global names.
func (c *completer) globals() []candidate {
	g, ok := c.look()
	if !ok {
		return nil
	}
	var out []candidate
	for _, name := range g.Names() {
		if !isName(name) || name == "_" {
			continue
		}
		v, _ := g.Index(name)
		k := c.valueCandidate(name, v)
		if k.doc == "" && k.typ == "function" {
			k.doc = c.find(v, name)
		}
		for _, e := range c.index.Lookup(name) {
			if e.Path != name {
				continue
			}
			switch {
			case e.Kind == describe.IsModule && v.Type() == "table":
				k = described(e)
				k.after = ""
			case e.Kind == describe.IsFunc && v.Type() == "function" && v.Signature() == "":
				k = described(e)
			}
		}
		out = append(out, k)
	}
	return out
}

// options are the fields that may be given at the end of toks: the names of a table that is an
// argument of a described function.
func (c *completer) options(toks []token) []candidate {
	fn, inside := c.callOf(toks)
	if fn == nil {
		return nil
	}
	if n := len(inside); n > 0 && !inside[n-1].is(",") && !inside[n-1].is(";") {
		return nil // a value is to stand here
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(inside); i++ {
		if inside[i].kind == tokName && inside[i+1].is("=") && (i == 0 || inside[i-1].is(",") || inside[i-1].is(";")) {
			given[inside[i].text] = true
		}
	}
	var out []candidate
	for _, e := range c.fieldsOf(fn) {
		if given[e.Name] {
			continue
		}
		k := candidate{name: e.Name, after: " = ", typ: typeWord(e.Type), doc: e.Summary()}
		if e.Field.Default != "" {
			k.doc += " (" + e.Field.Default + ")"
		}
		out = append(out, k)
	}
	return out
}

func (c *completer) fieldsOf(fn *describe.Entry) []*describe.Entry {
	var out []*describe.Entry
	for _, p := range fn.Func.Params {
		types := []describe.Type{p.Type}
		if p.Type.Kind == describe.KindUnion {
			types = p.Type.Elem
		}
		for _, t := range types {
			if t.Kind == describe.KindRecord {
				out = append(out, c.index.Members(t.Name)...)
			}
		}
	}
	return out
}

// callOf is the described function whose table argument is open at the end of toks, and the tokens
// within that table.
func (c *completer) callOf(toks []token) (*describe.Entry, []token) {
	open := enclosing(toks)
	if open < 1 || !toks[open].is("{") {
		return nil, nil
	}
	inside := toks[open+1:]
	end := open
	if !ends(toks[end-1]) { // f(x, {
		paren := enclosing(toks[:open])
		if paren < 1 || !toks[paren].is("(") {
			return nil, nil
		}
		end = paren
	}
	steps, _ := chainBefore(toks, end)
	if steps == nil {
		return nil, nil
	}
	if t := c.resolve(steps); t.entry != nil && t.entry.Func != nil {
		return t.entry, inside
	}
	return nil, nil
}

// words are the strings that may stand where a string has been opened: the value of an option, or an
// argument of a described function.
func (c *completer) words(toks []token, begun string) []candidate {
	var t describe.Type
	n := len(toks)
	switch {
	case n >= 2 && toks[n-1].is("=") && toks[n-2].kind == tokName:
		fn, _ := c.callOf(toks[:n-2])
		if fn == nil {
			return nil
		}
		for _, e := range c.fieldsOf(fn) {
			if e.Name == toks[n-2].text {
				t = e.Type
			}
		}
	case n >= 1 && (toks[n-1].is("(") || toks[n-1].is(",")):
		open := enclosing(toks)
		if open < 1 || !toks[open].is("(") {
			return nil
		}
		steps, _ := chainBefore(toks, open)
		f := c.resolve(steps)
		i := max(0, len(splitArgs(toks[open+1:]))-1)
		if f.entry == nil || f.entry.Func == nil || i >= len(f.entry.Func.Params) {
			return nil
		}
		t = f.entry.Func.Params[i].Type
	case n >= 1 && ends(toks[n-1]):
		steps, _ := chainBefore(toks, n)
		f := c.resolve(steps)
		if f.entry == nil || f.entry.Func == nil || len(f.entry.Func.Params) == 0 {
			return nil
		}
		t = f.entry.Func.Params[0].Type
	}
	return slices.DeleteFunc(stringsOf(t, `"`), func(c candidate) bool { return !strings.HasPrefix(c.name, begun) })
}

// stringsOf are the strings that a type knows, in the order of its description.
func stringsOf(t describe.Type, after string) []candidate {
	var out []candidate
	for i, s := range t.Strings() {
		out = append(out, candidate{name: s, after: after, typ: "string", doc: t.Words[i].Doc})
	}
	for _, n := range t.Names {
		out = append(out, candidate{name: n.Value, after: after, typ: "function", doc: n.Doc})
	}
	if t.Kind == describe.KindUnion {
		for _, e := range t.Elem {
			out = append(out, stringsOf(e, after)...)
		}
	}
	return out
}

// suggest is what the editor shows for Tab.
func (c *completer) suggest(text string, pos int, colors palette) suggestions {
	cands, from := c.complete(text, pos)
	word := text[from:pos]
	switch len(cands) {
	case 0:
		return suggestions{}
	case 1:
		return suggestions{insert: cands[0].name[len(word):] + behind(cands[0].after, text[pos:])}
	}
	common := cands[0].name
	for _, k := range cands[1:] {
		n := 0
		for n < len(common) && n < len(k.name) && common[n] == k.name[n] {
			n++
		}
		common = common[:n]
	}
	if len(common) > len(word) {
		return suggestions{insert: common[len(word):]}
	}
	return suggestions{listing: menu(cands, colors)}
}

// behind leaves out what stands behind the cursor already.
func behind(after, rest string) string {
	if strings.HasPrefix(rest, strings.TrimSpace(after)) && after != "" {
		return ""
	}
	return after
}

// menu is a line for each candidate: name, type, first line of its text.
func menu(cands []candidate, colors palette) []string {
	wide, typ := 0, 0
	for _, k := range cands {
		wide = max(wide, phrase.Width(k.name))
		typ = max(typ, phrase.Width(k.typ))
	}
	wide, typ = min(wide, 32), min(typ, 16)
	rows := make([]string, len(cands))
	for i, k := range cands {
		rows[i] = strings.TrimRight(phrase.Pad(k.name, wide)+"  "+colors.value(phrase.Pad(k.typ, typ))+"  "+colors.note(k.doc), " ")
	}
	return rows
}

// fileNames lists the files that a path may mean, folders with a separator at the end.
func fileNames(prefix string) []string {
	dir, base := filepath.Split(prefix)
	where := dir
	if where == "" {
		where = "."
	}
	entries, err := os.ReadDir(where)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "" {
			continue
		}
		if st, err := os.Stat(filepath.Join(where, name)); err == nil && st.IsDir() {
			name += string(filepath.Separator)
		}
		out = append(out, dir+name)
	}
	return out
}
