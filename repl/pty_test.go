//go:build unix

package repl_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/hwlua/hwlua/repl"
)

// A person uses a pseudo-terminal in which a session runs in a process of its own.
type person struct {
	t    *testing.T
	tty  *os.File
	cmd  *exec.Cmd
	vt   *repl.Terminal
	seen int // where in the text expect continues
	done chan error
}

type room struct {
	width, height int
	env           []string
}

func sit(t *testing.T, r room) *person {
	t.Helper()
	if r.width == 0 {
		r.width, r.height = 80, 24
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append([]string{
		childVar + "=1", "TERM=xterm", "PAGER=cat", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"),
		"GORACE=" + os.Getenv("GORACE"),
	}, r.env...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(r.height), Cols: uint16(r.width)})
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	p := &person{t: t, tty: tty, cmd: cmd, vt: repl.NewTerminal(r.width, r.height), done: make(chan error, 1)}
	go func() {
		io.Copy(p.vt, tty)
		p.done <- cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		tty.Close()
		if _, _, _, strange := p.vt.Sent(); len(strange) > 0 {
			t.Errorf("the terminal was sent %q", strange)
		}
	})
	return p
}

// until waits until ok returns true for the text on the terminal.
func (p *person) until(what string, ok func(text string) bool) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok(p.vt.Text()) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waiting for %s; the terminal shows\n%s", what, p.vt.Text())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// expect waits until want is shown below what was expected before.
func (p *person) expect(want string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%q", want), func(text string) bool {
		if p.seen > len(text) {
			p.seen = 0
		}
		i := strings.Index(text[p.seen:], want)
		if i >= 0 {
			p.seen += i + len(want)
		}
		return i >= 0
	})
}

// shows waits until the terminal shows want anywhere.
func (p *person) shows(want string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%q", want), func(text string) bool { return strings.Contains(text, want) })
}

// prompt waits until the cursor is behind an empty prompt.
func (p *person) prompt() {
	p.t.Helper()
	p.until("a prompt", func(string) bool {
		row, col := p.vt.Cursor()
		return row == ">" && col == 2
	})
	p.seen = len(p.vt.Text()) - 1
}

func (p *person) types(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p.tty, s); err != nil {
		p.t.Fatal(err)
	}
}

// enters types an entry at an empty prompt.
func (p *person) enters(s string) {
	p.t.Helper()
	p.prompt()
	p.types(s + "\r")
}

// answer enters s, waits for the next prompt and returns the text between them.
func (p *person) answer(s string) string {
	p.t.Helper()
	p.prompt()
	before := p.vt.Text()
	p.types(s + "\r")
	p.until("an answer to "+s, func(text string) bool {
		row, col := p.vt.Cursor()
		return row == ">" && col == 2 && len(text) > len(before)+len(s)
	})
	text := strings.TrimSuffix(p.vt.Text()[len(before):], "\n>")
	if i := strings.Index(text, "\n"); i >= 0 {
		return text[i+1:]
	}
	return ""
}

// leaves waits for the end of the process.
func (p *person) leaves() error {
	p.t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Minute):
		p.t.Fatalf("the session goes on\n%s", p.vt.Text())
		return nil
	}
}

func TestPersonSession(t *testing.T) {
	p := sit(t, room{width: 160, height: 24})
	p.expect("a prompt for tests")
	for _, x := range []struct{ in, want string }{
		{"1 + 1", "2"},
		{"_ * 10", "20"},
		{"=7", "7"},
		{`"text"`, "text"},
		{"nil", "nil"},
		{"x = 1", ""},
		{"0xffffff8008c5a000 + 8", "0xffffff8008c5a008"},
		{"m.nr_cpus", "2"},
		{"{3, 2, b = {1}, a = 'x'}", `{3, 2, a = "x", b = {1}}`},
		{"t = {} t.t = t", ""},
		{"t", "{t = <cycle>}"},
		{"io.write('no line end')", "no line end\ntrue"},
		{"m.cpu[0].mdscr_el1", "0x00001000  TDCC"},
		{"w = m:register_wide_hw_breakpoint { type = 'w', addr = 0xffffff8008c5a000, len = 8 }", ""},
		{"m.cpu[1].wcr[0]", "0x00001ff3  BAS=0xff (8 bytes at +0) LSC=2 (stores) PAC=1 (EL1) E"},
		{`m.cpu[1]:read_wb_reg("WCR", 0)`,
			"0x00001ff3  BAS=0xff (8 bytes at +0) LSC=2 (stores) PAC=1 (EL1) E"},
		{"m.cpu[1].wvr[0]", "0xffffff8008c5a000"},
		{"m.cpu[1].wcr[0] + 1", "8180"},
		{"w[0]", "event w1 {type = \"w\", addr = 0xffffff8008c5a000, len = 8, cpu = 0, state = \"active\", " +
			"count = 0, attr = {...}, slot = 0, wide = wide 1}"},
		{"error('no')", "no\n  error('no')\n  ^"},
		{"local y = nil; y.z = 1", "attempt to index local 'y' (a nil value)\n" +
			"  local y = nil; y.z = 1\n                 ^"},
		{"m:perf_event_open { adr = 1 }", "bad argument #1 to 'perf_event_open' (unknown field 'adr'; " +
			"did you mean 'addr'?)\n  m:perf_event_open { adr = 1 }\n                      ^"},
		{"nowhere.z", "attempt to index global 'nowhere' (a nil value)\n  nowhere.z\n  ^"},
		{"1 + nowhere.z", "attempt to index global 'nowhere' (a nil value)\n  1 + nowhere.z\n      ^"},
		{"x = = 2", "syntax error near '='\n  x = = 2\n      ^"},
	} {
		if got := p.answer(x.in); got != x.want {
			t.Errorf("%s shows\n%s\nwant\n%s", x.in, got, x.want)
		}
	}
	p.enters(":quit")
	p.expect("bye")
	if err := p.leaves(); err != nil {
		t.Error(err)
	}
}

func TestPersonRefused(t *testing.T) {
	p := sit(t, room{width: 200, height: 24})
	p.answer("for i = 1, 4 do assert(m:register_wide_hw_breakpoint { " +
		"type = 'w', addr = 0xffffff8008c5a000 + 8 * i, len = 8 }) end")
	got := p.answer("m:register_wide_hw_breakpoint { type = 'w', addr = 0xffffff8008c5a000, len = 8 }")
	lines := strings.Split(got, "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "ENOSPC") ||
		!strings.HasPrefix(lines[1], "why: R-CON-7") ||
		!strings.Contains(lines[1], "w7 at 0xffffff8008c5a020") {
		t.Errorf("the refusal shows\n%s", got)
	}
}

func TestPersonSeveralLines(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	p.types("for i = 1, 2 do\r")
	p.expect(">>")
	p.types("print(i)\r")
	p.types("end\r")
	p.expect("1\n2\n>")
	// The whole block is one entry of the history.
	p.prompt()
	p.types("\x1b[A")
	p.expect("> for i = 1, 2 do\n>> print(i)\n>> end")
	p.types("\r")
	p.expect("1\n2\n>")
	// Ctrl-C throws an entry away.
	p.prompt()
	p.types("if true then\rx = 1\x03")
	p.expect("^C")
	if got := p.answer("x"); got != "nil" {
		t.Errorf("x is %s after Ctrl-C", got)
	}
}

func TestPersonPastes(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	p.types("\x1b[200~if true then\r\n\tprint(1)\r\n\tif true then\r\n\t\tprint(2)\r\n" +
		"\tend\r\nend\r\n\x1b[201~")
	p.expect("> if true then\n>>     print(1)\n>>     if true then\n>>         print(2)\n>>     end\n>> end")
	p.types("\r")
	p.expect("1\n2\n>")
	p.prompt()
	p.types("\x1b[A")
	p.expect("> if true then")
	p.types("\x03")
	if got := p.answer(`"two"`); got != "two" {
		t.Errorf("after a paste: %s", got)
	}
}

// Commands and questions are entries of their own in a paste, at a breakpoint too.
func TestPersonPastesCommands(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	p.types("\x1b[200~local a = 20\nx = a + 1\n:time\nprint?\n" +
		"if x then\n  y = [[\n:hex on]]\nend\n:hex off\nx, y\x1b[201~\r")
	p.expect("steps")
	p.expect("print(...)")
	p.expect("21      :hex on\n>")
}

// A paste of a megabyte is accepted.
func TestPersonPastesMegabyte(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	var b strings.Builder
	n := 0
	for b.Len() < 1<<20-200 {
		n++
		b.WriteString("x = 1 -- a line of a paste\n")
	}
	b.WriteString("x = 'end of the paste'")
	go io.WriteString(p.tty, "\x1b[200~"+b.String()+"\x1b[201~")
	p.expect("end of the paste")
	p.types("\r")
	if got := p.answer("x"); got != "end of the paste" {
		t.Errorf("x is %q", got)
	}
}

func TestPersonInterrupts(t *testing.T) {
	for _, code := range []string{
		"while true do end",
		"for i = 1, 1e9 do print(i) end",
		`("a"):rep(1e6):find(".-.-.-.-b")`,
		`while true do pcall(error) end`,
		`table.sort({1, 2, 3}, function() while true do end end)`,
		`string.gsub("abc", ".", function() while true do end end)`,
		`coroutine.wrap(function() while true do end end)()`,
		"t = m:task { body = function() while true do m:msleep(1) end end } " +
			"while true do pcall(m.msleep, m, 1e12) end",
		"io.read()",
	} {
		t.Run(code, func(t *testing.T) {
			p := sit(t, room{})
			p.answer("keep = 'kept'")
			p.enters("print('runs'); " + code)
			p.expect("\nruns")
			p.types("\x03")
			p.expect("interrupted")
			if got := p.answer("keep"); got != "kept" {
				t.Errorf("after the interrupt keep is %q, want kept", got)
			}
		})
	}
}

func TestPersonCannotLeaveByAccident(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	for _, keys := range []string{
		"\x1b[3~",      // Delete on an empty line
		"\x00", "\x1c", // Ctrl-Space, Ctrl-\
		"a\x14\x15", // transposing one character
		"\x12\x07",  // a search in an empty history
		"\x12\x03", "\x13\x07",
		"\x1b[99~", "\x1bOP", "\xff\xfe", "\x1b]0;x\x07",
		"\x1a", "\x03", "x\x03",
		"\x19", "\x1f", "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x0b", "\x17", "\x1bd", "\x1b\x7f",
	} {
		p.types(keys)
		time.Sleep(5 * time.Millisecond)
	}
	p.types("abc\x04\x15") // Ctrl-D behind something
	p.types("all read")
	p.until("the last key's effect", func(string) bool {
		row, _ := p.vt.Cursor()
		return row == "> all read"
	})
	p.types("\x15")
	if got := p.answer("'here'"); got != "here" {
		t.Errorf("shows %q", got)
	}
	for _, code := range []string{
		"error()", "error(nil)", "error({})", "setmetatable(_G, {__index = error}) return nothing",
		"local function f() return f() + f() end f()", "coroutine.yield()", "string.rep('x', 1e11)",
		"_G = nil",
		"print = nil tostring = nil type = nil pcall = nil string = nil table = nil",
		"m = nil repl = nil help = nil",
	} {
		p.answer(code)
	}
	if got := p.answer("{1, 2}"); got != "{1, 2}" {
		t.Errorf("shows %q", got)
	}
	p.prompt()
	p.types("\x04")
	p.expect("bye")
	p.leaves()
}

func TestPersonTypesAhead(t *testing.T) {
	p := sit(t, room{})
	p.enters("print('runs') local t = 0 for i = 1, 2e6 do t = t + i end")
	p.expect("\nruns")       // and still runs when the next keys arrive
	p.types("'ahead'\r\x04") // also Ctrl-D, while code runs
	p.expect("> 'ahead'\nahead\n")
	if got := p.answer("'still here'"); got != "still here" {
		t.Errorf("shows %q", got)
	}
}

func TestPersonExits(t *testing.T) {
	p := sit(t, room{})
	p.enters("os.exit(3)")
	p.expect("exit with code 3")
	p.leaves()
}

func TestPersonCompletes(t *testing.T) {
	p := sit(t, room{width: 100, height: 40})
	p.prompt()
	p.types("m:unregister_w\t")
	p.expect("> m:unregister_wide_hw_breakpoint(")
	p.types("\x15m:perf_event_\t")
	p.shows("method  Disable one event, as a driver does.\nperf_event_disable_inatomic       method")
	p.shows("\n> m:perf_event_")
	p.types("\x15m.cpu[0].wc\t[0]\r")
	p.shows("> m.cpu[0].wcr[0]\n0x00000000")
	p.prompt()
	p.types(":qu\t")
	p.expect("> :quit")
	p.types("\x15")
}

func TestPersonHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "history")
	env := []string{"REPL_TEST_HISTORY=" + file}
	p := sit(t, room{env: env})
	p.answer("first = 1")
	q := sit(t, room{env: env}) // at the same time
	q.answer("for i = 1, 1 do\rsecond = 2\rend")
	p.answer("third = 3")
	p.enters(":quit")
	p.leaves()
	q.enters(":quit")
	q.leaves()
	st, err := os.Stat(file)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", st, err)
	}
	r := sit(t, room{env: env})
	r.prompt()
	r.types("\x12seco")
	r.expect("> for i = 1, 1 do\n>> second = 2\n>> end\nhistory backwards: seco")
	r.types("\r")
	r.prompt()
	r.types("\x12fir")
	r.expect("history backwards: fir")
	r.types("\x07\x15")
	r.prompt()
	r.types("\x12third")
	r.expect("history backwards: third")
	r.types("\r")
	r.until("the entry", func(text string) bool { return strings.HasSuffix(text, "> third = 3\n>") })
	if got := r.answer("third"); got != "3" {
		t.Errorf("third is %s", got)
	}
}

func TestPersonWithoutColor(t *testing.T) {
	for _, x := range []struct {
		name            string
		env             []string
		colors, escapes bool
	}{
		{"a terminal has colors", nil, true, true},
		{"NO_COLOR has none", []string{"NO_COLOR=1"}, false, true},
		{"a dumb terminal is sent nothing but text", []string{"TERM=dumb"}, false, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := sit(t, room{env: x.env})
			p.answer("error('x')")
			p.answer("m.cpu[0].mdscr_el1")
			p.answer("help 'WCR'")
			p.prompt()
			_, escapes, colors, _ := p.vt.Sent()
			if (colors > 0) != x.colors || (escapes > 0) != x.escapes {
				t.Errorf("%d escape sequences, %d colors", escapes, colors)
			}
			p.types("for i = 1, 1 do\r")
			p.expect(">>")
			p.types("print('more')\rend\r")
			p.expect("more\n")
			p.prompt()
			p.types("half\x03")
			p.prompt()
			p.types("\x04")
			p.expect("bye")
		})
	}
}

func TestPersonSizes(t *testing.T) {
	long := "'" + strings.Repeat("日本", 30) + "'"
	for _, width := range []int{20, 40, 81, 500} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			p := sit(t, room{width: width, height: 24})
			p.prompt()
			p.types(long)
			p.until("the line", func(text string) bool { return strings.Count(text, "日") == 30 })
			// Back to the start and forth again, one character less.
			p.types("\x01\x1b[C\x04")
			p.until("the line", func(text string) bool { return strings.Count(text, "日") == 29 })
			p.types("\r")
			p.until("the value", func(text string) bool { return strings.Count(text, "日") == 58 })
			if got := p.answer("12345678"); got != "12345678" {
				t.Errorf("shows %q", got)
			}
		})
	}
}

func TestPersonResizes(t *testing.T) {
	p := sit(t, room{width: 60, height: 24})
	p.prompt()
	p.types("x = 'abcdefghij'")
	p.expect("x = 'abcdefghij'")
	p.vt.Resize(30, 24)
	if err := pty.Setsize(p.tty, &pty.Winsize{Rows: 24, Cols: 30}); err != nil {
		t.Fatal(err)
	}
	p.types(" .. 'klmnopqrstuvwxyz'\r")
	if got := p.answer("#x"); got != "26" {
		t.Errorf("shows %q", got)
	}
}

// A change of size while code runs does not show the entry again.
func TestPersonResizesWhileCodeRuns(t *testing.T) {
	p := sit(t, room{width: 60, height: 24})
	p.prompt()
	p.types("print('runs') while true do end\r")
	p.expect("\nruns")
	p.vt.Resize(50, 24)
	if err := pty.Setsize(p.tty, &pty.Winsize{Rows: 24, Cols: 50}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	p.types("\x03")
	p.expect("interrupted")
	if text := p.vt.Text(); strings.Count(text, "while true") != 1 {
		t.Errorf("shows\n%s", text)
	}
}

// After a stop, in which the shell has changed the mode of the terminal, the entry can be edited
// further.
func TestPersonStopsAndResumes(t *testing.T) {
	p := sit(t, room{})
	p.prompt()
	p.types("5")
	p.expect("> 5")
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stty := exec.Command("stty", "sane")
	stty.Stdin = p.tty
	if out, err := stty.CombinedOutput(); err != nil {
		t.Skipf("no stty: %v %s", err, out)
	}
	before, _, _, _ := p.vt.Sent()
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.until("the entry once more", func(string) bool { n, _, _, _ := p.vt.Sent(); return n > before })
	p.types("\x014\r") // Ctrl-A, which a cooked terminal would only show
	p.until("an answer", func(text string) bool { return strings.HasSuffix(text, "> 45\n45\n>") })
	if got := p.answer("6"); got != "6" {
		t.Errorf("then shows %q", got)
	}
}

func TestPersonUndoes(t *testing.T) {
	p := sit(t, room{})
	p.answer("w = m:register_wide_hw_breakpoint { type = 'w', addr = 0x1000, len = 8 }")
	p.answer(":watch #m:events()")
	got := p.answer("m:unregister_wide_hw_breakpoint(w)")
	if want := "watch #m:events() = 0"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %q", got, want)
	}
	if got := p.answer(":undo"); !strings.Contains(got, "watch #m:events() = 2") {
		t.Errorf("undo shows %s", got)
	}
	if got := p.answer("w[0].closed"); !strings.HasPrefix(got, "false") {
		t.Errorf("w[0].closed is %s", got)
	}
}

func TestPersonTour(t *testing.T) {
	p := sit(t, room{width: 120, height: 50})
	p.enters(":tour")
	p.expect("1/6")
	p.types("\r")
	p.expect("2/6")
	p.prompt()
	p.types("1 + 1\r") // something else in between
	p.expect("2\n")
	p.expect("2/6")
	p.prompt()
	p.types(`m:register_wide_hw_breakpoint{type="w",addr=0xffffff8008c5b000,len=8}` + "\r") // typed
	p.expect("ENOSPC")
	p.expect("3/6")
	p.prompt()
	p.types("\r")
	p.expect("ENOSPC from __reserve_bp_slot")
	p.expect("4/6")
	p.prompt()
	p.types("\r")
	p.expect("true")
	p.expect("5/6")
	p.prompt()
	p.types("\r")
	p.expect("6/6")
	p.prompt()
	p.types("\r")
	p.expect(`"_register_wp_bp"`)
	p.expect(`"watch_point_delayed_work_func"`)
	p.expect("the end of the tour")
	if got := p.answer("#m:events()"); got != "8" {
		t.Errorf("%s events afterwards", got)
	}
}

// A paste of a megabyte sends at most 100 KiB to the terminal.
func TestPasteOutput(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	p := sit(t, room{})
	p.prompt()
	for name, text := range map[string]string{
		"one line":   "x = '" + strings.Repeat("a", 1<<20-100) + "'",
		"many lines": strings.Repeat("x = 1 -- a line of a paste, and what it is about\n", 1<<20/50),
	} {
		p.prompt()
		before, _, _, _ := p.vt.Sent()
		go io.WriteString(p.tty, "\x1b[200~"+text+"\x1b[201~")
		p.until("the text", func(string) bool {
			row, _ := p.vt.Cursor()
			return strings.HasSuffix(row, "a'") || strings.HasSuffix(row, "is about")
		})
		p.types("\r")
		p.prompt()
		if after, _, _, _ := p.vt.Sent(); after-before > 100<<10 {
			t.Errorf("%s: the terminal was sent %d bytes, want at most %d", name, after-before, 100<<10)
		}
	}
}
