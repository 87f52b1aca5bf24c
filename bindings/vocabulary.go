// The words that stand for values, in scripts and in what they get.

package bindings

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

var typeWords = vocabulary[hwdebug.BPType]{
	{hwdebug.R.String(), hwdebug.R, "loads"},
	{hwdebug.W.String(), hwdebug.W, "stores"},
	{hwdebug.RW.String(), hwdebug.RW, "loads and stores"},
	{hwdebug.X.String(), hwdebug.X, "instructions"},
}

// formatWords are the parts of read_format.
var formatWords = vocabulary[hwdebug.ReadFormat]{
	{"group", hwdebug.ReadGroup, "the counts of the whole group"},
	{"total_time_enabled", hwdebug.ReadTimeEnabled, "the time that it was enabled"},
	{"total_time_running", hwdebug.ReadTimeRunning, "the time that it was in a register"},
	{"id", hwdebug.ReadID, "the kernel's number of each event"},
}

// kindWords are the kinds of an access.
var kindWords = vocabulary[hwdebug.Kind]{
	{hwdebug.Load.String(), hwdebug.Load, "a load"},
	{hwdebug.Store.String(), hwdebug.Store, "a store"},
	{hwdebug.Exec.String(), hwdebug.Exec, "an instruction"},
}

// privilegeWords are the exception levels that a control word selects.
var privilegeWords = vocabulary[arm64.Privilege]{
	{"el0", arm64.EL0, "user mode"},
	{"el1", arm64.EL1, "the kernel"},
	{"el0+el1", arm64.EL0 | arm64.EL1, "both"},
	{"none", 0, "neither"},
}

// bankWords are the register banks, by their base in the kernel's numbering.
var bankWords = vocabulary[int]{
	{"BVR", arm64.BVR, "breakpoint value"},
	{"BCR", arm64.BCR, "breakpoint control"},
	{"WVR", arm64.WVR, "watchpoint value"},
	{"WCR", arm64.WCR, "watchpoint control"},
}

// registerWords are the registers that hw.explain knows.
var registerWords = vocabulary[arm64.Reg]{
	{"BVR", arm64.RegBVR, "breakpoint value"},
	{"BCR", arm64.RegBCR, "breakpoint control"},
	{"WVR", arm64.RegWVR, "watchpoint value"},
	{"WCR", arm64.RegWCR, "watchpoint control"},
	{"MDSCR_EL1", arm64.RegMDSCR, "monitor debug system control"},
	{"ID_AA64DFR0_EL1", arm64.RegIDAA64DFR0, "debug features"},
}

// opWords are the operations on a slot, by the kernel's number.
var opWords = vocabulary[int]{
	{"install", 0, "take the first empty slot"},
	{"uninstall", 1, "leave the slot"},
	{"restore", 2, "find the slot again"},
}

// slotWords are the kinds of slots; true is a watchpoint's.
var slotWords = vocabulary[bool]{
	{"bp", false, "breakpoint slots"},
	{"wp", true, "watchpoint slots"},
}

// setWords are the register sets of ptrace.
var setWords = vocabulary[hwdebug.PtraceSet]{
	{"watch", hwdebug.HwWatch, "NT_ARM_HW_WATCH"},
	{"break", hwdebug.HwBreak, "NT_ARM_HW_BREAK"},
}

// viewWords are the views of a call chain.
var viewWords = vocabulary[trace.View]{
	{"frames", trace.Frames, "the names that a stack dump of the reference build shows"},
	{"full", trace.Full, "every modelled function"},
}
