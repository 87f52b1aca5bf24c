// The suite, its skips, and the recorded cases.

// Package hwtest tests an implementation of hwdebug.Target: against recorded runs of a real kernel,
// the expectations of the kernel's own arm64 selftest, and the promises of the contract.
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
// Features that a target does not support are skipped, with the reason that it gives. A target without
// registers replays the recordings without their looks at registers. Steps whose
// outcome is a choice of the recorded machine (marked steps) are compared and logged, but do not
// fail.
//
// The suite does not test speed, nor anything that needs more than one goroutine: a Target is used by one.
package hwtest

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/conform/testdata"
)

// An Open returns a fresh target that resembles the machine of meta as far as it can: the numbers
// of CPUs and registers, and memory at those addresses. The suite shuts it down.
type Open func(meta conform.Meta) (hwdebug.Target, error)

// Run tests the targets that open returns, in three groups of subtests: recorded, selftest and contract.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Run("recorded", func(t *testing.T) { recorded(t, open) })
	meta := recordedMachine(t)
	t.Run("selftest", func(t *testing.T) { selftest(t, suite{open, meta}) })
	t.Run("contract", func(t *testing.T) { contract(t, suite{open, meta}) })
}

// A suite opens targets that all resemble one machine.
type suite struct {
	open Open
	meta conform.Meta
}

// rig opens a target that supports all of needs, or skips t with the reason that the target gives.
func (s suite) rig(t *testing.T, needs ...hwdebug.Feature) *rig {
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
	if why := lacks(tg, needs); why != "" {
		t.Skip(why)
	}
	return &rig{t, tg, s.meta}
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
	return reader(t, files(t)[0]).Meta()
}

// reader opens the recording of that name until the end of the test.
func reader(t *testing.T, name string) *conform.Reader {
	t.Helper()
	f, err := testdata.FS.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	rd, err := conform.NewReader(f, name)
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

// recorded replays each file as a subtest.
func recorded(t *testing.T, open Open) {
	for _, name := range files(t) {
		t.Run(name[:1], func(t *testing.T) { replayFile(t, open, reader(t, name)) })
	}
}

// maxShown is the number of divergences of a file that are reported in full.
const maxShown = 10

// replayFile replays the cases of a file that the target supports.
func replayFile(t *testing.T, open Open, rd *conform.Reader) {
	s := suite{open, rd.Meta()}
	tg := s.rig(t).tg
	if why := unlike(tg, &s.meta); why != "" {
		t.Skip(why)
	}
	skipped, reasons := map[string]int{}, []string(nil)
	var sum conform.Tally
	var c conform.Case
	shown, performed := 0, 0
	for {
		err := rd.Next(&c)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if why := lacks(tg, performs(&c)); why != "" {
			if skipped[why]++; skipped[why] == 1 {
				reasons = append(reasons, why)
			}
			continue
		}
		performed++
		tally := s.replay(t, &c, func(d *conform.Divergence) {
			if shown++; shown > maxShown {
				return
			}
			if len(d.Marks) > 0 {
				t.Logf("not a failure, the machine may choose:\n%s", d)
			} else {
				t.Errorf("%s", d)
			}
		})
		sum.Diverging += tally.Diverging + tally.Residues
		sum.Steps += tally.Steps
		sum.Unobserved += tally.Unobserved
	}
	if sum.Diverging > maxShown {
		t.Errorf("%d of %d steps diverge", sum.Diverging, sum.Steps)
	}
	if sum.Unobserved > 0 {
		t.Logf("%d steps that read registers left out; %s", sum.Unobserved,
			lacks(tg, []hwdebug.Feature{hwdebug.FeatureRegisters}))
	}
	for _, why := range reasons {
		if performed == 0 {
			t.Skipf("no case can be performed; %s", why)
		}
		t.Logf("%d cases not performed; %s", skipped[why], why)
	}
}

// performs returns what a target needs to perform c. Reading registers only observes: a replay leaves those
// steps out on a target that cannot.
func performs(c *conform.Case) []hwdebug.Feature {
	return slices.DeleteFunc(c.Needs(), func(f hwdebug.Feature) bool { return f == hwdebug.FeatureRegisters })
}

// lacks returns the reason why tg lacks one of needs, or "".
func lacks(tg hwdebug.Target, needs []hwdebug.Feature) string {
	for _, f := range needs {
		if err := tg.Supports(f); err != nil {
			return fmt.Sprintf("%s: %v", f, err)
		}
	}
	return ""
}

// replay replays one case on a target of its own.
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

// unlike returns the difference between tg and the recorded machine that prevents a comparison, or "".
func unlike(tg hwdebug.Target, m *conform.Meta) string {
	if tg.CPUs() != m.CPUs || tg.BRPs() != m.BRPs || tg.WRPs() != m.WRPs {
		return fmt.Sprintf("recorded with %d CPUs, %d breakpoint and %d watchpoint registers; the "+
			"target has %d, %d and %d",
			m.CPUs, m.BRPs, m.WRPs, tg.CPUs(), tg.BRPs(), tg.WRPs())
	}
	return ""
}
