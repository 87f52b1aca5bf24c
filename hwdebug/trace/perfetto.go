// Chrome trace events, which ui.perfetto.dev and chrome://tracing show.

package trace

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"strconv"
)

// The tracks that each CPU has. Their ids, and those of its tasks' calls, are given in order from firstTrack on: no two
// CPUs share one, and none is the number of a CPU, for Perfetto calls a thread with its process's number the main one.
const (
	trackTasks = iota
	trackWork
	trackHits
	fixedTracks
	firstTrack = 100
)

// A Perfetto writes traces of machines as Chrome trace events in JSON, all into one file. Each CPU is a process of these
// tracks:
//
//	tasks     whose calls the CPU made, as slices
//	work      the work functions that its kworkers ran, as slices
//	hits      an instant for each reported hit (perf_bp_event)
//	slots     counters of installed breakpoints and watchpoints (hw_breakpoint_control)
//	COMM-PID  the calls of one task there, nested, with arguments and result
//
// Virtual time stands still during a call, and a viewer shows nothing of slices without length. So each event is put 1 ns
// after the one before where they have the same time: order and nesting are exact, and times to within the number of
// events that share one. A call ends before the next event that it does not contain, on whichever CPU, unless it waits for
// that CPU's answer to a cross call; or when time moves on. A task's slice ends when none of its calls is open on that CPU and
// none follows. Viewers show a process's name and number: CPU 1 of the first machine is "CPU 1" of number 1, and of a
// machine with a title "CPU 1: TITLE". Every machine's time is its own, so that machines lie one below the other. The
// same entries give the same bytes.
type Perfetto struct {
	out      *bufio.Writer
	buf      []byte
	comma    bool
	ids      int // of tracks, and of CPUs from the second machine on, given so far
	machines int // written so far
	closed   bool
	perfettoMachine
}

// perfettoMachine is where the writer is in one machine's trace.
type perfettoMachine struct {
	title string
	ts    int64 // of the event written last
	t     int64 // virtual time of the call looked at last
	cpus  map[int]*cpuTracks
	order []*cpuTracks   // as they appeared
	open  []slice        // of all threads; those of one thread in order of depth
	moved map[thread]int // the CPU that each thread was seen on last
	last  map[place]int  // index of the last call of a thread on a CPU
}

// NewPerfetto begins a file of Chrome trace events; Close completes it.
func NewPerfetto(w io.Writer) *Perfetto {
	p := &Perfetto{out: bufio.NewWriter(w), ids: firstTrack}
	p.out.WriteString(`{"displayTimeUnit":"ns","traceEvents":[`)
	return p
}

// Machine adds the trace of one machine. The title tells its CPUs from those of other machines and may be empty. Errors
// are the writer's.
func (p *Perfetto) Machine(title string, entries iter.Seq[Entry]) error {
	if p.closed {
		return errors.New("the file of trace events is closed")
	}
	p.perfettoMachine = perfettoMachine{title: title, cpus: map[int]*cpuTracks{}, moved: map[thread]int{}, last: map[place]int{}}
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

// Close completes the file; the writer stays open. Closing again does nothing.
func (p *Perfetto) Close() error {
	if p.closed {
		return p.out.Flush()
	}
	p.closed = true
	p.out.WriteString("\n]}\n")
	return p.out.Flush()
}

// A place is a thread on a CPU.
type place struct {
	thread
	on int
}

// waits is true for a call that goes on while another CPU does what it has asked for.
func (c *call) waits() bool { return c.name == "smp_call_function_single" }

// A slice is a call that has begun on a track and not ended.
type slice struct {
	*call
	cpu   *cpuTracks
	track int
	work  bool // also a slice on the work track
}

// cpuTracks is what is shown of one CPU.
type cpuTracks struct {
	cpu    int
	number int            // of its process
	task   thread         // whose slice is open on the tasks track
	busy   bool           // one is
	named  string         // its name
	first  int            // id of the first of its fixed tracks
	tracks map[thread]int // ids
	bp, wp int64          // installed
}

func (p *Perfetto) call(all []call, i int) {
	c := &all[i]
	if c.e.T > p.t {
		// Time moves on: what has no more calls inside has ended before.
		p.end(func(s *slice) bool { return s.last < i })
		p.t = c.e.T
	}
	cpu := p.cpu(c.e.CPU)
	if at, ok := p.moved[c.thread]; ok && at != c.e.CPU {
		// The task has come from another CPU: its calls go on here.
		var going []slice
		for _, s := range p.open {
			if s.thread == c.thread {
				going = append(going, s)
			}
		}
		p.end(func(s *slice) bool { return s.thread == c.thread })
		if from := p.cpus[at]; from.busy && from.task == c.thread {
			p.endTask(from)
		}
		p.setTask(cpu, c)
		for _, s := range going {
			if s.depth < c.depth {
				p.begin(cpu, s.call, s.work)
			}
		}
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

	work := false
	for k := len(p.open) - 1; k >= 0; k-- {
		if s := p.open[k]; s.thread == c.thread {
			work = s.name == "process_one_work" && s.depth == c.depth-1
			break
		}
	}
	p.begin(cpu, c, work)
	if !c.caller {
		p.hit(cpu, c)
		p.slots(cpu, c)
	}
}

// setTask makes the task of c the one whose slice is open on the tasks track.
func (p *Perfetto) setTask(cpu *cpuTracks, c *call) {
	if cpu.busy && cpu.task == c.thread {
		return
	}
	p.endTask(cpu)
	cpu.busy, cpu.task, cpu.named = true, c.thread, string(c.e.appendTask(nil))
	p.event("B", cpu, cpu.first+trackTasks, cpu.named)
	p.done()
}

// shows is true if a call of the task on the tasks track is open.
func (p *Perfetto) shows(cpu *cpuTracks) bool {
	for i := range p.open {
		if s := &p.open[i]; s.cpu == cpu && s.thread == cpu.task {
			return true
		}
	}
	return false
}

func (p *Perfetto) endTask(cpu *cpuTracks) {
	if cpu.busy {
		p.event("E", cpu, cpu.first+trackTasks, cpu.named)
		p.done()
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
		p.meta("thread_name", cpu, track, string(c.e.appendTask(nil)))
		p.metaSort(cpu, track)
	}
	if work {
		p.event("B", cpu, cpu.first+trackWork, c.name)
		p.done()
	}
	p.event("B", cpu, track, c.name)
	if !c.caller && (len(c.e.Args) > 0 || c.e.Ret != "") {
		p.buf = append(p.buf, `,"args":`...)
		n := len(p.buf)
		p.buf = c.e.appendArgsJSON(p.buf)
		if c.e.Ret != "" {
			p.buf = p.buf[:len(p.buf)-1]
			if len(p.buf) > n+1 {
				p.buf = append(p.buf, ',')
			}
			p.buf = append(appendJSONValue(append(p.buf, `"ret":`...), c.e.Ret), '}')
		}
	}
	p.done()
	p.open = append(p.open, slice{c, cpu, track, work})
}

// end closes the slices that over selects, innermost first.
func (p *Perfetto) end(over func(*slice) bool) {
	keep := len(p.open)
	for i := len(p.open) - 1; i >= 0; i-- {
		s := &p.open[i]
		if !over(s) {
			continue
		}
		p.event("E", s.cpu, s.track, s.call.name)
		p.done()
		if s.work {
			p.event("E", s.cpu, s.cpu.first+trackWork, s.call.name)
			p.done()
		}
		s.call = nil
		keep = i
	}
	// Drop what is closed, keeping the order.
	n := keep
	for _, s := range p.open[keep:] {
		if s.call != nil {
			p.open[n] = s
			n++
		}
	}
	p.open = p.open[:n]
}

// hit marks a hit that perf was told of, with the event's name.
func (p *Perfetto) hit(cpu *cpuTracks, c *call) {
	if c.name != "perf_bp_event" {
		return
	}
	name := "hit"
	if len(c.e.Args) > 0 {
		name += " " + c.e.Args[0].Value
	}
	p.event("i", cpu, cpu.first+trackHits, name)
	p.buf = append(p.buf, `,"s":"t"`...)
	p.done()
}

// slots counts what hw_breakpoint_control has put into and taken out of registers.
func (p *Perfetto) slots(cpu *cpuTracks, c *call) {
	if c.name != "hw_breakpoint_control" || len(c.e.Args) < 2 || c.e.Args[0].Value == "" || len(c.e.Ret) > 0 && c.e.Ret[0] == '-' {
		return
	}
	var step int64
	switch c.e.Args[1].Value {
	case "install":
		step = 1
	case "uninstall":
		step = -1
	default:
		return
	}
	if c.e.Args[0].Value[0] == 'b' {
		cpu.bp += step
	} else {
		cpu.wp += step
	}
	cpu.bp, cpu.wp = max(cpu.bp, 0), max(cpu.wp, 0) // a trace may begin behind an install
	p.slotsNow(cpu)
}

// cpu gives a CPU's tracks and names them the first time.
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
	p.meta("process_name", c, -1, name)
	p.metaHead("process_sort_index", c, -1)
	p.buf = append(strconv.AppendInt(append(p.buf, `,"args":{"sort_index":`...), int64(p.machines*1000+n), 10), '}')
	p.done()
	for track, name := range [...]string{trackTasks: "tasks", trackWork: "work", trackHits: "hits"} {
		p.meta("thread_name", c, c.first+track, name)
		p.metaSort(c, c.first+track)
	}
	p.slotsNow(c)
	return c
}

// slotsNow writes the counters.
func (p *Perfetto) slotsNow(cpu *cpuTracks) {
	p.event("C", cpu, -1, "slots")
	p.buf = strconv.AppendInt(append(p.buf, `,"args":{"bp":`...), cpu.bp, 10)
	p.buf = strconv.AppendInt(append(p.buf, `,"wp":`...), cpu.wp, 10)
	p.buf = append(p.buf, '}')
	p.done()
}

func (p *Perfetto) meta(kind string, cpu *cpuTracks, track int, name string) {
	p.metaHead(kind, cpu, track)
	p.buf = append(appendJSONString(append(p.buf, `,"args":{"name":`...), name), '}')
	p.done()
}

func (p *Perfetto) metaSort(cpu *cpuTracks, track int) {
	p.metaHead("thread_sort_index", cpu, track)
	p.buf = append(strconv.AppendInt(append(p.buf, `,"args":{"sort_index":`...), int64(track), 10), '}')
	p.done()
}

// metaHead begins an event that names something and has no time.
func (p *Perfetto) metaHead(kind string, cpu *cpuTracks, track int) {
	p.buf = append(p.buf[:0], `{"ph":"M","name":"`...)
	p.buf = append(append(p.buf, kind...), '"')
	p.place(cpu, track)
}

// event begins an event, 1 ns after the one before or at the call's time, whichever is later.
func (p *Perfetto) event(ph string, cpu *cpuTracks, track int, name string) {
	p.ts = max(p.ts+1, p.t)
	p.buf = append(append(append(p.buf[:0], `{"ph":"`...), ph...), '"')
	if name != "" {
		p.buf = appendJSONString(append(p.buf, `,"name":`...), name)
	}
	p.buf = appendMicros(append(p.buf, `,"ts":`...), p.ts)
	p.place(cpu, track)
}

// place adds the CPU and, unless track is -1, the track.
func (p *Perfetto) place(cpu *cpuTracks, track int) {
	p.buf = strconv.AppendInt(append(p.buf, `,"pid":`...), int64(cpu.number), 10)
	if track >= 0 {
		p.buf = strconv.AppendInt(append(p.buf, `,"tid":`...), int64(track), 10)
	}
}

// done writes the event in the buffer. Errors stay in the writer until Flush.
func (p *Perfetto) done() {
	if p.comma {
		p.out.WriteByte(',')
	}
	p.comma = true
	p.out.WriteByte('\n')
	p.out.Write(append(p.buf, '}'))
}
