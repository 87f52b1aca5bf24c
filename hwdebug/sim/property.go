// Properties: what must hold after every step of a run, when the machine rests, or at some step.

package sim

import (
	"strings"
	"time"
)

// A PropertyKind says when a property must hold.
type PropertyKind uint8

const (
	Always     PropertyKind = iota // after every step
	Eventually                     // when the machine has come to rest
	Sometimes                      // after some step of some run
)

// String returns the name of the call that sets such a property.
func (k PropertyKind) String() string { return [...]string{"always", "eventually", "sometimes"}[k] }

// A property is one that the caller has set.
type property struct {
	kind PropertyKind
	name string
	fn   func() (bool, error)
	held bool
}

// A PropertyError reports a property that does not hold.
type PropertyError struct {
	Kind PropertyKind
	Name string
	Now  time.Duration // virtual time
}

func (e *PropertyError) Error() string {
	when := "after a step"
	if e.Kind == Eventually {
		when = "when the machine rests"
	}
	return sprintf("%s: %q does not hold %s, at %d.%06d s", e.Kind, e.Name, when, e.Now/1e9, e.Now%1e9/1e3)
}

// Property sets a property. fn must only look at the machine.
func (m *Machine) Property(kind PropertyKind, name string, fn func() (bool, error)) error {
	if m.closed {
		return ErrClosed
	}
	m.properties = append(m.properties, property{kind: kind, name: name, fn: fn})
	if m.chooser == nil { // so that every step ends at a point
		m.chooser = func(*Point) int { return 0 }
	}
	return nil
}

// Held returns the names of the properties of kind Sometimes that are set, each with whether it has held.
func (m *Machine) Held(yield func(name string, held bool) bool) {
	for i := range m.properties {
		if p := &m.properties[i]; p.kind == Sometimes && !yield(p.name, p.held) {
			return
		}
	}
}

// stepped looks at the properties after a step, and ends the run if one of them does not hold.
func (m *Machine) stepped() {
	if m.looking || m.stopErr != nil {
		return
	}
	for i := range m.properties {
		p := &m.properties[i]
		if p.kind == Eventually || p.held && p.kind == Sometimes {
			continue
		}
		holds, err := m.look(p)
		switch {
		case err != nil:
			m.stopErr = err
			return
		case p.kind == Sometimes:
			p.held = holds
		case !holds:
			m.stopErr = &PropertyError{p.kind, p.name, m.now}
			return
		}
	}
}

// rested returns an error for a property of kind Eventually that does not hold.
func (m *Machine) rested() error {
	for i := range m.properties {
		p := &m.properties[i]
		if p.kind != Eventually {
			continue
		}
		holds, err := m.look(p)
		if err == nil && !holds {
			err = &PropertyError{p.kind, p.name, m.now}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look asks whether p holds. The machine refuses calls that change it meanwhile.
func (m *Machine) look(p *property) (bool, error) {
	m.looking = true
	defer func() { m.looking = false }()
	return p.fn()
}

// Bug returns the first line of the kernel log that begins a BUG or a WARNING, or "".
func (m *Machine) Bug() string { return m.bug }

// noteBug keeps the first line of a BUG or a WARNING.
func (m *Machine) noteBug(line string) {
	if m.bug == "" && (strings.HasPrefix(line, "BUG: ") || strings.HasPrefix(line, "WARNING: ")) {
		m.bug = line
	}
}
