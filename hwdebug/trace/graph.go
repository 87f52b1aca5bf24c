// The layout of ftrace's function_graph, with one column a CPU.

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

// WriteGraph writes the trace as ftrace's function_graph does, but with a column for each CPU that
// has entries, so that the work of other CPUs during a cross call is shown next to the call:
//
//	#        TIME | CPU 0                        | CPU 1
//	    12.500 us | smp_call_function_single() { |
//	    12.500 us |                              | remote_function() {
//	    12.500 us |                              |   event_function();
//	              |                              | } /* remote_function */
//	              | } /* smp_call_function_single */
//
// A result follows the call or its closing brace. A function is closed before the next entry of its
// task, or of its CPU, that it does not contain. TIME is the time of entry: no modelled call takes
// virtual time by itself.
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
	titles := make([]string, len(g.cpus))
	width := make([]int, len(g.cpus))
	for i, c := range g.cpus {
		titles[i] = "CPU " + strconv.Itoa(c)
		width[i] = len(titles[i])
	}
	g.write = func(col int, _, text string) { width[col] = max(width[col], utf8.RuneCountInString(text)) }
	g.run() // to measure
	out := bufio.NewWriter(w)
	line := func(at string, cell func(col int) string) {
		s := fmt.Sprintf("%*s", timeWidth, at)
		for i := range g.cpus {
			s += fmt.Sprintf(" | %-*s", width[i], cell(i))
		}
		out.WriteString(strings.TrimRight(s, " ") + "\n")
	}
	line(fmt.Sprintf("#%*s", timeWidth-1, "TIME"), func(col int) string { return titles[col] })
	g.write = func(col int, at, text string) {
		line(at, func(i int) string {
			if i == col {
				return text
			}
			return ""
		})
	}
	g.run()
	return out.Flush()
}

// A grapher turns calls into lines of the columns of their CPUs.
type grapher struct {
	cpus  []int
	calls []call
	write func(col int, at, text string) // at: the time, if the line is an entry
	open  []openCall                     // of all threads; those of one thread in order of depth
}

// An openCall is a call whose closing brace has not been written.
type openCall struct {
	*call
	col    int
	indent int
}

// run writes every line in order.
func (g *grapher) run() {
	g.open = g.open[:0]
	current := make([]thread, len(g.cpus))
	for i := range current {
		current[i] = thread{-2, -2}
	}
	for i := range g.calls {
		c := &g.calls[i]
		col, _ := slices.BinarySearch(g.cpus, c.e.CPU)
		if p := c.e.Point; p != nil {
			g.close(func(o *openCall) bool { return o.col == col && o.last < i })
			g.write(col, "", "/* "+p.Comment()+" */")
			continue
		}
		g.close(func(o *openCall) bool {
			if o.thread == c.thread {
				return o.depth >= c.depth || o.col != col
			}
			return o.col == col && o.last < i
		})
		if current[col] != c.thread {
			current[col] = c.thread
			g.write(col, "", "/* "+string(c.e.appendTask(nil))+" */")
		}
		g.call(c, col, c.last == i)
	}
	g.close(func(*openCall) bool { return true })
}

// call writes a call: on one line if it is a leaf, else with an opening brace.
func (g *grapher) call(c *call, col int, leaf bool) {
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
	at := string(appendMicros(nil, c.e.T)) + " us"
	if leaf {
		g.write(col, at, text+c.result()+";")
		return
	}
	g.write(col, at, text+" {")
	g.open = append(g.open, openCall{c, col, indent})
}

// close writes the closing braces of the calls that ended selects, innermost first.
func (g *grapher) close(ended func(*openCall) bool) {
	for i := len(g.open) - 1; i >= 0; i-- {
		if o := &g.open[i]; ended(o) {
			g.write(o.col, "", pad(o.indent)+"}"+o.result()+" /* "+o.name+" */")
			g.open = slices.Delete(g.open, i, i+1)
		}
	}
}

func pad(indent int) string { return strings.Repeat("  ", indent) }
