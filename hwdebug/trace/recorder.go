// The recorder: a ring of records, the tree of call contexts, and the table of functions that names them.

// Package trace records what a machine did: one record for each call of a modelled kernel function,
// and for each record the chain of functions that led to it. It knows kernel functions only as
// numbers in a table that the machine provides; it models nothing itself.
//
// A machine pays for one call on entry and one on exit, without allocation once its call contexts are known:
//
//	node = rec.Child(node, trace.KeyOf(uint32(fnReserve), false))
//	r := rec.Next()
//	r.Fn, r.Node, r.T, r.CPU, r.PID, r.Comm = fnReserve, node, now, cpu, pid, comm
//	r.Args[0], r.NArgs = event, 1
//	r.Return(r.Seq, -28) // the table says that the function returns an errno
//
// Records live in a ring of fixed size. Call contexts are never dropped, so a chain stays whole
// when the records of its outer functions have been overwritten.
package trace

import (
	"slices"
	"time"
)

// A FnID is a function's index in the table that NewRecorder is given.
type FnID uint16

// A NodeID identifies a call context: a function and the context it was called from. The zero
// NodeID is the empty stack.
type NodeID uint32

// A Key is the number of a name and whether the frames view leaves it out. No name has the zero Key.
type Key uint32

// KeyOf returns the key of a name.
func KeyOf(name uint32, hidden bool) Key {
	key := Key(name+1) << 1
	if hidden {
		key |= 1
	}
	return key
}

// Name returns the number of the key's name.
func (k Key) Name() uint32 { return uint32(k>>1) - 1 }

// Hidden reports whether the frames view leaves the name out.
func (k Key) Hidden() bool { return k&1 != 0 }

// A Kind determines how an argument or result prints.
type Kind uint8

const (
	NoValue Kind = iota // the result of a function that returns nothing
	Int                 // signed decimal
	Hex                 // 0x...
	Event               // w5 or b5: id<<1, low bit set for a watchpoint
	PID                 // a task by its pid
	CPU                 // cpu2; -1 prints as it is
	Slot                // inst or data: the slot type
	Op                  // install, uninstall, restore
	Level               // el0, el1: the kernel's DBG_ACTIVE_* level
	Text                // an index into the recorder's names
	Jiffy               // jiffies, decimal
	Switch              // on or off
	Errno               // 0 or a negative errno
	Bank                // BVR, BCR, WVR, WCR: the base of a bank of debug registers
)

// An Arg is one parameter of a traced function.
type Arg struct {
	Name string // the kernel's parameter name
	Kind Kind
}

// A Fn describes one modelled kernel function.
type Fn struct {
	Name    string // the kernel's name
	File    string // the kernel file that holds it
	Args    []Arg
	Ret     Kind // NoValue if it returns nothing
	Inlined bool // no frame of its own in the reference build (spec 11, names in parentheses)
}

// MaxArgs is the number of arguments a record keeps.
const MaxArgs = 4

// A Record is one entry of a modelled function.
type Record struct {
	Seq   uint64        // counts from 1 in order of entry
	T     time.Duration // virtual time of entry
	Ret   int64         // the result; valid if State is Returned
	Args  [MaxArgs]uint64
	Node  NodeID
	PID   int32 // of the task that was current
	Comm  uint32
	Fn    FnID
	CPU   int16
	Depth uint16 // callers on the same stack, modelled and named
	NArgs uint8
	State State
}

// A State tells whether a record's function has returned.
type State uint8

const (
	Running  State = iota // entered, not returned
	Returned              // returned; Ret holds the result unless the function has none
)

// A node is one call context.
type node struct {
	key     Key
	nextKey Key    // of next
	next    NodeID // the child found last, which is nearly always the next one needed
	parent  NodeID
	first   NodeID // the child made last
	sibling NodeID // the child of parent made before
	depth   uint16
}

// An entered counts the entries of one function on one CPU.
type entered struct {
	count uint64
	seq   uint64 // of the last one
	node  NodeID // of the last one
}

// segment is the number of records that are allocated at a time. They never move, so that a caller
// may keep a record.
const segment = 256

// A Recorder holds the records and call contexts of one machine. It is not safe for concurrent use.
type Recorder struct {
	table   *Table
	fns     []Fn
	cpus    int
	size    int
	ring    [][]Record // segments
	fill    []Record   // the segment that takes the next record
	filled  int        // records in fill
	counted int        // those of them that are in entries
	start   uint64     // records before fill
	nodes   []node
	names   []string          // added by Name
	index   map[string]uint32 // of names; nil before the first
	entries []entered         // by function, then CPU
}

// A Table is an immutable set of functions with its index. It may be shared.
type Table struct {
	fns   []Fn
	index map[string]FnID
}

// NewTable returns the table of fns; callers must not change fns afterwards.
func NewTable(fns []Fn) *Table {
	t := &Table{fns: fns, index: make(map[string]FnID, len(fns))}
	for i := range fns {
		t.index[fns[i].Name] = FnID(i)
	}
	return t
}

// NewRecorder returns a recorder for the functions of t on cpus CPUs. It keeps the newest size
// records; with size 0 it keeps call contexts only.
func NewRecorder(t *Table, cpus, size int) *Recorder {
	r := &Recorder{table: t, fns: t.fns, cpus: cpus, size: size}
	r.nodes = make([]node, 1, 64)
	r.entries = make([]entered, len(t.fns)*cpus)
	return r
}

// Reset drops all records, call contexts and names. It keeps their memory.
func (r *Recorder) Reset() {
	r.fill, r.filled, r.counted, r.start = nil, 0, 0, 0
	r.nodes = r.nodes[:1]
	r.nodes[0] = node{}
	r.names = r.names[:0]
	clear(r.index)
	clear(r.entries)
}

// Functions returns the table of modelled functions; callers must not change it.
func (r *Recorder) Functions() []Fn { return r.fns }

// Lookup returns the function of that kernel name.
func (r *Recorder) Lookup(name string) (FnID, bool) {
	i, ok := r.table.index[name]
	return i, ok
}

// Name returns the number of a name and assigns one to a new name. Modelled functions have the
// numbers of their FnIDs.
func (r *Recorder) Name(s string) uint32 {
	if i, ok := r.index[s]; ok {
		return i
	}
	if i, ok := r.table.index[s]; ok {
		return uint32(i)
	}
	if r.index == nil {
		r.index = make(map[string]uint32)
	}
	i := uint32(len(r.fns) + len(r.names))
	r.names = append(r.names, s)
	r.index[s] = i
	return i
}

// NameOf returns the name with that number.
func (r *Recorder) NameOf(i uint32) string {
	if int(i) < len(r.fns) {
		return r.fns[i].Name
	}
	return r.names[int(i)-len(r.fns)]
}

// Child returns the context of a name called from parent.
func (r *Recorder) Child(parent NodeID, key Key) NodeID {
	if p := &r.nodes[parent]; p.nextKey == key {
		return p.next
	}
	return r.findChild(parent, key)
}

// findChild returns the child of parent with that key, which it creates if needed, and remembers it
// as the next one.
func (r *Recorder) findChild(parent NodeID, key Key) NodeID {
	p := &r.nodes[parent]
	c := p.first
	for c != 0 && r.nodes[c].key != key {
		c = r.nodes[c].sibling
	}
	if c == 0 {
		c = NodeID(len(r.nodes))
		n := node{key: key, parent: parent, sibling: p.first}
		if parent != 0 {
			n.depth = p.depth + 1
		}
		r.nodes = append(r.nodes, n)
		p = &r.nodes[parent] // append may have moved it
		p.first = c
	}
	p.next, p.nextKey = c, key
	return c
}

// Next returns the record of the next entry for the caller to fill in: all but Seq, Ret, Depth and State.
func (r *Recorder) Next() *Record {
	if r.filled == len(r.fill) {
		r.nextSegment()
	}
	r.filled++
	return &r.fill[r.filled-1]
}

// nextSegment starts a new segment, or the oldest one again once the ring holds size records besides it.
//
//go:noinline
func (r *Recorder) nextSegment() {
	r.count()
	r.start += uint64(r.filled)
	full := (r.size+segment-1)/segment + 1
	i := int(r.start/segment) % full
	if i == len(r.ring) {
		r.ring = append(r.ring, make([]Record, segment))
	}
	r.fill, r.filled, r.counted = r.ring[i], 0, 0
	for i := range r.fill {
		rec := &r.fill[i]
		rec.Seq, rec.Ret, rec.State = r.start+uint64(i)+1, 0, Running
	}
}

// count counts the entries made since it was last called, and completes their records.
func (r *Recorder) count() {
	added := r.fill[r.counted:r.filled]
	entries, cpus, nodes := r.entries, r.cpus, r.nodes
	for i := range added {
		rec := &added[i]
		rec.Depth = nodes[rec.Node].depth
		e := &entries[int(rec.Fn)*cpus+int(rec.CPU)]
		e.count++
		e.seq, e.node = rec.Seq, rec.Node
	}
	r.counted = r.filled
}

// Return records that the call with sequence number seq, whose record this was, returned ret. It
// does nothing if another call has taken the record since.
func (rec *Record) Return(seq uint64, ret int64) {
	if rec.Seq == seq {
		rec.Ret, rec.State = ret, Returned
	}
}

// Exit records that the call with sequence number seq returned ret.
func (r *Recorder) Exit(seq uint64, ret int64) {
	if rec := r.at(seq); rec != nil {
		rec.Ret, rec.State = ret, Returned
	}
}

// at returns the record with that sequence number, or nil if it is not kept.
func (r *Recorder) at(seq uint64) *Record {
	if seq == 0 || seq < r.Oldest() || seq > r.Seq() {
		return nil
	}
	i := (seq - 1) / segment % uint64(len(r.ring))
	return &r.ring[i][(seq-1)%segment]
}

// Seq returns the sequence number of the newest record, 0 before the first.
func (r *Recorder) Seq() uint64 { return r.start + uint64(r.filled) }

// Oldest returns the sequence number of the oldest record kept, or Seq()+1 if no record is kept.
func (r *Recorder) Oldest() uint64 { return r.Seq() - min(r.Seq(), uint64(r.size)) + 1 }

// Record returns the record with that sequence number while it is kept.
func (r *Recorder) Record(seq uint64) (Record, bool) {
	r.count()
	rec := r.at(seq)
	if rec == nil {
		return Record{}, false
	}
	return *rec, true
}

// Records calls yield for each record kept, in order of entry, until it returns false.
func (r *Recorder) Records(yield func(*Record) bool) {
	r.count()
	for seq := r.Oldest(); seq <= r.Seq(); seq++ {
		if !yield(r.at(seq)) {
			return
		}
	}
}

// Count returns how often fn was entered on cpu, or on any CPU if cpu is -1.
func (r *Recorder) Count(fn FnID, cpu int) uint64 { return r.entry(fn, cpu).count }

// Seen reports, for each function of the table, whether it is part of a call context: it was entered, or
// called a function that was.
func (r *Recorder) Seen() []bool {
	seen := make([]bool, len(r.fns))
	for _, n := range r.nodes[1:] {
		if name := n.key.Name(); int(name) < len(seen) {
			seen[name] = true
		}
	}
	return seen
}

// Last returns the context of the last entry of fn on cpu (-1: on any CPU). ok is false if fn was
// never entered there.
func (r *Recorder) Last(fn FnID, cpu int) (n NodeID, ok bool) {
	e := r.entry(fn, cpu)
	return e.node, e.count > 0
}

// entry returns the entries of fn on cpu, or the sum over all CPUs if cpu is -1.
func (r *Recorder) entry(fn FnID, cpu int) (sum entered) {
	r.count()
	row := r.entries[int(fn)*r.cpus:][:r.cpus]
	if cpu >= 0 {
		return row[cpu]
	}
	for _, e := range row {
		if e.seq > sum.seq {
			sum.seq, sum.node = e.seq, e.node
		}
		sum.count += e.count
	}
	return sum
}

// Nth returns the context of the nth entry of fn (from 1) on cpu (-1: on any CPU). ok is false if
// there was no such entry or its record is no longer kept.
func (r *Recorder) Nth(fn FnID, cpu int, nth uint64) (n NodeID, ok bool) {
	e := r.entry(fn, cpu)
	if nth == 0 || nth > e.count {
		return 0, false
	}
	if nth == e.count {
		return e.node, true
	}
	back := e.count - nth
	for seq := r.Seq(); seq >= r.Oldest() && seq > 0; seq-- {
		rec := r.at(seq)
		if rec.Fn != fn || cpu >= 0 && int(rec.CPU) != cpu {
			continue
		}
		if back == 0 {
			return rec.Node, true
		}
		back--
	}
	return 0, false
}

// A View selects the names of a chain.
type View uint8

const (
	Frames View = iota // without inlined and tail-called functions, as in a stack dump of the reference build
	Full               // every modelled function
)

// Chain returns the names from node n outwards to the bottom of its stack. It always includes the
// innermost name.
func (r *Recorder) Chain(n NodeID, v View) []string {
	var names []string
	for first := true; n != 0; n = r.nodes[n].parent {
		key := r.nodes[n].key
		if v == Full || first || !key.Hidden() {
			names = append(names, r.NameOf(key.Name()))
		}
		first = false
	}
	return names
}

// Names returns the kernel names of all modelled functions, sorted.
func (r *Recorder) Names() []string {
	names := make([]string, len(r.fns))
	for i := range r.fns {
		names[i] = r.fns[i].Name
	}
	slices.Sort(names)
	return names
}
