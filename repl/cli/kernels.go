// The kernel profiles: what they rest on, how they differ, and which of them stands for another release. The
// cores, and what their registers rest on.

package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// kernelNotice returns a line that names the profile that stands for a release and what is known to differ.
// It is "" if the release has a profile of its series and nothing is known to differ.
func kernelNotice(release string) string {
	name, sameSeries, ok := sim.Nearest(release)
	differ := differs(release)
	if !ok || sameSeries && differ == "" {
		return ""
	}
	text := fmt.Sprintf("hwlua: kernel %s: using the nearest profile, %s", release, name)
	switch {
	case differ == "":
		text += "; nothing is known to differ"
	case sameSeries && sim.HidesPatchLevel(release):
		text += "; its name hides the patch level, and the newest sources of its series differ: " + differ
	default:
		text += "; its sources differ: " + differ
	}
	return text + " (hwlua doc kernels)"
}

// differs returns what is known to differ between a release and its nearest profile.
func differs(release string) string {
	var list []string
	with, without := sim.Differ(release)
	if len(with) > 0 {
		list = append(list, "with "+strings.Join(with, ", "))
	}
	if len(without) > 0 {
		list = append(list, "without "+strings.Join(without, ", "))
	}
	for _, u := range sim.UnmodelledSeries() {
		if u.Differ != "" && (release == u.Series || strings.HasPrefix(release, u.Series+".")) {
			list = append(list, u.Differ)
		}
	}
	return strings.Join(list, "; ")
}

// notice prints the kernelNotice of a release, if there is one, to standard error.
func (env Env) notice(release string) {
	if text := kernelNotice(release); text != "" {
		fmt.Fprintln(env.Stderr, text)
	}
}

// kernelsDoc writes the page of hwlua doc kernels.
func kernelsDoc(w io.Writer) {
	fmt.Fprintf(w, "%-9s  %s\n", "profile", "rests on")
	for _, k := range sim.Kernels() {
		fmt.Fprintf(w, "%-9s  %s\n", k.Name, k.Rests)
	}
	fmt.Fprint(w, "\nrecorded: agrees with recordings of that release; probed: with what a program saw "+
		"of it;\nread: follows its sources. Another release has the last profile of its series that is "+
		"not newer, or\nthe one from which its sources differ least.\n\nWhat is so, by the profiles:\n")
	for _, f := range sim.Facts() {
		fmt.Fprintf(w, "  %-8s  %s\n%12s%s\n", f.ID, f.Text, "", spans(f.In))
	}
	fmt.Fprint(w, "\nSeries without a profile, the nearest one, and how their newest sources differ from "+
		"it:\n")
	for _, u := range sim.UnmodelledSeries() {
		name, _, _ := sim.Nearest(u.Series)
		fmt.Fprintf(w, "  %-5s  %s: %s\n", u.Series, name, cmp.Or(differs(u.Series), "nothing is known"))
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
