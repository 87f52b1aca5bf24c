// Changes: what differs between two looks at one machine.

package board

import (
	"strconv"

	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A Change is a register, or an element of bp_on_reg or wp_on_reg, that differs between two looks.
type Change struct {
	CPU     int
	Reg     string // "DBGWCR1_EL1", "MDSCR_EL1"; "wp_on_reg[1]", whose value is the address of the event
	Was, Is Value
}

// Diff returns what differs between two looks at one machine, CPU by CPU.
func Diff(was, is *Board) []Change {
	var list []Change
	for cpu := range min(len(was.CPUs), len(is.CPUs)) {
		old, now := was.places(cpu), is.places(cpu)
		for i := range min(len(old), len(now)) {
			if old[i].is != now[i].is {
				list = append(list, Change{CPU: cpu, Reg: now[i].name, Was: old[i].is, Is: now[i].is})
			}
		}
	}
	return list
}

// A place is a register or an element of a table, with its value.
type place struct {
	name string
	is   Value
}

// places returns everything that Diff compares of one CPU.
func (b *Board) places(cpu int) []place {
	c := &b.CPUs[cpu]
	list := []place{{"MDSCR_EL1", c.MDSCR}}
	for _, bank := range []struct {
		base   int
		values []Value
	}{{arm64.BVR, c.BVR}, {arm64.BCR, c.BCR}, {arm64.WVR, c.WVR}, {arm64.WCR, c.WCR}} {
		for n, v := range bank.values {
			list = append(list, place{arm64.RegName(bank.base + n), v})
		}
	}
	for _, table := range []struct {
		name  string
		slots []Slot
	}{{"bp_on_reg", c.BP}, {"wp_on_reg", c.WP}} {
		for n, s := range table.slots {
			v := Value{Known: s.Known}
			if ev := b.Event(s.Event); ev != nil {
				v.Bits = ev.Ptr
			}
			list = append(list, place{table.name + "[" + strconv.Itoa(n) + "]", v})
		}
	}
	return list
}
