// The vocabulary of a description: modules, functions, classes, tables, registers and their parts.

// Package describe is the language in which a script API is described: once, as plain data, from
// which the bindings, the help of a prompt, its completion, the editor's definitions (LuaLS), the
// reference (Markdown) and a form for other programs (JSON) are made. It knows neither Lua nor
// hardware; the package that binds a description gives Go its meaning.
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
//	fmt.Println(x.Help(x.Lookup("reset")[0], 80))
//	os.WriteFile("REFERENCE.md", Markdown([]*Module{&board}), 0o666)
//	os.WriteFile("board.json", JSON([]*Module{&board}), 0o666)
//	_, err := Types("types", []*Module{&board}) // for the Lua language server
//
// Left out: overloads (a parameter may be of several types instead), inheritance, and anything that
// would have to run the description.
package describe

import (
	"slices"
	"strings"
)

// A Module is a named set of functions and values, with the classes and tables that they use.
type Module struct {
	Name      string     `json:"name"` // "" if its words are globals themselves
	Doc       string     `json:"doc"`
	Funcs     []Func     `json:"functions,omitempty"`
	Fields    []Field    `json:"values,omitempty"` // values that are not functions
	Modules   []Module   `json:"modules,omitempty"`
	Classes   []Class    `json:"classes,omitempty"`
	Records   []Record   `json:"tables,omitempty"`
	Registers []Register `json:"registers,omitempty"`
	Errnos    []Errno    `json:"errnos,omitempty"`
	Topics    []Topic    `json:"topics,omitempty"`

	// Loose says that the module has more names than those described, such as assert.are.equals.
	Loose bool `json:"-"`

	// Text returns a text that help prints as it is, by a name that lists, completion and the
	// reference leave out. It may be nil.
	Text func(name string) (text string, ok bool) `json:"-"`
}

// A Class is a kind of object that scripts hold.
type Class struct {
	Name    string   `json:"name"`
	Short   string   `json:"-"` // name of an object in examples, if not Name
	Doc     string   `json:"doc"`
	Fields  []Field  `json:"fields,omitempty"`
	Methods []Func   `json:"methods,omitempty"`
	Index   *Indexed `json:"index,omitempty"`  // describes obj[k], nil if objects are not indexed by values
	Len     string   `json:"length,omitempty"` // describes #obj, "" if objects have no length
	Sample  string   `json:"sample,omitempty"`
}

// ObjectName returns the name of an object of the class in examples.
func (c *Class) ObjectName() string {
	if c.Short != "" {
		return c.Short
	}
	return c.Name
}

// An Indexed describes indexing by a value that is not a field's name: w[cpu], cpu.wcr[n].
type Indexed struct {
	Key   Param  `json:"key"`
	Value Type   `json:"value"`
	Doc   string `json:"doc"`
	Write string `json:"-"` // how an element changes, for the error about assigning to one
	Each  string `json:"-"` // how to iterate, for the error about pairs
	Go    any    `json:"-"`
}

// A Record is a table with known fields: options that a function takes, or a table that it returns.
type Record struct {
	Name   string  `json:"name"`
	Doc    string  `json:"doc"`
	Out    bool    `json:"result,omitempty"` // returned, rather than passed by the script
	Fields []Field `json:"fields"`
}

// A Field is a named value of an object, a table or a module.
type Field struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Doc      string `json:"doc"`
	Optional bool   `json:"optional,omitempty"` // may be left out of a table, may be nil in an object
	Default  string `json:"default,omitempty"`  // value of a field that is left out, in Lua or in words
	Writable bool   `json:"writable,omitempty"`
	Change   string `json:"-"` // how a read-only field changes, for the error about assigning to it
	Go       any    `json:"-"` // how the field is read and set in Go
}

// A Func is a function, method or assertion.
type Func struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc"` // the first sentence is the summary
	Params  []Param  `json:"params,omitempty"`
	Results []Param  `json:"results,omitempty"` // none: it returns true
	Errors  []Errno  `json:"errors,omitempty"`  // refusals: nil, message, name
	Kernel  string   `json:"kernel,omitempty"`  // file of the kernel's function of that name
	See     []string `json:"see,omitempty"`     // names of related entries
	Sample  string   `json:"sample,omitempty"`  // a script that runs
	Go      any      `json:"-"`                 // the function in Go
}

// A Param is a parameter or a result.
type Param struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Doc      string `json:"doc,omitempty"`
	Optional bool   `json:"optional,omitempty"`
	Default  string `json:"default,omitempty"`
	Variadic bool   `json:"variadic,omitempty"` // the last parameter: any number of them
}

// An Errno is a reason for a refusal.
type Errno struct {
	Name   string `json:"name"`             // "ENOSPC"
	Number int    `json:"number,omitempty"` // in a module's table of errnos
	Doc    string `json:"doc"`
}

// A Register is the layout of a register.
type Register struct {
	Name    string   `json:"name"`              // "DBGWCR"
	Aliases []string `json:"aliases,omitempty"` // "WCR"
	Doc     string   `json:"doc"`
	Width   int      `json:"width"`
	Fields  []Bits   `json:"fields"`
}

// Bits are one field of a register.
type Bits struct {
	Name   string `json:"name"` // "LSC"
	Hi     int    `json:"high"`
	Lo     int    `json:"low"`
	Doc    string `json:"doc"`
	Values []Word `json:"values,omitempty"`
}

// A Word is a value with a meaning of its own.
type Word struct {
	Value string `json:"value"` // "\"w\"", "2"
	Doc   string `json:"doc,omitempty"`
}

// A Topic is a text about something that is not a value: time, literals.
type Topic struct {
	Name  string `json:"name"`
	Doc   string `json:"doc"`
	Names string `json:"-"` // a regular expression of other names that the topic explains, "" without
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
	KindTable               // any table
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
	Names   []Word // of a KindString: the known names, too many to list, which completion offers
	Hex     bool   // its numbers print in hexadecimal: addresses, registers and masks
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
	Hex    = Type{Kind: KindU64, Hex: true}
	Number = Type{Kind: KindNumber}
	String = Type{Kind: KindString}
	AnyTab = Type{Kind: KindTable}
	True   = Type{Kind: KindLiteral, Name: "true"}
)

// Object returns the type of the class of that name.
func Object(class string) Type { return Type{Kind: KindClass, Name: class} }

// Table returns the type of the tables that the record of that name describes.
func Table(record string) Type { return Type{Kind: KindRecord, Name: record} }

// Array returns the type of a table 1..n.
func Array(of Type) Type { return Type{Kind: KindArray, Elem: []Type{of}} }

// Map returns the type of a table from keys to values.
func Map(key, value Type) Type { return Type{Kind: KindMap, Elem: []Type{key, value}} }

// Union returns the type of a value of one of several types.
func Union(of ...Type) Type { return Type{Kind: KindUnion, Elem: of} }

// Enum returns the type of one of several strings. pairs are each string and its meaning.
func Enum(pairs ...string) Type {
	t := Type{Kind: KindEnum}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Words = append(t.Words, Word{Value: `"` + pairs[i] + `"`, Doc: pairs[i+1]})
	}
	return t
}

// NameOf returns the type of text that names one of many known things.
func NameOf(names []Word) Type { return Type{Kind: KindString, Names: names} }

// Func1 returns the type of a function that scripts pass or get.
func Func1(params, results []Param) Type {
	return Type{Kind: KindFunc, Params: params, Results: results}
}

// TakesNil reports whether nil is a value of the type, rather than only a value that was left out.
func (t Type) TakesNil() bool {
	return t.Kind == KindNil || t.Kind == KindUnion && slices.ContainsFunc(t.Elem, Type.TakesNil)
}

// Strings returns the strings of an enumeration, without quotes.
func (t Type) Strings() []string {
	var out []string
	for _, w := range t.Words {
		if len(w.Value) >= 2 && w.Value[0] == '"' {
			out = append(out, w.Value[1:len(w.Value)-1])
		}
	}
	return out
}

// String returns the type as an editor writes it: "integer", "event[]", "\"r\"|\"w\"", "fun(ev: event)".
func (t Type) String() string { return t.text("", false) }

// plainNames are the names of the kinds that need nothing else.
var plainNames = map[Kind]string{
	KindAny:    "any",
	KindNil:    "nil",
	KindBool:   "boolean",
	KindInt:    "integer",
	KindU64:    "u64",
	KindNumber: "number",
	KindString: "string",
	KindTable:  "table",
}

// text returns the type with prefix before the names of classes and records. Inside a union a function
// is in parentheses.
func (t Type) text(prefix string, inUnion bool) string {
	switch t.Kind {
	case KindClass, KindRecord:
		return prefix + t.Name
	case KindModule, KindLiteral:
		return t.Name
	case KindArray:
		return t.Elem[0].inParens(prefix) + "[]"
	case KindMap:
		return "table<" + t.Elem[0].text(prefix, false) + ", " + t.Elem[1].text(prefix, false) + ">"
	case KindEnum:
		return join(t.Words, "|", func(w Word) string { return w.Value })
	case KindUnion:
		return join(t.Elem, "|", func(e Type) string { return e.text(prefix, true) })
	case KindFunc:
		s := "fun(" + params(t.Params, prefix) + ")"
		if len(t.Results) > 0 {
			s += ": " + results(t.Results, prefix)
		}
		if inUnion {
			return "(" + s + ")"
		}
		return s
	}
	return plainNames[t.Kind]
}

// inParens returns the type as it is written before a suffix.
func (t Type) inParens(prefix string) string {
	s := t.text(prefix, false)
	if t.Kind == KindUnion || t.Kind == KindEnum || t.Kind == KindFunc {
		return "(" + s + ")"
	}
	return s
}

// join returns the texts of items, with sep between them.
func join[T any](items []T, sep string, text func(T) string) string {
	texts := make([]string, len(items))
	for i, x := range items {
		texts[i] = text(x)
	}
	return strings.Join(texts, sep)
}

// label returns the parameter's name, with a question mark if it may be left out.
func (p *Param) label() string {
	switch {
	case p.Variadic:
		return "..."
	case p.Optional:
		return p.Name + "?"
	}
	return p.Name
}

func params(ps []Param, prefix string) string {
	return join(ps, ", ", func(p Param) string { return p.label() + ": " + p.Type.text(prefix, false) })
}

func results(ps []Param, prefix string) string {
	return join(ps, ", ", func(p Param) string {
		s := p.Type.text(prefix, false)
		if p.Variadic {
			s = "..." + s
		}
		if p.Optional {
			s += "|nil"
		}
		return s
	})
}

// withDefault returns a text and, in parentheses, the default.
func withDefault(doc, def string) string {
	if def == "" {
		return doc
	}
	return strings.TrimSpace(doc + " (" + def + ")")
}

// Signature returns the function's parameters and results on one line: "(attr: attr) -> event".
func (f *Func) Signature() string {
	s := "(" + params(f.Params, "") + ") -> "
	if len(f.Results) == 0 {
		return s + "true"
	}
	return s + results(f.Results, "")
}

// Summary returns the first sentence of a text: up to a newline, or a period at the end or before a
// capital.
func Summary(doc string) string {
	for i := 0; i < len(doc); i++ {
		switch {
		case doc[i] == '\n':
			return doc[:i]
		case doc[i] == '.' && endsSentence(doc[i+1:]):
			return doc[:i+1]
		}
	}
	return doc
}

// endsSentence reports whether a period before rest ends a sentence.
func endsSentence(rest string) bool {
	if rest == "" || rest[0] == '\n' {
		return true
	}
	return len(rest) > 1 && rest[0] == ' ' && 'A' <= rest[1] && rest[1] <= 'Z'
}
