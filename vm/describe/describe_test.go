// The index finds what is meant; near names are near; pictures show every field.

package describe_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/describe"
)

var board = describe.Module{
	Name: "board", Doc: "The board under test.",
	Funcs: []describe.Func{{
		Name: "reset", Doc: "Pull a reset line. It takes a while.",
		Params:  []describe.Param{{Name: "options", Type: describe.Table("reset_options"), Optional: true}},
		Results: []describe.Param{{Name: "line", Type: describe.Object("line")}},
		Errors:  []describe.Errno{{Name: "ENODEV", Doc: "there is no such line"}},
		Sample:  "board.reset { line = 2 }",
	}},
	Fields: []describe.Field{
		{Name: "lines", Type: describe.Array(describe.Object("line")), Doc: "The lines."},
	},
	Modules: []describe.Module{
		{Name: "clock", Doc: "Clocks.", Funcs: []describe.Func{{Name: "rate", Doc: "The rate."}}},
	},
	Classes: []describe.Class{{
		Name:    "line",
		Doc:     "A line.",
		Fields:  []describe.Field{{Name: "level", Type: describe.Bool, Doc: "High or low."}},
		Methods: []describe.Func{{Name: "pull", Doc: "Pull it."}},
		Index: &describe.Indexed{
			Key:   describe.Param{Name: "n", Type: describe.Int},
			Value: describe.U64,
			Doc:   "A tap.",
		},
	}},
	Records: []describe.Record{{Name: "reset_options", Doc: "The options.", Fields: []describe.Field{
		{Name: "line", Type: describe.Int, Default: "0", Doc: "which"},
		{Name: "mode", Type: describe.Enum("soft", "by software", "hard", "by wire"), Doc: "how"},
	}}},
	Registers: []describe.Register{{
		Name:    "CTRL",
		Aliases: []string{"CR"},
		Width:   8,
		Doc:     "Control.",
		Fields: []describe.Bits{
			{Name: "MODE", Hi: 7, Lo: 4, Doc: "Mode.", Values: []describe.Word{{Value: "1", Doc: "run"}}},
			{Name: "RES0", Hi: 3, Lo: 1, Doc: "Reserved."},
			{Name: "EN", Hi: 0, Lo: 0, Doc: "Enable."},
		},
	}},
	Errnos: []describe.Errno{{Name: "ENODEV", Number: 19, Doc: "19, no such device."}},
	Topics: []describe.Topic{{Name: "wiring", Doc: "How the lines run.", Names: "W-[0-9]+"}},
}

func TestLookup(t *testing.T) {
	x := describe.NewIndex(&board)
	for name, want := range map[string]string{
		"reset":              "board.reset",
		"board.reset":        "board.reset",
		"Board.Reset()":      "board.reset",
		"pull":               "line:pull",
		"line:pull":          "line:pull",
		"line.pull":          "line:pull",
		"my_line:pull":       "line:pull",
		"level":              "line.level",
		"line":               "line",
		"clock.rate":         "board.clock.rate",
		"board.clock":        "board.clock",
		"board.clock.rate":   "board.clock.rate",
		"CR":                 "CTRL",
		"ctrl.mode":          "CTRL.MODE",
		"ENODEV":             "ENODEV",
		"reset_options.mode": "reset_options.mode",
		"wiring":             "wiring",
		"board":              "board",
		"w-12":               "wiring",
	} {
		es := x.Lookup(name)
		if len(es) == 0 || es[0].Path != want {
			t.Errorf("Lookup(%q) = %v, want %s first", name, paths(es), want)
		}
	}
	twice := describe.Module{
		Name:      "m",
		Doc:       "M.",
		Funcs:     []describe.Func{{Name: "cr", Doc: "Not the register."}},
		Registers: board.Registers,
	}
	for name, want := range map[string]string{"CR": "CTRL m.cr", "cr": "m.cr CTRL", "Cr": "m.cr CTRL"} {
		if got := strings.Join(paths(describe.NewIndex(&twice).Lookup(name)), " "); got != want {
			t.Errorf("Lookup(%q) = %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "nothing", "x:level", "board.pul", "W-12x", "xW-12"} {
		if es := x.Lookup(name); len(es) > 0 {
			t.Errorf("Lookup(%q) = %v, want none", name, paths(es))
		}
	}
}

func paths(es []*describe.Entry) []string {
	var list []string
	for _, e := range es {
		list = append(list, e.Path)
	}
	return list
}

func TestMembersOptionsElements(t *testing.T) {
	x := describe.NewIndex(&board)
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
	if got := x.Element(describe.Object("line")); got.Kind != describe.KindU64 {
		t.Errorf("line[1] is %v", got)
	}
	if got := x.Element(describe.Map(describe.String, describe.Object("line"))); got.Name != "line" {
		t.Errorf("a value of a map is %v", got)
	}
	if got := x.Element(describe.Bool); got.Kind != describe.KindNil {
		t.Errorf("true[1] is %v", got)
	}
}

func TestSearchHasNamesFirst(t *testing.T) {
	x := describe.NewIndex(&board)
	if got := strings.Join(paths(x.Search("PULL")), " "); got != "line:pull board.reset" {
		t.Errorf("search for pull: %s", got)
	}
	if got := x.Search(" "); got != nil {
		t.Errorf("Search of a space = %v, want none", paths(got))
	}
}

func TestHelpSaysEverything(t *testing.T) {
	x := describe.NewIndex(&board)
	for name, wants := range map[string][]string{
		"reset": {
			"board.reset(options?: reset_options) -> line", "Pull a reset line. It takes a while.",
			"line", "which (0)", "ENODEV", "there is no such line", "board.reset { line = 2 }",
		},
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

func TestTypesAsText(t *testing.T) {
	for want, typ := range map[string]describe.Type{
		"integer":            describe.Int,
		`("r"|"w")[]`:        describe.Array(describe.Enum("r", "", "w", "")),
		"table<string, u64>": describe.Map(describe.String, describe.U64),
		"event|nil":          describe.Union(describe.Object("event"), describe.Nil),
		"fun(ev: event): u64": describe.Func1(
			[]describe.Param{{Name: "ev", Type: describe.Object("event")}},
			[]describe.Param{{Type: describe.U64}}),
	} {
		if got := typ.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	for doc, want := range map[string]string{
		"One. Two.":                "One.",
		"One. A second.":           "One.",
		"One. Zoo.":                "One.",
		"One. [Two.":               "One. [Two.",
		"See hw.hex for it. More.": "See hw.hex for it.",
		"No end":                   "No end",
		"4.19 and 6.1. Then.":      "4.19 and 6.1.",
		"a\nb":                     "a",
		"":                         "",
	} {
		if got := describe.Summary(doc); got != want {
			t.Errorf("Summary(%q) = %q, want %q", doc, got, want)
		}
	}
}

func TestNearOfTheIndex(t *testing.T) {
	x := describe.NewIndex(&board)
	for name, want := range map[string]string{
		"rest":            "reset",
		"board.rest":      "reset",
		"my_line:pul":     "pull",
		"board.clock.rat": "rate",
		"line.":           "",
		"something":       "",
	} {
		if got, ok := x.Near(name); got != want || ok != (want != "") {
			t.Errorf("Near(%q) = %q, %v, want %q", name, got, ok, want)
		}
	}
}

// A picture has each field's first and last bit above its corners, as many rows as the width needs,
// and at least one field a row.
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

// The text about a name is in the next column, or on the next line if the name reaches that column.
func TestHelpColumns(t *testing.T) {
	errs := []describe.Errno{
		{Name: strings.Repeat("A", 15), Doc: "fifteen"},
		{Name: strings.Repeat("B", 16), Doc: "sixteen"},
		{Name: "C"},
	}
	x := describe.NewIndex(&describe.Module{
		Name:   "m",
		Doc:    "M.",
		Errnos: []describe.Errno{{Name: "E"}},
		Funcs:  []describe.Func{{Name: "f", Doc: "F.", Errors: errs}},
	})
	text := x.Help(x.Lookup("f")[0], 60)
	want := "  AAAAAAAAAAAAAAA fifteen\n  BBBBBBBBBBBBBBBB\n                  sixteen\n  C\n"
	if !strings.Contains(text, want) {
		t.Errorf("got\n%swant it to contain\n%s", text, want)
	}
}
