// The text of tracefs, for the readers of ftrace's text.

package trace

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

const ftraceHead = `# tracer: nop
#
#           TASK-PID     CPU#  FLAGS     TIMESTAMP  FUNCTION
#              | |         |     |           |         |
`

// WriteFtrace writes the lines that tracefs prints for markers, with a slice for each call:
//
//	app-1000    [001] .....    28.000000000: tracing_mark_write: B|1000|write_wb_reg(WCR, 0, 0x1ff3)
//	app-1000    [001] .....    28.000000000: tracing_mark_write: E|1000
//
// Perfetto and catapult, which read this text, nest them as they do the slices of user space, and package
// board/ftrace reads the lines as marks. trace-cmd report and KernelShark read the binary trace.dat only. The
// model knows no interrupt flags and no groups of threads: the flags are dots, and a pid stands for its
// group. A point of a schedule is an instant.
func WriteFtrace(w io.Writer, entries iter.Seq[Entry]) error {
	out := bufio.NewWriter(w)
	out.WriteString(ftraceHead)
	all := calls(entries)
	var open []call
	for i, c := range all {
		kind, text := "B", c.name+"()"
		switch p := c.e.Point; {
		case p != nil:
			kind, text = "I", p.Comment()
		case !c.caller:
			text = c.e.Text()
		}
		mark(out, c.e, fmt.Sprintf("%s|%d|%s", kind, max(c.e.PID, 0), oneLine(text)))
		if kind == "B" {
			open = append(open, c)
		}
		open = endSlices(out, open, i, c.e)
	}
	return out.Flush()
}

// endSlices ends the slices of open calls that contain no call after the i-th, innermost first, at the time
// of now. It returns the calls that stay open.
func endSlices(out *bufio.Writer, open []call, i int, now *Entry) []call {
	for n := len(open) - 1; n >= 0; n-- {
		if c := open[n]; c.last <= i {
			at := *c.e // the thread is that of the call, which may have moved
			at.T = now.T
			if c.thread == now.thread() {
				at.CPU = now.CPU
			}
			mark(out, &at, fmt.Sprintf("E|%d", at.PID))
			open = append(open[:n], open[n+1:]...)
		}
	}
	return open
}

// mark writes one line. As in tracefs, each idle thread is <idle>, and a name that is unknown is <...>: a
// point belongs to no thread.
func mark(out *bufio.Writer, e *Entry, text string) {
	comm := oneLine(e.Comm)
	switch {
	case e.Point != nil:
		comm = "<...>"
	case e.PID == 0:
		comm = "<idle>"
	}
	fmt.Fprintf(out, "%16s-%-7d [%03d] ..... %5d.%09d: tracing_mark_write: %s\n",
		comm, max(e.PID, 0), e.CPU, e.T/1e9, e.T%1e9, text)
}

// oneLine returns s without the characters that end a line.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
