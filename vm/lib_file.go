// Files as scripts see them: a stream with buffers of its own, and the files and processes of the host
// behind it.

package vm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// A file is a stream that scripts read or write.
type file struct {
	r       *bufio.Reader
	w       io.Writer
	seek    io.Seeker
	close   func() error // nil: a standard stream, which stays open
	buffer  *bufio.Writer
	host    io.Writer // behind buffer
	mode    string    // of setvbuf: "full", "line" or "no"
	failure error     // of the last read, except for the end of the file
	closed  bool
}

// source returns r as the reader of f. An error other than the end of the file is kept in f.failure.
func (f *file) source(r io.Reader) *bufio.Reader { return bufio.NewReader(&noting{f, r}) }

// A noting reader records the errors of r in a file.
type noting struct {
	f *file
	r io.Reader
}

func (n *noting) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	if err != nil && err != io.EOF {
		n.f.failure = err
	}
	return k, err
}

// fileSize is the size of a file that the host opened, without the buffer of setvbuf.
const fileSize = 8192

// Size implements Sized.
func (f *file) Size() int64 {
	if f.close == nil || f.closed {
		return 0
	}
	size := int64(fileSize)
	if f.buffer != nil {
		size += int64(f.buffer.Size())
	}
	return size
}

func (f *file) write(b []byte) error {
	if f.w == nil {
		return syscall.EBADF
	}
	if err := f.unread(); err != nil {
		return err
	}
	_, err := f.w.Write(b)
	if err == nil && (f.mode == "no" || f.mode == "line" && slices.Contains(b, '\n')) {
		err = f.sync()
	}
	if err != nil && f.mode == "no" {
		f.buffer.Reset(f.host) // nothing waits to be written
	}
	return err
}

// sync writes out what is buffered.
func (f *file) sync() error {
	if f.buffer != nil {
		return f.buffer.Flush()
	}
	return nil
}

// unread drops what was read ahead and moves the position of the host's file back to where the script is.
func (f *file) unread() error {
	if f.r == nil || f.seek == nil || f.r.Buffered() == 0 {
		return nil
	}
	_, err := f.seek.Seek(-int64(f.r.Buffered()), io.SeekCurrent)
	f.r.Reset(&noting{f, f.seek.(io.Reader)})
	return err
}

// seekTo moves the position. What is buffered is written out first, and what was read ahead is dropped.
func (f *file) seekTo(offset int64, whence int) (int64, error) {
	if f.seek == nil {
		return 0, syscall.ESPIPE
	}
	if err := f.sync(); err != nil {
		return 0, err
	}
	if err := f.unread(); err != nil {
		return 0, err
	}
	return f.seek.Seek(offset, whence)
}

// maxBuffer bounds the buffer that setvbuf makes.
const maxBuffer = 1 << 20

// setBuffer sets the mode of the buffer, after writing out what the old one holds. The standard streams and
// pipes have no buffer here, so their mode changes nothing that a script could see.
func (f *file) setBuffer(mode string, size int) error {
	if f.buffer == nil {
		return nil
	}
	err := f.sync()
	f.mode = mode
	f.buffer = bufio.NewWriterSize(f.host, size)
	f.w = f.buffer
	return err
}

func (f *file) shut() error {
	f.closed = true
	err := f.sync()
	if e := f.close(); err == nil {
		err = e
	}
	return err
}

// An openFile is a file that the script opened, with the value that it has for it.
type openFile struct {
	f  *file
	ud *lua.LUserData
}

// filesAt is the number of open files at which the ones that the script has dropped are looked for.
const filesAt = 64

// addFile returns the value of a file that a script opens.
func (rt *Runtime) addFile(f *file) *lua.LUserData {
	ud := rt.newFile(f)
	rt.lib.io.open = append(rt.lib.io.open, openFile{f, ud})
	return ud
}

// roomForFile asks for the memory of another file. It closes the files that the script has dropped, if many
// are open.
func (rt *Runtime) roomForFile() {
	s := rt.lib.io
	rt.charge(fileSize)
	if len(s.open) < s.sweepAt {
		return
	}
	rt.collect()
	s.sweepAt = max(2*len(s.open), filesAt)
}

// sweepFiles writes out and closes the files that the script can no longer reach, in the order in which it
// opened them.
func (rt *Runtime) sweepFiles(reachable func(*lua.LUserData) bool) {
	s := rt.lib.io
	var dropped []*file
	s.open = slices.DeleteFunc(s.open, func(o openFile) bool {
		drop := !reachable(o.ud)
		if drop {
			dropped = append(dropped, o.f)
		}
		return drop
	})
	for _, f := range dropped {
		f.shut()
	}
}

// closeFiles closes the files that scripts left open.
func (rt *Runtime) closeFiles() {
	rt.sweepFiles(func(*lua.LUserData) bool { return false })
	rt.lib.io.sweepAt = filesAt
}

// shutFile closes a file that the script opened.
func (rt *Runtime) shutFile(f *file) error {
	s := rt.lib.io
	s.open = slices.DeleteFunc(s.open, func(o openFile) bool { return o.f == f })
	return f.shut()
}

// maxNumeral is the length up to which a number is read from a file.
const maxNumeral = 200

// A numeral is the text of a number that is read from a file.
type numeral struct {
	r    *bufio.Reader
	text []byte
}

// accept reads up to most characters of set and returns how many it found.
func (n *numeral) accept(set string, most int) (found int) {
	for found < most && len(n.text) < maxNumeral {
		c, err := n.r.ReadByte()
		if err != nil {
			break
		}
		if strings.IndexByte(set, c) < 0 {
			n.r.UnreadByte()
			break
		}
		n.text = append(n.text, c)
		found++
	}
	return found
}

// fopenModes are the modes of fopen, without b.
var fopenModes = map[string]int{
	"r":  os.O_RDONLY,
	"w":  os.O_WRONLY | os.O_CREATE | os.O_TRUNC,
	"a":  os.O_WRONLY | os.O_CREATE | os.O_APPEND,
	"r+": os.O_RDWR,
	"w+": os.O_RDWR | os.O_CREATE | os.O_TRUNC,
	"a+": os.O_RDWR | os.O_CREATE | os.O_APPEND,
}

// errMode is the error of a mode that fopen does not have.
type errMode struct{ mode string }

func (e *errMode) Error() string { return "invalid mode '" + e.mode + "'; known: r w a r+ w+ a+" }
func (e *errMode) Unwrap() error { return syscall.EINVAL }

// openHostFile opens a file of the host. If the process has too many open files, it closes the ones that the
// script has dropped and tries again.
func (rt *Runtime) openHostFile(name, mode string) (*file, error) {
	flags, ok := fopenModes[strings.Replace(mode, "b", "", 1)]
	if !ok {
		return nil, &errMode{mode}
	}
	rt.roomForFile()
	f, err := os.OpenFile(name, flags, 0o666)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		rt.collect()
		f, err = os.OpenFile(name, flags, 0o666)
	}
	if err != nil {
		return nil, err
	}
	return hostFile(f, flags), nil
}

func hostFile(f *os.File, flags int) *file {
	out := &file{seek: f, close: f.Close}
	if flags&os.O_WRONLY == 0 {
		out.r = out.source(f)
	}
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		out.host = f
		out.buffer = bufio.NewWriter(f)
		out.w = out.buffer
	}
	return out
}

// strerror returns the text of an error as C has it.
func strerror(err error) string {
	if errors.Is(err, fs.ErrClosed) {
		err = syscall.EBADF
	}
	plain := plainFileError(err)
	text := plain.Error()
	if _, ok := plain.(syscall.Errno); ok {
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

// named returns err with the name of the file before its text, unless it is about the mode.
func named(name string, err error) error {
	if _, ok := err.(*errMode); ok || err == nil {
		return err
	}
	return &nameError{name, err}
}

// A nameError is an error about a file, whose name stands before it.
type nameError struct {
	name string
	err  error
}

func (e *nameError) Error() string { return e.name + ": " + strerror(e.err) }
func (e *nameError) Unwrap() error { return e.err }

// ioResult pushes true, or nil, the text of the error and, if the system reported it, its number.
func ioResult(L *lua.LState, err error) int {
	if err == nil {
		return give(L, lua.LTrue)
	}
	text := err.Error()
	if _, ok := err.(*nameError); !ok {
		text = strerror(err)
	}
	n := give(L, lua.LNil, lua.LString(text))
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		n += give(L, lua.LNumber(errno))
	}
	return n
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

// openPipe starts a command and returns a file that reads its output (mode "r") or writes its input. Closing
// the file waits for the command, whose exit status is ignored as in lua5.1.
func (rt *Runtime) openPipe(text, mode string) (*file, error) {
	rt.roomForFile()
	cmd := rt.command(text)
	cmd.Stderr = rt.cfg.Stderr
	f := &file{}
	var err error
	var pipe io.Closer
	if mode == "r" {
		var r io.ReadCloser
		r, err = cmd.StdoutPipe()
		f.r, pipe = f.source(r), r
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
		return nil, err
	}
	// Reading ends when the script has to stop, whichever process holds the other end.
	stop := context.AfterFunc(rt.given(), func() {
		rt.meter.stop.Store(true) // before the script goes on
		pipe.Close()
	})
	f.close = func() error {
		stop()
		pipe.Close()
		err := rt.ended(cmd.Wait())
		if _, ok := errors.AsType[*exec.ExitError](err); ok {
			return nil
		}
		return err
	}
	return f, nil
}
