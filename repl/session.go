// A session: entries are compiled, run and shown, and can be run again.

package repl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

type inputKind uint8

const (
	typedCode inputKind = iota
	loadedFile
	luaCommand
)

// An input is an entry that may have changed the runtime. :undo and :reset run the inputs again.
type input struct {
	kind inputKind
	text string // as typed, or the contents of the file
	name string // of the chunk, or of the command
	rest string // arguments of a command
	prog *vm.Program
	expr bool // an expression

	look    bool // it changed nothing; see onlyReads
	traced  bool // but it left a trace in the modules
	took    time.Duration
	gave    bool   // it returned values
	steps   int64  // the number of steps after which Ctrl-C stopped it; 0: it was not stopped
	read    []byte // what it read from the input
	printed string // what it printed, up to recordLimit
	lossy   bool   // it printed more
	err     error
	code    string   // what a command does, as Lua code
	did     []string // the calls of a command, with their results as assertions
	checks  []string // its results as assertions about the locals r1, r2, ...
	locals  int      // how many locals these are about
	refused string   // the errno of a refused call
}

// A luaRuntime is a runtime with the functions of lua/prelude.lua and lua/commands.lua.
type luaRuntime struct {
	*vm.Runtime
	fns map[string]*vm.Function
}

// A sourceText is the source of a chunk. typed reports that it was typed at the prompt.
type sourceText struct {
	text  string
	typed bool
}

type session struct {
	explored  *vm.Exploration // the last one of the entry, or nil
	cfg       Config
	index     *describe.Index
	completer *completer
	colors    palette
	narrow    bool // size is that of a terminal, where longer lines break

	lr      LineReader
	hist    *history
	out     *output // of the prompt
	errOut  *output
	codeOut *output // of the code
	codeErr *output
	mid     bool // the cursor is not at the start of a line
	code    *codeInput
	intr    chan struct{} // Ctrl-C at the prompt
	done    chan struct{}
	mu      sync.Mutex
	cancel  context.CancelFunc // stops the running code
	stopped bool               // Ctrl-C has called cancel

	rt      *luaRuntime
	inputs  []input
	undone  []input  // what :redo runs, in order
	pasted  []string // the rest of an entry
	count   int      // inputs so far, for their names
	sources map[string]sourceText
	watches []*watch
	hexAll  bool // all integers are shown in hexadecimal
	lastErr error
	file    string // of the last :load
	rec     *recording
	tour    *tour
	used    usage
	tight   bool            // the memory limit was reached, and may still be
	lost    map[string]bool // names of locals of earlier inputs

	refused map[string]error // names that a refused call left nil, with the refusal

	ready input // the last entry that the reader asked about, compiled

	breaks    []breakpoint
	lastBreak int
	armed     bool          // code that reaches a breakpoint stops
	stop      *Stop         // code has stopped
	leaving   error         // why code that had stopped ends
	paused    time.Duration // how long the last input had stopped
	starting  *luaRuntime   // its sources are running
	base      context.Context
	unlisten  func()
}

// newSession returns a session with its first runtime.
func newSession(ctx context.Context, cfg Config) (_ *session, err error) {
	cfg.defaults()
	s := &session{
		cfg: cfg, index: cfg.Index, sources: map[string]sourceText{}, lost: map[string]bool{},
		refused: map[string]error{},
		intr:    make(chan struct{}, 1), done: make(chan struct{}),
		base: ctx, unlisten: func() {},
		code: &codeInput{r: cfg.Runtime.Stdin},
	}
	stream := func(w, otherwise io.Writer) *output {
		if w == nil {
			w = otherwise
		}
		return &output{w: w, mid: &s.mid}
	}
	s.out, s.errOut = stream(cfg.Out, nil), stream(cfg.Err, nil)
	s.codeOut, s.codeErr = stream(cfg.Runtime.Stdout, cfg.Out), stream(cfg.Runtime.Stderr, cfg.Err)
	s.completer = &completer{session: s}
	if s.code.r == cfg.In {
		s.code.r = nil // the prompt reads it too, so use its reader
	}
	if cfg.Interrupts != nil {
		go s.watchInterrupts()
	}
	if err := s.open(ctx); err != nil {
		close(s.done)
		return nil, err
	}
	return s, nil
}

// open creates the first runtime, the line reader and the history.
func (s *session) open(ctx context.Context) error {
	_, err := s.during(ctx, func(ctx context.Context) (err error) {
		s.rt, err = s.newRuntime(ctx, false)
		return err
	})
	if err != nil {
		return err
	}
	if s.lr, err = s.reader(); err != nil {
		s.rt.Close()
		return err
	}
	if lines, ok := s.lr.(codeReader); ok && s.code.r == nil {
		s.code.lines = lines
	}
	hist, err := openHistory(s.cfg.History, s.cfg.HistoryLimit)
	if err != nil {
		s.complain("%s: %v", s.cfg.Name, err)
	}
	s.hist = hist
	if e, ok := s.lr.(*editor); ok {
		e.setHistory(hist.entries)
	}
	return nil
}

func (s *session) close() {
	close(s.done)
	s.stopRecording()
	s.lr.Close()
	s.rt.Close()
}

// watchInterrupts passes the interrupts of Config to the running code, or else to the prompt.
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

// interrupt stops the running code and reports whether there was any.
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

// during runs fn with a context that Ctrl-C cancels. It reports whether that stopped fn.
func (s *session) during(ctx context.Context, fn func(ctx context.Context) error) (stopped bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.cancel, s.stopped = cancel, false
	s.mu.Unlock()
	s.listen()
	s.code.stop = ctx.Done()
	err = safely(func() error { return fn(ctx) })
	s.unlisten()
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

// listen looks for Ctrl-C in the input until unlisten is called.
func (s *session) listen() {
	if l, ok := s.lr.(codeReader); ok {
		s.unlisten = l.listen(func() { s.interrupt() })
	}
}

// A defectError reports a panic of this program or of an embedder's function. The session continues.
type defectError struct {
	value any
	stack string
}

func (e *defectError) Error() string {
	return fmt.Sprintf("a defect of this program, not of the input: %v", e.value)
}

// safely calls fn and turns a panic into an error.
func safely(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &defectError{r, string(debug.Stack())}
		}
	}()
	return fn()
}

// mute discards the output of code until the function it returns is called.
func (s *session) mute(mute bool) (restore func()) {
	s.codeOut.mute, s.codeErr.mute = mute, mute
	return func() { s.codeOut.mute, s.codeErr.mute = false, false }
}

// newRuntime returns a runtime in the state before the first input.
func (s *session) newRuntime(ctx context.Context, mute bool) (*luaRuntime, error) {
	cfg := s.cfg.Runtime
	cfg.Stdout, cfg.Stderr, cfg.Stdin = s.codeOut, s.codeErr, s.code
	cfg.Modules = append(slices.Clone(cfg.Modules), s.hostModule())
	rt, err := vm.New(cfg)
	if err != nil {
		return nil, err
	}
	rt.OnExplored(func(x *vm.Exploration) { s.explored = x })
	defer s.mute(mute)()
	fns, err := s.prepare(ctx, rt)
	made := &luaRuntime{rt, fns}
	if err == nil {
		s.starting = made
		err = s.runSources(ctx, rt)
		s.starting = nil
	}
	if err != nil {
		rt.Close()
		return nil, err
	}
	return made, nil
}

// prepare runs the Lua part of the prompt, and returns its functions.
func (s *session) prepare(ctx context.Context, rt *vm.Runtime) (map[string]*vm.Function, error) {
	m, err := evalFile(ctx, rt, "lua/prelude.lua")
	if err != nil {
		return nil, err
	}
	if !s.cfg.NoMachine {
		if _, err := evalFile(ctx, rt, "lua/commands.lua", m); err != nil {
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
	return fns, nil
}

// runSources runs the sources of Config.
func (s *session) runSources(ctx context.Context, rt *vm.Runtime) error {
	for _, src := range slices.Concat(s.cfg.Lua, s.cfg.Start) {
		s.sources[src.Name] = sourceText{text: src.Text}
		p, err := vm.Compile(src.Name, src.Text)
		if err == nil {
			_, _, err = rt.Eval(ctx, p, 0)
		}
		_, exit := errors.AsType[*vm.ExitError](err)
		switch {
		case err != nil && s.leaving != nil:
			return s.left()
		case err != nil && (exit || !src.Lenient):
			return err
		case err != nil && !s.codeErr.mute:
			s.showError(err)
		}
	}
	return nil
}

var filePrograms sync.Map // the compiled files of lua/: name -> *vm.Program

// evalFile runs an embedded file and returns its first result. It compiles each file once per process.
func evalFile(ctx context.Context, rt *vm.Runtime, name string, args ...any) (vm.Value, error) {
	p, ok := filePrograms.Load(name)
	if !ok {
		b, err := luaFiles.ReadFile(name)
		if err != nil {
			return vm.Value{}, err
		}
		if p, err = vm.Compile(name, string(b)); err != nil {
			return vm.Value{}, err
		}
		filePrograms.Store(name, p)
	}
	vs, err := rt.Invoke(ctx, rt.Load(p.(*vm.Program)), args...)
	if err != nil || len(vs) == 0 {
		return vm.Value{}, err
	}
	return vs[0], nil
}

// invoke calls a function of lua/prelude.lua or lua/commands.lua.
func (s *session) invoke(ctx context.Context, name string, args ...any) ([]vm.Value, error) {
	fn := s.rt.fns[name]
	if fn == nil {
		return nil, fmt.Errorf("repl: no function %s", name)
	}
	return s.rt.Invoke(ctx, fn, args...)
}

// invokeText calls a function that returns one string.
func (s *session) invokeText(ctx context.Context, name string, args ...any) (string, error) {
	out, err := s.invoke(ctx, name, args...)
	if err != nil {
		return "", err
	}
	if len(out) == 1 {
		if text, ok := out[0].Go().(string); ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("repl: %s returned no text", name)
}

// rows returns the pairs of strings in a Lua list of them.
func rows(list vm.Value) iter.Seq[[2]string] {
	return func(yield func([2]string) bool) {
		for i := 1; ; i++ {
			row, ok := list.Index(i)
			if !ok {
				return
			}
			var pair [2]string
			for k := range pair {
				v, _ := row.Index(k + 1)
				pair[k], _ = v.Go().(string)
			}
			if !yield(pair) {
				return
			}
		}
	}
}

// room returns how many columns a line may take before it is broken between words. It is unlimited if
// no terminal shows the line.
func (s *session) room() int {
	if !s.narrow {
		return math.MaxInt32
	}
	return s.width()
}

// width returns how many columns results may take.
func (s *session) width() int {
	w, _ := s.size()
	return min(max(w, 20), 200)
}

// loop reads and runs entries until the session ends.
func (s *session) loop(ctx context.Context) error {
	if s.cfg.Banner != "" && !s.cfg.Quiet {
		fmt.Fprintln(s.out, s.fit(s.cfg.Banner))
	}
	if err := s.converse(ctx, s.cfg.Prompt); !errors.Is(err, errQuit) {
		return err
	}
	return nil
}

// remember adds an entry to the history.
func (s *session) remember(text string) {
	if s.cfg.Quiet {
		return
	}
	if err := s.hist.add(text); err != nil {
		s.complain("%s: %v", s.cfg.Name, err)
	}
	if e, ok := s.lr.(*editor); ok {
		e.setHistory(s.hist.entries)
	}
}

// freshLine moves the cursor to the start of a line.
func (s *session) freshLine() {
	if s.mid {
		fmt.Fprintln(s.out)
	}
}

// more reports whether an entry is incomplete.
func (s *session) more(text string) bool {
	if _, asks := asked(text); asks || isCommand(text) || strings.TrimSpace(text) == "" {
		return false
	}
	in := s.compiled(text)
	return in.err != nil && vm.Incomplete(in.err)
}

// compiled returns the next input, compiled or with the error of that. It keeps it, so that an entry that
// the reader has asked about is compiled once.
func (s *session) compiled(text string) input {
	in := input{kind: typedCode, text: withoutEquals(text), name: "in" + strconv.Itoa(s.count+1)}
	if s.ready.name == in.name && s.ready.text == in.text {
		return s.ready
	}
	in.err = safely(func() (err error) {
		in.prog, in.expr, err = compile(in.name, text)
		return err
	})
	s.ready = in
	return in
}

// isCommand reports whether an entry is a command rather than Lua code, which may begin with a label.
func isCommand(text string) bool {
	text = strings.TrimLeft(text, " \t")
	return strings.HasPrefix(text, ":") && !strings.HasPrefix(text, "::")
}

// compile compiles an entry, as an expression if it is one, so that its values can be shown.
// vm.Incomplete recognizes the error of an incomplete entry.
func compile(name, text string) (p *vm.Program, expr bool, err error) {
	text = withoutEquals(text)
	if toks := scan(text); len(toks) == 0 || toks[0].Kind == vm.TokenComment { // only comments
		p, err = vm.Compile(name, text)
		return p, false, err
	}
	if text[0] == '#' {
		text = " " + text // a length, not a #! line
	}
	_, asExpr := vm.Compile(name, "return "+text)
	if asExpr == nil {
		// Not as "return f()": in a tail call f would be missing from call chains.
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

// withoutEquals removes the = that prompts of older Lua versions require before an expression.
func withoutEquals(text string) string {
	if t := strings.TrimLeft(text, " \t\r\n"); strings.HasPrefix(t, "=") && !strings.HasPrefix(t, "==") {
		return t[1:]
	}
	return text
}

// split returns the commands and questions among the lines of an entry that was pasted, and what is between
// them.
func (s *session) split(text string) (parts []string) {
	code := ""
	for line := range strings.Lines(text) {
		_, asks := asked(line)
		if (asks || isCommand(line)) && !s.more(code) {
			if code != "" {
				parts = append(parts, strings.TrimRight(code, "\n"))
			}
			parts, code = append(parts, strings.TrimRight(line, "\n")), ""
			continue
		}
		code += line
	}
	if code != "" || len(parts) == 0 {
		parts = append(parts, code)
	}
	return parts
}

// enter runs an entry. It returns an error if the entry raised one, which has been shown, or ends the
// session.
func (s *session) enter(ctx context.Context, text string) error {
	if s.tour != nil && strings.TrimSpace(text) == "" {
		text = s.tour.accept()
	}
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return nil
	case isCommand(text):
		return s.enterCommand(ctx, trimmed[1:])
	case s.helpEntry(text), s.question(trimmed):
		return nil
	}
	if name := strings.TrimSuffix(trimmed, "()"); name == "exit" || name == "quit" {
		if !s.defined(name) {
			s.say("to leave: :quit or Ctrl-D")
			return nil
		}
	}
	return s.run(ctx, text)
}

// defined reports whether a global is not nil.
func (s *session) defined(name string) bool {
	v, ok := s.rt.Look(name)
	return ok && !v.IsNil()
}

// run runs an entry as code.
func (s *session) run(ctx context.Context, text string) error {
	in := s.compiled(text)
	s.ready = input{}
	s.count++
	s.sources[in.name] = sourceText{text: in.text, typed: true}
	if in.err != nil {
		s.showError(in.err)
		return in.err
	}
	refused, _ := s.rt.Refused()
	s.explored = nil
	err := s.execute(ctx, &in)
	s.keep(&in)
	if !s.cfg.Quiet && !leaves(err) {
		if err != nil {
			s.noteNil(&in, err)
		} else {
			s.noteRefused(&in, refused)
		}
		s.noteExplored()
		s.noteLostLocals(&in)
	}
	if s.tour != nil {
		s.tour.entered(s, text)
	}
	return err
}

// keep adds an input to those that :undo and :reset run again, unless it was entered while other code had
// stopped.
func (s *session) keep(in *input) {
	if s.stop == nil {
		s.inputs = append(s.inputs, *in)
		if !in.look {
			s.undone = nil
		}
		return
	}
	sets := func(g vm.Global) bool { return g.Set && g.Main }
	if in.prog != nil && slices.ContainsFunc(in.prog.Globals(), sets) && !s.cfg.Quiet {
		fmt.Fprintln(s.out, s.colors.note(s.fit("set while code has stopped: :undo does not do it again")))
	}
}

// left returns why code that had stopped has ended.
func (s *session) left() (err error) {
	err, s.leaving = s.leaving, nil
	return err
}

// noteLostLocals explains, once for each name, that an input used an undefined global whose name was
// local to an earlier input. Code that is pasted line by line loses its locals, as in lua.
func (s *session) noteLostLocals(in *input) {
	for _, g := range in.prog.Globals() {
		if !s.lost[g.Name] || g.Set {
			continue
		}
		delete(s.lost, g.Name)
		if !s.defined(g.Name) {
			s.freshLine()
			text := g.Name + " was local to an earlier entry; to keep it, omit 'local'"
			fmt.Fprintln(s.out, s.colors.note(text))
		}
	}
	for _, name := range localsOf(in.text) {
		s.lost[name] = true
	}
}

// execute runs an input for the first time and shows its results.
func (s *session) execute(ctx context.Context, in *input) error {
	var results []vm.Value
	var steps int64
	before := in.read
	s.code.start(before)
	in.did, in.checks, in.locals = nil, nil, 0
	reads := s.onlyReads(in)
	changes, traces := s.activity()
	if s.rec != nil {
		s.codeOut.tee = new(bytes.Buffer)
	}
	began := time.Now()
	s.armed, s.paused = true, 0
	stopped, err := s.during(ctx, func(ctx context.Context) error {
		var err error
		results, steps, err = s.perform(ctx, s.rt, in)
		if err == nil && s.code.broken { // the code ended before it noticed the interrupt
			err = context.Canceled
		}
		return err
	})
	s.armed = false
	s.used = usage{time.Since(began) - s.paused, steps}
	if before == nil {
		in.read = s.code.taken()
	}
	in.took = s.used.took
	if tee := s.codeOut.tee; tee != nil {
		in.printed, in.lossy = tee.String(), tee.Len() >= recordLimit
		s.codeOut.tee = nil
	}
	in.err = err
	if s.leaving != nil {
		return s.left()
	}
	changed, traced := s.activity()
	in.look, in.traced = reads && changed == changes && len(in.read) == 0, traced != traces
	_, exit := errors.AsType[*vm.ExitError](err)
	switch {
	case stopped, in.steps > 0 && errors.Is(err, vm.ErrSteps):
		in.steps = max(1, steps-1)
		s.freshLine()
		fmt.Fprintln(s.errOut, s.colors.err("interrupted")+s.where(err))
		s.lastErr = err
	case exit, err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		s.showError(err)
	default:
		s.showResults(ctx, in, results)
	}
	s.showWatches(ctx)
	return err
}

// showResults shows the results of an input. Those of a command are the calls it made.
func (s *session) showResults(ctx context.Context, in *input, results []vm.Value) {
	if len(results) == 0 {
		return
	}
	if in.kind == luaCommand {
		for row := range rows(results[0]) {
			in.did = append(in.did, fmt.Sprintf("assert.equals(%s, %s)", row[1], row[0]))
		}
		return
	}
	if in.gave = in.kind == typedCode; !in.gave {
		return
	}
	s.freshLine()
	if _, err := s.invoke(ctx, "keep", results[0]); err != nil {
		s.showError(err)
	}
	// Showing may run code of the user's (__tostring), so it can be interrupted too.
	_, err := s.during(ctx, func(ctx context.Context) error { return s.show(ctx, in, results) })
	if err != nil {
		s.showError(err)
	}
}

// headroom is how much memory an input may take if earlier inputs have reached the limit.
const headroom = 4 << 20

// perform runs an input in a runtime.
func (s *session) perform(ctx context.Context, rt *luaRuntime, in *input) (_ []vm.Value, _ int64, err error) {
	if s.tight {
		s.tight = !rt.MakeRoom(ctx, s.cfg.Runtime.Limits.Memory, headroom)
	}
	defer func() {
		if errors.Is(err, vm.ErrMemory) {
			s.tight = true
		}
	}()
	if in.kind == luaCommand {
		results, err := rt.Invoke(ctx, rt.fns["run"], s.width(), in.name, in.rest)
		return results, 0, err
	}
	return rt.Eval(ctx, in.prog, in.steps)
}

// rebuild replaces the runtime by one in the state after the given inputs. If it is interrupted it
// changes nothing.
func (s *session) rebuild(ctx context.Context, inputs []input) error {
	var rt *luaRuntime
	stopped, err := s.during(ctx, func(ctx context.Context) (err error) {
		rt, err = s.newRuntime(ctx, true)
		return err
	})
	switch {
	case stopped:
		return errInterrupted
	case err != nil:
		return err
	}
	defer s.mute(true)()
	s.tight = false
	stopped, err = s.during(ctx, func(ctx context.Context) error {
		for i := range inputs {
			if !needed(inputs, i) {
				continue
			}
			if err := s.rerun(ctx, rt, &inputs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		rt.Close()
		if stopped {
			return errInterrupted
		}
		return err
	}
	s.rt.Close()
	s.rt, s.inputs = rt, inputs
	return nil
}

// rerun runs an input again in a runtime. An error that the input raises is ignored.
func (s *session) rerun(ctx context.Context, rt *luaRuntime, in *input) error {
	s.code.start(in.read)
	defer s.code.start(nil)
	results, _, err := s.perform(ctx, rt, in)
	if ctx.Err() == nil && err == nil && in.gave && len(results) > 0 {
		_, err := rt.Invoke(ctx, rt.fns["keep"], results[0])
		return err
	}
	return ctx.Err()
}

var errInterrupted = errors.New("interrupted; nothing has changed")

// A codeInput is the standard input of code. It keeps what code reads, so that code can read it again.
type codeInput struct {
	r      io.Reader
	lines  codeReader
	stop   <-chan struct{} // closed to stop the code
	again  []byte
	replay bool
	kept   []byte
	broken bool // a read was abandoned to stop the code
}

// start prepares for the next input. If again is not nil, the input reads that.
func (c *codeInput) start(again []byte) {
	c.again, c.replay, c.kept, c.broken = again, again != nil, nil, false
}

// taken returns what the input has read. It is not nil.
func (c *codeInput) taken() []byte { return append([]byte{}, c.kept...) }

// Read reads what the input has read before, if it is run again, and otherwise from the stream or the
// line reader.
func (c *codeInput) Read(p []byte) (n int, err error) {
	switch {
	case c.replay && len(c.again) == 0:
		return 0, io.EOF
	case c.replay:
		n = copy(p, c.again)
		c.again = c.again[n:]
		return n, nil
	case c.r != nil:
		n, err = c.r.Read(p)
	case c.lines != nil:
		n, err = c.lines.readCode(p, c.stop)
	default:
		return 0, io.EOF // before there is a line reader
	}
	c.kept = append(c.kept, p[:n]...)
	c.broken = c.broken || errors.Is(err, context.Canceled)
	return n, err
}
