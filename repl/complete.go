// Completion with Tab. It only looks: at raw values in the runtime, and at the description for the
// results of calls. It runs no code of the user's.

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
	after string // inserted behind the name if it is the only candidate
	typ   string
	doc   string
}

func byName(a, b candidate) int { return strings.Compare(a.name, b.name) }

// matching returns the candidates that begin with prefix, sorted and without duplicates.
func matching(cands []candidate, prefix string) []candidate {
	var out []candidate
	for _, c := range cands {
		if strings.HasPrefix(c.name, prefix) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, byName)
	return slices.CompactFunc(out, func(a, b candidate) bool { return a.name == b.name })
}

// A completer finds candidates.
type completer struct {
	*session
	scope []vm.Token // before the cursor, for the names they assign
	depth int        // of assigned
}

// complete returns the candidates to replace text[from:pos].
func (c *completer) complete(text string, pos int) (cands []candidate, from int) {
	text = text[:pos]
	if asked, ok := strings.CutPrefix(text, "?"); ok {
		cands, from = c.expression(asked)
		return cands, from + 1
	}
	rest, command := strings.CutPrefix(text, ":")
	if !command {
		return c.expression(text)
	}
	name, arg, found := strings.Cut(rest, " ")
	if !found {
		return matching(c.commandCandidates(), name), 1
	}
	at := len(text) - len(strings.TrimLeft(arg, " "))
	if cands, ok := c.argument(name, text[at:]); ok {
		return cands, at
	}
	cands, from = c.complete(text[at:], len(text)-at)
	return cands, from + at
}

// expression returns the candidates at the end of Lua code.
func (c *completer) expression(text string) (cands []candidate, from int) {
	toks := scan(text)
	c.scope = toks
	word := ""
	if n := len(toks); n > 0 {
		switch last := toks[n-1]; {
		case last.Kind == vm.TokenComment, last.Kind == vm.TokenNumber && last.End() == len(text):
			return nil, len(text)
		case last.Kind == vm.TokenString && last.Open:
			begun := last.Content()
			return c.inString(toks[:n-1], begun), len(text) - len(begun)
		case (last.Kind == vm.TokenName || last.Kind == vm.TokenKeyword) && last.End() == len(text):
			word = last.Text
			toks = toks[:n-1]
		}
	}
	from = len(text) - len(word)
	n := len(toks)
	if n > 0 && isAny(toks[n-1], ".", ":") {
		return matching(c.membersBefore(toks), word), from
	}
	if m := matching(c.options(toks), word); len(m) > 0 {
		return m, from
	}
	if m := c.numbers(toks); len(m) > 0 && word == "" {
		return m, from
	}
	if n > 0 && isAny(toks[n-1], "function", "local", "for", "goto") && word != "" {
		return nil, from // a new name
	}
	cands = c.globals()
	if word != "" {
		for _, k := range vm.Keywords() {
			cands = append(cands, candidate{name: k, typ: "keyword"})
		}
	}
	return matching(cands, word), from
}

// inString returns the candidates for a string that begins behind toks. Any string may be an errno.
func (c *completer) inString(toks []vm.Token, begun string) []candidate {
	n := len(toks)
	if n > 0 && toks[n-1].Is("(") {
		n--
	}
	if n > 0 && toks[n-1].Text == "help" && (n == 1 || ends(toks[n-1]) && !isAny(toks[n-2], ".", ":")) {
		return matching(c.helpNames(), begun)
	}
	// These remain in the order of their description.
	others := func(c candidate) bool { return !strings.HasPrefix(c.name, begun) }
	if words := slices.DeleteFunc(c.wordsAt(toks), others); len(words) > 0 || !strings.HasPrefix(begun, "E") {
		return words
	}
	var errnos []candidate
	for _, e := range c.index.Entries() {
		if e.Kind == describe.IsErrno {
			errnos = append(errnos, candidate{name: e.Name, after: `"`, typ: "errno", doc: e.Summary()})
		}
	}
	return matching(errnos, begun)
}

// numbers returns the indices of what the bracket at the end of toks indexes, or the CPUs behind cpu = in a
// table for a method: both belong to an object of which the length is known.
func (c *completer) numbers(toks []vm.Token) []candidate {
	n := len(toks)
	var list string // its length is the number
	after := ""
	switch {
	case n > 1 && toks[n-1].Is("[") && ends(toks[n-2]):
		list, after = c.object(toks[:n-1]), "]"
	case n > 2 && toks[n-1].Is("=") && toks[n-2].Text == "cpu":
		open := enclosing(toks)
		if open < 1 || !toks[open].Is("{") {
			return nil
		}
		i := open - 1 // of the method's name
		if toks[i].Is("(") {
			i--
		}
		if i < 2 || !toks[i-1].Is(":") {
			return nil
		}
		if list = c.object(toks[:i-1]); list != "" {
			list += ".cpu"
		}
	}
	if list == "" {
		return nil
	}
	p, err := vm.Compile("length", "return #"+list)
	if err != nil {
		return nil
	}
	vs, _, err := c.rt.Eval(c.base, p, 0)
	if err != nil || len(vs) == 0 {
		return nil
	}
	length, _ := vs[0].Go().(float64)
	var out []candidate
	for i := range int(length) {
		out = append(out, candidate{name: strconv.Itoa(i), after: after, typ: "number"})
	}
	return out
}

// object returns the source of the chain that ends toks if it leads from a global, through described fields
// and indices only, to an object of a described class, and otherwise "". Reading it runs no code of the
// user's.
func (c *completer) object(toks []vm.Token) string {
	steps, start := chainBefore(toks, len(toks))
	if len(steps) == 0 || steps[0].kind != 'n' || c.resolve(steps[:1]).value.Class() == "" {
		return ""
	}
	text := ""
	for i, st := range steps {
		t := c.resolve(steps[:i+1])
		number := st.kind == '[' && len(st.args) == 1 && st.args[0].Kind == vm.TokenNumber
		if t.typ.Kind != describe.KindClass || st.kind != 'n' && st.kind != '.' && !number {
			return ""
		}
	}
	for _, t := range toks[start:] {
		text += t.Text
	}
	return text
}

// membersBefore returns the members of the chain before the dot or colon that ends toks.
func (c *completer) membersBefore(toks []vm.Token) []candidate {
	n := len(toks)
	steps, _ := chainBefore(toks, n-1)
	if n >= 2 && toks[n-2].Kind == vm.TokenString && toks[n-1].Is(":") {
		steps = []step{{kind: '"'}}
	}
	if steps == nil {
		return nil
	}
	return c.members(c.resolve(steps), toks[n-1].Is(":"))
}

// argument returns the candidates for the argument of a command. ok is false if the command takes an
// expression.
func (c *completer) argument(command, word string) (cands []candidate, ok bool) {
	switch command {
	case "load", "record":
		if c.cfg.Files == nil || c.cfg.Files.Names == nil {
			return nil, true
		}
		for _, name := range c.cfg.Files.Names(word) {
			k := candidate{name: name, typ: "file"}
			if strings.HasSuffix(name, string(filepath.Separator)) {
				k.typ = "folder"
			}
			cands = append(cands, k)
		}
		return cands, true
	case "break", "until":
		if fn, _, second := strings.Cut(word, " "); second {
			return matching([]candidate{{name: fn + " cpu="}}, word), true
		}
		for _, w := range c.cfg.Breaks.Names() {
			cands = append(cands, candidate{name: w.Value, typ: "function", doc: w.Doc})
		}
		return matching(cands, word), true
	case "chain":
		for _, e := range c.index.Lookup("callchain") {
			if e.Func != nil && len(e.Func.Params) > 0 {
				return matching(stringsOf(e.Func.Params[0].Type, ""), word), true
			}
		}
		return nil, true
	case "help":
		cands = c.commandCandidates()
		for i := range cands {
			cands[i].after = ""
		}
		return matching(append(cands, c.helpNames()...), word), true
	}
	return nil, false
}

// helpNames returns the names on which there is help of some length.
func (c *completer) helpNames() (cands []candidate) {
	for _, e := range c.index.Entries() {
		switch e.Kind {
		case describe.IsFunc, describe.IsMethod, describe.IsRegister, describe.IsClass, describe.IsTopic,
			describe.IsErrno:
			cands = append(cands, candidate{name: e.Name, typ: e.Kind.String(), doc: e.Summary()})
		}
	}
	for _, f := range library {
		cands = append(cands, candidate{name: f.name, typ: "function", doc: f.doc})
	}
	return cands
}

// A thing is the meaning of a chain, as far as it is known without running it: a value, a described
// type, or both.
type thing struct {
	value vm.Value
	known bool // value is valid
	typ   describe.Type
	entry *describe.Entry // of a function, method or field
}

func (t thing) unknown() bool { return !t.known && t.typ.Kind == describe.KindAny && t.entry == nil }

// function returns the description of a function or method, or nil.
func (t thing) function() *describe.Func {
	if t.entry == nil {
		return nil
	}
	return t.entry.Func
}

// resolve returns the meaning of a chain.
func (c *completer) resolve(steps []step) thing {
	var t thing
	path := "" // in the description, "" if unknown
	for i, s := range steps {
		switch s.kind {
		case '"':
			t = thing{typ: describe.String}
		case 'n':
			path = s.name
			t = c.named(s.name)
		case '.', ':':
			path += "." + s.name
			t = c.member(t, s.name, path)
		case '[':
			t, path = c.element(t, s.args), ""
		case '(':
			t, path = result(t), ""
		}
		if t.unknown() && i+1 < len(steps) {
			return thing{}
		}
	}
	return t
}

// named returns the meaning of a name: the last assignment before the cursor, or else the global.
func (c *completer) named(name string) thing {
	if t, ok := c.assigned(name); ok {
		return t
	}
	v, ok := c.rt.Look(name)
	return c.described(thing{value: v, known: ok}, name)
}

// assigned returns the value that the code before the cursor assigns to a name last, by NAME = CHAIN or
// for NAME in CHAIN. ok is true if there is such an assignment, even if its value is unknown.
func (c *completer) assigned(name string) (_ thing, ok bool) {
	const deepest = 8 // x = x.next
	if c.depth > deepest {
		return thing{}, false
	}
	c.depth++
	defer func() { c.depth-- }()
	for i, t := range slices.Backward(c.scope) {
		if t.Kind != vm.TokenName || t.Text != name || i > 0 && isAny(c.scope[i-1], ".", ":", "{", ",") {
			continue
		}
		loop := i > 0 && c.scope[i-1].Is("for")
		at := i + 1 // of the = or in
		for k := 0; k < 8 && loop && at < len(c.scope) && !isAny(c.scope[at], "in", "="); k++ {
			at++
		}
		if at >= len(c.scope) || !c.scope[at].Is("=") && !(loop && c.scope[at].Is("in")) {
			continue
		}
		return c.assignment(i, at, loop), true
	}
	return thing{}, false
}

// assignment returns the meaning of the chain behind scope[at], or of the loop variable if loop is set.
// The name is scope[i].
func (c *completer) assignment(i, at int, loop bool) thing {
	end := chainEnd(c.scope, at+1)
	steps, start := chainBefore(c.scope[:end], end)
	if steps == nil || start != at+1 {
		return thing{}
	}
	whole := c.scope
	c.scope = whole[:i] // the chain is evaluated before the assignment
	t := c.resolve(steps)
	c.scope = whole
	switch {
	case !loop:
		return t
	case t.typ.Kind == describe.KindFunc && len(t.typ.Results) > 0:
		return thing{typ: only(t.typ.Results[0].Type)}
	}
	return thing{}
}

// described adds the description of a value that has a class, is a string, or is described under path.
func (c *completer) described(t thing, path string) thing {
	typ := ""
	if t.known {
		typ = t.value.Type()
		if class := t.value.Class(); class != "" {
			t.typ = describe.Object(class)
			return t
		}
		if typ == "string" {
			t.typ = describe.String
		}
	}
	for _, e := range c.index.Lookup(path) {
		if e.Path != path {
			continue
		}
		switch {
		case e.Kind == describe.IsModule && typ == "table",
			e.Kind == describe.IsFunc && (typ == "function" || typ == "table"),
			e.Kind == describe.IsValue:
			t.typ, t.entry = e.Type, e
			return t
		}
	}
	return t
}

// member returns the field or method of t of that name. path is its path in the description.
func (c *completer) member(t thing, name, path string) thing {
	var m thing
	if t.known {
		m.value, m.known = t.value.Index(name)
	}
	switch t.typ.Kind {
	case describe.KindClass, describe.KindRecord, describe.KindModule:
		if e := c.index.Member(t.typ.Name, name); e != nil {
			m.typ, m.entry = e.Type, e
			if e.Func != nil { // e.Type is the type of a result
				m.typ = describe.Type{Kind: describe.KindFunc}
			}
			return m
		}
	case describe.KindString:
		m.value, m.known = c.rt.Look("string", name)
		path = "string." + name
	}
	if m.known {
		m = c.described(m, path)
	}
	return m
}

// element returns the element of t that the tokens between the brackets select.
func (c *completer) element(t thing, args []vm.Token) thing {
	var m thing
	if t.known && len(args) == 1 {
		switch args[0].Kind {
		case vm.TokenNumber:
			if n, err := strconv.ParseFloat(args[0].Text, 64); err == nil {
				m.value, m.known = t.value.Index(n)
			}
		case vm.TokenString:
			return c.member(t, args[0].Content(), "")
		}
	}
	m.typ = only(c.index.Element(t.typ))
	if m.known {
		m = c.described(m, "")
	}
	return m
}

// result returns the first result of a function.
func result(t thing) thing {
	f := t.function()
	switch {
	case f == nil:
		return thing{}
	case len(f.Results) > 0:
		return thing{typ: only(f.Results[0].Type)}
	}
	return thing{typ: describe.True}
}

// only returns the first type of a union that has members, so that those can be found, and other types
// unchanged.
func only(t describe.Type) describe.Type {
	switch t.Kind {
	case describe.KindNil:
		return describe.Any
	case describe.KindUnion:
		for _, e := range t.Elem {
			switch e.Kind {
			case describe.KindClass, describe.KindRecord, describe.KindArray, describe.KindMap:
				return e
			}
		}
		return describe.Any
	}
	return t
}

// members returns the fields and methods of a thing, or only its methods.
func (c *completer) members(t thing, methods bool) []candidate {
	var out []candidate
	switch t.typ.Kind {
	case describe.KindClass, describe.KindRecord, describe.KindModule:
		class := t.typ.Kind == describe.KindClass
		for _, e := range c.index.Members(t.typ.Name) {
			method := e.Kind == describe.IsMethod
			if methods == method || !methods && !class {
				out = append(out, entryCandidate(e))
			}
		}
	case describe.KindString:
		if v, ok := c.rt.Look("string"); ok && methods {
			t = thing{value: v, known: true}
		}
	}
	if t.known {
		for _, name := range t.value.Names() {
			v, _ := t.value.Index(name)
			if !strings.HasPrefix(name, "__") && (!methods || v.Type() == "function") {
				out = append(out, c.valueCandidate(name, v))
			}
		}
	}
	return slices.DeleteFunc(matching(out, ""), func(k candidate) bool { return !vm.IsName(k.name) })
}

// entryCandidate returns the candidate for a described entry.
func entryCandidate(e *describe.Entry) candidate {
	k := candidate{name: e.Name, doc: e.Summary()}
	switch e.Kind {
	case describe.IsFunc, describe.IsMethod:
		k.typ, k.after = "function", "("
		if e.Kind == describe.IsMethod {
			k.typ = "method"
		}
		params := e.Func.Params
		if len(params) == 0 {
			k.after = "()"
		} else if len(params) == 1 && params[0].Type.Kind == describe.KindRecord {
			k.after = "{"
		}
	case describe.IsModule:
		k.typ, k.after = "module", "."
	default:
		k.typ = typeWord(e.Type)
	}
	return k
}

// typeWord returns a type as one word for a menu.
func typeWord(t describe.Type) string {
	const widest = 16
	if s := t.String(); len(s) <= widest && t.Kind != describe.KindEnum {
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
	return phrase.Truncate(t.String(), widest)
}

// valueCandidate returns the candidate for a value that is stored under a name.
func (c *completer) valueCandidate(name string, v vm.Value) candidate {
	k := candidate{name: name, typ: v.Type()}
	switch k.typ {
	case "function":
		k.after = "("
		if k.doc = c.functionDoc(name, v); v.Signature() != "" {
			k.doc = "function" + v.Signature()
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
	case "boolean":
		k.doc = strconv.FormatBool(v.Go().(bool))
	case "number":
		if n, ok := v.Go().(float64); ok {
			k.doc = strconv.FormatFloat(n, 'g', 14, 64)
		}
	case "string":
		s, _ := v.Go().(string)
		k.doc = strconv.Quote(phrase.Truncate(s, 30))
	}
	return k
}

// functionDoc returns the description of a function that is stored under its own name, or "".
func (c *completer) functionDoc(name string, v vm.Value) string {
	same := func(path string) bool {
		w, ok := c.rt.Look(pathOf(path)...)
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

// pathOf splits a path at its dots, for Runtime.Look.
func pathOf(path string) []any {
	var keys []any
	for part := range strings.SplitSeq(path, ".") {
		keys = append(keys, part)
	}
	return keys
}

// globals returns the global names.
func (c *completer) globals() []candidate {
	g, ok := c.rt.Look()
	if !ok {
		return nil
	}
	var out []candidate
	for _, name := range g.Names() {
		if !vm.IsName(name) || isResult(name) {
			continue
		}
		v, _ := g.Index(name)
		k := c.valueCandidate(name, v)
		for _, e := range c.index.Lookup(name) {
			switch {
			case e.Path != name:
			case e.Kind == describe.IsModule && v.Type() == "table":
				k = entryCandidate(e)
				k.after = ""
			case e.Kind == describe.IsFunc && v.Type() == "function" && v.Signature() == "":
				k = entryCandidate(e)
			}
		}
		out = append(out, k)
	}
	return out
}

// options returns the fields that may be added to the table at the end of toks, if that is an argument
// of a described function.
func (c *completer) options(toks []vm.Token) []candidate {
	fn, inside := c.callOf(toks)
	if n := len(inside); fn == nil || n > 0 && !isAny(inside[n-1], ",", ";") {
		return nil // a value comes next
	}
	given := map[string]bool{}
	for i := range max(0, len(inside)-1) {
		if inside[i].Kind == vm.TokenName && inside[i+1].Is("=") && (i == 0 || isAny(inside[i-1], ",", ";")) {
			given[inside[i].Text] = true
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

// fieldsOf returns the fields of the tables that a function takes.
func (c *completer) fieldsOf(fn *describe.Func) []*describe.Entry {
	var out []*describe.Entry
	for _, p := range fn.Params {
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

// callOf returns the described function whose table argument is open at the end of toks, and the tokens
// in that table.
func (c *completer) callOf(toks []vm.Token) (*describe.Func, []vm.Token) {
	open := enclosing(toks)
	if open < 1 || !toks[open].Is("{") {
		return nil, nil
	}
	end := open
	if !ends(toks[end-1]) { // f(x, {
		if end = enclosing(toks[:open]); end < 1 || !toks[end].Is("(") {
			return nil, nil
		}
	}
	steps, _ := chainBefore(toks, end)
	return c.resolve(steps).function(), toks[open+1:]
}

// wordsAt returns the strings for a string that begins behind toks: the value of an option, or an
// argument of a described function.
func (c *completer) wordsAt(toks []vm.Token) []candidate {
	n := len(toks)
	switch {
	case n >= 2 && toks[n-1].Is("=") && toks[n-2].Kind == vm.TokenName:
		fn, _ := c.callOf(toks[:n-2])
		if fn == nil {
			return nil
		}
		var t describe.Type
		for _, e := range c.fieldsOf(fn) {
			if e.Name == toks[n-2].Text {
				t = e.Type
			}
		}
		return stringsOf(t, `"`)
	case n >= 1 && isAny(toks[n-1], "(", ","):
		if open := enclosing(toks); open >= 1 && toks[open].Is("(") {
			return c.wordsOfParam(toks[:open], max(0, len(splitArgs(toks[open+1:]))-1))
		}
	case n >= 1 && ends(toks[n-1]):
		return c.wordsOfParam(toks, 0)
	}
	return nil
}

// wordsOfParam returns the strings for the i-th parameter of the function whose chain ends toks.
func (c *completer) wordsOfParam(toks []vm.Token, i int) []candidate {
	steps, _ := chainBefore(toks, len(toks))
	f := c.resolve(steps).function()
	if f == nil || i >= len(f.Params) {
		return nil
	}
	return stringsOf(f.Params[i].Type, `"`)
}

// stringsOf returns the strings that a type allows, in the order of its description.
func stringsOf(t describe.Type, after string) []candidate {
	var out []candidate
	for i, s := range t.Strings() {
		out = append(out, candidate{name: s, after: after, typ: "string", doc: t.Words[i].Doc})
	}
	for _, n := range t.Names {
		out = append(out, candidate{name: n.Value, after: after, typ: "string", doc: n.Doc})
	}
	if t.Kind == describe.KindUnion {
		for _, e := range t.Elem {
			out = append(out, stringsOf(e, after)...)
		}
	}
	return out
}

// suggest returns what the editor shows for Tab: text to insert, or a menu if the candidates have no
// more in common than what is typed.
func (c *completer) suggest(text string, pos int, colors palette) suggestions {
	cands, from := c.complete(text, pos)
	if len(cands) == 0 {
		return suggestions{}
	}
	word := text[from:pos]
	common := cands[0].name
	for _, k := range cands[1:] {
		n := 0
		for n < len(common) && n < len(k.name) && common[n] == k.name[n] {
			n++
		}
		common = common[:n]
	}
	switch {
	case len(cands) == 1:
		after := cands[0].after
		if after != "" && strings.HasPrefix(text[pos:], strings.TrimSpace(after)) {
			after = "" // already there
		}
		return suggestions{insert: common[len(word):] + after}
	case len(common) > len(word):
		return suggestions{insert: common[len(word):]}
	}
	return suggestions{listing: menu(cands, colors)}
}

// menu returns a line for each candidate: name, type and summary.
func menu(cands []candidate, colors palette) []string {
	wide, typ := 0, 0
	for _, k := range cands {
		wide = max(wide, phrase.Width(k.name))
		typ = max(typ, phrase.Width(k.typ))
	}
	wide, typ = min(wide, 32), min(typ, 16)
	lines := make([]string, len(cands))
	for i, k := range cands {
		name, typ := phrase.Pad(k.name, wide), colors.value(phrase.Pad(k.typ, typ))
		lines[i] = strings.TrimRight(name+"  "+typ+"  "+colors.note(k.doc), " ")
	}
	return lines
}

// fileNames returns the files whose path begins with prefix. Folders end in a separator.
func fileNames(prefix string) []string {
	dir, base := filepath.Split(prefix)
	entries, err := os.ReadDir(filepath.Join(dir, "."))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "" {
			continue
		}
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.IsDir() {
			name += string(filepath.Separator)
		}
		out = append(out, dir+name)
	}
	return out
}
