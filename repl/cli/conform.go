// hwlua conform: recorded runs of a real kernel, replayed on the model.

package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/linux"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

const conformText = `Replays recordings of a real kernel (.jsonl, .jsonl.gz) on the model and compares
every step: results, hits, registers and leftovers. Prints the number of cases, of
steps, and of agreeing, diverging and marked steps (a marked step depends on a
recorded choice of the real machine), and describes the first divergences. The exit
code is 1 if an unmarked step diverges. A kernel without a profile of its own is
replayed on the nearest one. Cases with operations that the model lacks, and cases
that left the recorded machine unusable, are skipped and counted. Where a recording
says which registers each step wrote, the order is compared too and counted apart; the
exit code is 1 if more than one list in 200 differs. A case that diverges is replayed
with the other orders that the kernel leaves to its scheduler, of parent and child
after a fork and within an exec (R-CTX-19, R-EVT-31); if it agrees with one, it counts
as agreeing, and as reordered.

With --on linux the running kernel does the steps, from user space: perf events,
ptrace, accesses, fork, exit, hotplug. Cases with operations of a kernel module are
skipped and counted, and steps that read registers are left out.
`

// conformOptions are the options of hwlua conform.
type conformOptions struct {
	json    bool
	most    int // divergences described
	filter  string
	profile string
	on      string
	verbose bool
}

func conformCommand() ([]option, runner) {
	o := &conformOptions{most: 20}
	return []option{
		toggle("json", &o.json, "print the report as one JSON object"),
		value("max-divergences", "N", setInt(&o.most, 0),
			"how many divergences to describe (default 20); all are counted"),
		value("filter", "REGEXP", setString(&o.filter), "only cases whose id matches"),
		value("kernel", "PROFILE", setString(&o.profile),
			"replay on this profile (default: the version in the recording's first line)"),
		value("on", "TARGET", oneOf(&o.on, "model", "linux"),
			"replay on the model (default), or on the arm64 kernel that hwlua runs on (root)"),
		{short: "v", long: "verbose", set: setTrue(&o.verbose), help: "name the cases with another order"},
	}, o.run
}

// run replays the recordings in files and prints the report.
func (o *conformOptions) run(ctx context.Context, env Env, files []string) (int, error) {
	cfg, err := o.config(env)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, usagef("no FILE given (want recordings, .jsonl or .jsonl.gz)")
	}
	if o.on == "linux" {
		host, err := linux.Start()
		if err != nil {
			return 0, err
		}
		defer host.Close()
		cfg.Open = func(meta conform.Meta) (hwdebug.Target, error) { return onHost(host, &meta) }
	}
	clear := func() {}
	if _, tty := terminal(env.Stderr); tty && env.Getenv("TERM") != "dumb" && !inCI(env) {
		cfg.Progress = progress(env.Stderr)
		clear = func() { fmt.Fprint(env.Stderr, "\r\x1b[K") }
	}
	rep, err := conform.Run(ctx, cfg, files...)
	clear()
	if ctx.Err() != nil {
		fmt.Fprintln(env.Stderr, "hwlua conform: interrupted")
		return exitInterrupted, nil
	}
	if err != nil {
		return 0, err
	}
	rep.Verbose = o.verbose
	write := rep.Text
	if o.json {
		write = rep.JSON
	}
	if err := write(env.Stdout); err != nil {
		return 0, err
	}
	if !rep.OK() {
		return exitFailed, nil
	}
	return exitOK, nil
}

// onHost returns a target of the running kernel for a recording of a machine like it.
func onHost(host *linux.Host, meta *conform.Meta) (hwdebug.Target, error) {
	t := host.Target()
	if t.CPUs() < meta.CPUs || t.BRPs() != meta.BRPs || t.WRPs() != meta.WRPs {
		return nil, fmt.Errorf("the recording is of %d CPUs, %d breakpoint and %d watchpoint registers; "+
			"this machine has %d, %d and %d; fix: use a recording of a machine like this one",
			meta.CPUs, meta.BRPs, meta.WRPs, t.CPUs(), t.BRPs(), t.WRPs())
	}
	return t, nil
}

// config turns the options into those of a replay.
func (o *conformOptions) config(env Env) (conform.Config, error) {
	cfg := conform.Config{MaxDivergences: o.most}
	if o.filter != "" {
		re, err := regexp.Compile(o.filter)
		if err != nil {
			return cfg, usagef("--filter: %v", err)
		}
		cfg.Filter = re
	}
	if o.profile != "" {
		if _, err := kernelName(o.profile); err != nil {
			return cfg, usagef("--kernel: %v", err)
		}
	}
	cfg.Open = o.opener(env)
	return cfg, nil
}

// opener returns the function that makes a machine for a case. It says once for each kernel which profile
// stands for it.
func (o *conformOptions) opener(env Env) func(conform.Meta) (hwdebug.Target, error) {
	var last conform.Meta
	var cfg sim.Config
	named := map[string]bool{}
	return func(meta conform.Meta) (hwdebug.Target, error) {
		if meta != last {
			last = meta
			cfg = sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, cmp.Or(o.profile, meta.Kernel()))
			if cfg.CPU = meta.Core(); !sim.HasPreset(cfg.CPU) {
				cfg.CPU = ""
			}
			profile, _, ok := sim.Nearest(cfg.Kernel)
			if ok {
				cfg.Kernel = profile // looked up once, not for each case
			}
			if ok && profile != meta.Kernel() && !named[meta.Kernel()] {
				named[meta.Kernel()] = true
				fmt.Fprintf(env.Stderr, "hwlua conform: kernel %s is replayed on profile %s\n",
					meta.Kernel(), profile)
			}
		}
		m, err := sim.New(cfg)
		if err != nil {
			return nil, err
		}
		return m.Target(), nil
	}
}

// progress returns a function that shows on a terminal how far a replay is, ten times a second from its
// second second.
func progress(w io.Writer) func(conform.Progress) {
	last := time.Now().Add(900 * time.Millisecond)
	return func(p conform.Progress) {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond {
			last = now
			fmt.Fprintf(w, "\r\x1b[Kfile %d of %d, %d cases", p.File, p.Of, p.Cases)
		}
	}
}
