// Scenarios in go test.

package scenario

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// Test runs all scenario files of fsys with the modules: a subtest for each file, and in it one for
// each case. It treats every need of a file as met. It compares snapshots; "hwlua run --update"
// writes them.
func Test(t *testing.T, fsys fs.FS, modules ...vm.Module) {
	t.Helper()
	TestWith(t, fsys, Options{Modules: modules})
}

// TestWith does what Test does, with options such as facts, environments, limits and filters. It ignores
// those for a run as a whole: Sink, Parallel, Shard, Shuffle, Repeat, MaxFailures and Update.
func TestWith(t *testing.T, fsys fs.FS, o Options) {
	t.Helper()
	sources, err := FindFS(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatal("no scenario files (*.lua)")
	}
	o.Sink, o.Update = nil, false
	o.Repro = func(c *Case, at string, exact bool) string { return "" }
	if o.Facts == nil {
		o.anyNeed = true
	}
	r, err := newRunner(t.Context(), sources, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range sources {
		t.Run(strings.TrimSuffix(src.Path, Ext), func(t *testing.T) {
			t.Helper() // a failure is reported at the line that called Test
			l := r.load(t.Context(), src, 1)
			if l.broken != nil {
				b := l.broken
				text := Place(b.File, b.Line) + ": " + b.Message
				t.Fatal(strings.TrimSuffix(text+"\n"+b.Err.Excerpt(), "\n"))
			}
			for _, c := range r.selected(l.f, 0) {
				t.Run(c.Name(), func(t *testing.T) {
					t.Helper()
					res := l.f.known[c.Kernel]
					if res == nil {
						res = r.runCase(t.Context(), l.f, c)
					}
					res.tell(t)
				})
			}
		})
	}
}

// tell reports the result to t.
func (r *Result) tell(t *testing.T) {
	t.Helper()
	if r.Output != "" {
		t.Log("output:\n" + strings.TrimSuffix(r.Output, "\n"))
	}
	for _, f := range r.Failures {
		t.Error(f)
	}
	for _, n := range r.Look.Notes {
		t.Log(strings.Join(n.Text(), "\n"))
	}
	switch {
	case r.Status == Skipped || r.Status == Pending:
		t.Skip(r.Why())
	case r.Status.Bad() && len(r.Failures) == 0:
		t.Error(r.Status)
	}
}
