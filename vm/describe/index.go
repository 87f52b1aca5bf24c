// The index: finding what a description says, by name, by word, by what belongs to what.

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
)

// String is the kind in a word.
func (k EntryKind) String() string {
	return [...]string{"module", "function", "method", "field", "value", "class", "table", "option", "register",
		"bits", "errno", "topic"}[k]
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

// Summary is the first sentence.
func (e *Entry) Summary() string { return Summary(e.Doc) }

// Signature is the entry in one line: "m:perf_event_open(attr: attr) -> event", "ev.addr: u64".
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

// Range is "[4:3]", or "[0]" for one bit.
func (b *Bits) Range() string {
	s := "[" + strconv.Itoa(b.Hi)
	if b.Hi != b.Lo {
		s += ":" + strconv.Itoa(b.Lo)
	}
	return s + "]"
}

// An Index finds entries. It is immutable once made.
type Index struct {
	modules []*Module
	entries []*Entry
	byName  map[string][]*Entry
	members map[string][]*Entry

	patterns []pattern
}

// A pattern is what else an entry is the answer to.
type pattern struct {
	names *regexp.Regexp
	entry *Entry
}

// NewIndex makes an index of everything that the modules describe.
func NewIndex(modules ...*Module) *Index {
	x := &Index{modules: modules, byName: map[string][]*Entry{}, members: map[string][]*Entry{}}
	for _, m := range modules {
		x.addModule(m, m.Name)
	}
	return x
}

func (x *Index) addModule(m *Module, full string) {
	if full != "" {
		x.add(&Entry{Kind: IsModule, Name: full, Path: full, Doc: m.Doc, Module: m, Type: Type{Kind: KindModule, Name: full}})
	}
	prefix := full
	if prefix != "" {
		prefix += "."
	}
	for i := range m.Funcs {
		f := &m.Funcs[i]
		x.add(&Entry{Kind: IsFunc, Name: f.Name, Path: prefix + f.Name, Owner: full, Doc: f.Doc, Func: f, Type: first(f)})
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		x.add(&Entry{Kind: IsValue, Name: f.Name, Path: prefix + f.Name, Owner: full, Doc: f.Doc, Field: f, Type: f.Type})
	}
	for i := range m.Modules {
		sub := &m.Modules[i]
		x.addModule(sub, prefix+sub.Name)
		x.members[full] = append(x.members[full], &Entry{Kind: IsModule, Name: sub.Name, Path: prefix + sub.Name, Owner: full,
			Doc: sub.Doc, Module: sub, Type: Type{Kind: KindModule, Name: prefix + sub.Name}})
	}
	for i := range m.Classes {
		c := &m.Classes[i]
		x.add(&Entry{Kind: IsClass, Name: c.Name, Path: c.Name, Doc: c.Doc, Class: c, Type: Object(c.Name)})
		obj := c.ObjectName()
		for j := range c.Fields {
			f := &c.Fields[j]
			x.add(&Entry{Kind: IsField, Name: f.Name, Path: obj + "." + f.Name, Owner: c.Name, Doc: f.Doc, Field: f, Type: f.Type})
		}
		for j := range c.Methods {
			f := &c.Methods[j]
			x.add(&Entry{Kind: IsMethod, Name: f.Name, Path: obj + ":" + f.Name, Owner: c.Name, Doc: f.Doc, Func: f, Type: first(f)})
		}
	}
	for i := range m.Records {
		r := &m.Records[i]
		x.add(&Entry{Kind: IsRecord, Name: r.Name, Path: r.Name, Doc: r.Doc, Record: r, Type: Table(r.Name)})
		for j := range r.Fields {
			f := &r.Fields[j]
			x.add(&Entry{Kind: IsOption, Name: f.Name, Path: r.Name + "." + f.Name, Owner: r.Name, Doc: f.Doc, Field: f, Type: f.Type})
		}
	}
	for i := range m.Registers {
		r := &m.Registers[i]
		e := &Entry{Kind: IsRegister, Name: r.Name, Path: r.Name, Doc: r.Doc, Register: r}
		x.add(e)
		for _, a := range r.Aliases {
			x.name(a, e)
		}
		for j := range r.Fields {
			b := &r.Fields[j]
			x.add(&Entry{Kind: IsBits, Name: b.Name, Path: r.Name + "." + b.Name, Owner: r.Name, Doc: b.Doc, Bits: b, Register: r})
		}
	}
	for i := range m.Errnos {
		e := &m.Errnos[i]
		x.add(&Entry{Kind: IsErrno, Name: e.Name, Path: e.Name, Doc: e.Doc, Type: Int})
	}
	for i := range m.Topics {
		t := &m.Topics[i]
		e := &Entry{Kind: IsTopic, Name: t.Name, Path: t.Name, Doc: t.Doc}
		x.add(e)
		if t.Names != "" {
			x.patterns = append(x.patterns, pattern{regexp.MustCompile("^(?i:" + t.Names + ")$"), e})
		}
	}
}

func first(f *Func) Type {
	if len(f.Results) == 0 {
		return True
	}
	return f.Results[0].Type
}

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

// Modules are the modules that the index was made of.
func (x *Index) Modules() []*Module { return x.modules }

// Entries are all entries, in the order of the description.
func (x *Index) Entries() []*Entry { return x.entries }

// Lookup finds everything that a name may mean, in the order of the description: "perf_event_open",
// "m:perf_event_open", "machine.perf_event_open", "hw.machine", "attr.len", "WCR", "ENOSPC". What is written with
// the same capitals comes first, others follow; a name that begins with a variable of another name
// ("my_event:enable") is found by its last part.
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
	for _, p := range x.patterns {
		if p.names.MatchString(name) {
			return []*Entry{p.entry}
		}
	}
	return nil
}

// other is 1 for an entry that name means only with other capitals.
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

// Members are what belongs to a class, record, register or module ("event", "attr", "hw", "hw.ctrl"; "" for the
// words that are globals themselves), in the order of the description.
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

// Options are the fields of the tables that a function takes, by any name that Lookup knows it by.
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

// Element is the type of what a value of type t holds by index: an array's elements, w[cpu], cpu.wcr[n]; Nil
// where it cannot be indexed.
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
