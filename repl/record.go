// :record: a session becomes a scenario. What was typed is its code, what was shown its assertions.

package repl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// recordLimit is how much printed text is kept of one input to be asserted.
const recordLimit = 64 << 10

// A recording is a file that is written when it is stopped, and from where on there are assertions.
type recording struct {
	file string
	from int // inputs before it are code only
}

func (s *session) startRecording(file string) error {
	if s.rec != nil {
		return fmt.Errorf("%s is being recorded; :stop ends that", s.rec.file)
	}
	if file == "" {
		return errors.New("which file? For example :record story.lua")
	}
	s.rec = &recording{file: file, from: len(s.inputs)}
	if err := s.writeRecording(); err != nil { // now, rather than when all is typed
		s.rec = nil
		return err
	}
	fmt.Fprintln(s.out, s.colors.note("recording to "+file+"; :stop ends it"))
	return nil
}

// stopRecording writes the file, runs it in a fresh runtime, and says what came of it.
func (s *session) stopRecording() error {
	if s.rec == nil {
		return errors.New("nothing is being recorded; :record FILE begins")
	}
	rec := s.rec
	err := s.writeRecording()
	s.rec = nil
	if err != nil {
		return err
	}
	n := len(s.inputs) - min(rec.from, len(s.inputs))
	s.freshLine()
	if err := s.verify(rec); err != nil {
		fmt.Fprintf(s.out, "%s to %s, which does not pass: %s\n", phrase.Plural(n, "input"), rec.file, printable(err.Error()))
		return nil
	}
	fmt.Fprintf(s.out, "%s recorded to %s, which passes\n", phrase.Plural(n, "input"), rec.file)
	return nil
}

func (s *session) writeRecording() error {
	return s.cfg.Files.Write(s.rec.file, []byte(s.scenario(s.rec)))
}

// verify runs the scenario where nothing else has run.
func (s *session) verify(rec *recording) error {
	p, err := vm.Compile(rec.file, s.scenario(rec))
	if err != nil {
		return err
	}
	cfg := s.cfg.Runtime
	cfg.Stdout, cfg.Stderr, cfg.Stdin = nil, nil, nil
	rt, err := vm.New(cfg)
	if err != nil {
		return err
	}
	defer rt.Close()
	_, err = s.during(context.Background(), func(ctx context.Context) error {
		_, err := rt.Run(ctx, p)
		return err
	})
	return err
}

// note keeps what the results of an input were, as assertions about r1, r2, ...
func (s *session) note(ctx context.Context, in *input, results []vm.Value) {
	if len(results) > 20 {
		return
	}
	for i, v := range results {
		local := "r" + strconv.Itoa(i+1)
		if out, err := s.invoke(ctx, "literal", v); err == nil && len(out) == 1 {
			if text, ok := out[0].Go().(string); ok {
				if n, isInt := integer(v.Go()); isInt && (n >= 1<<16 || s.registersIn(in.text, len(results)) != nil) {
					text = fmt.Sprintf("%#x", n)
				}
				verb := "equals"
				if v.Type() == "table" {
					verb = "same"
				}
				in.checks = append(in.checks, fmt.Sprintf("assert.%s(%s, %s)", verb, text, local))
				continue
			}
		}
		out, err := s.invoke(ctx, "facts", v)
		if err != nil || len(out) != 1 {
			continue
		}
		facts, _ := out[0].Go().(string)
		for line := range strings.SplitSeq(facts, "\n") {
			if path, value, ok := strings.Cut(line, "\t"); ok {
				in.checks = append(in.checks, fmt.Sprintf("assert.equals(%s, %s%s)", value, local, path))
			}
		}
		if facts == "" {
			in.checks = append(in.checks, fmt.Sprintf("assert.equals(%q, type(%s))", v.Type(), local))
		}
	}
}

// scenario is the recorded session as a scenario file.
func (s *session) scenario(rec *recording) string {
	var body bytes.Buffer
	var usesPrint, usesRepl, stale bool // stale: something was printed that no assertion has taken
	for i := range s.inputs {
		in := &s.inputs[i]
		checked := i >= rec.from
		if i == rec.from && i > 0 {
			body.WriteString("\n-- from here on with what was shown\n")
			stale = true // nobody has kept whether
		}
		body.WriteByte('\n')
		var own bytes.Buffer
		takes := writeInput(&own, in, checked)
		if takes && stale {
			body.WriteString("printed() -- by what came before\n")
		}
		body.Write(own.Bytes())
		stale = !takes && (stale || in.printed != "" && in.steps == 0)
		usesPrint = usesPrint || takes
		usesRepl = usesRepl || strings.Contains(in.text, "repl.") || in.kind == luaCommand && in.code == ""
	}
	var b bytes.Buffer
	b.WriteString("-- A session at the prompt, recorded: what was typed, and what was shown as assertions.\n")
	if s.cfg.Head != "" {
		b.WriteString("\n" + strings.TrimRight(s.cfg.Head, "\n") + "\n")
	}
	for _, src := range s.cfg.Start {
		b.WriteString("\n" + strings.TrimRight(src.Text, "\n") + "\n")
	}
	if usesPrint {
		b.WriteString(`
local out = {}
function print(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  out[#out + 1] = table.concat(parts, "\t") .. "\n"
end
function io.write(...) out[#out + 1] = table.concat({ ... }) return true end
local function printed() local text = table.concat(out) out = {} return text end
`)
	}
	if usesRepl {
		b.WriteString(`
local commands = {}
repl = { command = function(name, doc, fn) commands[name] = fn or doc end }
`)
	}
	b.Write(body.Bytes())
	return b.String()
}

// writeInput writes one input; it says whether it takes what was printed.
func writeInput(b *bytes.Buffer, in *input, checked bool) (usesPrint bool) {
	if in.steps > 0 {
		for line := range strings.SplitSeq(in.text, "\n") {
			b.WriteString("-- interrupted: " + line + "\n")
		}
		return false
	}
	code := strings.TrimRight(in.text, " \t\r\n")
	switch {
	case in.kind == luaCommand && in.code != "":
		code = in.code
		if said, ok := saidByCommand(in); ok && checked {
			code = said
		}
	case in.kind == luaCommand:
		code = fmt.Sprintf("commands[%q](%q)", in.name, in.rest)
	case in.kind == loadedFile:
		b.WriteString("-- " + in.name + "\n")
	}
	printed := checked && in.printed != "" && !in.lossy && utf8.ValidString(in.printed) && in.kind != luaCommand
	switch {
	case in.err != nil:
		if _, err := vm.Compile(in.name, code); err != nil { // an expression that is no call
			code = "local _ = " + code
		}
		fmt.Fprintf(b, "do\n  local ok, err = pcall(function()\n%s\n  end)\n", indent(code, "    "))
		switch message := messageOf(in.err); {
		case !checked:
		case strings.HasPrefix(message, "(error object is a "): // it was no text
			b.WriteString("  assert.is_false(ok)\n")
		default:
			fmt.Fprintf(b, "  assert.is_false(ok)\n  assert.equals(%s, (tostring(err):gsub(\"^[^\\n]-:%%d+: \", \"\")))\n", luaQuote(message))
		}
		b.WriteString("end\n")
	case (in.expr || in.gave) && in.refused != "":
		if !in.expr {
			code = "select(2, " + guarded(code) + ")"
		}
		if checked {
			fmt.Fprintf(b, "assert.errno(%q, %s\n)\n_ = nil\n", in.refused, code)
		} else {
			fmt.Fprintf(b, "_ = %s\n", code)
		}
	case in.expr || in.gave:
		n := max(1, locals(in.checks))
		names := make([]string, n)
		for i := range names {
			names[i] = "r" + strconv.Itoa(i+1)
		}
		if !in.expr {
			names = append([]string{"ok"}, names...)
			code = guarded(code)
		}
		fmt.Fprintf(b, "do\n  local %s = %s\n", strings.Join(names, ", "), code)
		if len(in.checks) > 0 || !checked {
			b.WriteString("  _ = r1\n")
		}
		if checked {
			for _, c := range in.checks {
				b.WriteString("  " + c + "\n")
			}
		}
		b.WriteString("end\n")
	case returns(code):
		b.WriteString(guarded(code) + "\n")
	default:
		fmt.Fprintf(b, "do\n%s\nend\n", indent(code, "  "))
	}
	if printed {
		fmt.Fprintf(b, "assert.equals(%s, printed())\n", luaQuote(in.printed))
	}
	return printed
}

// guarded is code that may return, as an expression: true and what it returns.
func guarded(code string) string {
	return "assert(pcall(function()\n" + code + "\nend))"
}

// saidByCommand is the code of a command that acts, with what it showed as assertions: the steps of :run, the actions of :step.
func saidByCommand(in *input) (code string, ok bool) {
	if in.err != nil || in.lossy || in.printed == "" {
		return "", false
	}
	lines := strings.Split(strings.TrimRight(in.printed, "\n"), "\n")
	switch in.name {
	case "run": // its line comes after what ran has printed
		n, _, ok := strings.Cut(lines[len(lines)-1], " step")
		if _, err := strconv.Atoi(n); !ok || err != nil {
			return "", false
		}
		return "assert.equals(" + n + ", m:run())", true
	case "step":
		var checks []string
		for _, line := range lines {
			if line == "nothing is left to do" {
				checks = append(checks, "assert.is_nil(m:step())")
			} else if isAction(line) {
				checks = append(checks, "assert.equals("+luaQuote(line)+", m:step())")
			}
		}
		if n, err := strconv.Atoi(in.rest); in.rest != "" && (err != nil || n != len(checks)) || in.rest == "" && len(checks) != 1 {
			return "", false // it stopped early, or a script prints like a machine
		}
		return strings.Join(checks, "\n"), true
	}
	return "", false
}

// isAction reports whether a line is as m:step describes what it did, and not what a script printed meanwhile.
func isAction(line string) bool {
	cpu, what, ok := strings.Cut(strings.TrimPrefix(line, "cpu"), " ")
	_, err := strconv.Atoi(cpu)
	return ok && err == nil && (strings.HasPrefix(what, "runs ") || strings.HasPrefix(what, "timer: "))
}

// locals is how many results the checks are about.
func locals(checks []string) int {
	n := 0
	for _, c := range checks {
		for i := 20; i > n; i-- {
			if r := "r" + strconv.Itoa(i); strings.Contains(c, " "+r+")") || strings.Contains(c, " "+r+".") || strings.Contains(c, " "+r+"[") || strings.Contains(c, "("+r+")") {
				n = i
			}
		}
	}
	return n
}

// returns says whether code may return, which the rest of the file must outlive.
func returns(code string) bool {
	for _, t := range scan(code) {
		if t.is("return") {
			return true
		}
	}
	return false
}

// messageOf is an error's message without the position before it.
func messageOf(err error) string {
	text := err.Error()
	var e *vm.Error
	if errors.As(err, &e) {
		text = strings.TrimPrefix(e.Message, fmt.Sprintf("%s:%d: ", e.Script, e.Line))
	}
	return text
}

// indent moves code to the right unless it holds a string that goes over several lines.
func indent(code, by string) string {
	for _, t := range scan(code) {
		if t.kind == tokString && strings.Contains(t.text, "\n") {
			return code
		}
	}
	return by + strings.ReplaceAll(code, "\n", "\n"+by)
}

// luaQuote is text as a Lua string.
func luaQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
