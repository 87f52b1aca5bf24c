// Choices: the points where the kernel leaves order open, and what answers them.

package sim

// A Choice is a kind of point where the kernel leaves order open.
type Choice uint8

const (
	ChoiceCPU     Choice = iota // which CPU runs next, of those that can
	ChoiceTimer                 // which CPU's timer fires first, of those that are due
	ChoiceIPI                   // 0: a cross call's interrupt arrives at once; 1: another step first
	ChoicePreempt               // 0: a task body continues; 1: another thread of its CPU runs first
	ChoiceWorker                // 0: a new worker waits for its CPU; 1: it preempts the worker that made it
	ChoiceStep                  // 0: a step over a breakpoint completes; 1: another thread interrupts it
)

// String returns the choice's name in schedules.
func (c Choice) String() string {
	return [...]string{"cpu", "timer", "ipi", "preempt", "worker", "step"}[c]
}

// choose answers a choice among n possibilities. The default is 0 and costs nothing; a chooser or a
// seed in Config supplies other answers.
func (m *Machine) choose(kind Choice, n int) int {
	if n < 2 || m.chooser == nil {
		return 0
	}
	i := m.chooser(kind, n)
	if i < 0 || i >= n {
		return 0
	}
	return i
}

// chooseCPU answers a choice among the CPUs that may be chosen, or returns nil if none may.
func (m *Machine) chooseCPU(kind Choice, may func(*CPU) bool) *CPU {
	var free [64]*CPU
	n := 0
	for _, c := range m.cpus {
		if may(c) {
			free[n] = c
			n++
		}
	}
	return free[m.choose(kind, n)]
}

// seeded returns a chooser that draws from seed: the same seed gives the same answers (splitmix64).
func seeded(seed uint64) func(Choice, int) int {
	return func(_ Choice, n int) int {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return int((z ^ z>>31) % uint64(n))
	}
}
