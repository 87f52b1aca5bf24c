// Package repl is the prompt of a Lua runtime: it reads entries, runs them, shows what they give, and
// knows what the description of the modules says.
//
// What it knows of the modules comes from their description (vm/describe): help, completion, how
// objects and registers are shown. What it can do with them are commands written in Lua. So it has no
// idea of any machine, and serves an embedder's own modules as well:
//
//	err := repl.Run(ctx, repl.Config{
//		Name:    "board",
//		Prompt:  "board> ",
//		In:      conn,
//		Out:     conn,
//		Runtime: vm.Config{Modules: []vm.Module{boardModule}},
//		Modules: []*describe.Module{&board},
//	})
//
// Left out: several languages, windows, mouse. Where a terminal can do nothing, entries are plain lines.
package repl

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// A Source is Lua source with a name for messages.
type Source struct {
	Name, Text string

	// Lenient is a source whose error is shown and ends nothing: the prompt comes all the same.
	Lenient bool
}

// A Command is a command of the prompt, typed with a colon before its name.
type Command struct {
	Name string
	Doc  string // "[n]  what it does": arguments, two spaces, text
	// Run is given the rest of the line; what it writes is shown. An error is shown too, and ends
	// nothing. The runtime may be used.
	Run func(ctx context.Context, rt *vm.Runtime, rest string, out io.Writer) error
}

// Files are the files that commands may read and write. A prompt that others reach has none unless its
// embedder gives it some.
type Files struct {
	Read  func(name string) ([]byte, error)
	Write func(name string, b []byte) error // nil: :record is not there
	Names func(prefix string) []string      // for completion, folders with a separator at the end; may be nil
}

// HostFiles are the files of this computer.
func HostFiles() *Files {
	return &Files{
		Read:  os.ReadFile,
		Write: func(name string, b []byte) error { return os.WriteFile(name, b, 0o644) },
		Names: fileNames,
	}
}

// Color says when colors are used.
type Color uint8

// The zero Color leaves it to the terminal and the environment (NO_COLOR,
// FORCE_COLOR and CLICOLOR_FORCE, TERM).
const (
	ColorAuto Color = iota
	ColorNever
	ColorAlways
)

// Editing says when lines are edited, rather than read as they come.
type Editing uint8

// The zero Editing edits where input and output are one terminal that can do it.
const (
	EditingAuto Editing = iota
	EditingNever
	EditingAlways // also where there is no terminal to be seen, as behind a connection
)

// Config is a session.
type Config struct {
	Name   string // of the program, in messages and in the history's folder; default "hwlua"
	Banner string // one line at the start; "" none
	Prompt string // default "> "
	Cont   string // of further lines; default ">> "
	Quiet  bool   // neither banner nor prompts nor expressions' values: the input is a script in pieces

	In  io.Reader // default os.Stdin
	Out io.Writer // default os.Stdout
	Err io.Writer // messages; default Out
	// Reader is where entries come from; default: an editor or a reader of lines over In and Out.
	Reader LineReader

	Runtime   vm.Config          // how runtimes are made; where it names no streams they are Out, Err and In
	Modules   []*describe.Module // what help and completion know
	Index     *describe.Index    // instead of Modules, if there is one already
	Start     []Source           // run in each new runtime before anything else
	Lua       []Source           // further commands, in Lua: see repl.command
	Commands  []Command
	Head      string // Lua source that makes, at the head of a recorded scenario, what the runtime has from the start
	NoMachine bool   // leave out the commands that look at the machine m

	History      string // its file; "" none. DefaultHistory names the usual one
	HistoryLimit int    // entries; default DefaultHistoryLimit

	Color      Color
	Editing    Editing
	Size       func() (width, height int) // of the terminal; default: it is asked
	Interrupts <-chan os.Signal           // Ctrl-C as a signal
	Getenv     func(string) string        // default os.Getenv
	Files      *Files                     // what :load and :record may use; nil: they are not there
}

// Run is a session. It returns nil when the user ends it, a *vm.ExitError when a script does with
// os.exit, the context's error when that is done, and the first error of a script when it is quiet.
func Run(ctx context.Context, cfg Config) error {
	s, err := newSession(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.close()
	return s.loop(ctx)
}

// DefaultMemory is how much memory a session's code may use when Config does not say.
const DefaultMemory = 256 << 20

// defaults fills in what a Config leaves open.
func (c *Config) defaults() {
	if c.Name == "" {
		c.Name = "hwlua"
	}
	if c.Prompt == "" {
		c.Prompt = "> "
	}
	if c.Cont == "" {
		c.Cont = ">> "
	}
	if c.In == nil {
		c.In = os.Stdin
	}
	if c.Out == nil {
		c.Out = os.Stdout
	}
	if c.Err == nil {
		c.Err = c.Out
	}
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Runtime.Limits.Memory == 0 {
		c.Runtime.Limits.Memory = DefaultMemory
	}
	if c.Index == nil {
		c.Index = describe.NewIndex(c.Modules...)
	}
}

// terminalOf is the file behind a stream if it is a terminal.
func terminalOf(stream any) *os.File {
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// colors decides whether to use them.
func (c *Config) colors(terminal bool) palette {
	switch {
	case c.Color == ColorAlways:
		return true
	case c.Color == ColorNever, c.Getenv("NO_COLOR") != "":
		return false
	case on(c.Getenv("CLICOLOR_FORCE")), on(c.Getenv("FORCE_COLOR")):
		return true
	}
	return palette(terminal && c.Getenv("TERM") != "dumb" && c.Getenv("TERM") != "")
}

func on(v string) bool { return v != "" && v != "0" }

// reader makes the line reader that the streams can bear.
func (s *session) reader() (LineReader, error) {
	c := &s.cfg
	in, out := terminalOf(c.In), terminalOf(c.Out)
	size := c.Size
	if size == nil {
		size = func() (int, int) {
			if out == nil {
				return 80, 24
			}
			w, h, err := term.GetSize(int(out.Fd()))
			if err != nil || w < 1 || h < 1 {
				return 80, 24
			}
			return w, h
		}
	}
	s.size, s.narrow = size, out != nil || c.Size != nil
	s.colors = c.colors(out != nil || c.Editing == EditingAlways)
	dumb := c.Getenv("TERM") == "dumb" || c.Getenv("TERM") == ""
	edit := c.Editing == EditingAlways || c.Editing == EditingAuto && in != nil && out != nil && !dumb
	if c.Quiet {
		edit = false
	}
	if s.intr == nil {
		s.intr = make(chan struct{}, 1)
	}
	if c.Reader != nil {
		return c.Reader, nil
	}
	if !edit {
		return newPlainReader(c.In, c.Out, !c.Quiet, s.intr), nil
	}
	none := func() error { return nil }
	t := tty{size: size, raw: none, cooked: none}
	if in != nil {
		t = terminalTTY(in, size)
	} else {
		for _, o := range []*output{s.out, s.errOut, s.codeOut, s.codeErr} {
			o.crlf = true
		}
	}
	return newEditor(c.In, c.Out, t, s.intr, func(text string, pos int) (found suggestions) {
		safely(func() error {
			found = s.completer.suggest(text, pos, s.colors)
			return nil
		})
		return found
	})
}

// terminalTTY is a terminal of this process.
func terminalTTY(f *os.File, size func() (int, int)) tty {
	var before *term.State
	return tty{
		size:    size,
		cooking: true,
		raw: func() error {
			st, err := term.MakeRaw(int(f.Fd()))
			if err == nil {
				before = st
			}
			return err
		},
		cooked: func() error {
			if before == nil {
				return nil
			}
			return term.Restore(int(f.Fd()), before)
		},
		resized: watchSize,
		goesOn:  watchContinued,
		suspend: suspendSelf,
	}
}

// An output is where code and prompt write: it knows whether the cursor is at the start of a line, can
// be told to keep what is written, and turns line feeds into what a raw terminal needs.
type output struct {
	w    io.Writer
	crlf bool
	mute bool
	mid  *bool         // the line has begun; shared by the streams of a session
	tee  *bytes.Buffer // what is written is kept here too
}

func (o *output) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if o.mute {
		return len(b), nil
	}
	if o.tee != nil && o.tee.Len() < recordLimit {
		o.tee.Write(b)
	}
	*o.mid = b[len(b)-1] != '\n'
	if o.crlf {
		if _, err := o.w.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return o.w.Write(b)
}

// errQuit ends the session.
var errQuit = errors.New("quit")

// complain writes a message.
func (s *session) complain(format string, args ...any) {
	s.freshLine()
	fmt.Fprintf(s.errOut, "%s\n", s.colors.err(printable(fmt.Sprintf(format, args...))))
}
