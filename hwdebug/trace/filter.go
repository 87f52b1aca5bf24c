// Selection of records by function, CPU, task and time.

package trace

import (
	"slices"
	"strings"
	"time"
)

// A Filter selects records. Its zero value selects all; each field that is set narrows the selection.
type Filter struct {
	Fns   []string // kernel names; "*" matches any run of characters: "*_bp_slot"
	CPUs  []int
	PIDs  []int
	Comms []string      // patterns as in Fns: "kworker/*"
	Since time.Duration // the first virtual time
	Until time.Duration // the end, exclusive; 0: no end
	// Failed selects only calls that returned a negative result.
	Failed bool
}

// A selection is a Filter compiled for one recorder.
type selection struct {
	Filter
	r   *Recorder
	fns []bool // by FnID; nil: all
}

func (f Filter) compile(r *Recorder) *selection {
	s := &selection{Filter: f, r: r}
	if len(f.Fns) > 0 {
		s.fns = make([]bool, len(r.fns))
		for i := range r.fns {
			s.fns[i] = anyGlob(f.Fns, r.fns[i].Name)
		}
	}
	return s
}

func (s *selection) match(rec *Record) bool {
	return rec.T >= s.Since && (s.Until == 0 || rec.T < s.Until) &&
		(s.fns == nil || s.fns[rec.Fn]) &&
		(len(s.CPUs) == 0 || slices.Contains(s.CPUs, int(rec.CPU))) &&
		(len(s.PIDs) == 0 || slices.Contains(s.PIDs, int(rec.PID))) &&
		(len(s.Comms) == 0 || anyGlob(s.Comms, s.r.NameOf(rec.Comm))) &&
		(!s.Failed || rec.State == Returned && rec.Ret < 0 && s.r.fns[rec.Fn].Ret != NoValue)
}

func anyGlob(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, name) })
}

// glob reports whether name matches a pattern in which "*" matches any run of characters.
func glob(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], more
	}
}
