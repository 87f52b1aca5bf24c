// Layouts, the search for the per-CPU data, and the events of a kernel in memory.

package kernel_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board"
	. "github.com/hwlua/hwlua/hwdebug/board/kernel"
)

func layout(t testing.TB, drop string) *Layout {
	t.Helper()
	l, err := ReadLayout(fakeBTF(t, drop))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// cpus returns what a stub tells of the CPUs of a fake kernel.
func cpus(n int) []CPU {
	list := make([]CPU, n)
	for i := range list {
		list[i] = CPU{ID: i, Offset: unitOf(i) - sectionAt}
	}
	return list
}

// empty returns a picture of which nothing is known.
func empty(n int) *board.Board {
	b := &board.Board{BRPs: 6, WRPs: 4, CPUs: make([]board.CPU, n)}
	for i := range b.CPUs {
		b.CPUs[i] = board.NewCPU(b.BRPs, b.WRPs)
	}
	return b
}

// The layout of Debian's kernel 6.1.190, in a file with only the types that are used.
func TestLayoutOfDebian(t *testing.T) {
	blob, err := os.ReadFile("testdata/6.1.190.btf")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ReadLayout(blob)
	if err != nil {
		t.Fatal(err)
	}
	if l.BRPs() != 16 || l.WRPs() != 16 {
		t.Errorf("tables of %d and %d, want 16 and 16", l.BRPs(), l.WRPs())
	}
}

func TestLayoutsThatCannotBeUsed(t *testing.T) {
	for drop, want := range map[string]string{
		"bp_on_reg":                     "no array bp_on_reg",
		"wp_on_reg":                     "no array wp_on_reg",
		"__entry_task":                  "no variable __entry_task",
		"perf_event.owner":              "no member [owner] of struct perf_event",
		"arch_hw_breakpoint.address":    "no member [hw info address] of struct perf_event",
		"task_struct.comm":              "no member [comm] of struct task_struct",
		"perf_event.attr":               "no member [attr] of struct perf_event",
		"perf_event.overflow_handler":   "no member [overflow_handler] of struct perf_event",
		"hw_perf_event.target":          "no member [hw target] of struct perf_event",
		"arch_hw_breakpoint_ctrl.len":   "",
		"task_struct.se":                "",
		"cpu_number":                    "",
		"thread_info.cpu":               "",
		"cpuhp_state":                   "",
		"debug_info.hbp_watch":          "",
		"uts_namespace.name":            "",
		"arch_hw_breakpoint_ctrl.type":  "",
		"task_struct.thread":            "",
		"cpuhp_cpu_state.state":         "",
		"task_struct.nsproxy":           "",
		"rq.cfs":                        "",
		"task_struct.real_parent":       "",
		"nothing that the BTF contains": "",
	} {
		_, err := ReadLayout(fakeBTF(t, drop))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("without %s: %v, want an error with %q", drop, err, want)
		}
	}
}

// FindBTF finds BTF in the file itself, in an image, and in one that is compressed.
func TestFindBTF(t *testing.T) {
	blob := fakeBTF(t, "")
	image := append(append([]byte("MZ code \x9f\xeb\x01\x00 code"), make([]byte, 100)...), blob...)
	image = append(image, "more"...)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(image)
	z.Close()
	zboot := make([]byte, 64, 64+packed.Len())
	copy(zboot, "MZ\x00\x00zimg")
	binary.LittleEndian.PutUint32(zboot[8:], 64)
	binary.LittleEndian.PutUint32(zboot[12:], uint32(packed.Len()))
	copy(zboot[24:], "gzip")
	zboot = append(zboot, packed.Bytes()...)
	for name, file := range map[string][]byte{
		"the file itself": blob, "an Image": image, "a compressed Image": packed.Bytes(),
		"an Image that decompresses itself": zboot,
	} {
		got, err := FindBTF(file)
		if err != nil || !bytes.Equal(got, blob) {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(got), err, len(blob))
		}
	}
	copy(zboot[24:], "zstd")
	for name, file := range map[string][]byte{
		"nothing": nil, "no BTF": []byte("ELF"), "a part of it": blob[:len(blob)-1], "zstd": zboot,
		"damaged gzip": packed.Bytes()[:40],
	} {
		if _, err := FindBTF(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The per-CPU data is found from a task of any CPU, by searching from the vectors, or at a hint, and always
// the same; with a layout that lacks what one way needs, the others do.
func TestOpenFindsTheSection(t *testing.T) {
	f := newFake(4)
	worker := f.task(77, "kworker/2:1", 2)
	f.u64(worker+taskParent, objects+0x2000) // swapper/1
	f.u64(worker+taskQueue, objects)         // a group's own queue
	for _, tt := range []struct {
		name, drop string
		set        func([]CPU)
		hints      Hints
		most       int // reads
	}{
		{"from the idle task of CPU 0", "", func(c []CPU) { c[0].Task = objects + 0x1000 }, Hints{}, 60},
		{"from the idle task of CPU 3", "", func(c []CPU) { c[3].Task = objects + 0x4000 }, Hints{}, 60},
		{"from a worker", "", func(c []CPU) { c[2].Task = worker }, Hints{}, 60},
		{"from the vectors", "", func(c []CPU) { c[0].Vectors = sectionAt - 0x5800 }, Hints{}, 100},
		{"without queues", "rq.cfs", func(c []CPU) {
			c[0].Task, c[1].Vectors = objects+0x1000, sectionAt-0x800000
		}, Hints{}, 4000},
		{"without numbers of CPUs", "cpu_number",
			func(c []CPU) { c[3].Task = objects + 0x4000 }, Hints{}, 60},
		{"without the CPU in a task", "thread_info.cpu",
			func(c []CPU) { c[0].Vectors = sectionAt }, Hints{}, 60},
		{"at a hint", "", func([]CPU) {}, Hints{Section: sectionAt}, 40},
		{"above a hint, past a wrong one", "", func([]CPU) {},
			Hints{Section: sectionAt - 4096, Near: sectionAt - 0x2000}, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := cpus(4)
			tt.set(list)
			f.reads = 0
			k, err := Open(layout(t, tt.drop), f, list, tt.hints)
			if err != nil {
				t.Fatal(err)
			}
			if k.Section() != sectionAt {
				t.Errorf("found 0x%x, want 0x%x", k.Section(), uint64(sectionAt))
			}
			if f.reads > tt.most {
				t.Errorf("%d reads, want at most %d", f.reads, tt.most)
			}
		})
	}
	for name, list := range map[string][]CPU{
		"no CPU": nil, "no hint": cpus(4), "wrong offsets": {{ID: 0, Offset: 1, Vectors: sectionAt}},
		"other numbers": {{ID: 7, Offset: cpus(1)[0].Offset, Vectors: sectionAt}},
		"a bad task":    {{ID: 0, Offset: cpus(1)[0].Offset, Task: 0x1000}},
	} {
		if _, err := Open(layout(t, ""), f, list, Hints{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Fill reads events with all that is known of them: ptrace's are those in the target's own table, wide
// ones are those of the kernel with the same attributes on several CPUs.
func TestFill(t *testing.T) {
	f := newFake(3)
	opener, target := f.task(60, "agent", 0), f.task(121, "alpha", 1)
	const kernelOwned = ^uint64(0)
	wide := entry{kind: 2, addr: 0xffff800000d747c8, length: 8, ctrl: 0x1ff3, owner: kernelOwned,
		handler: 0xffff80000829ef70, flags: 1 << 2, state: 1}
	for cpu := range 3 {
		wide.cpu = int32(cpu)
		f.put(varWp, cpu, 0, f.event(wide))
	}
	wide.cpu = 0
	f.put(varWp, 0, 1, f.event(wide)) // a second registration of the same, on one CPU so far
	f.put(varBp, 1, 0, f.event(entry{kind: 4, addr: 0x10000080, length: 4, ctrl: 0x1e5, target: target,
		owner: opener, cpu: -1, state: 1, handler: 0xffff800008000100}))
	traced := f.event(entry{kind: 3, addr: 0x20000004, length: 2, ctrl: 0x61d, target: target,
		owner: opener, cpu: -1, flags: 1<<2 | 1<<5, state: 1, handler: 0xffff800008000200})
	f.u64(target+taskHbpWatch+8, traced)
	f.put(varWp, 1, 2, traced)
	f.put(varWp, 2, 3, f.event(entry{kind: 1, addr: 0x30000000, length: 1, cpu: 2, ctrl: 0x2d, state: 0}))
	f.u32(unitOf(2)+varHotplug, 0)
	f.u64(unitOf(1)+varTask, target)
	f.u32(target+taskWpsOff, 1)

	symbols, err := ReadSymbols(strings.NewReader("ffff800008000100 T perf_event_output_forward\n" +
		"ffff800008000200 t ptrace_hbptriggered\nffff80000829ef70 t $x\n" +
		"ffff80000829ef70 t wp_handler\t[corner]\n"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := Open(layout(t, ""), f, cpus(3), Hints{Section: sectionAt, Symbols: symbols})
	if err != nil {
		t.Fatal(err)
	}
	b := empty(3)
	if err := k.Fill(b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range b.Events {
		e := &b.Events[i]
		got = append(got, fmt.Sprintf("cpu%d.%d %s 0x%x %d cpu%d task=%v by=%v %s wide=%d %s %s own=%v",
			e.OnCPU, e.Slot, e.Attr.Type, e.Attr.Addr, e.Attr.Len, e.CPU, e.Task, e.By, e.Owner, e.Wide,
			e.State, e.HandlerName, e.Own))
	}
	want := []string{
		"cpu0.0 w 0xffff800000d747c8 8 cpu0 task= by= wide wide=1 active wp_handler own=true",
		"cpu0.1 w 0xffff800000d747c8 8 cpu0 task= by= kernel wide=0 active wp_handler own=true",
		"cpu1.0 x 0x10000080 4 cpu-1 task=alpha-121 by=agent-60 perf wide=0 active " +
			"perf_event_output_forward own=false",
		"cpu1.0 w 0xffff800000d747c8 8 cpu1 task= by= wide wide=1 active wp_handler own=true",
		"cpu1.2 rw 0x20000004 2 cpu-1 task=alpha-121 by=agent-60 ptrace wide=0 active " +
			"ptrace_hbptriggered own=false",
		"cpu2.0 w 0xffff800000d747c8 8 cpu2 task= by= wide wide=1 active wp_handler own=true",
		"cpu2.3 r 0x30000000 1 cpu2 task= by=  wide=0 inactive  own=false",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b.Kernel != "6.1.176" {
		t.Errorf("kernel %q", b.Kernel)
	}
	if on, off := b.CPUs[0].Online, b.CPUs[2].Online; on == nil || !*on || off == nil || *off {
		t.Errorf("cpu0 and cpu2 online: %v, %v", on, off)
	}
	if s := b.CPUs[1].WP; s[1] != (board.Slot{Known: true}) || s[2].Event != 5 {
		t.Errorf("slots of cpu1: %+v", s)
	}
	if addr, ctrl, ok := k.Wanted(5); addr != 0x20000000 || ctrl != 0x61d || !ok {
		t.Errorf("event 5 wants 0x%x, 0x%x, %v", addr, ctrl, ok)
	}
	if e := b.Event(5); !e.Attr.Pinned || !e.Attr.ExcludeKernel || e.Attr.Disabled {
		t.Errorf("attributes of event 5: %+v", e.Attr)
	}
	if !k.Stepping(target, false) || k.Stepping(target, true) || k.Stepping(opener, false) {
		t.Error("only alpha is in a step over a watchpoint")
	}
}

// While a kernel runs a table may change between two reads. The event that is gone is not reported.
func TestFillOfARunningKernel(t *testing.T) {
	f := newFake(1)
	gone := f.event(entry{kind: 2, addr: 0x1000, length: 8, cpu: 0})
	stays := f.event(entry{kind: 2, addr: 0x2000, length: 8, cpu: 0})
	f.put(varWp, 0, 0, gone)
	m := &changing{fake: f, at: gone, change: func() { f.put(varWp, 0, 0, stays) }}
	k, err := Open(layout(t, ""), m, cpus(1), Hints{Section: sectionAt, Running: true})
	if err != nil {
		t.Fatal(err)
	}
	b := empty(1)
	if err := k.Fill(b); err != nil {
		t.Fatal(err)
	}
	if len(b.Events) != 1 || b.Events[0].Attr.Addr != 0x2000 || b.CPUs[0].WP[0].Event != 1 {
		t.Errorf("events %+v", b.Events)
	}
	if _, _, ok := k.Wanted(2); ok {
		t.Error("the event that is gone is kept")
	}
}

// changing is memory that changes when an address is read for the first time.
type changing struct {
	*fake
	at     uint64
	change func()
}

func (c *changing) ReadMemory(addr uint64, buf []byte) error {
	err := c.fake.ReadMemory(addr, buf)
	if addr == c.at && c.change != nil {
		c.change()
		c.change = nil
	}
	return err
}

func TestSymbols(t *testing.T) {
	s, err := ReadSymbols(strings.NewReader("ffff800008010800 T vectors\nffff800008280000 T f\n0 A zero\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Fit(0x1000) || s.Fit(0xffff900008011800) || !s.Fit(0xffff900008010800) {
		t.Error("only vectors of a kernel that was moved by whole 64 KiB fit")
	}
	if got := s.Name(0xffff900008280000); got != "f" {
		t.Errorf("moved, 0xffff900008280000 is %q", got)
	}
	if got := s.Name(0xffff900008280004); got != "" {
		t.Errorf("inside of a function: %q", got)
	}
	if a, ok := s.Addr("f"); a != 0xffff900008280000 || !ok {
		t.Errorf("f is at 0x%x, %v", a, ok)
	}
	for text, want := range map[string]string{
		"": "no symbol", "0000000000000000 T f\n": "every address is 0", "f\n": "line 1 is not a symbol",
		"ffff T f\nzz T g\n": "line 2: invalid address",
	} {
		_, err := ReadSymbols(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	var none *Symbols
	if _, ok := none.Addr("f"); ok || none.Name(1) != "" {
		t.Error("no symbols, and one found")
	}
}

// FuzzLayout reads arbitrary BTF: an error or a layout whose fields lie in their structure, and never more
// memory than the file can justify.
func FuzzLayout(f *testing.F) {
	blob := fakeBTF(f, "")
	f.Add(blob)
	f.Add(blob[:len(blob)-9])
	if small, err := os.ReadFile("testdata/6.1.190.btf"); err == nil {
		f.Add(small)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := FindBTF(data)
		if err != nil {
			return
		}
		l, err := ReadLayout(found)
		if err != nil {
			return
		}
		k, err := Open(l, newFake(1), cpus(1), Hints{Section: sectionAt})
		if err != nil {
			return
		}
		k.Fill(empty(1))
	})
}
