// Where two traces first differ, in words.

package trace

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Difference is the first place where two traces do not agree.
type Difference struct {
	Index int      // how many entries agree before it
	A, B  *Entry   // the entries there; nil where a trace has ended
	What  string   // what differs: "returned -ENOSPC in the first, 0 in the second"
	Stack []string // callers at that place that both share, innermost first
}

// String says it in a few lines.
func (d *Difference) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "after %d %s: %s\n", d.Index, plural(d.Index, "entry that agrees", "entries that agree"), d.What)
	for _, side := range []struct {
		mark string
		e    *Entry
	}{{"-", d.A}, {"+", d.B}} {
		if side.e == nil {
			fmt.Fprintf(&s, "%s (end of the trace)\n", side.mark)
			continue
		}
		s.WriteString(side.mark + " " + side.e.line() + "\n")
	}
	if len(d.Stack) > 0 {
		s.WriteString("  in " + strings.Join(d.Stack, " < ") + "\n")
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// line is the entry on one line of its own: CPU, time, task, call and result.
func (e *Entry) line() string {
	b := fmt.Appendf(nil, "cpu%d ", e.CPU)
	b = append(appendMicros(b, e.T), "us  ["...)
	b = append(e.appendTask(b), "] "...)
	return string(e.appendResult(e.appendCall(b)))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Diff compares two traces entry by entry, sequence numbers apart, and returns the first difference, nil if there is none.
func Diff(a, b iter.Seq[Entry]) *Difference {
	nextA, stopA := iter.Pull(a)
	defer stopA()
	nextB, stopB := iter.Pull(b)
	defer stopB()
	stacks := map[thread][]string{}
	for i := 0; ; i++ {
		x, okA := nextA()
		y, okB := nextB()
		if !okA && !okB {
			return nil
		}
		d := &Difference{Index: i}
		switch {
		case !okA:
			d.B, d.What = &y, "the first ends, the second goes on with "+y.Call()
		case !okB:
			d.A, d.What = &x, "the second ends, the first goes on with "+x.Call()
		default:
			d.A, d.B, d.What = &x, &y, whatDiffers(&x, &y)
		}
		e := d.A
		if e == nil {
			e = d.B
		}
		stack := stacks[e.thread()]
		stack = slices.Clone(stack[:min(e.base(), len(stack))])
		if d.What != "" {
			if okA && okB {
				shared := min(x.base(), y.base(), len(stack))
				stack = stack[:shared]
			}
			slices.Reverse(stack)
			d.Stack = stack
			return d
		}
		stacks[e.thread()] = append(append(stack, e.Via...), e.Fn)
	}
}

// whatDiffers puts the first difference of two entries into words, the weightiest first; empty if there is none but in
// the sequence number.
func whatDiffers(a, b *Entry) string {
	const in = " in the first, %s in the second"
	switch {
	case a.Fn != b.Fn:
		return fmt.Sprintf("%s"+in, a.Call(), b.Call())
	case a.CPU != b.CPU:
		return fmt.Sprintf("%s ran on cpu%d"+in, a.Fn, a.CPU, fmt.Sprintf("cpu%d", b.CPU))
	case a.PID != b.PID || a.Comm != b.Comm:
		return fmt.Sprintf("%s ran as %s"+in, a.Fn, a.appendTask(nil), b.appendTask(nil))
	case len(a.Args) != len(b.Args):
		return fmt.Sprintf("%s has %d arguments"+in, a.Fn, len(a.Args), fmt.Sprint(len(b.Args)))
	}
	for i := range a.Args {
		if a.Args[i] != b.Args[i] {
			if a.Args[i].Name != b.Args[i].Name {
				return fmt.Sprintf("argument %d of %s is called %s"+in, i+1, a.Fn, a.Args[i].Name, b.Args[i].Name)
			}
			return fmt.Sprintf("%s: %s is %s"+in, a.Fn, a.Args[i].Name, a.Args[i].Value, b.Args[i].Value)
		}
	}
	switch {
	case a.Running != b.Running || a.Ret != b.Ret:
		return fmt.Sprintf("%s %s"+in, a.Call(), a.outcome(), b.outcome())
	case a.Depth != b.Depth || !slices.Equal(a.Via, b.Via):
		return fmt.Sprintf("%s was called %s"+in, a.Fn, a.where(), b.where())
	case a.T != b.T:
		return fmt.Sprintf("%s was entered at %sus"+in, a.Fn, appendMicros(nil, a.T), string(appendMicros(nil, b.T))+"us")
	}
	return ""
}

func (e *Entry) outcome() string {
	switch {
	case e.Running:
		return "has not returned"
	case e.Ret == "":
		return "returned"
	}
	return "returned " + e.Ret
}

func (e *Entry) where() string {
	s := fmt.Sprintf("at depth %d", e.Depth)
	if len(e.Via) > 0 {
		s += " through " + strings.Join(e.Via, " > ")
	}
	return s
}
