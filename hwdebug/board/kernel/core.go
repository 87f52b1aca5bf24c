// The memory of the running kernel, through /proc/kcore.

package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
)

// A Core is the memory of the running kernel as /proc/kcore shows it.
type Core struct {
	file  *os.File
	loads []*elf.Prog
	stext uint64 // from the note that crash dumps need; 0 if unknown
}

// OpenCore opens /proc/kcore, or a file of its form.
func OpenCore(name string) (*Core, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	c := &Core{file: file}
	image, err := elf.NewFile(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, p := range image.Progs {
		switch p.Type {
		case elf.PT_LOAD:
			c.loads = append(c.loads, p)
		case elf.PT_NOTE:
			c.stext = noted(p, "SYMBOL(_stext)=")
		}
	}
	return c, nil
}

// noted returns the hexadecimal number after a key in a segment of notes, or 0.
func noted(p *elf.Prog, key string) uint64 {
	const most = 1 << 16
	notes := make([]byte, min(p.Filesz, most))
	n, _ := p.ReadAt(notes, 0)
	_, after, _ := bytes.Cut(notes[:n], []byte(key))
	digits, _, _ := bytes.Cut(after, []byte("\n"))
	v, _ := strconv.ParseUint(string(digits), 16, 64)
	return v
}

// Close closes the file.
func (c *Core) Close() error { return c.file.Close() }

// ReadMemory implements Memory.
func (c *Core) ReadMemory(addr uint64, buf []byte) error {
	p := c.segment(addr)
	if p == nil {
		return fmt.Errorf("0x%016x is in no segment of %s", addr, c.file.Name())
	}
	_, err := c.file.ReadAt(buf, int64(p.Off+(addr-p.Vaddr)))
	return err
}

// segment returns the segment that has addr, or nil.
func (c *Core) segment(addr uint64) *elf.Prog {
	for _, p := range c.loads {
		if addr >= p.Vaddr && addr-p.Vaddr < p.Memsz {
			return p
		}
	}
	return nil
}

// InRAM reports whether addr is in the linear mapping of the machine's memory. The other segments are the
// image of the kernel and areas in which most addresses are not mapped.
func (c *Core) InRAM(addr uint64) bool {
	const most = 1 << 40 // larger segments are such areas
	p := c.segment(addr)
	return p != nil && p.Memsz < most && p != c.segment(c.stext)
}

// Image returns the segment with the kernel's own code and data, or 0, 0 if neither the symbols nor the
// notes say where it is.
func (c *Core) Image(symbols *Symbols) (addr, size uint64) {
	const largest = 1 << 28
	text := c.stext
	if at, ok := symbols.Addr("_stext"); ok {
		text = at
	}
	if p := c.segment(text); p != nil && p.Memsz <= largest {
		return p.Vaddr, p.Memsz
	}
	return 0, 0
}

// Words reads n words of 8 bytes.
func Words(m Memory, addr uint64, n int) ([]uint64, error) {
	buf := make([]byte, 8*n)
	if err := m.ReadMemory(addr, buf); err != nil {
		return nil, err
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = binary.LittleEndian.Uint64(buf[8*i:])
	}
	return list, nil
}

// Steps yields the arrays of n words in a range of memory that rise by equal steps of whole pages, with
// their addresses: __per_cpu_offset is one of them. It finds none for fewer than two words. The steps
// are of least bytes or more, the size of the per-CPU section.
func (c *Core) Steps(addr, size uint64, n int, least uint64) func(yield func(uint64, []uint64) bool) {
	return func(yield func(uint64, []uint64) bool) {
		if n < 2 {
			return
		}
		const piece = 1 << 20
		overlap := 8 * n
		buf := make([]byte, piece+overlap)
		for at := uint64(0); at < size; at += piece {
			part := buf[:min(uint64(len(buf)), size-at)]
			if c.ReadMemory(addr+at, part) != nil {
				continue // a part that is not mapped
			}
			for i := 0; i+8*n <= len(part) && i < piece; i += 8 {
				if words := steps(part[i:], n, least); words != nil && !yield(addr+at+uint64(i), words) {
					return
				}
			}
		}
	}
}

// steps returns the first n words of data if they rise by equal steps of whole pages, of least bytes or
// more.
func steps(data []byte, n int, least uint64) []uint64 {
	const most = 1 << 28
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(data[8*i:]) }
	step := word(1) - word(0)
	if step < max(least, 1) || step%pageBytes != 0 || step > most {
		return nil
	}
	list := []uint64{word(0)}
	for i := 1; i < n; i++ {
		if word(i)-word(i-1) != step {
			return nil
		}
		list = append(list, word(i))
	}
	return list
}
