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
		writeClass(b, prefix+r.Name, r.Doc, r.Fields)
		b.WriteByte('\n')
	}
	for i := range m.Classes {
		c := &m.Classes[i]
		writeClass(b, prefix+c.Name, c.Doc, c.Fields)
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
		writeClass(b, full+"lib", m.Doc, m.Fields)
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

// writeClass writes the head of a class and its fields.
func writeClass(b *strings.Builder, name, doc string, fields []Field) {
	comment(b, doc)
	fmt.Fprintf(b, "---@class %s\n", name)
	for i := range fields {
		f := &fields[i]
		p := Param{Name: f.Name, Optional: f.Optional}
		fmt.Fprintf(b, "---@field %s %s %s\n", p.label(), luaType(f.Type), oneLineWith(f.Doc, f.Default))
	}
}

func comment(b *strings.Builder, doc string) {
	for line := range strings.SplitSeq(strings.TrimSpace(doc), "\n") {
		b.WriteString("---" + line + "\n")
	}
}

func oneLine(doc string) string { return strings.ReplaceAll(strings.TrimSpace(doc), "\n", " ") }

// oneLineWith returns a text on one line, with the default if there is one.
func oneLineWith(doc, def string) string {
	if def != "" {
		def = "default: " + def
	}
	return withDefault(oneLine(doc), def)
}

// writeFunc writes the annotations of a function and an empty body.
func writeFunc(b *strings.Builder, f *Func, at string) {
	comment(b, f.Doc)
	if f.Kernel != "" {
		fmt.Fprintf(b, "---\n---Kernel: `%s`\n", f.Kernel)
	}
	if s := strings.TrimSpace(f.Sample); s != "" {
		b.WriteString("---\n")
		comment(b, "```lua\n"+s+"\n```")
	}
	for _, p := range f.Params {
		fmt.Fprintf(b, "---@param %s %s %s\n", p.label(), luaType(p.Type), oneLineWith(p.Doc, p.Default))
	}
	writeResults(b, f, at)
	names := join(f.Params, ", ", func(p Param) string { p.Optional = false; return p.label() })
	fmt.Fprintf(b, "function %s%s(%s) end\n\n", at, f.Name, names)
}

// writeResults writes the results. A function that can be refused also returns a message and an errno.
func writeResults(b *strings.Builder, f *Func, at string) {
	refused := len(f.Errors) > 0
	switch {
	case len(f.Results) > 0:
	case refused:
		b.WriteString("---@return true? ok\n")
	case at != "" && !strings.HasPrefix(at, "assert"):
		b.WriteString("---@return true\n")
	}
	for i, r := range f.Results {
		switch {
		case r.Variadic:
			fmt.Fprintf(b, "---@return %s ...\n", luaType(r.Type))
		case r.Optional || i == 0 && refused:
			fmt.Fprintf(b, "---@return %s? %s %s\n", r.Type.inParens(prefix), r.Name, oneLine(r.Doc))
		default:
			fmt.Fprintf(b, "---@return %s %s %s\n", luaType(r.Type), r.Name, oneLine(r.Doc))
		}
	}
	if refused && len(f.Results) <= 1 {
		names := join(f.Errors, "|", func(e Errno) string { return `"` + e.Name + `"` })
		docs := join(f.Errors, "; ", func(e Errno) string { return e.Name + ": " + oneLine(e.Doc) })
		b.WriteString("---@return string? message if it was refused\n")
		fmt.Fprintf(b, "---@return %s|nil errno %s\n", names, docs)
	}
}

// luaType returns a type as the language server writes it.
func luaType(t Type) string { return t.text(prefix, false) }
