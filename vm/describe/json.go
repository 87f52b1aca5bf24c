// The generated files: writing the editor's two, and the description as JSON.

package describe

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// Types writes the editor's files for modules, hw.d.lua and .luarc.json, into dir, which it creates if necessary.
// An existing .luarc.json is kept. It returns the paths of the files that it wrote.
func Types(dir string, modules []*Module) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	def, rc := filepath.Join(dir, DefinitionFile), filepath.Join(dir, ".luarc.json")
	if err := os.WriteFile(def, LuaLS(modules), 0o666); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(rc, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case os.IsExist(err):
		return []string{def}, nil
	case err != nil:
		return []string{def}, err
	}
	_, err = f.Write(Luarc())
	if e := f.Close(); err == nil {
		err = e
	}
	return []string{def, rc}, err
}

// DefinitionFile is the name of the editor's file.
const DefinitionFile = "hw.d.lua"

// The JSON form: the description without what only Go can use.
type (
	jsonModule struct {
		Name      string         `json:"name"`
		Doc       string         `json:"doc"`
		Functions []jsonFunc     `json:"functions,omitempty"`
		Values    []jsonField    `json:"values,omitempty"`
		Modules   []jsonModule   `json:"modules,omitempty"`
		Classes   []jsonClass    `json:"classes,omitempty"`
		Tables    []jsonRecord   `json:"tables,omitempty"`
		Registers []jsonRegister `json:"registers,omitempty"`
		Errnos    []jsonErrno    `json:"errnos,omitempty"`
		Topics    []jsonTopic    `json:"topics,omitempty"`
	}
	jsonClass struct {
		Name    string      `json:"name"`
		Doc     string      `json:"doc"`
		Fields  []jsonField `json:"fields,omitempty"`
		Methods []jsonFunc  `json:"methods,omitempty"`
		Index   *jsonIndex  `json:"index,omitempty"`
		Length  string      `json:"length,omitempty"`
		Sample  string      `json:"sample,omitempty"`
	}
	jsonIndex struct {
		Key   jsonParam `json:"key"`
		Value string    `json:"value"`
		Doc   string    `json:"doc"`
	}
	jsonRecord struct {
		Name   string      `json:"name"`
		Doc    string      `json:"doc"`
		Result bool        `json:"result,omitempty"`
		Fields []jsonField `json:"fields"`
	}
	jsonField struct {
		Name     string     `json:"name"`
		Type     string     `json:"type"`
		Doc      string     `json:"doc"`
		Optional bool       `json:"optional,omitempty"`
		Default  string     `json:"default,omitempty"`
		Writable bool       `json:"writable,omitempty"`
		Words    []jsonWord `json:"words,omitempty"`
	}
	jsonFunc struct {
		Name      string      `json:"name"`
		Signature string      `json:"signature"`
		Doc       string      `json:"doc"`
		Params    []jsonParam `json:"params,omitempty"`
		Results   []jsonParam `json:"results,omitempty"`
		Errors    []jsonErrno `json:"errors,omitempty"`
		Kernel    string      `json:"kernel,omitempty"`
		See       []string    `json:"see,omitempty"`
		Sample    string      `json:"sample,omitempty"`
	}
	jsonParam struct {
		Name     string     `json:"name"`
		Type     string     `json:"type"`
		Doc      string     `json:"doc,omitempty"`
		Optional bool       `json:"optional,omitempty"`
		Default  string     `json:"default,omitempty"`
		Variadic bool       `json:"variadic,omitempty"`
		Words    []jsonWord `json:"words,omitempty"`
	}
	jsonWord struct {
		Value string `json:"value"`
		Doc   string `json:"doc,omitempty"`
	}
	jsonErrno struct {
		Name   string `json:"name"`
		Number int    `json:"number,omitempty"`
		Doc    string `json:"doc"`
	}
	jsonRegister struct {
		Name    string     `json:"name"`
		Aliases []string   `json:"aliases,omitempty"`
		Doc     string     `json:"doc"`
		Width   int        `json:"width"`
		Fields  []jsonBits `json:"fields"`
	}
	jsonBits struct {
		Name   string     `json:"name"`
		High   int        `json:"high"`
		Low    int        `json:"low"`
		Doc    string     `json:"doc"`
		Values []jsonWord `json:"values,omitempty"`
	}
	jsonTopic struct {
		Name string `json:"name"`
		Doc  string `json:"doc"`
	}
)

// JSON is the description as JSON, indented, with a newline at its end.
func JSON(modules []*Module) []byte {
	var list []jsonModule
	for _, m := range modules {
		list = append(list, moduleJSON(m))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]any{"modules": list}); err != nil {
		panic("gen: a description that is not JSON: " + err.Error())
	}
	return b.Bytes()
}

func each[T, V any](items []T, convert func(*T) V) []V {
	var out []V
	for i := range items {
		out = append(out, convert(&items[i]))
	}
	return out
}

func moduleJSON(m *Module) jsonModule {
	return jsonModule{
		Name: m.Name, Doc: m.Doc,
		Functions: each(m.Funcs, funcJSON),
		Values:    each(m.Fields, fieldJSON),
		Modules:   each(m.Modules, moduleJSON),
		Classes: each(m.Classes, func(c *Class) jsonClass {
			out := jsonClass{Name: c.Name, Doc: c.Doc, Fields: each(c.Fields, fieldJSON), Methods: each(c.Methods, funcJSON), Length: c.Len, Sample: strings.TrimSpace(c.Sample)}
			if x := c.Index; x != nil {
				out.Index = &jsonIndex{paramJSON(&x.Key), x.Value.String(), x.Doc}
			}
			return out
		}),
		Tables: each(m.Records, func(r *Record) jsonRecord {
			return jsonRecord{r.Name, r.Doc, r.Out, each(r.Fields, fieldJSON)}
		}),
		Registers: each(m.Registers, func(r *Register) jsonRegister {
			return jsonRegister{r.Name, r.Aliases, r.Doc, r.Width, each(r.Fields, func(b *Bits) jsonBits {
				return jsonBits{b.Name, b.Hi, b.Lo, b.Doc, each(b.Values, wordJSON)}
			})}
		}),
		Errnos: each(m.Errnos, errnoJSON),
		Topics: each(m.Topics, func(t *Topic) jsonTopic { return jsonTopic{t.Name, t.Doc} }),
	}
}

func funcJSON(f *Func) jsonFunc {
	return jsonFunc{f.Name, f.Signature(), f.Doc, each(f.Params, paramJSON), each(f.Results, paramJSON), each(f.Errors, errnoJSON), f.Kernel, f.See, strings.TrimSpace(f.Sample)}
}

func paramJSON(p *Param) jsonParam {
	return jsonParam{p.Name, p.Type.String(), p.Doc, p.Optional, p.Default, p.Variadic, wordsJSON(p.Type)}
}

func fieldJSON(f *Field) jsonField {
	return jsonField{f.Name, f.Type.String(), f.Doc, f.Optional, f.Default, f.Writable, wordsJSON(f.Type)}
}

func wordsJSON(t Type) []jsonWord {
	out := each(t.Words, wordJSON)
	if t.Kind == KindUnion {
		for _, e := range t.Elem {
			out = append(out, wordsJSON(e)...)
		}
	}
	return out
}

func wordJSON(w *Word) jsonWord    { return jsonWord{w.Value, w.Doc} }
func errnoJSON(e *Errno) jsonErrno { return jsonErrno{e.Name, e.Number, e.Doc} }
