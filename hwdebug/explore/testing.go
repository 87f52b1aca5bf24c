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
		r, err := Replay(context.Background(), cfg, strings.TrimSpace(string(kept)), fn)
		switch {
		case err != nil:
			t.Logf("%s is left out: %v", file, err)
		case !r.OK:
			report(t, r.Failure)
			return
		}
	}
	r, err := Run(context.Background(), cfg, fn)
	if err != nil {
		t.Fatal(err)
	}
	if r.OK {
		return
	}
	if r.Failure.Schedule != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Error(err)
		} else if err := os.WriteFile(file, []byte(r.Failure.Schedule+"\n"), 0o644); err != nil {
			t.Error(err)
		}
	}
	report(t, r.Failure)
}

// report fails the test with the failure and its steps.
func report(t *testing.T, f *Failure) {
	t.Helper()
	lines := append(Report(f), Summary(f)...)
	t.Errorf("%s: %s\nschedule %s\n%s", f.Kind, f.Message, f.Schedule, strings.Join(lines, "\n"))
}
