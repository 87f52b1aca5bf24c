// Reset: a machine becomes new again in the memory that it has.

package sim

// Reset returns the machine to the state in which New made it and keeps its memory, so that a machine that is
// run many times costs little. It ends the machine's threads. Objects that the machine has returned before
// must not be used any more: later calls may return the same memory for others. Frames, stacks and
// interrupts that were set are not set any more. A machine that has been reset needs Close, since its
// coroutines wait for the threads of the next run.
func (m *Machine) Reset() error {
	if err := m.alone("reset"); err != nil {
		return err
	}
	m.endThreads()
	s := &m.spare
	s.keeps = true
	s.tasks.used, s.threads.used, s.memories.used = 0, 0, 0
	m.rec.Reset()
	m.kernelMem.clear()
	*m = Machine{
		cfg: m.cfg, prof: m.prof, rec: m.rec, traced: m.traced, spare: m.spare, kernelMem: m.kernelMem,
		cpus: m.cpus, tasks: m.tasks[:0], threads: m.threads[:0], works: m.works[:0],
		events: m.events[:0], live: m.live[:0], log: m.log[:0], frameBuf: m.frameBuf[:0],
		point:   Point{Next: m.point.Next[:0]},
		touched: Touched{List: m.touched.List[:0]}, lastTouched: Touched{List: m.lastTouched.List[:0]},
	}
	m.start()
	return nil
}

// A spare holds the memory of a machine that Reset leaves to the next run.
type spare struct {
	keeps      bool // the machine has been reset
	parts      []part
	coroutines []*coroutine // that run no thread
	accesses   []*Access    // that have ended
	tasks      stock[Task]
	threads    stock[thread]
	memories   stock[memory]
}

// A stock lends objects for the time until the next reset.
type stock[T any] struct {
	all  []*T
	used int
}

// take returns an object. It has the state that the last user has left it in.
func (s *stock[T]) take(keeps bool) *T {
	if !keeps {
		return new(T)
	}
	if s.used == len(s.all) {
		s.all = append(s.all, new(T))
	}
	s.used++
	return s.all[s.used-1]
}

func (s *spare) task() *Task {
	t := s.tasks.take(s.keeps)
	*t = Task{}
	return t
}

func (s *spare) thread() *thread {
	th := s.threads.take(s.keeps)
	*th = thread{}
	return th
}

// memory returns an empty memory with that number.
func (s *spare) memory(id uint64) *memory {
	mem := s.memories.take(s.keeps)
	mem.clear()
	mem.id = id
	return mem
}

// pop removes and returns the last object of a list, nil if it is empty.
func pop[T any](list *[]*T) *T {
	n := len(*list)
	if n == 0 {
		return nil
	}
	x := (*list)[n-1]
	*list = (*list)[:n-1]
	return x
}
