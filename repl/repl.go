// Package repl is the prompt of a Lua runtime: it reads entries, runs them and shows their results.
//
// Help, completion and the display of objects and registers come from the description of the modules
// (vm/describe); commands that use the modules are written in Lua. The package itself knows no machine,
// so it also serves an embedder's modules:
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
// Not supported: translations, windows, the mouse. On a terminal without cursor movement, entries are
// plain lines.
package repl

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// A Source is Lua source with its chunk name.
type Source struct {
	Name, Text string

	// Lenient makes an error of the source a message at the prompt. Other sources end the session with it.
	Lenient bool
}

// A Command is a command of the prompt, typed with a colon before its name.
type Command struct {
	Name string
	Doc  string // "[n]  what it does": arguments, two spaces, text

	// Run is called with the rest of the line. It may use the runtime; its output and its error are shown.
	Run func(ctx context.Context, rt *vm.Runtime, rest string, out io.Writer) error
}

// Files gives commands access to files. A prompt behind a connection has none unless its embedder
// provides it.
type Files struct {
	Read  func(name string) ([]byte, error)
	Write func(name string, b []byte) error // nil: no :record
	Names func(prefix string) []string      // for completion, folders with a separator at the end; may be nil
}

// HostFiles returns access to the files of this computer.
func HostFiles() *Files {
	return &Files{
		Read:  os.ReadFile,
		Write: func(name string, b []byte) error { return os.WriteFile(name, b, 0o644) },
		Names: fileNames,
	}
}

// Color selects when output is colored.
type Color string

// ColorAuto, the default, follows the terminal and the environment; see phrase.WantColor.
const (
	ColorAuto   Color = "auto"
	ColorNever  Color = "never"
	ColorAlways Color = "always"
)

// Editing selects when lines are edited rather than read as they arrive.
type Editing uint8

// EditingAuto edits if input and output are a terminal with cursor movement. EditingAlways edits even
// if neither is known to be a terminal, as behind a connection.
const (
	EditingAuto Editing = iota
	EditingNever
	EditingAlways
)

// Config configures a session. The zero Config is a prompt on the standard streams without modules.
type Config struct {
	Name   string // of the program, in messages; default "hwlua"
	Banner string // a line at the start
	Prompt string // default "> "
	Cont   string // prompt of continuation lines; default ">> "
	Quiet  bool   // no banner, prompts or values: the input is a script in pieces

	In     io.Reader  // default os.Stdin
	Out    io.Writer  // default os.Stdout
	Err    io.Writer  // of messages; default Out
	Reader LineReader // the source of entries; default: an editor, or a reader of lines, on In and Out

	Runtime   vm.Config          // of each runtime; its streams default to Out, Err and In
	Modules   []*describe.Module // for help and completion
	Index     *describe.Index    // replaces Modules
	Start     []Source           // run in each new runtime
	Lua       []Source           // run before Start, to add commands with repl.command
	Commands  []Command
	Head      string // Lua source with which a recorded scenario begins, for what Runtime provides
	NoMachine bool   // omit the commands about the machine m

	History      string // the history file, "" for none; see DefaultHistory
	HistoryLimit int    // entries; default DefaultHistoryLimit

	Color      Color
	Editing    Editing
	Size       func() (width, height int) // of the terminal; default: ask it
	Interrupts <-chan os.Signal           // Ctrl-C as a signal
	Getenv     func(string) string        // default os.Getenv
	Files      *Files                     // for :load and :record; nil: omit them
	// Activity returns how often code has changed the modules' state, and how often it has left a trace.
	Activity func() (changes, traces uint64)
	Breaks   Breaker // for :break; nil: omit it
}

// Run runs a session. It returns nil when the user ends it, a *vm.ExitError when a script calls
// os.exit, the context's error when that is done, and in a quiet session the first error of the code.
func Run(ctx context.Context, cfg Config) error {
	s, err := newSession(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.close()
	return s.loop(ctx)
}

// DefaultMemory is the memory limit of a session in bytes if Config sets none.
const DefaultMemory = 256 << 20

// defaults sets the fields that are not set.
func (c *Config) defaults() {
	c.Name = cmp.Or(c.Name, "hwlua")
	c.Prompt = cmp.Or(c.Prompt, "> ")
	c.Cont = cmp.Or(c.Cont, ">> ")
	c.Runtime.Limits.Memory = cmp.Or(c.Runtime.Limits.Memory, DefaultMemory)
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
	if c.Index == nil {
		c.Index = describe.NewIndex(c.Modules...)
	}
}

// terminalOf returns the file behind a stream if it is a terminal, and otherwise nil.
func terminalOf(stream any) *os.File {
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// dumb reports whether the terminal has no cursor movement and no colors.
func (c *Config) dumb() bool {
	t := c.Getenv("TERM")
	return t == "" || t == "dumb"
}

// size returns the size of the terminal, or 80 by 24 without a terminal or if its size is unknown.
func (s *session) size() (width, height int) {
	if s.cfg.Size != nil {
		width, height = s.cfg.Size()
	} else if out := terminalOf(s.cfg.Out); out != nil {
		width, height, _ = term.GetSize(int(out.Fd()))
	}
	if width < 1 || height < 1 {
		return 80, 24
	}
	return width, height
}

// reader returns the line reader: that of Config, an editor, or a reader of plain lines.
func (s *session) reader() (LineReader, error) {
	c := &s.cfg
	in, out := terminalOf(c.In), terminalOf(c.Out)
	s.narrow = out != nil || c.Size != nil
	terminal := (out != nil || c.Editing == EditingAlways) && !c.dumb()
	s.colors = palette(phrase.WantColor(string(c.Color), c.Getenv, terminal))
	edit := c.Editing == EditingAlways || c.Editing == EditingAuto && in != nil && out != nil && !c.dumb()
	switch {
	case c.Reader != nil:
		return c.Reader, nil
	case !edit || c.Quiet:
		return newPlainReader(c.In, c.Out, !c.Quiet, s.intr), nil
	}
	nothing := func() error { return nil }
	t := tty{size: s.size, raw: nothing, cooked: nothing}
	if in != nil {
		t = terminalTTY(in, s.size)
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

// terminalTTY returns the tty of a terminal of this process.
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
		signals: watchTerminal,
		suspend: suspendSelf,
	}
}

// An output is a stream that code and prompt write to. It knows whether the cursor is at the start of a
// line, can keep a copy of the text, and can end lines as a raw terminal needs.
type output struct {
	w    io.Writer
	crlf bool          // end lines with \r\n
	mute bool          // discard everything
	mid  *bool         // a line has begun; shared by the streams of a session
	tee  *bytes.Buffer // gets a copy, up to recordLimit
}

// Write writes b to the stream unless the output is muted.
func (o *output) Write(b []byte) (int, error) {
	if len(b) == 0 || o.mute {
		return len(b), nil
	}
	if o.tee != nil && o.tee.Len() < recordLimit {
		o.tee.Write(b)
	}
	*o.mid = b[len(b)-1] != '\n'
	text := b
	if o.crlf {
		text = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	}
	if _, err := o.w.Write(text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// complain prints a message.
func (s *session) complain(format string, args ...any) {
	s.freshLine()
	fmt.Fprintf(s.errOut, "%s\n", s.colors.err(s.fit(printable(fmt.Sprintf(format, args...)))))
}
