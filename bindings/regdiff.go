// Registers that differ, for reports that draw their own table: what stands behind a failed assert.regs.

package bindings

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/vm"
)

// regDiff is the Cause of a failed assert.regs.
type regDiff []regRow

func (d regDiff) Error() string {
	if len(d) == 1 {
		return "1 register differs"
	}
	return fmt.Sprintf("%d registers differ", len(d))
}

// RegisterTable gives a row for each register: CPU, the manual's name, expected, found, the bits that differ, then
// name, expected and found of each field that differs, in words where the field has some.
func (d regDiff) RegisterTable() [][]string {
	rows := make([][]string, 0, len(d))
	for _, r := range d {
		row := []string{
			fmt.Sprintf("cpu%d", r.cpu), r.manualName(),
			vm.Hex(r.expected, digits(r.reg)), vm.Hex(r.found, digits(r.reg)), bitRanges(r.expected ^ r.found),
		}
		for _, f := range arm64.Diff(r.reg, r.expected, r.found) {
			was, is := f.Values()
			row = append(row, f.Name, was, is)
		}
		rows = append(rows, row)
	}
	return rows
}

// manualName is the register's name in the manual: DBGWCR0_EL1.
func (r regRow) manualName() string {
	bank, n, ok := strings.Cut(strings.TrimSuffix(r.name, "]"), "[")
	if !ok {
		return strings.ToUpper(r.name)
	}
	return fmt.Sprintf("DBG%s%s_EL1", strings.ToUpper(bank), n)
}

// bitRanges names the bits that are set, the highest first: "12-5 0".
func bitRanges(v uint64) string {
	var parts []string
	for v != 0 {
		hi := 63 - bits.LeadingZeros64(v)
		lo := hi
		for lo > 0 && v>>(lo-1)&1 == 1 {
			lo--
		}
		if hi == lo {
			parts = append(parts, fmt.Sprint(hi))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", hi, lo))
		}
		v &^= (^uint64(0) >> (63 - hi)) &^ (uint64(1)<<lo - 1)
	}
	return strings.Join(parts, " ")
}
