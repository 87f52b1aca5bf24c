// The index finds what is meant; near names are near; pictures show every field.

package schema_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings/schema"
)

var board = schema.Module{
	Name: "board", Doc: "The board under test.",
	Funcs: []schema.Func{{
		Name: "reset", Doc: "Pull a reset line. It takes a while.",
		Params:  []schema.Param{{Name: "options", Type: schema.Table("reset_options"), Optional: true}},
		Results: []schema.Param{{Name: "line", Type: schema.Object("line")}},
		Errors:  []schema.Errno{{Name: "ENODEV", Doc: "there is no such line"}},
		Sample:  "board.reset { line = 2 }",
	}},
	Fields:  []schema.Field{{Name: "lines", Type: schema.Array(schema.Object("line")), Doc: "The lines."}},
	Modules: []schema.Module{{Name: "clock", Doc: "Clocks.", Funcs: []schema.Func{{Name: "rate", Doc: "The rate."}}}},
	Classes: []schema.Class{{
		Name: "line", Doc: "A line.", Fields: []schema.Field{{Name: "level", Type: schema.Bool, Doc: "High or low."}},
		Methods: []schema.Func{{Name: "pull", Doc: "Pull it."}},
		Index:   &schema.Indexed{Key: schema.Param{Name: "n", Type: schema.Int}, Value: schema.U64, Doc: "A tap."},
	}},
	Records: []schema.Record{{Name: "reset_options", Doc: "The options.", Fields: []schema.Field{
		{Name: "line", Type: schema.Int, Default: "0", Doc: "which"},
		{Name: "mode", Type: schema.Enum("soft", "by software", "hard", "by wire"), Doc: "how"},
	}}},
	Registers: []schema.Register{{Name: "CTRL", Aliases: []string{"CR"}, Width: 8, Doc: "Control.", Fields: []schema.Bits{
		{Name: "MODE", Hi: 7, Lo: 4, Doc: "Mode.", Values: []schema.Word{{Value: "1", Doc: "run"}}}, {Name: "RES0", Hi: 3, Lo: 1, Doc: "Reserved."}, {Name: "EN", Hi: 0, Lo: 0, Doc: "Enable."}}}},
	Errnos: []schema.Errno{{Name: "ENODEV", Number: 19, Doc: "19, no such device."}},
	Topics: []schema.Topic{{Name: "wiring", Doc: "How the lines run.", Names: "W-[0-9]+"}},
}

func TestLookup(t *testing.T) {
	x := schema.NewIndex(&board)
	for name, want := range map[string]string{
		"reset": "board.reset", "board.reset": "board.reset", "Board.Reset()": "board.reset", "pull": "line:pull", "line:pull": "line:pull", "line.pull": "line:pull",
		"my_line:pull": "line:pull", "level": "line.level", "line": "line", "clock.rate": "board.clock.rate", "board.clock": "board.clock", "board.clock.rate": "board.clock.rate",
		"CR": "CTRL", "ctrl.mode": "CTRL.MODE", "ENODEV": "ENODEV", "reset_options.mode": "reset_options.mode", "wiring": "wiring", "board": "board", "w-12": "wiring",
	} {
		es := x.Lookup(name)
		if len(es) == 0 || es[0].Path != want {
			t.Errorf("%q is %v, want %s", name, paths(es), want)
		}
	}
	twice := schema.Module{Name: "m", Doc: "M.", Funcs: []schema.Func{{Name: "cr", Doc: "Not the register."}}, Registers: board.Registers}
	for name, want := range map[string]string{"CR": "CTRL m.cr", "cr": "m.cr CTRL", "Cr": "m.cr CTRL"} {
		if got := strings.Join(paths(schema.NewIndex(&twice).Lookup(name)), " "); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "nothing", "x:level", "board.pul", "W-12x", "xW-12"} {
		if es := x.Lookup(name); len(es) > 0 {
			t.Errorf("%q is %v, want nothing", name, paths(es))
		}
	}
}

func paths(es []*schema.Entry) []string {
	var list []string
	for _, e := range es {
		list = append(list, e.Path)
	}
	return list
}

func TestMembersOptionsElements(t *testing.T) {
	x := schema.NewIndex(&board)
	if got := strings.Join(paths(x.Members("board")), " "); got != "board.reset board.lines board.clock" {
		t.Errorf("members of board: %s", got)
	}
	if got := strings.Join(paths(x.Members("line")), " "); got != "line.level line:pull" {
		t.Errorf("members of line: %s", got)
	}
	for _, name := range []string{"reset", "board.reset"} {
		if got := strings.Join(paths(x.Options(name)), " "); got != "reset_options.line reset_options.mode" {
			t.Errorf("options of %s: %s", name, got)
		}
	}
	if e := x.Member("board", "reset"); e == nil || e.Type.Name != "line" {
		t.Errorf("board.reset is %+v", e)
	}
	if got := x.Element(x.Member("board", "lines").Type); got.Name != "line" {
		t.Errorf("board.lines[1] is %v", got)
	}
	if got := x.Element(schema.Object("line")); got.Kind != schema.KindU64 {
		t.Errorf("line[1] is %v", got)
	}
	if got := x.Element(schema.Map(schema.String, schema.Object("line"))); got.Name != "line" {
		t.Errorf("a value of a map is %v", got)
	}
	if got := x.Element(schema.Bool); got.Kind != schema.KindNil {
		t.Errorf("true[1] is %v", got)
	}
}

func TestSearchHasNamesFirst(t *testing.T) {
	x := schema.NewIndex(&board)
	if got := strings.Join(paths(x.Search("PULL")), " "); got != "line:pull board.reset" {
		t.Errorf("search for pull: %s", got)
	}
	if got := x.Search(" "); got != nil {
		t.Errorf("search for nothing: %v", paths(got))
	}
}

func TestHelpSaysEverything(t *testing.T) {
	x := schema.NewIndex(&board)
	for name, wants := range map[string][]string{
		"reset":      {"board.reset(options?: reset_options) -> line", "Pull a reset line. It takes a while.", "line", "which (0)", "ENODEV", "there is no such line", "board.reset { line = 2 }"},
		"line":       {"A line.", "level", ":pull", "[n]: u64"},
		"CTRL":       {"MODE", "| RES0 |", "[7:4]", "run"},
		"MODE":       {"CTRL.MODE[7:4]", "run"},
		"line.level": {"line.level: boolean"},
		"mode":       {`reset_options.mode: "soft"|"hard"`, "by wire"},
	} {
		text := ""
		for _, e := range x.Lookup(name) {
			text += x.Help(e, 60)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("help of %s lacks %q:\n%s", name, want, text)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > 60 && strings.HasPrefix(line, "  ") {
				t.Errorf("help of %s: a line of %d: %s", name, len(line), line)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{"wr": "rw", "ww": "w", "rx": "r"} { // what is only swapped before what is as near
		if got, _ := schema.Nearest(name, []string{"r", "w", "rw", "x"}); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	known := []string{"disabled", "pinned", "addr", "len", "register_wide_hw_breakpoint", "ENOSPC", "cpu", "now"}
	for name, want := range map[string]string{
		"disable": "disabled", "Disabled": "disabled", "pined": "pinned", "adrr": "addr", "lne": "len", "register_wide_hw_breakpont": "register_wide_hw_breakpoint",
		"ENSPC": "ENOSPC", "enospc": "ENOSPC", "cpu_count": "cpu", "wide_hw_breakpoint": "register_wide_hw_breakpoint",
		"foo": "", "x": "", "": "", "completely_else": "", strings.Repeat("a", 100): "",
	} {
		if got, ok := schema.Nearest(name, known); got != want || ok != (want != "") {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

func TestTypesAsText(t *testing.T) {
	for want, typ := range map[string]schema.Type{
		"integer":             schema.Int,
		`("r"|"w")[]`:         schema.Array(schema.Enum("r", "", "w", "")),
		"table<string, u64>":  schema.Map(schema.String, schema.U64),
		"event|nil":           schema.Union(schema.Object("event"), schema.Nil),
		"fun(ev: event): u64": schema.Func1([]schema.Param{{Name: "ev", Type: schema.Object("event")}}, []schema.Param{{Type: schema.U64}}),
	} {
		if got := typ.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	for doc, want := range map[string]string{
		"One. Two.": "One.", "One. A second.": "One.", "One. Zoo.": "One.", "One. [Two.": "One. [Two.", "See hw.hex for it. More.": "See hw.hex for it.", "No end": "No end", "4.19 and 6.1. Then.": "4.19 and 6.1.", "a\nb": "a", "": "",
	} {
		if got := schema.Summary(doc); got != want {
			t.Errorf("%q: %q, want %q", doc, got, want)
		}
	}
}

func TestNearOfTheIndex(t *testing.T) {
	x := schema.NewIndex(&board)
	for name, want := range map[string]string{"rest": "reset", "board.rest": "reset", "my_line:pul": "pull", "board.clock.rat": "rate", "line.": "", "something": ""} {
		if got, ok := x.Near(name); got != want || ok != (want != "") {
			t.Errorf("near %q is %q, %v, want %q", name, got, ok, want)
		}
	}
}

// A picture has each field's first and last bit above its corners, as many rows as the width needs, and at least one field a row.
func TestPicture(t *testing.T) {
	for width, want := range map[int]string{
		80: `
   7    4 3    1  0
  +------+------+----+
  | MODE | RES0 | EN |
  +------+------+----+
`,
		22: `
   7    4 3    1  0
  +------+------+----+
  | MODE | RES0 | EN |
  +------+------+----+
`,
		21: `
   7    4 3    1
  +------+------+
  | MODE | RES0 |
  +------+------+
    0
  +----+
  | EN |
  +----+
`,
		1: `
   7    4
  +------+
  | MODE |
  +------+
   3    1
  +------+
  | RES0 |
  +------+
    0
  +----+
  | EN |
  +----+
`,
	} {
		if got := "\n" + board.Registers[0].Picture("  ", width); got != want {
			t.Errorf("%d columns wide:%s\nwant%s", width, got, want)
		}
	}
}

// What is said of a name stands beside it, or below where the name reaches the column.
func TestHelpColumns(t *testing.T) {
	x := schema.NewIndex(&schema.Module{Name: "m", Doc: "M.", Errnos: []schema.Errno{{Name: "E"}}, Funcs: []schema.Func{{Name: "f", Doc: "F.", Errors: []schema.Errno{
		{Name: strings.Repeat("A", 15), Doc: "fifteen"}, {Name: strings.Repeat("B", 16), Doc: "sixteen"}, {Name: "C"},
	}}}})
	text := x.Help(x.Lookup("f")[0], 60)
	want := "  AAAAAAAAAAAAAAA fifteen\n  BBBBBBBBBBBBBBBB\n                  sixteen\n  C\n"
	if !strings.Contains(text, want) {
		t.Errorf("no\n%sin\n%s", want, text)
	}
}
