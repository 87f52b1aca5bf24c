// Kernel profiles: how each release differs, by the specification's table of differences.

package sim

// A profile holds what differs in one kernel release. The D numbers are those of the table
// "Differences at a glance" in the specification's README.
type profile struct {
	name string

	userHitNotReported bool // D-1: a user copy that hits a user watchpoint runs no callback
	lastStepWins       bool // D-2: of several exact watchpoint matches the last decides whether to step
	compatByteOffsets  bool // D-3: a 32-bit 1-byte watchpoint may stand at every offset
	basOverflow        bool // D-4: a byte mask shifted beyond bit 7 is EINVAL
	addInPlace         bool // D-5: a disabled event joins a non-empty context without a cross call
	removeInPlace      bool // D-6: an event leaves an inactive context without a cross call
	pinnedFailureStops bool // D-7: a pinned group without room stops later hardware groups
	deadAtOnce         bool // D-8: an event that is being released is DEAD from its removal on
	untagAnd           bool // D-9: untagging keeps the top byte of a kernel address
	exitPerfFirst      bool // D-10: a task's exit tears perf down before memory and files
	capPerfmon         bool // D-11: CAP_PERFMON is enough for a CPU's event
	mergeSchedIn       bool // D-14: merge_sched_in schedules both classes in
	modifyChildren     bool // D-17: MODIFY_ATTRIBUTES reaches inherited events
	eventDisable       bool // C-9: __event_disable between removal and scheduling out
	watchReport        bool // C-17: watchpoint_report is a function of its own
	uaccessUnpriv      bool // R-EXC-17: user copies always use unprivileged instructions
	compatVectorsPage  bool // R-VAL-12: the 32-bit address space ends one page early
	six                bool // call chains of 6.1
	packageID          bool // D-16: a blank and the package id end a dump header
	emptyMessage       bool // D-18: a printk of no text logs a line
	taintFlags         int  // R-LOG-4
}

var profiles = [...]profile{
	{
		name: "4.19.0", taintFlags: 18,
	},
	{
		name: "4.19.116", compatByteOffsets: true, compatVectorsPage: true, taintFlags: 18,
	},
	{
		name:               "4.19.266",
		userHitNotReported: true, lastStepWins: true, compatByteOffsets: true, watchReport: true,
		compatVectorsPage: true, taintFlags: 18,
	},
	{
		name:               "6.1.176",
		userHitNotReported: true, lastStepWins: true, compatByteOffsets: true, watchReport: true,
		compatVectorsPage: true, addInPlace: true, removeInPlace: true, pinnedFailureStops: true,
		deadAtOnce: true, untagAnd: true, exitPerfFirst: true, capPerfmon: true, mergeSchedIn: true,
		modifyChildren: true, uaccessUnpriv: true, six: true, packageID: true,
		emptyMessage: true, taintFlags: 19,
	},
	{
		name:               "6.1.192",
		userHitNotReported: true, lastStepWins: true, compatByteOffsets: true, watchReport: true,
		compatVectorsPage: true, basOverflow: true, addInPlace: true, removeInPlace: true,
		pinnedFailureStops: true, deadAtOnce: true, untagAnd: true, exitPerfFirst: true, capPerfmon: true,
		mergeSchedIn: true, modifyChildren: true, eventDisable: true, uaccessUnpriv: true, six: true,
		packageID: true, emptyMessage: true, taintFlags: 19,
	},
}

// Profiles returns the names of the kernel profiles, oldest first.
func Profiles() []string {
	names := make([]string, len(profiles))
	for i := range profiles {
		names[i] = profiles[i].name
	}
	return names
}

// profileByName returns the profile of that name, or nil. "4.19" and "6.1" stand for 4.19.116 and
// 6.1.192.
func profileByName(name string) *profile {
	switch name {
	case "", "4.19":
		name = "4.19.116"
	case "6.1":
		name = "6.1.192"
	}
	for i := range profiles {
		if profiles[i].name == name {
			return &profiles[i]
		}
	}
	return nil
}

// A Preset holds what a core says about its debug registers.
type Preset struct {
	Name       string
	BRPs, WRPs int
	UAO        bool  // user copies use unprivileged loads and stores (R-EXC-17)
	DebugVer   uint8 // ID_AA64DFR0_EL1.DebugVer
}

var presets = [...]Preset{
	{"cortex-a35", 6, 4, false, 6},
	{"cortex-a53", 6, 4, false, 6},
	{"cortex-a55", 6, 4, true, 8},
	{"cortex-a57", 6, 4, false, 6},
	{"cortex-a72", 6, 4, false, 6},
	{"cortex-a73", 6, 4, false, 6},
	{"cortex-a75", 6, 4, true, 8},
	{"cortex-a76", 6, 4, true, 8},
	{"cortex-a510", 6, 4, true, 9},
	{"cortex-a710", 6, 4, true, 9},
	{"neoverse-n1", 6, 4, true, 8},
	{"neoverse-v1", 6, 4, true, 9},
	{"max", 16, 16, true, 9},
}

// Presets returns the cores that Config.CPU may name.
func Presets() []Preset { return append([]Preset(nil), presets[:]...) }

func presetByName(name string) *Preset {
	if name == "" {
		name = "cortex-a57"
	}
	for i := range presets {
		if presets[i].Name == name {
			return &presets[i]
		}
	}
	return nil
}
