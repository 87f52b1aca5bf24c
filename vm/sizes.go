// What gopher-lua's values take in Go's heap. The sizes are those of amd64.

package vm

import (
	"math/bits"
	"sync"
	"unsafe"
)

// Sizes of values in bytes, rounded up to Go's size classes.
const (
	sizeNumber  = 8   // a float in the allocator's blocks
	sizeString  = 16  // a string's header, boxed: what a string value costs besides its bytes
	sizeTable   = 96  // an empty table
	sizeSlot    = 16  // a value in an array, a register, an upvalue
	sizeEntry   = 176 // a key of a table with many: the pair, its place in keys and in k2i
	sizeClosure = 80
	sizeUpvalue = 64
	sizeUser    = 64
	sizeU64     = 96   // the userdata, its box and its place in the table of all u64s
	sizeThread  = 2048 // a coroutine with its first registers and frames
	sizeProto   = 768  // a compiled function without its code

	sizeMap   = 48  // an empty map
	sizePair  = 33  // a slot of dict or strdict: a key, a value and a byte of control
	sizeIndex = 25  // a slot of k2i
	sizeFew   = 288 // the first slots of dict or strdict
	sizeArray = 512 // the first slots of an array whose size no constructor set

	sizeFirstKey  = sizeMap + 208 + sizeSlot   // k2i and keys of a table with one key
	sizeFirstText = sizeMap + 2304 + sizeEntry // strdict of a table whose size no constructor set
)

// allocated returns about what Go allocates for n bytes: its classes are an eighth of a power of two apart,
// and what is larger than all of them takes whole pages.
func allocated(n int64) int64 {
	const largest, page = 32 << 10, 8 << 10
	step := int64(16)
	switch {
	case n <= 0:
		return 0
	case n > largest:
		step = page
	case n > 128:
		step = 1 << (bits.Len64(uint64(n)) - 4)
	}
	return (n + step - 1) &^ (step - 1)
}

// tableBytes returns what a table takes without its keys and values.
func tableBytes(v *ltable) int64 {
	n := sizeTable + allocated(int64(cap(v.array))*sizeSlot)
	if v.keys == nil && v.strdict == nil {
		return n
	}
	n += int64(len(v.strdict)) * sizeString // keys and k2i box a text each
	return n + allocated(int64(cap(v.keys))*sizeSlot) + mapBytes(v.k2i, sizeIndex) +
		mapBytes(v.strdict, sizePair) + mapBytes(v.dict, sizePair)
}

// mapBytes returns what m takes, given the size of a slot. Where Go's maps have another form than goMap, it
// estimates from above.
func mapBytes[K comparable, V any](m map[K]V, slot int64) int64 {
	switch {
	case m == nil:
		return 0
	case !mapsAreKnown():
		return sizeMap + int64(max(64, 2<<bits.Len(uint(len(m)))))*slot
	}
	h := *(**goMap)(unsafe.Pointer(&m))
	switch {
	case h.directory == nil:
		return sizeMap
	case h.length == 0:
		return sizeMap + allocated(fewSlots*slot)
	}
	n := int64(sizeMap) + allocated(int64(h.length)*8)
	var last *goTable // neighbours may be the same table
	for _, t := range unsafe.Slice((**goTable)(h.directory), h.length) {
		if t != last {
			n += 32 + allocated(int64(t.capacity)*slot)
			last = t
		}
	}
	return n
}

// A goMap mirrors the beginning of internal/runtime/maps.Map, a goTable that of a table in its directory.
type (
	goMap struct {
		used      uint64
		_         uintptr        // seed
		directory unsafe.Pointer // to a group of fewSlots, or to pointers to tables
		length    int            // of the directory, 0 for the one group
	}
	goTable struct{ _, capacity uint16 }
)

const fewSlots = 8

// mapsAreKnown reports whether Go's maps have the form that goMap mirrors.
var mapsAreKnown = sync.OnceValue(func() bool {
	few, many := map[int]int{1: 1}, make(map[int]int, 32)
	many[1] = 1
	f, m := *(**goMap)(unsafe.Pointer(&few)), *(**goMap)(unsafe.Pointer(&many))
	if f.used != 1 || f.length != 0 || f.directory == nil || m.used != 1 || m.length != 1 ||
		m.directory == nil {
		return false
	}
	return (*(**goTable)(m.directory)).capacity == 64
})

// constructorBytes returns what a constructor with room for items and fields allocates.
func constructorBytes(items, fields int) int64 {
	n := sizeTable + allocated(int64(items)*sizeSlot)
	switch {
	case fields > fewSlots:
		n += sizeMap + allocated(sizePair<<bits.Len(uint(fields+fields/7)))
	case fields > 0:
		n += sizeMap + sizeFew
	}
	return n
}

// A largeTable is what a table of many keys took when it was last measured. All parts of Go's maps double at
// about the same number of entries, for which no charge for each key is right.
type largeTable struct {
	keys  int
	bytes int64
}

// largeAt is the number of keys from which on a table is measured.
const largeAt = 1024

// measure charges for what v has grown since it was last measured, less what its keys were charged.
func (rt *Runtime) measure(v *ltable) {
	m := &rt.meter
	now := largeTable{len(v.keys), tableBytes(v)}
	if m.large == nil {
		m.large = map[*ltable]largeTable{}
	}
	last, ok := m.large[v]
	m.large[v] = now
	if !ok {
		return
	}
	if more := now.bytes - last.bytes - int64(now.keys-last.keys)*sizeEntry; more > 0 {
		rt.charge(more)
	}
}

// chargeEntry charges for a key that v does not have yet.
func (rt *Runtime) chargeEntry(v *ltable, isText bool) {
	if n := len(v.keys); n >= largeAt && n%(1<<(bits.Len(uint(n))-10)) == 0 {
		rt.measure(v)
	}
	n := int64(2 * sizeSlot)
	switch len(v.keys) {
	case 0:
		n += sizeFirstKey
	case 1, 2, 3, 4, 5, 6, 7:
	default:
		n = sizeEntry
	}
	if isText {
		n += 2 * sizeString
	}
	switch {
	case isText && v.strdict == nil:
		n += sizeFirstText
	case !isText && v.dict == nil:
		n += sizeMap + sizeFew
		if k := len(v.strdict); k > fewSlots {
			n += int64(2 * k * sizePair)
		}
	}
	rt.charge(n)
}

// chargeItems charges for n items that are stored behind each other in a table, of which the first has the
// index at.
func (rt *Runtime) chargeItems(v *ltable, at, n int) {
	switch have := cap(v.array); {
	case at-1+n <= have:
	case have == 0 && at-1+n <= sizeArray/sizeSlot:
		rt.charge(sizeArray)
	default:
		rt.charge(int64(at-1+n) * 2 * sizeSlot)
	}
}
