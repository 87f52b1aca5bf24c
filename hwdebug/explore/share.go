// Shared variables of a script: what threads read and write, what orders them, and what is a race.

package explore

import (
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// An OutlivesError reports a run that writes a variable from outside of it.
type OutlivesError struct {
	Name  string
	Where sim.Position
}

func (e *OutlivesError) Error() string {
	return e.Name + " outlives a run: the write at " + e.Where.String() + " would be seen by the next run; " +
		"fix: make the variable inside of the function that is explored"
}

// A VariableAccess is one access of the running thread to a variable.
type VariableAccess struct {
	Variable any    // identifies it within the run
	Name     int    // identifies its name within the exploration
	Text     string // the name
	Mode     uint8  // the caller's; see Variables
	Part     uint8  // of the variable: 0, or 1 for the keys of a table as a whole
	Excludes bool   // another access to the part with Excludes or without it does not change places with it
	Write    bool
	Where    sim.Position
}

// sharing is what an exploration has learnt about the variables of a script.
type sharing struct {
	conflicts func(a, b uint8) bool
	class     []int        // by name: names that have stood for one variable have one class
	learnt    map[int]bool // classes of variables that threads use in no order
	found     []Race
	run       *order
}

func newSharing() *sharing { return &sharing{learnt: map[int]bool{}} }

// An order is what is known of the order of accesses in one run: a vector clock for each thread and each
// object that threads meet at.
type order struct {
	threads map[int]int // by pid; the script is 0
	clocks  [][]uint32
	objects map[uint64][]uint32
	uses    map[any]*uses
}

// uses are the last accesses to one variable.
type uses struct {
	name int
	last []use
}

// A use is the last access of one thread in one mode.
type use struct {
	thread int
	clock  uint32
	mode   uint8
	write  bool
	where  sim.Position
}

// begin starts the account of a run, when a machine of it has one.
func (s *sharing) begin() {
	s.run = &order{
		threads: map[int]int{0: 0}, clocks: [][]uint32{{1}},
		objects: map[uint64][]uint32{}, uses: map[any]*uses{},
	}
}

func (s *sharing) races() []Race { return s.found }

// thread returns the number of a task's thread, of the script for nil.
func (o *order) thread(t *sim.Task) int {
	if t == nil {
		return 0
	}
	i, ok := o.threads[t.PID()]
	if !ok {
		i = len(o.clocks)
		o.threads[t.PID()] = i
		o.clocks = append(o.clocks, nil)
		o.tick(i)
	}
	return i
}

// tick begins a new part of thread i's time.
func (o *order) tick(i int) {
	for len(o.clocks[i]) <= i {
		o.clocks[i] = append(o.clocks[i], 0)
	}
	o.clocks[i][i]++
}

// join adds what happened before another clock to a clock.
func join(to *[]uint32, from []uint32) {
	for len(*to) < len(from) {
		*to = append(*to, 0)
	}
	for i, c := range from {
		(*to)[i] = max((*to)[i], c)
	}
}

// meet notes that thread t gives what it has done to an object, or takes what others have given to it.
func (o *order) meet(t *sim.Task, object uint64, gives bool) {
	i := o.thread(t)
	if gives {
		clock := o.objects[object]
		join(&clock, o.clocks[i])
		o.objects[object] = clock
		o.tick(i)
		return
	}
	join(&o.clocks[i], o.objects[object])
}

// rest orders everything before what the script does next.
func (o *order) rest() {
	for i := 1; i < len(o.clocks); i++ {
		join(&o.clocks[0], o.clocks[i])
	}
	o.tick(0)
}

// before reports whether a use happened before the present of thread i.
func (o *order) before(u *use, i int) bool {
	return u.thread == i || u.thread < len(o.clocks[i]) && o.clocks[i][u.thread] >= u.clock
}

// of returns the class of a name.
func (s *sharing) of(name int) int {
	for len(s.class) <= name {
		s.class = append(s.class, len(s.class))
	}
	for s.class[name] != name {
		name = s.class[name]
	}
	return name
}

// merge notes that two names have stood for one variable. It reports whether that was unknown.
func (s *sharing) merge(a, b int) bool {
	a, b = s.of(a), s.of(b)
	if a == b {
		return false
	}
	s.class[max(a, b)] = min(a, b)
	if s.learnt[max(a, b)] {
		s.learnt[min(a, b)] = true
	}
	return true
}

// Variables prepares the exploration for accesses to variables. conflicts reports whether the order of two
// modes matters.
func (c *Control) Variables(m *sim.Machine, conflicts func(a, b uint8) bool) {
	c.shared.conflicts = conflicts
	if c.shared.run == nil {
		c.shared.begin()
	}
	run := c.shared.run
	m.SetOrder(run.meet, run.rest)
}

// Access is called before each access of the program to a variable. It is a point if threads use the
// variable in no order.
func (c *Control) Access(m *sim.Machine, a *VariableAccess) {
	t := m.Running()
	if t == nil || m.Looking() {
		return
	}
	class := c.shared.of(a.Name)
	if c.told != nil {
		c.told.variable = a
	}
	c.variablePoint(m, c.shared.learnt[class])
	m.TouchVariable(uint64(class)<<1|uint64(a.Part), a.Excludes)
	c.shared.note(c, t, a)
}

// note adds an access to the account of the run, and learns that the variable is shared.
func (s *sharing) note(c *Control, t *sim.Task, a *VariableAccess) {
	o := s.run
	u := o.uses[a.Variable]
	if u == nil {
		u = &uses{name: a.Name}
		o.uses[a.Variable] = u
	} else if s.merge(u.name, a.Name) && c.reduce {
		c.learnt = true
	}
	i := o.thread(t)
	now := use{thread: i, clock: o.clocks[i][i], mode: a.Mode, write: a.Write, where: a.Where}
	mine := -1
	for k := range u.last {
		other := &u.last[k]
		if other.thread == i && other.mode == a.Mode {
			mine = k
		}
		if s.conflicts(other.mode, a.Mode) && !o.before(other, i) {
			s.learn(c, a, other)
		}
	}
	if mine < 0 {
		u.last = append(u.last, now)
	} else {
		u.last[mine] = now
	}
}

// learn notes a race.
func (s *sharing) learn(c *Control, a *VariableAccess, other *use) {
	class := s.of(a.Name)
	if s.learnt[class] {
		return
	}
	s.learnt[class] = true
	c.learnt = true
	r := Race{Name: a.Text, Write: a.Where, Other: other.where}
	if !a.Write {
		r.Write, r.Other = other.where, a.Where
	}
	s.found = append(s.found, r)
}

// Outlives ends the run because it writes a variable from outside of it.
func (c *Control) Outlives(m *sim.Machine, name string, where sim.Position) {
	if c.end == nil {
		c.end = &OutlivesError{name, where}
		m.EndRun(c.end)
	}
}

// variablePoint is the point before an access. Where nothing is known to be shared it only counts, unless the
// schedule departs there.
func (c *Control) variablePoint(m *sim.Machine, shared bool) {
	if shared || c.due() {
		_ = m.VariablePoint() // a run that has ended resumes no thread
		return
	}
	p, fresh := m.Ahead()
	if p == nil || len(p.Next) < 2 {
		return
	}
	if fresh {
		c.ahead = hashPoint(p)
	}
	c.open++
	c.since++
	c.hashes = append(c.hashes, c.ahead)
}

// due reports whether a schedule that is replayed departs at the next point.
func (c *Control) due() bool {
	var s []departure
	switch p := c.policy.(type) {
	case replay:
		s = p.s.departures
	case *repeat:
		s = p.s.departures
	default:
		return false
	}
	return c.fitted < len(s) && c.since == s[c.fitted].after
}
