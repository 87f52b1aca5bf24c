// The reader: lines of any form, one after the other, in constant memory.

package ftrace

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"iter"
	"strings"
)

const (
	maxLine    = 64 << 10 // a longer line is not understood
	maxStack   = 128      // functions of a stack that are kept
	maxNotRead = 20       // numbers of lines not understood that are kept
	maxComms   = 4096     // names that are kept to be shared
	maxFirst   = 200      // bytes of the first line that are kept
	gzipMagic  = "\x1f\x8b"
)

// A Reader reads the records of a trace.
type Reader struct {
	in     *bufio.Reader
	packed bool // the text is compressed
	rec    Record
	err    error
	facts  Facts

	line, records, skipped, unread int
	forms                          [Dmesg + 1]int
	notRead                        []int
	first                          string // the first line that was not understood, and its number
	firstLine                      int
	comms                          map[string]string
	stack                          stack
	chain, log                     Record // of the stack that ended, of the log's head of one
	queued                         bool   // rec holds a record that chain was returned before
}

// NewReader returns a reader of r, which may be compressed with gzip.
func NewReader(r io.Reader) *Reader {
	in, packed := bufio.NewReaderSize(r, maxLine), false
	if head, err := in.Peek(len(gzipMagic)); err == nil && string(head) == gzipMagic {
		z, err := gzip.NewReader(in)
		if err != nil {
			return &Reader{err: err, in: bufio.NewReader(strings.NewReader(""))}
		}
		in, packed = bufio.NewReaderSize(z, maxLine), true
	}
	none := Record{CPU: -1, PID: -1, OnCPU: -1, TaskPID: -1}
	return &Reader{in: in, packed: packed, comms: map[string]string{}, log: none}
}

// Records returns the records, one after the other; events of no probe set are not among them. A record
// is valid until the next one.
func (r *Reader) Records() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		for {
			rec := r.Next()
			if rec == nil || !yield(rec) {
				return
			}
		}
	}
}

// Err returns the error that ended the reading, nil at the end of the text.
func (r *Reader) Err() error { return r.err }

// Facts returns what the heads have said so far.
func (r *Reader) Facts() Facts { return r.facts }

// Carry sets the facts that an earlier part of the trace has stated.
func (r *Reader) Carry(f Facts) { r.facts = f }

// Lines returns the number of lines read, Count that of records, Skipped that of records of other events.
func (r *Reader) Lines() int { return r.line }

// Count returns the number of records that were understood.
func (r *Reader) Count() int { return r.records }

// Skipped returns the number of lines of other events.
func (r *Reader) Skipped() int { return r.skipped }

// Forms returns the number of records that each form had.
func (r *Reader) Forms() [Dmesg + 1]int { return r.forms }

// NotRead returns how many lines were not understood, and the numbers of the first of them.
func (r *Reader) NotRead() (n int, lines []int) { return r.unread, r.notRead }

// FirstNotRead returns the number and the text of the first line that was not understood, 0 if there
// was none.
func (r *Reader) FirstNotRead() (line int, text string) { return r.firstLine, r.first }

// Next returns the next record, nil at the end or after an error.
func (r *Reader) Next() *Record {
	if r.queued {
		r.queued = false
		return &r.rec
	}
	for r.err == nil {
		line, whole, ok := r.readLine()
		if !ok {
			return r.endStack()
		}
		r.line++
		if !whole {
			r.notUnderstood(line)
			continue
		}
		if rec := r.take(line); rec != nil {
			return rec
		}
	}
	return nil
}

// readLine returns the next line without its end. whole is false for a line that is too long, whose
// rest is read and dropped; ok is false at the end.
func (r *Reader) readLine() (line []byte, whole, ok bool) {
	line, err := r.in.ReadSlice('\n')
	whole = true
	if errors.Is(err, bufio.ErrBufferFull) {
		whole = false
		start := append([]byte(nil), line[:maxFirst]...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.in.ReadSlice('\n')
		}
		line = start
	}
	if err != nil && !errors.Is(err, io.EOF) && !r.clipped(err) {
		r.err = err
	}
	if err != nil && len(line) == 0 {
		return nil, false, false
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), whole, true
}

// clipped reports whether err says that compressed text ends early, or is damaged from some place on. What
// was read before is a trace like any other that ends early.
func (r *Reader) clipped(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	clipped := r.packed && (corrupt || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, gzip.ErrChecksum))
	if clipped {
		r.unread++
		if len(r.notRead) < maxNotRead {
			r.notRead = append(r.notRead, r.line+1)
		}
	}
	return clipped
}

// take reads one line and returns its record, nil if it has none for the caller. A stack that ends
// here comes first.
func (r *Reader) take(line []byte) *Record {
	if r.takeStack(line) {
		return nil
	}
	if r.stack.open && r.continues(line) {
		return nil
	}
	chain := r.endStack()
	rec := r.takeLine(line)
	if chain == nil {
		return rec
	}
	r.queued = rec != nil
	return chain
}

// continues reads a line between the head and the end of the stack that is open, and reports whether line
// is one.
func (r *Reader) continues(line []byte) bool {
	if r.stack.base.Form != Dmesg {
		return bytes.HasSuffix(line, []byte(": <stack trace>"))
	}
	fn, ok := logFn(line)
	if ok {
		r.addFn(fn)
	}
	return ok
}

// takeLine reads a line that belongs to no stack.
func (r *Reader) takeLine(line []byte) *Record {
	text := bytes.TrimLeft(line, " \t")
	switch {
	case len(text) == 0:
		return nil
	case text[0] == '#':
		return r.head(string(text))
	}
	r.rec = Record{Line: r.line, CPU: -1, PID: -1, OnCPU: -1, TaskPID: -1, Stack: r.rec.Stack[:0]}
	if !r.parse(line) {
		r.notUnderstood(line)
		return nil
	}
	r.forms[r.rec.Form]++
	if r.rec.Name == Other {
		r.skipped++
		return nil
	}
	if r.rec.Name == Function && r.rec.Where == "write_wb_reg" {
		r.stack.start(&r.rec, true)
	}
	if r.rec.Name != Head {
		r.records++
	}
	return &r.rec
}

// notUnderstood counts a line and keeps its number.
func (r *Reader) notUnderstood(line []byte) {
	r.unread++
	if len(r.notRead) < maxNotRead {
		r.notRead = append(r.notRead, r.line)
	}
	if r.firstLine == 0 {
		r.firstLine, r.first = r.line, string(line[:min(len(line), maxFirst)])
	}
}

// intern returns b as a string, the same one for the same bytes.
func (r *Reader) intern(b []byte) string {
	if s, ok := r.comms[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(r.comms) >= maxComms {
		clear(r.comms)
	}
	r.comms[s] = s
	return s
}
