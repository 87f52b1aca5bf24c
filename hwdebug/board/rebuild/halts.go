// Halts: what a debugger read of the registers while the board was stopped, compared with the banks.

package rebuild

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
)

// A Halt holds the registers that were read at one moment between the marks hwlua-point N and hwlua-end N.
type Halt struct {
	N    int
	CPUs []HaltCPU
}

// A HaltCPU holds the debug registers of one CPU, by the kernel's unified numbers.
type HaltCPU [4 * arm64.MaxRegs]uint64

// A HaltResult is the comparison of one halt.
type HaltResult struct {
	N      int
	Equal  bool // the banks had that state between the marks
	Seen   bool // the marks are in the trace
	T      time.Duration
	States int       // that the banks had between the marks
	Diffs  []RegDiff // of the state with the fewest
}

// A RegDiff is one register in which they differ.
type RegDiff struct {
	CPU  int
	Reg  string
	Read uint64      // by the debugger
	Want board.Value // by the trace
}

// ParseHalt reads the registers of a file called regs.N.txt, lines of cpuNN NAME 0xVALUE in which cpu01 is
// CPU 0 and registers that are 0 are left out.
func ParseHalt(name string, text []byte) (h Halt, err error) {
	h.N, err = haltNumber(name)
	if err != nil {
		return h, err
	}
	for n, line := range bytes.Split(text, []byte("\n")) {
		words := strings.Fields(string(line))
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if err := h.parse(words); err != nil {
			return h, fmt.Errorf("line %d: %q: %w", n+1, line, err)
		}
	}
	return h, nil
}

// haltNumber returns N of a path that ends in regs.N.txt.
func haltNumber(name string) (int, error) {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	digits := strings.TrimSuffix(strings.TrimPrefix(base, "regs."), ".txt")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: no number of a mark in its name (want regs.N.txt)", name)
	}
	return n, nil
}

// parse reads one line.
func (h *Halt) parse(words []string) error {
	if len(words) != 3 || !strings.HasPrefix(words[0], "cpu") {
		return fmt.Errorf("want cpuNN NAME 0xVALUE")
	}
	cpu, err := strconv.Atoi(words[0][len("cpu"):])
	if err != nil || cpu < 1 || cpu > hwdebug.MaxCPUs {
		return fmt.Errorf("invalid CPU %s", words[0])
	}
	v, err := strconv.ParseUint(words[2], 0, 64)
	if err != nil {
		return fmt.Errorf("invalid value %s", words[2])
	}
	for len(h.CPUs) < cpu {
		h.CPUs = append(h.CPUs, HaltCPU{})
	}
	reg, ok := regNumber(words[1])
	if ok {
		h.CPUs[cpu-1][reg] = v
	}
	return nil
}

// regNumber returns the unified number of a register, with or without _EL1.
func regNumber(name string) (int, bool) {
	for reg := range 4 * arm64.MaxRegs {
		if full := arm64.RegName(reg); name == full || name+"_EL1" == full {
			return reg, true
		}
	}
	return 0, false
}

// halts compares while a trace is followed.
type halts struct {
	want    map[int]*Halt
	at      *Halt // between its marks
	result  HaltResult
	results []HaltResult
	order   []int
}

func (h *halts) init(list []Halt) {
	h.want = map[int]*Halt{}
	for i := range list {
		h.want[list[i].N] = &list[i]
		h.order = append(h.order, list[i].N)
	}
}

// mark begins or ends the comparison of a halt.
func (h *halts) mark(t *Tracker, text string) {
	if n, ok := numberAfter(text, "hwlua-point "); ok && h.want[n] != nil {
		h.close()
		h.at = h.want[n]
		h.result = HaltResult{N: n, Seen: true, T: t.now}
	}
	if n, ok := numberAfter(text, "hwlua-end "); ok && h.at != nil && h.at.N == n {
		h.close()
	}
}

// numberAfter returns the number behind a word.
func numberAfter(text, word string) (int, bool) {
	digits, ok := strings.CutPrefix(text, word)
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	return n, ok && err == nil
}

// close ends the comparison that is going on.
func (h *halts) close() {
	if h.at != nil {
		h.results = append(h.results, h.result)
		h.at = nil
	}
}

// check compares the banks as they are now.
func (h *halts) check(t *Tracker) {
	if h.at == nil || h.result.Equal {
		return
	}
	diffs := t.compare(h.at)
	h.result.States++
	if h.result.States == 1 || len(diffs) < len(h.result.Diffs) {
		h.result.Diffs, h.result.T = diffs, t.now
	}
	h.result.Equal = len(diffs) == 0
}

// settle marks the registers that later records have shown to be uncertain at a halt.
func (h *halts) settle(t *Tracker) {
	for i := range h.results {
		r := &h.results[i]
		for j := range r.Diffs {
			d := &r.Diffs[j]
			d.Want.Known = d.Want.Known && t.cpu(d.CPU).sure(r.T)
		}
	}
}

// finish adds the halts whose marks are not in the trace.
func (h *halts) finish(*Tracker) {
	h.close()
	for _, n := range h.order {
		found := false
		for i := range h.results {
			found = found || h.results[i].N == n
		}
		if !found {
			h.results = append(h.results, HaltResult{N: n})
		}
	}
}

// Halts returns the comparisons, after Finish.
func (t *Tracker) Halts() []HaltResult { return t.halts.results }

// compare returns the registers in which the banks differ from what was read: every control register, and
// the value registers of slots that hold an event. An unknown register differs, but for an enable bit that
// only a step over makes unknown.
func (t *Tracker) compare(h *Halt) (diffs []RegDiff) {
	for n := range max(len(h.CPUs), len(t.cpus)) {
		var read HaltCPU
		if n < len(h.CPUs) {
			read = h.CPUs[n]
		}
		c := t.cpu(n)
		diffs = t.compareBank(c, &c.bp, read[arm64.BVR:arm64.WVR], arm64.BVR, diffs)
		diffs = t.compareBank(c, &c.wp, read[arm64.WVR:], arm64.WVR, diffs)
	}
	return diffs
}

// compareBank compares one bank, whose registers were read from the unified number base on.
func (t *Tracker) compareBank(c *cpu, b *bank, read []uint64, base int, diffs []RegDiff) []RegDiff {
	value, control := read[:arm64.MaxRegs], read[arm64.MaxRegs:]
	sure := c.sure(t.now)
	differ := func(reg int, read uint64, want board.Value) {
		want.Known = want.Known && sure
		if !want.Known || want.Bits != read {
			diffs = append(diffs, RegDiff{CPU: c.id, Reg: arm64.RegName(reg), Read: read, Want: want})
		}
	}
	for i := range b.slots {
		ev := b.slots[i]
		word := board.Known(0)
		if ev != nil {
			word = t.controlOf(c, ev)
			if _, known := t.enabled(c, ev); !known && ev.known && !ev.refused {
				word = board.Known(word.Bits&^1 | control[i]&1)
			}
			differ(base+i, value[i], b.value[i])
		}
		differ(base+arm64.MaxRegs+i, control[i], word)
	}
	return diffs
}
