// The suite, its features and skips, and the recorded cases.

// Package hwtest judges any implementation of hwdebug.Target, as a Go test: recorded runs of a real kernel, the
// expectations of the kernel's own arm64 selftest, and what the contract promises of each feature.
//
//	func TestTarget(t *testing.T) {
//		hwtest.Run(t, func(meta conform.Meta) (hwdebug.Target, error) {
//			m, err := sim.New(sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, meta.Kernel()))
//			if err != nil {
//				return nil, err
//			}
//			return m.Target(), nil
//		})
//	}
//
// What a target says it does not support is skipped, with its own reason. Steps whose outcome is the recorded
// machine's choice (marked ones) are compared and logged, and fail nothing.
//
// Left out: speed, and anything that needs more than one goroutine; a Target belongs to one.
package hwtest

import (
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/conform/testdata"
)

// An Open makes a fresh target that is like the machine of meta, where it can choose: that many CPUs and registers,
// and memory at those addresses. The suite shuts it down.
type Open func(meta conform.Meta) (hwdebug.Target, error)

// Run judges the targets that open makes. It runs three groups of subtests: recorded, selftest and contract.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Run("recorded", func(t *testing.T) { recorded(t, open) })
	meta := recordedMachine(t)
	t.Run("selftest", func(t *testing.T) { selftest(t, suite{open, meta}) })
	t.Run("contract", func(t *testing.T) { contract(t, suite{open, meta}) })
}

// A suite makes targets that are all like one machine.
type suite struct {
	open Open
	meta conform.Meta
}

// target makes a target that supports all of needs, or skips t with the target's own reason.
func (s suite) target(t *testing.T, needs ...hwdebug.Feature) hwdebug.Target {
	t.Helper()
	tg, err := s.open(s.meta)
	if err != nil {
		t.Fatalf("no target: %v", err)
	}
	t.Cleanup(func() {
		if err := hwdebug.Shutdown(tg); err != nil {
			t.Errorf("the target does not shut down: %v", err)
		}
	})
	for _, f := range needs {
		if err := tg.Supports(f); err != nil {
			t.Skipf("%s: %v", f, err)
		}
	}
	return tg
}

func files(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(testdata.FS, "*.jsonl.gz")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	return names
}

// recordedMachine returns the machine of the first recording.
func recordedMachine(t *testing.T) conform.Meta {
	t.Helper()
	f, err := testdata.FS.Open(files(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rd, err := conform.NewReader(f, files(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	return rd.Meta()
}

// recorded replays each file as a subtest.
func recorded(t *testing.T, open Open) {
	for _, name := range files(t) {
		t.Run(name[:1], func(t *testing.T) {
			f, err := testdata.FS.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			replayFile(t, open, f, name)
		})
	}
}

// firstShown is how many divergences of a file are told in full.
const firstShown = 10

func replayFile(t *testing.T, open Open, f io.Reader, name string) {
	rd, err := conform.NewReader(f, name)
	if err != nil {
		t.Fatal(err)
	}
	s := suite{open, rd.Meta()}
	tg := s.target(t)
	why := unlike(tg, &s.meta)
	if why != "" {
		t.Skip(why)
	}
	denied := map[hwdebug.Feature]error{}
	for _, feature := range features {
		if err := tg.Supports(feature.f); err != nil {
			denied[feature.f] = err
		}
	}
	skipped, order := map[string]int{}, []string(nil)
	var sum conform.Tally
	var c conform.Case
	shown, performed := 0, 0
next:
	for {
		err := rd.Next(&c)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Needs() {
			if err := denied[f]; err != nil {
				reason := fmt.Sprintf("%s: %v", f, err)
				if skipped[reason]++; skipped[reason] == 1 {
					order = append(order, reason)
				}
				continue next
			}
		}
		performed++
		tally := s.replay(t, &c, func(d *conform.Divergence) {
			switch {
			case shown >= firstShown:
			case len(d.Marks) > 0:
				shown++
				t.Logf("not a failure, the machine may choose:\n%s", d)
			default:
				shown++
				t.Errorf("%s", d)
			}
		})
		sum.Diverging += tally.Diverging + tally.Residues
		sum.Steps += tally.Steps
	}
	if sum.Diverging > firstShown {
		t.Errorf("%d of %d steps diverge", sum.Diverging, sum.Steps)
	}
	for _, reason := range order {
		if performed == 0 {
			t.Skipf("no case can be performed; %s", reason)
		}
		t.Logf("%d cases not performed; %s", skipped[reason], reason)
	}
}

func (s suite) replay(t *testing.T, c *conform.Case, diverged func(*conform.Divergence)) conform.Tally {
	tg, err := s.open(s.meta)
	if err != nil {
		t.Fatalf("case %s: no target: %v", c.ID, err)
	}
	tally := conform.Replay(tg, &s.meta, c, diverged)
	if err := hwdebug.Shutdown(tg); err != nil {
		t.Errorf("case %s: the target does not shut down: %v", c.ID, err)
	}
	return tally
}

// unlike says in what the machine behind tg differs from the recorded one so that no case can be compared.
func unlike(tg hwdebug.Target, m *conform.Meta) string {
	if tg.CPUs() != m.CPUs || tg.BRPs() != m.BRPs || tg.WRPs() != m.WRPs {
		return fmt.Sprintf("recorded with %d CPUs, %d breakpoint and %d watchpoint registers; the target has %d, %d and %d",
			m.CPUs, m.BRPs, m.WRPs, tg.CPUs(), tg.BRPs(), tg.WRPs())
	}
	return ""
}
