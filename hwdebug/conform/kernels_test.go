// The model is held against recordings of five kernels.

package conform_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// TestModelAgreesWithFiveKernels replays the recordings of 4.19.118, 5.10.223, 6.1.176, 6.12.117 and
// 7.3.4, each on its profile: every step agrees but those whose outcome depends on the time between them.
// Of the lists of register writes at most one in 200 may differ.
func TestModelAgreesWithFiveKernels(t *testing.T) {
	report := replayFive(t, openModel, "*", 53)
	skipped := 0
	for _, s := range report.Skipped {
		skipped += s.Steps
	}
	got := report.Tally
	got.ListsDiverging, got.Agreeing, got.Diverging, got.MarkedAgreeing, got.MarkedDiverging = 0, 0, 0, 0, 0
	want := conform.Tally{Steps: fiveKernels, Marked: 6234, Lists: 26370}
	if got != want || skipped != skippedSteps {
		t.Errorf("%+v and %d skipped, want %+v and %d", got, skipped, want, skippedSteps)
	}
	if len(report.OtherOrder) != reorderedCases {
		t.Errorf("%d cases agree with another order, want %d: %v", len(report.OtherOrder), reorderedCases,
			report.OtherOrder)
	}
	if report.ListsDiverging*200 > report.Lists {
		t.Errorf("%d of %d lists of register writes differ", report.ListsDiverging, report.Lists)
	}
}

// replayFive replays the recordings of the suites that match on machines of open, and reports each
// divergence of which the time between two steps is not the reason, on which an event with a frequency
// depends.
func replayFive(
	t *testing.T, open func(conform.Meta) (hwdebug.Target, error), suites string, n int,
) *conform.Report {
	t.Helper()
	files, err := filepath.Glob("testdata/*.*.*/" + suites + ".jsonl.gz")
	if err != nil || len(files) != n {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	report, err := conform.Run(context.Background(), conform.Config{Open: open, MaxDivergences: 1000},
		files...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Divergences {
		timed := slices.Contains(d.Marks, "nondet") && strings.HasPrefix(d.Case, "P.freq/")
		if !d.Writes && !timed {
			t.Errorf("%s", d.String())
		}
	}
	return report
}

// The steps of those recordings that the model performs, those of cases with other events, which it skips,
// and the cases in which the scheduler chose otherwise than the model does by default.
const (
	reorderedCases = 32
	fiveKernels    = 484833
	skippedSteps   = 15885
)
