// Heads: comments of the tracers, and the kernel log.

package ftrace

import (
	"bytes"
	"strconv"
	"strings"
)

// head reads a comment line. It returns a record only for what has a moment in the trace.
func (r *Reader) head(text string) *Record {
	f := &r.facts
	words := strings.Fields(text)
	if rest, ok := strings.CutPrefix(text, "# hwlua probes "); ok {
		f.Probes = true
		r.pairs(strings.Fields(rest))
		return r.headed()
	}
	for _, head := range []string{"# hwlua symbols ", "# hwlua level "} {
		if rest, ok := strings.CutPrefix(text, head); ok {
			r.pairs(strings.Fields(rest))
			return r.headed()
		}
	}
	if n, ok := missedIn(text); ok {
		f.Missed, f.HasMissed = n, true
		return r.headed()
	}
	for i, w := range words {
		if n, ok := strings.CutPrefix(w, "#P:"); ok {
			f.CPUs = atoi(n, f.CPUs)
		}
		if w == "entries-in-buffer/entries-written:" && i+1 < len(words) {
			in, written, _ := strings.Cut(words[i+1], "/")
			f.Buffered, f.Written = atoi(in, 0), atoi(written, 0)
		}
	}
	if len(words) > 4 && words[0] == "#####" && words[3] == "buffer" {
		f.Clipped = true
	}
	return r.headed()
}

// headed returns the record of a head.
func (r *Reader) headed() *Record {
	r.rec = Record{
		Name: Head, Line: r.line, CPU: -1, PID: -1, OnCPU: -1, TaskPID: -1, Stack: r.rec.Stack[:0],
	}
	return &r.rec
}

// missedIn reads "missed=N" with or without a comment sign before it.
func missedIn(text string) (n int, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(text, "# "), "missed=")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(rest))
	return n, err == nil && n >= 0
}

// pairs reads the fields of the head that the probe script prints.
func (r *Reader) pairs(words []string) {
	f := &r.facts
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "kernel":
			f.Kernel = value
		case "cpus":
			f.CPUs = atoi(value, f.CPUs)
		case "brps":
			f.BRPs = atoi(value, f.BRPs)
		case "wrps":
			f.WRPs = atoi(value, f.WRPs)
		case "el":
			f.EL = min(atoi(value, f.EL), 2)
		case "ptrace_hbptriggered":
			f.PtraceHandler, _ = number([]byte(value))
		case "perf_event_output_forward":
			f.PerfHandler, _ = number([]byte(value))
		}
	}
}

// atoi returns the number in s, or old if s holds no number of a reasonable size.
func atoi(s string, old int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		return old
	}
	return n
}

// parseLog reads a line of the kernel log, or one in which trace_pipe or trace-cmd reports lost records.
//
//	CPU:2 [LOST 123 EVENTS]
//	cpus=4
//	[   12.302705] CPU: 1 PID: 37 Comm: kworker/1:1 Not tainted 6.1.176 #1
func (r *Reader) parseLog(line []byte) bool {
	text := bytes.TrimLeft(line, " ")
	if n, ok := bytes.CutPrefix(text, []byte("cpus=")); ok {
		r.facts.CPUs = atoi(string(n), r.facts.CPUs)
		r.rec.Name = Head
		return true
	}
	if bytes.HasPrefix(text, []byte("CPU")) && r.parseLost(string(text)) {
		return true
	}
	if i := bytes.IndexByte(text, '>'); len(text) > 0 && text[0] == '<' && i > 0 {
		text = text[i+1:] // the level, as dmesg -r prints it
	}
	if len(text) == 0 || text[0] != '[' {
		return false
	}
	end := bytes.IndexByte(text, ']')
	if end < 0 {
		return false
	}
	t, ok := seconds(bytes.TrimSpace(text[1:end]))
	if !ok {
		return false
	}
	r.rec.Form, r.rec.T = Dmesg, t
	r.parseMessage(text[end+1:])
	return true
}

// parseLost reads how many records the tracer lost.
func (r *Reader) parseLost(text string) bool {
	text = strings.TrimPrefix(text, "CPU")
	cpu, rest, ok := strings.Cut(strings.TrimLeft(text, ": "), " ")
	rest = strings.Trim(rest, " []:")
	cpu = strings.TrimSuffix(cpu, ":")
	n, err := strconv.Atoi(cpu)
	if !ok || err != nil {
		return false
	}
	words := strings.Fields(strings.TrimPrefix(rest, "LOST "))
	if len(words) < 2 || words[1] != "EVENTS" {
		return false
	}
	r.rec.Name, r.rec.CPU, r.rec.N = Lost, n, atoi(words[0], 0)
	return true
}

// parseMessage reads a message of the kernel log: the head of a stack, one of its functions, or what the
// kernel logs at boot: its counts of registers and its exception level. A kernel that started at EL2 stays
// there if the CPU has VHE.
func (r *Reader) parseMessage(b []byte) {
	if len(b) > 0 && b[0] == '[' { // the caller, with CONFIG_PRINTK_CALLER
		if i := bytes.IndexByte(b, ']'); i > 0 {
			b = b[i+1:]
		}
	}
	text := string(bytes.TrimSpace(b))
	switch {
	case strings.HasPrefix(text, "CPU: All CPU(s) started at EL"):
		r.facts.EL = max(r.facts.EL, 1)
		r.rec.Name = Head
	case strings.HasSuffix(text, "detected: Virtualization Host Extensions"):
		r.facts.EL = 2
		r.rec.Name = Head
	case strings.HasPrefix(text, "CPU: "):
		r.log = r.rec
		r.logThread(text)
	case strings.HasPrefix(strings.ToLower(text), "call trace:"):
		r.log.Form, r.log.Line = Dmesg, r.line
		r.stack.start(&r.log, true)
		r.log = Record{CPU: -1, PID: -1, OnCPU: -1, TaskPID: -1}
	case strings.HasPrefix(text, "hw-breakpoint: found "):
		words := strings.Fields(text)
		if len(words) > 5 {
			r.facts.BRPs, r.facts.WRPs = atoi(words[2], 0), atoi(words[5], 0)
			r.rec.Name = Head
		}
	}
}

// logThread reads "CPU: 1 PID: 37 Comm: kworker/1:1 Not tainted ...".
func (r *Reader) logThread(text string) {
	words := strings.Fields(text)
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "CPU:":
			r.log.CPU = atoi(words[i+1], -1)
		case "PID:":
			r.log.PID = atoi(words[i+1], -1)
		case "Comm:":
			r.log.Comm = r.intern([]byte(words[i+1]))
		}
	}
}

// logFn returns the function in a line of a stack in the kernel log.
//
//	[   12.302705]  write_wb_reg+0x3c/0x284
func logFn(line []byte) (fn []byte, ok bool) {
	i := bytes.LastIndexByte(line, ']')
	if i >= 0 && bytes.HasSuffix(line, []byte("]")) { // a module's name stands behind
		line = line[:bytes.LastIndexByte(line, '[')]
		i = bytes.LastIndexByte(line, ']')
	}
	fn, rest := token(line[i+1:])
	if len(bytes.TrimSpace(rest)) > 0 || bytes.IndexByte(fn, '+') < 1 || bytes.IndexByte(fn, '/') < 1 {
		return nil, false
	}
	return function(fn), true
}
