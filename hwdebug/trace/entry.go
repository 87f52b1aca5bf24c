// A record with its numbers put into words, which is what every writer and reader here works on.

package trace

import (
	"iter"
	"slices"
	"strconv"
)

// An Entry is one record in words: it needs no recorder to be printed, compared or kept in a file.
type Entry struct {
	Seq   uint64 // counts from 1 in order of entry
	T     int64  // virtual time of entry in ns
	CPU   int
	PID   int
	Comm  string
	Depth int      // callers shown on the same stack
	Via   []string // the innermost callers, outermost first, that the thread's entry before did not show and that have none of their own
	Fn    string
	Args  []NamedValue
	Ret   string // the result; empty when there is none
	// Running is true when the function had not returned when the entry was made.
	Running bool
}

// A NamedValue is one argument: the kernel's parameter name and the value in words.
type NamedValue struct{ Name, Value string }

// A thread is what has one stack: a task, or a CPU's idle thread.
type thread struct{ cpu, pid int }

func (e *Entry) thread() thread {
	if e.PID == 0 {
		return thread{e.CPU, 0}
	}
	return thread{-1, e.PID}
}

// base is how many callers the entry shares with the one before it on its thread.
func (e *Entry) base() int { return max(e.Depth-len(e.Via), 0) }

// Call is the call as it is printed: "reserve_bp_slot(w5, data)".
func (e *Entry) Call() string { return string(e.appendCall(nil)) }

// Text is the call with its result: "reserve_bp_slot(w5, data) = -ENOSPC".
func (e *Entry) Text() string { return string(e.appendResult(e.appendCall(nil))) }

func (e *Entry) appendCall(b []byte) []byte {
	b = append(b, e.Fn...)
	b = append(b, '(')
	for i, a := range e.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, a.Value...)
	}
	return append(b, ')')
}

// appendResult adds " = -ENOSPC", " = ?" for a call that has not returned, nothing for one without result.
func (e *Entry) appendResult(b []byte) []byte {
	switch {
	case e.Running:
		return append(b, " = ?"...)
	case e.Ret != "":
		b = append(b, " = "...)
		return append(b, e.Ret...)
	}
	return b
}

// appendTask adds the task as the kernel's tracers name it: "kworker/1:1-34".
func (e *Entry) appendTask(b []byte) []byte {
	b = append(b, e.Comm...)
	b = append(b, '-')
	return strconv.AppendInt(b, int64(e.PID), 10)
}

// appendMicros adds a time in microseconds with three decimals: "12.500".
func appendMicros(b []byte, ns int64) []byte {
	if ns < 0 {
		b = append(b, '-')
		ns = -ns
	}
	b = strconv.AppendUint(b, uint64(ns)/1000, 10)
	frac := uint64(ns) % 1000
	return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}

// Entries gives the kept records that f selects, in order of entry. In the Frames view functions that were
// inlined or tail-called in the reference build are left out, as callers too.
//
// Callers that have no record of their own (a module's function, the bottom of a kernel thread's stack, one whose record
// has gone from the ring) stand in Via of the first entry below them. When f selects by function, Depth counts
// selected callers only and Via is empty.
func (r *Recorder) Entries(f Filter, v View) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		sel := f.compile(r)
		shown := map[thread][]NodeID{}
		var path []NodeID
		for rec := range r.Records {
			if !sel.match(rec) || v == Frames && r.nodes[rec.Node].key&1 != 0 {
				continue
			}
			e := r.EntryOf(rec)
			path = r.path(path[:0], rec.Node, v, sel)
			e.Depth = len(path) - 1
			if sel.fns == nil {
				th := e.thread()
				before := shown[th]
				base := 0
				for base < len(before) && base < e.Depth && before[base] == path[base] {
					base++
				}
				for _, n := range path[base:e.Depth] {
					e.Via = append(e.Via, r.NameOf(r.nodes[n].key>>1))
				}
				shown[th] = append(before[:base], path[base:]...)
			}
			if !yield(e) {
				return
			}
		}
	}
}

// path gives the contexts from the bottom of the stack up to n that a view and a selection show; n itself is
// always there.
func (r *Recorder) path(dst []NodeID, n NodeID, v View, sel *selection) []NodeID {
	first := true
	for ; n != 0; n = r.nodes[n].parent {
		key := r.nodes[n].key
		name := int(key >> 1)
		if first || (v == Full || key&1 == 0) && (sel.fns == nil || name < len(sel.fns) && sel.fns[name]) {
			dst = append(dst, n)
		}
		first = false
	}
	slices.Reverse(dst)
	return dst
}

// EntryOf puts one record into words, without Via.
func (r *Recorder) EntryOf(rec *Record) Entry {
	fn := &r.fns[rec.Fn]
	e := Entry{
		Seq: rec.Seq, T: rec.T, CPU: int(rec.CPU), PID: int(rec.PID), Comm: r.nameOr(uint64(rec.Comm)),
		Depth: int(rec.Depth), Fn: fn.Name, Running: rec.State == Running,
	}
	if n := min(int(rec.NArgs), len(rec.Args)); n > 0 {
		e.Args = make([]NamedValue, n)
		for i := range e.Args {
			arg := Arg{Name: "arg" + strconv.Itoa(i), Kind: Hex}
			if i < len(fn.Args) {
				arg = fn.Args[i]
			}
			e.Args[i] = NamedValue{arg.Name, r.Format(arg.Kind, rec.Args[i])}
		}
	}
	if !e.Running {
		e.Ret = r.Format(fn.Ret, uint64(rec.Ret))
	}
	return e
}

// Format puts a value of a kind into words; NoValue has none. A value that its kind does not know is printed in
// decimal.
func (r *Recorder) Format(k Kind, v uint64) string {
	switch k {
	case Hex:
		return "0x" + strconv.FormatUint(v, 16)
	case Event:
		return EventName(v)
	case CPU:
		if int64(v) >= 0 {
			return "cpu" + strconv.FormatUint(v, 10)
		}
	case Slot:
		return oneOf(v, "inst", "data")
	case Bank:
		if v%16 == 0 && v < 64 {
			return [...]string{"BVR", "BCR", "WVR", "WCR"}[v/16]
		}
	case Op:
		return oneOf(v, "install", "uninstall", "restore")
	case Level:
		return oneOf(v, "el0", "el1")
	case Switch:
		return oneOf(v, "off", "on")
	case Text:
		return r.nameOr(v)
	case Jiffy:
		return strconv.FormatUint(v, 10)
	case Errno:
		return ErrnoText(int64(v))
	case NoValue:
		return ""
	}
	return strconv.FormatInt(int64(v), 10)
}

// EventName gives the name of an argument of kind Event: "w5", "b5", and "none" for 0.
func EventName(v uint64) string {
	if v == 0 {
		return "none"
	}
	if v&1 != 0 {
		return "w" + strconv.FormatUint(v>>1, 10)
	}
	return "b" + strconv.FormatUint(v>>1, 10)
}

func (r *Recorder) nameOr(i uint64) string {
	if i < uint64(len(r.fns)+len(r.names)) {
		return r.NameOf(uint32(i))
	}
	return strconv.FormatUint(i, 10)
}

func oneOf(v uint64, words ...string) string {
	if v < uint64(len(words)) {
		return words[v]
	}
	return strconv.FormatInt(int64(v), 10)
}

// ErrnoText prints a kernel function's result: "-ENOSPC" for -28, any other number in decimal.
func ErrnoText(ret int64) string {
	for _, e := range errnoNames {
		if e.n == -ret {
			return "-" + e.name
		}
	}
	return strconv.FormatInt(ret, 10)
}

// errnoNames are the errnos of this subsystem under their Linux numbers, so that output is the same on every host.
var errnoNames = [...]struct {
	n    int64
	name string
}{
	{1, "EPERM"}, {2, "ENOENT"}, {3, "ESRCH"}, {4, "EINTR"}, {5, "EIO"}, {6, "ENXIO"}, {7, "E2BIG"}, {9, "EBADF"},
	{11, "EAGAIN"}, {12, "ENOMEM"}, {13, "EACCES"}, {14, "EFAULT"}, {16, "EBUSY"}, {17, "EEXIST"}, {19, "ENODEV"},
	{22, "EINVAL"}, {28, "ENOSPC"}, {35, "EDEADLK"}, {95, "EOPNOTSUPP"}, {524, "ENOTSUPP"},
}
