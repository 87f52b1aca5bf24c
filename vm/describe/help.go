// Entries as text, for a prompt's help and the doc command.

package describe

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/phrase"
)

// Help returns the full description of an entry as text for a terminal of the given width (0: 80).
func (x *Index) Help(e *Entry, width int) string {
	if width <= 20 {
		width = 80
	}
	if e.Kind == IsText {
		return e.Doc + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Signature())
	para(&b, e.Doc, "  ", width)
	switch e.Kind {
	case IsFunc, IsMethod:
		x.helpFunc(&b, e, width)
	case IsClass:
		if c := e.Class; c.Index != nil {
			row(&b, "["+c.Index.Key.Name+"]: "+c.Index.Value.String(), c.Index.Doc, width)
		}
		if e.Class.Len != "" {
			row(&b, "#", e.Class.Len, width)
		}
		x.list(&b, x.members[e.Name], width)
		sample(&b, e.Class.Sample)
	case IsModule, IsRecord:
		x.list(&b, x.members[e.Path], width)
	case IsRegister:
		b.WriteByte('\n')
		b.WriteString(e.Register.Picture("  ", width))
		for i := range e.Register.Fields {
			f := &e.Register.Fields[i]
			row(&b, f.Name+f.Range(), f.Doc, width)
			for _, v := range f.Values {
				row(&b, "  "+v.Value, v.Doc, width)
			}
		}
	case IsBits:
		for _, v := range e.Bits.Values {
			row(&b, v.Value, v.Doc, width)
		}
	case IsField, IsOption, IsValue:
		words(&b, e.Type, width)
		for _, name := range recordsIn(e.Type) {
			x.list(&b, x.members[name], width)
		}
	}
	return b.String()
}

// helpFunc writes parameters, the fields of table parameters, results, refusals and references.
func (x *Index) helpFunc(b *strings.Builder, e *Entry, width int) {
	f := e.Func
	for _, p := range f.Params {
		if p.Doc != "" {
			row(b, p.Name, withDefault(p.Doc, p.Default), width)
		}
	}
	if opts := x.Options(e.Path); len(opts) > 0 {
		b.WriteString("\n  fields\n")
		for _, o := range opts {
			row(b, o.Name, withDefault(o.Doc, o.Field.Default), width)
		}
	}
	for i, r := range f.Results {
		if r.Doc == "" {
			continue
		}
		row(b, [...]string{"returns", "and"}[min(i, 1)], r.Doc, width)
	}
	if len(f.Errors) > 0 {
		b.WriteString("\n  refused with\n")
		for _, r := range f.Errors {
			row(b, r.Name, r.Doc, width)
		}
	}
	if f.Kernel != "" {
		row(b, "kernel", f.Kernel, width)
	}
	if len(f.See) > 0 {
		row(b, "see", strings.Join(f.See, ", "), width)
	}
	sample(b, f.Sample)
}

func (x *Index) list(b *strings.Builder, es []*Entry, width int) {
	if len(es) > 0 {
		b.WriteByte('\n')
	}
	for _, e := range es {
		name := e.Name
		if e.Kind == IsMethod {
			name = ":" + name
		}
		doc := e.Summary()
		if e.Kind == IsOption {
			doc = withDefault(doc, e.Field.Default)
		}
		row(b, name, doc, width)
	}
}

func words(b *strings.Builder, t Type, width int) {
	for _, w := range t.Words {
		row(b, w.Value, w.Doc, width)
	}
	if t.Kind == KindUnion {
		for _, e := range t.Elem {
			words(b, e, width)
		}
	}
}

func sample(b *strings.Builder, s string) {
	if s == "" {
		return
	}
	b.WriteByte('\n')
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		b.WriteString("    " + line + "\n")
	}
}

// row writes a name and, in the next column, a text.
func row(b *strings.Builder, name, doc string, width int) {
	const col = 18
	b.WriteString("  " + name)
	if doc == "" {
		b.WriteByte('\n')
		return
	}
	if len(name)+2 >= col {
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(" ", col))
	} else {
		b.WriteString(strings.Repeat(" ", col-2-len(name)))
	}
	wrap(b, doc, strings.Repeat(" ", col), width, true)
}

func para(b *strings.Builder, doc, indent string, width int) {
	for line := range strings.SplitSeq(doc, "\n") {
		wrap(b, line, indent, width, false)
	}
}

// wrap breaks a text into lines. If started is set, the first line is indented already.
func wrap(b *strings.Builder, text, indent string, width int, started bool) {
	if !started && text != "" {
		b.WriteString(indent)
	}
	b.WriteString(phrase.Wrap(text, width-len(indent), indent) + "\n")
}

// Picture draws the register's fields in a row, highest bit first, in as many rows as the width needs.
func (r *Register) Picture(indent string, width int) string {
	var b strings.Builder
	for i := 0; i < len(r.Fields); {
		top, bar, mid := indent, indent+"+", indent+"|"
		n := 0
		for ; i < len(r.Fields); i, n = i+1, n+1 {
			f := &r.Fields[i]
			pos := strings.ReplaceAll(strings.Trim(f.Range(), "[]"), ":", " ")
			w := max(len(pos), len(f.Name)) + 2
			if n > 0 && len(bar)+w+1 > width {
				break
			}
			if hi, lo, two := strings.Cut(pos, " "); two {
				top += " " + hi + strings.Repeat(" ", w-len(hi)-len(lo)) + lo
			} else {
				top += " " + center(pos, w)
			}
			bar += strings.Repeat("-", w) + "+"
			mid += center(f.Name, w) + "|"
		}
		for _, line := range []string{top, bar, mid, bar} {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.String()
}

func center(s string, w int) string {
	left := (w - len(s)) / 2
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", w-len(s)-left)
}
