// Exploration inside of go test.

package explore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// Test explores fn and fails the test if a schedule fails. It keeps the failing schedule in
// testdata/explore/NAME.schedule, with NAME that of the test, and runs it first the next time.
func Test(t *testing.T, cfg Config, fn func(m *sim.Machine) error) {
	t.Helper()
	file := filepath.Join("testdata", "explore", strings.ReplaceAll(t.Name(), "/", "-")+".schedule")
	if kept, err := os.ReadFile(file); err == nil {
		cfg.Kept = append(cfg.Kept, strings.TrimSpace(string(kept)))
	}
	cfg.Keep = func(schedule string) error { return KeepIn(file, schedule) }
	r, err := Run(context.Background(), cfg, fn)
	if err != nil {
		t.Fatal(err)
	}
	if r.OK {
		return
	}
	report(t, r.Failure)
}

// report fails the test with the failure and its steps.
func report(t *testing.T, f *Failure) {
	t.Helper()
	lines := append(Report(f), Summary(f)...)
	t.Errorf("%s: %s\nschedule %s\n%s", f.Kind, f.Message, f.Schedule, strings.Join(lines, "\n"))
}

// KeepIn writes a schedule into a file, whose folder it makes.
func KeepIn(file, schedule string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(schedule+"\n"), 0o644)
}
