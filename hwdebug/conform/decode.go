// The lines of a recording: the meta line and cases.

package conform

import (
	"fmt"
	"slices"
	"strings"
)

// A decoder takes one line apart. It accepts JSON as encoding/json does (white space, any order of keys, escapes in
// strings), refuses what the format does not have, unknown and repeated keys included, and allocates only when
// storage must grow. encoding/json takes nine times as long without any check; it is the slow twin of the fuzz test.
//
// Each method that reads something returns false once anything was refused; err says what.
type decoder struct {
	meta *Meta
	b    []byte
	i    int
	err  *FormatError
	c    *Case
	step int // from 1; 0: outside of steps
}

func (d *decoder) start(line []byte) {
	d.b, d.i, d.err, d.c, d.step = line, 0, nil, nil, 0
}

func (d *decoder) refuse(found, mend string) bool {
	if d.err == nil {
		d.err = &FormatError{Col: d.i + 1, Found: found, Mend: mend, Step: d.step}
		if d.c != nil {
			d.err.Case = d.c.ID
		}
	}
	return false
}

// refuseAt is refuse for something that began at byte i.
func (d *decoder) refuseAt(i int, found, mend string) bool {
	d.refuse(found, mend)
	d.err.Col = i + 1
	return false
}

func (d *decoder) done() *FormatError {
	if d.err == nil {
		d.end()
	}
	return d.err
}

func (d *decoder) repeated(at int, name string) bool {
	return d.refuseAt(at, fmt.Sprintf("key %q twice", name), "")
}

func (d *decoder) unknown(at int, key []byte, where string, names []string) bool {
	return d.refuseAt(at, fmt.Sprintf("unknown key %q in %s", key, where), "known are "+strings.Join(names, " "))
}

// decodeMeta reads the first line. Keys that it does not know are passed over: they say where a recording comes
// from and cannot change its meaning.
func (d *decoder) decodeMeta(line []byte) *FormatError {
	d.start(line)
	*d.meta = Meta{CPUs: 4}
	if d.want('{') {
		if k, ok := d.key(); ok && string(k) != "meta" {
			d.refuseAt(0, fmt.Sprintf("the first line holds %q", k), `it must be {"meta":{...}}`)
		}
	}
	if d.err == nil && d.want('{') {
		d.metaFields()
	}
	if d.err == nil {
		d.want('}')
	}
	return d.done()
}

func (d *decoder) metaFields() {
	m := d.meta
	count := func(v *int) func([]byte) bool {
		return func(s []byte) bool {
			n, ok := parseDec(s)
			*v = int(n)
			return ok && n >= 1 && n <= 64
		}
	}
	value := func(v *uint64) func([]byte) bool {
		return func(s []byte) (ok bool) {
			*v, ok = parseHex(s)
			return ok
		}
	}
	text := func(v *string) func([]byte) bool {
		return func(s []byte) bool {
			*v = string(s)
			return true
		}
	}
	fields := []struct {
		name string
		must bool
		set  func([]byte) bool
		seen bool
	}{
		{name: "release", must: true, set: text(&m.Release)}, {name: "version", set: text(&m.Version)},
		{name: "qemu", set: text(&m.QEMU)}, {name: "machine", set: text(&m.Machine)},
		{name: "cpus", set: count(&m.CPUs)},
		{name: "brps", must: true, set: count(&m.BRPs)}, {name: "wrps", must: true, set: count(&m.WRPs)},
		{name: "dfr0", set: value(&m.DFR0)},
		{name: "ubuf", must: true, set: value(&m.UBuf)}, {name: "ucode", must: true, set: value(&m.UCode)},
		{name: "kbuf", must: true, set: value(&m.KBuf)}, {name: "kcode", must: true, set: value(&m.KCode)},
	}
next:
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return
		}
		for i := range fields {
			f := &fields[i]
			if string(k) != f.name {
				continue
			}
			if f.seen {
				d.repeated(at, f.name)
				return
			}
			f.seen = true
			d.ws()
			at := d.i
			s, ok := d.str()
			if !ok {
				return
			}
			if !f.set(s) {
				d.refuseAt(at, fmt.Sprintf("%s %q is not a value", f.name, s), "counts are decimal from 1 to 64, addresses and dfr0 hex strings without prefix")
				return
			}
			continue next
		}
		if _, ok := d.skip(); !ok {
			return
		}
	}
	for i := range fields {
		if d.err == nil && fields[i].must && !fields[i].seen {
			d.refuse(fmt.Sprintf("meta has no %q", fields[i].name), "")
		}
	}
	if d.err == nil && (m.BRPs > 16 || m.WRPs > 16) {
		d.refuse("meta has more than 16 registers of a kind", "the architecture has at most 16")
	}
}

var caseNames = []string{"id", "cpus", "steps", "residue", "violation"}

// decodeCase reads one case into c.
func (d *decoder) decodeCase(line []byte, c *Case) *FormatError {
	d.start(line)
	d.c = c
	*c = Case{Line: c.Line, Steps: c.Steps[:0], KDE: c.KDE[:0], words: c.words[:0], hits: c.hits[:0], pairs: c.pairs[:0]}
	if !d.want('{') {
		return d.err
	}
	var seen [5]bool
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			break
		}
		i := slices.Index(caseNames, string(k))
		if i < 0 {
			d.unknown(at, k, "a case", caseNames)
			break
		}
		if seen[i] {
			d.repeated(at, caseNames[i])
			break
		}
		seen[i] = true
		switch i {
		case 0:
			d.ws()
			at := d.i
			if s, ok := d.str(); ok {
				if c.ID = string(s); c.ID == "" {
					d.refuseAt(at, "an empty id", "it is a family, a slash and a name")
				}
			}
		case 1:
			d.ws()
			at := d.i
			if c.CPUs, ok = d.small("cpus", 1, 64); ok && c.CPUs != d.meta.CPUs {
				d.refuseAt(at, fmt.Sprintf("cpus is %d, on a machine of %d", c.CPUs, d.meta.CPUs), "")
			}
		case 2:
			d.steps()
		case 3:
			d.residue()
		case 4:
			c.Violation, _ = d.skip()
		}
	}
	for i, name := range caseNames[:3] {
		if d.err == nil && !seen[i] {
			d.refuse(fmt.Sprintf("the case has no %q", name), "")
		}
	}
	return d.done()
}

func (d *decoder) residue() {
	if !d.want('{') {
		return
	}
	seen := false
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return
		}
		if string(k) != "kde" {
			d.unknown(at, k, "residue", []string{"kde"})
			return
		}
		if seen {
			d.repeated(at, "kde")
			return
		}
		seen = true
		if !d.want('[') {
			return
		}
		for n := 0; d.more(&n, ']'); {
			at := d.i
			cpu, ok := d.small("CPU", 0, d.meta.CPUs-1)
			if !ok {
				return
			}
			if slices.Contains(d.c.KDE, cpu) {
				d.refuseAt(at, fmt.Sprintf("CPU %d twice", cpu), "")
				return
			}
			d.c.KDE = append(d.c.KDE, cpu)
		}
		slices.Sort(d.c.KDE)
	}
	if d.err == nil && !seen {
		d.refuse(`residue has no "kde"`, "")
	}
}

func (d *decoder) steps() {
	if !d.want('[') {
		return
	}
	c := d.c
	for n := 0; d.more(&n, ']'); {
		d.step = n
		if len(c.Steps) < cap(c.Steps) {
			c.Steps = c.Steps[:n]
		} else {
			c.Steps = append(c.Steps, Step{})
		}
		s := &c.Steps[n-1]
		*s = Step{Op: numOps, T: -1, Task: -1}
		d.oneStep(s)
	}
	d.step = 0
}
