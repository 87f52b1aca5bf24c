// The tracker: its state, and what it does with each record.

// Package rebuild draws a board from the records of its trace: which event is in which register of which
// CPU, who holds the slots, why a request was refused, what was never released. It follows the kernel's
// rules as package sim models them: control word and address come from its hw_breakpoint_arch_parse, the
// slot is the first free one.
//
// A trace may lack records. What contradicts the records before (an uninstall of what is in no slot, an
// install of what is in one, a result without its call) is noticed, and from the moment at which the
// record must have been lost no register is known. A trace is taken to begin with empty
// slots until it shows an event from before.
//
//	t := rebuild.New(rebuild.Options{})
//	r := ftrace.NewReader(file)
//	for rec := range r.Records() {
//		t.Add(rec, r.Facts())
//	}
//	t.Finish()
//	b := t.Board()
package rebuild

import (
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// Options say what a trace does not, and what is wanted from it.
type Options struct {
	CPUs, BRPs, WRPs int    // 0: as the trace says, else those seen, 6 and 4
	Kernel           string // a release; "" as the trace says
	EL               int    // the kernel's exception level: 1, or 2 (VHE); 0: as the trace says, else 1

	Until  time.Duration       // records after it are not followed; 0: all
	Halts  []Halt              // compared with the banks between their marks
	Steps  bool                // keep what a scenario needs
	Change func(Change)        // called with each change
	Found  func(board.Finding) // called with each finding that is certain at once
}

// maxFindings bounds the findings that are kept, so that a trace without end needs no memory without end.
const maxFindings = 10_000

// A Tracker follows a trace.
type Tracker struct {
	opt        Options
	facts      ftrace.Facts
	brps, wrps int
	parser     *sim.Machine

	started    bool
	start, now time.Duration
	records    int
	line       int

	cpus    []*cpu
	byPtr   map[uint64]*event
	live    []*event // in order of creation
	older   map[uint64]bool
	threads map[int]*thread
	names   names
	wides   []*wide
	nextID  int
	wideID  int
	parents bool // opens name the event that they inherit from
	seen    [ftrace.Lost + 1]bool
	forms   [ftrace.Dmesg + 1]bool

	ptraceHandler, perfHandler uint64

	doubts      []doubt
	missed      int
	missedSince time.Duration
	perfMissing int
	findings    []board.Finding
	dropped     int // findings beyond maxFindings
	finished    bool

	steps   []step
	marking *board.Board // between two marks
	chains  []Chains
	halts   halts
	tasks   map[int]*taskSteps // by pid: in a step over
}

// New returns a tracker that has seen nothing.
func New(opt Options) *Tracker {
	// The encoding is the same on every release; this one refuses least.
	cfg := sim.Config{CPUs: 1, Kernel: "6.1.176", VABits: 48, TraceSize: -1, BRPs: 16, WRPs: 16}
	parser, err := sim.New(cfg)
	if err != nil {
		panic("rebuild: " + err.Error())
	}
	t := &Tracker{
		opt: opt, parser: parser, brps: 6, wrps: 4,
		byPtr: map[uint64]*event{}, older: map[uint64]bool{}, threads: map[int]*thread{},
		tasks: map[int]*taskSteps{},
	}
	t.names.init()
	t.halts.init(opt.Halts)
	t.counts()
	return t
}

// counts takes the numbers of registers from the options, else from the heads of the trace.
func (t *Tracker) counts() {
	pick := func(option, head, now int) int {
		for _, n := range []int{option, head, now} {
			if n > 0 {
				return min(n, arm64.MaxRegs)
			}
		}
		return 1
	}
	t.brps = pick(t.opt.BRPs, t.facts.BRPs, t.brps)
	t.wrps = pick(t.opt.WRPs, t.facts.WRPs, t.wrps)
	for _, c := range t.cpus {
		c.resize(t.brps, t.wrps)
	}
}

// Add follows one record; facts are what the heads have said up to it.
func (t *Tracker) Add(r *ftrace.Record, facts ftrace.Facts) {
	if facts != t.facts {
		t.learn(facts)
	}
	if r.Name == ftrace.Head {
		return
	}
	if r.Name == ftrace.Lost { // it has no time
		t.lost(r)
		return
	}
	if t.opt.Until > 0 && r.T > t.opt.Until {
		return
	}
	if !t.started {
		t.started, t.start, t.missedSince = true, r.T, r.T
		for i := range t.doubts { // of the heads
			t.doubts[i].from = r.T
		}
	}
	t.now, t.line = r.T, r.Line
	t.records++
	if r.Form != 0 && !t.forms[r.Form] {
		t.forms[r.Form] = true
		t.newForm(r.Form)
	}
	if r.CPU >= 0 && r.CPU < hwdebug.MaxCPUs && r.Form != ftrace.Dmesg {
		t.arrive(r)
	}
	t.follow(r)
	t.seen[r.Name] = true
	t.halts.check(t)
	t.fuller(r)
}

// learn takes over what the heads say.
func (t *Tracker) learn(f ftrace.Facts) {
	old := t.facts
	t.facts = f
	t.counts()
	if f.PtraceHandler != 0 {
		t.ptraceHandler = f.PtraceHandler
	}
	if f.PerfHandler != 0 {
		t.perfHandler = f.PerfHandler
	}
	if f.Written > f.Buffered && f.Written != old.Written {
		t.doubtAll(t.start, f.Written-f.Buffered, "")
	}
	if f.Clipped && !old.Clipped {
		t.doubtAll(t.start, 0, "the buffer of a CPU begins late")
	}
	if f.HasMissed && f.Missed > t.missed {
		t.doubtAll(t.missedSince, f.Missed-t.missed, "")
		t.missed = f.Missed
	}
	if f.HasMissed {
		t.missedSince = t.now
	}
}

// newForm notes that the trace has lines of perf, which leaves out what fires inside perf.
func (t *Tracker) newForm(f ftrace.Form) {
	if f == ftrace.Perf {
		t.addDoubt(doubt{cpu: allCPUs, from: t.start, quiet: true})
	}
}

// arrive notes which thread is current on the record's CPU, and whether the CPU's records are in order.
func (t *Tracker) arrive(r *ftrace.Record) {
	c := t.cpu(r.CPU)
	if r.T < c.last {
		t.doubtOn(c, r.T, 0, "records of "+c.name()+" are out of order")
	}
	c.last = r.T
	c.alive(r)
	t.beforeStep(c, r)
	if c.pid != r.PID {
		t.left(c, r.PID)
	}
	c.pid = r.PID
	t.names.see(r.PID, r.Comm)
}

// follow does what the record says.
func (t *Tracker) follow(r *ftrace.Record) {
	switch r.Name {
	case ftrace.Alloc:
		t.alloc(r)
	case ftrace.Open:
		t.open(r)
	case ftrace.AllocRet, ftrace.OpenRet:
		t.opened(r)
	case ftrace.Reserve:
		t.reserve(r)
	case ftrace.ReserveRet:
		t.reserved(r)
	case ftrace.Release:
		t.release(r)
	case ftrace.Parse:
		t.parse(r)
	case ftrace.Modify:
		t.modify(r)
	case ftrace.ModifyRet:
		t.modified(r)
	case ftrace.Control:
		t.control(r)
	case ftrace.Hit:
		t.hit(r)
	case ftrace.Wide:
		t.wide(r)
	case ftrace.WideRet:
		t.widened(r)
	case ftrace.Unwide:
		t.unwide(r)
	case ftrace.Reset:
		t.reset(r)
	case ftrace.Find, ftrace.FindRet, ftrace.Fork, ftrace.Exit:
		t.name(r)
	case ftrace.Mark:
		t.mark(r)
	case ftrace.Function:
		t.function(r)
	case ftrace.Chain:
		t.chain(r)
	}
}

// lost notes that the tracer lost records of a CPU.
func (t *Tracker) lost(r *ftrace.Record) {
	from := t.start
	if r.CPU >= 0 && r.CPU < hwdebug.MaxCPUs {
		from = max(t.cpu(r.CPU).last, t.start)
	}
	if r.N == 0 {
		t.doubtAll(from, 0, "the tracer lost records")
		return
	}
	t.doubtAll(from, r.N, "")
}

// mark follows what user space wrote: the moments of halts.
func (t *Tracker) mark(r *ftrace.Record) {
	t.change(Change{Op: OpMark, CPU: r.CPU, Text: r.Text})
	t.halts.mark(t, r.Text)
	t.markStep(r.Text)
}

// Finish ends the trace: what only its end can tell is found.
func (t *Tracker) Finish() {
	if t.finished {
		return
	}
	t.finished = true
	t.halts.finish(t)
	t.endWides()
	t.stayed()
	t.missingWides()
	t.leaks()
	t.conclude()
	t.halts.settle(t)
}
