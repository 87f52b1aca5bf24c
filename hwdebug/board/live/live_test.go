// Looks at recorded machines, and the findings of machines that contradict themselves.

package live_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/gdb/gdbtest"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
	"github.com/hwlua/hwlua/hwdebug/board/live"
)

// serve answers as a recorded stub and returns its address. change edits the bytes of the answer to a
// request.
func serve(t *testing.T, file string) string {
	t.Helper()
	if _, err := gdbtest.Load(file); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	go gdbtest.Serve(l, func() *gdbtest.Session { s, _ := gdbtest.Load(file); return s })
	return l.Addr().String()
}

func layout(t *testing.T) *kernel.Layout {
	t.Helper()
	blob, err := os.ReadFile("../kernel/testdata/6.1.190.btf")
	if err != nil {
		t.Fatal(err)
	}
	l, err := kernel.ReadLayout(blob)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Without a layout the banks are known, and nothing about events.
func TestLookWithoutLayout(t *testing.T) {
	s := &live.Stub{Address: serve(t, "../gdb/testdata/qemu-10.0.txt")}
	b, err := s.Look(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(b.CPUs) != 4 || b.BRPs != 6 || b.WRPs != 4 || b.Source != board.FromGDB {
		t.Errorf("%d CPUs, %d and %d registers, source %q", len(b.CPUs), b.BRPs, b.WRPs, b.Source)
	}
	c := &b.CPUs[2]
	if got, want := c.WVR[1], board.Known(0x10000100); got != want {
		t.Errorf("DBGWVR1_EL1 of cpu2 %+v, want %+v", got, want)
	}
	if c.WP[0].Known || c.Online != nil || c.Task != board.NoTask || len(b.Findings) != 0 {
		t.Errorf("known without a layout: %+v, findings %v", c, b.Findings)
	}
	if _, ok := b.Origin.(board.Live); !ok {
		t.Error("the picture cannot be refreshed")
	}
	again, err := s.Refresh()
	if err != nil || len(board.Diff(b, again)) != 0 {
		t.Errorf("the second look: %v, changes %v", err, board.Diff(b, again))
	}
}

// With a layout each slot of the recorded machine names its event, as the program that opened it has
// printed.
func TestLookAtEvents(t *testing.T) {
	s := &live.Stub{Address: serve(t, "testdata/qemu-7.2-kernel-6.1.190.txt"), Layout: layout(t)}
	b, err := s.Look(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range b.Events {
		e := &b.Events[i]
		got = append(got, fmt.Sprintf("cpu%d.%d %s 0x%x %d cpu%d task=%s by=%s %s wide=%d",
			e.OnCPU, e.Slot, e.Attr.Type, e.Attr.Addr, e.Attr.Len, e.CPU, e.Task.Comm, e.By.Comm,
			e.Owner, e.Wide))
	}
	text, err := os.ReadFile("testdata/qemu-7.2-kernel-6.1.190.events")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(text)); strings.Join(got, "\n") != want {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if b.Kernel != "6.1.0-54-arm64" {
		t.Errorf("kernel %q", b.Kernel)
	}
	for i := range b.Findings {
		t.Errorf("finding %s on cpu%d: %+v", b.Findings[i].Name(), b.Findings[i].CPU, b.Findings[i])
	}
}

// edit returns a copy of a recording in which the answer to each occurrence of one request has other
// bytes. The nth occurrence is that of the nth CPU.
func edit(t *testing.T, file, request, was, is string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	changed := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, "> $"+request+"#") {
			continue
		}
		for j := i + 1; j < len(lines) && !strings.HasPrefix(lines[j], "> $"); j++ {
			if payload, ok := strings.CutPrefix(lines[j], "< $"); ok && strings.HasPrefix(payload, was) {
				payload = is + payload[len(was):strings.LastIndexByte(payload, '#')]
				sum := 0
				for k := range len(payload) {
					sum += int(payload[k])
				}
				lines[j] = fmt.Sprintf("< $%s#%02x", payload, sum&0xff)
				changed++
			}
		}
	}
	if changed == 0 {
		t.Fatalf("%s: no answer to %s begins with %s", file, request, was)
	}
	out := filepath.Join(t.TempDir(), "session.txt")
	if err := os.WriteFile(out, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// Numbers of registers in the recording of QEMU 7.2.
const (
	wcr1, wcr3, wvr1, mdscr, oslsr = "p7c", "p9b", "p7a", "p85", "pb0"
	wpOnReg3                       = "mffff00001feac7e8,80" // wp_on_reg of cpu3
)

// Registers that contradict the kernel's tables are found.
func TestFindings(t *testing.T) {
	const file = "testdata/qemu-7.2-kernel-6.1.190.txt"
	tests := []struct {
		name, request, was, is string
		want                   []string
	}{
		{"a register armed behind the kernel's back", wcr3, "00000000", "f51f0000", []string{
			"cpu0 armed, but no event of the kernel is in that slot DBGWCR3_EL1",
			"cpu1 armed, but no event of the kernel is in that slot DBGWCR3_EL1",
			"cpu2 armed, but no event of the kernel is in that slot DBGWCR3_EL1",
			"cpu3 armed, but no event of the kernel is in that slot DBGWCR3_EL1"}},
		{"a register that was disabled", wcr1, "7d", "7c",
			[]string{"cpu2 event in the slot, register disabled DBGWCR1_EL1"}},
		{"another address", wvr1, "00000020", "08000020",
			[]string{"cpu2 register and event differ DBGWVR1_EL1"}},
		{"another kind", wcr1, "7d", "75", []string{"cpu2 register and event differ DBGWCR1_EL1"}},
		{"a table without the wide event", wpOnReg3, "80e146080000ffff", "0000000000000000", []string{
			"cpu3 wide event missing on cpu3 ",
			"cpu3 armed, but no event of the kernel is in that slot DBGWCR0_EL1"}},
		{"monitors off", mdscr, "00b0", "0020", []string{
			"cpu0 MDE clear while E is set MDSCR_EL1", "cpu1 MDE clear while E is set MDSCR_EL1",
			"cpu2 MDE clear while E is set MDSCR_EL1", "cpu3 MDE clear while E is set MDSCR_EL1"}},
		{"the OS lock", oslsr, "08", "0a", []string{
			"cpu0 OS lock set OSLSR_EL1", "cpu1 OS lock set OSLSR_EL1",
			"cpu2 OS lock set OSLSR_EL1", "cpu3 OS lock set OSLSR_EL1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &live.Stub{Address: serve(t, edit(t, file, tt.request, tt.was, tt.is)), Layout: layout(t)}
			b, err := s.Look(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range b.Findings {
				f := &b.Findings[i]
				got = append(got, fmt.Sprintf("cpu%d %s %s", f.CPU, f.Name(), f.Reg))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// A kernel with VHE runs at EL2. If the kernel runs at EL1, a hypervisor may use TPIDR_EL2.
func TestLevel(t *testing.T) {
	for _, tt := range []struct {
		regs map[string]uint64
		want int
	}{
		{map[string]uint64{"TPIDR_EL1": 0x1000}, 0},
		{map[string]uint64{"TPIDR_EL2": 0}, 0},
		{map[string]uint64{"TPIDR_EL2": 0x1000}, 2},
		{map[string]uint64{"HCR_EL2": 0x80000000, "TPIDR_EL2": 0x1000}, 1},
		{map[string]uint64{"HCR_EL2": 0x488000000}, 2},
	} {
		value := func(name string) (uint64, bool) {
			v, ok := tt.regs[name]
			return v, ok
		}
		if got := live.Level(value); got != tt.want {
			t.Errorf("%v: EL%d, want %d", tt.regs, got, tt.want)
		}
	}
}

// BTF of another kernel does not take the banks away.
func TestWrongLayout(t *testing.T) {
	s := &live.Stub{Address: serve(t, "../gdb/testdata/qemu-10.0.txt"), Layout: layout(t)}
	b, err := s.Look(context.Background())
	if err == nil || !strings.Contains(err.Error(), "per-CPU data was not found") {
		t.Errorf("error %v", err)
	}
	if b == nil || !b.CPUs[0].WCR[0].Known {
		t.Error("no banks")
	}
}

// BenchmarkLook reports the packets of a look, which are what the halt of a machine lasts for.
func BenchmarkLook(b *testing.B) {
	blob, err := os.ReadFile("../kernel/testdata/6.1.190.btf")
	if err != nil {
		b.Fatal(err)
	}
	l, err := kernel.ReadLayout(blob)
	if err != nil {
		b.Fatal(err)
	}
	for name, layout := range map[string]*kernel.Layout{"registers": nil, "registers and events": l} {
		b.Run(name, func(b *testing.B) {
			listener, err := net.Listen("tcp", "localhost:0")
			if err != nil {
				b.Skip(err)
			}
			defer listener.Close()
			var requests atomic.Int64
			go gdbtest.Serve(listener, func() *gdbtest.Session {
				s, _ := gdbtest.Load("testdata/qemu-7.2-kernel-6.1.190.txt")
				s.Requests = &requests
				return s
			})
			for b.Loop() {
				s := &live.Stub{Address: listener.Addr().String(), Layout: layout}
				if _, err := s.Look(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(requests.Load())/float64(b.N), "packets/op")
		})
	}
}
