// The interactive loop: package repl, with our machine and modules in its runtimes.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
)

// runLoop is the prompt. What -e, -l and the script do is done in its runtime first, and again in each that a
// restart makes, so that the prompt stands where they ended.
func runLoop(ctx context.Context, env Env, o *scriptOptions, cfg vm.Config, src *source) int {
	var start []repl.Source
	for _, st := range o.steps {
		start = append(start, repl.Source{Name: st.name(), Text: st.chunk()})
	}
	if src != nil {
		start = append(start, repl.Source{Name: src.name, Text: src.text, Lenient: true})
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	// An interrupt is for the code that runs; only these end the session, and leave the terminal as it was.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := repl.Run(ctx, repl.Config{
		Name:       "hwlua",
		Banner:     "hwlua " + version() + "; m is a machine. :help shows what there is, Ctrl-D ends.",
		In:         env.Stdin,
		Out:        env.Stdout,
		Err:        env.Stderr,
		Runtime:    cfg,
		Index:      bindings.Index(),
		Start:      start,
		Head:       o.machine.recordHead(),
		History:    repl.DefaultHistory("hwlua", env.Getenv),
		Colour:     map[string]repl.Colour{"always": repl.ColourAlways, "never": repl.ColourNever}[o.color],
		Files:      repl.HostFiles(),
		Interrupts: interrupts,
		Getenv:     env.Getenv,
	})
	var exit *vm.ExitError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return exitOK
	case errors.As(err, &exit):
		return exit.Code & 0xff
	case ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintf(env.Stderr, "hwlua: %v\n", err)
	return exitFailed
}
