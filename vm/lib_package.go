// Loading code at run time: load, loadstring, dofile, loadfile, require. Files come from
// Config.Scripts and from nowhere else; names that lead out of it find nothing.

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
	t.RawSetString("seeall", rt.main.NewFunction(func(L *lua.LState) int {
		t := args{L, "seeall"}.table(1)
		mt, ok := t.Metatable.(*lua.LTable)
		if !ok {
			rt.charge(sizeTable + sizeEntry)
			mt = L.CreateTable(0, 1)
			t.Metatable = mt
		}
		mt.RawSetString("__index", L.G.Global)
		return 0
	}))
}

// chunkID is how messages call a chunk whose name a script gave: "=name" and "@file" say it
// themselves, anything else is source text, shown by its first line.
func chunkID(name string) string {
	const most = 59 // LUA_IDSIZE less the end of a C string
	if name != "" && (name[0] == '=' || name[0] == '@') {
		if name = name[1:]; len(name) > most {
			name = name[:most]
		}
		return name
	}
	line, _, cut := strings.Cut(name, "\n")
	if room := most - len(`[string "..."]`); len(line) > room || cut {
		if len(line) > room {
			line = line[:room]
		}
		return `[string "` + line + `..."]`
	}
	return `[string "` + line + `"]`
}

// loadText compiles text that a script hands over and pushes the function, or nil and the message.
func (rt *Runtime) loadText(L *lua.LState, src, name string, env lua.LValue) int {
	fn, err := rt.loadChunk(src, name)
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(messageOf(err)))
		return 2
	}
	if env, ok := env.(*lua.LTable); ok {
		fn.Env = env
	} else {
		fn.Env = L.Env
	}
	L.Push(fn)
	return 1
}

// loadChunk compiles src under the name that messages are to show.
func (rt *Runtime) loadChunk(src, name string) (*lua.LFunction, error) {
	if strings.HasPrefix(src, "\x1bLua") {
		return nil, errors.New(name + ": this is compiled code (bytecode), which is not loaded here; give the source text")
	}
	rt.steps(len(src))
	return rt.load(name, src)
}

// messageOf is the text of an error for a script.
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
	return rt.loadText(L, src, chunkID(a.optStr(2, src)), lua.LNil)
}

// baseLoad takes a function that returns pieces, as in lua5.1, or text, and then mode and
// environment, as in 5.2.
func (rt *Runtime) baseLoad(L *lua.LState) int {
	a := args{L, "load"}
	if s, ok := L.Get(1).(lua.LString); ok {
		return rt.loadText(L, string(s), chunkID(a.optStr(2, string(s))), L.Get(4))
	}
	fn := a.function(1)
	name := chunkID(a.optStr(2, "=(load)"))
	b := &charged{rt: rt, L: L}
	for {
		L.Push(fn)
		if err := rt.pcall(L, 0, 1, nil); err != nil {
			L.Push(lua.LNil)
			L.Push(err.Object)
			return 2
		}
		v := L.Get(-1)
		L.Pop(1)
		piece, ok := textOf(v)
		if v == lua.LNil || ok && piece == "" {
			return rt.loadText(L, b.String(), name, L.Get(4))
		}
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString(position(L, 1) + "reader function must return a string"))
			return 2
		}
		b.add(piece)
	}
}

// errNoScripts is what every file of a runtime without Config.Scripts gives.
var errNoScripts = errors.New("this runtime has no script files")

// readScript reads a file of Config.Scripts. Names are cleaned first, so "./lib.lua" is "lib.lua";
// one that leads out of the folder is refused.
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
	switch {
	case err != nil:
		return "", plainFileError(err)
	case info.IsDir():
		return "", errors.New("is a directory")
	case info.Size() > MaxSource:
		return "", fmt.Errorf("is too large: %d bytes, at most %d are read", info.Size(), MaxSource)
	}
	// The size is only what the file system says: read no more than the limit in any case.
	rt.charge(info.Size())
	b := make([]byte, 0, info.Size()+1)
	for {
		if len(b) == cap(b) {
			rt.charge(int64(len(b)))
			b = append(b, 0)[:len(b)]
		}
		n, err := f.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; len(b) > MaxSource {
			return "", fmt.Errorf("is too large: more than %d bytes", MaxSource)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return string(bytes.TrimPrefix(b, []byte("\ufeff"))), nil
			}
			return "", plainFileError(err)
		}
	}
}

// plainFileError drops the path, which the message that follows names itself, and any that leads to
// the folder's own place on the host.
func plainFileError(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// scriptPath is how messages call a file of Config.Scripts.
func (rt *Runtime) scriptPath(name string) string {
	return path.Join(rt.cfg.ScriptsPath, path.Clean(name))
}

// shownPath is name as a script gave it, which may be none that can be opened, in that folder.
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
		L.Push(lua.LNil)
		L.Push(lua.LString(messageOf(err)))
		return 2
	}
	L.Push(fn)
	return 1
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

// loading stands in package.loaded for a module whose code is running.
var loading = &lua.LUserData{Value: "loading", Metatable: lua.LNil}

func (rt *Runtime) baseRequire(L *lua.LState) int {
	name := args{L, "require"}.str(1)
	if v := rt.lib.loaded.RawGetString(name); v == loading {
		raise(L, 1, "loop or previous error loading module '"+name+"'")
	} else if lua.LVAsBool(v) {
		L.Push(v)
		return 1
	}
	loaders, ok := rt.lib.pkg.RawGetString("loaders").(*lua.LTable)
	if !ok {
		raise(L, 1, "'package.loaders' must be a table")
	}
	var tried strings.Builder
	var loader lua.LValue
	for i := 1; loader == nil; i++ {
		try := loaders.RawGetInt(i)
		if try == lua.LNil {
			raise(L, 1, "module '"+name+"' not found:"+tried.String())
		}
		L.Push(try)
		L.Push(lua.LString(name))
		L.Call(1, 1)
		switch v := L.Get(-1).(type) {
		case *lua.LFunction:
			loader = v
		case lua.LString:
			tried.WriteString(string(v))
		}
		L.Pop(1)
	}
	rt.charge(sizeEntry)
	rt.lib.loaded.RawSetString(name, loading)
	L.Push(loader)
	L.Push(lua.LString(name))
	// A module that raises may be required again, once what it missed is there.
	if err := rt.protect(L, 1, 1, nil); err != nil {
		rt.lib.loaded.RawSetString(name, lua.LNil)
		panic(err)
	}
	v := L.Get(-1)
	L.Pop(1)
	if v != lua.LNil {
		rt.lib.loaded.RawSetString(name, v)
	} else if v = rt.lib.loaded.RawGetString(name); v == loading {
		v = lua.LTrue
		rt.lib.loaded.RawSetString(name, v)
	}
	L.Push(v)
	return 1
}

// preloadLoader finds what a script put in package.preload, and the modules of Config.
func (rt *Runtime) preloadLoader(L *lua.LState) int {
	name := args{L, "loader"}.str(1)
	if preload, ok := rt.lib.pkg.RawGetString("preload").(*lua.LTable); ok {
		if v := preload.RawGetString(name); v != lua.LNil {
			L.Push(v)
			return 1
		}
	}
	v, ok, err := rt.module(name)
	switch {
	case err != nil:
		rt.raiseError(L, fmt.Errorf("error loading module '%s': %w", name, err))
	case ok:
		L.Push(L.NewFunction(func(L *lua.LState) int {
			L.Push(v)
			return 1
		}))
		return 1
	}
	L.Push(lua.LString("\n\tno field package.preload['" + name + "']"))
	return 1
}

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
			raise(L, 1, "error loading module '"+name+"' from file '"+rt.shownPath(at)+"':\n\t"+messageOf(err))
		}
		L.Push(fn)
		return 1
	}
	L.Push(lua.LString(tried.String()))
	return 1
}
