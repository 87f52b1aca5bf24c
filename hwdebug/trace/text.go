// The call tree, and the formats by name.

package trace

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
)

// A Format is a way to write a trace.
type Format string

// The formats that Write knows.
const (
	FormatText     Format = "text"     // WriteText
	FormatGraph    Format = "graph"    // WriteGraph
	FormatFtrace   Format = "ftrace"   // WriteFtrace
	FormatJSON     Format = "jsonl"    // WriteJSON
	FormatPerfetto Format = "perfetto" // Perfetto
)

// FormatOf returns the format that a file's extension names: .txt and .trace for text, .graph,
// .ftrace, .jsonl, and .json for Perfetto.
func FormatOf(file string) (Format, error) {
	formats := map[string]Format{
		".txt": FormatText, ".trace": FormatText, ".graph": FormatGraph, ".ftrace": FormatFtrace,
		".jsonl": FormatJSON, ".json": FormatPerfetto,
	}
	if f, ok := formats[path.Ext(strings.ToLower(file))]; ok {
		return f, nil
	}
	return "", fmt.Errorf("%s: unknown trace format; use .txt (call tree), .graph (like ftrace's "+
		"function_graph), .ftrace (ftrace's text), .jsonl (one record a line) or .json (Perfetto, "+
		"chrome://tracing)", file)
}

// Write writes a trace in format f. entries must be repeatable, as those of a Recorder and of
// slices.Values are.
func Write(w io.Writer, f Format, entries iter.Seq[Entry]) error {
	switch f {
	case FormatText:
		return WriteText(w, entries)
	case FormatGraph:
		return WriteGraph(w, entries)
	case FormatFtrace:
		return WriteFtrace(w, entries)
	case FormatJSON:
		return WriteJSON(w, entries)
	case FormatPerfetto:
		p := NewPerfetto(w)
		if err := p.Machine("", entries); err != nil {
			return err
		}
		return p.Close()
	}
	return fmt.Errorf("unknown trace format %q (want %s, %s, %s, %s or %s)", string(f),
		FormatText, FormatGraph, FormatFtrace, FormatJSON, FormatPerfetto)
}

// WriteText writes a call tree, one line an entry:
//
//	cpu1 12.500us  reserve_bp_slot(w5, data) = -ENOSPC
//
// A call is indented by two under its caller. " = ?" marks a call that had not returned; a call
// without "=" has no result. A line in brackets names the task that makes the following calls on
// that CPU. Callers without entries of their own are printed on one line above the first of their
// calls, outermost first: "ret_from_fork > kthread > worker_thread". A point of a schedule is a line that
// begins with "--". entries is iterated twice.
func WriteText(w io.Writer, entries iter.Seq[Entry]) error {
	var b []byte
	cpuWidth, timeWidth := 0, 0
	for e := range entries {
		b = appendCPU(b[:0], e.CPU)
		cpuWidth = max(cpuWidth, len(b))
		b = append(appendMicros(b[:0], e.T), "us"...)
		timeWidth = max(timeWidth, len(b))
	}
	out := bufio.NewWriter(w)
	var t tree
	last, lastCPU := thread{-2, -2}, -1
	for e := range entries {
		b = appendCPU(b[:0], e.CPU)
		b = appendSpaces(b, cpuWidth+1-len(b))
		var buf [32]byte
		at := append(appendMicros(buf[:0], e.T), "us"...)
		b = appendSpaces(b, timeWidth-len(at))
		b = append(append(b, at...), "  "...)
		if p := e.Point; p != nil {
			out.WriteString(string(b) + "-- " + p.Comment() + "\n")
			continue
		}
		head := len(b)
		if th := e.thread(); th != last || e.CPU != lastCPU {
			last, lastCPU = th, e.CPU
			b = append(e.appendTask(append(b, '[')), "]\n"...)
			out.Write(b)
		}
		indent, via := t.place(&e)
		if via != "" {
			b = append(appendSpaces(b[:head], 2*(indent-1)), via...)
			out.Write(append(b, '\n'))
		}
		b = appendSpaces(b[:head], 2*indent)
		b = append(e.appendResult(e.appendCall(b)), '\n')
		out.Write(b)
	}
	return out.Flush()
}

func appendCPU(b []byte, cpu int) []byte { return appendInt(b, "cpu", int64(cpu)) }

func appendSpaces(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}

// A tree holds the lines shown of each thread's stack, to place the next entry in it.
type tree struct {
	stacks map[thread][]level
}

// A level is one line of a call tree: an entry, or a run of callers without entries.
type level struct {
	depth int      // of the outermost call on the line
	names []string // the callers without entries; nil for an entry
}

// place puts an entry on its thread's stack. It returns the number of lines above it on the stack,
// and the line of callers without entries that must be written before it, if any.
func (t *tree) place(e *Entry) (indent int, via string) {
	if t.stacks == nil {
		t.stacks = map[thread][]level{}
	}
	th := e.thread()
	stack, base := t.stacks[th], e.base()
	names := e.Via
	// Lines that begin at base or deeper have ended. A run of callers of which only the outer ones
	// continue is written again, with the new ones.
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
