// Locks of a driver: mutexes and completions (kernel/locking/mutex.c, kernel/sched/completion.c, spec
// chapter 15).

package sim

// A Mutex is a mutex of a driver.
type Mutex struct {
	m      *Machine
	name   string
	nameID uint64
	id     uint64
	owner  *Task
}

// A Completion is a completion of a driver.
type Completion struct {
	m      *Machine
	name   string
	nameID uint64
	id     uint64
	done   uint32
}

// completedAll is a completion's count after complete_all: no wait takes from it (R-LOCK-4).
const completedAll = ^uint32(0)

// NewMutex creates an unlocked mutex; messages show it as name.
func (m *Machine) NewMutex(name string) *Mutex {
	m.locks++
	return &Mutex{m: m, id: m.locks, name: name, nameID: uint64(m.rec.Name(name))}
}

// Name returns the mutex's name.
func (l *Mutex) Name() string { return l.name }

// Owner returns the task that holds the mutex, or nil.
func (l *Mutex) Owner() *Task { return l.owner }

// MutexLock waits until l is free and takes it (R-LOCK-1). The owner itself would deadlock, which is an
// error, and so is a call from a handler, which must not sleep.
func (m *Machine) MutexLock(l *Mutex) error {
	if err := m.onMutex("mutex_lock", l); err != nil {
		return err
	}
	defer m.done(m.here())
	if err := m.awake(fnMutexLock); err != nil {
		return err
	}
	defer m.leave(m.enter1(fnMutexLock, l.nameID))
	if l.owner == m.cpu.curr {
		return misusef("deadlock: mutex_lock of %s by %s, which holds it", l.name, threadName(l.owner))
	}
	w := Wait{Fn: "mutex_lock", For: "mutex " + l.name, HeldAs: "held by", holder: l.Owner}
	for l.owner != nil {
		if err := m.waitFor(w, func() bool { return l.owner == nil }); err != nil {
			return err
		}
	}
	l.owner = m.cpu.curr
	m.takes(ResLock, l.id)
	return nil
}

// MutexTrylock takes l if it is free, and reports whether it has (R-LOCK-1).
func (m *Machine) MutexTrylock(l *Mutex) (taken bool, err error) {
	if err := m.onMutex("mutex_trylock", l); err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter1(fnMutexTrylock, l.nameID), &taken)
	if l.owner != nil {
		return false, nil
	}
	l.owner = m.cpu.curr
	m.takes(ResLock, l.id)
	return true, nil
}

// MutexUnlock releases l, which the caller must hold (R-LOCK-2).
func (m *Machine) MutexUnlock(l *Mutex) error {
	if err := m.onMutex("mutex_unlock", l); err != nil {
		return err
	}
	defer m.done(m.here())
	defer m.leave(m.enter1(fnMutexUnlock, l.nameID))
	switch l.owner {
	case m.cpu.curr:
		l.owner = nil
		m.gives(ResLock, l.id)
		return nil
	case nil:
		return misusef("mutex_unlock of %s, which nobody holds", l.name)
	}
	return misusef("mutex_unlock of %s by %s, but %s holds it", l.name, threadName(m.cpu.curr),
		threadName(l.owner))
}

// onMutex checks a call on a mutex, and is the point before it.
func (m *Machine) onMutex(op string, l *Mutex) error {
	if l == nil || l.m != m {
		return misusef("%s needs a mutex of this machine", op)
	}
	err := m.preemptFor()
	m.touch(ResLock, l.id, true)
	return err
}

// awake returns an error for fn, which sleeps, in a context that must not (R-LOCK-5).
func (m *Machine) awake(fn traceFn) error {
	m.mightSleep(fn)
	if m.trapped > 0 {
		return misusef("%s in %s, which must not sleep", fns[fn.Name()].Name, m.noSleep())
	}
	return nil
}

// NewCompletion creates a completion that nobody has completed; messages show it as name.
func (m *Machine) NewCompletion(name string) *Completion {
	m.locks++
	return &Completion{m: m, id: m.locks, name: name, nameID: uint64(m.rec.Name(name))}
}

// Name returns the completion's name.
func (c *Completion) Name() string { return c.name }

// Passes reports whether the next wait passes at once.
func (c *Completion) Passes() bool { return c.done > 0 }

// Complete lets one waiter pass, now or later (R-LOCK-3).
func (m *Machine) Complete(c *Completion) error {
	if err := m.onCompletion("complete", c); err != nil {
		return err
	}
	defer m.done(m.here())
	defer m.leave(m.enter1(fnComplete, c.nameID))
	if c.done < completedAll-1 {
		c.done++
	}
	m.gives(ResLock, c.id)
	return nil
}

// CompleteAll lets every waiter pass, now and later (R-LOCK-4).
func (m *Machine) CompleteAll(c *Completion) error {
	if err := m.onCompletion("complete_all", c); err != nil {
		return err
	}
	defer m.done(m.here())
	defer m.leave(m.enter1(fnCompleteAll, c.nameID))
	c.done = completedAll
	m.gives(ResLock, c.id)
	return nil
}

// WaitForCompletion waits until c is completed, and takes one completion from it (R-LOCK-3). A handler must
// not call it.
func (m *Machine) WaitForCompletion(c *Completion) error {
	if err := m.onCompletion("wait_for_completion", c); err != nil {
		return err
	}
	defer m.done(m.here())
	if err := m.awake(fnWaitForCompletion); err != nil {
		return err
	}
	defer m.leave(m.enter1(fnWaitForCompletion, c.nameID))
	w := Wait{Fn: "wait_for_completion", For: "completion " + c.name}
	for c.done == 0 {
		if err := m.waitFor(w, func() bool { return c.done > 0 }); err != nil {
			return err
		}
	}
	if c.done < completedAll {
		c.done--
	}
	m.takes(ResLock, c.id)
	return nil
}

func (m *Machine) onCompletion(op string, c *Completion) error {
	if c == nil || c.m != m {
		return misusef("%s needs a completion of this machine", op)
	}
	err := m.preemptFor()
	m.touch(ResLock, c.id, true)
	return err
}
