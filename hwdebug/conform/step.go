// The content of a recording: its first line, cases, steps, and observations.

package conform

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Meta is the first line of a recording: the kernel and the machine.
type Meta struct {
	Release, Version string // of the kernel, as uname has them
	QEMU, Machine    string
	CPUs             int
	BRPs, WRPs       int    // numbers of breakpoint and watchpoint registers
	DFR0             uint64 // ID_AA64DFR0_EL1
	// The bases of symbolic addresses: 4096 bytes each of user data, user code and kernel data, and 64 kernel
	// instructions.
	UBuf, UCode, KBuf, KCode uint64
}

// Kernel returns the version of the recorded kernel, such as "6.1.176": the last version in Version
// (a distribution's release string names its interface, not its source), or else in Release.
func (m *Meta) Kernel() string {
	return cmp.Or(lastVersion(m.Version), lastVersion(m.Release), m.Release)
}

// Core returns the name of the recorded CPUs, such as "cortex-a57": the word behind "cpu" in Machine, or "".
func (m *Meta) Core() string {
	words := strings.FieldsFunc(m.Machine, func(r rune) bool { return r == ' ' || r == ',' })
	for i, w := range words[:max(len(words)-1, 0)] {
		if w == "cpu" {
			return words[i+1]
		}
	}
	return ""
}

// lastVersion returns the last word of s that begins with three numbers joined by dots.
func lastVersion(s string) string {
	last := ""
	for _, word := range strings.Fields(s) {
		end := strings.IndexFunc(word, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end >= 0 {
			word = word[:end]
		}
		if strings.Count(word, ".") == 2 && !strings.HasPrefix(word, ".") && !strings.HasSuffix(word, ".") {
			last = word
		}
	}
	return last
}

// A Case is one line of a recording: steps that are performed in order on a fresh machine.
type Case struct {
	ID    string // family, a slash, name
	Line  int    // of its file, from 1
	CPUs  int
	Steps []Step
	// KDE lists the CPUs whose MDSCR_EL1.KDE was still set after everything of the case was released.
	KDE []int
	// Violation describes any other residue of the case, as text of the recording.
	Violation string

	words []uint64 // the storage of all registers of the steps
	hits  []Hit
	pairs []hwdebug.PtraceReg

	writes    []hwdebug.RegWrite
	hasWrites bool // a step says which registers it wrote
}

// An Op is the operation of a step.
type Op uint8

// The operations of the format.
const (
	OpOpen Op = iota
	OpClose
	OpEnable
	OpDisable
	OpModify
	OpRead
	OpKWide
	OpKUnwide
	OpKUser
	OpKMod
	OpKUnreg
	OpTask
	OpFork
	OpMigrate
	OpExit
	OpAccess
	OpUAccess
	OpKAccess
	OpDump
	OpPtraceSet
	OpPtraceGet
	OpCPUDown
	OpCPUUp
	OpExec
	OpHbpSet
	OpHbpGet
	OpReset
	OpRefresh
	OpPeriod
	OpReadGroup
	OpPMU
	OpSW
	OpBPF
	numOps
)

// fieldSet is a set of a step's keys; obsSet of an observation's.
type (
	fieldSet uint64
	obsSet   uint32
)

const (
	fOp fieldSet = 1 << iota
	fH
	fT
	fFrom
	fTask
	fCPU
	fType
	fAddr
	fLen
	fDisabled
	fPinned
	fInherit
	fExcludeUser
	fExcludeKernel
	fExcludeHV
	fCustom
	fKind
	fSize
	fWhich
	fIdx
	fCtrl
	fRet
	fObs
	fMark
	fPeriod
	fFreq
	fEnableOnExec
	fRemoveOnExec
	fInheritThread
	fSigtrap
	fReadGroup
	fGroup
	fConfig
	fN
	fFlagGroup
	fCompat
	fOn
	fNum
	fValue
	fW
)

const (
	oHits obsSet = 1 << iota
	oErr
	oTrap
	oCount
	oCPU
	oBVR
	oBCR
	oWVR
	oWCR
	oMDSCR
	oInfo
	oRegs
	oSamples
	oThrottled
	oSigtrap
	oGroup
	oValue
)

// An opRule lists the keys that a step with that op must have and may have besides op, ret and
// mark, and the keys of what is observed if it succeeds.
type opRule struct {
	name             string
	must, may        fieldSet
	obsMust, obsMay  obsSet
	needs            hwdebug.Feature // that a target must have; empty: none
	whichCPU         bool            // cpu must be a CPU of the machine
	userOrCPU        bool            // exactly one of t and cpu is given
	readOrWriteKinds bool            // kind x is invalid
}

const (
	attrKeys    = fType | fAddr | fLen
	kernelFlags = fDisabled | fExcludeUser | fExcludeKernel | fCustom | fPeriod
	sampleFlags = fPeriod | fFreq | fEnableOnExec | fRemoveOnExec | fInheritThread | fSigtrap
	groupFlags  = fReadGroup | fGroup
	neighbour   = fDisabled | fPinned | groupFlags
	accessKeys  = fKind | fAddr | fSize
	accessed    = oErr | oTrap | oSamples | oThrottled | oSigtrap
	dumped      = oCPU | oBVR | oBCR | oWVR | oWCR | oMDSCR
)

var opRules = [numOps]opRule{
	OpOpen: {
		name: "open", must: fH | fTask | fCPU | attrKeys,
		may: fDisabled | fPinned | fInherit | fExcludeUser | fExcludeKernel | fExcludeHV | sampleFlags |
			groupFlags,
	},
	OpClose:   {name: "close", must: fH},
	OpEnable:  {name: "enable", must: fH, may: fFlagGroup},
	OpDisable: {name: "disable", must: fH, may: fFlagGroup},
	OpModify:  {name: "modify", must: fH | attrKeys, may: fDisabled},
	OpRead:    {name: "read", must: fH, obsMust: oCount},

	OpKWide:   {name: "kwide", must: fH | attrKeys, may: kernelFlags, needs: hwdebug.FeatureKernelEvents},
	OpKUnwide: {name: "kunwide", must: fH, needs: hwdebug.FeatureKernelEvents},
	OpKUser: {name: "kuser", must: fH | fTask | attrKeys, may: kernelFlags,
		needs: hwdebug.FeatureKernelEvents},
	OpKMod: {name: "kmod", must: fH | attrKeys, may: kernelFlags &^ fPeriod,
		needs: hwdebug.FeatureKernelEvents},
	OpKUnreg: {name: "kunreg", must: fH, needs: hwdebug.FeatureKernelEvents},

	OpTask: {name: "task", must: fT | fCPU, may: fCompat, needs: hwdebug.FeatureTasks,
		whichCPU: true},
	OpFork:    {name: "fork", must: fT | fFrom, needs: hwdebug.FeatureTasks},
	OpMigrate: {name: "migrate", must: fT | fCPU, needs: hwdebug.FeatureTasks, whichCPU: true},
	OpExit:    {name: "exit", must: fT, needs: hwdebug.FeatureTasks},

	OpAccess: {name: "access", must: fT | accessKeys, obsMust: oHits, obsMay: accessed},
	OpUAccess: {
		name: "uaccess", must: fT | accessKeys, obsMust: oHits, obsMay: accessed,
		needs: hwdebug.FeatureUserCopy, readOrWriteKinds: true,
	},
	OpKAccess: {
		name: "kaccess", must: fCPU | accessKeys, obsMust: oHits, obsMay: accessed,
		needs: hwdebug.FeatureKernelAccess, whichCPU: true,
	},
	OpDump: {
		name: "dump", may: fT | fCPU, obsMust: dumped,
		needs: hwdebug.FeatureRegisters, whichCPU: true, userOrCPU: true,
	},
	OpPtraceSet: {name: "ptrace_set", must: fT | fWhich | fIdx | fAddr | fCtrl, needs: hwdebug.FeaturePtrace},
	OpPtraceGet: {name: "ptrace_get", must: fT | fWhich, obsMust: oInfo | oRegs,
		needs: hwdebug.FeaturePtrace},

	OpCPUDown: {name: "cpu_down", must: fCPU, needs: hwdebug.FeatureHotplug, whichCPU: true},
	OpCPUUp:   {name: "cpu_up", must: fCPU, needs: hwdebug.FeatureHotplug, whichCPU: true},
	OpExec:    {name: "exec", must: fT, may: fCompat, needs: hwdebug.FeatureExec},
	OpHbpSet:  {name: "hbp_set", must: fT | fOn | fNum | fValue, needs: hwdebug.FeatureCompat},
	OpHbpGet: {name: "hbp_get", must: fT | fOn | fNum, obsMust: oValue,
		needs: hwdebug.FeatureCompat},
	OpReset:     {name: "reset", must: fH, needs: hwdebug.FeatureSampling},
	OpRefresh:   {name: "refresh", must: fH | fN, needs: hwdebug.FeatureSampling},
	OpPeriod:    {name: "period", must: fH | fN, needs: hwdebug.FeatureSampling},
	OpReadGroup: {name: "read_group", must: fH, obsMust: oGroup, needs: hwdebug.FeatureGroups},
	OpPMU: {name: "pmu", must: fH | fTask | fCPU | fConfig, may: neighbour,
		needs: hwdebug.FeaturePMUEvents},
	OpSW: {name: "sw", must: fH | fTask | fCPU | fConfig, may: neighbour,
		needs: hwdebug.FeatureSoftwareEvents},
	OpBPF: {name: "bpf", must: fH | fN, needs: hwdebug.FeatureBPF},
}

var ops = func() *words {
	names := make([]string, numOps)
	for i := range names {
		names[i] = opRules[i].name
	}
	return wordsOf(names...)
}()

// String returns the format's name of the operation.
func (o Op) String() string {
	if o < numOps {
		return opRules[o].name
	}
	return "op " + strconv.Itoa(int(o))
}

// A Base is the buffer from which a symbolic address counts.
type Base uint8

const (
	Absolute Base = iota // the address is a number
	UBuf                 // the tasks' data
	UCode                // the tasks' code
	KBuf                 // the kernel's data
	KCode                // the kernel's code
	TCode                // the Thumb code of 32-bit tasks
)

var bases = wordsOf("", "ubuf", "ucode", "kbuf", "kcode", "tcode")

// thumbCode is the address of tcode, which no recording's first line has.
const thumbCode = 0x21000000

// An Addr is an address of a recording: an offset in one of the buffers, or a number.
type Addr struct {
	Base Base
	N    uint64
}

// Value returns the address on the machine that m describes. It wraps at 2^64.
func (a Addr) Value(m *Meta) uint64 {
	return [...]uint64{0, m.UBuf, m.UCode, m.KBuf, m.KCode, thumbCode}[a.Base] + a.N
}

func (a Addr) String() string {
	if a.Base == Absolute {
		return "0x" + strconv.FormatUint(a.N, 16)
	}
	return bases.names[a.Base] + "+" + strconv.FormatUint(a.N, 10)
}

// A Ret is the result of a step: OK, a Linux errno number, or an answer of the driver.
type Ret int

// OK is success. The answers of the driver are below zero: it made no call and changed nothing.
const (
	OK         Ret = -iota
	NoHandle       // no live handle of that name and kind
	NoTask         // no live task of that name
	BusyHandle     // the handle's name is in use
	BusyTask       // the task's name was used before
	noErrno        // the target failed without an errno, which no kernel does
)

var rets = wordsOf("OK", "NOHANDLE", "NOTASK", "BUSYHANDLE", "BUSYTASK", "FAILED")

func (r Ret) String() string {
	if r <= OK && -int(r) < len(rets.names) {
		return rets.names[-r]
	}
	if e, ok := hwdebug.ErrnoByNumber(int(r)); ok {
		return hwdebug.ErrnoName(e)
	}
	return strconv.Itoa(int(r))
}

// A Mark is a set of reasons why a step depends on the recorded machine.
type Mark uint8

const (
	MarkFar       Mark = 1 << iota // several watchpoints overlap the access
	MarkBAS                        // a breakpoint with an irregular byte select is or was programmed
	MarkTraceStep                  // the task had a ptrace trap before, in a case with other events too
	MarkNondet                     // two recordings differ here
)

var marks = wordsOf("far", "bas", "tracestep", "nondet")

// Names returns the names of the marks in the order of the constants.
func (m Mark) Names() []string {
	var names []string
	for i, name := range marks.names {
		if m>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}

// A Hit is the growth of one handle's count.
type Hit struct {
	H int
	N uint64
}

// An Obs is the observation of a successful step. The op determines which fields are used.
type Obs struct {
	Hits []Hit        // access ops: by rising handle, without those that did not grow
	Err  []int        // access ops: handles in the error state, rising
	Trap hwdebug.Trap // access ops; N is 0 if there was none
	// Samples holds the growth of the number of samples, Throttled the handles that were throttled since
	// the last look.
	Samples   []Hit
	Throttled []int
	Count     uint64       // read
	Failed    bool         // read: the event is in the error state and has no count
	Uncounted bool         // read of another event than a breakpoint: its count is not recorded
	Regs      hwdebug.Regs // dump
	Info      uint32       // ptrace_get
	Pairs     []hwdebug.PtraceReg
	Group     []Hit  // read_group: the count of each handle of the group, the leader's first
	Value     uint32 // hbp_get
}

// A Step is one operation and its outcome. Handles and tasks are the numbers in their names.
type Step struct {
	Op    Op
	H     int
	T     int // the task that acts or is made; -1: none (dump of a CPU)
	From  int // fork
	Task  int // open, kuser: the task that the event follows; -1: none
	CPU   int
	Attr  hwdebug.Attr // without its address, which is Addr
	Addr  Addr
	Group int // open, pmu, sw: the handle of the group's leader, with InGroup
	Kind  hwdebug.Kind
	Size  int
	Which hwdebug.PtraceSet
	Idx   int
	Ctrl  uint32
	// Custom requests a handler that skips the instruction at every third call, instead of the
	// kernel's default handler.
	Custom    bool
	InGroup   bool   // open, pmu, sw: as a member of a group
	FlagGroup bool   // enable, disable: for the whole group
	Compat    bool   // task, exec: a 32-bit task
	On        int    // hbp_set, hbp_get: the tracee
	Num       int    // of the register
	N         uint64 // refresh, period, bpf
	Config    uint64 // pmu, sw

	Ret  Ret
	Obs  Obs
	Mark Mark
	// Writes are the register writes that the step caused, in order, if the recording has them.
	Writes    []hwdebug.RegWrite
	HasWrites bool

	fields fieldSet
	obs    obsSet
}

// String returns the request on one line, without its outcome.
func (s *Step) String() string {
	var b strings.Builder
	b.WriteString(s.Op.String())
	must := opRules[s.Op].must
	for _, part := range []struct {
		on    bool
		text  string
		value any
	}{
		{must&fH != 0, " h", s.H},
		{s.T >= 0 && (must&fT != 0 || s.Op == OpDump), " t", s.T},
		{must&fFrom != 0, " from t", s.From},
		{must&fTask != 0 && s.Task < 0, " no task", ""},
		{must&fTask != 0 && s.Task >= 0, " t", s.Task},
		{must&fCPU != 0 || s.Op == OpDump && s.T < 0, " cpu ", s.CPU},
		{must&fKind != 0, " ", s.Kind},
		{must&fWhich != 0, " ", sets.names[s.Which]},
		{must&fIdx != 0, " entry ", s.Idx},
		{must&fType != 0, " type ", s.Attr.Type},
		{must&fAddr != 0, " addr ", s.Addr},
		{must&fLen != 0, " len ", s.Attr.Len},
		{must&fSize != 0, " size ", s.Size},
		{must&fCtrl != 0, " ctrl 0x", strconv.FormatUint(uint64(s.Ctrl), 16)},
		{s.Attr.Disabled, " disabled", ""},
		{s.Attr.Pinned && s.Op == OpOpen, " pinned", ""},
		{s.Attr.Inherit, " inherit", ""},
		{s.Attr.ExcludeUser, " exclude_user", ""},
		{s.Attr.ExcludeKernel, " exclude_kernel", ""},
		{s.Attr.ExcludeHV, " exclude_hv", ""},
		{s.Custom, " custom", ""},
		{s.fields&fFreq != 0, " freq", ""},
		{s.fields&fPeriod != 0, " period ", s.Attr.SamplePeriod},
		{s.Attr.EnableOnExec, " enable_on_exec", ""},
		{s.Attr.RemoveOnExec, " remove_on_exec", ""},
		{s.Attr.InheritThread, " inherit_thread", ""},
		{s.Attr.Sigtrap, " sigtrap", ""},
		{s.InGroup, " group h", s.Group},
		{must&fConfig != 0, " config ", s.Config},
		{must&fN != 0, " ", s.N},
		{s.FlagGroup, " whole group", ""},
		{s.Compat, " compat", ""},
		{must&fOn != 0, " on t", s.On},
		{must&fNum != 0, " number ", s.Num},
		{must&fValue != 0, " value 0x", strconv.FormatUint(uint64(s.Ctrl), 16)},
	} {
		if part.on {
			fmt.Fprint(&b, part.text, part.value)
		}
	}
	return b.String()
}

// Needs returns the features that a target needs for c, in the order of their first use.
func (c *Case) Needs() []hwdebug.Feature {
	var needs []hwdebug.Feature
	for i := range c.Steps {
		for _, f := range c.Steps[i].needs() {
			if f != "" && !slices.Contains(needs, f) {
				needs = append(needs, f)
			}
		}
	}
	return needs
}

// needs returns the features that a target needs for s: for the op, and for what its flags request.
func (s *Step) needs() (all [3]hwdebug.Feature) {
	all[0] = opRules[s.Op].needs
	if s.fields&(groupFlags|fFlagGroup) != 0 {
		all[1] = hwdebug.FeatureGroups
	}
	switch {
	case s.Compat:
		all[2] = hwdebug.FeatureCompat
	case s.fields&sampleFlags != 0:
		all[2] = hwdebug.FeatureSampling
	}
	return all
}
