// Touches: what a step has read and written, so that an exploration knows which steps can change places.

package sim

// A Resource is a part of the machine that steps share.
type Resource uint8

const (
	ResCPU      Resource = iota // a CPU's current thread and its queue
	ResPerf                     // events: reservations, contexts, and the registers of every CPU
	ResMemory                   // a word of memory
	ResPool                     // a CPU's pool of workers
	ResWork                     // a work item
	ResLock                     // a mutex or a completion
	ResTask                     // whether a task has exited
	ResTime                     // the virtual time, and from when a thread can run
	ResTimers                   // the timers of a CPU
	ResVariable                 // a variable of the caller
	ResAll                      // everything: of calls that note nothing else, such as those for hotplug
	numResources
)

// A Touch is one resource that a step has read or written.
type Touch struct {
	Resource Resource
	ID       uint64
	Write    bool
}

// Touched is what a step has touched.
type Touched struct {
	All  bool // everything: the step changes places with no other
	List []Touch
}

// Clone returns a copy that later steps do not change.
func (t *Touched) Clone() Touched {
	return Touched{t.All, append([]Touch(nil), t.List...)}
}

// Independent reports whether two steps have the same effect in either order.
func (t *Touched) Independent(o *Touched) bool {
	if t.All || o.All {
		return false
	}
	for i := range t.List {
		for j := range o.List {
			a, b := &t.List[i], &o.List[j]
			if a.Resource == b.Resource && a.ID == b.ID && (a.Write || b.Write) {
				return false
			}
		}
	}
	return true
}

// Track has the machine note what its steps touch. blind lists resources that are not noted, for tests.
func (m *Machine) Track(blind ...Resource) {
	m.tracking = true
	for _, r := range blind {
		m.blind |= 1 << r
	}
}

// TakeTouched returns what has been touched since the last time. It is valid until the next call of it.
func (m *Machine) TakeTouched() *Touched {
	m.touched, m.lastTouched = m.lastTouched, m.touched
	m.touched.All = false
	m.touched.List = m.touched.List[:0]
	if len(m.properties) > 0 { // they read everything
		m.lastTouched.All = true
	}
	return &m.lastTouched
}

// touch notes one resource of the present step.
func (m *Machine) touch(r Resource, id uint64, write bool) {
	if !m.tracking || m.blind>>r&1 != 0 {
		return
	}
	for i := range m.touched.List {
		if t := &m.touched.List[i]; t.Resource == r && t.ID == id {
			t.Write = t.Write || write
			return
		}
	}
	m.touched.List = append(m.touched.List, Touch{r, id, write})
}

// SetOrder sets functions that follow what orders threads: meet is called when a thread gives what it has
// done to an object or takes what others have given, with nil for the script; rest when the machine has
// come to rest.
func (m *Machine) SetOrder(meet func(t *Task, object uint64, gives bool), rest func()) {
	m.meet, m.rest = meet, rest
}

// gives notes that what the running thread has done is ordered before those that take from the object.
func (m *Machine) gives(r Resource, id uint64) {
	if m.meet != nil {
		m.meet(m.Running(), uint64(r)<<56|id, true)
	}
}

// takes notes that what was given to the object is ordered before what the running thread does next.
func (m *Machine) takes(r Resource, id uint64) {
	if m.meet != nil {
		m.meet(m.Running(), uint64(r)<<56|id, false)
	}
}

// Running returns the task whose thread runs now, nil for the script.
func (m *Machine) Running() *Task {
	if m.thread == nil {
		return nil
	}
	return m.thread.task
}

// Looking reports whether a property is being asked.
func (m *Machine) Looking() bool { return m.looking }

// VariablePoint is the point before the running thread reads or writes a variable of the caller.
func (m *Machine) VariablePoint() error {
	if m.closed {
		return ErrClosed
	}
	if th := m.thread; th != nil && m.lent == 0 && m.chooser != nil && m.stopErr == nil {
		return m.pointHere(th, PlaceVariable)
	}
	return nil
}

// Ahead returns the point that VariablePoint would be, nil for none. fresh reports whether it differs from
// the last one.
func (m *Machine) Ahead() (p *Point, fresh bool) {
	th := m.thread
	if th == nil || m.lent > 0 || m.chooser == nil || m.stopErr != nil {
		return nil, false
	}
	if fresh = m.stale; fresh {
		m.wake()
		m.possibilities(th, PlaceVariable)
		m.stale = false
	}
	return &m.point, fresh
}

// touchMemory notes an access to memory, and that it looked at the registers.
func (m *Machine) touchMemory(mem *memory, addr uint64, size int, write bool) {
	m.touch(ResPerf, 0, false)
	for word := addr >> 3; word <= (addr+uint64(max(size, 1))-1)>>3; word++ {
		m.touch(ResMemory, mem.id<<61|word, write)
	}
}

// TouchAll notes that the present step has looked at the machine in a way that nothing else notes.
func (m *Machine) TouchAll() { m.touchAll() }

// touchAll notes that the present step may touch anything.
func (m *Machine) touchAll() {
	m.touched.All = m.touched.All || m.tracking && m.blind>>ResAll&1 == 0
}

// Touch notes that the present step reads or writes a variable of the caller. Steps that use the same name,
// one of them writing, do not change places.
func (m *Machine) Touch(name string, write bool) {
	if m.tracking {
		m.touch(ResVariable, uint64(hash(name)), write)
	}
}

// TouchVariable does so for a variable with a number.
func (m *Machine) TouchVariable(id uint64, write bool) { m.touch(ResVariable, 1<<32|id, write) }
