// A session: entries are compiled, run and shown, and can be run again.

package repl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

type inputKind uint8

const (
	typedCode inputKind = iota
	loadedFile
	luaCommand
)

// An input is what changed the runtime, so that the session can be run again up to before it.
type input struct {
	kind    inputKind
	text    string // what was typed, or the file's contents
	name    string // of the chunk, or of the command
	rest    string // what a command was given
	prog    *vm.Program
	expr    bool
	gave    bool   // it gave values: an expression, or a return
	steps   int64  // it was stopped by Ctrl-C after as many; 0: it was not
	read    []byte // what it read from the input
	printed string // what it printed, as far as it is kept
	lossy   bool   // not all of it is
	err     error
	code    string   // what a command does, as code
	checks  []string // what its results were, as assertions about the locals r1, r2, ...
	refused string   // the errno that it was refused with
}

type session struct {
	cfg       Config
	index     *describe.Index
	completer *completer
	colors    palette
	size      func() (int, int)
	narrow    bool // the size is that of a terminal, where longer lines break

	lr      LineReader
	hist    *history
	out     *output // the prompt's
	errOut  *output
	codeOut *output // the code's
	codeErr *output
	mid     bool
	code    *codeInput
	intr    chan struct{} // Ctrl-C at the prompt
	done    chan struct{}
	mu      sync.Mutex
	cancel  context.CancelFunc // ends the code that runs
	stopped bool               // it was Ctrl-C that did

	rt      *vm.Runtime
	fns     map[string]*vm.Function
	inputs  []input
	count   int // of inputs ever, for names
	sources map[string]string
	watches []*watch
	lastErr error
	file    string // of the last :load
	rec     *recording
	tour    *tour
	used    usage
	tight   bool            // the memory limit was reached, and may still be
	lost    map[string]bool // names that were local to earlier inputs

	compiled struct { // the last entry that the reader asked about
		text string
		prog *vm.Program
		expr bool
		err  error
		ok   bool
	}
}

func newSession(ctx context.Context, cfg Config) (_ *session, err error) {
	cfg.defaults()
	s := &session{cfg: cfg, index: cfg.Index, sources: map[string]string{}, intr: make(chan struct{}, 1), done: make(chan struct{})}
	s.out = &output{w: cfg.Out, mid: &s.mid}
	s.errOut = &output{w: cfg.Err, mid: &s.mid}
	s.codeOut, s.codeErr = &output{w: cfg.Runtime.Stdout, mid: &s.mid}, &output{w: cfg.Runtime.Stderr, mid: &s.mid}
	if s.codeOut.w == nil {
		s.codeOut.w = cfg.Out
	}
	if s.codeErr.w == nil {
		s.codeErr.w = cfg.Err
	}
	s.completer = &completer{
		index:    s.index,
		look:     func(path ...any) (vm.Value, bool) { return s.rt.Look(path...) },
		commands: s.commandCandidates,
	}
	if f := cfg.Files; f != nil && f.Names != nil {
		s.completer.files = f.Names
	}
	s.code = &codeInput{r: cfg.Runtime.Stdin}
	if s.code.r == cfg.In {
		s.code.r = nil // shared with the prompt, which knows how
	}
	s.size = func() (int, int) { return 80, 24 }
	s.code.lines = cannotRead{}
	if cfg.Interrupts != nil {
		go s.watchInterrupts()
	}
	defer func() {
		if err != nil {
			close(s.done)
		}
	}()
	_, err = s.during(ctx, func(ctx context.Context) error {
		var err error
		s.rt, s.fns, err = s.newRuntime(ctx, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.lr, err = s.reader(); err != nil {
		s.rt.Close()
		return nil, err
	}
	if s.code.r == nil {
		if lines, ok := s.lr.(codeReader); ok {
			s.code.lines = lines
		}
	}
	hist, failed := openHistory(cfg.History, cfg.HistoryLimit)
	if failed != nil {
		s.complain("%s: %v", cfg.Name, failed)
	}
	s.hist = hist
	if r, ok := s.lr.(rememberer); ok {
		r.setHistory(hist.entries)
	}
	return s, nil
}

func (s *session) close() {
	close(s.done)
	s.stopRecording()
	s.lr.Close()
	s.rt.Close()
}

// watchInterrupts hands Ctrl-C, as a signal, to the code that runs or else to the prompt.
func (s *session) watchInterrupts() {
	for {
		select {
		case <-s.done:
			return
		case _, ok := <-s.cfg.Interrupts:
			if !ok {
				return
			}
			if s.interrupt() {
				continue
			}
			select {
			case s.intr <- struct{}{}:
			default:
			}
		}
	}
}

// interrupt stops the code that runs, if any does.
func (s *session) interrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return false
	}
	s.stopped = true
	s.cancel()
	return true
}

// during runs fn with a context that Ctrl-C ends.
func (s *session) during(ctx context.Context, fn func(ctx context.Context) error) (stopped bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.cancel, s.stopped = cancel, false
	s.mu.Unlock()
	unlisten := func() {}
	if l, ok := s.lr.(interrupter); ok {
		unlisten = l.listen(func() { s.interrupt() })
	}
	s.code.stop = ctx.Done()
	err = safely(func() error { return fn(ctx) })
	unlisten()
	s.mu.Lock()
	s.cancel = nil
	stopped = s.stopped
	s.mu.Unlock()
	select {
	case <-s.intr:
	default:
	}
	return stopped && errors.Is(err, context.Canceled), err
}

// A faultError is a panic of ours or of what we are made of. It must not take the session with it.
type faultError struct {
	value any
	stack string
}

func (e *faultError) Error() string {
	return fmt.Sprintf("a fault of this program, not of what was typed: %v", e.value)
}

// safely makes a panic an error.
func safely(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &faultError{r, string(debug.Stack())}
		}
	}()
	return fn()
}

// newRuntime makes a runtime in which nothing has been entered yet.
func (s *session) newRuntime(ctx context.Context, mute bool) (*vm.Runtime, map[string]*vm.Function, error) {
	cfg := s.cfg.Runtime
	cfg.Stdout, cfg.Stderr, cfg.Stdin = s.codeOut, s.codeErr, s.code
	cfg.Modules = append(append([]vm.Module(nil), cfg.Modules...), s.hostModule())
	rt, err := vm.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	s.codeOut.mute, s.codeErr.mute = mute, mute
	defer func() { s.codeOut.mute, s.codeErr.mute = false, false }()
	fns, err := s.prepare(ctx, rt)
	if err != nil {
		rt.Close()
		return nil, nil, err
	}
	return rt, fns, nil
}

// prepare runs our own part and the configured start.
func (s *session) prepare(ctx context.Context, rt *vm.Runtime) (map[string]*vm.Function, error) {
	m, err := evalFile(ctx, rt, "lua/prelude.lua")
	if err != nil {
		return nil, err
	}
	if !s.cfg.NoMachine {
		if err := callFile(ctx, rt, "lua/commands.lua", m); err != nil {
			return nil, err
		}
	}
	fns := map[string]*vm.Function{}
	for _, name := range m.Names() {
		v, _ := m.Index(name)
		if fn, ok := v.Go().(*vm.Function); ok {
			fns[name] = fn
		}
	}
	for _, src := range append(append([]Source(nil), s.cfg.Lua...), s.cfg.Start...) {
		s.sources[src.Name] = src.Text
		p, err := vm.Compile(src.Name, src.Text)
		if err == nil {
			_, _, err = rt.Eval(ctx, p, 0)
		}
		var exit *vm.ExitError
		if err != nil && src.Lenient && !errors.As(err, &exit) {
			if !s.codeErr.mute {
				s.showError(err)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return fns, nil
}

var ourPrograms sync.Map // compiled once per process: name -> *vm.Program

func ourProgram(name string) (*vm.Program, error) {
	if p, ok := ourPrograms.Load(name); ok {
		return p.(*vm.Program), nil
	}
	b, err := luaFiles.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p, err := vm.Compile(name, string(b))
	if err != nil {
		return nil, err
	}
	ourPrograms.Store(name, p)
	return p, nil
}

// evalFile runs one of our files and returns what it returns.
func evalFile(ctx context.Context, rt *vm.Runtime, name string) (vm.Value, error) {
	p, err := ourProgram(name)
	if err != nil {
		return vm.Value{}, err
	}
	vs, _, err := rt.Eval(ctx, p, 0)
	if err != nil || len(vs) == 0 {
		return vm.Value{}, err
	}
	return vs[0], nil
}

// callFile runs one of our files with a value as its argument.
func callFile(ctx context.Context, rt *vm.Runtime, name string, arg vm.Value) error {
	p, err := ourProgram(name)
	if err != nil {
		return err
	}
	_, err = rt.Invoke(ctx, rt.Load(p), arg)
	return err
}

// invoke calls a function of our own part.
func (s *session) invoke(ctx context.Context, name string, args ...any) ([]vm.Value, error) {
	fn := s.fns[name]
	if fn == nil {
		return nil, fmt.Errorf("repl: no function %s", name)
	}
	return s.rt.Invoke(ctx, fn, args...)
}

// room is how many columns a line may take before it is broken at words: as many as it likes where no terminal shows it.
func (s *session) room() int {
	if !s.narrow {
		return math.MaxInt32
	}
	return s.width()
}

// width is how many columns there are for what is shown.
func (s *session) width() int {
	w, _ := s.size()
	return min(max(w, 20), 200)
}

// loop reads and runs entries until the session ends.
func (s *session) loop(ctx context.Context) error {
	if s.cfg.Banner != "" && !s.cfg.Quiet {
		fmt.Fprintln(s.out, s.fit(s.cfg.Banner))
	}
	prompt, cont := s.colors.strong(s.cfg.Prompt), s.colors.strong(s.cfg.Cont)
	for {
		s.freshLine()
		text, err := s.lr.ReadEntry(ctx, prompt, cont, s.more)
		switch {
		case errors.Is(err, ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		s.remember(text)
		err = s.enter(ctx, text)
		var exit *vm.ExitError
		switch {
		case errors.Is(err, errQuit):
			return nil
		case errors.As(err, &exit):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && s.cfg.Quiet:
			return err
		}
	}
}

// remember puts an entry into the history.
func (s *session) remember(text string) {
	if s.cfg.Quiet {
		return
	}
	if err := s.hist.add(text); err != nil {
		s.complain("%s: %v", s.cfg.Name, err)
	}
	if r, ok := s.lr.(rememberer); ok {
		r.setHistory(s.hist.entries)
	}
}

// freshLine makes the cursor stand at the start of a line.
func (s *session) freshLine() {
	if s.mid {
		fmt.Fprintln(s.out)
	}
}

// more says whether an entry goes on.
func (s *session) more(text string) bool {
	if isCommand(text) || strings.TrimSpace(text) == "" {
		return false
	}
	var prog *vm.Program
	var expr bool
	err := safely(func() (err error) {
		prog, expr, err = compile("in"+strconv.Itoa(s.count+1), text)
		return err
	})
	c := &s.compiled
	c.text, c.prog, c.expr, c.err, c.ok = text, prog, expr, err, true
	return err != nil && vm.Incomplete(err)
}

func isCommand(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, " \t"), ":") && !strings.HasPrefix(strings.TrimLeft(text, " \t"), "::")
}

// compile makes a program of an entry: of an expression if it is one, so that its values can be shown.
// The error of an entry that goes on is one that vm.Incomplete knows.
func compile(name, text string) (p *vm.Program, expr bool, err error) {
	text = withoutEquals(text)
	if toks := scan(text); len(toks) == 0 || toks[0].kind == tokComment { // nothing but a comment
		p, err = vm.Compile(name, text)
		return p, false, err
	}
	if text[0] == '#' {
		text = " " + text // which is no line for the system
	}
	_, asExpr := vm.Compile(name, "return "+text)
	if asExpr == nil {
		// Not as "return f()": that would be a tail call, and f would not stand in call chains.
		if p, err = vm.Compile(name, "return (function(...) return ... end)("+text+"\n)"); err == nil {
			return p, true, nil
		}
		p, err = vm.Compile(name, "return "+text) // "return", or something with a semicolon
		return p, err == nil && strings.Trim(text, " \t\r\n;") != "", err
	}
	p, err = vm.Compile(name, text)
	if err != nil && !vm.Incomplete(err) && vm.Incomplete(asExpr) {
		err = asExpr
	}
	return p, false, err
}

// withoutEquals takes away the = that older prompts wanted before an expression.
func withoutEquals(text string) string {
	if t := strings.TrimLeft(text, " \t\r\n"); strings.HasPrefix(t, "=") && !strings.HasPrefix(t, "==") {
		return t[1:]
	}
	return text
}

// enter runs an entry. It returns an error when the entry raised or ends the session; it has been
// shown then.
func (s *session) enter(ctx context.Context, text string) error {
	blank := strings.TrimSpace(text) == ""
	if s.tour != nil && blank {
		text = s.tour.accept()
		blank = false
		if text == "" {
			return nil
		}
	}
	if blank {
		return nil
	}
	if isCommand(text) {
		return s.enterCommand(ctx, strings.TrimSpace(text)[1:])
	}
	if s.helpEntry(text) {
		return nil
	}
	if name := strings.TrimSuffix(strings.TrimSpace(text), "()"); name == "exit" || name == "quit" {
		if v, ok := s.rt.Look(name); !ok || v.Type() == "nil" {
			s.say(":quit or Ctrl-D leaves")
			return nil
		}
	}
	return s.run(ctx, text)
}

// run runs what was typed as code.
func (s *session) run(ctx context.Context, text string) error {
	s.count++
	in := input{kind: typedCode, text: withoutEquals(text), name: "in" + strconv.Itoa(s.count)}
	s.sources[in.name] = in.text
	if c := &s.compiled; c.ok && c.text == text {
		in.prog, in.expr, in.err = c.prog, c.expr, c.err
	} else {
		in.prog, in.expr, in.err = compile(in.name, text)
	}
	s.compiled.ok = false
	if in.err != nil {
		s.showError(in.err)
		return in.err
	}
	err := s.execute(ctx, &in)
	s.inputs = append(s.inputs, in)
	if !s.cfg.Quiet {
		s.missLocals(&in)
	}
	if s.tour != nil {
		s.tour.entered(s, text)
	}
	return err
}

// missLocals says, once for each, what an input has asked of a global that is not there for a name that was local to an
// earlier input, as locals are in lua: what is pasted line by line loses them.
func (s *session) missLocals(in *input) {
	for _, g := range in.prog.Globals() {
		if !s.lost[g.Name] || g.Set {
			continue
		}
		delete(s.lost, g.Name)
		if v, ok := s.rt.Look(g.Name); !ok || v.Type() == "nil" {
			s.freshLine()
			fmt.Fprintln(s.out, s.colors.note(g.Name+" was local to the entry that made it; without 'local' it stays"))
		}
	}
	if s.lost == nil {
		s.lost = map[string]bool{}
	}
	for _, name := range localsOf(in.text) {
		s.lost[name] = true
	}
}

// execute runs an input for the first time, and shows what it gives.
func (s *session) execute(ctx context.Context, in *input) error {
	var results []vm.Value
	var steps int64
	s.code.start(nil)
	if s.rec != nil {
		s.codeOut.tee = new(bytes.Buffer)
	}
	stop := s.used.start()
	stopped, err := s.during(ctx, func(ctx context.Context) error {
		var err error
		results, steps, err = s.perform(ctx, s.rt, in)
		if err == nil && s.code.broken { // the code may have come to its end before it noticed
			err = context.Canceled
		}
		return err
	})
	stop(steps)
	in.read = s.code.taken()
	if tee := s.codeOut.tee; tee != nil {
		in.printed, in.lossy = tee.String(), tee.Len() >= recordLimit
		s.codeOut.tee = nil
	}
	in.err = err
	if stopped {
		in.steps = max(1, steps-1)
		s.freshLine()
		fmt.Fprintln(s.errOut, s.colors.err("interrupted")+s.where(err))
		s.lastErr = err
		s.showWatches(ctx)
		return err
	}
	if err != nil {
		var exit *vm.ExitError
		if errors.As(err, &exit) || ctx.Err() != nil {
			return err
		}
		s.showError(err)
		s.showWatches(ctx)
		return err
	}
	if in.gave = len(results) > 0 && in.kind == typedCode; in.gave {
		s.freshLine()
		s.rt.SetValue("_", results[0])
		// Showing may run code of the user's (__tostring), so it can be stopped too.
		_, err := s.during(ctx, func(ctx context.Context) error { return s.show(ctx, in, results) })
		if err != nil {
			s.showError(err)
		}
	}
	s.showWatches(ctx)
	return nil
}

// headroom is how much memory an input may take whose predecessors have filled it.
const headroom = 4 << 20

// perform runs an input in a runtime.
func (s *session) perform(ctx context.Context, rt *vm.Runtime, in *input) (_ []vm.Value, _ int64, err error) {
	if s.tight {
		s.tight = !rt.MakeRoom(ctx, s.cfg.Runtime.Limits.Memory, headroom)
	}
	defer func() {
		if errors.Is(err, vm.ErrMemory) {
			s.tight = true
		}
	}()
	if in.kind == luaCommand {
		_, err := rt.Invoke(ctx, s.fns["run"], s.width(), in.name, in.rest)
		return nil, 0, err
	}
	return rt.Eval(ctx, in.prog, in.steps)
}

// rebuild makes the runtime that the inputs lead to.
func (s *session) rebuild(ctx context.Context, inputs []input) error {
	old, oldFns := s.rt, s.fns
	rt, fns, err := s.newRuntime(ctx, true)
	if err != nil {
		return err
	}
	s.codeOut.mute, s.codeErr.mute = true, true
	s.tight = false
	s.fns = fns // perform uses them
	stopped, err := s.during(ctx, func(ctx context.Context) error {
		for i := range inputs {
			in := &inputs[i]
			s.code.start(in.read)
			results, _, err := s.perform(ctx, rt, in)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil && in.gave && len(results) > 0 {
				rt.SetValue("_", results[0])
			}
		}
		return nil
	})
	s.code.start(nil)
	s.codeOut.mute, s.codeErr.mute = false, false
	if err != nil {
		rt.Close()
		s.fns = oldFns
		if stopped {
			return errors.New("interrupted; nothing has changed")
		}
		return err
	}
	s.rt = rt
	old.Close()
	s.inputs = inputs
	return nil
}

// A codeInput is what scripts read from. It keeps what they have read, so that they can read it again.
type codeInput struct {
	r      io.Reader
	lines  codeReader
	stop   <-chan struct{} // closed when the code is to stop
	again  []byte
	replay bool
	kept   []byte
	broken bool // a read was given up because the code was to stop
}

// A codeReader is a LineReader from which code can read too, until stop is closed.
type codeReader interface {
	readCode(p []byte, stop <-chan struct{}) (int, error)
}

// cannotRead is what code reads before there is a prompt to share the input with.
type cannotRead struct{}

func (cannotRead) readCode([]byte, <-chan struct{}) (int, error) { return 0, io.EOF }

func (c *codeInput) start(again []byte) {
	c.again, c.replay, c.kept, c.broken = again, again != nil, nil, false
}

func (c *codeInput) taken() []byte {
	if c.kept == nil {
		return []byte{}
	}
	return c.kept
}

func (c *codeInput) Read(p []byte) (int, error) {
	if c.replay {
		if len(c.again) == 0 {
			return 0, io.EOF
		}
		n := copy(p, c.again)
		c.again = c.again[n:]
		return n, nil
	}
	var n int
	var err error
	switch {
	case c.r != nil:
		n, err = c.r.Read(p)
	case c.lines != nil:
		n, err = c.lines.readCode(p, c.stop)
	default:
		err = io.EOF
	}
	c.kept = append(c.kept, p[:n]...)
	c.broken = c.broken || errors.Is(err, context.Canceled)
	return n, err
}
