// Counting live memory. Every allocation is added to the meter before it is made; when the sum reaches the
// limit, what is still reachable is counted and the sum starts again from there. So garbage is
// never held against a script, and the count is the same every time.

package vm

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// libraryBytes is about what a new runtime with its modules takes; it is not held against the script.
const libraryBytes = 160 << 10

// Between two counts at least this much may be allocated, even when the live memory is close to the
// limit: otherwise every allocation would count everything.
const (
	minSlack = 64 << 10
	maxSlack = 8 << 20
)

// recount sets the meter to what is live, and the n bytes asked for, which are in the meter already. It raises when that is too much.
func (rt *Runtime) recount(n int64) {
	m := &rt.meter
	limit := rt.cfg.Limits.Memory
	if limit <= 0 {
		limit = unlimited
	}
	if n < 0 || n > limit {
		rt.memoryFatal()
	}
	asked := m.mem
	live := rt.live() + m.held
	if live+n > limit {
		rt.memoryFatal()
	}
	m.mem = live + n
	m.memStop = max(limit, m.mem+min(max(limit/16, minSlack), maxSlack))
	if asked-live >= gcSlack || limit < unlimited && 2*live > limit+gcSlack {
		rt.cleanUp()
	}
}

const (
	// gcSlack is how much garbage a script may leave before Go's collector is asked to take it away.
	gcSlack = 6 << 20

	// hostHeap is the live heap of a process from which on a script's garbage is small beside it, and
	// an extra run of the collector costs more than it gives.
	hostHeap = 256 << 20
)

var cleaning atomic.Bool

// cleanUp waits until Go's collector has run. By itself it waits until as much garbage as live memory has
// gathered, which for a script that is close to its limit would be twice the limit.
func (rt *Runtime) cleanUp() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 || live[0].Value.Uint64() > hostHeap {
		return
	}
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
	rt.meter.fatal = &limitError{ErrMemory, fmt.Sprintf("memory limit of %d bytes reached", rt.cfg.Limits.Memory)}
	rt.raiseFatal()
}

// live counts what is reachable, ends the coroutines and forgets the u64s that are not, and returns the
// bytes that the script holds.
func (rt *Runtime) live() int64 {
	k := &marker{rt: rt, pages: map[uintptr]*pageMarks{}}
	k.roots()
	k.run()
	rt.sweepCoroutines(func(th *lua.LState) bool { return k.marked(uintptr(unsafe.Pointer(th))) })
	rt.u64s.sweep(func(ud *lua.LUserData) bool { return k.marked(uintptr(unsafe.Pointer(ud))) })
	return max(0, k.bytes-libraryBytes)
}

// collect is live, with the meter set to it.
func (rt *Runtime) collect() int64 {
	live := rt.live()
	rt.meter.mem = live
	return live
}

// pageMarks has a bit for every 16 bytes of an 8 KB page.
type pageMarks [8]uint64

// A marker walks over everything that is reachable.
type marker struct {
	rt    *Runtime
	pages map[uintptr]*pageMarks
	page  uintptr
	marks *pageMarks

	work  []lua.LValue
	bytes int64
	seen  int
}

// mark marks p and says whether it was not marked before.
func (k *marker) mark(p uintptr) bool {
	bits, word, bit := k.find(p, true)
	if bits[word]&bit != 0 {
		return false
	}
	bits[word] |= bit
	return true
}

func (k *marker) marked(p uintptr) bool {
	bits, word, bit := k.find(p, false)
	return bits != nil && bits[word]&bit != 0
}

func (k *marker) find(at uintptr, add bool) (bits *pageMarks, word int, bit uint64) {
	page := at >> 13
	if page != k.page || k.marks == nil {
		bits = k.pages[page]
		if bits == nil {
			if !add {
				return nil, 0, 0
			}
			bits = new(pageMarks)
			k.pages[page] = bits
		}
		k.page, k.marks = page, bits
	}
	slot := at >> 4 & 511
	return k.marks, int(slot >> 6), 1 << (slot & 63)
}

func (k *marker) roots() {
	rt := k.rt
	g := rt.main.G
	if rt.program != nil {
		k.proto(rt.program, false)
	}
	for _, p := range rt.linked {
		k.proto(p, false)
	}
	k.value(g.Global)
	k.value(g.Registry)
	k.value(rt.u64s.meta)
	k.value(rt.main.GetMetatable(lua.LString("")))
	k.value(rt.main)
	if g.CurrentThread != nil {
		k.value(g.CurrentThread)
	}
	for _, th := range rt.active {
		k.value(th)
	}
	for _, co := range rt.lib.coroutines {
		if co.state == coRunning {
			k.value(co.th)
		}
	}
	for _, t := range []*lua.LTable{rt.lib.loaded, rt.lib.preload, rt.lib.pkg} {
		if t != nil {
			k.value(t)
		}
	}
	for i := range rt.modules {
		if v := rt.modules[i].value; v != nil {
			k.value(v)
		}
	}
	for _, h := range rt.helpers {
		k.value(h)
	}
	for i := range rt.shown {
		k.bytes += int64(len(rt.shown[i].text))
	}
	for _, ud := range rt.u64s.recent {
		if ud != nil {
			k.value(ud)
		}
	}
	rt.handles.each(k.value)
	for _, roots := range rt.roots {
		roots(k.value)
	}
}

// word is the address in an interface.
func word(v lua.LValue) uintptr { return (*[2]uintptr)(unsafe.Pointer(&v))[1] }

// value counts v and puts it on the list of what is to be looked into.
func (k *marker) value(value lua.LValue) {
	switch v := value.(type) {
	case lua.LNumber:
		// Numbers lie in blocks of 32; the whole block lives as long as one of them.
		if p := word(value); k.mark(p &^ 255) {
			k.bytes += 32 * sizeNumber
		}
	case lua.LString:
		if len(v) > 0 && k.mark(uintptr(unsafe.Pointer(unsafe.StringData(string(v))))) {
			k.bytes += int64(len(v)) + sizeString
		}
	case *lua.LTable:
		if v != nil && k.mark(uintptr(unsafe.Pointer(v))) {
			k.work = append(k.work, v)
		}
	case *lua.LFunction:
		if v != nil && k.mark(uintptr(unsafe.Pointer(v))) {
			k.work = append(k.work, v)
		}
	case *lua.LUserData:
		if v != nil && k.mark(uintptr(unsafe.Pointer(v))) {
			k.work = append(k.work, v)
		}
	case *lua.LState:
		if v != nil && k.mark(uintptr(unsafe.Pointer(v))) {
			k.work = append(k.work, v)
		}
	}
}

// run looks into everything on the list.
func (k *marker) run() {
	for len(k.work) > 0 {
		v := k.work[len(k.work)-1]
		k.work = k.work[:len(k.work)-1]
		k.tick(1)
		switch v := v.(type) {
		case *lua.LTable:
			k.table(v)
		case *lua.LFunction:
			k.function(v)
		case *lua.LUserData:
			k.userdata(v)
		case *lua.LState:
			k.thread(v)
		}
	}
}

// tick keeps a long walk from outliving the deadline.
func (k *marker) tick(n int) {
	if k.seen += n; k.seen >= 4096 {
		k.seen = 0
		k.rt.breathe()
	}
}

func (k *marker) table(t *lua.LTable) {
	v := viewTable(t)
	k.bytes += sizeTable + int64(cap(v.array))*sizeSlot + int64(len(v.keys))*sizeEntry
	for i, x := range v.array {
		k.value(x)
		if i&1023 == 1023 {
			k.tick(1024)
		}
	}
	for i, key := range v.keys { // those of removed entries as well: they are still held
		k.value(key)
		if s, ok := key.(lua.LString); ok {
			if x, ok := v.strdict[string(s)]; ok {
				k.value(x)
			}
		} else if x, ok := v.dict[key]; ok {
			k.value(x)
		}
		if i&1023 == 1023 {
			k.tick(1024)
		}
	}
	k.value(v.Metatable)
}

func (k *marker) function(f *lua.LFunction) {
	k.bytes += sizeClosure + int64(len(f.Upvalues))*8
	k.value(f.Env)
	for _, uv := range f.Upvalues {
		if uv != nil && k.mark(uintptr(unsafe.Pointer(uv))) {
			k.bytes += sizeUpvalue
			v := viewUpvalue(uv)
			if !v.closed && v.reg != nil {
				if v.index < len(v.reg.array) {
					k.value(v.reg.array[v.index])
				}
			} else if v.value != nil {
				k.value(v.value)
			}
		}
	}
	if f.Proto != nil {
		k.proto(f.Proto, true)
	}
}

// proto looks for the u64s among the constants. Code that the script had compiled is counted.
func (k *marker) proto(p *lua.FunctionProto, count bool) {
	if !k.mark(uintptr(unsafe.Pointer(p))) {
		return
	}
	if count {
		k.bytes += 1536 + int64(len(p.Code))*12 + int64(len(p.Constants))*48 + int64(len(p.DbgCalls))*24 + int64(len(p.DbgLocals))*48
	}
	for _, c := range p.Constants {
		if ud, ok := c.(*lua.LUserData); ok {
			k.value(ud)
		} else if s, ok := c.(lua.LString); ok && !count && len(s) > 0 {
			k.mark(uintptr(unsafe.Pointer(unsafe.StringData(string(s)))))
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
	if ud.Metatable != nil {
		k.value(ud.Metatable)
	}
	if ud.Env != nil {
		k.value(ud.Env)
	}
}

func (k *marker) thread(L *lua.LState) {
	v := view(L)
	k.bytes += sizeThread + int64(cap(v.reg.array))*sizeSlot + k.rt.goStack(L)
	for i := range min(v.reg.top, len(v.reg.array)) {
		if x := v.reg.array[i]; x != nil {
			k.value(x)
		}
	}
	for cf := v.currentFrame; cf != nil; cf = cf.Parent {
		k.bytes += 96
		if cf.Fn != nil {
			k.value(cf.Fn)
		}
		k.tick(1)
	}
	if L.Env != nil {
		k.value(L.Env)
	}
	if L.Parent != nil {
		k.value(L.Parent)
	}
}
