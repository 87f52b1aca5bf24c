package repl

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// newTestSession returns a session with a machine in m, after it has run code. a session with a machine
// in m, in which the code has been run.
func newTestSession(t testing.TB, code string) (*session, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	a := new(bindings.Activity)
	s, err := newSession(context.Background(), Config{
		In: strings.NewReader(""), Out: &out,
		Runtime: vm.Config{Modules: []vm.Module{bindings.HardwareWith(bindings.Options{Activity: a})}},

		Index:    bindings.Index(),
		Files:    HostFiles(),
		Activity: a.Counts,
		Breaks:   someBreaks{},
		Start:    []Source{{Name: "start", Text: "m = hw.machine { cpus = 2 }"}},
		Getenv:   func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if code != "" {
		if err := s.run(context.Background(), code); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	}
	out.Reset()
	return s, &out
}

// someBreaks knows the places of the modules but stops nowhere.
type someBreaks struct{}

func (someBreaks) Place(text string) (string, error)       { return text, nil }
func (someBreaks) Names() []describe.Word                  { return bindings.BreakNames() }
func (someBreaks) Arm(_ []string, _ func(stop Stop)) error { return nil }

const completionSetup = `
ev = m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 }
w = m:register_wide_hw_breakpoint { type = "w", addr = 0x2000, len = 8 }
task = m:task {}
board = { name = "b", reset = function(line, ...) end, inner = { deep = 1 }, ["not a name"] = 1 }
object = setmetatable({ own = 1 }, { __index = { inherited = function(self, x) end } })
`

// completionQuestions are completed for the golden file; | is the cursor.; | is the cursor.
var completionQuestions = []string{
	"|", "m|", "w|", "pri|", "str|", "whi|", "nothing_like_it|",
	"hw.|", "hw.ctrl.|", "hw.errno.ENOS|", "bit.|", "string.|", "math.f|", "assert.is_|",
	"m.|", "m:|", "m:register_|", "m.c|", "m.cpu[0].|", "m.cpu[0]:|", "m.cpu[n + 1].w|",
	"m.cpu[0].wp_on_reg[0].|",
	"m.current.|", "m.cpu[1].current.co|",
	"ev.|", "ev:|", "ev.task.p|", "ev.attr.|", "w[0].s|", "task.|", "task:|", "m:why().|", "m:slots(0).|",
	"m:slots(0).wp.|", "m:events()[1].st|",
	"board.|", "board:|", "board.inner.|", "object.|", "object:|", "('x'):re|", "'x':re|",
	"hw.machine {|", "hw.machine { cpus = 2, |", "hw.machine { cpus = 2, k|", "hw.machine { cpus = |",
	"m:perf_event_open { |", "m:perf_event_open{type='w', ad|", "m:perf_event_open { type = \"|",
	"m:perf_event_open({ di|", "hw.machine { far = '|",
	"m:modify_user_hw_breakpoint(ev, { ad|", "m.cpu[0]:write_wb_reg(\"|", "m:task { co|",
	"x = m.no|", "if m.no|", "print(m.no|", "for k, v in pai|", "local x = tos|", "function na|", "local na|",
	"local t = m:task {}\nt:mi|", "for cpu in m:cpus() do\n  cpu.wc|",
	"local w = m:register_wide_hw_breakpoint { len = 8 }\nlocal e = w[0]\ne:dis|", "m = 1 m.no|",
	"local m = m\nm.no|", "x = x.y x.|", "for i = 1, 3 do i.|",
	"-- m.|", "'m.|", "0x1|", "m.now|", "m.cpu[0|", "m.cpu[0].wcr|[0]",
	":|", ":re|", ":help regi|", ":watch m.no|", ":time m:msl|", ":chain x|", ":chain write_w|",
	":chain __res|",
	"help \"perf_ev|", "help('who|", "apropos 'x|", "x = 'ENOS|", "assert.errno(\"EOPN|", "if e == 'EBU|",
	"hw.machine { kernel = \"4.19.1|", "hw.machine { cpu = \"cortex-a5|", "hw.machine { kernel = '6|",
	"m:perf_event_open { type = 'w', cpu = |", "m:task({ cpu = |", "m.cpu[|", "m.cpu[0].wcr[|",
	"x = m.cpu[1].bvr[|", "?m.cp|", "?w[0].sta|",
	":break write|", ":until __res|", ":break write_wb_reg |", ":break write_wb_reg cpu=1|",
	"m:callchain(\"toggle_bp|", "m:trace { fn = 'single_|",
	"m:dump_stack_in 'hw_breakpoint_re|", ":load testdata/|", ":load nowhere/|",
}

func TestCompletion(t *testing.T) {
	s, _ := newTestSession(t, completionSetup)
	s.cfg.Files.Names = func(prefix string) []string {
		if !strings.HasPrefix("testdata/board.lua", prefix) {
			return nil
		}
		return []string{"testdata/board.lua"}
	}
	var b strings.Builder
	for _, q := range completionQuestions {
		text, rest, _ := strings.Cut(q, "|")
		fmt.Fprintf(&b, "%s\n", strings.ReplaceAll(q, "\n", "\n>> "))
		got := s.completer.suggest(text+rest, len(text), false)
		if got.insert != "" {
			fmt.Fprintf(&b, "    + %q\n", got.insert)
		}
		for i, row := range got.listing {
			if i == 12 {
				fmt.Fprintf(&b, "    and %d more\n", len(got.listing)-i)
				break
			}
			fmt.Fprintf(&b, "    %s\n", row)
		}
	}
	goldenFile(t, "completion.golden", b.String())
}

// Completion runs no function of the user and does not call the machine.: no function of the user's is
// called, and the machine is not asked.
func TestCompletionCallsNothing(t *testing.T) {
	s, out := newTestSession(t, `
called = {}
local function note(name) return function(...) called[#called + 1] = name error(name) end end
trap = setmetatable({ x = setmetatable({}, { __index = note "inner index" }) }, {
__index = note "index", __newindex = note "newindex", __call = note "call", __tostring = note "tostring",
__len = note "len",
  __pairs = note "pairs", __eq = note "eq", __metatable = false })
setmetatable(_G, { __index = note "global" })
`)
	records := func() int {
		p, err := vm.Compile("count", "return #m:trace {} + #called")
		if err != nil {
			t.Fatal(err)
		}
		vs, _, err := s.rt.Eval(context.Background(), p, 0)
		if err != nil {
			t.Fatal(err)
		}
		return int(vs[0].Go().(float64))
	}
	before := records()
	questions := append(completionQuestions, "trap|", "trap.|", "trap:|", "trap.x.|", "trap().|", "trap[1].|",
		"undefined.|", "undefined().a.|", "m:run().|", "m:step():|")
	for _, q := range questions {
		text, rest, _ := strings.Cut(q, "|")
		s.completer.suggest(text+rest, len(text), false)
	}
	if after := records(); after != before {
		t.Errorf("%d calls were made", after-before)
	}
	if out.Len() > 0 {
		t.Errorf("it printed %q", out.String())
	}
}

// FuzzCompletion checks that completion accepts any text. that nothing that may stand before the cursor
// upsets it.
func FuzzCompletion(f *testing.F) {
	for _, q := range completionQuestions {
		f.Add(strings.ReplaceAll(q, "|", ""))
	}
	s, _ := newTestSession(f, completionSetup)
	s.cfg.Files.Names = nil
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		for pos := range len(text) + 1 {
			got := s.completer.suggest(text, pos, false)
			if got.insert != "" && len(got.listing) > 0 {
				t.Errorf("%q at %d inserts %q and lists", text, pos, got.insert)
			}
		}
	})
}

func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a.lua", "ab.lua", ".hidden", "sub/x.lua"} {
		os.MkdirAll(filepath.Dir(name), 0o755)
		os.WriteFile(name, nil, 0o644)
	}
	for prefix, want := range map[string]string{
		"": "a.lua ab.lua sub/", "a": "a.lua ab.lua", "sub/": "sub/x.lua", ".": ".hidden", "nowhere/": "",
		dir + "/sub/x": dir + "/sub/x.lua",
	} {
		if s := strings.Join(fileNames(prefix), " "); s != want {
			t.Errorf("fileNames(%q) = %s, want %s", prefix, s, want)
		}
	}
}

func TestHelp(t *testing.T) {
	s, out := newTestSession(t, "")
	var b strings.Builder
	for _, q := range []string{
		"help", `help "register_wide_hw_breakpoint"`, `help "WCR"`, `help "MDSCR_EL1"`, "help(m)",
		"help(hw.machine)",
		"help(m.cpu[0].write_wb_reg)",
		"help m.cpu", `help "attr.len"`, `help "len"`, `help "ENOSPC"`, `help "time"`,
		"help(string.format)", `help "string"`, `help "while"`, `help ":undo"`, `help "undo"`,
		`help "registr_wide_hw_breakpoint"`,
		`help "zzz"`, "help(5)", "for _, f in ipairs { hw.hex } do help(f) end", `apropos "debug exceptions"`,
		`apropos "zzz"`, ":help slots", ":help bt",
	} {
		out.Reset()
		fmt.Fprintf(&b, "> %s\n", q)
		s.enter(context.Background(), q)
		b.WriteString(out.String())
	}
	goldenFile(t, "help.golden", b.String())
	for i, line := range strings.Split(b.String(), "\n") {
		if phrase.Width(line) > 130 {
			t.Errorf("line %d is %d wide: %s", i+1, phrase.Width(line), line)
		}
	}
}

// Every name and path of the description has help., under each of its spellings.
func TestHelpOnEverything(t *testing.T) {
	s, _ := newTestSession(t, "")
	n := 0
	for _, e := range s.index.Entries() {
		for _, name := range []string{e.Name, e.Path} {
			n++
			text := s.help(name)
			if strings.HasPrefix(text, "no help on") || !strings.Contains(text, e.Path) {
				t.Errorf("help on %q (%s) says %q", name, e.Path, text)
			}
		}
	}
	if n < 300 {
		t.Errorf("only %d names", n)
	}
	for _, name := range vm.Keywords() {
		if strings.HasPrefix(s.help(name), "no help") {
			t.Errorf("no help on %s", name)
		}
	}
	for _, k := range s.commandCandidates() {
		if text := s.help(":" + k.name); k.doc == "" || !strings.Contains(text, k.doc) {
			t.Errorf("help on :%s says %q", k.name, text)
		}
	}
}

// library.txt describes exactly the functions that exist. functions that are there.
func TestLibraryIsThere(t *testing.T) {
	s, _ := newTestSession(t, "")
	for _, f := range library {
		closed := strings.HasPrefix(f.name, "os.") || strings.HasPrefix(f.name, "io.")
		if _, ok := s.rt.Look(pathOf(f.name)...); !ok && !closed {
			t.Errorf("%s does not exist", f.name)
		}
	}
	for _, lib := range []string{"string", "table", "math", "coroutine"} {
		v, _ := s.rt.Look(lib)
		for _, name := range v.Names() {
			if libraryHelp(lib+"."+name) == "" && len(s.index.Lookup(lib+"."+name)) == 0 {
				t.Errorf("library.txt lacks %s.%s", lib, name)
			}
		}
	}
}

var update = flag.Bool("update", false, "rewrite golden files")

// goldenFile compares text with a file in testdata, or rewrites it. with a file in testdata.
func goldenFile(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; to write it: go test ./repl -update", err)
	}
	if string(want) != got {
		w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
		for i := range max(len(w), len(g)) {
			if i >= len(w) || i >= len(g) || w[i] != g[i] {
				t.Errorf("%s differs from line %d on\nwant %s\ngot  %s\n"+
					"to rewrite it: go test ./repl -update", file, i+1, at(w, i), at(g, i))
				return
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}
