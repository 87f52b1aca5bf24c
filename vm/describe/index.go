// The index: entries of a description by name, by word and by owner.

package describe

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/phrase"
)

// An EntryKind says what an Entry describes.
type EntryKind uint8

const (
	IsModule EntryKind = iota
	IsFunc             // a function of a module
	IsMethod
	IsField // of an object
	IsValue // of a module
	IsClass
	IsRecord
	IsOption // a field of a record
	IsRegister
	IsBits // a field of a register
	IsErrno
	IsTopic
	IsText // a text that is printed as it is
)

// String returns the kind as a word.
func (k EntryKind) String() string {
	return [...]string{
		"module", "function", "method", "field", "value", "class", "table", "option", "register",
		"bits", "errno", "topic", "text",
	}[k]
}

// An Entry is one described thing.
type Entry struct {
	Kind  EntryKind
	Name  string // "perf_event_open"
	Path  string // "m:perf_event_open", "hw.machine", "attr.len", "DBGWCR.LSC"
	Owner string // the class, record, register or module that it belongs to, "" at the top
	Doc   string
	Type  Type // a value's own; a function's first result

	Module   *Module
	Func     *Func
	Field    *Field
	Class    *Class
	Record   *Record
	Register *Register
	Bits     *Bits
}

// Summary returns the first sentence.
func (e *Entry) Summary() string { return Summary(e.Doc) }

// Signature returns the entry on one line: "m:perf_event_open(attr: attr) -> event", "ev.addr: u64".
func (e *Entry) Signature() string {
	switch e.Kind {
	case IsFunc, IsMethod:
		return e.Path + e.Func.Signature()
	case IsField, IsValue:
		s := e.Path + ": " + e.Field.Type.String()
		if e.Field.Optional {
			s += "|nil"
		}
		return s
	case IsOption:
		s := e.Path + ": " + e.Field.Type.String()
		if e.Field.Default != "" {
			s += " = " + e.Field.Default
		} else if e.Field.Optional {
			s += "|nil"
		}
		return s
	case IsBits:
		return e.Path + e.Bits.Range()
	}
	return e.Path
}

// Range returns the bits as "[4:3]", or "[0]" for one bit.
func (b *Bits) Range() string {
	s := "[" + strconv.Itoa(b.Hi)
	if b.Hi != b.Lo {
		s += ":" + strconv.Itoa(b.Lo)
	}
	return s + "]"
}

// An Index finds entries. It never changes.
type Index struct {
	modules []*Module
	entries []*Entry
	byName  map[string][]*Entry
	members map[string][]*Entry

	patterns []pattern
}

// A pattern matches other names that lead to an entry.
type pattern struct {
	names *regexp.Regexp
	entry *Entry
}

// NewIndex returns an index of the modules.
func NewIndex(modules ...*Module) *Index {
	x := &Index{modules: modules, byName: map[string][]*Entry{}, members: map[string][]*Entry{}}
	for _, m := range modules {
		x.addModule(m, m.Name)
	}
	return x
}

// addModule adds a module, known as full, and everything in it.
func (x *Index) addModule(m *Module, full string) {
	prefix := ""
	if full != "" {
		prefix = full + "."
		x.add(&Entry{Kind: IsModule, Name: full, Path: full, Module: m, Doc: m.Doc, Type: moduleType(full)})
	}
	x.addFuncs(IsFunc, full, prefix, m.Funcs)
	x.addFields(IsValue, full, prefix, m.Fields)
	for i := range m.Modules {
		sub := &m.Modules[i]
		path := prefix + sub.Name
		x.addModule(sub, path)
		x.members[full] = append(x.members[full], &Entry{
			Kind: IsModule, Name: sub.Name, Path: path, Owner: full, Module: sub, Doc: sub.Doc,
			Type: moduleType(path),
		})
	}
	for i := range m.Classes {
		c := &m.Classes[i]
		x.add(&Entry{Kind: IsClass, Name: c.Name, Path: c.Name, Class: c, Doc: c.Doc, Type: Object(c.Name)})
		x.addFields(IsField, c.Name, c.ObjectName()+".", c.Fields)
		x.addFuncs(IsMethod, c.Name, c.ObjectName()+":", c.Methods)
	}
	for i := range m.Records {
		r := &m.Records[i]
		x.add(&Entry{Kind: IsRecord, Name: r.Name, Path: r.Name, Record: r, Doc: r.Doc, Type: Table(r.Name)})
		x.addFields(IsOption, r.Name, r.Name+".", r.Fields)
	}
	for i := range m.Registers {
		x.addRegister(&m.Registers[i])
	}
	for _, e := range m.Errnos {
		x.add(&Entry{Kind: IsErrno, Name: e.Name, Path: e.Name, Doc: e.Doc, Type: Int})
	}
	for _, t := range m.Topics {
		e := &Entry{Kind: IsTopic, Name: t.Name, Path: t.Name, Doc: t.Doc}
		x.add(e)
		if t.Names != "" {
			x.patterns = append(x.patterns, pattern{regexp.MustCompile("^(?i:" + t.Names + ")$"), e})
		}
	}
}

func moduleType(name string) Type { return Type{Kind: KindModule, Name: name} }

func (x *Index) addFuncs(kind EntryKind, owner, prefix string, funcs []Func) {
	for i := range funcs {
		f := &funcs[i]
		path := prefix + f.Name
		x.add(&Entry{Kind: kind, Name: f.Name, Path: path, Owner: owner, Func: f, Doc: f.Doc, Type: first(f)})
	}
}

func (x *Index) addFields(kind EntryKind, owner, prefix string, fields []Field) {
	for i := range fields {
		f := &fields[i]
		path := prefix + f.Name
		x.add(&Entry{Kind: kind, Name: f.Name, Path: path, Owner: owner, Field: f, Doc: f.Doc, Type: f.Type})
	}
}

// addRegister adds a register, which is also found by its aliases, and its fields.
func (x *Index) addRegister(r *Register) {
	e := &Entry{Kind: IsRegister, Name: r.Name, Path: r.Name, Register: r, Doc: r.Doc}
	x.add(e)
	for _, a := range r.Aliases {
		x.name(a, e)
	}
	for i := range r.Fields {
		b := &r.Fields[i]
		path := r.Name + "." + b.Name
		x.add(&Entry{Kind: IsBits, Name: b.Name, Path: path, Owner: r.Name, Bits: b, Register: r, Doc: b.Doc})
	}
}

func first(f *Func) Type {
	if len(f.Results) == 0 {
		return True
	}
	return f.Results[0].Type
}

// add adds an entry under its name, its path and, as "owner.name" and "owner:name", its owner.
func (x *Index) add(e *Entry) {
	x.entries = append(x.entries, e)
	x.name(e.Name, e)
	if e.Path != e.Name {
		x.name(e.Path, e)
	}
	if e.Owner != "" || e.Kind == IsFunc || e.Kind == IsValue {
		x.members[e.Owner] = append(x.members[e.Owner], e)
		if e.Owner != "" {
			for _, p := range []string{e.Owner + "." + e.Name, e.Owner + ":" + e.Name} {
				if p != e.Path {
					x.name(p, e)
				}
			}
		}
	}
}

func (x *Index) name(n string, e *Entry) {
	n = strings.ToLower(n)
	if !slices.Contains(x.byName[n], e) {
		x.byName[n] = append(x.byName[n], e)
	}
}

// Modules returns the modules of the index.
func (x *Index) Modules() []*Module { return x.modules }

// Entries returns all entries, in the order of the description.
func (x *Index) Entries() []*Entry { return x.entries }

// Lookup returns every entry that a name may mean, in the order of the description:
// "perf_event_open", "m:perf_event_open", "machine.perf_event_open", "hw.machine", "attr.len",
// "WCR", "ENOSPC". Entries in the same case come first. A name that begins with a variable of
// another name ("my_event:enable") is found by its last part.
func (x *Index) Lookup(name string) []*Entry {
	name = strings.TrimSuffix(strings.TrimSpace(name), "()")
	exact := name
	name = strings.ToLower(name)
	if es := x.byName[name]; len(es) > 0 {
		es = slices.Clone(es)
		slices.SortStableFunc(es, func(a, b *Entry) int { return other(a, exact) - other(b, exact) })
		return es
	}
	if i := strings.LastIndexAny(name, ".:"); i >= 0 && i+1 < len(name) {
		var es []*Entry
		for _, e := range x.byName[name[i+1:]] {
			if name[i] == '.' || e.Kind == IsMethod {
				es = append(es, e)
			}
		}
		return es
	}
	for _, m := range x.modules {
		if m.Text == nil {
			continue
		}
		if text, ok := m.Text(exact); ok {
			return []*Entry{{Kind: IsText, Name: exact, Path: exact, Doc: text}}
		}
	}
	for _, p := range x.patterns {
		if p.names.MatchString(name) {
			return []*Entry{p.entry}
		}
	}
	return nil
}

// other returns 1 for an entry that name matches only in another case, else 0.
func other(e *Entry, name string) int {
	if e.Name == name || e.Path == name || e.Register != nil && slices.Contains(e.Register.Aliases, name) {
		return 0
	}
	if e.Owner+"."+e.Name == name || e.Owner+":"+e.Name == name {
		return 0
	}
	return 1
}

// Search finds the entries that have word in their names, then those that have it in their texts.
func (x *Index) Search(word string) []*Entry {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return nil
	}
	var names, texts []*Entry
	for _, e := range x.entries {
		switch {
		case strings.Contains(strings.ToLower(e.Path), word):
			names = append(names, e)
		case strings.Contains(strings.ToLower(e.Doc), word):
			texts = append(texts, e)
		}
	}
	return append(names, texts...)
}

// Members returns the entries of a class, table, register or module ("event", "attr", "hw",
// "hw.ctrl"; "" for the words that are globals themselves), in the order of the description.
func (x *Index) Members(owner string) []*Entry { return x.members[owner] }

// Member finds one of them.
func (x *Index) Member(owner, name string) *Entry {
	for _, e := range x.members[owner] {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Options returns the fields of the tables that a function takes. fn is any name that Lookup finds
// the function by.
func (x *Index) Options(fn string) []*Entry {
	var es []*Entry
	for _, e := range x.Lookup(fn) {
		if e.Func == nil {
			continue
		}
		for _, p := range e.Func.Params {
			for _, r := range recordsIn(p.Type) {
				for _, o := range x.members[r] {
					if !slices.Contains(es, o) {
						es = append(es, o)
					}
				}
			}
		}
		if len(es) > 0 {
			return es
		}
	}
	return nil
}

func recordsIn(t Type) []string {
	switch t.Kind {
	case KindRecord:
		return []string{t.Name}
	case KindUnion:
		var names []string
		for _, e := range t.Elem {
			names = append(names, recordsIn(e)...)
		}
		return names
	}
	return nil
}

// Element returns the type of an element of a value of type t: of an array, w[cpu], cpu.wcr[n]; Nil
// if it cannot be indexed.
func (x *Index) Element(t Type) Type {
	switch t.Kind {
	case KindArray:
		return t.Elem[0]
	case KindMap:
		return t.Elem[1]
	case KindClass:
		if c := x.Class(t.Name); c != nil && c.Index != nil {
			return c.Index.Value
		}
	}
	return Nil
}

// Loose reports whether a type is a module that has more names than those described.
func (x *Index) Loose(t Type) bool {
	return t.Kind == KindModule && slices.ContainsFunc(x.modules, func(m *Module) bool {
		return m.Name == t.Name && m.Loose
	})
}

// Class finds a class by its name.
func (x *Index) Class(name string) *Class {
	for _, e := range x.byName[strings.ToLower(name)] {
		if e.Kind == IsClass {
			return e.Class
		}
	}
	return nil
}

// Record finds a record by its name.
func (x *Index) Record(name string) *Record {
	for _, e := range x.byName[strings.ToLower(name)] {
		if e.Kind == IsRecord {
			return e.Record
		}
	}
	return nil
}

// Near finds the nearest known name for one that Lookup does not know.
func (x *Index) Near(name string) (string, bool) {
	names := make([]string, 0, len(x.entries))
	for _, e := range x.entries {
		names = append(names, e.Name)
	}
	if i := strings.LastIndexAny(name, ".:"); i >= 0 {
		name = name[i+1:]
	}
	return phrase.Nearest(name, names)
}

// HexNames returns the names of the fields in modules whose numbers print in hexadecimal, sorted.
func HexNames(modules ...*Module) []string {
	names := []string{}
	add := func(fields []Field) {
		for i := range fields {
			if fields[i].Type.Hex {
				names = append(names, fields[i].Name)
			}
		}
	}
	for _, m := range modules {
		add(m.Fields)
		for i := range m.Classes {
			add(m.Classes[i].Fields)
		}
		for i := range m.Records {
			add(m.Records[i].Fields)
		}
		for i := range m.Modules {
			names = append(names, HexNames(&m.Modules[i])...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
