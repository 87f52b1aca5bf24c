// Loading code at run time: load, loadstring, dofile, loadfile, require. Files come from Config.Scripts only;
// a name that leads out of it finds nothing.

package vm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// defaultPath is package.path: where require looks in Config.Scripts.
const defaultPath = "?.lua;?/init.lua"

func openPackage(rt *Runtime) {
	t := rt.main.CreateTable(0, 8)
	rt.lib.pkg = t
	rt.global("package", t)
	rt.lib.loaded.RawSetString("package", t)
	loaders := rt.main.CreateTable(2, 0)
	loaders.Append(rt.main.NewFunction(rt.preloadLoader))
	loaders.Append(rt.main.NewFunction(rt.pathLoader))
	t.RawSetString("config", lua.LString("/\n;\n?\n!\n-\n"))
	t.RawSetString("cpath", lua.LString(""))
	t.RawSetString("loaded", rt.lib.loaded)
	t.RawSetString("loaders", loaders)
	t.RawSetString("path", lua.LString(defaultPath))
	t.RawSetString("preload", rt.lib.preload)
	t.RawSetString("seeall", rt.main.NewFunction(rt.packageSeeall))
}

func (rt *Runtime) packageSeeall(L *lua.LState) int {
	t := args{L, "seeall"}.table(1)
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		rt.charge(sizeTable + sizeEntry)
		mt = L.CreateTable(0, 1)
		t.Metatable = mt
	}
	mt.RawSetString("__index", L.G.Global)
	return 0
}

// chunkID returns what messages call a chunk to which a script gave a name: the rest of "=name" and "@file";
// anything else is source text, of which it returns the first line.
func chunkID(name string) string {
	const most = 59 // LUA_IDSIZE less the end of a C string
	if name != "" && (name[0] == '=' || name[0] == '@') {
		return name[1:min(len(name), most+1)]
	}
	line, _, cut := strings.Cut(name, "\n")
	if room := most - len(`[string "..."]`); len(line) > room || cut {
		line = line[:min(len(line), room)] + "..."
	}
	return `[string "` + line + `"]`
}

// keepChunkName records the name that a script gave to the chunk of p, for getinfo. It is kept behind the
// names of the upvalues, where nothing else looks.
func keepChunkName(p *lua.FunctionProto, name string) {
	p.DbgUpvalues = append(p.DbgUpvalues, name)
	for _, sub := range p.FunctionPrototypes {
		keepChunkName(sub, name)
	}
}

// keptChunkName returns the name that a script gave to the chunk of p, or "".
func keptChunkName(p *lua.FunctionProto) string {
	if n := int(p.NumUpvalues); n < len(p.DbgUpvalues) {
		return p.DbgUpvalues[n]
	}
	return ""
}

// loadText compiles text of a script under the name that the script gave, and pushes the function, or nil and
// the message.
func (rt *Runtime) loadText(L *lua.LState, src, name string, env lua.LValue) int {
	fn, err := rt.loadChunk(src, chunkID(name))
	if err != nil {
		return give(L, lua.LNil, lua.LString(messageOf(err)))
	}
	keepChunkName(fn.Proto, name)
	fn.Env = L.Env
	if env, ok := env.(*lua.LTable); ok {
		fn.Env = env
	}
	return give(L, fn)
}

// loadChunk compiles src. Messages show it as name.
func (rt *Runtime) loadChunk(src, name string) (*lua.LFunction, error) {
	if strings.HasPrefix(src, "\x1bLua") {
		return nil, errors.New(name + ": compiled code (bytecode) cannot be loaded; pass the source text")
	}
	rt.steps(len(src))
	return rt.load(name, src)
}

// messageOf returns the text of an error for a script.
func messageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func (rt *Runtime) baseLoadstring(L *lua.LState) int {
	a := args{L, "loadstring"}
	src := a.str(1)
	return rt.loadText(L, src, a.optStr(2, src), lua.LNil)
}

// baseLoad takes a function that returns pieces, as in lua5.1, or text followed by mode and
// environment, as in Lua 5.2.
func (rt *Runtime) baseLoad(L *lua.LState) int {
	a := args{L, "load"}
	if s, ok := L.Get(1).(lua.LString); ok {
		return rt.loadText(L, string(s), a.optStr(2, string(s)), L.Get(4))
	}
	fn := a.function(1)
	name := a.optStr(2, "=(load)")
	b := &charged{rt: rt, L: L}
	for {
		L.Push(fn)
		if err := rt.pcall(L, 0, 1, nil); err != nil {
			return give(L, lua.LNil, err.Object)
		}
		v := L.Get(-1)
		L.Pop(1)
		piece, ok := textOf(v)
		if v == lua.LNil || ok && piece == "" {
			return rt.loadText(L, b.String(), name, L.Get(4))
		}
		if !ok {
			return give(L, lua.LNil, lua.LString(position(L, 1)+"reader function must return a string"))
		}
		b.add(piece)
	}
}

// errNoScripts is the error of every file in a runtime without Config.Scripts.
var errNoScripts = errors.New("this runtime has no script files")

// readScript reads a file of Config.Scripts. It cleans the name first, so "./lib.lua" is "lib.lua". A
// name that leads out of the folder is an error.
func (rt *Runtime) readScript(name string) (string, error) {
	if rt.cfg.Scripts == nil {
		return "", errNoScripts
	}
	clean := path.Clean(name)
	if !fs.ValidPath(clean) || strings.ContainsAny(clean, "\\\x00") {
		return "", errors.New("outside of the script folder")
	}
	f, err := rt.cfg.Scripts.Open(clean)
	if err != nil {
		return "", plainFileError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", plainFileError(err)
	}
	if info.IsDir() {
		return "", errors.New("is a directory")
	}
	size := min(info.Size(), MaxSource) // which may be wrong
	rt.charge(size)
	b, err := io.ReadAll(io.LimitReader(f, MaxSource+1))
	switch {
	case err != nil:
		return "", plainFileError(err)
	case len(b) > MaxSource:
		return "", fmt.Errorf("is too large: more than %d bytes", MaxSource)
	}
	rt.charge(max(0, int64(len(b))-size))
	return string(bytes.TrimPrefix(b, []byte("\ufeff"))), nil
}

// plainFileError removes the path from err: the message around it has one, and this one may show where the
// folder is on the host.
func plainFileError(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// scriptPath returns what messages call a file of Config.Scripts.
func (rt *Runtime) scriptPath(name string) string {
	return path.Join(rt.cfg.ScriptsPath, path.Clean(name))
}

// shownPath returns the path of a file as messages show it: the name that a script gave, in the folder.
func (rt *Runtime) shownPath(name string) string {
	if p := rt.cfg.ScriptsPath; p != "" && p != "." {
		return strings.TrimSuffix(p, "/") + "/" + name
	}
	return name
}

func (rt *Runtime) loadFile(name string) (*lua.LFunction, error) {
	src, err := rt.readScript(name)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", rt.shownPath(name), err)
	}
	return rt.loadChunk(src, rt.scriptPath(name))
}

func (rt *Runtime) baseLoadfile(L *lua.LState) int {
	fn, err := rt.loadFile(args{L, "loadfile"}.str(1))
	if err != nil {
		return give(L, lua.LNil, lua.LString(messageOf(err)))
	}
	return give(L, fn)
}

func (rt *Runtime) baseDofile(L *lua.LState) int {
	fn, err := rt.loadFile(args{L, "dofile"}.str(1))
	if err != nil {
		L.Error(lua.LString(messageOf(err)), 0)
	}
	top := L.GetTop()
	L.Push(fn)
	L.Call(0, lua.MultRet)
	return L.GetTop() - top
}

// loading is the value in package.loaded of a module whose code is running.
var loading = &lua.LUserData{Value: "loading", Metatable: lua.LNil}

// baseRequire returns what package.loaded has for the module. If that is nothing, it runs the module's loader
// first.
func (rt *Runtime) baseRequire(L *lua.LState) int {
	name := args{L, "require"}.str(1)
	if v := rt.lib.loaded.RawGetString(name); v == loading {
		raise(L, 1, "loop or previous error loading module '"+name+"'")
	} else if lua.LVAsBool(v) {
		return give(L, v)
	}
	loader := rt.findLoader(L, name)
	rt.charge(sizeEntry)
	rt.lib.loaded.RawSetString(name, loading)
	L.Push(loader)
	L.Push(lua.LString(name))
	// A module that raised may be required again, when what it needs is there.
	if err := rt.protect(L, 1, 1, nil); err != nil {
		rt.lib.loaded.RawSetString(name, lua.LNil)
		panic(err)
	}
	if v := pop(L); v != lua.LNil {
		rt.lib.loaded.RawSetString(name, v)
	} else if rt.lib.loaded.RawGetString(name) == loading {
		rt.lib.loaded.RawSetString(name, lua.LTrue)
	}
	return give(L, rt.lib.loaded.RawGetString(name))
}

// findLoader asks package.loaders for a function that loads the module, or raises what they tried.
func (rt *Runtime) findLoader(L *lua.LState, name string) lua.LValue {
	loaders, ok := rt.lib.pkg.RawGetString("loaders").(*lua.LTable)
	if !ok {
		raise(L, 1, "'package.loaders' must be a table")
	}
	var tried strings.Builder
	for i := 1; ; i++ {
		loader := loaders.RawGetInt(i)
		if loader == lua.LNil {
			raise(L, 1, "module '"+name+"' not found:"+tried.String())
		}
		switch v := call(L, loader, lua.LString(name)).(type) {
		case *lua.LFunction:
			return v
		case lua.LString:
			tried.WriteString(string(v))
		}
	}
}

// preloadLoader finds modules in package.preload and in Config.
func (rt *Runtime) preloadLoader(L *lua.LState) int {
	name := args{L, "loader"}.str(1)
	if preload, ok := rt.lib.pkg.RawGetString("preload").(*lua.LTable); ok {
		if v := preload.RawGetString(name); v != lua.LNil {
			return give(L, v)
		}
	}
	v, ok, err := rt.module(name)
	switch {
	case err != nil:
		rt.raiseError(L, fmt.Errorf("error loading module '%s': %w", name, err))
	case ok:
		return give(L, L.NewFunction(func(L *lua.LState) int { return give(L, v) }))
	}
	return give(L, lua.LString("\n\tno field package.preload['"+name+"']"))
}

// pathLoader finds modules in the files that package.path names.
func (rt *Runtime) pathLoader(L *lua.LState) int {
	name := args{L, "loader"}.str(1)
	search, ok := rt.lib.pkg.RawGetString("path").(lua.LString)
	if !ok {
		raise(L, 1, "'package.path' must be a string")
	}
	file := strings.ReplaceAll(name, ".", "/")
	var tried strings.Builder
	for template := range strings.SplitSeq(string(search), ";") {
		if template == "" {
			continue
		}
		rt.steps(100)
		at := strings.ReplaceAll(template, "?", file)
		src, err := rt.readScript(at)
		if err != nil {
			tried.WriteString("\n\tno file '" + rt.shownPath(at) + "'")
			if !errors.Is(err, fs.ErrNotExist) {
				tried.WriteString(" (" + err.Error() + ")")
			}
			continue
		}
		fn, err := rt.loadChunk(src, rt.scriptPath(at))
		if err != nil {
			from := "' from file '" + rt.shownPath(at)
			raise(L, 1, "error loading module '"+name+from+"':\n\t"+messageOf(err))
		}
		return give(L, fn)
	}
	return give(L, lua.LString(tried.String()))
}
