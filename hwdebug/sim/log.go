// The kernel log: lines with their stamps, warnings, and dump_stack in the kernel's format (spec chapter 10).

package sim

import (
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug/trace"
)

// taintLetters holds the letter of each taint flag that is set, in the order in which they are printed
// (R-LOG-4).
const taintLetters = "PFSRMBUDAWCIOELKXTNJ"

// taintNames holds what each flag is called where the header says so.
var taintNames = [len(taintLetters)]string{
	"PROPRIETARY_MODULE", "FORCED_MODULE", "CPU_OUT_OF_SPEC", "FORCED_RMMOD", "MACHINE_CHECK", "BAD_PAGE",
	"USER", "DIE", "OVERRIDDEN_ACPI_TABLE", "WARN", "CRAP", "FIRMWARE_WORKAROUND", "OOT_MODULE",
	"UNSIGNED_MODULE", "SOFTLOCKUP", "LIVEPATCH", "AUX", "RANDSTRUCT", "TEST", "FWCTL",
}

const (
	taintS = 1 << 2
	taintW = 1 << 9
)

// parseTaint returns the taint flags whose letters s contains.
func parseTaint(s string) uint32 {
	var t uint32
	for _, r := range s {
		if i := strings.IndexRune(taintLetters, r); i >= 0 {
			t |= 1 << i
		}
	}
	return t
}

// taintText returns "Not tainted", or "Tainted: " and one character for each flag: a letter, or a blank if
// it is clear.
//
// kernel/panic.c: print_tainted
func (m *Machine) taintText() string {
	if m.taint == 0 {
		return "Not tainted"
	}
	b := []byte("Tainted: ")
	for i := 0; i < m.prof.taintFlags; i++ {
		switch {
		case m.taint>>i&1 != 0:
			b = append(b, taintLetters[i])
		case i == 0:
			b = append(b, 'G')
		default:
			b = append(b, ' ')
		}
	}
	return string(b)
}

// taintVerbose returns "Tainted: " and the letters with the names of the flags that are set.
//
// kernel/panic.c: print_tainted_verbose
func (m *Machine) taintVerbose() string {
	var flags []string
	for i := range m.prof.taintFlags {
		if m.taint>>i&1 != 0 {
			flags = append(flags, sprintf("[%c]=%s", taintLetters[i], taintNames[i]))
		}
	}
	return "Tainted: " + strings.Join(flags, ", ")
}

// stamp returns the prefix of a line: seconds and microseconds since boot (R-LOG-1).
func stamp(t time.Duration) string {
	return sprintf("[%5d.%06d] ", t/time.Second, t%time.Second/time.Microsecond)
}

// logf adds one message to the log, with a stamp on each of its lines.
func (m *Machine) logf(format string, args ...any) {
	for line := range strings.SplitSeq(sprintf(format, args...), "\n") {
		m.noteBug(line)
		line = stamp(m.now) + line
		m.log = append(m.log, line)
		m.logSize += len(line)
	}
}

// printkMax is the length of the longest message that the kernel keeps (R-LOG-13).
const printkMax = 991

// Printk logs text as one message of the caller: each of its lines with a stamp. A newline at the end ends
// the message and begins no further line. A NUL ends the text, as in C, and what is longer than the kernel
// keeps is cut (R-LOG-13).
//
// kernel/printk/printk.c: printk
func (m *Machine) Printk(text string) error {
	if err := m.preempt(); err != nil {
		return err
	}
	defer m.done(m.here())
	fn := fnPrintk
	if m.prof.six {
		fn = fnPrintkSix
	}
	defer m.leave(m.enter0(fn))
	text, _, _ = strings.Cut(text[:min(len(text), printkMax)], "\x00")
	if text != "" || m.prof.emptyMessage {
		was := m.bug
		m.logf("%s", strings.TrimSuffix(text, "\n"))
		m.bug = was // the caller's text, whatever it says
	}
	return nil
}

// Dmesg returns the lines of the kernel log in the kernel's format.
func (m *Machine) Dmesg() []string { return append([]string(nil), m.log...) }

// The once-only warnings.
const (
	warnNoSlot uint = iota
	warnUnhandledOps
	warnCallIrqsOff
	warnCallNotTask
	warnVariation
)

// once reports whether the warning occurs for the first time.
func (m *Machine) once(which uint) bool {
	first := m.warned>>which&1 == 0
	m.warned |= 1 << which
	return first
}

// warnOnce logs a warning in fn the first time it occurs, with text unless that is empty, and taints the
// kernel (R-LOG-9).
func (m *Machine) warnOnce(which uint, text string, fn traceFn) {
	if m.once(which) {
		m.warn(text, fn)
	}
}

// warn does so every time.
func (m *Machine) warn(text string, fn traceFn) {
	c := m.cpu
	f := &fns[fn.Name()]
	m.logf("------------[ cut here ]------------")
	if text != "" {
		m.logf("%s", text)
	}
	if m.prof.warnFileFirst {
		m.logf("WARNING: %s:%d at %s, CPU#%d: %s/%d",
			f.File, lineIn(f.Name), symbol(f.Name, false), c.id, c.curr.comm, c.curr.pid)
	} else {
		m.logf("WARNING: CPU: %d PID: %d at %s:%d %s",
			c.id, c.curr.pid, f.File, lineIn(f.Name), symbol(f.Name, false))
	}
	m.logf("Modules linked in:")
	m.dumpHeader()
	m.logf("Call trace:")
	m.logChain(c.node, false)
	m.logf("---[ end trace %016x ]---", uint64(hash(text))<<32|uint64(m.warned))
	m.taint |= taintW
}

// lineIn returns the line of a function's check. In a kernel it depends on the release; here it follows from
// the name, so that it is the same in every run.
func lineIn(fn string) int { return 100 + int(hash(fn)%400) }

// DumpStackIn adds a dump_stack to each later entry of fn. fn is a modelled function, or a caller's
// function with the name of one.
func (m *Machine) DumpStackIn(fn string) error {
	return m.attendTo(fn, dumpsStack)
}

// DumpStack logs the stack of the caller.
func (m *Machine) DumpStack() error {
	if !m.traced {
		return errNoTrace
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	m.dumpStack()
	return nil
}

// dumpStack logs the stack of the CPU that runs now (R-LOG-2).
//
// lib/dump_stack.c: dump_stack
func (m *Machine) dumpStack() {
	if m.dumping {
		return
	}
	m.dumping = true
	defer func() { m.dumping = false }()
	c := m.cpu
	at := c.node
	k := m.enterAll(fnDumpStack)
	if m.prof.six {
		m.enter0(fnDumpStackLvl)
		m.enter0(framed(fnShowStack, true)) // it has a frame in 6.1 (R-LOG-8)
	} else {
		m.enter0(fnShowStack)
	}
	if !m.prof.dumpModel {
		m.enter0(fnDumpBacktrace)
	}
	k.last = m.rec.Seq()
	m.dumpHeader()
	m.logf("Call trace:")
	m.logChain(c.node, true)
	m.leaveAll(k)
	c.node = at
}

// dumpHeader logs the header of a dump, the hardware line and the workqueue line (R-LOG-3 to 6).
func (m *Machine) dumpHeader() {
	c := m.cpu
	comm := c.curr.comm
	if len(comm) > 20 {
		comm = comm[:20]
	}
	version, _, _ := strings.Cut(m.cfg.Version, " ")
	uid, end := "", ""
	if m.prof.dumpUID {
		uid = sprintf(" UID: %d", c.curr.uid)
	}
	switch {
	case m.prof.dumpModel:
		end = " PREEMPTLAZY  "
	case m.prof.packageID:
		end = " "
	}
	m.logf("CPU: %d%s PID: %d Comm: %s %s %s %s%s",
		c.id, uid, c.curr.pid, comm, m.taintText(), m.cfg.Release, version, end)
	if m.prof.dumpUID && m.taint != 0 {
		m.logf("%s", m.taintVerbose())
	}
	m.logf("Hardware name: %s (DT)", m.cfg.Name)
	if th := c.curr.thread; th != nil && th.worker != nil && th.worker.current != nil {
		m.logf("Workqueue: events %s", th.worker.current.name)
	}
}

// logChain logs the frames of a stack, innermost first. dump is set if the stack begins with the dump's own
// functions.
func (m *Machine) logChain(n trace.NodeID, dump bool) {
	before := ""
	for i, name := range m.rec.Chain(n, trace.Frames) {
		source := ""
		switch first := dump && i == 0; {
		case !m.prof.dumpModel:
			m.logf(" %s", symbol(name, first))
			continue
		case first:
			source = " (C)"
		case strings.HasPrefix(before, "el1h_64_") && !strings.HasSuffix(before, "_handler"):
			source = " (P)"
		}
		m.logf(" %s%s", symbol(name, false), source)
		before = name
	}
}

// symbol returns a frame as name+offset/size. In a kernel, offset and size depend on the build; here they
// follow from the name, so that they are the same in every run. self marks the first frame of a dump, which
// is at +0x0. So are the callers in two frames of the exit path, where a call ends the function (R-LOG-7,
// 8).
func symbol(name string, self bool) string {
	h := hash(name)
	size := 0x40 + h%0x400&^3
	off := 4 + (h>>12)%(size-4)&^3
	switch {
	case name == "write_wb_reg":
		off, size = 0x3c, 0x284
	case name == "do_group_exit":
		off, size = 0, 0x160
	case name == "__se_sys_exit":
		off, size = 0, 0x20
	case self:
		off = 0
	}
	return sprintf("%s+0x%x/0x%x", name, off, size)
}

// hash returns the FNV-1a hash of s.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
