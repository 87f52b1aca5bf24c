// Shared variables of a script: what threads read and write, and what orders them.

package explore

// An OutlivesError reports a run that writes a variable from outside of it.
type OutlivesError struct {
	Name string
}

func (e *OutlivesError) Error() string {
	return e.Name + " outlives a run: the next run would see what this one has written; make it inside of the function"
}

// sharing is what an exploration has learnt about the variables of a script.
type sharing struct{}

func newSharing() *sharing { return &sharing{} }

func (s *sharing) begin(*Control) {}
func (s *sharing) end(*Control)   {}
func (s *sharing) races() []Race  { return nil }
