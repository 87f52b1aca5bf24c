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

// Do performs s, and returns what came of it as s would have it.
func (p *Player) Do(s *Step) Step {
	got := p.p.do(s)
	done := *s
	done.Ret, done.Obs = got.ret, got.obs
	return done
}

// Agrees says whether the last step's outcome is that of s.
func (p *Player) Agrees(s *Step) bool { return agrees(s, &p.p.got) }

// Said tells the last step's outcome.
func (p *Player) Said(s *Step) string { return outcomeText(s.Op, &p.p.got) }

// Finish takes everything away and returns what is left.
func (p *Player) Finish() (kde []int, violation []string) {
	r := p.p.finish()
	return r.kde, r.violation
}
