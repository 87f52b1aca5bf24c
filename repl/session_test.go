package repl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// A script is a LineReader that returns given entries. It writes each to the output, as a terminal
// would show it.
type script struct {
	entries []string
	out     io.Writer
}

func (s *script) ReadEntry(ctx context.Context, prompt, cont string, more func(string) bool) (string, error) {
	if len(s.entries) == 0 {
		return "", io.EOF
	}
	e := s.entries[0]
	s.entries = s.entries[1:]
	fmt.Fprintf(s.out, "%s%s\n", prompt, strings.ReplaceAll(e, "\n", "\n"+cont))
	return e, ctx.Err()
}

func (s *script) Close() error { return nil }

// converse runs a session of these entries and returns what a terminal would show.
func converse(t testing.TB, cfg repl.Config, entries ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cfg.Out = &out
	cfg.Reader = &script{entries, &out}
	cfg.Getenv = func(string) string { return "" }
	cfg.Banner = ""
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := repl.Run(ctx, cfg)
	return out.String(), err
}

// TestDialogue compares a session with a golden file, which is meant to be read as a page.
func TestDialogue(t *testing.T) {
	dir := t.TempDir()
	board := filepath.Join(dir, "board.lua")
	source := "#!/usr/bin/env hwlua\nloads = (loads or 0) + 1\nlocal hidden = 1\nprint('loaded', loads)\n"
	os.WriteFile(board, []byte(source), 0o644)
	broken := filepath.Join(dir, "broken.lua")
	os.WriteFile(broken, []byte("local x = 1\nprint(x.y.z)\n"), 0o644)
	cases := filepath.Join(dir, "cases.lua")
	os.WriteFile(cases, []byte("describe('d', function() it('x', function() end) end)\n"), 0o644)
	out, err := converse(t, config(),
		"1 + 1", "_ * 21", "nil", "true, 'two', 3", "'a\\tb\\nc'", "'\\27[31mnot red'", "0x1fffffffffffff",
		"0x20000000000000", "-1", "1/3", "1e100", "2^53",
		"{}", "{1, 2, 3}", "{[0] = 'zero', 'one', x = {y = {z = {a = {b = {c = 1}}}}}}",
		"{b = 1, a = 2, [10] = 3, [true] = 4, ['with space'] = 5, ['end'] = 6}",
		"t = {} t.self = t t.list = {t, {t}}", "t", "big = {} for i = 1, 300 do big[i] = i end", "big",
		"(\"x\"):rep(300)", "{(\"y\"):rep(300), '日本'}",
		"setmetatable({}, {__tostring = function() return 'my own' end})",
		"setmetatable({}, {__tostring = function() error('no') end})", "print", "function() end",
		"coroutine.create(print)",
		"-- only a comment", "", "=7", "local x = 5", "x", "return 8, nil", "local x = 5 return x", "_",
		"if true then return end",
		"m", "m.cpu[0]", "m.cpu[0].wcr", "m.cpu[0].wcr[0]", "m.cpu[0].wcr[0], m.cpu[0].mdscr_el1",
		"m.cpu[0].mdscr_el1 + 0", "m.cpu[1].id_aa64dfr0_el1",
		"w = m:register_wide_hw_breakpoint {\n  type = 'w', addr = 0xffffff8008c5a000, len = 8,\n}", "w",
		"w[1]", "m.cpu[1].wcr[0]", "m.cpu[1]:read_wb_reg('WCR', 0)", "m.cpu[1]:read_wb_reg(48, 0)",
		"board = { wcr = { [0] = 5 } }", "board.wcr[0]", "m.cpu[1].wvr[0]", "w[1].addr", "m:slots(1).wp",
		"m:events()", "m:tasks()[1]", "m:callchain('write_wb_reg', { cpu = 0 })",
		"m:perf_event_open { type = 'w', addr = 0x1000, len = 9, cpu = 0 }",
		"for i = 1, 3 do "+
			"assert(m:register_wide_hw_breakpoint { type = 'w', addr = 0x1000 * i, len = 8 }) end",
		"m:register_wide_hw_breakpoint { type = 'w', addr = 0x8000, len = 8 }",
		"assert(m:register_wide_hw_breakpoint { type = 'w', addr = 0x8000, len = 8 })", "m:why().holders",
		"error('plain')", "error({})", "error()", "nothing.at.all", "local a\nlocal b = 1 + 1\nreturn a.b",
		"m:perf_event_opne {}", "m:perf_event_open { adr = 1 }", "m.cpu[7]", "x = = 1", "if x then", ":bt",
		"function f() error('deep') end function g() f() end", "g()", ":bt",
		":watch m.cpu[0].wcr[0]", ":watch #m:events()", ":watch undefined.x",
		"m:unregister_wide_hw_breakpoint(w)", ":undo", ":unwatch 3", ":watch", ":unwatch", "w[0].closed",
		":undo", ":undo",
		":regs", ":regs 1", ":regs 9", ":regs x", ":slots 0", ":events", ":tasks", ":work", ":trace 4",
		":dmesg", ":dmesg nothing", ":chain write_wb_reg", ":chain nope", ":chain", ":step", ":run",
		"dw = m:delayed_work('later', function() print('now') end) m:schedule_delayed_work(dw, '10ms')",
		":work", ":step", ":run", ":work", ":undo", ":work",
		":load "+board, ":reload", "hidden", ":load "+broken, ":load "+dir+"/none.lua", ":load "+cases,
		":undo", "loads",
		"m.cpu[0]:write_wb_reg('WCR', 0, 0x1ff2)", ":trace 1",
		"repl.command('double', '[n] twice as much', "+
			"function(rest) print(2 * tonumber(rest)) return {rest} end)",
		":double 21", ":double x", ":help double", ":dou 4", "repl.command('undo', function() end)",
		"repl.command('a b', print)",
		"exit", "quit()", "local lost, kept = 1, 2 kept = 3", "lost", "lost", "exit = 5", "exit",
		":nope", ":sto", ":re", ":", ":quti", "m = nil", ":regs", ":reset", "m.nr_cpus", "w",
		":quit", "'not reached'",
	)
	if err != nil {
		t.Error(err)
	}
	out = strings.ReplaceAll(out, dir, "DIR")
	repl.GoldenFile(t, "dialogue.golden", out)
}

func TestEnds(t *testing.T) {
	_, err := converse(t, config(), "1", "os.exit(3)", "2")
	if exit, ok := errors.AsType[*vm.ExitError](err); !ok || exit.Code != 3 {
		t.Errorf("os.exit(3) ends with %v, want exit code 3", err)
	}
	cfg := config()
	cfg.Quiet = true
	out, err := converse(t, cfg, "print('a')", "1 + 1", "error('stop')", "print('b')")
	if _, ok := errors.AsType[*vm.Error](err); !ok {
		t.Errorf("a quiet session ends with %v, want the error of the code", err)
	}
	if strings.Contains(out, "\n2\n") || !strings.Contains(out, "\na\n") || strings.Contains(out, "\nb\n") {
		t.Errorf("a quiet session prints %q, want only a", out)
	}
	cfg = config()
	cfg.Start = append(cfg.Start, repl.Source{Name: "start2", Text: "error('at the start')"})
	if _, err := converse(t, cfg, "1"); err == nil || !strings.Contains(err.Error(), "at the start") {
		t.Errorf("a start that raises ends with %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cfg = config()
	cfg.In, cfg.Out = strings.NewReader("1\n"), io.Discard
	if err := repl.Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is done ends with %v", err)
	}
}

// At the end of the input the cursor is moved to a new line below the prompt.
func TestEndOfInputEndsTheLine(t *testing.T) {
	var out strings.Builder
	cfg := config()
	cfg.In, cfg.Out = strings.NewReader("1\n"), &out
	err := repl.Run(context.Background(), cfg)
	if want := "> 1\n> \n"; err != nil || !strings.HasSuffix(out.String(), want) {
		t.Errorf("the session returns %v and prints %q, want %q at its end", err, out.String(), want)
	}
}

// Output from before a recording, or of an input that it cannot check, is not part of a later assertion.
func TestRecordAfterPrints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "story.lua")
	out, err := converse(t, config(),
		"print('before', 1)", "io.write('and on')", ":record "+file, "print('checked')",
		"dw = m:delayed_work('later', function() print('worked') end) m:schedule_delayed_work(dw, '10ms')",
		":run", "print('checked too')", ":stop")
	if err != nil || !strings.Contains(out, "which passes") {
		src, _ := os.ReadFile(file)
		t.Errorf("%v\n%s\n%s", err, out, src)
	}
}

// A recorded session passes as a scenario, and fails if a value or the machine differs.
func TestRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "story.lua")
	cfg := config()
	out, err := converse(t, cfg,
		"before = m:task {}",
		":record "+file,
		"1 + 1", "'text\\nwith \"quotes\"'", "nil", "true, nil, 3", "0xffffff8008c5a000 + 4",
		"{1, {x = 2}, [0] = true, ['a b'] = 'c'}", "0/0", "_",
		"print('printed', 1, {} ~= nil)", "io.write('no end')", "for i = 1, 3 do print(i) end",
		"w = m:register_wide_hw_breakpoint { type = 'w', addr = 0xffffff8008c5a000, len = 8 }", "w", "w[0]",
		"_.state", "m.cpu[0].wcr[0]", "m.cpu[0].wcr[0], m.cpu[0].wvr[0]",
		"function _driver(n)\n  for i = 1, n do\n"+
			"    assert(m:register_wide_hw_breakpoint { type = 'w', addr = 0x1000 * i, len = 8 })\n"+
			"  end\nend",
		"_driver(3)", "m:callchain('register_wide_hw_breakpoint')",
		"m:register_wide_hw_breakpoint { type = 'w', addr = 0x8000, len = 8 }", "m:why().rule", "m:why()",
		"m:slots(0)", "m:events()",
		"error('wrong')", "local y y.z = 1", "error({})", "m.nothing", "return 5",
		"local a = 6 return a, 'b'", "_",
		"return m:register_wide_hw_breakpoint { type = 'w', addr = 0x9000, len = 8 }", "-- a comment",
		"x = [[\ntwo\n  lines]]", "x", "if true then return end",
		"dw = m:delayed_work('later', function() print('worked') end)",
		"m:schedule_delayed_work(dw, '10ms')", ":run", "m:schedule_delayed_work(dw, '10ms')", ":step 2",
		"m.now", ":regs",
		"typo = 1", ":undo", "repl.command('hello', 'says it', function(r) print('hello ' .. r) end)",
		":hello world", "setmetatable({}, {})", "print", "coroutine.wrap(function() return 1 end)()",
		":stop")
	if err != nil || !strings.Contains(out, "recorded to") || !strings.Contains(out, "which passes") {
		t.Fatalf("%v\n%s", err, out[max(0, len(out)-600):])
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(src), "typo") {
		t.Error("what was undone is in the file")
	}
	repl.GoldenFile(t, "record.golden", string(src))
	for _, change := range []struct{ name, from, to string }{
		{"as it is", "", ""},
		{"another machine", "cpus = 2", "cpus = 2, wrps = 3"},
		{"another value", "assert.equals(2, r1)", "assert.equals(3, r1)"},
		{"another text", `printed\t1`, `printed\t2`},
		{"another error", `"wrong"`, `"right"`},
		{"another errno", `"ENOSPC"`, `"EINVAL"`},
	} {
		text := strings.Replace(string(src), change.from, change.to, 1)
		if change.from != "" && text == string(src) {
			t.Errorf("%s: %q is not in the file", change.name, change.from)
		}
		if failed := !passes(t, text); failed != (change.from != "") {
			t.Errorf("%s: fails %t", change.name, failed)
		}
	}
}

func TestRecordRefusals(t *testing.T) {
	dir := t.TempDir()
	out, _ := converse(t, config(),
		":record", ":stop", ":record "+dir+"/none/x.lua", ":record "+dir+"/a.lua", ":record "+dir+"/b.lua",
		"1",
		":reset", "2", ":quit")
	for _, want := range []string{
		"no FILE given", "not recording", "no such file or directory", "already recording to ",
		"1 input recorded to", "which passes",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nowhere %q:\n%s", want, out)
		}
	}
}

// passes reports whether a scenario passes.
func passes(t *testing.T, src string) bool {
	t.Helper()
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	p, err := vm.Compile("story.lua", src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	_, err = rt.Run(context.Background(), p)
	if err != nil {
		t.Logf("%v", err)
	}
	return err == nil
}

// TestQuestions compares the answers to ?x and x? with a golden file.
func TestQuestions(t *testing.T) {
	out, err := converse(t, config(),
		"w = m:register_wide_hw_breakpoint { type = 'w', addr = 0x1000, len = 8 }",
		"t = { a = 1, f = function(x, y) end, s = 'text' }",
		"w?", "?m.cpu[0].wcr", "? m:slots", "m:slots(0) ?", "t?", "t.f?", "?print", "ENOSPC?", "R-CON-10?",
		"?for",
		"string.rep?", "nothing?", "m.now?", "x = 1 -- ?", "x", "'a?'")
	if err != nil {
		t.Error(err)
	}
	repl.GoldenFile(t, "questions.golden", out)
}

// TestUndoDialogue compares a session with :undo and :redo with a golden file.
func TestUndoDialogue(t *testing.T) {
	out, err := converse(t, config(),
		":redo", "w = m:register_wide_hw_breakpoint { type = 'w', addr = 0x1000, len = 8 }",
		"m.cpu[0].wcr[0]",
		"x = 1", "m:registr {}", "x", ":undo", "x, #m:events()", ":redo", "x", ":undo 2", "x, #m:events()",
		":redo 9", "x, #m:events()", ":undo", "m.now", "y = 2", ":redo",
		"m:events()", "m.now", "e = _1[1]", "z = 3", ":undo", "e", ":redo", "z, e", ":undo 9", "e", ":undo",
		":redo 2", "x, y, #m:events()", ":reset", "y", ":redo 9", "y, z", ":undo 0", ":undo x", ":redo -1",
	)
	if err != nil {
		t.Error(err)
	}
	repl.GoldenFile(t, "undo.golden", out)
}

// When other inputs are undone, an interrupted input runs again up to where it was stopped.
func TestUndoOfInterrupted(t *testing.T) {
	interrupts := make(chan os.Signal)
	var once sync.Once // not when the input runs again
	cfg := config()
	cfg.Interrupts = interrupts
	interrupt := func() { once.Do(func() { go func() { interrupts <- os.Interrupt }() }) }
	cfg.Runtime.Modules = append(cfg.Runtime.Modules, vm.Module{
		Name: "test", Global: true, Funcs: map[string]any{"interrupt": interrupt},
	})
	out, err := converse(t, cfg,
		"n = 0", "test.interrupt() while true do n = n + 1 end", "n > 0", "seen = n", "x = 1", ":undo",
		"n == seen", "x", ":undo", "n > 0, seen")
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"interrupted", "> n == seen\ntrue\n", "> n > 0, seen\ntrue\tnil\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the session lacks %q:\n%s", want, out)
		}
	}
}

// The session continues when the memory limit is reached, and large values can be released.
func TestMemory(t *testing.T) {
	cfg := config()
	cfg.Runtime.Limits.Memory = 8 << 20
	out, err := converse(t, cfg,
		"t = {} while true do t[#t + 1] = {} end", "#t > 1000", "m.cpu[0].mdscr_el1",
		"u = {} while true do u[#u + 1] = {} end", "t, u = nil, nil", "x = ('x'):rep(4e6) #x",
		"x = ('x'):rep(4e6)", "#x", ":undo", ":undo", "1")
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"> #t > 1000\ntrue\n", "TDCC", "> #x\n4000000\n", "> 1\n1\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the session lacks %q:\n%s", want, out)
		}
	}
	if got := strings.Count(out, "memory limit of"); got != 2 {
		t.Errorf("the limit is reached %d times, want 2:\n%s", got, out)
	}
}

// A panic in a function of an embedder is shown and does not end the session.
func TestPanic(t *testing.T) {
	cfg := config()
	cfg.Runtime.Modules = append(cfg.Runtime.Modules, vm.Module{
		Name: "bad", Global: true, Funcs: map[string]any{"f": func() { panic("embedder's fault") }},
	})
	cfg.Commands = []repl.Command{{
		Name: "bad", Doc: "panic",
		Run: func(context.Context, *vm.Runtime, string, io.Writer) error { panic("command's fault") },
	}}
	out, err := converse(t, cfg, "bad.f()", ":bt", ":bad", ":bt", "pcall(bad.f)", "'goes on'")
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		"embedder's fault", "for the details: :bt", "session_test.go", "command's fault", "goes on",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the session lacks %q:\n%s", want, out)
		}
	}
}

// When other inputs are undone, an input reads again what it has read from standard input.
func TestUndoReadsAgain(t *testing.T) {
	var out bytes.Buffer
	cfg := config()
	cfg.In = strings.NewReader("a = io.read()\nfirst line\nb = io.read()\nsecond line\n:undo\na .. '!'\nb\n")
	cfg.Out = &out
	cfg.Getenv = func(string) string { return "" }
	if err := repl.Run(context.Background(), cfg); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"first line!", "> nil\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the session lacks %q:\n%s", want, out.String())
		}
	}
}

var boardSchema = describe.Module{
	Name: "board", Doc: "The board under test.",
	Funcs: []describe.Func{{
		Name: "reset", Doc: "Pull a reset line.",
		Params: []describe.Param{{Name: "line", Type: describe.Int}},
	}},
	Fields: []describe.Field{{Name: "status", Doc: "The status of the board.", Type: describe.U64}},
	Registers: []describe.Register{{Name: "STATUS", Width: 16, Fields: []describe.Bits{
		{Name: "MODE", Hi: 3, Lo: 2, Values: []describe.Word{{Value: "2", Doc: "fast"}}},
		{Name: "ON", Hi: 0, Lo: 0},
	}}},
}

// boardConfig returns a session with the board on a connection.
func boardConfig(conn net.Conn, editing repl.Editing) repl.Config {
	return repl.Config{
		Name: "board", Prompt: "board> ", Cont: "  ... ", Banner: "board 1",
		In: conn, Out: conn, Editing: editing, NoMachine: true, Color: repl.ColorNever,
		Size:    func() (int, int) { return 60, 20 },
		Modules: []*describe.Module{&boardSchema},
		Runtime: vm.Config{Modules: []vm.Module{{Name: "board", Global: true, Funcs: map[string]any{
			"reset":  func(line int) string { return fmt.Sprint("reset ", line) },
			"status": 9,
		}}}},
		Commands: []repl.Command{{
			Name: "ping", Doc: "answer",
			Run: func(_ context.Context, _ *vm.Runtime, rest string, out io.Writer) error {
				if rest == "" {
					return errors.New("what?")
				}
				fmt.Fprintln(out, "pong "+rest)
				return nil
			},
		}},
		Lua: []repl.Source{{
			Name: "more", Text: "repl.command('twice', 'do it twice', function(x) print(x) print(x) end)",
		}},
	}
}

// TestConnection runs an embedder's prompt over a connection, with its own names, commands and modules.
func TestConnection(t *testing.T) {
	for _, editing := range []repl.Editing{repl.EditingAuto, repl.EditingAlways} {
		t.Run(fmt.Sprint(editing), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			theirs, ours := net.Pipe()
			done := make(chan error, 1)
			go func() {
				defer ours.Close()
				done <- repl.Run(context.Background(), boardConfig(ours, editing))
			}()
			vt := repl.NewTerminal(60, 20)
			if editing == repl.EditingAuto {
				vt = repl.NewTerminal(200, 20) // the prompt does not break lines
			}
			read := make(chan struct{})
			go func() {
				io.Copy(newlines{vt, editing == repl.EditingAuto}, theirs)
				close(read)
			}()
			send := func(s string) { io.WriteString(theirs, s) }
			see := func(want string) {
				t.Helper()
				deadline := time.Now().Add(time.Minute)
				for !strings.Contains(vt.Text(), want) {
					if time.Now().After(deadline) {
						t.Fatalf("no %q in\n%s", want, vt.Text())
					}
					time.Sleep(time.Millisecond)
				}
			}
			end := "\n"
			if editing == repl.EditingAlways {
				end = "\r"
			}
			see("board 1\nboard>")
			send("board.reset(3)" + end)
			see("reset 3")
			send(":ping me" + end)
			see("pong me")
			send(":ping" + end)
			see("what?")
			send(":twice x" + end)
			see("x\nx")
			send("if true then" + end)
			see("  ...")
			send("print('in')" + end + "end" + end)
			see("in\nboard>")
			send("help 'STATUS'" + end)
			see("MODE[3:2]")
			send("board.status" + end)
			see("0x0009  MODE=2 (fast) ON")
			send(":regs" + end)
			see("unknown command :regs")
			send(":tour" + end)
			see("unknown command :tour")
			send(":load /etc/passwd" + end)
			see("unknown command :load")
			send("print('ru' .. 'ns') while true do end" + end)
			see("runs")
			send("\x03")
			see("interrupted")
			if editing == repl.EditingAlways {
				send("boa\t.re\t5)" + end)
				see("board.reset(5)")
				see("reset 5")
				send("\x04")
			} else {
				send(":quit" + end)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Fatal("the session goes on")
			}
			theirs.Close()
			<-read
			_, escapes, colors, strange := vt.Sent()
			if colors > 0 || len(strange) > 0 || editing == repl.EditingAuto && escapes > 0 {
				t.Errorf("got %d escape sequences, %d colors, %q", escapes, colors, strange)
			}
		})
	}
}

// newlines is the terminal of a connection that carries lines.
type newlines struct {
	w   io.Writer
	add bool
}

func (n newlines) Write(b []byte) (int, error) {
	text := b
	if n.add {
		text = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	}
	_, err := n.w.Write(text)
	return len(b), err
}

// A lost connection ends the session.
func TestConnectionLost(t *testing.T) {
	defer goleak.VerifyNone(t)
	theirs, ours := net.Pipe()
	go func() {
		buf := make([]byte, 1000)
		theirs.Read(buf)
		theirs.Close()
	}()
	cfg := config()
	cfg.In, cfg.Out, cfg.Editing = ours, ours, repl.EditingAlways
	if err := repl.Run(context.Background(), cfg); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	ours.Close()
}

// TestTour compares the whole tour with a golden file. Acceptance scenarios check the steps.
func TestTour(t *testing.T) {
	out, err := converse(t, config(),
		":tour", "", "", "", "", "", "", "'over'", ":tour stop", ":tour", ":tour stop", "")
	if err != nil {
		t.Error(err)
	}
	repl.GoldenFile(t, "tour.golden", out)
}

func BenchmarkFirstPrompt(b *testing.B) {
	for b.Loop() {
		if _, err := converse(b, config()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUndo(b *testing.B) {
	entries := []string{}
	for range 20 {
		entries = append(entries,
			"ev = m:perf_event_open { type = 'w', addr = 0x1000, len = 8, cpu = 0 } ev:close()")
	}
	for b.Loop() {
		if _, err := converse(b, config(), append(entries, ":undo")...); err != nil {
			b.Fatal(err)
		}
	}
}

// What an exploration found follows the entry that made it: how many orders, and the steps of one that fails.
func TestExplorationAtThePrompt(t *testing.T) {
	cfg := repl.Config{Runtime: vm.Config{Modules: []vm.Module{bindings.Hardware()}}, NoMachine: true}
	out, err := converse(t, cfg,
		"function lost(m) local n = 0 for cpu = 0, 1 do m:task { cpu = cpu, body = function() n = n + 1 "+
			"end } end m:run() assert.equals(2, n) end",
		"r = hw.explore({ machine = { cpus = 2 } }, lost)",
		"r.runs",
		"r = hw.explore({ machine = { cpus = 2 }, lua = 'off' }, function(m) m:run() end)",
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"lost)\nexplored 3 schedules; 1 fails\nthe order that fails: schedule x1-2.1-",
		"    2 * ", " task-1001 starts\n",
		"\n  failure: in1:1: assert.equals failed\n",
		"race: n is written at in1:1 and used at in1:1, and nothing orders the two\n> r.runs\n3\n> ",
		"m:run() end)\nexplored 1 schedule, all that there are",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
