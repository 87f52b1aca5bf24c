// The io library. The standard streams are those of Config; files and processes of the host are
// reachable only where Config.Allow opens them, and the functions for them do not exist otherwise.

package vm

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// ioState is the io library of one runtime.
type ioState struct {
	meta           *lua.LTable
	stdin          *file
	stdout, stderr *file
	input, output  *lua.LUserData    // what io.read and io.write use
	first          [2]*lua.LUserData // what they use in a new runtime
	open           []openFile        // in the order in which the script opened them
	sweepAt        int
}

// A fileOp is an operation on a file. Its arguments begin at number first.
type fileOp func(a args, f *file, first int) int

// onCurrent wraps op as a function of the io library, which works on the current input or output, whichever
// which names.
func (rt *Runtime) onCurrent(name string, op fileOp, which string, current **lua.LUserData) libFunc {
	return libFunc{name, func(L *lua.LState) int {
		f := (*current).Value.(*file)
		if f.closed {
			raise(L, 1, "standard "+which+" file is closed")
		}
		return op(args{L, name}, f, 1)
	}}
}

// method wraps op as a method of files.
func (rt *Runtime) method(name string, op fileOp) libFunc {
	return libFunc{name, func(L *lua.LState) int {
		a := args{L, name}
		return op(a, rt.openFile(a), 2)
	}}
}

// openIO adds the io library: always the functions that use the standard streams, the others where
// they are allowed.
func openIO(rt *Runtime) {
	s := &ioState{meta: rt.main.CreateTable(0, 4), sweepAt: filesAt}
	rt.lib.io = s
	s.stdin = &file{}
	s.stdin.r = s.stdin.source(rt.cfg.Stdin)
	s.stdout = &file{w: rt.cfg.Stdout}
	s.stderr = &file{w: rt.cfg.Stderr}

	s.meta.RawSetString("__index", rt.newTable([]libFunc{
		rt.method("close", rt.closeFile), rt.method("flush", rt.flush), rt.method("lines", rt.lines),
		rt.method("read", rt.read), rt.method("seek", rt.seek), rt.method("setvbuf", rt.setvbuf),
		rt.method("write", rt.write),
	}))
	s.meta.RawSetString("__metatable", lua.LString("file"))
	s.meta.RawSetString("__tostring", rt.main.NewFunction(rt.fileTostring))

	fns := []libFunc{
		{"close", rt.ioClose}, rt.onCurrent("flush", rt.flush, "output", &s.output), {"lines", rt.ioLines},
		rt.onCurrent("read", rt.read, "input", &s.input), {"type", rt.ioType},
		rt.onCurrent("write", rt.write, "output", &s.output),
	}
	if rt.cfg.Allow.FS {
		fns = append(fns,
			rt.redirect("input", "r", &s.input), libFunc{"open", rt.ioOpen},
			rt.redirect("output", "w", &s.output), libFunc{"tmpfile", rt.ioTmpfile})
	}
	if rt.cfg.Allow.Exec {
		fns = append(fns, libFunc{"popen", rt.ioPopen})
	}
	t := rt.newLib("io", fns)
	s.input = rt.newFile(s.stdin)
	s.output = rt.newFile(s.stdout)
	s.first = [2]*lua.LUserData{s.input, s.output}
	t.RawSetString("stdin", s.input)
	t.RawSetString("stdout", s.output)
	t.RawSetString("stderr", rt.newFile(s.stderr))
}

func (rt *Runtime) newFile(f *file) *lua.LUserData {
	return &lua.LUserData{Value: f, Metatable: rt.lib.io.meta, Env: rt.main.Env}
}

func fileOf(v lua.LValue) (*file, bool) {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return nil, false
	}
	f, ok := ud.Value.(*file)
	return f, ok
}

// fileArg returns argument 1, which must be a file, closed or not.
func (rt *Runtime) fileArg(a args) *file {
	f, ok := fileOf(a.L.Get(1))
	if !ok {
		a.failType(1, "file")
	}
	return f
}

// openFile returns argument 1, which must be an open file.
func (rt *Runtime) openFile(a args) *file {
	return stillOpen(a, rt.fileArg(a))
}

// stillOpen returns f, or raises if it is closed.
func stillOpen(a args, f *file) *file {
	if f.closed {
		raise(a.L, 1, "attempt to use a closed file")
	}
	return f
}

func (rt *Runtime) fileTostring(L *lua.LState) int {
	if rt.fileArg(args{L, "tostring"}).closed {
		return give(L, lua.LString("file (closed)"))
	}
	return give(L, lua.LString(strings.Replace(rt.plainString(L.Get(1)), "userdata: ", "file (", 1)+")"))
}

func (rt *Runtime) write(a args, f *file, first int) int {
	for i := first; i <= a.L.GetTop(); i++ {
		s := a.str(i)
		rt.steps(1 + len(s)/16)
		if err := f.write([]byte(s)); err != nil {
			return ioResult(a.L, err)
		}
	}
	return give(a.L, lua.LTrue)
}

// read reads by each format from argument first on: "*l", "*n", "*a" or a number of bytes. It stops
// after the first that finds nothing, for which it pushes nil. An error of the file is the only result.
func (rt *Runtime) read(a args, f *file, first int) int {
	L := a.L
	if f.r == nil {
		return ioResult(L, syscall.EBADF)
	}
	f.sync()
	f.failure = nil
	top := L.GetTop()
	var v lua.LValue = lua.LTrue
	if top < first {
		v = rt.readLine(L, f)
		L.Push(v)
	}
	for i := first; i <= top && v != lua.LNil; i++ {
		v = rt.readFormat(a, f, i)
		L.Push(v)
	}
	if f.failure != nil {
		return ioResult(L, f.failure)
	}
	return L.GetTop() - top
}

// readFormat reads what argument i asks for.
func (rt *Runtime) readFormat(a args, f *file, i int) lua.LValue {
	if size, ok := a.L.Get(i).(lua.LNumber); ok {
		return rt.readBytes(a.L, f, clampInt(float64(size)))
	}
	switch format := a.str(i); {
	case strings.HasPrefix(format, "*l"):
		return rt.readLine(a.L, f)
	case strings.HasPrefix(format, "*n"):
		return rt.readNumber(f)
	case strings.HasPrefix(format, "*a"):
		if v := rt.readBytes(a.L, f, -1); v != lua.LNil {
			return v
		}
		return lua.LString("")
	}
	a.fail(i, "invalid format")
	return lua.LNil
}

// readLine reads up to the end of the line, in pieces, so that a line as long as the memory limit
// fails before it is in memory.
func (rt *Runtime) readLine(L *lua.LState, f *file) lua.LValue {
	b := &charged{rt: rt, L: L}
	for {
		piece, err := f.r.ReadSlice('\n')
		line, whole := strings.CutSuffix(string(piece), "\n")
		b.add(line)
		switch {
		case whole:
			return lua.LString(b.String())
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(b.buf) == 0:
			return lua.LNil
		case err != nil:
			return lua.LString(b.String())
		}
	}
}

// readBytes reads up to size bytes, or all if size is negative. It returns nil at the end of the file.
func (rt *Runtime) readBytes(L *lua.LState, f *file, size int) lua.LValue {
	if size == 0 {
		if _, err := f.r.Peek(1); err != nil {
			return lua.LNil
		}
		return lua.LString("")
	}
	var r io.Reader = f.r
	if size > 0 {
		r = io.LimitReader(r, int64(size))
	}
	b := &charged{rt: rt, L: L}
	var piece [4096]byte
	for err := error(nil); err == nil; {
		var n int
		n, err = r.Read(piece[:])
		b.grow(n)
		b.buf = append(b.buf, piece[:n]...)
	}
	if len(b.buf) == 0 {
		return lua.LNil
	}
	return lua.LString(b.String())
}

// readNumber reads the longest text that can begin a number, as scanf does, and returns its number, or nil.
func (rt *Runtime) readNumber(f *file) lua.LValue {
	const digits = "0123456789"
	n := numeral{r: f.r}
	for n.accept(" \t\n\v\f\r", 1) == 1 {
		rt.steps(1)
		n.text = n.text[:0]
	}
	n.accept("+-", 1)
	if n.accept("0", 1) == 1 && n.accept("xX", 1) == 1 {
		n.accept(digits+"abcdefABCDEF", maxNumeral)
	} else {
		n.accept(digits, maxNumeral)
		if n.accept(".", 1) == 1 {
			n.accept(digits, maxNumeral)
		}
		if n.accept("eE", 1) == 1 {
			n.accept("+-", 1)
			n.accept(digits, maxNumeral)
		}
	}
	if x, ok := number.Parse(string(n.text)); ok {
		return rt.value(x)
	}
	return lua.LNil
}

// linesOf returns an iterator over the lines of the file ud, which it closes at the end if closeAtEnd is set.
// The file is an upvalue, so that a walk over what is reachable finds it.
func (rt *Runtime) linesOf(ud lua.LValue, closeAtEnd bool) *lua.LFunction {
	f, _ := fileOf(ud)
	return rt.main.NewClosure(func(L *lua.LState) int {
		if f.closed {
			raise(L, 1, "file is already closed")
		}
		if f.r == nil {
			raiseFileError(L, syscall.EBADF)
		}
		f.sync()
		f.failure = nil
		v := rt.readLine(L, f)
		if f.failure != nil {
			raiseFileError(L, f.failure)
		}
		if v != lua.LNil {
			return give(L, v)
		}
		if closeAtEnd {
			rt.shutFile(f)
		}
		return 0
	}, ud)
}

func raiseFileError(L *lua.LState, err error) {
	raise(L, 1, strerror(err))
}

func (rt *Runtime) lines(a args, _ *file, _ int) int { return give(a.L, rt.linesOf(a.L.Get(1), false)) }

// ioLines iterates over the lines of the current input, or of a file of the host, which needs
// Config.Allow.FS.
func (rt *Runtime) ioLines(L *lua.LState) int {
	a := args{L, "lines"}
	if a.absent(1) {
		current := rt.lib.io.input
		stillOpen(a, current.Value.(*file))
		return give(L, rt.linesOf(current, false))
	}
	if !rt.cfg.Allow.FS {
		a.fail(1, "no files here: without --allow fs (Config.Allow.FS) only the standard input can be read")
	}
	return give(L, rt.linesOf(rt.openNamed(a, "r"), true))
}

func (rt *Runtime) closeFile(a args, f *file, _ int) int {
	if f.close == nil {
		return ioResult(a.L, errors.New("cannot close standard file"))
	}
	return ioResult(a.L, rt.shutFile(f))
}

func (rt *Runtime) ioClose(L *lua.LState) int {
	a := args{L, "close"}
	if L.GetTop() == 0 {
		return rt.closeFile(a, stillOpen(a, rt.lib.io.output.Value.(*file)), 1)
	}
	return rt.closeFile(a, rt.openFile(a), 1)
}

func (rt *Runtime) flush(a args, f *file, _ int) int { return ioResult(a.L, f.sync()) }

// setvbuf sets how writes to f are buffered.
func (rt *Runtime) setvbuf(a args, f *file, first int) int {
	a.str(first)
	mode := a.option(first, "", "no", "full", "line")
	size := min(max(a.optInt(first+1, 4096), 1), maxBuffer)
	rt.charge(int64(size))
	return ioResult(a.L, f.setBuffer(mode, size))
}

func (rt *Runtime) seek(a args, f *file, first int) int {
	whence := map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[a.option(
		first, "cur", "set", "cur", "end")]
	at, err := f.seekTo(int64(a.optInt(first+1, 0)), whence)
	if err != nil {
		return ioResult(a.L, err)
	}
	return give(a.L, lua.LNumber(at))
}

func (rt *Runtime) ioType(L *lua.LState) int {
	switch f, ok := fileOf(args{L, "type"}.any(1)); {
	case !ok:
		return give(L, lua.LNil)
	case f.closed:
		return give(L, lua.LString("closed file"))
	}
	return give(L, lua.LString("file"))
}

// The functions below need Config.Allow.

// openNamed opens the file that argument 1 names, or raises.
func (rt *Runtime) openNamed(a args, mode string) *lua.LUserData {
	name := a.str(1)
	f, err := rt.openHostFile(name, mode)
	if err != nil {
		a.fail(1, named(name, err).Error())
	}
	return rt.addFile(f)
}

func (rt *Runtime) pushFile(L *lua.LState, name string, f *file, err error) int {
	if err != nil {
		return ioResult(L, named(name, err))
	}
	return give(L, rt.addFile(f))
}

func (rt *Runtime) ioOpen(L *lua.LState) int {
	a := args{L, "open"}
	name := a.str(1)
	f, err := rt.openHostFile(name, a.optStr(2, "r"))
	return rt.pushFile(L, name, f, err)
}

func (rt *Runtime) ioTmpfile(L *lua.LState) int {
	rt.roomForFile()
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		return ioResult(L, err)
	}
	out := hostFile(f, os.O_RDWR)
	out.close = func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	return rt.pushFile(L, "", out, nil)
}

// redirect returns io.input or io.output, which returns the current file, after setting it to the
// file or the name given.
func (rt *Runtime) redirect(name, mode string, current **lua.LUserData) libFunc {
	return libFunc{name, func(L *lua.LState) int {
		a := args{L, name}
		if _, isText := textOf(L.Get(1)); isText {
			*current = rt.openNamed(a, mode)
		} else if !a.absent(1) {
			rt.openFile(a)
			*current = L.Get(1).(*lua.LUserData)
		}
		return give(L, *current)
	}}
}

// ioPopen starts a command and returns a file that reads its output or writes its input.
func (rt *Runtime) ioPopen(L *lua.LState) int {
	a := args{L, "popen"}
	text := a.str(1)
	f, err := rt.openPipe(text, a.option(2, "r", "r", "w"))
	return rt.pushFile(L, text, f, err)
}
