// The prompt: package repl, with a machine and the modules of hwlua in its runtimes.

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

// runLoop runs the prompt. Every runtime of the session, the first one and those of :undo and :reset,
// runs the -e and -l options and the script before it takes input.
func runLoop(ctx context.Context, env Env, o *scriptOptions, cfg vm.Config, src *source) int {
	var start []repl.Source
	for _, st := range o.steps {
		start = append(start, repl.Source{Name: stepChunk, Text: st.chunk()})
	}
	if src != nil {
		start = append(start, repl.Source{Name: src.name, Text: src.text, Lenient: true})
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	// An interrupt stops the running code. Only these signals end the session, which then restores the
	// terminal.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := repl.Run(ctx, repl.Config{
		Name:       "hwlua",
		Banner:     "hwlua " + version() + "; m is a machine. For help :help, to leave Ctrl-D.",
		In:         env.Stdin,
		Out:        env.Stdout,
		Err:        env.Stderr,
		Runtime:    cfg,
		Index:      bindings.Index(),
		Start:      start,
		Head:       o.machine.recordHead(),
		History:    repl.DefaultHistory("hwlua", env.Getenv),
		Color:      repl.Color(o.color),
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
