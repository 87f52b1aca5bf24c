// Kernel profiles: how each release differs, by the specification's table of differences.

package sim

import (
	"cmp"
	"strconv"
	"strings"
)

// A profile holds what differs in one kernel release. Its fields are set from the table of facts.
type profile struct {
	name string
	// since is the first release for which this is the nearest profile, in all that the sources show.
	since version
	rests string // what the profile was checked against

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
	build           []visibility // nil: the seed's build
}

// The profiles, oldest first. A row of facts begins with one of them.
var profiles = [...]profile{
	{name: "4.19.0", rests: "read"},
	{name: "4.19.116", since: version{4, 19, 45}, rests: "recorded (4.19.118)"},
	{name: "4.19.266", since: version{4, 19, 152}, rests: "read"},
	{name: "5.10.223", since: version{5, 7, 0}, rests: "recorded"},
	{name: "6.1.176", since: version{5, 13, 0}, rests: "recorded"},
	{name: "6.1.192", since: version{6, 1, 180}, rests: "recorded"},
	{name: "6.12.117", since: version{6, 7, 0}, rests: "recorded"},
	{name: "6.18.15", since: version{6, 16, 0}, rests: "probed; its call chains are unverified"},
	{name: "7.3.4", since: version{7, 1, 0}, rests: "recorded"},
}

// A fact is one row of the table of differences: what is so from one profile on.
type fact struct {
	id    string // of the specification
	text  string
	from  string // the first profile in which it holds; later ones have it too
	but   string // a later profile that lacks it
	field func(*profile) *bool
}

// facts are the differences between the profiles. A new profile is a row of profiles, and begins or ends the
// rows here that it changes.
var facts = [...]fact{
	{"D-1", "a user copy that hits a user watchpoint runs no callback", "4.19.266", "",
		func(p *profile) *bool { return &p.userHitNotReported }},
	{"D-2", "of several exact watchpoint matches the last decides whether to step", "4.19.266", "",
		func(p *profile) *bool { return &p.lastStepWins }},
	{"D-3", "a 32-bit 1-byte watchpoint may stand at every offset", "4.19.116", "",
		func(p *profile) *bool { return &p.compatByteOffsets }},
	{"D-4", "a range beyond its doubleword is EINVAL instead of cut", "6.1.192", "6.18.15",
		func(p *profile) *bool { return &p.basOverflow }},
	{"D-5", "a disabled event joins a non-empty context without a cross call", "5.10.223", "",
		func(p *profile) *bool { return &p.addInPlace }},
	{"D-6", "an event leaves an inactive context without a cross call", "6.1.176", "",
		func(p *profile) *bool { return &p.removeInPlace }},
	{"D-7", "a pinned group without room stops later hardware groups", "5.10.223", "",
		func(p *profile) *bool { return &p.pinnedFailureStops }},
	{"D-8", "an event that is being released is DEAD from its removal on", "6.1.176", "",
		func(p *profile) *bool { return &p.deadAtOnce }},
	{"D-9", "untagging keeps the top byte of a kernel address", "5.10.223", "",
		func(p *profile) *bool { return &p.untagAnd }},
	{"D-10", "a task's exit tears perf down before memory and files", "6.1.176", "",
		func(p *profile) *bool { return &p.exitPerfFirst }},
	{"D-11", "CAP_PERFMON is enough for a CPU's event", "5.10.223", "",
		func(p *profile) *bool { return &p.capPerfmon }},
	{"D-12", "reserving a CPU's event takes a per-CPU semaphore, which waits for RCU", "6.1.176", "",
		func(p *profile) *bool { return &p.perCPUSem }},
	{"D-13", "a type without slots is EOPNOTSUPP instead of ENOSPC", "6.1.176", "",
		func(p *profile) *bool { return &p.noSlotsUnsupported }},
	{"D-14", "merge_sched_in schedules both classes in", "5.10.223", "",
		func(p *profile) *bool { return &p.mergeSchedIn }},
	{"D-16", "a blank ends a dump header, for the package id", "6.1.176", "",
		func(p *profile) *bool { return &p.packageID }},
	{"D-17", "MODIFY_ATTRIBUTES reaches inherited events", "6.1.176", "",
		func(p *profile) *bool { return &p.modifyChildren }},
	{"D-18", "a printk of no text logs a line", "6.1.176", "",
		func(p *profile) *bool { return &p.emptyMessage }},
	{"D-19", "the attributes of 5.13: remove_on_exec, inherit_thread, sigtrap", "6.1.176", "",
		func(p *profile) *bool { return &p.attrs513 }},
	{"D-20", "inherit goes together with PERF_SAMPLE_READ, if PERF_SAMPLE_TID is there too", "6.12.117", "",
		func(p *profile) *bool { return &p.inheritSampleRead }},
	{"D-21", "an event whose limit ran out is dead until PERF_EVENT_IOC_PERIOD", "6.18.15", "",
		func(p *profile) *bool { return &p.deadAfterLimit }},
	{"D-22", "a BPF program that returns 0 spares the limit", "6.12.117", "",
		func(p *profile) *bool { return &p.bpfBeforeLimit }},
	{"D-23", "a change of an event reschedules its own PMU's events only", "6.12.117", "",
		func(p *profile) *bool { return &p.reschedOnePMU }},
	{"D-24", "a dump header has a UID, and a line names the taint flags", "6.12.117", "",
		func(p *profile) *bool { return &p.dumpUID }},
	{"D-24", "a dump header names the preemption model, and a dump begins at show_stack", "6.18.15", "",
		func(p *profile) *bool { return &p.dumpModel }},
	{"D-24", "a warning's first line begins with the file", "7.3.4", "",
		func(p *profile) *bool { return &p.warnFileFirst }},
	{"R-EXC-17", "user copies use unprivileged instructions on every core", "6.1.176", "",
		func(p *profile) *bool { return &p.uaccessUnpriv }},
	{"R-EXC-18", "a debug exception disables preemption", "5.10.223", "",
		func(p *profile) *bool { return &p.debugPreemptOff }},
	{"R-EXC-19", "a cross call made in an interrupt warns", "5.10.223", "",
		func(p *profile) *bool { return &p.crossCallInTask }},
	{"R-VAL-27", "perf_event_paranoid 3 refuses every perf_event_open (Debian's kernels)", "5.10.223", "",
		func(p *profile) *bool { return &p.paranoidAny }},
	{"R-VAL-12", "the 32-bit address space ends one page early", "4.19.116", "",
		func(p *profile) *bool { return &p.compatVectorsPage }},
	{"C-9", "__event_disable stands between removal and scheduling out", "6.1.192", "",
		func(p *profile) *bool { return &p.eventDisable }},
	{"C-17", "watchpoint_report is a function of its own", "4.19.266", "",
		func(p *profile) *bool { return &p.watchReport }},
	{"R-STEP-16", "a step over a system call reports a pseudo step", "5.10.223", "",
		func(p *profile) *bool { return &p.pseudoStep }},
	{"C-23", "del_timer is called timer_delete", "6.1.176", "",
		func(p *profile) *bool { return &p.timerDelete }},
	{"C", "the entry, interrupt and softirq chains of 6.1", "6.1.176", "",
		func(p *profile) *bool { return &p.six }},
	{"C-14", "__pmu_ctx_sched_out, __free_event, and close without task work", "6.12.117", "",
		func(p *profile) *bool { return &p.pmuContexts }},
	{"C-17", "an entry of its own for each kind of debug exception", "6.12.117", "",
		func(p *profile) *bool { return &p.debugEntries }},
	{"C-12", "close ends in fput_close_sync", "6.18.15", "",
		func(p *profile) *bool { return &p.fputCloseSync }},
	{"C-16", "a task that waits for a pipe is in anon_pipe_read", "6.18.15", "",
		func(p *profile) *bool { return &p.anonPipe }},
	{"C-8", "__smp_call_function_single stands below smp_call_function_single", "7.3.4", "",
		func(p *profile) *bool { return &p.callSingleInner }},
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

func (v version) before(w version) bool {
	return cmp.Or(cmp.Compare(v[0], w[0]), cmp.Compare(v[1], w[1]), cmp.Compare(v[2], w[2])) < 0
}

// Nearest returns the profile that a release is modelled by: its own, or the one that differs least from it
// in what the sources show. sameSeries is false if the profile is of another series, so that callers can say
// so. ok is false for text that does not begin with a version number.
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
	i := len(profiles) - 1
	for i > 0 && v.before(profiles[i].since) {
		i--
	}
	name = profiles[i].name
	w, _ := parseVersion(name)
	return name, v[0] == w[0] && v[1] == w[1], true
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
	Since string // the first release that it stands for
}

// Kernels returns the profiles, oldest first.
func Kernels() []Kernel {
	list := make([]Kernel, len(profiles))
	for i := range profiles {
		p := &profiles[i]
		list[i] = Kernel{p.name, p.rests, p.since.String()}
	}
	return list
}

func (v version) String() string { return sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// An Unmodelled series has no profile of its own.
type Unmodelled struct {
	Series string
	Differ string // what its sources show to differ from the nearest profile
}

// UnmodelledSeries returns the series that people run and that have no profile, oldest first. Nearest names
// the profile of each.
func UnmodelledSeries() []Unmodelled { return append([]Unmodelled(nil), unmodelled[:]...) }

var unmodelled = [...]Unmodelled{
	{"5.4", "untagging as in 5.10 (D-9)"},
	{"5.15", "in its early releases D-8 and D-10 are as in 5.10"},
	{"6.6", "its contexts are split by PMU, as those of 6.12, but D-23 is as in 6.1.192"},
}
