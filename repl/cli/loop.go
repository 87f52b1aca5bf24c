// The prompt: package repl, with a machine and the modules of hwlua in its runtimes.

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// banner returns the first line of a session, which names the globals.
func banner(o *scriptOptions) string {
	has := "m is a machine"
	if o.machine.board != nil {
		has = "board is the board, m a machine of the model like it"
	}
	return "hwlua " + version() + "; " + has + ". For help :help, to leave Ctrl-D."
}

// runLoop runs the prompt. Every runtime of the session, the first one and those of :undo and :reset,
// runs the -e and -l options and the script before it takes input.
func runLoop(
	ctx context.Context, env Env, o *scriptOptions, cfg vm.Config, src *source, m *machines,
) int {
	var start []repl.Source
	if !o.noRC {
		start = readRC(env)
	}
	for _, st := range o.steps {
		start = append(start, repl.Source{Name: stepChunk, Text: st.chunk()})
	}
	if src != nil {
		start = append(start, repl.Source{Name: src.name, Text: src.text, Lenient: true})
	}
	return runPrompt(ctx, env, m, repl.Config{
		Banner:  banner(o),
		Runtime: cfg,
		Start:   start,
		Head:    o.machine.recordHead(),
		Color:   repl.Color(o.color),
	})
}

// readRC returns the user's file for the prompt, $XDG_CONFIG_HOME/hwlua/rc.lua or ~/.config/hwlua/rc.lua, if
// there is one. It runs first in each runtime, so :reset runs it too. An error in it is only shown.
func readRC(env Env) []repl.Source {
	dir := env.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // unset, or relative, which the specification says to ignore
		home := cmp.Or(env.Getenv("HOME"), env.Getenv("USERPROFILE"))
		if home == "" {
			return nil
		}
		dir = filepath.Join(home, ".config")
	}
	file := filepath.Join(dir, "hwlua", "rc.lua")
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		fmt.Fprintf(env.Stderr, "hwlua: %v\n", err)
		return nil
	}
	return []repl.Source{{Name: file, Text: string(text), Lenient: true}}
}

// forPrompt prepares the machines for a prompt. It has to come before modules.
func (m *machines) forPrompt() { m.breaks, m.activity = new(bindings.Breaks), new(bindings.Activity) }

// A breaker lets the prompt stop the machines of a session.
type breaker struct{ *bindings.Breaks }

func (breaker) Names() []describe.Word { return bindings.BreakNames() }

func (breaker) Place(text string) (string, error) {
	b, err := bindings.ParseBreak(text)
	return b.String(), err
}

func (b breaker) Arm(places []string, stop func(repl.Stop)) error {
	var list []bindings.Break
	for _, p := range places {
		k, err := bindings.ParseBreak(p)
		if err != nil {
			return err
		}
		list = append(list, k)
	}
	return b.Set(list, func(h bindings.Halt) {
		stop(repl.Stop{
			Context: h.Context, Place: h.Break, Name: h.Fn, At: h.At, Chain: h.Chain, Stack: h.Stack,
		})
	})
}

// runPrompt runs the prompt that cfg describes on the streams of the environment, with machines that were
// prepared for it.
func runPrompt(ctx context.Context, env Env, m *machines, cfg repl.Config) int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	// An interrupt stops the running code. Only these signals end the session, which then restores the
	// terminal.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	cfg.Breaks, cfg.Activity = breaker{m.breaks}, m.activity.Counts
	cfg.Name, cfg.Index, cfg.Files = "hwlua", bindings.Index(), repl.HostFiles()
	cfg.In, cfg.Out, cfg.Err, cfg.Getenv = env.Stdin, env.Stdout, env.Stderr, env.Getenv
	cfg.History, cfg.Interrupts = repl.DefaultHistory("hwlua", env.Getenv), interrupts
	err := repl.Run(ctx, cfg)
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
