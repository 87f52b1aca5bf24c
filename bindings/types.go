// The Go types that arguments and results have where a plain one would not say enough.

package bindings

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A Fill writes the fields that a script gave into a struct that holds the defaults. It does not return when
// the script gave something that cannot be meant.
type Fill[T any] func(*T)

// An Attr is an attribute table of a script, and what may stand beside it in the call.
type Attr struct {
	hwdebug.Attr
	Task  *sim.Task
	CPU   int
	OnHit sim.Handler

	hasLen bool
}

// attrOf fills in what a script asks of a new event.
func attrOf(a hwdebug.Attr, fill Fill[Attr]) Attr {
	attr := Attr{Attr: a, CPU: -1}
	fill(&attr)
	if attr.Type == hwdebug.X && !attr.hasLen {
		attr.Len = 4
	}
	return attr
}

type (
	// A Reg is the base of a register bank in the kernel's numbering.
	Reg int
	// An Op is what is to be done with a slot: the kernel's number of it.
	Op int
	// A SlotKind says whether a slot is a watchpoint's.
	SlotKind bool
	// Which is one of the two ptrace register sets.
	Which hwdebug.PtraceSet
	// A View names a view of a call chain.
	View string
	// A Delay is a time in jiffies, or in nanoseconds when Ns is set.
	Delay struct {
		Jiffies uint64
		Ns      int64
	}
	// Millis is a time to sleep in milliseconds.
	Millis float64
	// A Maybe is a number that may be left out.
	Maybe struct {
		N   int
		Set bool
	}
	// Counts are registers: as many on each CPU, or for each CPU its own.
	Counts struct {
		All int
		Per []int
	}
	// A Match says whether a line is wanted; nil wants all.
	Match func(line string) bool
	// A TaskFunc, WorkFunc or Thunk is a function of the script.
	TaskFunc func(*sim.Task) error
	WorkFunc func(*sim.Work) error
	Thunk    func() error
	// Each is gone through with for.
	Each[T any] []T
)

// RegWords are the names of the four banks.
var RegWords = []string{"BVR", "BCR", "WVR", "WCR"}

// ParseReg reads the name of a bank.
func ParseReg(s string) (Reg, bool) {
	switch s {
	case "BVR":
		return arm64.BVR, true
	case "BCR":
		return arm64.BCR, true
	case "WVR":
		return arm64.WVR, true
	case "WCR":
		return arm64.WCR, true
	}
	return 0, false
}

// OpWords are the names of the slot operations, in the kernel's order.
var OpWords = []string{"install", "uninstall", "restore"}

// ParseOp reads the name of a slot operation.
func ParseOp(s string) (Op, bool) {
	for i, w := range OpWords {
		if s == w {
			return Op(i), true
		}
	}
	return 0, false
}

// KindWords are the names of the two kinds of slots.
var KindWords = []string{"bp", "wp"}

// ParseSlotKind reads "bp" or "wp".
func ParseSlotKind(s string) (SlotKind, bool) { return s == "wp", s == "wp" || s == "bp" }

// WhichWords are the names of the two ptrace sets.
var WhichWords = []string{"watch", "break"}

// ParseWhich reads "watch" or "break".
func ParseWhich(s string) (Which, bool) {
	if s == "watch" {
		return Which(hwdebug.HwWatch), true
	}
	return Which(hwdebug.HwBreak), s == "break"
}

// ViewWords are the names of the two views of a call chain.
var ViewWords = []string{"frames", "full"}

// ParseView reads "frames" or "full".
func ParseView(s string) (View, bool) { return View(s), s == "frames" || s == "full" }

// TypeWords are the names of what an event may watch.
var TypeWords = []string{"r", "w", "rw", "x"}

// ParseType reads what an event watches.
func ParseType(s string) (hwdebug.BPType, bool) {
	switch s {
	case "r":
		return hwdebug.R, true
	case "w":
		return hwdebug.W, true
	case "rw":
		return hwdebug.RW, true
	case "x":
		return hwdebug.X, true
	}
	return 0, false
}

var units = []struct {
	name string
	ns   float64
}{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}

// ParseDelay reads a time with its unit, such as "28s" or "1.5ms".
func ParseDelay(s string) (Delay, error) {
	t := strings.TrimSpace(s)
	i := strings.LastIndexAny(t, "0123456789.") + 1
	unit := strings.TrimSpace(t[i:])
	n, err := strconv.ParseFloat(t[:i], 64)
	if err != nil || n < 0 || strings.ContainsAny(t[:i], "xXpPeE_+-") {
		return Delay{}, fmt.Errorf("%q is no time: write jiffies as a number, or a time such as \"28s\" or \"250ms\"", s)
	}
	for _, u := range units {
		if u.name == unit {
			ns := math.Ceil(n * u.ns)
			if ns > math.MaxInt64/2 {
				return Delay{}, fmt.Errorf("%q is too long", s)
			}
			return Delay{Ns: int64(ns)}, nil
		}
	}
	return Delay{}, fmt.Errorf("%q has no unit that is known: ns, us, ms, s, min or h, or write jiffies as a number", s)
}

// CheckMillis fails for what is no time to sleep.
func CheckMillis(ms float64) (Millis, error) {
	switch {
	case math.IsNaN(ms) || ms < 0:
		return 0, fmt.Errorf("%v is no time to sleep; give milliseconds, 0 or more", ms)
	case ms > math.MaxInt64/4e6:
		return 0, fmt.Errorf("%v ms are too many; the machine's clock counts nanoseconds in 63 bits", ms)
	}
	return Millis(ms), nil
}

// in gives the delay in the machine's jiffies, rounded up.
func (d Delay) in(m *sim.Machine) uint64 {
	if d.Ns > 0 {
		return m.JiffiesOf(d.Ns)
	}
	return d.Jiffies
}

// Bank is one CPU's registers of one kind.
type Bank struct {
	CPU  *sim.CPU
	Base int
}

// Len is the number of registers that the CPU implements.
func (b Bank) Len() int {
	if b.Base < arm64.WVR {
		return b.CPU.BRPs()
	}
	return b.CPU.WRPs()
}

// Name is the kernel's word for the bank.
func (b Bank) Name() string { return RegWords[b.Base/arm64.MaxRegs] }

// OnReg is one CPU's slots of one kind.
type OnReg struct {
	CPU   *sim.CPU
	Watch bool
}

// Len is the number of slots.
func (s OnReg) Len() int {
	if s.Watch {
		return s.CPU.WRPs()
	}
	return s.CPU.BRPs()
}

// Event is the event in slot n, nil when it is empty.
func (s OnReg) Event(n int) *sim.Event {
	if s.Watch {
		return s.CPU.WpOnReg(n)
	}
	return s.CPU.BpOnReg(n)
}

// CPUs are a machine's CPUs.
type CPUs struct{ Machine *sim.Machine }

// Slots are what is reserved and installed on one CPU, or on all of them.
type Slots struct {
	Use []sim.SlotUse
	One bool
}

// A Record is one record of the trace, in the words of a script.
type Record struct {
	Fn, Comm   string
	CPU, Depth int
	PID        int
	T          float64 // seconds
	Args       []any   // *sim.Event, *sim.Task, int64, uint64, string or nil
	Ret        any     // nil while it runs, and for a function without a result
	Text       string  // the call and its result in words
}
