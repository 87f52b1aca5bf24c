// The words of the description: modules, functions, classes, records, registers and what hangs on them.

// Package schema is the language in which a script API is described: once, as plain data, so that the bindings,
// the help of a prompt, its completion, the editor file and the reference all say the same. It knows neither Lua
// nor hardware; what a description means to a runtime is the business of whoever binds it.
//
//	var board = Module{
//		Name: "board",
//		Doc:  "The board under test.",
//		Funcs: []Func{{
//			Name:   "reset",
//			Doc:    "Pull a reset line.",
//			Params: []Param{{Name: "line", Type: Int, Doc: "its number"}},
//			Errors: []Errno{{Name: "ENODEV", Doc: "there is no such line"}},
//			Sample: `board.reset(2)`,
//			Go:     reset,
//		}},
//	}
//	x := NewIndex(&board)
//	fmt.Println(x.Lookup("reset")[0].Signature()) // board.reset(line: integer) -> true
//
// Left out: overloads (a parameter may be of several types instead), inheritance, and anything that would need
// the description to be executed.
package describe

import "slices"

// A Module is a named set of functions and values, and the classes and records that they use.
type Module struct {
	Name      string // as require and the global know it; "" for words that are globals themselves
	Doc       string
	Funcs     []Func
	Fields    []Field // values that are not functions
	Modules   []Module
	Classes   []Class
	Records   []Record
	Registers []Register
	Errnos    []Errno
	Topics    []Topic
}

// A Class is a kind of object that scripts hold.
type Class struct {
	Name    string
	Short   string // what examples call an object, "" for Name
	Doc     string
	Fields  []Field
	Methods []Func
	Index   *Indexed // what obj[k] gives, nil when it cannot be indexed by values
	Len     string   // what #obj is, "" when it has no length
	Sample  string
}

// ObjectName returns the name of an object of the class in examples.
func (c *Class) ObjectName() string {
	if c.Short != "" {
		return c.Short
	}
	return c.Name
}

// An Indexed describes indexing by something that is no field name: w[cpu], cpu.wcr[n].
type Indexed struct {
	Key   Param
	Value Type
	Doc   string
	Write string // how an element changes, for the message: none can be assigned to
	Each  string // how to go through them, for the message: an object is no table
	Go    any
}

// A Record is a table with known fields: options that a function takes, or a table that one returns.
type Record struct {
	Name   string
	Doc    string
	Fields []Field
	Out    bool // made by us and returned, rather than given by the script
}

// A Field is a value with a name: of an object, a record or a module.
type Field struct {
	Name     string
	Doc      string
	Type     Type
	Optional bool   // a record's field that may be left out, an object's that may be nil
	Default  string // what it is when left out, in Lua or in words
	Writable bool
	Change   string // how an object's field that is not writable changes, for the message
	Go       any    // how it is read from the Go value, or where a record's field goes in it
}

// A Func is a function, method or assertion.
type Func struct {
	Name    string
	Doc     string // its first sentence is the summary
	Params  []Param
	Results []Param  // none: it returns true
	Errors  []Errno  // refusals: nil, message, name
	Kernel  string   // the kernel file that has it, for those that are the kernel's own
	See     []string // names of what belongs to it
	Sample  string   // runs as it stands
	Go      any      // the Go function that does it
}

// A Param is a parameter or a result.
type Param struct {
	Name     string
	Doc      string
	Type     Type
	Optional bool
	Default  string
	Variadic bool // the last one: any number of them
}

// An Errno is one way to be refused.
type Errno struct {
	Name   string // "ENOSPC"
	Doc    string
	Number int // in a module's table of errnos
}

// A Register is the layout of a register.
type Register struct {
	Name    string   // "DBGWCR"
	Aliases []string // "WCR"
	Doc     string
	Width   int
	Fields  []Bits
}

// Bits are one field of a register.
type Bits struct {
	Name   string // "LSC"
	Hi, Lo int
	Doc    string
	Values []Word
}

// A Word is a value that has a meaning of its own.
type Word struct {
	Value string // "\"w\"", "2"
	Doc   string
}

// A Topic is a text on something that is no function: time, literals.
type Topic struct {
	Name  string
	Doc   string
	Names string // a regular expression of what else it is the answer to, "" without
}

// A Kind is the kind of a Type.
type Kind uint8

const (
	KindAny     Kind = iota // anything but nil
	KindNil                 // nil
	KindBool                // true or false
	KindInt                 // an integer number
	KindU64                 // an exact integer up to 2^64-1: a number or a u64
	KindNumber              // any number
	KindString              // text
	KindTable               // a table of no particular shape
	KindFunc                // a function, with Params and Results
	KindClass               // an object of the class Name
	KindRecord              // a table that the record Name describes
	KindArray               // a table 1..n of Elem[0]
	KindMap                 // a table from Elem[0] to Elem[1]
	KindEnum                // one of Words
	KindUnion               // one of Elem
	KindModule              // a module's table, Name its full name
	KindLiteral             // true and false alone: Name
)

// A Type is what a value may be.
type Type struct {
	Kind    Kind
	Name    string
	Elem    []Type
	Words   []Word
	Names   []Word // of a KindString: names that it may be, too many to list; completion offers them
	Params  []Param
	Results []Param
}

// The plain types.
var (
	Any    = Type{Kind: KindAny}
	Nil    = Type{Kind: KindNil}
	Bool   = Type{Kind: KindBool}
	Int    = Type{Kind: KindInt}
	U64    = Type{Kind: KindU64}
	Number = Type{Kind: KindNumber}
	String = Type{Kind: KindString}
	AnyTab = Type{Kind: KindTable}
	True   = Type{Kind: KindLiteral, Name: "true"}
)

// Object is the type of the class of that name.
func Object(class string) Type { return Type{Kind: KindClass, Name: class} }

// Table is the type of a table that the record of that name describes.
func Table(record string) Type { return Type{Kind: KindRecord, Name: record} }

// Array is a table 1..n.
func Array(of Type) Type { return Type{Kind: KindArray, Elem: []Type{of}} }

// Map is a table from keys to values.
func Map(key, value Type) Type { return Type{Kind: KindMap, Elem: []Type{key, value}} }

// Union is one of several types.
func Union(of ...Type) Type { return Type{Kind: KindUnion, Elem: of} }

// Enum is one of several strings; pairs are the string and its meaning.
func Enum(pairs ...string) Type {
	t := Type{Kind: KindEnum}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Words = append(t.Words, Word{Value: `"` + pairs[i] + `"`, Doc: pairs[i+1]})
	}
	return t
}

// NameOf is text that names one of many known things.
func NameOf(names []Word) Type { return Type{Kind: KindString, Names: names} }

// Func1 is a function that scripts give or get.
func Func1(params, results []Param) Type {
	return Type{Kind: KindFunc, Params: params, Results: results}
}

// TakesNil reports whether nil is a value of the type, and not only what is left out.
func (t Type) TakesNil() bool {
	return t.Kind == KindNil || t.Kind == KindUnion && slices.ContainsFunc(t.Elem, Type.TakesNil)
}

// Strings are the strings of an enumeration, without quotes.
func (t Type) Strings() []string {
	var out []string
	for _, w := range t.Words {
		if len(w.Value) >= 2 && w.Value[0] == '"' {
			out = append(out, w.Value[1:len(w.Value)-1])
		}
	}
	return out
}

// String is the type as an editor writes it: "integer", "event[]", "\"r\"|\"w\"", "fun(ev: event)".
func (t Type) String() string { return t.text(false) }

func (t Type) text(inUnion bool) string {
	switch t.Kind {
	case KindNil:
		return "nil"
	case KindBool:
		return "boolean"
	case KindInt:
		return "integer"
	case KindU64:
		return "u64"
	case KindNumber:
		return "number"
	case KindString:
		return "string"
	case KindTable:
		return "table"
	case KindClass, KindRecord, KindModule, KindLiteral:
		return t.Name
	case KindArray:
		if e := t.Elem[0]; e.Kind == KindUnion || e.Kind == KindEnum || e.Kind == KindFunc {
			return "(" + e.text(false) + ")[]"
		}
		return t.Elem[0].text(false) + "[]"
	case KindMap:
		return "table<" + t.Elem[0].text(false) + ", " + t.Elem[1].text(false) + ">"
	case KindEnum:
		s := ""
		for i, w := range t.Words {
			if i > 0 {
				s += "|"
			}
			s += w.Value
		}
		return s
	case KindUnion:
		s := ""
		for i, e := range t.Elem {
			if i > 0 {
				s += "|"
			}
			s += e.text(true)
		}
		return s
	case KindFunc:
		s := "fun(" + params(t.Params) + ")"
		if len(t.Results) > 0 {
			s += ": " + results(t.Results)
		}
		if inUnion {
			return "(" + s + ")"
		}
		return s
	}
	return "any"
}

func params(ps []Param) string {
	s := ""
	for i, p := range ps {
		if i > 0 {
			s += ", "
		}
		name := p.Name
		if p.Variadic {
			name = "..."
		}
		s += name
		if p.Optional && !p.Variadic {
			s += "?"
		}
		s += ": " + p.Type.text(false)
	}
	return s
}

func results(ps []Param) string {
	s := ""
	for i, p := range ps {
		if i > 0 {
			s += ", "
		}
		if p.Variadic {
			s += "..."
		}
		s += p.Type.text(false)
		if p.Optional {
			s += "|nil"
		}
	}
	return s
}

// Signature is the function's parameters and results in one line, "(attr: attr) -> event".
func (f *Func) Signature() string {
	s := "(" + params(f.Params) + ") -> "
	if len(f.Results) == 0 {
		return s + "true"
	}
	return s + results(f.Results)
}

// Summary is the first sentence of a text.
func Summary(doc string) string {
	for i := 0; i < len(doc); i++ {
		switch {
		case doc[i] == '\n':
			return doc[:i]
		case doc[i] == '.' && (i+1 == len(doc) || doc[i+1] == '\n' || doc[i+1] == ' ' && i+2 < len(doc) && doc[i+2] >= 'A' && doc[i+2] <= 'Z'):
			return doc[:i+1]
		}
	}
	return doc
}
