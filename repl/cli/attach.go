// hwlua attach and hwlua who: a machine that runs, looked at.

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/gdb"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
	"github.com/hwlua/hwlua/hwdebug/board/live"
	"github.com/hwlua/hwlua/vm/phrase"
)

const attachText = `Reads the debug registers of every CPU through a gdb stub, such as that of QEMU (-s),
prints them decoded, and detaches. The machine is halted while it is read, and only
read. ADDR is HOST:PORT, :PORT or unix:PATH (default localhost:1234).

With --btf each slot names its event: what it watches, for which task, who opened it.
FILE is the board's /sys/kernel/btf/vmlinux, or its kernel Image or vmlinux.

Under KVM the guest's registers are not in effect while the host debugs it: use QEMU
without KVM, or hwlua who in the guest.

Exit codes: 0 no finding, 1 findings, 2 unreachable or nothing readable.
`

const whoText = `Prints who holds the breakpoint and watchpoint slots of the machine that hwlua runs on
(arm64 Linux, root), from /proc/kcore and /sys/kernel/btf/vmlinux. Nothing is halted.
The registers themselves are not read: only a debugger from outside can.

Exit codes: 0 no finding, 1 findings, 2 nothing readable.
`

// attachOptions are the options of hwlua attach.
type attachOptions struct {
	btf, symbols string
	watch        time.Duration
	save         string
	compare      string
	json         bool
	interactive  bool
}

func attachCommand() ([]option, runner) {
	o := &attachOptions{}
	return []option{
		value("btf", "FILE", setString(&o.btf),
			"name the event in each slot: /sys/kernel/btf/vmlinux of the board, or its Image"),
		value("symbols", "FILE", setString(&o.symbols),
			"name the handlers: System.map or /proc/kallsyms of the board"),
		value("watch", "DUR", o.setWatch, "look again every DUR (500ms) and print what has changed"),
		value("compare", "FILE", setString(&o.compare),
			"show the first register that differs from the model after a script or a scenario,",
			"or from the end of a trace"),
		value("save", "FILE", setString(&o.save), "write the picture to FILE, for hw.board and run --board"),
		toggle("json", &o.json, "print the findings alone, one JSON object a line"),
		{short: "i", help: "open the prompt, with the picture as board", set: setTrue(&o.interactive)},
	}, o.run
}

func (o *attachOptions) setWatch(s string) (err error) {
	o.watch, err = time.ParseDuration(s)
	if err != nil || o.watch <= 0 {
		return fmt.Errorf("invalid duration '%s' (want 5s, 500ms)", s)
	}
	return nil
}

// run looks at the machine at the address in args.
func (o *attachOptions) run(ctx context.Context, env Env, args []string) (int, error) {
	s, err := o.stub(ctx, args)
	if err != nil {
		return 0, err
	}
	b, err := s.Look(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(env.Stderr, "hwlua attach: interrupted")
		return exitInterrupted, nil
	}
	if b == nil {
		return 0, fmt.Errorf("%s: %w", s.Address, err)
	}
	if o.save != "" {
		if err := saveBoard(o.save, b); err != nil {
			return 0, err
		}
	}
	if err := printLook(env, s.Address, b, o.json); err != nil {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.Address, err)
	}
	code := findingsCode(b)
	if o.compare != "" {
		same, err := o.compareWith(ctx, env, b)
		if err != nil {
			return 0, err
		}
		if !same {
			code = exitFailed
		}
	}
	switch {
	case o.interactive:
		return o.prompt(ctx, env, b), nil
	case o.watch > 0:
		return o.watching(ctx, env, s, b)
	}
	return code, nil
}

// compareWith compares the machine with the script or trace of the option, and reports whether they
// agree. With
// --json the difference goes to standard error.
func (o *attachOptions) compareWith(ctx context.Context, env Env, b *board.Board) (bool, error) {
	w := env.Stdout
	if o.json {
		w = env.Stderr
	}
	return compare(ctx, env, w, b, o.compare)
}

// stub returns the machine at the address in args, or the default one.
func (o *attachOptions) stub(ctx context.Context, args []string) (*live.Stub, error) {
	s := &live.Stub{Address: gdb.DefaultAddress, Context: ctx}
	if len(args) > 0 {
		s.Address = args[0]
	}
	var err error
	if o.btf != "" {
		if s.Layout, err = readLayout(o.btf); err != nil {
			return nil, err
		}
	}
	if o.symbols != "" {
		s.Symbols, err = readSymbols(o.symbols)
	}
	return s, err
}

// readLayout reads the BTF in a file.
func readLayout(file string) (*kernel.Layout, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	blob, err := kernel.FindBTF(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	l, err := kernel.ReadLayout(blob)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

func readSymbols(file string) (*kernel.Symbols, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := kernel.ReadSymbols(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// saveBoard writes a picture to a file.
func saveBoard(file string, b *board.Board) error {
	var buf bytes.Buffer
	if err := board.Save(&buf, b); err != nil {
		return err
	}
	return os.WriteFile(file, buf.Bytes(), 0o644)
}

// printLook prints a picture and its findings, or the findings alone as JSON.
func printLook(env Env, where string, b *board.Board, asJSON bool) error {
	if asJSON {
		return printFindingsJSON(env.Stdout, b.Findings)
	}
	var buf bytes.Buffer
	printHead(&buf, where, b)
	printBoard(&buf, b)
	printFindings(&buf, b.Findings)
	_, err := buf.WriteTo(env.Stdout)
	return err
}

// printHead prints what was looked at.
func printHead(w io.Writer, where string, b *board.Board) {
	release := ""
	if b.Kernel != "" {
		release = "kernel " + b.Kernel + ", "
	}
	fmt.Fprintf(w, "%s (%s): %s%s, %d breakpoint and %s\n", where, b.Source, release,
		phrase.Plural(len(b.CPUs), "CPU"), b.BRPs, phrase.Plural(b.WRPs, "watchpoint register"))
}

// findingsCode returns the exit code for the findings of a picture.
func findingsCode(b *board.Board) int {
	if len(b.Findings) > 0 {
		return exitFailed
	}
	return exitOK
}

// prompt opens the prompt with the global board.
func (o *attachOptions) prompt(ctx context.Context, env Env, b *board.Board) int {
	s := &scriptOptions{color: "auto"}
	s.machine.board = b
	s.machine.cpus, s.machine.brps, s.machine.wrps = len(b.CPUs), counts{b.BRPs}, counts{b.WRPs}
	m := newMachines(&s.machine, profileOf(b.Kernel), true)
	m.forPrompt()
	return runLoop(ctx, env, s, scriptConfig(env, s, nil, 0, m), nil, m)
}

// watching looks again and again until it is interrupted and prints what has changed since the look before.
func (o *attachOptions) watching(ctx context.Context, env Env, s *live.Stub, was *board.Board) (int, error) {
	tick := time.NewTicker(o.watch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return exitInterrupted, nil
		case <-tick.C:
		}
		is, err := s.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return exitInterrupted, nil
		case err != nil:
			return 0, fmt.Errorf("%s: %w", s.Address, err)
		}
		if changes := board.Diff(was, is); len(changes) > 0 {
			printChanges(env.Stdout, is, changes)
		}
		was = is
	}
}

// printChanges prints one line for each change, and the event for an element of a table that now has one.
func printChanges(w io.Writer, is *board.Board, changes []board.Change) {
	for _, c := range changes {
		line := fmt.Sprintf("cpu%d %s %s -> %s", c.CPU, c.Reg, valueText(c.Was), valueText(c.Is))
		for i := range is.Events {
			if ev := &is.Events[i]; ev.Ptr == c.Is.Bits && ev.Ptr != 0 {
				line += "  " + eventLine(ev)
			}
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}

// whoOptions are the options of hwlua who.
type whoOptions struct{ json bool }

func whoCommand() ([]option, runner) {
	o := &whoOptions{}
	return []option{
		toggle("json", &o.json, "print the findings alone, one JSON object a line"),
	}, o.run
}

// run looks at the machine that the program runs on.
func (o *whoOptions) run(ctx context.Context, env Env, _ []string) (int, error) {
	b, err := (&live.Kcore{}).Look()
	if b == nil {
		return 0, err
	}
	if err := errors.Join(err, printLook(env, "this machine", b, o.json)); err != nil {
		return 0, err
	}
	return findingsCode(b), nil
}
