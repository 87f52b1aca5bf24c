// Colors.

package report

// paint colors text. The zero paint leaves it unchanged.
type paint struct{ on bool }

func (p *paint) wrap(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *paint) bold(s string) string   { return p.wrap("1", s) }
func (p *paint) dim(s string) string    { return p.wrap("2", s) }
func (p *paint) red(s string) string    { return p.wrap("31", s) }
func (p *paint) green(s string) string  { return p.wrap("32", s) }
func (p *paint) yellow(s string) string { return p.wrap("33", s) }

// part returns s in the color of a part of a failure.
func (p *paint) part(part, s string) string {
	code := map[string]string{"bold": "1", "dim": "2", "found": "31", "expected": "32"}[part]
	if code == "" {
		return s
	}
	return p.wrap(code, s)
}
