// Help: what the description says, and a line on each function of Lua's own library.

package repl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// hostModule is what the part of the prompt that lives in the runtime may ask of this one.
func (s *session) hostModule() vm.Module {
	return vm.Module{Name: "repl.host", Funcs: map[string]any{
		"classes":   func() string { return s.classSource() },
		"typers":    func() string { return s.typers() },
		"keyword":   func(name string) bool { return isKeyword[name] },
		"reserved":  func(name string) bool { return s.builtin(name) != nil },
		"functions": func() string { return s.functionPaths() },
		"help":      func(name string) string { return s.help(name) },
		"apropos":   func(word string) string { return s.apropos(word) },
		"room":      func() int { return s.room() },
		"columns":   func(text string) int { return phrase.Width(text) },
		"decode": func(register string, v uint64) string {
			if r := s.register(register); r != nil {
				return decode(r, v)
			}
			return ""
		},
	}}
}

// classSource is the described classes as a Lua table: fields in order, those that read best in
// hexadecimal marked, and how objects are indexed.
func (s *session) classSource() string {
	var b strings.Builder
	b.WriteString("return {\n")
	for _, e := range s.index.Entries() {
		if e.Kind != describe.IsClass {
			continue
		}
		fmt.Fprintf(&b, "[%q] = {", e.Name)
		for _, f := range e.Class.Fields {
			hex := f.Type.Kind == describe.KindU64 && (f.Name == "addr" || f.Name == "pc" || s.register(f.Name) != nil)
			fmt.Fprintf(&b, "{%q, %t}, ", f.Name, hex)
			if f.Name == "label" {
				b.WriteString(`label = "label", `)
			}
		}
		if e.Class.Index != nil {
			fmt.Fprintf(&b, "indexed = true, counted = %t, hex = %t", e.Class.Len != "", e.Class.Index.Value.Kind == describe.KindU64)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}")
	return b.String()
}

// typers are the described modules that have a function type.
func (s *session) typers() string {
	var names []string
	for _, m := range s.index.Modules() {
		if m.Name != "" && s.index.Member(m.Name, "type") != nil {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, " ")
}

// functionPaths are where the described functions that are no methods are found, one a line.
func (s *session) functionPaths() string {
	var b strings.Builder
	for _, e := range s.index.Entries() {
		if e.Kind == describe.IsFunc {
			b.WriteString(e.Path + "\n")
		}
	}
	for _, f := range library {
		b.WriteString(f.name + "\n")
	}
	return b.String()
}

// helpEntry answers "help", "help name" and help(...) with something that is described under the name
// that was typed, which says more than its value does.
func (s *session) helpEntry(text string) bool {
	toks := scan(text)
	if len(toks) == 0 || toks[0].kind != tokName || toks[0].text != "help" && toks[0].text != "apropos" {
		return false
	}
	if v, ok := s.rt.Look(toks[0].text); !ok || v.Type() != "function" {
		return false // the user has made it something else
	}
	fn := s.help
	if toks[0].text == "apropos" {
		fn = s.apropos
	}
	args := toks[1:]
	if len(args) >= 2 && args[0].is("(") && opening(args, len(args)-1) == 0 {
		args = args[1 : len(args)-1]
	}
	var name string
	switch {
	case len(args) == 0:
	case len(args) == 1 && args[0].kind == tokString && !args[0].open:
		name = stringText(args[0])
	case toks[0].text == "apropos":
		return false
	default:
		// help(m.cpu[0].write_wb_reg) and, as nobody wants to type quotes, help write_wb_reg.
		steps, start := chainBefore(args, len(args))
		if steps == nil || start != 0 {
			return false
		}
		for _, st := range steps {
			if st.kind == '(' {
				return false // a call is made, not read about
			}
		}
		t := s.completer.resolve(steps)
		switch {
		case t.entry != nil:
			s.say(s.helpFor(t.entry))
			return true
		case t.typ.Kind == describe.KindClass:
			name = t.typ.Name
		case toks[1].is("("):
			return false // a value: the function finds out
		default:
			name = text[args[0].pos:]
		}
	}
	s.say(fn(name))
	return true
}

func (s *session) say(text string) {
	fmt.Fprintln(s.out, strings.TrimRight(text, "\n"))
}

func (s *session) helpFor(e *describe.Entry) string { return s.index.Help(e, s.helpWidth()) }

// helpWidth keeps lines short enough to be read.
func (s *session) helpWidth() int {
	if s.size == nil {
		return 80
	}
	return min(s.width(), 100)
}

// help is the help on a name, or where to begin.
func (s *session) help(name string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return s.overview()
	}
	if rest, ok := strings.CutPrefix(name, ":"); ok {
		return s.commandHelp(rest)
	}
	if es := s.index.Lookup(name); len(es) > 0 {
		// A class and a register say more than what happens to be called like them.
		es = slices.Clone(es)
		slices.SortStableFunc(es, func(a, b *describe.Entry) int { return weight(a) - weight(b) })
		var b strings.Builder
		for i, e := range es {
			if i == 3 || weight(e) > weight(es[0]) {
				also := "also:"
				for _, e := range es[i:] {
					also += " " + e.Path
				}
				b.WriteString("\n" + wrapText(also, s.helpWidth(), "") + "\n")
				break
			}
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(s.helpFor(e))
		}
		return b.String()
	}
	if f := libraryEntry(name); f != nil {
		return f.name + f.args + "\n  " + f.doc + "\n"
	}
	var lib []string
	for _, f := range library {
		if strings.HasPrefix(f.name, name+".") {
			lib = append(lib, fmt.Sprintf("  %-32s  %s", f.name+f.args, f.doc))
		}
	}
	if len(lib) > 0 {
		return "library " + name + "\n" + strings.Join(lib, "\n") + "\n"
	}
	if isKeyword[name] {
		return name + " is a keyword of Lua\n"
	}
	if s.builtin(name) != nil {
		return s.commandHelp(name)
	}
	near := ""
	if n, ok := s.index.Near(name); ok {
		near = fmt.Sprintf("; did you mean %q?", n)
	}
	return fmt.Sprintf("nothing is called %q%s\napropos %q searches the texts\n", name, near, lastPart(name))
}

func lastPart(name string) string {
	return name[strings.LastIndexAny(name, ".:")+1:]
}

func weight(e *describe.Entry) int {
	switch e.Kind {
	case describe.IsModule, describe.IsFunc, describe.IsMethod, describe.IsRegister, describe.IsClass:
		return 0
	case describe.IsOption, describe.IsBits:
		return 2
	}
	return 1
}

// overview is where help begins.
func (s *session) overview() string {
	var b strings.Builder
	b.WriteString(wrapText("An expression shows its value, _ is the last one. An entry that is not complete goes on in the next line. "+
		"Tab completes, Ctrl-R searches the history, Ctrl-C stops, Ctrl-D at an empty prompt or :quit leaves.", s.helpWidth(), "") + "\n\n")
	b.WriteString(hanging(`help "name"`, "on a function, method, field, option, class, register or errno", s.helpWidth()))
	b.WriteString(hanging("help(value)", "on what a value is", s.helpWidth()))
	b.WriteString(hanging(`apropos "word"`, "whatever has the word in its name or text", s.helpWidth()) + "\n")
	for _, m := range s.index.Modules() {
		if m.Name == "" {
			continue
		}
		b.WriteString(phrase.Truncate(fmt.Sprintf("%-17s %s", m.Name, describe.Summary(m.Doc)), s.helpWidth()) + "\n")
	}
	var classes, regs, topics []string
	for _, e := range s.index.Entries() {
		switch e.Kind {
		case describe.IsClass:
			classes = append(classes, e.Name)
		case describe.IsRegister:
			regs = append(regs, e.Name)
		case describe.IsTopic:
			topics = append(topics, `"`+e.Name+`"`)
		}
	}
	list(&b, "classes", classes, s.helpWidth())
	list(&b, "registers", regs, s.helpWidth())
	list(&b, "topics", topics, s.helpWidth())
	b.WriteByte('\n')
	b.WriteString(s.commandList())
	return b.String()
}

// hanging is a line with a word on the left and a text on the right, which goes on below itself.
func hanging(word, text string, width int) string {
	const left = 18
	indent := strings.Repeat(" ", left)
	return phrase.Pad(word, left-1) + " " + wrapText(text, width-left, indent) + "\n"
}

func list(b *strings.Builder, what string, names []string, width int) {
	if len(names) == 0 {
		return
	}
	line := fmt.Sprintf("%-17s", what)
	for _, n := range names {
		if len(line)+1+len(n) > width {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", 17)
		}
		line += " " + n
	}
	b.WriteString(line + "\n")
}

// apropos lists what has a word in its name or text.
func (s *session) apropos(word string) string {
	width := s.helpWidth()
	var rows []string
	for _, e := range s.index.Search(word) {
		rows = append(rows, phrase.Truncate(fmt.Sprintf("%-32s %s", e.Path, e.Summary()), width))
	}
	low := strings.ToLower(strings.TrimSpace(word))
	for _, f := range library {
		if low != "" && (strings.Contains(f.name, low) || strings.Contains(strings.ToLower(f.doc), low)) {
			rows = append(rows, phrase.Truncate(fmt.Sprintf("%-32s %s", f.name, f.doc), width))
		}
	}
	if len(rows) == 0 {
		return fmt.Sprintf("nothing has %q in its name or text\n", word)
	}
	return strings.Join(rows, "\n") + "\n"
}

type libraryFunc struct{ name, args, doc string }

func libraryEntry(name string) *libraryFunc {
	for i := range library {
		if library[i].name == name {
			return &library[i]
		}
	}
	return nil
}

// library is Lua's own library, in a line each.
var library = []libraryFunc{
	{"assert", "(v [, message])", "Raises unless v is true; returns its arguments."},
	{"collectgarbage", "([what])", "Collects; \"count\" gives the kilobytes in use."},
	{"dofile", "(name)", "Runs a file."},
	{"error", "(message [, level])", "Raises; level says whose position is put before the message."},
	{"getmetatable", "(v)", "The metatable of a value."},
	{"ipairs", "(t)", "For each i, v of a list."},
	{"load", "(text or function [, name])", "Compiles; nil and a message when it cannot."},
	{"loadstring", "(text [, name])", "Compiles text; nil and a message when it cannot."},
	{"next", "(t [, key])", "The key after another, and its value."},
	{"pairs", "(t)", "For each k, v of a table."},
	{"pcall", "(f, ...)", "Calls f; true and its results, or false and the error."},
	{"print", "(...)", "Writes its arguments, with tabs between them."},
	{"rawequal", "(a, b)", "Equality without metamethods."},
	{"rawget", "(t, k)", "Indexing without metamethods."},
	{"rawset", "(t, k, v)", "Assignment without metamethods."},
	{"require", "(name)", "The module of that name, loaded once."},
	{"select", "(n, ...)", "The arguments from the nth on; \"#\" is their number."},
	{"setmetatable", "(t, meta)", "Gives a table a metatable; returns the table."},
	{"tonumber", "(v [, base])", "A number, from text as well; exact to 64 bits."},
	{"tostring", "(v)", "A value as text."},
	{"type", "(v)", "A value's type, as text."},
	{"unpack", "(t [, i [, j]])", "The elements of a list."},
	{"xpcall", "(f, handler)", "Calls f; handler is given an error where it is raised."},
	{"help", "(what)", "What is known of a name or a value."},
	{"apropos", "(word)", "Whatever has the word in its name or text."},
	{"repl.command", "(name, doc, fn)", "Adds a command: fn is given the rest of the line; what it returns is shown."},
	{"coroutine.create", "(f)", "A coroutine of f."},
	{"coroutine.resume", "(co, ...)", "Runs it until it yields or ends."},
	{"coroutine.running", "()", "The coroutine that runs."},
	{"coroutine.status", "(co)", "\"suspended\", \"running\", \"normal\" or \"dead\"."},
	{"coroutine.wrap", "(f)", "A function that resumes a coroutine of f."},
	{"coroutine.yield", "(...)", "Suspends the coroutine that runs."},
	{"io.read", "([format])", "Reads from standard input: \"*l\", \"*n\", \"*a\" or a number of bytes."},
	{"io.write", "(...)", "Writes to standard output."},
	{"io.lines", "([name])", "For each line."},
	{"math.abs", "(x)", "The absolute value."},
	{"math.ceil", "(x)", "The smallest whole number that is not less."},
	{"math.floor", "(x)", "The largest whole number that is not more."},
	{"math.fmod", "(x, y)", "The remainder, with the sign of x."},
	{"math.huge", "", "Infinity."},
	{"math.max", "(x, ...)", "The largest."},
	{"math.min", "(x, ...)", "The smallest."},
	{"math.modf", "(x)", "The whole part and the fraction."},
	{"math.pi", "", "Pi."},
	{"math.random", "([m [, n]])", "A random number, drawn from the seed."},
	{"math.randomseed", "(seed)", "Starts the random numbers anew."},
	{"math.sqrt", "(x)", "The square root."},
	{"os.clock", "()", "Processor time in seconds, where it is allowed."},
	{"os.date", "([format [, time]])", "The date as text."},
	{"os.exit", "([code])", "Ends the program, where it is allowed."},
	{"os.getenv", "(name)", "An environment variable, where it is allowed."},
	{"os.time", "([table])", "Seconds since 1970."},
	{"string.byte", "(s [, i [, j]])", "The codes of bytes."},
	{"string.char", "(...)", "A string of bytes with these codes."},
	{"string.find", "(s, pattern [, init [, plain]])", "Where a pattern is found: first and last index, captures."},
	{"string.format", "(format, ...)", "Text with values put in: %d %x %s %q; exact to 64 bits."},
	{"string.gmatch", "(s, pattern)", "For each match."},
	{"string.gsub", "(s, pattern, repl [, n])", "Replaces matches; the text and their number."},
	{"string.len", "(s)", "The number of bytes."},
	{"string.lower", "(s)", "In small letters."},
	{"string.match", "(s, pattern [, init])", "The captures of the first match."},
	{"string.rep", "(s, n)", "The string n times."},
	{"string.reverse", "(s)", "Backwards."},
	{"string.sub", "(s, i [, j])", "The part from i to j."},
	{"string.upper", "(s)", "In capital letters."},
	{"table.concat", "(t [, sep [, i [, j]]])", "The elements of a list as one string."},
	{"table.insert", "(t [, pos], v)", "Puts an element into a list."},
	{"table.maxn", "(t)", "The largest number that is a key."},
	{"table.remove", "(t [, pos])", "Takes an element out of a list."},
	{"table.sort", "(t [, before])", "Sorts a list in place."},
	{"coroutine.isyieldable", "()", "Whether the code that runs may yield."},
	{"math.acos", "(x)", "The arc cosine, in radians."},
	{"math.asin", "(x)", "The arc sine, in radians."},
	{"math.atan", "(x)", "The arc tangent, in radians."},
	{"math.atan2", "(y, x)", "The arc tangent of y/x, in the right quadrant."},
	{"math.cos", "(x)", "The cosine of an angle in radians."},
	{"math.cosh", "(x)", "The hyperbolic cosine."},
	{"math.deg", "(x)", "Degrees from radians."},
	{"math.exp", "(x)", "e to the power of x."},
	{"math.frexp", "(x)", "m and e with x = m * 2^e."},
	{"math.ldexp", "(m, e)", "m * 2^e."},
	{"math.log", "(x)", "The natural logarithm."},
	{"math.log10", "(x)", "The logarithm to base 10."},
	{"math.mod", "(x, y)", "math.fmod under its older name."},
	{"math.pow", "(x, y)", "x to the power of y."},
	{"math.rad", "(x)", "Radians from degrees."},
	{"math.sin", "(x)", "The sine of an angle in radians."},
	{"math.sinh", "(x)", "The hyperbolic sine."},
	{"math.tan", "(x)", "The tangent of an angle in radians."},
	{"math.tanh", "(x)", "The hyperbolic tangent."},
	{"table.foreach", "(t, f)", "Calls f(k, v) for each, until it returns something."},
	{"table.foreachi", "(t, f)", "Calls f(i, v) for each of a list, until it returns something."},
	{"table.getn", "(t)", "The length of a list."},
	{"table.pack", "(...)", "A list of its arguments, with their number as n."},
	{"table.unpack", "(t [, i [, j]])", "The elements of a list."},
	{"debug.traceback", "([message [, level]])", "The functions that are being called, as text."},
}
