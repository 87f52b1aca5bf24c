// The io library. The standard streams are those of Config; files and processes of the host are
// reachable only where Config.Allow opens them, and the functions for them do not exist otherwise.

package vm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// ioState is the io library of one runtime.
type ioState struct {
	meta           *lua.LTable
	stdin          *file
	stdout, stderr *file
	input, output  *lua.LUserData // what io.read and io.write use
	open           map[*file]struct{}
}

// A file is a stream that scripts read or write.
type file struct {
	r      *bufio.Reader
	w      io.Writer
	seek   io.Seeker
	close  func() error // nil: a standard stream, which stays open
	buffer *bufio.Writer
	closed bool
}

func (f *file) write(b []byte) error {
	if f.w == nil {
		return errors.New("file is not open for writing")
	}
	_, err := f.w.Write(b)
	return err
}

// sync writes out what is buffered.
func (f *file) sync() error {
	if f.buffer != nil {
		return f.buffer.Flush()
	}
	return nil
}

func (f *file) shut() error {
	f.closed = true
	return errors.Join(f.sync(), f.close())
}

// A fileOp is an operation on a file. Its arguments begin at number first.
type fileOp func(a args, f *file, first int) int

// onCurrent wraps op as a function of the io library, which works on the current input or output.
func (rt *Runtime) onCurrent(name string, op fileOp, current **lua.LUserData) libFunc {
	return libFunc{name, func(L *lua.LState) int { return op(args{L, name}, (*current).Value.(*file), 1) }}
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
	s := &ioState{meta: rt.main.CreateTable(0, 4), open: map[*file]struct{}{}}
	rt.lib.io = s
	s.stdin = &file{r: bufio.NewReader(rt.cfg.Stdin)}
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
		{"close", rt.ioClose}, rt.onCurrent("flush", rt.flush, &s.output), {"lines", rt.ioLines},
		rt.onCurrent("read", rt.read, &s.input), {"type", rt.ioType},
		rt.onCurrent("write", rt.write, &s.output),
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
	t.RawSetString("stdin", s.input)
	t.RawSetString("stdout", s.output)
	t.RawSetString("stderr", rt.newFile(s.stderr))
}

func (rt *Runtime) newFile(f *file) *lua.LUserData {
	if f.close != nil {
		rt.lib.io.open[f] = struct{}{}
	}
	return &lua.LUserData{Value: f, Metatable: rt.lib.io.meta, Env: rt.main.Env}
}

// closeFiles closes the files that scripts left open.
func (rt *Runtime) closeFiles() {
	for f := range rt.lib.io.open {
		f.shut()
	}
	clear(rt.lib.io.open)
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
	f := rt.fileArg(a)
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

// ioResult pushes true, or nil and the error's text.
func ioResult(L *lua.LState, err error) int {
	if err == nil {
		return give(L, lua.LTrue)
	}
	return give(L, lua.LNil, lua.LString(err.Error()))
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
// after the first that finds nothing, for which it pushes nil.
func (rt *Runtime) read(a args, f *file, first int) int {
	L := a.L
	if f.r == nil {
		return ioResult(L, errors.New("file is not open for reading"))
	}
	f.sync()
	top := L.GetTop()
	if top < first {
		return give(L, rt.readLine(L, f))
	}
	for i := first; i <= top; i++ {
		v := rt.readFormat(a, f, i)
		L.Push(v)
		if v == lua.LNil {
			return i - first + 1
		}
	}
	return top - first + 1
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

// readNumber reads the longest run of characters that numbers are written with, at most 200, and
// returns its number, or nil.
func (rt *Runtime) readNumber(f *file) lua.LValue {
	var text []byte
	for {
		c, err := f.r.ReadByte()
		if err != nil {
			break
		}
		if len(text) == 0 && strings.IndexByte(" \t\n\v\f\r", c) >= 0 {
			continue
		}
		if len(text) >= 200 || strings.IndexByte("0123456789abcdefABCDEFxX.+-", c) < 0 {
			f.r.UnreadByte()
			break
		}
		text = append(text, c)
	}
	if x, ok := number.Parse(string(text)); ok {
		return rt.value(x)
	}
	return lua.LNil
}

// linesOf returns an iterator over the lines of f, which closes f at its end if closeAtEnd is set.
func (rt *Runtime) linesOf(f *file, closeAtEnd bool) *lua.LFunction {
	return rt.main.NewFunction(func(L *lua.LState) int {
		if f.closed {
			raise(L, 1, "file is already closed")
		}
		if f.r == nil {
			raise(L, 1, "file is not open for reading")
		}
		v := rt.readLine(L, f)
		if v == lua.LNil && closeAtEnd {
			delete(rt.lib.io.open, f)
			f.shut()
		}
		return give(L, v)
	})
}

func (rt *Runtime) lines(a args, f *file, _ int) int { return give(a.L, rt.linesOf(f, false)) }

// ioLines iterates over the lines of the current input, or of a file of the host, which needs
// Config.Allow.FS.
func (rt *Runtime) ioLines(L *lua.LState) int {
	a := args{L, "lines"}
	if a.absent(1) {
		return rt.lines(a, rt.lib.io.input.Value.(*file), 1)
	}
	if !rt.cfg.Allow.FS {
		a.fail(1, "no files here: without --allow fs (Config.Allow.FS) only the standard input can be read")
	}
	f, err := openHostFile(a.str(1), "r")
	if err != nil {
		raise(L, 1, err.Error())
	}
	rt.newFile(f)
	return give(L, rt.linesOf(f, true))
}

func (rt *Runtime) closeFile(a args, f *file, _ int) int {
	if f.close == nil {
		return ioResult(a.L, errors.New("a standard stream stays open"))
	}
	delete(rt.lib.io.open, f)
	return ioResult(a.L, f.shut())
}

func (rt *Runtime) ioClose(L *lua.LState) int {
	a, f := args{L, "close"}, rt.lib.io.output.Value.(*file)
	if L.GetTop() > 0 {
		f = rt.openFile(a)
	}
	return rt.closeFile(a, f, 1)
}

func (rt *Runtime) flush(a args, f *file, _ int) int { return ioResult(a.L, f.sync()) }

func (rt *Runtime) setvbuf(a args, _ *file, _ int) int { return give(a.L, lua.LTrue) }

// seek moves the position in f. What is buffered is written out first, and what was read ahead is
// dropped.
func (rt *Runtime) seek(a args, f *file, first int) int {
	whence := map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[a.option(
		first, "cur", "set", "cur", "end")]
	offset := int64(a.optInt(first+1, 0))
	if f.seek == nil {
		return ioResult(a.L, errors.New("illegal seek"))
	}
	f.sync()
	if f.r != nil && whence == io.SeekCurrent {
		offset -= int64(f.r.Buffered())
	}
	at, err := f.seek.Seek(offset, whence)
	if err != nil {
		return ioResult(a.L, plainFileError(err))
	}
	if f.r != nil {
		f.r.Reset(f.seek.(io.Reader))
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

// fopenModes are the modes of fopen, without b.
var fopenModes = map[string]int{
	"r":  os.O_RDONLY,
	"w":  os.O_WRONLY | os.O_CREATE | os.O_TRUNC,
	"a":  os.O_WRONLY | os.O_CREATE | os.O_APPEND,
	"r+": os.O_RDWR,
	"w+": os.O_RDWR | os.O_CREATE | os.O_TRUNC,
	"a+": os.O_RDWR | os.O_CREATE | os.O_APPEND,
}

// openHostFile opens a file of the host.
func openHostFile(name, mode string) (*file, error) {
	flags, ok := fopenModes[strings.Replace(mode, "b", "", 1)]
	if !ok {
		return nil, errors.New("invalid mode '" + mode + "'; known: r w a r+ w+ a+")
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if err != nil {
		return nil, nameError(name, err)
	}
	return hostFile(f, flags), nil
}

func hostFile(f *os.File, flags int) *file {
	out := &file{seek: f, close: f.Close}
	if flags&os.O_WRONLY == 0 {
		out.r = bufio.NewReader(f)
	}
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		out.buffer = bufio.NewWriter(f)
		out.w = out.buffer
	}
	return out
}

func (rt *Runtime) pushFile(L *lua.LState, f *file, err error) int {
	if err != nil {
		return ioResult(L, err)
	}
	rt.charge(8192)
	return give(L, rt.newFile(f))
}

func (rt *Runtime) ioOpen(L *lua.LState) int {
	a := args{L, "open"}
	f, err := openHostFile(a.str(1), a.optStr(2, "r"))
	return rt.pushFile(L, f, err)
}

func (rt *Runtime) ioTmpfile(L *lua.LState) int {
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		return ioResult(L, plainFileError(err))
	}
	out := hostFile(f, os.O_RDWR)
	out.close = func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	return rt.pushFile(L, out, nil)
}

// redirect returns io.input or io.output, which returns the current file, after setting it to the
// file or the name given.
func (rt *Runtime) redirect(name, mode string, current **lua.LUserData) libFunc {
	return libFunc{name, func(L *lua.LState) int {
		switch v := L.Get(1).(type) {
		case *lua.LNilType:
		case lua.LString:
			f, err := openHostFile(string(v), mode)
			if err != nil {
				raise(L, 1, err.Error())
			}
			*current = rt.newFile(f)
		default:
			rt.openFile(args{L, name})
			*current = v.(*lua.LUserData)
		}
		return give(L, *current)
	}}
}

// command returns a command that the host's shell runs and that is killed when the run is stopped.
func (rt *Runtime) command(text string) *exec.Cmd {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	cmd := exec.CommandContext(rt.given(), shell, flag, text)
	cmd.WaitDelay = waitDelay
	return cmd
}

// waitDelay bounds the wait for a command's output after its shell has ended or the context is
// done: a program that the shell started may outlive it and hold the output open.
const waitDelay = 500 * time.Millisecond

// ended returns the error of waiting for a command, except for a program that it left behind. A
// command that was killed because the script has to stop may have ended before the script was told,
// so ended tells it.
func (rt *Runtime) ended(err error) error {
	if rt.given().Err() != nil {
		rt.meter.stop.Store(true)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// ioPopen starts a command and returns a file that reads its output or writes its input.
func (rt *Runtime) ioPopen(L *lua.LState) int {
	a := args{L, "popen"}
	cmd := rt.command(a.str(1))
	cmd.Stderr = rt.cfg.Stderr
	f := &file{}
	var err error
	var pipe io.Closer
	if a.option(2, "r", "r", "w") == "r" {
		var r io.ReadCloser
		r, err = cmd.StdoutPipe()
		f.r, pipe = bufio.NewReader(r), r
	} else {
		var w io.WriteCloser
		cmd.Stdout = rt.cfg.Stdout
		w, err = cmd.StdinPipe()
		f.w, pipe = w, w
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return ioResult(L, err)
	}
	// Reading ends when the script has to stop, whichever process holds the other end.
	stop := context.AfterFunc(rt.given(), func() {
		rt.meter.stop.Store(true) // before the script goes on
		pipe.Close()
	})
	f.close = func() error {
		stop()
		pipe.Close()
		return rt.ended(cmd.Wait())
	}
	return rt.pushFile(L, f, nil)
}
