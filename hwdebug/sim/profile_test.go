// Profiles: which stands for a release, and that each differs from its neighbours.

package sim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestNearest: a release is modelled by its own profile, by the last one of its series that is not newer,
// or by the one that differs least; a series without a patch level is its newest release.
func TestNearest(t *testing.T) {
	for _, row := range []struct {
		release, want string
		same          bool
	}{
		{"", "4.19.116", true}, {"4.19", "4.19.116", true}, {"4.19.118", "4.19.116", true},
		{"4.19.44", "4.19.0", true}, {"4.19.129", "4.19.116", true}, {"4.19.130", "4.19.266", true},
		{"4.19.300", "4.19.266", true}, {"4.14.5", "4.19.0", false},
		{"5.4", "4.19.266", false}, {"5.4.210-android11", "4.19.266", false},
		{"5.10", "5.10.223", true}, {"5.10.0-32-arm64", "5.10.223", true}, {"5.15", "6.1.176", false},
		{"6.1", "6.1.192", true}, {"6.1.176", "6.1.176", true}, {"6.1.179", "6.1.176", true},
		{"6.1.180", "6.1.192", true}, {"6.6", "6.1.192", false}, {"6.12", "6.12.117", true},
		{"6.16.12", "6.18.15", false}, {"6.18", "6.18.15", true}, {"7.0.13", "6.18.15", false},
		{"5.10.198-android13-4-00050-g0123456789ab", "5.10.223", true}, {"5.10-android12", "5.10.223", true},
		{"6.1.0-28-arm64", "6.1.176", true}, {"6.8.0-45-generic", "6.1.176", false},
		{"6.9", "6.1.176", false},
		{"6.6.30-android15-8", "6.1.176", false}, {"6.14", "6.12.117", false}, {"5.13", "5.10.223", false},
		{"7.1.13", "7.3.4", false}, {"7.3", "7.3.4", true}, {"8.2", "7.3.4", false},
	} {
		got, same, ok := sim.Nearest(row.release)
		if got != row.want || same != row.same || !ok {
			t.Errorf("Nearest(%q) = %q, %v, %v; want %q, %v, true", row.release, got, same, ok, row.want,
				row.same)
		}
		m := newMachine(t, sim.Config{CPUs: 1, Kernel: row.release})
		if m.Kernel() != row.want {
			t.Errorf("a machine of kernel %q has profile %s, want %s", row.release, m.Kernel(), row.want)
		}
	}
	for _, release := range []string{"banana", "6", "v6.1", "6.", "6..1", "4294967296.99999999999"} {
		if got, _, ok := sim.Nearest(release); ok {
			t.Errorf("Nearest(%q) = %q, want none", release, got)
		}
	}
}

// TestDiffer: what is known to differ between a release and its profile follows from the releases that each
// fact came with, which agree with the profiles.
func TestDiffer(t *testing.T) {
	for _, name := range sim.Profiles() {
		if with, without := sim.Differ(name + "+"); with != nil || without != nil {
			t.Errorf("%s itself: with %q, without %q", name, with, without)
		}
	}
	for _, row := range []struct{ release, want string }{
		{"5.4", "with [D-9 D-10 R-EXC-18 R-EXC-19] without []"},
		{"5.4.50", "with [D-9 R-EXC-18 R-EXC-19] without [R-STEP-16]"}, {"4.19.129", "with [] without []"},
		{"5.15", "with [] without [D-8 D-12 D-13]"}, {"6.6", "with [] without []"},
		{"6.12.30", "with [] without [D-4 D-10]"}, {"4.19.131", "with [] without [R-STEP-16]"},
		{"6.1.0-28-arm64", "with [D-4] without []"}, {"6.8.0-45-generic", "with [] without [D-10]"},
		{"5.10", "with [] without []"}, {"5.10.239", "with [D-10] without []"},
		{"6.18", "with [] without []"}, {"8.0", "with [] without []"}, {"banana", "with [] without []"},
	} {
		with, without := sim.Differ(row.release)
		if got := fmt.Sprintf("with %v without %v", with, without); got != row.want {
			t.Errorf("%s differs %s, want %s", row.release, got, row.want)
		}
	}
}

// TestFacts: neighbouring profiles differ in at least one fact, and no fact is so everywhere or nowhere.
func TestFacts(t *testing.T) {
	has := map[string][]string{}
	for _, f := range sim.Facts() {
		if n := len(f.In); n == 0 || n == len(sim.Profiles()) {
			t.Errorf("%s is so in %d profiles", f.ID, n)
		}
		for _, name := range f.In {
			has[name] = append(has[name], f.ID)
		}
	}
	names := sim.Profiles()
	for i, name := range names[1:] {
		if slices.Equal(has[name], has[names[i]]) {
			t.Errorf("%s has the same facts as %s", name, names[i])
		}
	}
	for _, u := range sim.UnmodelledSeries() {
		if _, same, ok := sim.Nearest(u.Series); same || !ok {
			t.Errorf("series %s has a profile of its own, or none at all", u.Series)
		}
	}
}
