// The editor's files on disk, and the description as JSON.

package describe

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// Types writes the editor's files for modules, hw.d.lua and .luarc.json, into dir, which it creates
// if necessary. An existing .luarc.json is kept. It returns the paths of the files that it wrote.
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

// JSON returns the description as indented JSON, with a newline at its end. Parts that only Go can
// use are left out.
func JSON(modules []*Module) []byte {
	text, err := encode(map[string]any{"modules": modules}, "  ")
	if err != nil {
		panic("describe: a description cannot be encoded: " + err.Error())
	}
	return text
}

// encode returns v as JSON like json.MarshalIndent, but keeps <, > and &.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return b.Bytes(), err
}

// MarshalText encodes a type as its String.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON adds the signature.
func (f Func) MarshalJSON() ([]byte, error) {
	type fields Func
	return encode(struct {
		Name      string `json:"name"`
		Signature string `json:"signature"`
		fields
		Sample string `json:"sample,omitempty"`
	}{f.Name, f.Signature(), fields(f), strings.TrimSpace(f.Sample)}, "")
}

// MarshalJSON trims the sample.
func (c Class) MarshalJSON() ([]byte, error) {
	type fields Class
	c.Sample = strings.TrimSpace(c.Sample)
	return encode(fields(c), "")
}

// MarshalJSON adds the words of the type.
func (f Field) MarshalJSON() ([]byte, error) {
	type fields Field
	return encode(struct {
		fields
		Words []Word `json:"words,omitempty"`
	}{fields(f), f.Type.words()}, "")
}

// MarshalJSON adds the words of the type.
func (p Param) MarshalJSON() ([]byte, error) {
	type fields Param
	return encode(struct {
		fields
		Words []Word `json:"words,omitempty"`
	}{fields(p), p.Type.words()}, "")
}

// words returns the words of an enumeration, or of all enumerations in a union.
func (t Type) words() []Word {
	if t.Kind != KindUnion {
		return t.Words
	}
	var all []Word
	for _, e := range t.Elem {
		all = append(all, e.words()...)
	}
	return all
}
