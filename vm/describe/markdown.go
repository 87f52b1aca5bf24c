// The reference, in Markdown.

package describe

import (
	"fmt"
	"strings"
)

// Markdown returns the reference of the script API.
func Markdown(modules []*Module) []byte {
	var b strings.Builder
	b.WriteString("# Reference of the script API\n\n")
	b.WriteString("Generated from the description of the API; do not edit.\n\n")
	x := NewIndex(modules...)
	for _, m := range modules {
		section(&b, x, m, m.Name, 2)
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

func heading(b *strings.Builder, level int, format string, args ...any) {
	fmt.Fprintf(b, "%s %s\n\n", strings.Repeat("#", level), fmt.Sprintf(format, args...))
}

// section writes a module, and those in it, under a heading of that level.
func section(b *strings.Builder, x *Index, m *Module, full string, level int) {
	title := full
	if title == "" {
		title = "Words of scenario files"
	}
	heading(b, level, "%s", title)
	b.WriteString(m.Doc + "\n\n")
	for i := range m.Topics {
		fmt.Fprintf(b, "**%s.** %s\n\n", m.Topics[i].Name, escape(m.Topics[i].Doc))
	}
	fieldTable(b, "value", m.Fields)
	for _, e := range x.Members(full) {
		if e.Kind == IsFunc {
			function(b, e, level+1)
		}
	}
	for i := range m.Modules {
		sub := &m.Modules[i]
		name := sub.Name
		if full != "" {
			name = full + "." + name
		}
		section(b, x, sub, name, level+1)
	}
	for i := range m.Classes {
		class(b, x, &m.Classes[i], level)
	}
	tables(b, m.Records, level)
	registers(b, m.Registers, level)
	errnos(b, m.Errnos, level)
}

// class writes a class: its fields, index, length, sample and methods.
func class(b *strings.Builder, x *Index, c *Class, level int) {
	heading(b, level, "Class %s", c.Name)
	b.WriteString(c.Doc + "\n\n")
	fieldTable(b, "field", c.Fields)
	if c.Index != nil {
		fmt.Fprintf(b, "`[%s]` is a `%s`. %s\n\n", c.Index.Key.Name, c.Index.Value, c.Index.Doc)
	}
	if c.Len != "" {
		fmt.Fprintf(b, "`#` is %s.\n\n", c.Len)
	}
	code(b, c.Sample)
	for _, e := range x.Members(c.Name) {
		if e.Kind == IsMethod && e.Owner == c.Name {
			function(b, e, level+1)
		}
	}
}

func tables(b *strings.Builder, records []Record, level int) {
	if len(records) > 0 {
		heading(b, level, "Tables")
	}
	for i := range records {
		r := &records[i]
		heading(b, level+1, "%s", r.Name)
		b.WriteString(r.Doc + "\n\n")
		fieldTable(b, "field", r.Fields)
	}
}

// registers writes the layout of each register, as a picture and as a table.
func registers(b *strings.Builder, regs []Register, level int) {
	if len(regs) > 0 {
		heading(b, level, "Registers")
	}
	for i := range regs {
		r := &regs[i]
		heading(b, level+1, "%s", r.Name)
		b.WriteString(escape(r.Doc) + "\n\n```\n" + r.Picture("", 100) + "```\n\n")
		b.WriteString("| bits | name | meaning |\n| --- | --- | --- |\n")
		for j := range r.Fields {
			f := &r.Fields[j]
			doc := f.Doc
			if len(f.Values) > 0 {
				doc += " " + join(f.Values, ", ", func(w Word) string { return w.Value + " " + w.Doc }) + "."
			}
			fmt.Fprintf(b, "| %s | %s | %s |\n", strings.Trim(f.Range(), "[]"), f.Name, cell(doc))
		}
		b.WriteByte('\n')
	}
}

func errnos(b *strings.Builder, list []Errno, level int) {
	if len(list) == 0 {
		return
	}
	heading(b, level, "Errnos")
	b.WriteString("| name | meaning |\n| --- | --- |\n")
	for _, e := range list {
		fmt.Fprintf(b, "| %s | %s |\n", e.Name, cell(e.Doc))
	}
	b.WriteByte('\n')
}

// function writes the signature, texts and sample of a function.
func function(b *strings.Builder, e *Entry, level int) {
	f := e.Func
	heading(b, level, "%s", e.Path)
	fmt.Fprintf(b, "`%s`\n\n%s\n\n", e.Signature(), escape(f.Doc))
	before := b.Len()
	for _, p := range f.Params {
		if p.Doc == "" && p.Default == "" && len(p.Type.Words) == 0 {
			continue
		}
		fmt.Fprintf(b, "- `%s`: %s\n", p.Name, escape(withDefault(p.Doc, p.Default)))
	}
	for _, r := range f.Results {
		if r.Doc != "" {
			fmt.Fprintf(b, "- returns `%s`: %s\n", r.Name, escape(r.Doc))
		}
	}
	for _, r := range f.Errors {
		fmt.Fprintf(b, "- refused with `%s`: %s\n", r.Name, escape(r.Doc))
	}
	if f.Kernel != "" {
		fmt.Fprintf(b, "- in the kernel: `%s`\n", f.Kernel)
	}
	if len(f.See) > 0 {
		fmt.Fprintf(b, "- see `%s`\n", strings.Join(f.See, "`, `"))
	}
	if b.Len() > before {
		b.WriteByte('\n')
	}
	code(b, f.Sample)
}

func code(b *strings.Builder, sample string) {
	if s := strings.TrimSpace(sample); s != "" {
		fmt.Fprintf(b, "```lua\n%s\n```\n\n", s)
	}
}

// fieldTable writes a table of fields with their types.
func fieldTable(b *strings.Builder, what string, fields []Field) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "| %s | type | meaning |\n| --- | --- | --- |\n", what)
	for _, f := range fields {
		t := f.Type.String()
		if f.Optional && f.Default == "" {
			t += "|nil"
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", f.Name, strings.ReplaceAll(t, "|", "\\|"),
			cell(withDefault(f.Doc, f.Default)))
	}
	b.WriteByte('\n')
}

func cell(s string) string { return strings.ReplaceAll(escape(s), "|", "\\|") }

// escape keeps text from being read as markup where it holds names with underscores and stars.
func escape(s string) string {
	return strings.NewReplacer("*", "\\*", "<", "\\<").Replace(s)
}
