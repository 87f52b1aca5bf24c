// Findings that no recording has: traces of a few lines.

package rebuild_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// record returns one line of a trace on cpu0 by a kernel worker, in the n-th millisecond.
func record(n int, text string) string {
	return fmt.Sprintf("     kworker/0:1-32      [000] d....    12.%03d000: %s\n", n, text)
}

// openEvent returns the lines that open an event of CPU 0 and install it.
func openEvent(addr uint64, length int, handler string) []string {
	return []string{
		record(1, "wide: (register_wide_hw_breakpoint+0x0/0x124)"),
		record(2, fmt.Sprintf("alloc: (perf_event_alloc+0x0/0xf80) type=5 bp_type=2 "+
			"addr=%#x len=%d flags=0x4 "+
			"period=1 cpu=0 task=0x0 parent=0x0 handler=%s", addr, length, handler)),
		record(3, "reserve: (__reserve_bp_slot+0x0/0x300) bp=0xffff000002c3ce00 bp_type=2"),
		record(4, "reserve_ret: (register_perf_hw_breakpoint+0x54/0x130 <- "+
			"__reserve_bp_slot) ret=0"),
		record(5, "alloc_ret: (perf_event_create_kernel_counter+0x58/0x1e0 <- perf_event_alloc) "+
			"ret=-281474930323968"),
		record(6, "control: (hw_breakpoint_control+0x0/0x224) bp=0xffff000002c3ce00 ops=0"),
		record(7, "wide_ret: (load+0x90/0x104 [mod] <- register_wide_hw_breakpoint) "+
			"ret=0xffff800009820c80"),
	}
}

// endEvent returns the lines that release it.
func endEvent() []string {
	return []string{
		record(97, "unwide: (unregister_wide_hw_breakpoint+0x0/0xc0) wide=0xffff800009820c80"),
		record(98, "control: (hw_breakpoint_control+0x0/0x224) bp=0xffff000002c3ce00 ops=1"),
		record(99, "release: (bp_perf_event_destroy+0x0/0x54) bp=0xffff000002c3ce00"),
	}
}

func TestSmallFindings(t *testing.T) {
	hits := func(n int, pc string) (lines []string) {
		for i := range n {
			lines = append(lines, record(10+i, "hit: (perf_bp_event+0x0/0xd0) "+
				"bp=0xffff000002c3ce00 pc="+pc+
				" pstate=0x5"))
		}
		return lines
	}
	const kernel, own = 0xffff800000d097c0, "0xffff800000d00000"
	uninstall := []string{record(50, "control: (hw_breakpoint_control+0x0/0x224) "+
		"bp=0xffff000002c3ce00 ops=1")}
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{name: "nothing", lines: slices.Concat(openEvent(kernel, 8, "0x0"), endEvent())},
		{
			name:  "a hashed pointer",
			lines: slices.Concat(openEvent(0x00000000c6ba14b1, 1, "0x0"), endEvent()),
			want:  []string{"armed for a user address, privilege EL0: hashed pointer?"},
		},
		{
			name:  "more bytes than the doubleword has",
			lines: slices.Concat(openEvent(kernel+6, 4, "0x0"), endEvent()),
			want:  []string{"cut at 8 bytes"},
		},
		{
			name:  "an own handler that does not move on",
			lines: slices.Concat(openEvent(kernel, 8, own), hits(9, "0xffff8000080a1234"), endEvent()),
			want:  []string{"custom handler, hit 9 times at one pc"},
		},
		{
			name:  "an own handler that moves on",
			lines: slices.Concat(openEvent(kernel, 8, own), hits(1, "0x1"), hits(1, "0x2"), endEvent()),
		},
		{
			name:  "the default handler steps over",
			lines: slices.Concat(openEvent(kernel, 8, "0x0"), hits(9, "0xffff8000080a1234"), endEvent()),
		},
		{
			name:  "no release",
			lines: slices.Concat(openEvent(kernel, 8, "0x0"), endEvent()[:2]),
			want:  []string{"never released"},
		},
		{
			name:  "no install",
			lines: slices.Concat(openEvent(kernel, 8, "0x0")[:5], openEvent(kernel, 8, "0x0")[6:]),
			want: []string{
				"not sure from 12.002000 on: 1 records missed", "never " +
					"released", "wide event missing on cpu0",
			},
		},
		{
			name:  "an uninstall twice",
			lines: slices.Concat(openEvent(kernel, 8, "0x0"), uninstall, endEvent()),
			want: []string{"not sure from 12.050000 on: 1 records missed", "unmatched " +
				"uninstall"},
		},
		{
			name: "an event from before",
			lines: []string{record(1, "control: (hw_breakpoint_control+0x0/0x224) "+
				"bp=0xffff000002c3ce00 ops=1")},
			want: []string{"1 events are from before the trace"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := follow(tt.lines, rebuild.Options{})
			got := names(tr.Findings())
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
