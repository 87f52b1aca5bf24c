// A record with its names resolved, which is what every writer works on.

package trace

import (
	"iter"
	"slices"
	"strconv"
	"time"
)

// An Entry is one record whose names are resolved: it prints without the recorder that it came from.
type Entry struct {
	Seq   uint64        // counts from 1 in order of entry
	T     time.Duration // virtual time of entry
	CPU   int
	PID   int
	Comm  string
	Depth int // callers shown on the same stack
	// Via holds the innermost callers, outermost first, that have no entry of their own and that
	// the thread's previous entry did not show.
	Via  []string
	Fn   string
	Args []Value
	Ret  Value // of kind NoValue while the call runs
	// Running reports that the function had not returned when the entry was made.
	Running bool
	// Point is a point of a schedule instead of a call: of the other fields only Seq, T and CPU are set.
	Point *Point
}

// A thread has one stack: it is a task, or the idle thread of a CPU.
type thread struct{ cpu, pid int }

func (e *Entry) thread() thread {
	if e.PID == 0 {
		return thread{e.CPU, 0}
	}
	return thread{-1, e.PID}
}

// base returns how many callers the entry shares with the previous one of its thread.
func (e *Entry) base() int { return max(e.Depth-len(e.Via), 0) }

// Call returns the call as it prints: "reserve_bp_slot(w5, data)".
func (e *Entry) Call() string { return string(e.appendCall(nil)) }

// Text returns the call with its result: "reserve_bp_slot(w5, data) = -ENOSPC".
func (e *Entry) Text() string { return string(e.appendResult(e.appendCall(nil))) }

// Failed reports whether the call returned a negative number.
func (e *Entry) Failed() bool { return e.Ret.Negative() }

// SlotChange returns 1 and the event for a call that installed an event in a slot, -1 and the event
// for one that uninstalled it, and 0 for any other call.
func (e *Entry) SlotChange() (change int, event Value) {
	if e.Fn != "hw_breakpoint_control" || len(e.Args) < 2 || e.Failed() {
		return 0, Value{}
	}
	switch ops := e.Args[1]; ops {
	case Value{Name: ops.Name, Kind: Op, Bits: 0}:
		return 1, e.Args[0]
	case Value{Name: ops.Name, Kind: Op, Bits: 1}:
		return -1, e.Args[0]
	}
	return 0, Value{}
}

func (e *Entry) appendCall(b []byte) []byte {
	b = append(b, e.Fn...)
	b = append(b, '(')
	for i, a := range e.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		b, _ = a.appendTo(b)
	}
	return append(b, ')')
}

// appendResult appends " = -ENOSPC", " = ?" for a call that has not returned, and nothing for one
// without a result.
func (e *Entry) appendResult(b []byte) []byte {
	switch {
	case e.Running:
		return append(b, " = ?"...)
	case e.Ret.Kind != NoValue:
		b, _ = e.Ret.appendTo(append(b, " = "...))
	}
	return b
}

// appendTask appends the task as the kernel's tracers name it: "kworker/1:1-34".
func (e *Entry) appendTask(b []byte) []byte {
	b = append(b, e.Comm...)
	b = append(b, '-')
	return strconv.AppendInt(b, int64(e.PID), 10)
}

// appendMicros appends a time in microseconds with three decimals: "12.500".
func appendMicros(b []byte, t time.Duration) []byte {
	if t < 0 {
		b = append(b, '-')
		t = -t
	}
	b = strconv.AppendUint(b, uint64(t)/1000, 10)
	frac := uint64(t) % 1000
	return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}

// Entries returns the kept records that f selects, in order of entry. The Frames view leaves out
// functions that were inlined or tail-called in the reference build, as callers too.
//
// Callers without a record of their own (a function of a module, the bottom of a kernel thread's
// stack, one whose record has left the ring) are listed in Via of the first entry below them. If f
// selects by function, Depth counts selected callers only and Via is empty.
func (r *Recorder) Entries(f Filter, v View) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		sel := f.compile(r)
		shown := map[thread][]NodeID{}
		var path []NodeID
		for rec := range r.Records {
			if !sel.match(rec) || v == Frames && r.nodes[rec.Node].key.Hidden() {
				continue
			}
			e := r.EntryOf(rec)
			path = r.path(path[:0], rec.Node, v, sel)
			e.Depth = len(path) - 1
			if sel.fns == nil {
				th := e.thread()
				base := commonPrefix(shown[th], path[:e.Depth])
				for _, n := range path[base:e.Depth] {
					e.Via = append(e.Via, r.NameOf(r.nodes[n].key.Name()))
				}
				shown[th] = append(shown[th][:base], path[base:]...)
			}
			if !yield(e) {
				return
			}
		}
	}
}

func commonPrefix(a, b []NodeID) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// path appends to dst the contexts from the bottom of the stack up to n that a view and a selection
// show. It always includes n.
func (r *Recorder) path(dst []NodeID, n NodeID, v View, sel *selection) []NodeID {
	first := true
	for ; n != 0; n = r.nodes[n].parent {
		key := r.nodes[n].key
		name := int(key.Name())
		if first || (v == Full || !key.Hidden()) && (sel.fns == nil || name < len(sel.fns) && sel.fns[name]) {
			dst = append(dst, n)
		}
		first = false
	}
	slices.Reverse(dst)
	return dst
}

// EntryOf returns the entry of one record, without Via.
func (r *Recorder) EntryOf(rec *Record) Entry {
	fn := &r.fns[rec.Fn]
	e := Entry{
		Seq: rec.Seq, T: rec.T, CPU: int(rec.CPU), PID: int(rec.PID),
		Comm:  r.value(Arg{"", Text}, uint64(rec.Comm)).String(),
		Depth: int(rec.Depth), Fn: fn.Name, Running: rec.State == Running,
	}
	if n := min(int(rec.NArgs), len(rec.Args)); n > 0 {
		e.Args = make([]Value, n)
		for i := range e.Args {
			arg := Arg{Name: "arg" + strconv.Itoa(i), Kind: Hex}
			if i < len(fn.Args) {
				arg = fn.Args[i]
			}
			e.Args[i] = r.value(arg, rec.Args[i])
		}
	}
	if !e.Running {
		e.Ret = r.value(Arg{"", fn.Ret}, uint64(rec.Ret))
	}
	return e
}

// value returns a value of a record and resolves its name. The number of an unknown name stays a number.
func (r *Recorder) value(arg Arg, bits uint64) Value {
	v := Value{Name: arg.Name, Kind: arg.Kind, Bits: bits}
	if v.Kind == Text {
		if bits < uint64(len(r.fns)+len(r.names)) {
			v.text = r.NameOf(uint32(bits))
		} else {
			v.Kind = Jiffy
		}
	}
	return v
}
