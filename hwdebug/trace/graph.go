// The trace in the manner of ftrace's function_graph, one column a CPU.

package trace

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteGraph writes the trace as ftrace's function_graph does, but with a column for each CPU that has entries, so that
// what happens on other CPUs during a cross call stands beside the call:
//
//	#        TIME | CPU 0                        | CPU 1
//	    12.500 us | smp_call_function_single() { |
//	    12.500 us |                              | remote_function() {
//	    12.500 us |                              |   event_function();
//	              |                              | } /* remote_function */
//	              | } /* smp_call_function_single */
//
// A result stands behind the call or the closing brace. A function is closed before the next entry of its task, or of its CPU,
// that it does not contain. The TIME is of entry: no modelled call takes virtual time by itself.
func WriteGraph(w io.Writer, entries iter.Seq[Entry]) error {
	g := grapher{calls: calls(entries)}
	timeWidth := len("#   TIME")
	for _, c := range g.calls {
		if !slices.Contains(g.cpus, c.e.CPU) {
			g.cpus = append(g.cpus, c.e.CPU)
		}
		timeWidth = max(timeWidth, len(appendMicros(nil, c.e.T))+len(" us"))
	}
	slices.Sort(g.cpus)
	g.width = make([]int, len(g.cpus))
	for i, c := range g.cpus {
		g.width[i] = len("CPU " + strconv.Itoa(c))
	}
	g.write = func(col int, _ int64, _ bool, text string) {
		g.width[col] = max(g.width[col], utf8.RuneCountInString(text))
	}
	g.run() // to measure
	out := bufio.NewWriter(w)
	line := func(at string, col int, text string) {
		s := fmt.Sprintf("%*s", timeWidth, at)
		for i := range g.cpus {
			cell := ""
			if i == col {
				cell = text
			}
			s += " | " + cell + strings.Repeat(" ", g.width[i]-utf8.RuneCountInString(cell))
		}
		out.WriteString(strings.TrimRight(s, " "))
		out.WriteByte('\n')
	}
	head := "#" + fmt.Sprintf("%*s", timeWidth-1, "TIME")
	for i, c := range g.cpus {
		head += fmt.Sprintf(" | %-*s", g.width[i], "CPU "+strconv.Itoa(c))
	}
	fmt.Fprintln(out, strings.TrimRight(head, " "))
	g.write = func(col int, t int64, entry bool, text string) {
		at := ""
		if entry {
			at = string(appendMicros(nil, t)) + " us"
		}
		line(at, col, text)
	}
	g.run()
	return out.Flush()
}

type grapher struct {
	cpus  []int
	width []int
	calls []call
	write func(col int, t int64, entry bool, text string)
	open  []openCall // of all threads; those of one thread in order of depth
}

// An openCall is a call whose closing brace is still to come.
type openCall struct {
	*call
	col    int
	indent int
}

func (g *grapher) run() {
	g.open = g.open[:0]
	current := make([]thread, len(g.cpus))
	for i := range current {
		current[i] = thread{-2, -2}
	}
	for i := range g.calls {
		c := &g.calls[i]
		col, _ := slices.BinarySearch(g.cpus, c.e.CPU)
		g.close(func(o *openCall) bool {
			if o.thread == c.thread {
				return o.depth >= c.depth || o.col != col
			}
			return o.col == col && o.last < i
		})
		if current[col] != c.thread {
			current[col] = c.thread
			g.write(col, 0, false, "/* "+string(c.e.appendTask(nil))+" */")
		}
		indent := 0
		for _, o := range g.open {
			if o.thread == c.thread {
				indent = o.indent + 1
			}
		}
		text := pad(indent) + c.name + "()"
		if !c.caller {
			text = pad(indent) + c.e.Call()
		}
		if c.last == i {
			g.write(col, c.e.T, true, text+c.result()+";")
			continue
		}
		g.write(col, c.e.T, true, text+" {")
		g.open = append(g.open, openCall{c, col, indent})
	}
	g.close(func(*openCall) bool { return true })
}

// close writes the closing braces of the calls that over selects, innermost first.
func (g *grapher) close(over func(*openCall) bool) {
	for i := len(g.open) - 1; i >= 0; i-- {
		if o := &g.open[i]; over(o) {
			g.write(o.col, 0, false, pad(o.indent)+"}"+o.result()+" /* "+o.name+" */")
			g.open = slices.Delete(g.open, i, i+1)
		}
	}
}

func pad(indent int) string { return strings.Repeat("  ", indent) }
