// The scenarios pass, behave the same in every run, and match their golden traces.

package scripts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aymanbagabas/go-udiff"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

var update = flag.Bool("update", false, "rewrite golden traces and the catalogue instead of comparing")

// whole names the scenarios whose golden traces show every modelled function with a frame; the
// others show digest.
var whole = map[string]bool{"seed_register.lua": true, "seed_unregister.lua": true}

// digest lists the functions in the other golden traces: requests, reservations and register writes.
var digest = []string{
	"__se_sys_perf_event_open", "register_wide_hw_breakpoint", "register_user_hw_breakpoint",
	"unregister_*hw_breakpoint", "modify_user_hw_breakpoint",
	"__reserve_bp_slot", "release_bp_slot", "hw_breakpoint_arch_parse",
	"hw_breakpoint_control", "hw_breakpoint_reset", "hw_breakpoint_thread_switch", "toggle_bp_registers",
	"write_wb_reg", "mdscr_write", "breakpoint_handler", "watchpoint_handler", "single_step_handler",
}

// A story records what one case did: the full trace for comparing runs, and the part that its
// golden trace shows.
type story struct{ full, shown string }

// An account is a sink that collects the stories of one run and whatever did not pass.
type account struct {
	mu      sync.Mutex
	order   []*scenario.Case
	stories map[string]story // by Case.ID
	profile string           // the only one of the run, "" for all
	failed  []string
}

func (a *account) add(c *scenario.Case, list []*sim.Machine, booted []uint64) {
	var full, shown bytes.Buffer
	for i, m := range list {
		if len(list) > 1 {
			fmt.Fprintf(&shown, "# machine %d\n", i+1)
		}
		rec := m.Recorder()
		filter, view := trace.Filter{Fns: digest}, trace.Full
		if whole[c.File] {
			filter, view = trace.Filter{}, trace.Frames
		}
		err := trace.WriteText(&full, rec.Entries(trace.Filter{}, trace.Full))
		if err == nil {
			err = trace.WriteText(&shown, after(booted[i], rec.Entries(filter, view)))
		}
		for _, line := range m.Dmesg() {
			fmt.Fprintln(&full, line)
		}
		if err != nil {
			a.fail(c.ID() + ": " + err.Error())
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stories[c.ID()] = story{full.String(), shown.String()}
}

// after yields the entries that follow seq, which leaves out the boot.
func after(seq uint64, entries func(func(trace.Entry) bool)) func(func(trace.Entry) bool) {
	return func(yield func(trace.Entry) bool) {
		for e := range entries {
			if e.Seq > seq && !yield(e) {
				return
			}
		}
	}
}

func (a *account) fail(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = append(a.failed, text)
}

func (a *account) Begin(scenario.Info)   {}
func (a *account) Warning(text string)   { a.fail("warning: " + text) }
func (a *account) End(*scenario.Summary) {}
func (a *account) Broken(b *scenario.Broken) {
	a.fail(fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Message))
}
func (a *account) Case(r *scenario.Result) {
	a.order = append(a.order, r.Case)
	for _, f := range r.Failures {
		a.fail(r.Case.ID() + "\n" + f.String())
	}
	if r.Status == scenario.Skipped && a.profile != "" && strings.HasPrefix(r.Reason, "is for kernel ") {
		return // the case does not list the profile of this run
	}
	if r.Status != scenario.Passed && len(r.Failures) == 0 {
		a.fail(fmt.Sprintf("%s: %s %s", r.Case.ID(), r.Status, r.Reason))
	}
}

// tell runs the library and returns its account.
func tell(t *testing.T, o scenario.Options) *account { return tellOn(t, sim.Config{}, o) }

// tellOn runs the library with defaults for its machines and returns its account.
func tellOn(t *testing.T, defaults sim.Config, o scenario.Options) *account {
	return tellWithout(t, nil, defaults, o)
}

// tellWithout does so without one scenario.
func tellWithout(t *testing.T, files []string, defaults sim.Config, o scenario.Options) *account {
	t.Helper()
	sources, err := scenario.FindFS(os.DirFS("."), "")
	if err != nil {
		t.Fatal(err)
	}
	sources = slices.DeleteFunc(sources,
		func(s *scenario.Source) bool { return slices.Contains(files, s.Path) })
	a := &account{stories: map[string]story{}, profile: strings.Join(o.Profiles, ",")}
	o.Sink = a
	o.Timeout = time.Minute
	o.Kernel = profile
	o.Facts = func(string) []scenario.Fact { return []scenario.Fact{{Name: "sim", Value: "true"}} }
	o.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		var list []*sim.Machine
		var booted []uint64
		cfg := defaults
		if c.Kernel != "" {
			cfg.Kernel = c.Kernel
		}
		hw := bindings.HardwareWith(bindings.Options{
			Defaults: cfg,
			Made: func(m *sim.Machine) {
				list = append(list, m)
				booted = append(booted, m.Recorder().Seq())
			},
		})
		return scenario.Environment{Modules: []vm.Module{hw}, Look: func(bool) scenario.Look {
			a.add(c, list, booted)
			return scenario.Look{}
		}}, nil
	}
	if _, err := scenario.Run(context.Background(), sources, o); err != nil {
		t.Fatal(err)
	}
	for _, f := range a.failed {
		t.Error(f)
	}
	return a
}

// TestSameEveryTime runs every scenario a second time, shuffled and in parallel, and a third time
// under the race detector. Traces and logs are equal byte for byte, and the first run matches the
// golden traces.
func TestSameEveryTime(t *testing.T) {
	first := tell(t, scenario.Options{})
	if len(first.stories) == 0 {
		t.Fatal("no cases")
	}
	again := []scenario.Options{{Parallel: 4, Shuffle: true, Order: 7}}
	if raceEnabled {
		again = append(again, scenario.Options{Parallel: 2, Shuffle: true, Order: 11})
	}
	for _, o := range again {
		second := tell(t, o)
		for _, c := range first.order {
			a, b := first.stories[c.ID()].full, second.stories[c.ID()].full
			if a != b {
				t.Errorf("%s differs between two runs:\n%s",
					c.ID(), head(udiff.Unified("first", "again", a, b), 30))
			}
		}
		if len(second.stories) != len(first.stories) {
			t.Errorf("second run has %d cases, want %d", len(second.stories), len(first.stories))
		}
	}
	compareGoldens(t, first.goldens())
}

// TestDefaultOrder runs the library with a chooser that always takes the first possibility: the same is done
// as without one, byte for byte. Only scenarios that go through seeds are left out.
func TestDefaultOrder(t *testing.T) {
	seeds := []string{"open_order.lua", "bugs/hb33_signal_counts_twice.lua"}
	plain := tellWithout(t, seeds, sim.Config{}, scenario.Options{})
	chosen := tellWithout(t, seeds, sim.Config{Choose: func(*sim.Point) int { return 0 }}, scenario.Options{})
	for _, c := range plain.order {
		a, b := plain.stories[c.ID()].full, chosen.stories[c.ID()].full
		if a != b {
			t.Errorf("%s differs by a chooser:\n%s", c.ID(), head(udiff.Unified("plain", "chosen", a, b), 30))
		}
	}
	if len(plain.stories) < 100 || len(chosen.stories) != len(plain.stories) {
		t.Errorf("%d and %d stories, want as many, and 100 at least", len(plain.stories), len(chosen.stories))
	}
}

// TestEverywhere runs the library on every profile and with seeded orders. A scenario that passes
// only on some profiles lists them in its head.
func TestEverywhere(t *testing.T) {
	kernels, seeds := sim.Profiles(), []uint64{1, 2, 3}
	if raceEnabled { // data races do not depend on profile or seed
		kernels, seeds = kernels[len(kernels)-1:], seeds[:1]
	}
	for _, kernel := range kernels {
		t.Run(kernel, func(t *testing.T) {
			tellOn(t, sim.Config{Kernel: kernel}, scenario.Options{Profiles: []string{kernel}})
		})
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			tellOn(t, sim.Config{Seed: seed}, scenario.Options{Profiles: []string{"4.19.116"}})
		})
	}
}

// goldens returns the text of each golden trace by the name of its scenario. Profiles on which a
// case behaves the same share one text.
func (a *account) goldens() map[string]string {
	texts := map[string]string{}
	for i, c := range a.order {
		b := texts[c.File]
		if b == "" {
			what := "What was asked, reserved and written; other functions are left out."
			if whole[c.File] {
				what = "Every modelled function that has a frame of its own."
			}
			b = fmt.Sprintf("# What the cases of %s do after boot, one after the other.\n# %s\n"+
				"# Held by TestSameEveryTime; rewrite with: go test ./scripts -update\n", c.File, what)
		}
		name := strings.Join(c.Path, " ")
		shown := a.stories[c.ID()].shown
		same := func(o *scenario.Case) bool {
			return o.File == c.File && o.Index == c.Index && a.stories[o.ID()].shown == shown
		}
		if !slices.ContainsFunc(a.order[:i], same) {
			var kernels []string
			for _, o := range a.order[i:] {
				if same(o) && o.Kernel != "" {
					kernels = append(kernels, o.Kernel)
				}
			}
			if len(kernels) > 0 {
				name += " [" + strings.Join(kernels, ", ") + "]"
			}
			b += "\n## " + name + "\n" + capped(shown)
		}
		texts[c.File] = b
	}
	return texts
}

// linesShown limits the lines of one case in a golden trace; a checksum stands for the rest.
const linesShown = 150

func capped(text string) string {
	lines := strings.SplitAfterN(text, "\n", linesShown+1)
	if len(lines) <= linesShown || lines[linesShown] == "" {
		return text
	}
	rest := lines[linesShown]
	return strings.Join(lines[:linesShown], "") +
		fmt.Sprintf("# and %d lines more, whose SHA-256 begins with %.8x\n",
			strings.Count(rest, "\n"), sha256.Sum256([]byte(rest)))
}

// compareGoldens compares the golden traces with want, or rewrites them with -update.
func compareGoldens(t *testing.T, want map[string]string) {
	for _, file := range slices.Sorted(maps.Keys(want)) {
		compareGenerated(t, path.Join("traces", strings.TrimSuffix(file, scenario.Ext)+".trace"), want[file])
	}
	for _, pattern := range []string{"traces/*.trace", "traces/*/*.trace"} {
		have, _ := filepath.Glob(pattern)
		for _, golden := range have {
			name := strings.TrimPrefix(strings.TrimSuffix(filepath.ToSlash(golden), ".trace"), "traces/")
			if want[name+scenario.Ext] == "" {
				t.Errorf("%s has no scenario", golden)
			}
		}
	}
}

// compareGenerated compares one generated file with its text, or rewrites it with -update.
func compareGenerated(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; write it with: go test ./scripts -update", err)
	} else if string(have) != want {
		t.Errorf("%s is stale; if the change is intended, run: go test ./scripts -update\n%s",
			file, head(udiff.Unified(file, "now", string(have), want), 40))
	}
}

// profile returns the full name of a kernel profile.
func profile(kernel string) (string, error) {
	m, err := sim.New(sim.Config{CPUs: 1, Kernel: kernel, TraceSize: -1})
	if err != nil {
		return "", err
	}
	defer m.Close()
	return m.Kernel(), nil
}

// head returns the first n lines of text.
func head(text string, n int) string {
	lines := strings.SplitAfterN(text, "\n", n+1)
	if len(lines) > n {
		lines[n] = "...\n"
	}
	return strings.Join(lines, "")
}
