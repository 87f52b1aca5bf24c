// hwlua conform: recorded runs of a real kernel, replayed on the model.

package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

const conformText = `Replays recordings of a real kernel (.jsonl, .jsonl.gz) on the model and compares every step: results, hits, registers
and what is left behind. Prints cases, steps, agreeing, diverging and marked ones (a marked step depends on a choice
of the machine that was recorded), and the first divergences. Exit code 1 when an unmarked step diverges.
`

func conformMain(ctx context.Context, env Env, args []string) int {
	asJSON, most, filter, kernel := false, 20, "", ""
	opts := []option{
		{long: "json", help: "the report as one JSON object", set: setTrue(&asJSON)},
		{long: "max-divergences", arg: "N", help: "how many are described (default 20); all are counted", set: setInt(&most, 0)},
		{long: "filter", arg: "REGEXP", help: "only the cases whose id it matches", set: setString(&filter)},
		{long: "kernel", arg: "PROFILE", help: "replay on this profile (default: the version in the recording's first line)", set: setString(&kernel)},
	}
	files, err := parse(args, opts, true)
	if errors.Is(err, errHelp) {
		return commandHelp(env, "conform [OPTION...] FILE...", conformText, opts)
	}
	var re *regexp.Regexp
	if err == nil && filter != "" {
		if re, err = regexp.Compile(filter); err != nil {
			err = usagef("--filter: %v", err)
		}
	}
	if err == nil && len(files) == 0 {
		err = usagef("no FILE: which recordings?")
	}
	if err == nil && kernel != "" {
		if _, e := kernelName(kernel); e != nil {
			err = usagef("--kernel: %v", e)
		}
	}
	if err != nil {
		return usage(env, "conform", err)
	}
	cfg := conform.Config{
		Filter: re, MaxDivergences: most,
		Open: func(meta conform.Meta) (hwdebug.Target, error) {
			k := kernel
			if k == "" {
				k = meta.Kernel()
			}
			m, err := sim.New(sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, k))
			if err != nil {
				return nil, err
			}
			return m.Target(), nil
		},
	}
	_, tty := terminal(env.Stderr)
	if tty = tty && env.Getenv("TERM") != "dumb" && !inCI(env); tty {
		last := time.Now().Add(900 * time.Millisecond) // the first line comes after a second
		cfg.Progress = func(p conform.Progress) {
			if now := time.Now(); now.Sub(last) > 100*time.Millisecond {
				last = now
				fmt.Fprintf(env.Stderr, "\r\x1b[Kfile %d of %d, %d cases", p.Files, p.Of, p.Cases)
			}
		}
	}
	rep, err := conform.Run(ctx, cfg, files...)
	if tty {
		fmt.Fprint(env.Stderr, "\r\x1b[K")
	}
	if ctx.Err() != nil {
		fmt.Fprintln(env.Stderr, "hwlua conform: interrupted")
		return exitInterrupted
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "hwlua conform: %v\n", err)
		return exitUsage
	}
	if asJSON {
		err = rep.JSON(env.Stdout)
	} else {
		err = rep.Text(env.Stdout)
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "hwlua conform: %v\n", err)
		return exitUsage
	}
	if !rep.OK() {
		return exitFailed
	}
	return exitOK
}
