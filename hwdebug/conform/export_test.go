// Internals that tests look at.

package conform

import "github.com/hwlua/hwlua/hwdebug"

// DecodeCase decodes one line of a recording with that first line.
func DecodeCase(meta *Meta, line []byte, c *Case) error {
	d := decoder{meta: meta}
	if err := d.decodeCase(line, c); err != nil {
		return err
	}
	return nil
}

// A Player performs single steps.
type Player struct{ p player }

// Begin takes a fresh target.
func (p *Player) Begin(t hwdebug.Target, meta *Meta) { p.p.begin(t, meta) }

// Do performs s and returns it with its outcome.
func (p *Player) Do(s *Step) Step {
	got := p.p.do(s)
	done := *s
	done.Ret, done.Obs = got.ret, got.obs
	return done
}

// Agrees reports whether the outcome of the last step is that of s.
func (p *Player) Agrees(s *Step) bool { return agrees(s, &p.p.got) }

// Said returns the outcome of the last step as text.
func (p *Player) Said(s *Step) string { return outcomeText(s.Op, &p.p.got) }

// Finish releases everything and returns the residue.
func (p *Player) Finish() (kde []int, violation []string) {
	r := p.p.finish()
	return r.kde, r.violation
}
