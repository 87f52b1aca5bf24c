// The io and os libraries. The standard streams are those of Config; anything else of the host is
// there only when Config.Allow opens that door, and its functions do not exist otherwise.

package vm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// ioState is the io library of one runtime.
type ioState struct {
	meta           *lua.LTable
	stdin          *file
	stdout, stderr *file
	input, output  *lua.LUserData // what io.read and io.write use
	open           map[*file]struct{}
}

// A file is what scripts handle as one: a stream to read or to write, and how to close it.
type file struct {
	r       *bufio.Reader
	w       io.Writer
	seek    io.Seeker
	close   func() error // nil: a standard stream, which stays open
	buffer  *bufio.Writer
	closed  bool
	process *exec.Cmd
}

func (f *file) write(b []byte) error {
	if f.w == nil {
		return errors.New("file is not open for writing")
	}
	_, err := f.w.Write(b)
	return err
}

func openIO(rt *Runtime) {
	s := &ioState{meta: rt.main.CreateTable(0, 4), open: map[*file]struct{}{}}
	rt.lib.io = s
	s.stdin = &file{r: bufio.NewReader(rt.cfg.Stdin)}
	s.stdout = &file{w: rt.cfg.Stdout}
	s.stderr = &file{w: rt.cfg.Stderr}

	methods := rt.newTable([]libFunc{
		{"close", rt.fileClose}, {"flush", rt.fileFlush}, {"lines", rt.fileLines}, {"read", rt.fileRead},
		{"seek", rt.fileSeek}, {"setvbuf", rt.fileSetvbuf}, {"write", rt.fileWrite},
	})
	s.meta.RawSetString("__index", methods)
	s.meta.RawSetString("__metatable", lua.LString("file"))
	s.meta.RawSetString("__tostring", rt.main.NewFunction(func(L *lua.LState) int {
		f := rt.fileArg(args{L, "tostring"})
		text := "file (closed)"
		if !f.closed {
			text = strings.Replace(rt.plainString(L.Get(1)), "userdata: ", "file (", 1) + ")"
		}
		L.Push(lua.LString(text))
		return 1
	}))

	fns := []libFunc{
		{"close", rt.ioClose}, {"flush", rt.ioFlush}, {"lines", rt.ioLines}, {"read", rt.ioRead},
		{"type", rt.ioType}, {"write", rt.ioWrite},
	}
	if rt.cfg.Allow.FS {
		fns = append(fns, libFunc{"input", rt.ioInput}, libFunc{"open", rt.ioOpen}, libFunc{"output", rt.ioOutput},
			libFunc{"tmpfile", rt.ioTmpfile})
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

// closeFiles closes what scripts left open.
func (rt *Runtime) closeFiles() {
	for f := range rt.lib.io.open {
		f.shut()
	}
	clear(rt.lib.io.open)
}

func (f *file) shut() error {
	f.closed = true
	var err error
	if f.buffer != nil {
		err = f.buffer.Flush()
	}
	return errors.Join(err, f.close())
}

// fileArg is argument 1, which must be a file, closed or not.
func (rt *Runtime) fileArg(a args) *file {
	if ud, ok := a.L.Get(1).(*lua.LUserData); ok {
		if f, ok := ud.Value.(*file); ok {
			return f
		}
	}
	a.failType(1, "file")
	return nil
}

// openFile is argument 1, which must be a file that is open.
func (rt *Runtime) openFile(a args) *file {
	f := rt.fileArg(a)
	if f.closed {
		raise(a.L, 1, "attempt to use a closed file")
	}
	return f
}

// ioResult pushes true, or nil and what went wrong.
func ioResult(L *lua.LState, err error) int {
	if err == nil {
		L.Push(lua.LTrue)
		return 1
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(err.Error()))
	return 2
}

func (rt *Runtime) writeAll(a args, f *file, from int) int {
	for i := from; i <= a.L.GetTop(); i++ {
		s := a.str(i)
		rt.steps(1 + len(s)/16)
		if err := f.write([]byte(s)); err != nil {
			return ioResult(a.L, err)
		}
	}
	return -1
}

func (rt *Runtime) ioWrite(L *lua.LState) int {
	f := rt.lib.io.output.Value.(*file)
	if n := rt.writeAll(args{L, "write"}, f, 1); n >= 0 {
		return n
	}
	L.Push(lua.LTrue)
	return 1
}

func (rt *Runtime) fileWrite(L *lua.LState) int {
	a := args{L, "write"}
	if n := rt.writeAll(a, rt.openFile(a), 2); n >= 0 {
		return n
	}
	L.Push(lua.LTrue)
	return 1
}

func (rt *Runtime) ioRead(L *lua.LState) int {
	return rt.read(args{L, "read"}, rt.lib.io.input.Value.(*file), 1)
}

func (rt *Runtime) fileRead(L *lua.LState) int {
	a := args{L, "read"}
	return rt.read(a, rt.openFile(a), 2)
}

// read reads by the formats from argument first on: "*l", "*n", "*a" or a number of bytes.
func (rt *Runtime) read(a args, f *file, first int) int {
	L := a.L
	if f.r == nil {
		return ioResult(L, errors.New("file is not open for reading"))
	}
	if f.buffer != nil {
		f.buffer.Flush()
	}
	top := L.GetTop()
	if top < first {
		L.Push(rt.readLine(L, f))
		return 1
	}
	n := 0
	for i := first; i <= top; i++ {
		var v lua.LValue
		if size, ok := L.Get(i).(lua.LNumber); ok {
			v = rt.readBytes(L, f, clampInt(float64(size)))
		} else {
			switch format := a.str(i); {
			case strings.HasPrefix(format, "*l"):
				v = rt.readLine(L, f)
			case strings.HasPrefix(format, "*n"):
				v = rt.readNumber(f)
			case strings.HasPrefix(format, "*a"):
				v = rt.readBytes(L, f, -1)
				if v == lua.LNil {
					v = lua.LString("")
				}
			default:
				a.fail(i, "invalid format")
			}
		}
		L.Push(v)
		n++
		if v == lua.LNil {
			break
		}
	}
	return n
}

func (rt *Runtime) readLine(L *lua.LState, f *file) lua.LValue {
	b := &charged{rt: rt, L: L}
	for {
		piece, err := f.r.ReadSlice('\n')
		if n := len(piece); n > 0 && piece[n-1] == '\n' {
			b.add(string(piece[:n-1]))
			return lua.LString(b.String())
		}
		b.add(string(piece))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if len(b.buf) == 0 {
				return lua.LNil
			}
			return lua.LString(b.String())
		}
	}
}

// readBytes reads up to size bytes, all there are when size is negative; nil at the end of the file.
func (rt *Runtime) readBytes(L *lua.LState, f *file, size int) lua.LValue {
	if size == 0 {
		if _, err := f.r.Peek(1); err != nil {
			return lua.LNil
		}
		return lua.LString("")
	}
	b := &charged{rt: rt, L: L}
	var piece [4096]byte
	for size != 0 {
		n := len(piece)
		if size > 0 {
			n = min(n, size)
		}
		n, err := f.r.Read(piece[:n])
		b.grow(n)
		b.buf = append(b.buf, piece[:n]...)
		if size > 0 {
			size -= n
		}
		if err != nil {
			break
		}
	}
	if len(b.buf) == 0 {
		return lua.LNil
	}
	return lua.LString(b.String())
}

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
		L.Push(v)
		return 1
	})
}

func (rt *Runtime) ioLines(L *lua.LState) int {
	a := args{L, "lines"}
	if a.absent(1) {
		L.Push(rt.linesOf(rt.lib.io.input.Value.(*file), false))
		return 1
	}
	if !rt.cfg.Allow.FS {
		a.fail(1, "no files here: without --allow fs (Config.Allow.FS) only the standard input can be read")
	}
	f, err := openHostFile(a.str(1), "r")
	if err != nil {
		raise(L, 1, err.Error())
	}
	rt.newFile(f)
	L.Push(rt.linesOf(f, true))
	return 1
}

func (rt *Runtime) fileLines(L *lua.LState) int {
	L.Push(rt.linesOf(rt.openFile(args{L, "lines"}), false))
	return 1
}

func (rt *Runtime) closeFile(L *lua.LState, f *file) int {
	if f.close == nil {
		return ioResult(L, errors.New("a standard stream stays open"))
	}
	delete(rt.lib.io.open, f)
	return ioResult(L, f.shut())
}

func (rt *Runtime) fileClose(L *lua.LState) int {
	return rt.closeFile(L, rt.openFile(args{L, "close"}))
}

func (rt *Runtime) ioClose(L *lua.LState) int {
	a := args{L, "close"}
	if L.GetTop() == 0 {
		return rt.closeFile(L, rt.lib.io.output.Value.(*file))
	}
	return rt.closeFile(L, rt.openFile(a))
}

func (f *file) sync() error {
	if f.buffer != nil {
		return f.buffer.Flush()
	}
	return nil
}

func (rt *Runtime) fileFlush(L *lua.LState) int {
	return ioResult(L, rt.openFile(args{L, "flush"}).sync())
}

func (rt *Runtime) ioFlush(L *lua.LState) int {
	return ioResult(L, rt.lib.io.output.Value.(*file).sync())
}

func (rt *Runtime) fileSetvbuf(L *lua.LState) int {
	rt.openFile(args{L, "setvbuf"})
	L.Push(lua.LTrue)
	return 1
}

func (rt *Runtime) fileSeek(L *lua.LState) int {
	a := args{L, "seek"}
	f := rt.openFile(a)
	whence := map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[a.option(2, "cur", "set", "cur", "end")]
	offset := int64(a.optInt(3, 0))
	if f.seek == nil {
		return ioResult(L, errors.New("illegal seek"))
	}
	f.sync()
	if f.r != nil && whence == io.SeekCurrent {
		offset -= int64(f.r.Buffered())
	}
	at, err := f.seek.Seek(offset, whence)
	if err != nil {
		return ioResult(L, plainFileError(err))
	}
	if f.r != nil {
		f.r.Reset(f.seek.(io.Reader))
	}
	L.Push(lua.LNumber(at))
	return 1
}

func (rt *Runtime) ioType(L *lua.LState) int {
	args{L, "type"}.any(1)
	var v lua.LValue = lua.LNil
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if f, ok := ud.Value.(*file); ok {
			v = lua.LString("file")
			if f.closed {
				v = lua.LString("closed file")
			}
		}
	}
	L.Push(v)
	return 1
}

// What follows is there only behind the doors of Config.Allow.

// openHostFile opens a file of the host in a mode of fopen.
func openHostFile(name, mode string) (*file, error) {
	flags, ok := map[string]int{
		"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREATE | os.O_TRUNC, "a": os.O_WRONLY | os.O_CREATE | os.O_APPEND,
		"r+": os.O_RDWR, "w+": os.O_RDWR | os.O_CREATE | os.O_TRUNC, "a+": os.O_RDWR | os.O_CREATE | os.O_APPEND,
	}[strings.Replace(mode, "b", "", 1)]
	if !ok {
		return nil, errors.New("invalid mode '" + mode + "'; known: r w a r+ w+ a+")
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if err != nil {
		return nil, errors.New(name + ": " + plainFileError(err).Error())
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
	L.Push(rt.newFile(f))
	return 1
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

func (rt *Runtime) ioInput(L *lua.LState) int { return rt.redirect(L, "input", "r", &rt.lib.io.input) }
func (rt *Runtime) ioOutput(L *lua.LState) int {
	return rt.redirect(L, "output", "w", &rt.lib.io.output)
}

func (rt *Runtime) redirect(L *lua.LState, fn, mode string, to **lua.LUserData) int {
	a := args{L, fn}
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case lua.LString:
		f, err := openHostFile(string(v), mode)
		if err != nil {
			raise(L, 1, err.Error())
		}
		*to = rt.newFile(f)
	default:
		rt.openFile(a)
		*to = v.(*lua.LUserData)
	}
	L.Push(*to)
	return 1
}

// command is text as the host's shell runs it, stopped when the run is.
func (rt *Runtime) command(text string) *exec.Cmd {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	cmd := exec.CommandContext(rt.given(), shell, flag, text)
	cmd.WaitDelay = waitDelay
	return cmd
}

// waitDelay is how long a script waits for what a shell has left behind, once the shell has ended or the context is done:
// a program that the shell started may outlive it and hold its output open.
const waitDelay = 500 * time.Millisecond

// ended is what waiting for a command gave; what was left behind is none of its business. A command that was killed
// because the script has to stop may be known to have ended before the script is told.
func (rt *Runtime) ended(err error) error {
	if rt.given().Err() != nil {
		rt.meter.stop.Store(true)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

func (rt *Runtime) ioPopen(L *lua.LState) int {
	a := args{L, "popen"}
	cmd := rt.command(a.str(1))
	f := &file{process: cmd}
	cmd.Stderr = rt.cfg.Stderr
	var err error
	var pipe io.Closer
	if a.option(2, "r", "r", "w") == "r" {
		var r io.ReadCloser
		if r, err = cmd.StdoutPipe(); err == nil {
			f.r, pipe = bufio.NewReader(r), r
		}
	} else {
		var w io.WriteCloser
		cmd.Stdout = rt.cfg.Stdout
		if w, err = cmd.StdinPipe(); err == nil {
			f.w, pipe = w, w
		}
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return rt.pushFile(L, f, err)
	}
	// Reading ends when the script has to, whoever holds the other end.
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

func openOS(rt *Runtime) {
	fns := []libFunc{{"date", rt.osDate}, {"difftime", osDifftime}, {"time", rt.osTime}}
	if rt.cfg.Allow.Clock {
		start := time.Now()
		fns = append(fns, libFunc{"clock", func(L *lua.LState) int {
			L.Push(lua.LNumber(time.Since(start).Seconds()))
			return 1
		}})
	}
	if rt.cfg.Allow.Env {
		fns = append(fns, libFunc{"getenv", func(L *lua.LState) int {
			v, ok := os.LookupEnv(args{L, "getenv"}.str(1))
			if !ok {
				L.Push(lua.LNil)
			} else {
				L.Push(lua.LString(v))
			}
			return 1
		}})
	}
	if rt.cfg.Allow.Exec {
		fns = append(fns, libFunc{"execute", rt.osExecute})
	}
	if rt.cfg.Allow.FS {
		fns = append(fns, libFunc{"remove", func(L *lua.LState) int {
			name := args{L, "remove"}.str(1)
			return ioResult(L, nameError(name, os.Remove(name)))
		}}, libFunc{"rename", func(L *lua.LState) int {
			a := args{L, "rename"}
			name := a.str(1)
			err := os.Rename(name, a.str(2))
			var link *os.LinkError
			if errors.As(err, &link) {
				err = link.Err
			}
			return ioResult(L, nameError(name, err))
		}}, libFunc{"tmpname", func(L *lua.LState) int {
			f, err := os.CreateTemp("", "lua_")
			if err != nil {
				raise(L, 1, "unable to generate a unique filename")
			}
			f.Close()
			L.Push(lua.LString(f.Name()))
			return 1
		}})
	}
	if rt.cfg.Allow.Exit {
		fns = append(fns, libFunc{"exit", rt.osExit})
	}
	rt.newLib("os", fns)
}

func nameError(name string, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(name + ": " + plainFileError(err).Error())
}

func (rt *Runtime) osExecute(L *lua.LState) int {
	a := args{L, "execute"}
	if a.absent(1) {
		L.Push(lua.LNumber(1)) // there is a shell
		return 1
	}
	cmd := rt.command(a.str(1))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = rt.cfg.Stdin, rt.cfg.Stdout, rt.cfg.Stderr
	err := rt.ended(cmd.Run())
	var exit *exec.ExitError
	switch {
	case err == nil:
		L.Push(lua.LNumber(0))
	case errors.As(err, &exit):
		L.Push(lua.LNumber(exit.ExitCode() << 8)) // as wait reports it
	default:
		L.Push(lua.LNumber(-1))
	}
	return 1
}

// osExit ends the script for good: pcall does not stop it, and Run returns an ExitError.
func (rt *Runtime) osExit(L *lua.LState) int {
	a := args{L, "exit"}
	code := 0
	switch v := L.Get(1).(type) {
	case lua.LBool:
		if !v {
			code = 1
		}
	default:
		code = a.optInt(1, 0)
	}
	rt.lib.io.stdout.sync()
	rt.meter.fatal = &ExitError{Code: code}
	rt.raiseFatal()
	return 0
}

func osDifftime(L *lua.LState) int {
	a := args{L, "difftime"}
	L.Push(lua.LNumber(a.float(1) - a.float(2)))
	return 1
}

// zone is the zone of dates: the host's where the clock is open, else UTC, so that nothing of the
// host shows.
func (rt *Runtime) zone() *time.Location {
	if rt.cfg.Allow.Clock {
		return time.Local
	}
	return time.UTC
}

// osTime is the time of a table. Without one it is the host's clock, which Config.Allow.Clock opens.
func (rt *Runtime) osTime(L *lua.LState) int {
	a := args{L, "time"}
	if a.absent(1) {
		rt.needClock(a)
		L.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	t := a.table(1)
	field := func(name string, otherwise int) int {
		x, ok := number.Number{}, false
		switch v := t.RawGetString(name).(type) {
		case lua.LNumber:
			x, ok = number.Number{Float: float64(v)}, true
		case lua.LString:
			x, ok = number.Parse(string(v))
		}
		switch {
		case ok && !x.Exact && math.Abs(x.Float) < 1<<31:
			return int(x.Float)
		case ok:
			raise(L, 1, "field '"+name+"' is out of range")
		case otherwise < 0:
			raise(L, 1, "field '"+name+"' missing in date table")
		}
		return otherwise
	}
	sec, minute, hour := field("sec", 0), field("min", 0), field("hour", 12)
	day, month, year := field("day", -1), field("month", -1), field("year", -1)
	at := time.Date(year, time.Month(month), day, hour, minute, sec, 0, rt.zone())
	L.Push(lua.LNumber(at.Unix()))
	return 1
}

func (rt *Runtime) needClock(a args) {
	if !rt.cfg.Allow.Clock {
		a.fail(1, "a time must be given: the host's clock is closed, --allow clock (Config.Allow.Clock) opens it")
	}
}

func (rt *Runtime) osDate(L *lua.LState) int {
	a := args{L, "date"}
	format := a.optStr(1, "%c")
	var at time.Time
	if a.absent(2) {
		rt.needClock(args{L, "date"})
		at = time.Now()
	} else {
		f := a.float(2)
		if !(math.Abs(f) < 1<<40) {
			a.fail(2, "time out of range")
		}
		at = time.Unix(int64(f), 0)
	}
	if strings.HasPrefix(format, "!") {
		format = format[1:]
		at = at.UTC()
	} else {
		at = at.In(rt.zone())
	}
	if strings.HasPrefix(format, "*t") {
		rt.charge(sizeTable + 9*sizeEntry)
		t := L.CreateTable(0, 9)
		for _, f := range []struct {
			name string
			v    int
		}{{"sec", at.Second()}, {"min", at.Minute()}, {"hour", at.Hour()}, {"day", at.Day()}, {"month", int(at.Month())},
			{"year", at.Year()}, {"wday", int(at.Weekday()) + 1}, {"yday", at.YearDay()}} {
			t.RawSetString(f.name, lua.LNumber(f.v))
		}
		t.RawSetString("isdst", lua.LBool(at.IsDST()))
		L.Push(t)
		return 1
	}
	var b bytes.Buffer
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if layout, ok := dateLayouts[format[i]]; ok {
			b.WriteString(at.Format(layout))
			continue
		}
		a.fail(1, "invalid conversion '%"+format[i:i+1]+"'")
	}
	rt.chargeText(L, b.Len())
	return rt.text(L, b.String())
}

// dateLayouts are the conversions of strftime in the C locale.
var dateLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02", 'D': "01/02/06",
	'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'n': "\n", 'p': "PM",
	'R': "15:04", 'S': "05", 't': "\t", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006",
	'z': "-0700", 'Z': "MST", '%': "%",
}
