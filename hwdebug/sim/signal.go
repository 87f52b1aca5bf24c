// Signals: how one is sent, and what a task does with it on its way back to user mode (kernel/signal.c,
// spec chapter 13).

package sim

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A Signo is the number of a signal.
type Signo int

// The signals that the model itself names, with arm64's numbers.
const (
	sigtrap Signo = 5
	sigkill Signo = 9
	sigcont Signo = 18
	sigstop Signo = 19
	sigrt   Signo = 34 // SIGRTMIN of the C library
	sigMax  Signo = 64
)

// A sigDefault is what a signal does to a task that has set nothing for it.
type sigDefault uint8

const (
	defTerm   sigDefault = iota // the task exits
	defIgnore                   // nothing
	defStop                     // the task stops until SIGCONT
	defCaught                   // the task has a handler of its own (R-SIG-6)
)

// signals holds the name and the default of each standard signal, by number.
var signals = [...]struct {
	name string
	def  sigDefault
}{
	1: {"SIGHUP", defTerm}, {"SIGINT", defTerm}, {"SIGQUIT", defTerm}, {"SIGILL", defTerm},
	{"SIGTRAP", defTerm}, {"SIGABRT", defTerm}, {"SIGBUS", defTerm}, {"SIGFPE", defTerm},
	{"SIGKILL", defTerm}, {"SIGUSR1", defCaught}, {"SIGSEGV", defTerm}, {"SIGUSR2", defCaught},
	{"SIGPIPE", defTerm}, {"SIGALRM", defCaught}, {"SIGTERM", defTerm}, {"SIGSTKFLT", defTerm},
	{"SIGCHLD", defIgnore}, {"SIGCONT", defIgnore}, {"SIGSTOP", defStop}, {"SIGTSTP", defStop},
	{"SIGTTIN", defStop}, {"SIGTTOU", defStop}, {"SIGURG", defCaught}, {"SIGXCPU", defTerm},
	{"SIGXFSZ", defTerm}, {"SIGVTALRM", defCaught}, {"SIGPROF", defCaught}, {"SIGWINCH", defIgnore},
	{"SIGIO", defCaught}, {"SIGPWR", defTerm}, {"SIGSYS", defTerm},
}

// synchronous is the set of signals that the kernel delivers before others (R-SIG-4).
const synchronous = 1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31

// SignalNames returns the names of the standard signals, by number from 1.
func SignalNames() []string {
	var names []string
	for _, s := range signals[1:] {
		names = append(names, s.name)
	}
	return names
}

// SignalByName returns the signal with that name: a standard one, or "SIGRTMIN+1".
func SignalByName(name string) (Signo, error) {
	for i := range signals {
		if i > 0 && signals[i].name == name {
			return Signo(i), nil
		}
	}
	if more, ok := strings.CutPrefix(name, "SIGRTMIN"); ok {
		n, err := strconv.Atoi(strings.TrimPrefix(more, "+"))
		switch {
		case more == "":
			return sigrt, nil
		case err == nil && n >= 0 && sigrt+Signo(n) <= sigMax:
			return sigrt + Signo(n), nil
		}
	}
	return 0, &hwdebug.UnknownError{What: "a signal", Name: name, Known: SignalNames()}
}

// String returns the signal's name: "SIGTRAP", "SIGRTMIN+1".
func (n Signo) String() string {
	switch {
	case n > 0 && int(n) < len(signals):
		return signals[n].name
	case n == sigrt:
		return "SIGRTMIN"
	case n > sigrt && n <= sigMax:
		return "SIGRTMIN+" + strconv.Itoa(int(n-sigrt))
	}
	return strconv.Itoa(int(n))
}

// valid returns an error for a number that no signal has.
func (n Signo) valid() error {
	if n < 1 || n > sigMax {
		return misusef("invalid signal %d (want 1 to %d)", int(n), int(sigMax))
	}
	return nil
}

// What a signal code says of the sender.
const (
	siUser     = 0 // SI_USER: kill, or send_sig of a driver
	trapTrace  = 2
	trapHwbkpt = 4
	trapPerf   = 6
)

// A Siginfo is the siginfo of a signal.
type Siginfo struct {
	Signo Signo
	Code  int    // SI_USER 0; of SIGTRAP also TRAP_BRKPT 1, TRAP_TRACE 2, TRAP_HWBKPT 4, TRAP_PERF 6
	Addr  uint64 // of a signal that an instruction caused
	Errno int
	PID   int // of the sender, if Code is SI_USER
}

// CodeName returns the name of si_code.
func (s *Siginfo) CodeName() string {
	switch {
	case s.Code == siUser:
		return "SI_USER"
	case s.Code == trapTrace:
		return "TRAP_TRACE"
	case s.Code == trapHwbkpt:
		return "TRAP_HWBKPT"
	case s.Code == trapPerf:
		return "TRAP_PERF"
	}
	return "TRAP_BRKPT"
}

// A Signal is the error of an access during which a signal stopped or killed the task. The access was not
// performed, except under TRAP_TRACE, which follows the instruction.
type Signal struct {
	Name string // "SIGTRAP"
	Info Siginfo
	task *Task
	died bool
}

func (s *Signal) Error() string {
	switch {
	case s.died:
		return sprintf("%s was killed by %s and did not perform the access", s.task, s.Name)
	case s.Info.Code == siUser:
		return sprintf("%s was stopped by %s (%s, from pid %d) and did not perform the access",
			s.task, s.Name, s.Info.CodeName(), s.Info.PID)
	case s.Info.Code == trapTrace:
		return sprintf("%s performed the access and was then stopped by %s (%s)",
			s.task, s.Name, s.Info.CodeName())
	}
	return sprintf("%s was stopped by %s (%s) at 0x%016x and did not perform the access",
		s.task, s.Name, s.Info.CodeName(), s.Info.Addr)
}

// A SignalHandler is a handler of a task, which runs in user mode.
type SignalHandler func(t *Task, info *Siginfo) error

// An action is what a task has set for a signal.
type action struct {
	set     bool
	ignore  bool
	handler SignalHandler // nil: the default
}

// Sigaction sets the task's handler of a signal, which runs in user mode. A nil handler with ignore
// drops the signal; without ignore it stands for the kernel's default. SIGKILL and SIGSTOP cannot be
// changed: EINVAL (R-SIG-6).
func (t *Task) Sigaction(n Signo, handler SignalHandler, ignore bool) error {
	if err := n.valid(); err != nil {
		return err
	}
	if err := t.aliveUser("sigaction"); err != nil {
		return err
	}
	if n == sigkill || n == sigstop {
		return t.m.refuse(&hwdebug.Error{
			Errno: einval, Rule: "R-SIG-6", Fn: "do_sigaction", Op: "sigaction", Asked: n.String(),
			Found: "it can be neither caught nor ignored", Fix: "handle another signal",
		})
	}
	if t.actions == nil {
		t.actions = make([]action, sigMax+1)
	}
	t.actions[n] = action{set: true, ignore: ignore, handler: handler}
	return nil
}

// SkipInstruction moves the task's pc past the instruction that a signal interrupted, as a handler does by
// writing to its ucontext. The instruction is not performed.
func (t *Task) SkipInstruction() { t.skip = true }

// SendSig sends a signal to a task, as a driver does with send_sig(sig, p, 0). Any context may call it. The
// signal stays pending until the task returns to user mode; a task that runs there gets it at once
// (R-SIG-1, 5). A kernel thread ignores it, and one that has exited is ESRCH.
func (m *Machine) SendSig(t *Task, n Signo) error {
	if t == nil || t.m != m {
		return misusef("send_sig needs a task of this machine")
	}
	if err := n.valid(); err != nil {
		return err
	}
	if err := m.sendSig(t, n); err != nil {
		return err
	}
	return t.interruptUser()
}

// sendSig queues the signal on the caller's stack.
//
// kernel/signal.c: send_sig
func (m *Machine) sendSig(t *Task, n Signo) (err error) {
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	defer m.exit(m.enter2(fnSendSig, uint64(n), pidArg(t)), &err)
	defer m.exit(m.enter2(fnSendSigInfo, uint64(n), pidArg(t)), &err)
	defer m.exit(m.enter2(fnDoSendSigInfo, uint64(n), pidArg(t)), &err)
	if t.dead {
		return m.refuse(&hwdebug.Error{
			Errno: esrch, Rule: "R-SIG-1", Fn: "do_send_sig_info", Op: "send_sig",
			Asked: sprintf("%s to %s", n, t), Found: "the task has exited", Fix: "use a living task",
		})
	}
	m.sendSignal(t, &Siginfo{Signo: n, Code: siUser, PID: m.cpu.curr.pid})
	return nil
}

// sendSignal queues s for t, unless t ignores it or has that standard signal pending already (R-SIG-2, 3).
//
// kernel/signal.c: __send_signal
func (m *Machine) sendSignal(t *Task, s *Siginfo) {
	if m.prof.six {
		defer m.leave(m.enter2(fnSendSignalLocked, uint64(s.Signo), pidArg(t)))
		defer m.leave(m.enter2(fnSendSignalLockedInner, uint64(s.Signo), pidArg(t)))
	} else {
		defer m.leave(m.enter2(fnSendSignal, uint64(s.Signo), pidArg(t)))
		defer m.leave(m.enter2(fnSendSignalInner, uint64(s.Signo), pidArg(t)))
	}
	if s.Signo == sigcont {
		t.resumeFromStop()
	}
	if t.kernel || t.ignores(s.Signo) || s.Signo < 32 && t.has(s.Signo) {
		return
	}
	t.signals = append(t.signals, s)
	m.leave(m.enter2(fnCompleteSignal, uint64(s.Signo), pidArg(t)))
}

// force queues a signal that an instruction of t has caused, which cannot be ignored (R-SIG-2).
func (t *Task) force(s *Siginfo) {
	if t.ignores(s.Signo) {
		t.actions[s.Signo] = action{}
	}
	if !t.has(s.Signo) {
		t.signals = append(t.signals, s)
	}
}

// has reports whether the signal is pending.
func (t *Task) has(n Signo) bool {
	return slices.ContainsFunc(t.signals, func(s *Siginfo) bool { return s.Signo == n })
}

// ignores reports whether the task drops the signal. A traced task drops none: its tracer sees them.
func (t *Task) ignores(n Signo) bool { return !t.traced && t.disposition(n) == defIgnore }

// disposition returns what the signal does to the task.
func (t *Task) disposition(n Signo) sigDefault {
	if t.actions != nil && t.actions[n].set {
		switch a := &t.actions[n]; {
		case a.ignore:
			return defIgnore
		case a.handler != nil:
			return defCaught
		}
		return kernelDefault(n)
	}
	if int(n) >= len(signals) {
		return defCaught
	}
	return signals[n].def
}

// kernelDefault returns what the kernel does for a task without a handler.
func kernelDefault(n Signo) sigDefault {
	switch {
	case n == 23: // SIGURG
		return defIgnore
	case int(n) >= len(signals) || signals[n].def == defCaught:
		return defTerm
	}
	return signals[n].def
}

// Pending returns the signals that wait for the task's return to user mode, in the order in which it takes
// them.
func (t *Task) Pending() []Signo {
	left := slices.Clone(t.signals)
	var order []Signo
	for len(left) > 0 {
		i := nextSignal(left, 0)
		order = append(order, left[i].Signo)
		left = slices.Delete(left, i, i+1)
	}
	return order
}

// nextSignal returns the index of the signal to be taken first, -1 if all are blocked: SIGKILL, then
// one that an instruction caused, then the lowest number (R-SIG-4).
func nextSignal(pending []*Siginfo, blocked uint64) int {
	first, rank := -1, 0
	for i, s := range pending {
		if blocked>>s.Signo&1 != 0 {
			continue
		}
		r := int(s.Signo)
		switch {
		case s.Signo == sigkill:
			r -= 200
		case uint64(synchronous)>>s.Signo&1 != 0:
			r -= 100
		}
		if first < 0 || r < rank {
			first, rank = i, r
		}
	}
	return first
}

// signalled reports whether a signal waits for the task that it does not block. An exiting task takes none:
// it does not return to user mode.
func (t *Task) signalled() bool {
	return len(t.signals) > 0 && !t.exiting && nextSignal(t.signals, t.blocked) >= 0
}

// interruptUser has a task without a thread of its own take its signals at once if it runs in user mode.
func (t *Task) interruptUser() error {
	c := t.m.cpus[t.cpu]
	if len(t.signals) == 0 || t.thread != nil || t.m.trapped > 0 || c.curr != t || c.masked > 0 ||
		c.node != 0 || t.exiting || c.usable() != nil {
		return nil
	}
	err := t.m.returnToUser(t, t.m.fromIrqNode)
	if _, ok := err.(*Signal); ok {
		return nil // no access is under way
	}
	return err
}

// ownSignals has the running thread take its signals before it enters the kernel.
func (m *Machine) ownSignals(th *thread) error {
	t := th.task
	if len(t.signals) == 0 || t.kernel || t.exiting || m.cpu.curr != t {
		return nil
	}
	err := m.returnToUser(t, m.toUserNode)
	if s, ok := err.(*Signal); ok && !s.died {
		return nil // its tracer has seen it
	}
	return err
}

// returnToUser takes the pending signals of t, which is about to return to user mode on the stack from, and
// runs their handlers. It returns a *Signal if one of them killed the task or its tracer stopped it by a
// SIGTRAP. The thread of a task that is killed ends here.
//
// arch/arm64/kernel/signal.c: do_notify_resume, do_signal
func (m *Machine) returnToUser(t *Task, from trace.NodeID) error {
	c := m.cpus[t.cpu]
	prev, node := m.cpu, c.node
	m.cpu, c.node = c, 0
	defer func() {
		if m.cpu = prev; prev == c && t.cpu != c.id { // a handler has moved its thread
			m.cpu = m.cpus[t.cpu]
		}
		if c.node = node; t.dead {
			c.node = c.curr.node
		}
	}()
	for t.signalled() {
		caught, err := m.doNotifyResume(t, from)
		if err != nil {
			return err
		}
		if err := m.runHandlers(t, caught); err != nil {
			return err
		}
	}
	return nil
}

// doNotifyResume takes signals until none is left and returns those that handlers of the task are to
// run for, in the order in which their frames were pushed.
//
// arch/arm64/kernel/signal.c: do_notify_resume
func (m *Machine) doNotifyResume(t *Task, from trace.NodeID) (caught []*Siginfo, err error) {
	m.cpu.node = from
	defer func() { m.cpu.node = 0 }()
	k := m.enterAll(m.signalPath()...)
	defer m.leaveAll(k)
	defer func(was uint64) { t.blocked = was }(t.blocked)
	for {
		s, err := m.getSignal(t)
		if s == nil || err != nil {
			return caught, err
		}
		caught = append(caught, s)
		t.blocked |= 1 << s.Signo
	}
}

// getSignal takes the next signal that a handler of t is to run for, and does what the others ask for. It
// returns nil if none is left.
//
// kernel/signal.c: get_signal
func (m *Machine) getSignal(t *Task) (*Siginfo, error) {
	defer m.leave(m.enter0(fnGetSignal))
	for {
		i := nextSignal(t.signals, t.blocked)
		if i < 0 {
			return nil, nil
		}
		s := t.signals[i]
		t.signals = slices.Delete(t.signals, i, i+1)
		t.siginfo = s
		if t.traced && s.Signo != sigkill {
			m.trapStop(t)
			if s.Signo == sigtrap { // the tracer keeps it (R-SIG-8)
				return nil, &Signal{Name: s.Signo.String(), Info: *s, task: t}
			}
		}
		switch t.disposition(s.Signo) {
		case defCaught:
			return s, nil
		case defTerm:
			return nil, m.killedBy(t, s)
		case defStop:
			if err := m.groupStop(t, s); err != nil {
				return nil, err
			}
		}
	}
}

// killedBy has t exit because of a signal. It returns the *Signal of the access that t will not
// perform; the thread of t ends instead.
func (m *Machine) killedBy(t *Task, s *Siginfo) error {
	own := m.thread != nil && m.thread == t.thread
	err := t.exitFrom(m.cpu.node, uint64(s.Signo), fnDoGroupExit)
	if own {
		if err != nil {
			m.thread.err = err
		}
		panic(threadEnd{})
	}
	if err != nil {
		return err
	}
	return &Signal{Name: s.Signo.String(), Info: *s, task: t, died: true}
}

// groupStop stops t until SIGCONT. A thread gets no turn meanwhile, and nothing else can act through
// the task (R-SIG-7).
func (m *Machine) groupStop(t *Task, s *Siginfo) error {
	if t.jobStop {
		return nil
	}
	t.jobStop = true
	t.stops++
	if th := t.thread; th != nil && th == m.thread {
		c := m.cpu
		c.runq = append(c.runq, th)
		m.pause(th, threadReady)
		return nil
	}
	return &Signal{Name: s.Signo.String(), Info: *s, task: t}
}

// resumeFromStop ends a stop by SIGSTOP and its like, and drops those that are pending.
func (t *Task) resumeFromStop() {
	stops := func(s *Siginfo) bool { return kernelDefault(s.Signo) == defStop }
	t.signals = slices.DeleteFunc(t.signals, stops)
	if t.jobStop {
		t.jobStop = false
		t.stops--
	}
}

// runHandlers runs the task's handlers for the signals caught, in user mode: the one whose frame was pushed
// last runs first. A step over a breakpoint that the signals came before ends at the first handler's first
// instruction (R-SIG-5).
func (m *Machine) runHandlers(t *Task, caught []*Siginfo) error {
	if len(caught) > 0 && t.singleStep {
		if err := m.stepAtHandler(t); err != nil {
			return err
		}
	}
	for _, s := range slices.Backward(caught) {
		was := t.blocked
		t.blocked |= 1 << s.Signo
		if a := t.actions; a != nil && a[s.Signo].handler != nil {
			if err := a[s.Signo].handler(t, s); err != nil {
				t.blocked = was
				return err
			}
		}
		if t.dead {
			return nil
		}
		m.rtSigreturn(t)
		t.blocked = was
	}
	return nil
}

// stepAtHandler takes the step exception at a handler's first instruction.
func (m *Machine) stepAtHandler(t *Task) error {
	a := &Access{m: m, task: t, kind: hwdebug.Exec, state: accessPerformed}
	return a.stepException()
}

// rtSigreturn returns t from a handler to the interrupted instruction.
//
// arch/arm64/kernel/signal.c: sys_rt_sigreturn
func (m *Machine) rtSigreturn(t *Task) {
	c := m.cpus[t.cpu]
	m.cpu = c
	c.node = m.syscallNode
	m.leave(m.enter0(fnRtSigreturn))
	c.node = 0
}
