// Help: the description of the modules, and one line on each function of Lua's own library.

package repl

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// hostModule returns the functions of this package that lua/*.lua calls.
func (s *session) hostModule() vm.Module {
	return vm.Module{Name: "repl.host", Funcs: map[string]any{
		"classes":   s.eachClass,
		"typers":    s.typers,
		"hexnames":  func() []string { return describe.HexNames(s.index.Modules()...) },
		"functions": s.functions,
		"isname":    vm.IsName,
		"reserved":  func(name string) bool { return s.builtin(name) != nil },
		"help":      s.help,
		"apropos":   s.apropos,
		"room":      s.room,
		"columns":   phrase.Width,
		"wrap":      phrase.Wrap,
		"decode": func(register string, v uint64) string {
			if r := s.register(register); r != nil {
				return decode(r, v)
			}
			return ""
		},
	}}
}

// eachClass calls class for each described class: with its name, whether it has a label, whether it is
// indexed, whether # is its length, and whether its elements are shown in hexadecimal. Then it calls
// field for each field of the class, in order. hex asks for hexadecimal numbers.
func (s *session) eachClass(
	class func(name string, label, indexed, counted, hex bool) error,
	field func(class, name string, hex bool) error,
) error {
	for _, e := range s.index.Entries() {
		if e.Kind != describe.IsClass {
			continue
		}
		c := e.Class
		label := slices.ContainsFunc(c.Fields, func(f describe.Field) bool { return f.Name == "label" })
		indexed := c.Index != nil
		hex := indexed && c.Index.Value.Hex
		if err := class(e.Name, label, indexed, indexed && c.Len != "", hex); err != nil {
			return err
		}
		for _, f := range c.Fields {
			if err := field(e.Name, f.Name, f.Type.Hex); err != nil {
				return err
			}
		}
	}
	return nil
}

// typers returns the described modules that have a function type.
func (s *session) typers() []string {
	names := []string{} // for Lua not nil
	for _, m := range s.index.Modules() {
		if m.Name != "" && s.index.Member(m.Name, "type") != nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// functions returns the paths of the described functions, and of those of Lua's library.
func (s *session) functions() []string {
	var paths []string
	for _, e := range s.index.Entries() {
		if e.Kind == describe.IsFunc {
			paths = append(paths, e.Path)
		}
	}
	for _, f := range library {
		paths = append(paths, f.name)
	}
	return paths
}

// helpEntry answers the entries "help", "help name" and help(name), and those of apropos, if the
// description has the name. It reports whether it did; otherwise the entry is Lua code, which calls the
// global function with a value.
func (s *session) helpEntry(text string) bool {
	toks := scan(text)
	if len(toks) == 0 || toks[0].Kind != vm.TokenName {
		return false
	}
	command := toks[0].Text
	answer := map[string]func(string) string{"help": s.help, "apropos": s.apropos}[command]
	if v, ok := s.rt.Look(command); answer == nil || !ok || v.Type() != "function" {
		return false // or redefined by the user
	}
	args := toks[1:]
	called := len(args) >= 2 && args[0].Is("(") && closing(args, 0) == len(args)-1
	if called {
		args = args[1 : len(args)-1]
	}
	switch {
	case len(args) == 0:
		s.say(answer(""))
	case len(args) == 1 && args[0].Kind == vm.TokenString && !args[0].Open:
		s.say(answer(args[0].Content()))
	default:
		return command == "help" && s.helpOnChain(text, args, called)
	}
	return true
}

// asked returns what ?x or x? asks about. Neither is Lua.
func asked(text string) (name string, ok bool) {
	text = strings.TrimSpace(text)
	name = strings.TrimSpace(strings.TrimRight(strings.TrimLeft(text, "?"), "?"))
	if name == text || strings.Contains(name, "\n") {
		return "", false
	}
	toks := scan(text) // a question mark may end a comment or a string
	last := len(toks) - 1
	return name, last < 0 || toks[last].Kind != vm.TokenComment && !toks[last].Open
}

// question answers ?x and x?: what a value or a name is, with its fields and methods.
func (s *session) question(text string) bool {
	name, ok := asked(text)
	if !ok {
		return false
	}
	toks := scan(name)
	steps, start := chainBefore(toks, len(toks))
	t := thing{}
	if steps != nil && start == 0 {
		s.completer.scope = nil
		t = s.completer.resolve(steps)
	}
	var b strings.Builder
	library := t.known && t.value.Type() == "function" && t.value.Signature() == "" && libraryHelp(name) != ""
	if t.known && !library {
		b.WriteString(s.describeValue(name, t.value))
	}
	switch {
	case library:
		b.WriteString(libraryHelp(name))
	case t.entry != nil:
		b.WriteString(s.helpFor(t.entry))
	case t.typ.Kind == describe.KindClass, t.typ.Kind == describe.KindRecord:
		for _, e := range s.index.Lookup(t.typ.Name) {
			if e.Kind == describe.IsClass || e.Kind == describe.IsRecord {
				b.WriteString(s.helpFor(e))
			}
		}
	case b.Len() == 0:
		b.WriteString(s.help(strings.Trim(name, "\"'")))
	}
	s.say(b.String())
	return true
}

// describeValue returns what a value is: its type, and what is known of it without running anything.
func (s *session) describeValue(name string, v vm.Value) string {
	k := s.completer.valueCandidate(lastPart(name), v)
	if v.Class() != "" {
		k.doc = ""
	}
	head := strings.TrimRight(fmt.Sprintf("%s: %s  %s", name, k.typ, k.doc), " ")
	if v.Type() != "table" {
		return phrase.Wrap(head, s.helpWidth(), "  ") + "\n"
	}
	fields := s.completer.members(thing{value: v, known: true}, false)
	var b strings.Builder
	b.WriteString(head + "\n")
	for _, line := range menu(fields, s.colors) {
		b.WriteString("  " + phrase.Truncate(line, max(s.helpWidth()-2, 10)) + "\n")
	}
	return b.String()
}

// helpOnChain answers help(m.cpu[0].write_wb_reg), and help write_wb_reg without quotes.
func (s *session) helpOnChain(text string, args []vm.Token, called bool) bool {
	steps, start := chainBefore(args, len(args))
	isCall := func(st step) bool { return st.kind == '(' }
	if steps == nil || start != 0 || slices.ContainsFunc(steps, isCall) {
		return false
	}
	t := s.completer.resolve(steps)
	switch {
	case t.entry != nil:
		s.say(s.helpFor(t.entry))
	case t.typ.Kind == describe.KindClass:
		s.say(s.help(t.typ.Name))
	case called:
		return false
	default:
		s.say(s.help(text[args[0].Pos:]))
	}
	return true
}

func (s *session) say(text string) { s.page(text) }

func (s *session) helpFor(e *describe.Entry) string { return s.index.Help(e, s.helpWidth()) }

// helpWidth returns the width of help texts, which is limited for legibility.
func (s *session) helpWidth() int { return min(s.width(), 100) }

// help returns the help on a name, or the overview.
func (s *session) help(name string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return s.overview()
	}
	if rest, ok := strings.CutPrefix(name, ":"); ok {
		return s.commandHelp(rest)
	}
	if entries := s.index.Lookup(name); len(entries) > 0 {
		return s.helpOnEntries(entries)
	}
	if text := libraryHelp(name); text != "" {
		return text
	}
	if slices.Contains(vm.Keywords(), name) {
		return name + " is a keyword of Lua\n"
	}
	if s.builtin(name) != nil {
		return s.commandHelp(name)
	}
	near := ""
	if n, ok := s.index.Near(name); ok {
		near = fmt.Sprintf("; did you mean %q?", n)
	}
	return fmt.Sprintf("no help on %q%s\nto search the texts: apropos %q\n", name, near, lastPart(name))
}

// helpOnEntries returns the help on the entries of a name: all of up to three classes, registers and
// functions, and the paths of the others.
func (s *session) helpOnEntries(entries []*describe.Entry) string {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b *describe.Entry) int { return rank(a) - rank(b) })
	var b strings.Builder
	for i, e := range entries {
		if i == 3 || rank(e) > rank(entries[0]) {
			also := "also:"
			for _, e := range entries[i:] {
				also += " " + e.Path
			}
			b.WriteString("\n" + phrase.Wrap(also, s.helpWidth(), "") + "\n")
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.helpFor(e))
	}
	return b.String()
}

// rank orders the entries of one name: first those with texts of their own.
func rank(e *describe.Entry) int {
	switch e.Kind {
	case describe.IsModule, describe.IsFunc, describe.IsMethod, describe.IsRegister, describe.IsClass:
		return 0
	case describe.IsOption, describe.IsBits:
		return 2
	}
	return 1
}

func lastPart(name string) string {
	return name[strings.LastIndexAny(name, ".:")+1:]
}

// overview returns the text of "help": how to use the prompt, and what there is help on.
func (s *session) overview() string {
	width := s.helpWidth()
	var b strings.Builder
	b.WriteString(phrase.Wrap("An expression shows its value, which _ keeps, and _1 the one before it. "+
		"An incomplete entry continues in the next line. Tab completes, Ctrl-R searches the history, "+
		"Ctrl-C interrupts, Ctrl-D at an empty prompt or :quit leaves.", width, "") + "\n\n")
	for _, l := range [][2]string{
		{`help "name"`, "on a function, method, field, option, class, register or errno"},
		{"help(value)", "on the type of a value"},
		{"?x, x?", "what a value or a name is, with its fields and methods"},
		{`apropos "word"`, "lists the entries whose name or text contains the word"},
	} {
		b.WriteString(hanging(l[0], l[1], width))
	}
	b.WriteByte('\n')
	for _, m := range s.index.Modules() {
		if m.Name != "" {
			line := fmt.Sprintf("%-17s %s", m.Name, describe.Summary(m.Doc))
			b.WriteString(phrase.Truncate(line, width) + "\n")
		}
	}
	names := map[describe.EntryKind]string{}
	for _, e := range s.index.Entries() {
		name := e.Name
		if e.Kind == describe.IsTopic {
			name = `"` + name + `"`
		}
		names[e.Kind] += " " + name
	}
	for _, l := range []struct {
		title string
		kind  describe.EntryKind
	}{{"classes", describe.IsClass}, {"registers", describe.IsRegister}, {"topics", describe.IsTopic}} {
		if names[l.kind] != "" {
			b.WriteString(hanging(l.title, names[l.kind], width))
		}
	}
	return b.String() + "\n" + s.commandList()
}

// hanging returns a word with a text to its right, which continues below itself.
func hanging(word, text string, width int) string {
	const left = 18
	return phrase.Pad(word, left-1) + " " + phrase.Wrap(text, width-left, strings.Repeat(" ", left)) + "\n"
}

// apropos lists the entries whose name or text contains a word.
func (s *session) apropos(word string) string {
	var b strings.Builder
	add := func(name, doc string) {
		b.WriteString(phrase.Truncate(fmt.Sprintf("%-32s %s", name, doc), s.helpWidth()) + "\n")
	}
	for _, e := range s.index.Search(word) {
		add(e.Path, e.Summary())
	}
	low := strings.ToLower(strings.TrimSpace(word))
	for _, f := range library {
		if low != "" && strings.Contains(strings.ToLower(f.name+" "+f.doc), low) {
			add(f.name, f.doc)
		}
	}
	if b.Len() == 0 {
		return fmt.Sprintf("no entry contains %q\n", word)
	}
	return b.String()
}

// A libraryFunc is a function or value of Lua's library.
type libraryFunc struct{ name, args, doc string }

//go:embed library.txt
var libraryText string

// library describes Lua's library, one line of library.txt for each function.
var library = func() []libraryFunc {
	var all []libraryFunc
	for line := range strings.Lines(libraryText) {
		head, doc, _ := strings.Cut(strings.TrimSpace(line), "\t")
		name, _, _ := strings.Cut(head, "(")
		all = append(all, libraryFunc{name, head[len(name):], doc})
	}
	return all
}()

// libraryHelp returns the help on a function or table of Lua's library, or "".
func libraryHelp(name string) string {
	var b strings.Builder
	for _, f := range library {
		if f.name == name {
			return f.name + f.args + "\n  " + f.doc + "\n"
		}
		if strings.HasPrefix(f.name, name+".") {
			fmt.Fprintf(&b, "  %-32s  %s\n", f.name+f.args, f.doc)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "library " + name + "\n" + b.String()
}
