// The call tree that a person reads, and the formats by their names.

package trace

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"path"
	"strconv"
	"strings"
)

// A Format is a way to write a trace.
type Format string

// The formats that Write knows.
const (
	FormatText     Format = "text"     // WriteText
	FormatGraph    Format = "graph"    // WriteGraph
	FormatJSON     Format = "jsonl"    // WriteJSON
	FormatPerfetto Format = "perfetto" // Perfetto
)

// FormatOf chooses the format for a file by the end of its name: .txt and .trace text, .graph, .jsonl, and .json for
// Perfetto.
func FormatOf(file string) (Format, error) {
	switch ext := path.Ext(strings.ToLower(file)); ext {
	case ".txt", ".trace":
		return FormatText, nil
	case ".graph":
		return FormatGraph, nil
	case ".jsonl":
		return FormatJSON, nil
	case ".json":
		return FormatPerfetto, nil
	}
	return "", fmt.Errorf("%s: no trace format ends so; use .txt (call tree), .graph (as ftrace's function_graph), "+
		".jsonl (one record a line) or .json (Perfetto, chrome://tracing)", file)
}

// Write writes a trace in a format. entries must be repeatable, as those of a Recorder and of slices.Values are.
func Write(w io.Writer, f Format, entries iter.Seq[Entry]) error {
	switch f {
	case FormatText:
		return WriteText(w, entries)
	case FormatGraph:
		return WriteGraph(w, entries)
	case FormatJSON:
		return WriteJSON(w, entries)
	case FormatPerfetto:
		p := NewPerfetto(w)
		if err := p.Machine("", entries); err != nil {
			return err
		}
		return p.Close()
	}
	return fmt.Errorf("unknown trace format %q; there are %s, %s, %s and %s", string(f),
		FormatText, FormatGraph, FormatJSON, FormatPerfetto)
}

// WriteText writes a call tree, one line an entry:
//
//	cpu1 12.500us  reserve_bp_slot(w5, data) = -ENOSPC
//
// A call is indented by two under its caller. " = ?" is a call that had not returned, a call without "=" has no result. A
// line in brackets says which task's calls follow on that CPU. Callers without entries of their own stand above
// the first of their calls in one line, outermost first: "ret_from_fork > kthread > worker_thread". entries is
// gone through twice.
func WriteText(w io.Writer, entries iter.Seq[Entry]) error {
	cpuWidth, timeWidth := 0, 0
	var b []byte
	for e := range entries {
		b = strconv.AppendInt(b[:0], int64(e.CPU), 10)
		cpuWidth = max(cpuWidth, len("cpu")+len(b))
		timeWidth = max(timeWidth, len(appendMicros(b[:0], e.T))+len("us"))
	}
	out := bufio.NewWriter(w)
	var t tree
	last := thread{-2, -2}
	lastCPU := -1
	for e := range entries {
		b = append(b[:0], "cpu"...)
		b = strconv.AppendInt(b, int64(e.CPU), 10)
		b = appendSpaces(b, cpuWidth+1-len(b))
		var tb [32]byte
		at := append(appendMicros(tb[:0], e.T), "us"...)
		b = appendSpaces(b, timeWidth-len(at))
		b = append(b, at...)
		b = append(b, "  "...)
		head := len(b)
		if th := e.thread(); th != last || e.CPU != lastCPU {
			last, lastCPU = th, e.CPU
			b = append(e.appendTask(append(b, '[')), "]\n"...)
			out.Write(b)
			b = b[:head]
		}
		indent, via := t.place(&e)
		if via != "" {
			b = append(appendSpaces(b, 2*(indent-1)), via...)
			b = append(b, '\n')
			out.Write(b)
			b = b[:head]
		}
		b = appendSpaces(b, 2*indent)
		b = e.appendResult(e.appendCall(b))
		b = append(b, '\n')
		out.Write(b)
	}
	return out.Flush()
}

func appendSpaces(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}

// A tree knows what is shown of each thread's stack, to place the next entry in it.
type tree struct {
	stacks map[thread][]level
}

// A level is one line of a call tree: an entry, or a run of callers without entries.
type level struct {
	depth int      // of the outermost call on the line
	names []string // of callers without entries; nil for an entry
}

// place puts an entry on its thread's stack. It returns how many lines stand above it, and the line of callers
// without entries that must be written before it, if any.
func (t *tree) place(e *Entry) (indent int, via string) {
	if t.stacks == nil {
		t.stacks = map[thread][]level{}
	}
	th := e.thread()
	stack, base := t.stacks[th], e.base()
	names := e.Via
	// Lines that begin at or above base are over. A run of callers of which only the outer ones go on is written
	// again, with what is new.
	for len(stack) > 0 && stack[len(stack)-1].depth >= base {
		stack = stack[:len(stack)-1]
	}
	if n := len(stack); n > 0 {
		if top := stack[n-1]; top.names != nil && top.depth+len(top.names) > base {
			stack = stack[:n-1]
			names = append(append([]string{}, top.names[:base-top.depth]...), names...)
			base = top.depth
		}
	}
	if len(names) > 0 {
		stack = append(stack, level{base, names})
		via = strings.Join(names, " > ")
	}
	indent = len(stack)
	t.stacks[th] = append(stack, level{e.Depth, nil})
	return indent, via
}
