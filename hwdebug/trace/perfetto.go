// Chrome trace events, which ui.perfetto.dev and chrome://tracing show.

package trace

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"time"
)

// The fixed tracks of each CPU. Their ids, and those of the tracks of calls, are given in order
// from firstTrack on. No two CPUs share an id, and no id is the number of a CPU, because Perfetto
// takes a thread with the number of its process for the main thread.
const (
	trackTasks = iota
	trackWork
	trackHits
	fixedTracks
	firstTrack = 100
)

// A Perfetto writes traces of machines as Chrome trace events in JSON, all into one file. Each CPU
// is a process with these tracks:
//
//	tasks     the tasks whose calls the CPU made, as slices
//	work      the work functions that its kworkers ran, as slices
//	hits      an instant for each reported hit (perf_bp_event)
//	points    an instant for each point of a schedule (WithPoints); a star marks a departure
//	slots     counters of installed breakpoints and watchpoints (hw_breakpoint_control)
//	COMM-PID  the calls of one task there, nested, with arguments and result
//
// Virtual time stands still during a call, and a viewer does not show slices without length. So an
// event at the time of the previous one is placed 1 ns after it: order and nesting are exact, and
// times are exact to within the number of events that share one. A call ends before the next event
// that it does not contain, on any CPU, unless it waits for that CPU to answer a cross call, or
// when time advances. A task's slice ends when none of its calls on that CPU is open or follows.
//
// Viewers show the name and number of a process: CPU 1 of the first machine is "CPU 1" with number
// 1, and of a machine with a title "CPU 1: TITLE". Every machine has its own time, so machines are
// shown one below the other. The same entries give the same bytes.
type Perfetto struct {
	out      *bufio.Writer
	buf      []byte
	args     []Value // of the event being written
	comma    bool
	ids      int // of tracks, and of CPUs from the second machine on, given so far
	machines int // written so far
	closed   bool
	perfettoMachine
}

// A perfettoMachine is the position in one machine's trace.
type perfettoMachine struct {
	title string
	ts    time.Duration // of the last event written
	t     time.Duration // virtual time of the last call seen
	cpus  map[int]*cpuTracks
	order []*cpuTracks   // in order of appearance
	open  []slice        // of all threads; those of one thread in order of depth
	moved map[thread]int // the CPU on which each thread was seen last
	last  map[place]int  // index of the last call of a thread on a CPU
}

// NewPerfetto begins a file of Chrome trace events; Close completes it.
func NewPerfetto(w io.Writer) *Perfetto {
	p := &Perfetto{out: bufio.NewWriter(w), ids: firstTrack}
	p.out.WriteString(`{"displayTimeUnit":"ns","traceEvents":[`)
	return p
}

// Machine adds the trace of one machine. The title distinguishes its CPUs from those of other
// machines and may be empty. Errors are those of the underlying writer.
func (p *Perfetto) Machine(title string, entries iter.Seq[Entry]) error {
	if p.closed {
		return errors.New("the file of trace events is closed")
	}
	p.perfettoMachine = perfettoMachine{
		title: title, cpus: map[int]*cpuTracks{}, moved: map[thread]int{}, last: map[place]int{},
	}
	all := calls(entries)
	for i := range all {
		p.last[place{all[i].thread, all[i].e.CPU}] = i
	}
	for i := range all {
		p.call(all, i)
	}
	p.end(func(*slice) bool { return true })
	for _, cpu := range p.order {
		p.endTask(cpu)
	}
	p.machines++
	return p.out.Flush()
}

// Close completes the file but leaves the underlying writer open. A second Close does nothing.
func (p *Perfetto) Close() error {
	if !p.closed {
		p.closed = true
		p.out.WriteString("\n]}\n")
	}
	return p.out.Flush()
}

// A place is a thread on a CPU.
type place struct {
	thread
	on int
}

// waits reports whether the call goes on while another CPU does what it asked for.
func (c *call) waits() bool { return c.name == "smp_call_function_single" }

// A slice is a call that has begun on a track and not ended.
type slice struct {
	*call
	cpu   *cpuTracks
	track int
	work  bool // also a slice on the work track
}

// cpuTracks is the state of one CPU's tracks.
type cpuTracks struct {
	cpu    int
	number int            // of its process
	task   thread         // whose slice is open on the tasks track, if busy
	busy   bool           // whether a slice is open there
	named  string         // the name of that slice
	first  int            // id of the first fixed track
	points int            // id of the track of points, 0 before there is one
	tracks map[thread]int // ids
	bp, wp int            // installed
}

// call writes the events that precede call i, its beginning, and the hit or the change of a slot
// that it stands for.
func (p *Perfetto) call(all []call, i int) {
	c := &all[i]
	if c.e.T > p.t {
		// Time advances: calls without further calls inside ended before.
		p.end(func(s *slice) bool { return s.last < i })
		p.t = c.e.T
	}
	cpu := p.cpu(c.e.CPU)
	if c.e.Point != nil {
		p.point(cpu, c.e.Point)
		return
	}
	if from, ok := p.moved[c.thread]; ok && from != c.e.CPU {
		p.migrate(p.cpus[from], cpu, c)
	} else {
		p.end(func(s *slice) bool {
			if s.thread == c.thread {
				return s.depth >= c.depth
			}
			return s.last < i && (s.cpu == cpu || !all[s.last].waits())
		})
		p.setTask(cpu, c)
	}
	for _, x := range p.order {
		if x != cpu && x.busy && p.last[place{x.task, x.cpu}] < i && !p.shows(x) {
			p.endTask(x)
		}
	}
	p.moved[c.thread] = c.e.CPU
	p.begin(cpu, c, p.isWork(c))
	if c.caller {
		return
	}
	if c.name == "perf_bp_event" {
		p.hit(cpu, c)
	}
	p.slots(cpu, c)
}

// migrate moves the open calls of c's task from one CPU to another.
func (p *Perfetto) migrate(from, to *cpuTracks, c *call) {
	var going []slice
	for _, s := range p.open {
		if s.thread == c.thread && s.depth < c.depth {
			going = append(going, s)
		}
	}
	p.end(func(s *slice) bool { return s.thread == c.thread })
	if from.busy && from.task == c.thread {
		p.endTask(from)
	}
	p.setTask(to, c)
	for _, s := range going {
		p.begin(to, s.call, s.work)
	}
}

// isWork reports whether c is the function that the innermost open call of its thread,
// process_one_work, runs.
func (p *Perfetto) isWork(c *call) bool {
	for k := len(p.open) - 1; k >= 0; k-- {
		if s := p.open[k]; s.thread == c.thread {
			return s.name == "process_one_work" && s.depth == c.depth-1
		}
	}
	return false
}

// setTask switches the slice on the tasks track to the task of c.
func (p *Perfetto) setTask(cpu *cpuTracks, c *call) {
	if cpu.busy && cpu.task == c.thread {
		return
	}
	p.endTask(cpu)
	cpu.busy, cpu.task, cpu.named = true, c.thread, string(c.e.appendTask(nil))
	p.event("B", cpu.named, cpu, cpu.first+trackTasks)
}

// shows reports whether a call of the task on the tasks track is open.
func (p *Perfetto) shows(cpu *cpuTracks) bool {
	return slices.ContainsFunc(p.open, func(s slice) bool { return s.cpu == cpu && s.thread == cpu.task })
}

func (p *Perfetto) endTask(cpu *cpuTracks) {
	if cpu.busy {
		p.event("E", cpu.named, cpu, cpu.first+trackTasks)
		cpu.busy = false
	}
}

// begin opens a slice for a call on its task's track, and one on the work track for a work function.
func (p *Perfetto) begin(cpu *cpuTracks, c *call, work bool) {
	track, ok := cpu.tracks[c.thread]
	if !ok {
		track = p.ids
		p.ids++
		cpu.tracks[c.thread] = track
		p.nameTrack(cpu, track, string(c.e.appendTask(nil)))
	}
	if work {
		p.event("B", c.name, cpu, cpu.first+trackWork)
	}
	p.args = p.args[:0]
	if !c.caller {
		p.args = append(p.args, c.e.Args...)
		if ret := c.e.Ret; ret.Kind != NoValue {
			ret.Name = "ret"
			p.args = append(p.args, ret)
		}
	}
	p.event("B", c.name, cpu, track, p.args...)
	p.open = append(p.open, slice{c, cpu, track, work})
}

// end closes the slices that ended selects, innermost first.
func (p *Perfetto) end(ended func(*slice) bool) {
	kept := p.open
	for i := len(kept) - 1; i >= 0; i-- {
		s := &kept[i]
		if !ended(s) {
			continue
		}
		p.event("E", s.name, s.cpu, s.track)
		if s.work {
			p.event("E", s.name, s.cpu, s.cpu.first+trackWork)
		}
		s.call = nil
	}
	p.open = slices.DeleteFunc(kept, func(s slice) bool { return s.call == nil })
}

// hit marks a hit that perf was told of with the name of the event.
func (p *Perfetto) hit(cpu *cpuTracks, c *call) {
	name := "hit"
	if len(c.e.Args) > 0 {
		name += " " + c.e.Args[0].String()
	}
	p.event("i", name, cpu, cpu.first+trackHits)
}

// point marks a point on the track of points of the CPU on which it went on.
func (p *Perfetto) point(cpu *cpuTracks, point *Point) {
	if cpu.points == 0 {
		cpu.points = p.ids
		p.ids++
		p.nameTrack(cpu, cpu.points, "points")
	}
	p.event("i", strconv.Itoa(point.Number)+point.mark()+" "+point.Text, cpu, cpu.points, point.values()...)
}

// slots counts the events that hw_breakpoint_control installed and uninstalled.
func (p *Perfetto) slots(cpu *cpuTracks, c *call) {
	change, event := c.e.SlotChange()
	if change == 0 {
		return
	}
	installed := &cpu.bp
	if event.Bits&1 != 0 {
		installed = &cpu.wp
	}
	*installed = max(*installed+change, 0) // a trace may begin after an install
	p.counters(cpu)
}

// cpu returns the tracks of a CPU and names them when it appears.
func (p *Perfetto) cpu(n int) *cpuTracks {
	if c := p.cpus[n]; c != nil {
		return c
	}
	c := &cpuTracks{cpu: n, number: n, tracks: map[thread]int{}}
	if p.machines > 0 {
		c.number = p.ids
		p.ids++
	}
	c.first = p.ids
	p.ids += fixedTracks
	p.cpus[n] = c
	p.order = append(p.order, c)
	name := "CPU " + strconv.Itoa(n)
	if p.title != "" {
		name += ": " + p.title
	}
	p.event("M", "process_name", c, 0, text("name", name))
	p.event("M", "process_sort_index", c, 0, integer("sort_index", p.machines*1000+n))
	for track, name := range [...]string{trackTasks: "tasks", trackWork: "work", trackHits: "hits"} {
		p.nameTrack(c, c.first+track, name)
	}
	p.counters(c)
	return c
}

func (p *Perfetto) nameTrack(cpu *cpuTracks, track int, name string) {
	p.event("M", "thread_name", cpu, track, text("name", name))
	p.event("M", "thread_sort_index", cpu, track, integer("sort_index", track))
}

func (p *Perfetto) counters(cpu *cpuTracks) {
	p.event("C", "slots", cpu, 0, integer("bp", cpu.bp), integer("wp", cpu.wp))
}

func text(name, s string) Value { return Value{Name: name, Kind: Text, text: s} }

func integer(name string, n int) Value { return Value{Name: name, Kind: Int, Bits: uint64(n)} }

// event writes an event of phase ph. It is placed 1 ns after the previous one or at the time of the
// call, whichever is later; one that names something ("M") has no time. Track 0 is the process
// itself. Errors stay in the writer until Flush.
func (p *Perfetto) event(ph, name string, cpu *cpuTracks, track int, args ...Value) {
	b := p.buf[:0]
	if p.comma {
		b = append(b, ',')
	}
	p.comma = true
	b = append(b, "\n{\"ph\":\""...)
	b = append(b, ph...)
	b = appendJSONString(append(b, `","name":`...), name)
	if ph != "M" {
		p.ts = max(p.ts+1, p.t)
		b = appendMicros(append(b, `,"ts":`...), p.ts)
	}
	b = appendInt(b, `,"pid":`, int64(cpu.number))
	if track != 0 {
		b = appendInt(b, `,"tid":`, int64(track))
	}
	if len(args) > 0 {
		b = appendJSONValues(append(b, `,"args":`...), args)
	}
	if ph == "i" {
		b = append(b, `,"s":"t"`...) // a mark on its track only
	}
	p.buf = append(b, '}')
	p.out.Write(p.buf)
}
