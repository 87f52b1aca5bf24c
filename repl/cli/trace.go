// hwlua trace: the debug registers of a board, rebuilt from what its tracer printed.

package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/phrase"
)

const traceText = `Reads what the script of hwlua probes printed, or other traces of its probes: trace and
trace_pipe of tracefs, trace-cmd report, perf script and dmesg, mixed, clipped or
compressed with gzip; several files are parts of one trace, - is standard input. Prints
what was read, the findings (worst first), and the registers of every CPU at the end.
What the trace does not tell is not drawn: after a lost record, or with events from
before the trace, registers are not known. Live:

  hwlua probes | ssh root@board sh | hwlua trace --follow -

The exit code is 1 if there are findings, 2 if nothing can be read.
`

// traceOptions are the options of hwlua trace.
type traceOptions struct {
	follow, timeline, json bool
	at                     time.Duration
	hasAt                  bool
	scenario               string
	regs                   []string
	board                  rebuild.Options
}

// traceCommand returns the options of hwlua trace and its runner.
func traceCommand() ([]option, runner) {
	o := &traceOptions{}
	return []option{
		toggle("follow", &o.follow, "print findings as they come, until the input ends"),
		value("at", "SECONDS", o.setAt, "print the registers at that time of the trace"),
		toggle("timeline", &o.timeline, "print one line a change"),
		value("scenario", "FILE", setString(&o.scenario), "write a scenario that does the "+
			"same on the model"),
		toggle("json", &o.json, "print the findings alone, one JSON object a line"),
		value("cpus", "N", setRange(&o.board.CPUs, 1, hwdebug.MaxCPUs), "CPUs of the board (default: "+
			"as the trace says)"),
		value("brps", "N", setRange(&o.board.BRPs, 1, 16), "its breakpoint registers "+
			"(default: as the trace says, or 6)"),
		value("wrps", "N", setRange(&o.board.WRPs, 1, 16), "its watchpoint registers "+
			"(default: as the trace says, or 4)"),
		value("kernel", "RELEASE", o.setKernel, "its kernel (default: as the trace says)"),
		value("el", "N", setRange(&o.board.EL, 1, 2), "the exception level of its kernel, 2 "+
			"with VHE (default: as the trace says, or 1)"),
		value("regs", "FILE", addString(&o.regs),
			"compare the banks between the marks hwlua-point N and hwlua-end N with the",
			"registers in a file regs.N.txt (repeatable)"),
	}, o.run
}

func setRange(p *int, least, most int) func(string) error {
	return func(s string) (err error) {
		*p, err = parseInt(s, least, most)
		return err
	}
}

func (o *traceOptions) setAt(s string) error {
	d, err := time.ParseDuration(strings.TrimSuffix(s, "s") + "s")
	if err != nil || d < 0 {
		return fmt.Errorf("'%s' is not a time in seconds, such as 12.302705", s)
	}
	o.at, o.hasAt = d, true
	return nil
}

func (o *traceOptions) setKernel(s string) error {
	if _, _, ok := sim.Nearest(s); !ok {
		return fmt.Errorf("'%s' is not a kernel release, such as 6.1.176", s)
	}
	o.board.Kernel = s
	return nil
}

// run reads the trace and prints the report.
func (o *traceOptions) run(ctx context.Context, env Env, files []string) (int, error) {
	if len(files) == 0 {
		return 0, usagef("no FILE given (want traces, or - for standard input)")
	}
	if o.follow && (o.hasAt || o.scenario != "") {
		return 0, usagef("--follow goes with neither --at nor --scenario, which need the " +
			"whole trace")
	}
	if err := o.readRegs(); err != nil {
		return 0, err
	}
	t := &traceRun{opt: o, env: env}
	if o.timeline && !o.json {
		o.board.Change = func(c rebuild.Change) { printChange(env.Stdout, &c) }
	}
	if o.follow {
		o.board.Found = t.found
	}
	o.board.Steps = o.scenario != ""
	if err := t.read(ctx, files); err != nil {
		return 0, err
	}
	if ctx.Err() != nil && !o.follow {
		return exitInterrupted, nil
	}
	return t.report()
}

// readRegs reads the files of --regs.
func (o *traceOptions) readRegs() error {
	for _, file := range o.regs {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		h, err := rebuild.ParseHalt(file, text)
		if err != nil {
			return fmt.Errorf("--regs %s: %w", file, err)
		}
		o.board.Halts = append(o.board.Halts, h)
	}
	return nil
}

// A traceRun is one run of hwlua trace.
type traceRun struct {
	opt     *traceOptions
	env     Env
	tracker *rebuild.Tracker
	rec     *rebuild.Recording // if the trace is kept
	live    int                // findings printed while it was followed
	parts   []part
}

// A part is what was read of one file.
type part struct {
	name                  string
	lines, count, skipped int
	unread                int
	numbers               []int
	forms                 []string
	bad                   *rebuild.UnreadableError
}

// read follows all files, as the parts of one trace.
func (t *traceRun) read(ctx context.Context, files []string) error {
	if t.opt.hasAt || t.opt.scenario != "" {
		return t.keep(files)
	}
	t.tracker = rebuild.New(t.opt.board)
	var facts ftrace.Facts
	for _, file := range inOrder(files) {
		f, err := t.open(ctx, file)
		if err != nil {
			return err
		}
		in := ftrace.NewReader(f)
		in.Carry(facts)
		err = t.tracker.Feed(in)
		_ = f.Close()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		facts = in.Facts()
		t.parts = append(t.parts, partOf(file, in))
	}
	t.tracker.Finish()
	return t.readable()
}

// keep reads all files into memory, for what needs a second look.
func (t *traceRun) keep(files []string) error {
	var texts [][]byte
	for _, file := range inOrder(files) {
		f, err := t.open(context.Background(), file)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		texts = append(texts, text)
		in := ftrace.NewReader(bytes.NewReader(text))
		for range in.Records() {
		}
		t.parts = append(t.parts, partOf(file, in))
	}
	rec, err := rebuild.Read(t.opt.board, texts...)
	if err != nil {
		if bad, ok := errors.AsType[*rebuild.UnreadableError](err); ok {
			return fmt.Errorf("%s: %w", files[0], bad)
		}
		return err
	}
	t.rec, t.tracker = rec, rec.Tracker()
	return nil
}

// inOrder returns the files in the order of their first records, if every one of them has a time.
func inOrder(files []string) []string {
	if len(files) < 2 || slices.Contains(files, "-") {
		return files
	}
	first := map[string]time.Duration{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return files
		}
		in := ftrace.NewReader(f)
		for rec := range in.Records() {
			if rec.Form != 0 {
				first[file] = rec.T
				break
			}
		}
		_ = f.Close()
		if _, ok := first[file]; !ok {
			return files
		}
	}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b string) int { return int(min(max(first[a]-first[b], -1), 1)) })
	return sorted
}

// open opens a file, or standard input. With --follow a file is read on at its end.
func (t *traceRun) open(ctx context.Context, file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(t.env.Stdin), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	if t.opt.follow {
		return &growing{File: f, ctx: ctx}, nil
	}
	return f, nil
}

// A growing file is one that others write to: its end is reached only when its context ends.
type growing struct {
	*os.File
	ctx context.Context
}

// tailWait is how long a growing file waits before it looks for more.
const tailWait = 200 * time.Millisecond

func (t *growing) Read(b []byte) (int, error) {
	for {
		n, err := t.File.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		select {
		case <-t.ctx.Done():
			return 0, io.EOF
		case <-time.After(tailWait):
		}
	}
}

func partOf(name string, in *ftrace.Reader) part {
	p := part{name: name, lines: in.Lines(), count: in.Count(), skipped: in.Skipped()}
	p.unread, p.numbers = in.NotRead()
	for form, n := range in.Forms() {
		if n > 0 && form > 0 {
			p.forms = append(p.forms, ftrace.Form(form).String())
		}
	}
	p.bad = rebuild.Unreadable(in)
	return p
}

// readable returns an error if no file is a trace.
func (t *traceRun) readable() error {
	for i := range t.parts {
		if t.parts[i].bad == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", t.parts[0].name, t.parts[0].bad)
}

// found prints a finding while the trace is followed.
func (t *traceRun) found(f board.Finding) {
	t.live++
	if t.opt.json {
		_ = printFindingsJSON(t.env.Stdout, []board.Finding{f})
		return
	}
	fmt.Fprintln(t.env.Stdout, findingLine(&f))
	printHolders(t.env.Stdout, &f)
}

// report prints what was read, the findings and the registers, and returns the exit code.
func (t *traceRun) report() (int, error) {
	b := t.tracker.Board()
	if t.opt.hasAt {
		at, err := t.rec.At(t.opt.at)
		if err != nil {
			return 0, fmt.Errorf("--at: %w", err)
		}
		b = at
	}
	findings := t.tracker.Findings()
	code := exitOK
	if len(findings) > 0 {
		code = exitFailed
	}
	equal := t.equal()
	if equal < len(t.tracker.Halts()) {
		code = exitFailed
	}
	w := t.env.Stdout
	if t.opt.json {
		if t.opt.follow {
			return code, nil
		}
		return code, printFindingsJSON(w, findings)
	}
	t.printParts(w, b)
	if !t.opt.follow {
		printFindings(w, findings)
	}
	if n := t.tracker.Dropped(); n > 0 {
		fmt.Fprintf(w, "%s more are not shown\n", phrase.Plural(n, "finding"))
	}
	t.printHalts(w, equal)
	t.printChains(w)
	fmt.Fprintf(w, "registers at %s\n", board.Seconds(b.T))
	printLevel(w, b)
	printBoard(w, b)
	return code, t.writeScenario()
}

// equal returns how many halts are.
func (t *traceRun) equal() (n int) {
	for _, h := range t.tracker.Halts() {
		if h.Equal {
			n++
		}
	}
	return n
}

// printParts prints what was read.
func (t *traceRun) printParts(w io.Writer, b *board.Board) {
	for i := range t.parts {
		p := &t.parts[i]
		fmt.Fprintf(w, "%s: %s", p.name, phrase.Plural(p.count, "record"))
		if len(p.forms) > 0 {
			fmt.Fprintf(w, " of %s", strings.Join(p.forms, ", "))
		}
		fmt.Fprintf(w, " in %s", phrase.Plural(p.lines, "line"))
		if p.skipped > 0 {
			fmt.Fprintf(w, ", %s of other events", phrase.Plural(p.skipped, "record"))
		}
		fmt.Fprintln(w)
		if p.unread > 0 {
			fmt.Fprintf(w, "  %s not understood: %s\n", phrase.Plural(p.unread, "line"), numbers(p))
		}
	}
	first, last := t.tracker.Span()
	fmt.Fprintf(w, "%s to %s: ", board.Seconds(first), board.Seconds(last))
	if b.Kernel != "" {
		fmt.Fprintf(w, "kernel %s, ", b.Kernel)
	}
	fmt.Fprintf(w, "%s, %d breakpoint and %d watchpoint registers; %s, %s\n",
		phrase.Plural(len(b.CPUs), "CPU"),
		b.BRPs, b.WRPs, phrase.Plural(t.tracker.Events(), "event"),
		phrase.Plural(t.tracker.Wides(), "wide registration"))
}

// printLevel tells that the control words of kernel addresses are drawn as without VHE, if b has such words
// and nothing told the exception level of its kernel.
func printLevel(w io.Writer, b *board.Board) {
	inKernel := func(v board.Value) bool { return arm64.DecodeCtrl(uint32(v.Bits)).Privilege == arm64.EL1 }
	for i := range b.CPUs {
		c := &b.CPUs[i]
		if b.EL == 0 && (slices.ContainsFunc(c.WCR, inKernel) || slices.ContainsFunc(c.BCR, inKernel)) {
			fmt.Fprintln(w, "the kernel is taken to run at EL1; give --el 2 if it runs at EL2 (VHE), which "+
				"sets HMC")
			return
		}
	}
}

// numbers lists the first lines that were not understood.
func numbers(p *part) string {
	var list []string
	for _, n := range p.numbers {
		list = append(list, fmt.Sprint(n))
	}
	s := strings.Join(list, " ")
	if p.unread > len(p.numbers) {
		s += " ..."
	}
	return s
}

// printHalts prints the comparison with the registers that were read.
func (t *traceRun) printHalts(w io.Writer, equal int) {
	halts := t.tracker.Halts()
	if len(halts) == 0 {
		return
	}
	fmt.Fprintf(w, "halts: %d of %d equal\n", equal, len(halts))
	for i := range halts {
		h := &halts[i]
		switch {
		case h.Equal:
			continue
		case !h.Seen:
			fmt.Fprintf(w, "  halt %d: no mark hwlua-point %d in the trace\n", h.N, h.N)
			continue
		}
		fmt.Fprintf(w, "  halt %d: none of %s is equal; at %s\n", h.N, phrase.Plural(h.States, "state"),
			board.Seconds(h.T))
		for _, d := range h.Diffs {
			fmt.Fprintf(w, "    cpu%d %s reads 0x%x, the trace gives %s\n", d.CPU, d.Reg, d.Read,
				valueText(d.Want))
		}
	}
}

// printChains prints what stacks tell, which name no event.
func (t *traceRun) printChains(w io.Writer) {
	list := t.tracker.Chains()
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "stacks through the breakpoint code, without addresses:")
	for _, c := range list {
		fmt.Fprintf(w, "  cpu%d %s: %s, %s\n", c.CPU, c.Task, cmp.Or(c.What, "neither "+
			"install nor uninstall"),
			phrase.Plural(c.N, "stack"))
	}
}

// printChange prints one line of the timeline.
func printChange(w io.Writer, c *rebuild.Change) {
	words := [...]string{
		rebuild.OpOpen: "open", rebuild.OpClose: "release", rebuild.OpModify: "modify",
		rebuild.OpRefused: "refused", rebuild.OpInstall: "install", rebuild.OpUninstall: "uninstall",
		rebuild.OpReset: "hw_breakpoint_reset", rebuild.OpHit: "hit", rebuild.OpStep: "in a " +
			"step over",
		rebuild.OpStepped: "step over ends", rebuild.OpMark: "mark", rebuild.OpChain: "stack",
		rebuild.OpDoubt: "not sure since",
	}
	fmt.Fprintf(w, "%s ", board.Seconds(c.T))
	if c.CPU >= 0 {
		fmt.Fprintf(w, "cpu%d ", c.CPU)
	}
	if task := c.Task.String(); task != "" {
		fmt.Fprintf(w, "%s ", task)
	}
	fmt.Fprint(w, words[c.Op])
	if c.Text != "" {
		fmt.Fprintf(w, " %s", c.Text)
	}
	if c.Event.ID != 0 {
		if c.Event.Slot >= 0 {
			fmt.Fprintf(w, " slot %d", c.Event.Slot)
		}
		fmt.Fprintf(w, " %s", eventLine(&c.Event))
	}
	fmt.Fprintln(w)
}

// writeScenario writes the file of --scenario.
func (t *traceRun) writeScenario() error {
	if t.opt.scenario == "" {
		return nil
	}
	text, err := t.rec.Scenario()
	if err != nil {
		return err
	}
	return os.WriteFile(t.opt.scenario, []byte(text), 0o644)
}
