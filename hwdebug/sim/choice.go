// Choices: the points where the kernel leaves order open, and what answers them.

package sim

// A Choice is a kind of point where the kernel leaves order open.
type Choice uint8

const (
	ChoiceCPU     Choice = iota // which of the CPUs that could go on does
	ChoiceTimer                 // which CPU's timer that is due now fires first
	ChoiceIPI                   // 0: a cross call's interrupt arrives at once; 1: something else happens first
	ChoicePreempt               // 0: a task body goes on; 1: another thread of its CPU gets its turn first
	ChoiceWorker                // 0: a new worker waits for its CPU; 1: it preempts the worker that made it
	ChoiceStep                  // 0: a step over a breakpoint is not interrupted; 1: it is, by another thread of the CPU
)

// String returns the choice's name in schedules.
func (c Choice) String() string {
	return [...]string{"cpu", "timer", "ipi", "preempt", "worker", "step"}[c]
}

// choose answers a choice among n possibilities. The default is 0 and costs nothing; a chooser or a seed in
// Config supplies other answers.
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
