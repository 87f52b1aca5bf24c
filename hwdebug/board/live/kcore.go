// The machine that the program runs on, through /proc/kcore.

package live

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
	"github.com/hwlua/hwlua/hwdebug/linux"
)

// A Kcore is the machine that the program runs on. The registers themselves are unknown: only a
// debugger from outside can read them.
type Kcore struct {
	Root string // of the file system; "" is /

	section uint64
	offset  uint64 // of the array __per_cpu_offset
}

// Refresh looks again.
func (s *Kcore) Refresh() (*board.Board, error) { return s.Look() }

// Look reads the events in the slots of each CPU. The machine runs on meanwhile, so CPUs are seen one after
// the other.
func (s *Kcore) Look() (*board.Board, error) {
	layout, err := s.layout()
	if err != nil {
		return nil, err
	}
	numbers, err := s.possible()
	if err != nil {
		return nil, err
	}
	memory, err := kernel.OpenCore(filepath.Join(s.Root, "/proc/kcore"))
	if err != nil {
		return nil, fmt.Errorf("%w; fix: run as root, on a kernel with CONFIG_PROC_KCORE=y", err)
	}
	defer memory.Close()
	symbols, err := s.symbols()
	if err != nil {
		return nil, err
	}
	k, err := s.open(layout, memory, numbers, symbols)
	if err != nil {
		return nil, err
	}
	brps, wrps, err := linux.DebugRegisters()
	if err != nil {
		brps, wrps = layout.BRPs(), layout.WRPs() // the kernel's tables have room for as many
	}
	b := &board.Board{
		Source: board.FromKCore, BRPs: brps, WRPs: wrps, Origin: s,
		CPUs: make([]board.CPU, numbers[len(numbers)-1]+1),
	}
	for i := range b.CPUs {
		b.CPUs[i] = board.NewCPU(b.BRPs, b.WRPs)
	}
	if err := k.Fill(b); err != nil {
		return nil, err
	}
	judge(b, nil, k)
	return b, nil
}

// initData is how far the per-CPU section may be from the end of the code that runs once: initial data,
// tables of relocations and of alternative instructions are between them.
const initData = 16 << 20

// open finds the per-CPU data: by the symbol __per_cpu_offset, or by looking for that array.
func (s *Kcore) open(
	l *kernel.Layout, memory *kernel.Core, numbers []int, symbols *kernel.Symbols,
) (*kernel.Kernel, error) {
	hints := kernel.Hints{Section: s.section, Symbols: symbols, Running: true}
	image, size := memory.Image(symbols)
	hints.Near = image
	if end, ok := symbols.Addr("_einittext"); ok {
		hints.Near, hints.Within = end, initData
	}
	var last error
	try := func(offsets []uint64) *kernel.Kernel {
		cpus := make([]kernel.CPU, len(numbers))
		for i, id := range numbers {
			cpus[i] = kernel.CPU{ID: id, Offset: offsets[id]}
		}
		k, err := kernel.Open(l, memory, cpus, hints)
		last = err
		return k
	}
	most := numbers[len(numbers)-1] + 1
	at, known := symbols.Addr("__per_cpu_offset")
	if s.offset != 0 {
		at, known = s.offset, true
	}
	if known {
		offsets, err := kernel.Words(memory, at, most)
		if err != nil {
			return nil, err
		}
		if k := try(offsets); k != nil {
			s.section, s.offset = k.Section(), at
			return k, nil
		}
		return nil, last
	}
	for at, offsets := range memory.Steps(image, size, most, l.SectionBytes()) {
		// Page tables contain such arrays too. The copies of the section are in the linear mapping.
		if !memory.InRAM(hints.Near+offsets[0]) || !memory.InRAM(hints.Near+offsets[most-1]) {
			continue
		}
		if k := try(offsets); k != nil {
			s.section, s.offset = k.Section(), at
			return k, nil
		}
	}
	if last == nil {
		last = errors.New("__per_cpu_offset was not found; fix: use a kernel with CONFIG_KALLSYMS_ALL=y")
	}
	return nil, last
}

// layout reads the kernel's BTF.
func (s *Kcore) layout() (*kernel.Layout, error) {
	file := filepath.Join(s.Root, "/sys/kernel/btf/vmlinux")
	blob, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; fix: run it on arm64 Linux with CONFIG_DEBUG_INFO_BTF=y", err)
	}
	if err != nil {
		return nil, err
	}
	l, err := kernel.ReadLayout(blob)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; fix: run it on arm64 Linux", file, err)
	}
	return l, nil
}

// symbols reads the addresses of functions. Without them handlers have no names.
func (s *Kcore) symbols() (*kernel.Symbols, error) {
	f, err := os.Open(filepath.Join(s.Root, "/proc/kallsyms"))
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	symbols, err := kernel.ReadSymbols(f)
	if errors.Is(err, kernel.ErrHidden) {
		return nil, nil
	}
	return symbols, err
}

// possible returns the numbers of the CPUs that the machine can have.
func (s *Kcore) possible() ([]int, error) {
	file := filepath.Join(s.Root, "/sys/devices/system/cpu/possible")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	list, err := parseCPUs(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}

// parseCPUs reads a list of CPUs as the kernel prints it, "0-3,8", in ascending order.
func parseCPUs(text string) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil || first < 0 || last < first || last >= hwdebug.MaxCPUs ||
			len(list) > 0 && first <= list[len(list)-1] {
			return nil, fmt.Errorf("invalid list of CPUs %.60q (want such as 0-3, up to %d)", text,
				hwdebug.MaxCPUs-1)
		}
		for ; first <= last; first++ {
			list = append(list, first)
		}
	}
	return list, nil
}
