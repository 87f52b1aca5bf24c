// Symbols: names and addresses from System.map or /proc/kallsyms.

package kernel

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Symbols holds the symbols of a kernel.
type Symbols struct {
	byName map[string]uint64
	list   []symbol // by address
	slide  uint64   // added to the addresses of a file that was written when the kernel was linked
}

type symbol struct {
	addr uint64
	name string
}

// ErrHidden reports symbols without their addresses.
var ErrHidden = errors.New("every address is 0; fix: read /proc/kallsyms as root, " +
	"with kernel.kptr_restrict 0 or 1")

// ReadSymbols reads System.map or /proc/kallsyms: lines of an address, a type and a name.
func ReadSymbols(r io.Reader) (*Symbols, error) {
	s := &Symbols{byName: make(map[string]uint64)}
	lines := bufio.NewScanner(r)
	hidden := 0
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) < 3 {
			return nil, fmt.Errorf("line %d is not a symbol: %.60q (want System.map or /proc/kallsyms)", n,
				lines.Text())
		}
		addr, err := strconv.ParseUint(f[0], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: invalid address %.40q (want System.map or /proc/kallsyms)",
				n, f[0])
		}
		if addr == 0 {
			hidden++
			continue
		}
		if strings.HasPrefix(f[2], "$") {
			continue // marks code and data for disassemblers
		}
		if _, ok := s.byName[f[2]]; !ok {
			s.byName[f[2]] = addr
		}
		s.list = append(s.list, symbol{addr, f[2]})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(s.list) == 0 && hidden > 0 {
		return nil, ErrHidden
	}
	if len(s.list) == 0 {
		return nil, errors.New("no symbol in it (want System.map or /proc/kallsyms)")
	}
	slices.SortStableFunc(s.list, func(a, b symbol) int { return cmp.Compare(a.addr, b.addr) })
	return s, nil
}

// Fit moves the symbols to where the kernel is, known from the address of its exception vectors. A file
// of the running kernel, and one of a kernel that was not moved, stay as they are. It reports whether
// the address can be that of the vectors: a kernel with other page tables for user mode shows another
// one there.
func (s *Symbols) Fit(vectors uint64) bool {
	const step = 64 << 10 // in which a kernel is moved
	linked, ok := s.byName["vectors"]
	if !ok || (vectors-linked)%step != 0 || !inKernel(vectors) {
		return false
	}
	s.slide = vectors - linked
	return true
}

// Addr returns the address of a symbol.
func (s *Symbols) Addr(name string) (uint64, bool) {
	if s == nil {
		return 0, false
	}
	addr, ok := s.byName[name]
	return addr + s.slide, ok
}

// Name returns the name of the function that begins at addr, or "".
func (s *Symbols) Name(addr uint64) string {
	if s == nil || addr == 0 {
		return ""
	}
	addr -= s.slide
	compare := func(x symbol, a uint64) int { return cmp.Compare(x.addr, a) }
	i, ok := slices.BinarySearchFunc(s.list, addr, compare)
	if !ok {
		return ""
	}
	return s.list[i].name
}
