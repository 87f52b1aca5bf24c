// Memory: the bytes that stores leave and loads return, page by page, little endian.

package sim

import (
	"cmp"
	"encoding/binary"
	"slices"
)

const pageSize = 4096

// A memory is a set of pages. Bytes that were never written read 0.
type memory struct {
	id    uint64  // 0: the kernel's
	pages []*page // by number
	last  *page
	free  []*page // that held bytes before clear
}

type page struct {
	number uint64
	bytes  [pageSize]byte
}

// clear forgets everything that was written.
func (mem *memory) clear() {
	*mem = memory{pages: mem.pages[:0], free: append(mem.free, mem.pages...)}
}

// at returns the page of addr. If it does not exist, at makes it or returns nil.
func (mem *memory) at(addr uint64, make bool) *page {
	number := addr / pageSize
	if p := mem.last; p != nil && p.number == number {
		return p
	}
	i, ok := slices.BinarySearchFunc(mem.pages, number,
		func(p *page, n uint64) int { return cmp.Compare(p.number, n) })
	if !ok {
		if !make {
			return nil
		}
		p := pop(&mem.free)
		if p == nil {
			p = new(page)
		}
		*p = page{number: number}
		mem.pages = slices.Insert(mem.pages, i, p)
	}
	mem.last = mem.pages[i]
	return mem.last
}

// load reads up to 8 bytes. A load within a page, the usual case, is one read of 8 bytes.
func (mem *memory) load(addr uint64, size int) uint64 {
	if off := addr % pageSize; off <= pageSize-8 {
		p := mem.last
		if p == nil || p.number != addr/pageSize {
			if p = mem.at(addr, false); p == nil {
				return 0
			}
		}
		v := binary.LittleEndian.Uint64(p.bytes[off:])
		if size < 8 {
			v &= 1<<(8*size) - 1
		}
		return v
	}
	var v uint64
	for i := 0; i < size; i++ {
		a := addr + uint64(i)
		if p := mem.at(a, false); p != nil {
			v |= uint64(p.bytes[a%pageSize]) << (8 * i)
		}
	}
	return v
}

// store writes up to 8 bytes. Zeroes do not make a page.
func (mem *memory) store(addr uint64, size int, v uint64) {
	if v == 0 && len(mem.pages) == 0 {
		return
	}
	if off := addr % pageSize; size == 8 && off <= pageSize-8 {
		p := mem.last
		if p == nil || p.number != addr/pageSize {
			if p = mem.at(addr, v != 0); p == nil {
				return
			}
		}
		binary.LittleEndian.PutUint64(p.bytes[off:], v)
		return
	}
	for i := 0; i < size; i++ {
		a := addr + uint64(i)
		b := byte(v >> (8 * i))
		if p := mem.at(a, b != 0); p != nil {
			p.bytes[a%pageSize] = b
		}
	}
}
