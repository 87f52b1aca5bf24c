// Activity: whether a script has changed its machines.

package bindings

// Activity counts what scripts do to the machines that they make, those of explorations apart.
type Activity struct{ changes, traces uint64 }

// Counts returns how many calls may have changed a machine, and how many only looked but left a record in its
// trace.
func (a *Activity) Counts() (changes, traces uint64) { return a.changes, a.traces }

// called counts a call of a method.
func (a *Activity) called(name string) {
	switch {
	case haltedCalls[name]:
	case lookCalls[name]:
		a.traces++
	default:
		a.changes++
	}
}
