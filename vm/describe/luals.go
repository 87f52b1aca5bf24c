// The editor's definition file, in the annotations of the Lua language server.

package describe

import (
	"fmt"
	"strings"
)

// prefix keeps the class names apart from those of other libraries.
const prefix = "hw."

// LuaLS returns the definition file: everything that is described, as annotations on empty functions.
func LuaLS(modules []*Module) []byte {
	var b strings.Builder
	b.WriteString("---@meta hw\n\n")
	b.WriteString("-- Generated from the description of the script API; do not edit.\n\n")
	b.WriteString("---An exact integer up to 2^64-1. Below 2^53 it is an ordinary number.\n")
	b.WriteString("---@alias u64 integer\n\n")
	for _, m := range modules {
		writeModule(&b, m, m.Name)
	}
	b.WriteString("return hw\n")
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return []byte(strings.Join(lines, "\n"))
}

// Luarc returns settings for the language server: Lua 5.1 with the globals of the definition file.
func Luarc() []byte {
	return []byte(`{
  "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/json",
  "runtime.version": "Lua 5.1",
  "runtime.builtin": { "bit": "disable", "ffi": "disable", "jit": "disable", "utf8": "disable" },
  "workspace.checkThirdParty": false,
  "diagnostics.globals": ["m"]
}
`)
}

// writeModule writes tables, classes, values and functions of a module, and the modules in it.
func writeModule(b *strings.Builder, m *Module, full string) {
	for i := range m.Records {
		r := &m.Records[i]
		comment(b, r.Doc)
		fmt.Fprintf(b, "---@class %s%s\n", prefix, r.Name)
		for j := range r.Fields {
			writeField(b, &r.Fields[j])
		}
		b.WriteByte('\n')
	}
	for i := range m.Classes {
		c := &m.Classes[i]
		comment(b, c.Doc)
		fmt.Fprintf(b, "---@class %s%s\n", prefix, c.Name)
		for j := range c.Fields {
			writeField(b, &c.Fields[j])
		}
		if x := c.Index; x != nil {
			fmt.Fprintf(b, "---@field [%s] %s %s\n", luaType(x.Key.Type), luaType(x.Value), oneLine(x.Doc))
		}
		if c.Len != "" {
			b.WriteString("---@operator len: integer\n")
		}
		fmt.Fprintf(b, "local %s = {}\n\n", c.Name)
		for j := range c.Methods {
			writeFunc(b, &c.Methods[j], c.Name+":")
		}
	}
	at := ""
	if full != "" {
		at = full + "."
		comment(b, m.Doc)
		fmt.Fprintf(b, "---@class %s\n", moduleClass(full))
		for i := range m.Fields {
			writeField(b, &m.Fields[i])
		}
		if full == "assert" {
			b.WriteString("---@overload fun(v: any, message?: any, ...: any): ...\n")
		}
		fmt.Fprintf(b, "%s = {}\n\n", full)
	}
	for i := range m.Funcs {
		writeFunc(b, &m.Funcs[i], at)
	}
	for i := range m.Modules {
		writeModule(b, &m.Modules[i], at+m.Modules[i].Name)
	}
}

// moduleClass returns the class of a module's table.
func moduleClass(full string) string { return full + "lib" }

func comment(b *strings.Builder, doc string) {
	for line := range strings.SplitSeq(strings.TrimSpace(doc), "\n") {
		b.WriteString("---" + line + "\n")
	}
}

func oneLine(doc string) string { return strings.ReplaceAll(strings.TrimSpace(doc), "\n", " ") }

func writeField(b *strings.Builder, f *Field) {
	q := ""
	if f.Optional {
		q = "?"
	}
	doc := oneLine(f.Doc)
	if f.Default != "" {
		doc += " (default: " + f.Default + ")"
	}
	fmt.Fprintf(b, "---@field %s%s %s %s\n", f.Name, q, luaType(f.Type), doc)
}

// writeFunc writes the annotations of a function and an empty body. A function that can be refused
// also returns a message and an errno.
func writeFunc(b *strings.Builder, f *Func, at string) {
	comment(b, f.Doc)
	if f.Kernel != "" {
		fmt.Fprintf(b, "---\n---Kernel: `%s`\n", f.Kernel)
	}
	if s := strings.TrimSpace(f.Sample); s != "" {
		b.WriteString("---\n---```lua\n")
		for line := range strings.SplitSeq(s, "\n") {
			b.WriteString("---" + line + "\n")
		}
		b.WriteString("---```\n")
	}
	var names []string
	for _, p := range f.Params {
		name, q := p.Name, ""
		if p.Variadic {
			name = "..."
		} else if p.Optional {
			q = "?"
		}
		doc := oneLine(p.Doc)
		if p.Default != "" {
			doc += " (default: " + p.Default + ")"
		}
		fmt.Fprintf(b, "---@param %s%s %s %s\n", name, q, luaType(p.Type), doc)
		names = append(names, name)
	}
	switch {
	case len(f.Results) == 0 && len(f.Errors) > 0:
		b.WriteString("---@return true? ok\n")
	case len(f.Results) == 0:
		if !strings.HasPrefix(at, "assert") && at != "" {
			b.WriteString("---@return true\n")
		}
	}
	for i, r := range f.Results {
		q := ""
		if r.Optional || i == 0 && len(f.Errors) > 0 {
			q = "?"
		}
		if r.Variadic {
			fmt.Fprintf(b, "---@return %s ...\n", luaType(r.Type))
			continue
		}
		fmt.Fprintf(b, "---@return %s%s %s %s\n", inParens(r.Type, q), q, r.Name, oneLine(r.Doc))
	}
	if len(f.Errors) > 0 && len(f.Results) <= 1 {
		var names []string
		for _, e := range f.Errors {
			names = append(names, `"`+e.Name+`"`)
		}
		b.WriteString("---@return string? message if it was refused\n")
		fmt.Fprintf(b, "---@return %s|nil errno %s\n", strings.Join(names, "|"), refusals(f.Errors))
	}
	fmt.Fprintf(b, "function %s%s(%s) end\n\n", at, f.Name, strings.Join(names, ", "))
}

// refusals lists errnos with their reasons.
func refusals(errs []Errno) string {
	var parts []string
	for _, e := range errs {
		parts = append(parts, e.Name+": "+oneLine(e.Doc))
	}
	return strings.Join(parts, "; ")
}

func inParens(t Type, suffix string) string {
	s := luaType(t)
	if suffix != "" && (t.Kind == KindUnion || t.Kind == KindEnum || t.Kind == KindFunc) {
		return "(" + s + ")"
	}
	return s
}

// luaType returns a type as the language server writes it.
func luaType(t Type) string {
	switch t.Kind {
	case KindClass, KindRecord:
		return prefix + t.Name
	case KindModule:
		return moduleClass(t.Name)
	case KindArray:
		return inParens(t.Elem[0], "[]") + "[]"
	case KindMap:
		return "table<" + luaType(t.Elem[0]) + ", " + luaType(t.Elem[1]) + ">"
	case KindUnion:
		var parts []string
		for _, e := range t.Elem {
			if e.Kind == KindFunc {
				parts = append(parts, "("+luaType(e)+")")
			} else {
				parts = append(parts, luaType(e))
			}
		}
		return strings.Join(parts, "|")
	case KindFunc:
		var ps, rs []string
		for _, p := range t.Params {
			name := p.Name
			if p.Variadic {
				name = "..."
			}
			ps = append(ps, name+": "+luaType(p.Type))
		}
		for _, r := range t.Results {
			s := luaType(r.Type)
			if r.Variadic {
				s = "..." + s
			} else if r.Optional {
				s += "?"
			}
			rs = append(rs, s)
		}
		s := "fun(" + strings.Join(ps, ", ") + ")"
		if len(rs) > 0 {
			s += ": " + strings.Join(rs, ", ")
		}
		return s
	}
	return t.String()
}
