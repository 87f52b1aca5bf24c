// :record turns a session into a scenario: what was typed becomes its code, what was shown its assertions.

package repl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

const (
	recordLimit = 64 << 10 // bytes of the output of one input that are kept to be asserted
	recordMost  = 20       // results of one input that are asserted
)

// A recording is the file that :stop writes.
type recording struct {
	file string
	from int // the first input with assertions; those before it are only code
}

func (s *session) startRecording(file string) error {
	if s.rec != nil {
		return fmt.Errorf("already recording to %s; to end that: :stop", s.rec.file)
	}
	if file == "" {
		return errors.New("no FILE given (want one such as :record story.lua)")
	}
	s.rec = &recording{file: file, from: len(s.inputs)}
	if err := s.writeRecording(); err != nil { // report it now rather than at :stop
		s.rec = nil
		return err
	}
	fmt.Fprintln(s.out, s.colors.note("recording to "+file+"; to end: :stop"))
	return nil
}

// stopRecording writes the file, runs it in a new runtime and reports whether it passes.
func (s *session) stopRecording() error {
	rec := s.rec
	if rec == nil {
		return errors.New("not recording; to begin: :record FILE")
	}
	err := s.writeRecording()
	s.rec = nil
	if err != nil {
		return err
	}
	n := phrase.Plural(len(s.inputs)-min(rec.from, len(s.inputs)), "input")
	s.freshLine()
	if err := s.verify(rec); err != nil {
		fmt.Fprintf(s.out, "%s recorded to %s, which fails: %s\n", n, rec.file, printable(err.Error()))
		return nil
	}
	fmt.Fprintf(s.out, "%s recorded to %s, which passes\n", n, rec.file)
	return nil
}

func (s *session) writeRecording() error {
	return s.cfg.Files.Write(s.rec.file, []byte(s.scenario(s.rec)))
}

// verify runs the recorded scenario in a new runtime.
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

// note keeps the results of an input as assertions about the locals r1, r2, ...
func (s *session) note(ctx context.Context, in *input, results []vm.Value) {
	if len(results) > recordMost {
		return
	}
	hex := s.registersIn(in.text, len(results)) != nil
	for i, v := range results {
		if checks := s.checksOf(ctx, v, fmt.Sprintf("r%d", i+1), hex); len(checks) > 0 {
			in.checks = append(in.checks, checks...)
			in.locals = i + 1
		}
	}
}

// checksOf returns the assertions that a local has the value v: equality if v can be written in Lua,
// otherwise what is known of its fields, otherwise its type. hex asks for hexadecimal numbers.
func (s *session) checksOf(ctx context.Context, v vm.Value, local string, hex bool) []string {
	if text, err := s.invokeText(ctx, "literal", v); err == nil {
		if n, ok := integer(v.Go()); ok && (hex || n >= 1<<16) {
			text = fmt.Sprintf("%#x", n)
		}
		verb := "equals"
		if v.Type() == "table" {
			verb = "same"
		}
		return []string{fmt.Sprintf("assert.%s(%s, %s)", verb, text, local)}
	}
	out, err := s.invoke(ctx, "facts", v)
	if err != nil || len(out) != 1 {
		return nil
	}
	var checks []string
	for fact := range rows(out[0]) {
		checks = append(checks, fmt.Sprintf("assert.equals(%s, %s%s)", fact[1], local, fact[0]))
	}
	if checks == nil {
		checks = []string{fmt.Sprintf("assert.equals(%q, type(%s))", v.Type(), local)}
	}
	return checks
}

// Functions that a recorded scenario defines if it uses them.
const (
	printedSource = `
local out = {}
function print(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  out[#out + 1] = table.concat(parts, "\t") .. "\n"
end
function io.write(...) out[#out + 1] = table.concat({ ... }) return true end
local function printed() local text = table.concat(out) out = {} return text end
`
	commandSource = `
local commands = {}
repl = { command = function(name, doc, fn) commands[name] = fn or doc end }
`
)

// scenario returns the recorded session as a scenario file.
func (s *session) scenario(rec *recording) string {
	var body bytes.Buffer
	var usesPrinted, usesCommands bool
	stale := false // output is pending that no assertion has taken
	for i := range s.inputs {
		in := &s.inputs[i]
		checked := i >= rec.from
		if i == rec.from && i > 0 {
			body.WriteString("\n-- from here on with assertions\n")
			stale = true // the inputs before may have printed
		}
		body.WriteByte('\n')
		takes := checked && in.assertsOutput()
		if takes && stale {
			body.WriteString("printed() -- discard the output so far\n")
		}
		in.write(&body, checked)
		if takes {
			fmt.Fprintf(&body, "assert.equals(%s, printed())\n", vm.Quote(in.printed))
		}
		stale = !takes && (stale || in.printed != "" && in.steps == 0)
		usesPrinted = usesPrinted || takes
		added := in.kind == luaCommand && in.code == "" // with repl.command
		usesCommands = usesCommands || added || strings.Contains(in.text, "repl.")
	}
	var b strings.Builder
	b.WriteString("-- A session at the prompt, recorded: its inputs, and its results as assertions.\n")
	for _, src := range append([]Source{{Text: s.cfg.Head}}, s.cfg.Start...) {
		if src.Text != "" {
			b.WriteString("\n" + strings.TrimRight(src.Text, "\n") + "\n")
		}
	}
	if usesPrinted {
		b.WriteString(printedSource)
	}
	if usesCommands {
		b.WriteString(commandSource)
	}
	b.Write(body.Bytes())
	return b.String()
}

// assertsOutput reports whether a recording can assert the output of an input.
func (in *input) assertsOutput() bool {
	return in.printed != "" && !in.lossy && utf8.ValidString(in.printed) &&
		in.steps == 0 && in.kind != luaCommand
}

// write writes an input as part of a scenario, with assertions about its results if checked is set.
func (in *input) write(b *bytes.Buffer, checked bool) {
	code := in.source(checked)
	if in.kind == loadedFile {
		b.WriteString("-- " + in.name + "\n")
	}
	switch {
	case in.steps > 0:
		b.WriteString("-- interrupted: " + strings.ReplaceAll(in.text, "\n", "\n-- interrupted: ") + "\n")
	case in.err != nil:
		in.writeFailure(b, code, checked)
	case !in.expr && !in.gave && slices.ContainsFunc(scan(code), returns):
		b.WriteString(guarded(code) + "\n")
	case !in.expr && !in.gave:
		fmt.Fprintf(b, "do\n%s\nend\n", indent(code, "  "))
	case in.refused != "":
		if !in.expr {
			code = "select(2, " + guarded(code) + ")"
		}
		if checked {
			fmt.Fprintf(b, "assert.errno(%q, %s\n)\n_ = nil\n", in.refused, code)
		} else {
			fmt.Fprintf(b, "_ = %s\n", code)
		}
	default:
		in.writeResults(b, code, checked)
	}
}

// source returns the code of an input. For a command that acts on the machine these are its Lua calls,
// each with its result as an assertion if checked is set.
func (in *input) source(checked bool) string {
	switch {
	case in.kind != luaCommand:
		return strings.TrimRight(in.text, " \t\r\n")
	case in.code == "":
		return fmt.Sprintf("commands[%q](%q)", in.name, in.rest)
	case checked && in.err == nil && len(in.did) > 0:
		return strings.Join(in.did, "\n")
	}
	return in.code
}

// writeFailure writes an input that raised an error. An error message is asserted without its position.
func (in *input) writeFailure(b *bytes.Buffer, code string, checked bool) {
	if _, err := vm.Compile(in.name, code); err != nil { // an expression other than a call
		code = "local _ = " + code
	}
	fmt.Fprintf(b, "do\n  local ok, err = pcall(function()\n%s\n  end)\n", indent(code, "    "))
	if checked {
		b.WriteString("  assert.is_false(ok)\n")
		if hasMessage(in.err) {
			fmt.Fprintf(b, "  assert.equals(%s, (tostring(err):gsub(\"^[^\\n]-:%%d+: \", \"\")))\n",
				vm.Quote(messageOf(in.err)))
		}
	}
	b.WriteString("end\n")
}

// hasMessage reports whether a script sees the error as a text or a number.
func hasMessage(err error) bool {
	e, ok := errors.AsType[*vm.Error](err)
	if !ok {
		return true
	}
	switch e.Value.(type) {
	case string, float64, uint64:
		return true
	}
	return false
}

// writeResults writes an input that returned values, which become the locals r1, r2, ...
func (in *input) writeResults(b *bytes.Buffer, code string, checked bool) {
	var names []string
	if !in.expr {
		names = append(names, "ok")
		code = guarded(code)
	}
	for i := range max(1, in.locals) {
		names = append(names, fmt.Sprintf("r%d", i+1))
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
}

// guarded returns code that may return as an expression: its values are true and those that the code returns.
func guarded(code string) string {
	return "assert(pcall(function()\n" + code + "\nend))"
}

func returns(t vm.Token) bool { return t.Is("return") }

// indent indents code unless it has a string of several lines.
func indent(code, by string) string {
	multiline := func(t vm.Token) bool { return t.Kind == vm.TokenString && strings.Contains(t.Text, "\n") }
	if slices.ContainsFunc(scan(code), multiline) {
		return code
	}
	return by + strings.ReplaceAll(code, "\n", "\n"+by)
}
