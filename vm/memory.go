// Counting live memory. Every allocation is added to the meter before it is made. When the sum
// reaches the limit, the reachable values are counted, and the sum starts again from there. So
// garbage never counts against a script, and the count is the same every time.

package vm

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// libraryBytes is about the size of a new runtime with its modules, which does not count against
// the script.
const libraryBytes = 160 << 10

// At least minSlack may be allocated between two counts, even if the live memory is close to the
// limit: otherwise every allocation would count everything.
const (
	minSlack = 64 << 10
	maxSlack = 4 << 20
)

// overhead is the part of the counted bytes that Go's allocator needs besides: descriptions of its spans, and
// the unused ends of them. A sixteenth was measured.
const overhead = 16

// recount sets the meter to the live bytes and the n bytes asked for, which are in the meter
// already. It raises an error if they exceed the limit.
func (rt *Runtime) recount(n int64) {
	m := &rt.meter
	limit := cmp.Or(rt.cfg.Limits.Memory, unlimited)
	if n < 0 || n > limit {
		rt.memoryFatal()
	}
	asked := m.mem
	count := func() int64 {
		live := rt.live() + m.held
		return live + live/overhead
	}
	live := count()
	if live+n > limit && len(rt.handles.all) > 0 {
		// Go's collector may not know yet that Go has dropped a value, nor find out in the run of it that
		// is under way.
		rt.awaitCollector()
		rt.awaitCollector()
		live = count()
	}
	if live+n > limit {
		rt.memoryFatal()
	}
	m.mem = live + n
	m.memStop = max(limit, m.mem+min(max(limit/32, minSlack), maxSlack))
	clear(m.large)
	if asked-live >= gcSlack || limit < unlimited && 2*live > limit+gcSlack {
		rt.cleanUp()
	}
}

const (
	// gcSlack is how much garbage a script may leave before Go's collector is run.
	gcSlack = 6 << 20

	// hostHeap is a live heap of the process that is large compared with a script's garbage, so
	// that an extra run of the collector would cost more than it frees.
	hostHeap = 256 << 20
)

var cleaning atomic.Bool

// cleanUp waits until Go's collector has run. By itself the collector runs when there is as much
// garbage as live memory, which would be twice the limit for a script that is close to it.
func (rt *Runtime) cleanUp() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 || live[0].Value.Uint64() > hostHeap {
		return
	}
	rt.awaitCollector()
}

// askedPerRelief is how many bytes a script may ask for between two calls of relieve.
const askedPerRelief = 4 << 20

// relieve waits until Go's collector has run if the process has exceeded its memory limit
// (runtime/debug.SetMemoryLimit): the collector itself lets a script that allocates fast run on.
func (rt *Runtime) relieve() {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		return
	}
	held := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(held)
	for i := range held {
		if held[i].Value.Kind() != metrics.KindUint64 {
			return
		}
	}
	if held[0].Value.Uint64()-held[1].Value.Uint64() > uint64(limit) {
		rt.awaitCollector()
	}
}

// awaitCollector runs Go's collector, once for all runtimes that wait for it.
func (rt *Runtime) awaitCollector() {
	if cleaning.CompareAndSwap(false, true) {
		go func() {
			runtime.GC()
			cleaning.Store(false)
		}()
	}
	for cleaning.Load() {
		time.Sleep(50 * time.Microsecond)
		rt.breathe()
	}
}

func (rt *Runtime) memoryFatal() {
	text := fmt.Sprintf("memory limit of %d bytes reached", rt.cfg.Limits.Memory)
	rt.meter.fatal = &limitError{ErrMemory, text}
	rt.raiseFatal()
}

// live returns the bytes that the script can reach. It ends the coroutines, closes the files and drops the
// u64s that are not reachable.
func (rt *Runtime) live() int64 {
	k := newMarker(rt)
	k.roots()
	k.run()
	rt.sweepCoroutines(func(th *lua.LState) bool { return k.marked(uintptr(unsafe.Pointer(th))) })
	alive := func(ud *lua.LUserData) bool { return k.marked(uintptr(unsafe.Pointer(ud))) }
	rt.u64s.sweep(alive)
	rt.sweepFiles(alive)
	return max(0, k.bytes-libraryBytes)
}

// collect sets the meter to live, and returns it.
func (rt *Runtime) collect() int64 {
	live := rt.live()
	rt.meter.mem = live
	return live
}

// pageMarks holds a bit for every 16 bytes of an 8 KB page.
type pageMarks [8]uint64

// textMarks holds a bit for every byte of an 8 KB page, as Go puts several short strings into 16 bytes, which
// ones depending on what else runs.
type textMarks [128]uint64

// longText is the length from which Go gives a string 16 bytes of its own. Marks for each byte of longer
// strings would take an eighth of what a script fills with them.
const longText = 16

// A marker walks over everything that is reachable.
type marker struct {
	rt    *Runtime
	pages map[uintptr]*pageMarks
	page  uintptr
	marks *pageMarks
	texts map[uintptr]*textMarks
	visit func(lua.LValue) // called with each table, function, userdata and thread, if not nil

	work  []visit
	bytes int64
	seen  int // values since the last look at the clock
}

// A visit is a value whose references are to be followed. Those of a table are followed in portions, so that
// the list of visits stays short: next is the item, and behind the items the key, to go on with.
type visit struct {
	value lua.LValue
	next  int
}

// portion is how many items or keys of a table are followed at a time.
const portion = 256

func newMarker(rt *Runtime) *marker {
	return &marker{rt: rt, pages: map[uintptr]*pageMarks{}, texts: map[uintptr]*textMarks{}}
}

// mark marks p and reports whether it was unmarked before.
func (k *marker) mark(p uintptr) bool {
	word, bit := k.find(p)
	fresh := *word&bit == 0
	*word |= bit
	return fresh
}

func (k *marker) marked(p uintptr) bool {
	word, bit := k.find(p)
	return *word&bit != 0
}

// find returns the bit of p and the word that holds it.
func (k *marker) find(p uintptr) (word *uint64, bit uint64) {
	page := p >> 13
	if page != k.page || k.marks == nil {
		marks := k.pages[page]
		if marks == nil {
			marks = new(pageMarks)
			k.pages[page] = marks
		}
		k.page, k.marks = page, marks
	}
	slot := p >> 4 & 511
	return &k.marks[slot>>6], 1 << (slot & 63)
}

// roots follows what the runtime reaches without the script: its globals, threads, programs and
// libraries, and the values that Go holds.
func (k *marker) roots() {
	rt := k.rt
	g := rt.main.G
	if rt.program != nil {
		k.proto(rt.program, false)
	}
	for _, p := range rt.linked {
		k.proto(p, false)
	}
	for _, v := range []lua.LValue{
		g.Global, g.Registry, rt.u64s.meta, rt.main.GetMetatable(lua.LString("")), rt.main, g.CurrentThread,
		rt.lib.loaded, rt.lib.preload, rt.lib.pkg, rt.lib.io.input, rt.lib.io.output,
	} {
		k.value(v)
	}
	for _, th := range rt.active {
		k.value(th)
	}
	for _, co := range rt.lib.coroutines {
		if co.state == coRunning {
			k.value(co.th)
		}
	}
	for i := range rt.modules {
		k.value(rt.modules[i].value)
	}
	for _, h := range rt.helpers {
		k.value(h)
	}
	k.bytes += rt.origins.bytes()
	for _, ud := range rt.u64s.recent {
		k.value(ud)
	}
	rt.handles.each(k.value)
	for _, roots := range rt.roots {
		roots(k.value)
	}
}

// word returns the address in an interface.
func word(v lua.LValue) uintptr { return (*[2]uintptr)(unsafe.Pointer(&v))[1] }

// value counts a value, and puts it on the list if it refers to others. It looks at the clock now
// and then, so that a long walk ends at the deadline.
func (k *marker) value(value lua.LValue) {
	if k.seen++; k.seen >= 4096 {
		k.seen = 0
		k.rt.breathe()
	}
	switch v := value.(type) {
	case lua.LNumber:
		// Numbers lie in blocks of 32; the whole block lives as long as one of them.
		if p := word(value); k.mark(p &^ 255) {
			k.bytes += 32 * sizeNumber
		}
	case lua.LString:
		if k.markString(v) {
			k.bytes += allocated(int64(len(v))) + sizeString
		}
	case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
		if p := word(value); p != 0 && k.mark(p) {
			k.work = append(k.work, visit{value: value})
		}
	}
}

// markString marks s and reports whether it was unmarked before and takes memory.
func (k *marker) markString(s lua.LString) bool {
	if len(s) == 0 {
		return false
	}
	p := uintptr(unsafe.Pointer(unsafe.StringData(string(s))))
	if len(s) >= longText {
		return k.mark(p)
	}
	marks := k.texts[p>>13]
	if marks == nil {
		marks = new(textMarks)
		k.texts[p>>13] = marks
	}
	word, bit := &marks[p>>6&127], uint64(1)<<(p&63)
	fresh := *word&bit == 0
	*word |= bit
	return fresh
}

// run follows everything on the list.
func (k *marker) run() {
	for len(k.work) > 0 {
		at := k.work[len(k.work)-1]
		v := at.value
		k.work = k.work[:len(k.work)-1]
		if k.visit != nil && at.next == 0 {
			k.visit(v)
		}
		switch v := v.(type) {
		case *lua.LTable:
			k.table(v, at.next)
		case *lua.LFunction:
			k.function(v)
		case *lua.LUserData:
			k.userdata(v)
		case *lua.LState:
			k.thread(v)
		}
	}
}

// table follows the metatable, the items and the entries, and the keys of entries that were
// removed, which the table still holds. It goes on from the item or key next.
func (k *marker) table(t *lua.LTable, next int) {
	v := viewTable(t)
	if next == 0 {
		k.bytes += tableBytes(v)
		k.value(v.Metatable)
	}
	end := min(next+portion, len(v.array)+len(v.keys))
	if end < len(v.array)+len(v.keys) {
		k.work = append(k.work, visit{t, end})
	}
	for ; next < min(end, len(v.array)); next++ {
		k.value(v.array[next])
	}
	for ; next < end; next++ {
		key := v.keys[next-len(v.array)]
		k.value(key)
		if s, ok := key.(lua.LString); ok {
			k.value(v.strdict[string(s)])
		} else {
			k.value(v.dict[key])
		}
	}
}

// function follows the environment, the code and the upvalues. The value of an open upvalue is
// still in a register.
func (k *marker) function(f *lua.LFunction) {
	k.bytes += sizeClosure + int64(len(f.Upvalues))*8
	k.value(f.Env)
	for _, uv := range f.Upvalues {
		if uv == nil || !k.mark(uintptr(unsafe.Pointer(uv))) {
			continue
		}
		k.bytes += sizeUpvalue
		switch v := viewUpvalue(uv); {
		case v.closed || v.reg == nil:
			k.value(v.value)
		case v.index < len(v.reg.array):
			k.value(v.reg.array[v.index])
		}
	}
	if f.Proto != nil {
		k.proto(f.Proto, true)
	}
}

// proto follows the u64s among the constants. It counts code that the script compiled itself.
func (k *marker) proto(p *lua.FunctionProto, count bool) {
	if !k.mark(uintptr(unsafe.Pointer(p))) {
		return
	}
	if count {
		k.bytes += sizeProto + int64(len(p.Code))*12 + int64(len(p.Constants))*48
		k.bytes += int64(len(p.DbgCalls))*24 + int64(len(p.DbgLocals))*48
		if name := keptChunkName(p); k.markString(lua.LString(name)) {
			k.bytes += allocated(int64(len(name)))
		}
	}
	for _, c := range p.Constants {
		if ud, ok := c.(*lua.LUserData); ok {
			k.value(ud)
		} else if s, ok := c.(lua.LString); ok && !count {
			k.markString(s)
		}
	}
	for _, sub := range p.FunctionPrototypes {
		k.proto(sub, count)
	}
}

func (k *marker) userdata(ud *lua.LUserData) {
	k.bytes += sizeUser
	if _, ok := ud.Value.(wide); ok {
		k.bytes += sizeU64 - sizeUser
		return
	}
	if s, ok := ud.Value.(Sized); ok {
		k.bytes += s.Size()
	}
	k.value(ud.Metatable)
	k.value(ud.Env)
}

// thread follows the registers that are in use, and the functions that are running.
func (k *marker) thread(L *lua.LState) {
	v := view(L)
	k.bytes += sizeThread + int64(cap(v.reg.array))*sizeSlot + k.rt.goStack(L)
	for _, x := range v.reg.array[:min(v.reg.top, len(v.reg.array))] {
		k.value(x)
	}
	for cf := v.currentFrame; cf != nil; cf = cf.Parent {
		k.bytes += 96
		k.value(cf.Fn)
	}
	k.value(L.Env)
	k.value(L.Parent)
}
