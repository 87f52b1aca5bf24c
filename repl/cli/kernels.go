// The kernel profiles: what they rest on, how they differ, and which of them stands for another release. The
// cores, and what their registers rest on.

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// kernelNotice returns a line that names the profile of a release of another series, or "" if the release has
// a profile of its series.
func kernelNotice(release string) string {
	name, sameSeries, ok := sim.Nearest(release)
	if !ok || sameSeries {
		return ""
	}
	text := fmt.Sprintf("hwlua: kernel %s: using the nearest profile, %s", release, name)
	if differ := differs(release); differ != "" {
		text += "; its sources differ: " + differ
	}
	return text + " (hwlua doc kernels)"
}

// differs returns what is known to differ between a release and its nearest profile.
func differs(release string) string {
	for _, u := range sim.UnmodelledSeries() {
		if release == u.Series || strings.HasPrefix(release, u.Series+".") {
			return u.Differ
		}
	}
	return ""
}

// notice prints the kernelNotice of a release, if there is one, to standard error.
func (env Env) notice(release string) {
	if text := kernelNotice(release); text != "" {
		fmt.Fprintln(env.Stderr, text)
	}
}

// kernelsDoc writes the page of hwlua doc kernels.
func kernelsDoc(w io.Writer) {
	fmt.Fprintf(w, "%-9s  %-10s  %s\n", "profile", "stands for", "rests on")
	kernels := sim.Kernels()
	for i, k := range kernels {
		span := "from " + k.Since
		if i == 0 {
			span = "older"
		}
		fmt.Fprintf(w, "%-9s  %-13s  %s\n", k.Name, span, k.Rests)
	}
	fmt.Fprint(w, "\nrecorded: agrees with recordings of that release; probed: with what a program saw of it;\n"+
		"read: follows its sources. Another release has the last profile that stands for it.\n\n"+
		"What is so, by the profiles:\n")
	for _, f := range sim.Facts() {
		fmt.Fprintf(w, "  %-8s  %s\n%12s%s\n", f.ID, f.Text, "", spans(f.In))
	}
	fmt.Fprint(w, "\nSeries without a profile, and what their sources show to differ from the nearest one:\n")
	for _, u := range sim.UnmodelledSeries() {
		name, _, _ := sim.Nearest(u.Series)
		fmt.Fprintf(w, "  %-5s  %s: %s\n", u.Series, name, u.Differ)
	}
}

// coresDoc writes the page of hwlua doc cores.
func coresDoc(w io.Writer) {
	fmt.Fprintf(w, "%-12s  %-11s  %-18s  %s\n", "core", "break+watch", "ID_AA64DFR0_EL1", "from")
	for _, p := range sim.Presets() {
		fmt.Fprintf(w, "%-12s  %-11s  %-18s  %s\n", p.Name, fmt.Sprintf("%d+%d", p.BRPs, p.WRPs),
			fmt.Sprintf("%#x", p.DFR0), p.Source)
	}
}

// spans returns the profiles in names with each run of neighbours as one: "from 6.1.192 to 6.12.117, 7.3.4".
func spans(names []string) string {
	all := sim.Profiles()
	var list []string
	for i := 0; i < len(names); {
		first := slices.Index(all, names[i])
		n := 1
		for i+n < len(names) && all[first+n] == names[i+n] {
			n++
		}
		switch last := first + n - 1; {
		case last == len(all)-1 && n > 1:
			list = append(list, "from "+names[i]+" on")
		case n > 1:
			list = append(list, "from "+names[i]+" to "+all[last])
		default:
			list = append(list, names[i])
		}
		i += n
	}
	return strings.Join(list, ", ")
}
