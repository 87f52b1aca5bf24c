// Kernel profiles: how each release differs, by the specification's table of differences.

package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A profile holds what differs in one kernel release. Its fields are set from the table of facts.
type profile struct {
	name  string
	since version // among the profiles of its series: the first release that it stands for
	rests string  // what the profile was checked against

	userHitNotReported bool
	lastStepWins       bool
	compatByteOffsets  bool
	basOverflow        bool
	addInPlace         bool
	removeInPlace      bool
	pinnedFailureStops bool
	deadAtOnce         bool
	untagAnd           bool
	exitPerfFirst      bool
	capPerfmon         bool
	noSlotsUnsupported bool
	mergeSchedIn       bool
	modifyChildren     bool
	emptyMessage       bool
	attrs513           bool
	inheritSampleRead  bool
	deadAfterLimit     bool
	bpfBeforeLimit     bool
	reschedOnePMU      bool
	perCPUSem          bool
	debugPreemptOff    bool
	crossCallInTask    bool
	countsAtRun        bool
	paranoidAny        bool

	eventDisable      bool
	watchReport       bool
	uaccessUnpriv     bool
	compatVectorsPage bool
	packageID         bool
	dumpUID           bool
	dumpModel         bool
	warnFileFirst     bool
	taintFlags        int

	timerDelete bool
	pseudoStep  bool

	six             bool
	pmuContexts     bool
	debugEntries    bool
	fputCloseSync   bool
	anonPipe        bool
	callSingleInner bool
	genericExit     bool
	build           []visibility // nil: the seed's build
}

// The profiles, oldest first. A row of facts begins with one of them.
var profiles = [...]profile{
	{name: "4.19.0", rests: "read"},
	{name: "4.19.116", since: version{4, 19, 45}, rests: "recorded (4.19.118)"},
	{name: "4.19.266", since: version{4, 19, 130}, rests: "read"},
	{name: "5.10.223", rests: "recorded"},
	{name: "6.1.176", rests: "recorded"},
	{name: "6.1.192", since: version{6, 1, 180}, rests: "recorded"},
	{name: "6.12.117", rests: "recorded"},
	{name: "6.18.15", rests: "probed; its call chains are unverified"},
	{name: "7.3.4", rests: "recorded"},
}

// A fact is one row of the table of differences: what is so from one profile on.
type fact struct {
	id    string // of the specification
	text  string
	from  string // the first profile in which it holds; later ones have it too
	but   string // a later profile that lacks it
	field func(*profile) *bool
	// came are the releases that it came with: of the mainline first, then of stable series that got it
	// later. It is empty where that is not known.
	came string
}

// facts are the differences between the profiles. A new profile is a row of profiles, and begins or ends the
// rows here that it changes. D-4 came to 6.6 and 6.12 with the releases of July 2026, whose numbers are not
// known: 6.6 stands for the newest one.
var facts = [...]fact{
	{"D-1", "a user copy that hits a user watchpoint runs no callback", "4.19.266", "",
		func(p *profile) *bool { return &p.userHitNotReported }, "5.8 5.7.6 5.4.49 4.19.130"},
	{"D-2", "of several exact watchpoint matches the last decides whether to step", "4.19.266", "",
		func(p *profile) *bool { return &p.lastStepWins }, "5.8 5.7.6 5.4.49 4.19.130"},
	{"D-3", "a 32-bit 1-byte watchpoint may stand at every offset", "4.19.116", "",
		func(p *profile) *bool { return &p.compatByteOffsets }, "5.3 4.19.65"},
	{"D-4", "a range beyond its doubleword is EINVAL instead of cut", "6.1.192", "6.18.15",
		func(p *profile) *bool { return &p.basOverflow }, "7.1 6.12.117 6.6 6.1.180"},
	{"D-5", "a disabled event joins a non-empty context without a cross call", "5.10.223", "",
		func(p *profile) *bool { return &p.addInPlace }, "5.5"},
	{"D-6", "an event leaves an inactive context without a cross call", "6.1.176", "",
		func(p *profile) *bool { return &p.removeInPlace }, "5.13"},
	{"D-7", "a pinned group without room stops later hardware groups", "5.10.223", "",
		func(p *profile) *bool { return &p.pinnedFailureStops }, "5.7"},
	{"D-8", "an event that is being released is DEAD from its removal on", "6.1.176", "",
		func(p *profile) *bool { return &p.deadAtOnce }, "6.1"},
	{"D-9", "untagging keeps the top byte of a kernel address", "5.10.223", "",
		func(p *profile) *bool { return &p.untagAnd }, "5.4"},
	{"D-10", "a task's exit tears perf down before memory and files", "6.1.176", "",
		func(p *profile) *bool { return &p.exitPerfFirst },
		"6.16 6.15.4 6.12.35 6.6.95 6.1.142 5.15.186 5.10.239 5.4.295"},
	{"D-11", "CAP_PERFMON is enough for a CPU's event", "5.10.223", "",
		func(p *profile) *bool { return &p.capPerfmon }, "5.8"},
	{"D-12", "reserving a CPU's event takes a per-CPU semaphore, which waits for RCU", "6.1.176", "",
		func(p *profile) *bool { return &p.perCPUSem }, "6.1"},
	{"D-13", "a type without slots is EOPNOTSUPP instead of ENOSPC", "6.1.176", "",
		func(p *profile) *bool { return &p.noSlotsUnsupported }, "6.1"},
	{"D-14", "merge_sched_in schedules both classes in", "5.10.223", "",
		func(p *profile) *bool { return &p.mergeSchedIn }, "5.7"},
	{"D-16", "a blank ends a dump header, for the package id", "6.1.176", "",
		func(p *profile) *bool { return &p.packageID }, "5.14"},
	{"D-17", "MODIFY_ATTRIBUTES reaches inherited events", "6.1.176", "",
		func(p *profile) *bool { return &p.modifyChildren }, "5.13"},
	{"D-18", "a printk of no text logs a line", "6.1.176", "",
		func(p *profile) *bool { return &p.emptyMessage }, ""},
	{"D-19", "the attributes of 5.13: remove_on_exec, inherit_thread, sigtrap", "6.1.176", "",
		func(p *profile) *bool { return &p.attrs513 }, "5.13"},
	{"D-20", "inherit goes together with PERF_SAMPLE_READ, if PERF_SAMPLE_TID is there too", "6.12.117", "",
		func(p *profile) *bool { return &p.inheritSampleRead }, "6.12"},
	{"D-21", "an event whose limit ran out is dead until PERF_EVENT_IOC_PERIOD", "6.18.15", "",
		func(p *profile) *bool { return &p.deadAfterLimit }, "6.16"},
	{"D-22", "a BPF program that returns 0 spares the limit", "6.12.117", "",
		func(p *profile) *bool { return &p.bpfBeforeLimit }, "6.10"},
	{"D-23", "a change of an event reschedules its own PMU's events only", "6.12.117", "",
		func(p *profile) *bool { return &p.reschedOnePMU }, "6.12"},
	{"D-24", "a dump header has a UID, and a line names the taint flags", "6.12.117", "",
		func(p *profile) *bool { return &p.dumpUID }, "6.11"},
	{"D-24", "a dump header names the preemption model, and a dump begins at show_stack", "6.18.15", "",
		func(p *profile) *bool { return &p.dumpModel }, ""},
	{"D-24", "a warning's first line begins with the file", "7.3.4", "",
		func(p *profile) *bool { return &p.warnFileFirst }, ""},
	{"R-EXC-17", "user copies use unprivileged instructions on every core", "6.1.176", "",
		func(p *profile) *bool { return &p.uaccessUnpriv }, "5.11"},
	{"R-EXC-18", "a debug exception disables preemption", "5.10.223", "",
		func(p *profile) *bool { return &p.debugPreemptOff }, "5.3"},
	{"R-EXC-19", "a cross call made in an interrupt warns", "5.10.223", "",
		func(p *profile) *bool { return &p.crossCallInTask }, "5.3"},
	{"R-WQ-22", "a worker that wakes in its function counts as running once it runs", "5.10.223", "",
		func(p *profile) *bool { return &p.countsAtRun }, ""},
	{"R-VAL-27", "perf_event_paranoid 3 refuses every perf_event_open (Debian's kernels)", "5.10.223", "",
		func(p *profile) *bool { return &p.paranoidAny }, ""},
	{"R-VAL-12", "the 32-bit address space ends one page early", "4.19.116", "",
		func(p *profile) *bool { return &p.compatVectorsPage }, "5.2 4.19.45"},
	{"C-9", "__event_disable stands between removal and scheduling out", "6.1.192", "",
		func(p *profile) *bool { return &p.eventDisable }, ""},
	{"C-17", "watchpoint_report is a function of its own", "4.19.266", "",
		func(p *profile) *bool { return &p.watchReport }, "5.8 5.7.6 5.4.49 4.19.130"},
	{"R-STEP-16", "a step over a system call reports a pseudo step", "4.19.266", "",
		func(p *profile) *bool { return &p.pseudoStep }, "5.8 5.7.10 5.4.53 4.19.134"},
	{"C-23", "del_timer is called timer_delete", "6.1.176", "",
		func(p *profile) *bool { return &p.timerDelete }, ""},
	{"C", "the entry, interrupt and softirq chains of 6.1", "6.1.176", "",
		func(p *profile) *bool { return &p.six }, ""},
	{"C-14", "__pmu_ctx_sched_out, __free_event, and close without task work", "6.12.117", "",
		func(p *profile) *bool { return &p.pmuContexts }, ""},
	{"C-17", "an entry of its own for each kind of debug exception", "6.12.117", "",
		func(p *profile) *bool { return &p.debugEntries }, ""},
	{"C-12", "close ends in fput_close_sync", "6.18.15", "",
		func(p *profile) *bool { return &p.fputCloseSync }, ""},
	{"C-16", "a task that waits for a pipe is in anon_pipe_read", "6.18.15", "",
		func(p *profile) *bool { return &p.anonPipe }, ""},
	{"C-8", "__smp_call_function_single stands below smp_call_function_single", "7.3.4", "",
		func(p *profile) *bool { return &p.callSingleInner }, ""},
	{"C-33", "a task takes signals in exit_to_user_mode_loop and arch_do_signal_or_restart", "7.3.4", "",
		func(p *profile) *bool { return &p.genericExit }, ""},
}

// taintFlags are the numbers of taint flags (R-LOG-4), by the first profile that has them.
var taintFlags = [...]struct {
	from string
	n    int
}{{"4.19.0", 18}, {"6.1.176", 19}, {"6.18.15", 20}}

// init fills the profiles from the table.
func init() {
	for _, f := range facts {
		for i := indexOf(f.from); i < len(profiles); i++ {
			*f.field(&profiles[i]) = profiles[i].name != f.but
		}
	}
	for _, t := range taintFlags {
		for i := indexOf(t.from); i < len(profiles); i++ {
			profiles[i].taintFlags = t.n
		}
	}
}

// indexOf returns the place of the profile of that name, which exists.
func indexOf(name string) int {
	for i := range profiles {
		if profiles[i].name == name {
			return i
		}
	}
	panic("sim: no profile " + name)
}

// Profiles returns the names of the kernel profiles, oldest first.
func Profiles() []string {
	names := make([]string, len(profiles))
	for i := range profiles {
		names[i] = profiles[i].name
	}
	return names
}

// A version is a kernel's version number.
type version [3]int

// newest stands for the latest release of a series.
const newest = 1 << 20

// parseVersion returns the version at the start of a release's name: "6.1.176", "6.1", "5.15.0-91-generic".
// Without a patch level it is the newest of its series.
func parseVersion(s string) (v version, ok bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		s = s[:end]
	}
	parts := strings.Split(s, ".")
	if len(parts) < 2 {
		return v, false
	}
	v[2] = newest
	for i, p := range parts[:min(len(parts), 3)] {
		n, err := strconv.Atoi(p)
		if err != nil || n >= newest {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

// sameSeries reports whether v and w differ at most in their patch level.
func (v version) sameSeries(w version) bool { return v[0] == w[0] && v[1] == w[1] }

func (v version) before(w version) bool {
	return cmp.Or(cmp.Compare(v[0], w[0]), cmp.Compare(v[1], w[1]), cmp.Compare(v[2], w[2])) < 0
}

// Nearest returns the profile that a release is modelled by: its own, the last one of its series that is not
// newer, or the oldest of those from which its sources differ least. sameSeries is false if the profile is
// of another series, so that callers can say so. ok is false for text that does not begin with a version
// number.
func Nearest(release string) (name string, sameSeries, ok bool) {
	if release == "" || release == "4.19" {
		return "4.19.116", true, true
	}
	for i := range profiles {
		if profiles[i].name == release {
			return release, true, true
		}
	}
	v, ok := parseVersion(release)
	if !ok {
		return "", false, false
	}
	best, least := 0, len(facts)+1
	for i := range profiles {
		p := &profiles[i]
		if w, _ := parseVersion(p.name); w.sameSeries(v) {
			if !v.before(p.since) {
				name, sameSeries = p.name, true
			}
		} else if with, without := p.differ(v); len(with)+len(without) < least {
			best, least = i, len(with)+len(without)
		}
	}
	if sameSeries {
		return name, true, true
	}
	return profiles[best].name, false, true
}

// Differ returns the ids of the facts that its sources show to be so in a release but not in the nearest
// profile, and the other way round. Both are empty for a profile, for the series of one, and for text that
// names no release. If the release hides its patch level, it is taken as the newest of its series.
func Differ(release string) (with, without []string) {
	name, _, ok := Nearest(release)
	v, versioned := parseVersion(release)
	if !ok || !versioned || release == name || strings.HasPrefix(name, release+".") {
		return nil, nil
	}
	if HidesPatchLevel(release) {
		v[2] = newest
	}
	return profiles[indexOf(name)].differ(v)
}

// differ returns the ids of the facts that are so in release v but not in p, and the other way round.
func (p *profile) differ(v version) (with, without []string) {
	for _, f := range facts {
		switch so := f.in(v); {
		case f.came == "" || so == *f.field(p):
		case so:
			with = append(with, f.id)
		default:
			without = append(without, f.id)
		}
	}
	return with, without
}

// in reports whether f is so in release v, by the releases that it came with.
func (f *fact) in(v version) bool {
	for i, text := range strings.Fields(f.came) {
		came, _ := parseVersion(text)
		if i == 0 {
			came[2] = 0
		}
		if !v.before(came) && (i == 0 || v.sameSeries(came)) {
			return true
		}
	}
	return false
}

// HidesPatchLevel reports whether a release is named as distributions do, with 0 for every patch level:
// 6.1.0-28-arm64.
func HidesPatchLevel(release string) bool {
	head, _, dash := strings.Cut(release, "-")
	return dash && strings.Count(head, ".") == 2 && strings.HasSuffix(head, ".0")
}

// profileByName returns the profile nearest to a release, or nil if the text does not name one.
func profileByName(release string) *profile {
	name, _, ok := Nearest(release)
	if !ok {
		return nil
	}
	return &profiles[indexOf(name)]
}

// A Fact is a difference between kernel releases.
type Fact struct {
	ID   string   // of the specification's table
	Text string   // what is so
	In   []string // the profiles in which it is so
}

// Facts returns the differences between the profiles, in the order of the specification.
func Facts() []Fact {
	list := make([]Fact, len(facts))
	for i, f := range facts {
		list[i] = Fact{ID: f.id, Text: f.text}
		for j := range profiles {
			if p := &profiles[j]; *f.field(p) {
				list[i].In = append(list[i].In, p.name)
			}
		}
	}
	return list
}

// A Kernel describes a profile.
type Kernel struct {
	Name  string
	Rests string // what it was checked against: "recorded", "probed" or "read"
}

// Kernels returns the profiles, oldest first.
func Kernels() []Kernel {
	list := make([]Kernel, len(profiles))
	for i := range profiles {
		list[i] = Kernel{profiles[i].name, profiles[i].rests}
	}
	return list
}

// An Unmodelled series has no profile of its own. Nearest and Differ say which one stands for it, and how
// they differ.
type Unmodelled struct {
	Series string
	Differ string // what its sources show besides, or ""
}

// UnmodelledSeries returns the series that people run and that have no profile, oldest first.
func UnmodelledSeries() []Unmodelled { return slices.Clone(unmodelled[:]) }

var unmodelled = [...]Unmodelled{
	{"5.4", ""},
	{"5.15", "D-8 is not known for its late releases"},
	{"6.6", splitContexts},
	{"6.8", splitContexts},
	{"6.11", splitContexts},
	{"6.14", ""},
	{"6.16", ""},
	{"7.0", ""},
}

const splitContexts = "its contexts are split by PMU, as those of 6.12"
