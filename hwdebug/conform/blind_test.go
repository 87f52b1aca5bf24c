// Replays on a target that cannot read registers.

package conform_test

import (
	"context"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// A blind target is the model as user space sees a kernel.
type blind struct {
	hwdebug.Target
	hwdebug.Tasker
	hwdebug.Ptracer
	hwdebug.Hotplugger
	hwdebug.Shutdowner
}

func (b blind) Supports(f hwdebug.Feature) error {
	switch f {
	case hwdebug.FeatureRegisters, hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess,
		hwdebug.FeatureUserCopy:
		return hwdebug.NotSupported(string(f), "user space has no "+string(f))
	}
	return b.Target.Supports(f)
}

// Steps that read registers are left out instead of the case; cases that need a module are skipped.
func TestBlindTarget(t *testing.T) {
	report, err := conform.Run(context.Background(), conform.Config{MaxDivergences: 3,
		Open: func(meta conform.Meta) (hwdebug.Target, error) {
			m, err := machine(meta.Kernel(), meta)
			if err != nil {
				return nil, err
			}
			s := m.Target()
			return blind{s, s, s, s, s}, nil
		}}, "testdata/D.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Divergences {
		t.Errorf("%s", d.String())
	}
	skipped := 0
	for _, s := range report.Skipped {
		skipped += s.Cases
	}
	if report.Cases != 297 || skipped != 15 || report.Unobserved != 541 ||
		report.Steps != report.Agreeing+report.Marked+report.Unobserved {
		t.Errorf("%d cases, %d skipped, %+v", report.Cases, skipped, report.Tally)
	}
}
