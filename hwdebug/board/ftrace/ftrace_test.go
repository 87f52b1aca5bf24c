// Lines of every form become the same records; damaged ones are counted.

package ftrace_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// read returns copies of the records of a text, and the reader at its end.
func read(t *testing.T, text string) ([]Record, *Reader) {
	t.Helper()
	var recs []Record
	r := NewReader(strings.NewReader(text))
	for rec := range r.Records() {
		c := *rec
		c.Stack = append([]string(nil), rec.Stack...)
		recs = append(recs, c)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return recs, r
}

func TestOneLine(t *testing.T) {
	tests := []struct {
		name, line string
		want       func(r *Record) bool
	}{
		{
			name: "tracefs, five flags, in an interrupt",
			line: "  <idle>-0       [002] d.h..    12.407857: control: " +
				"(hw_breakpoint_control+0x0/0x224) " +
				"bp=0xffff000002c39d40 ops=0",
			want: func(r *Record) bool {
				return r.Form == Tracefs && r.Name == Control && r.CPU == 2 && r.PID == 0 &&
					r.Comm == "<idle>" &&
					r.IRQ && r.T == 12407857*time.Microsecond && r.BP == 0xffff000002c39d40 && r.Ops == 0
			},
		},
		{
			name: "a name with dashes, four flags",
			line: "  mali-cmar-backe-114     [002] d...    10.037218: hit: " +
				"(perf_bp_event+0x0/0xd0) " +
				"bp=0xffff000005f49d40 pc=0x400fe4 pstate=0x60000005",
			want: func(r *Record) bool {
				return r.Comm == "mali-cmar-backe" && r.PID == 114 && !r.IRQ && r.Name == Hit &&
					r.PC == 0x400fe4 && r.PState == 0x60000005
			},
		},
		{
			name: "the column of tgid",
			line: "  sh-111     (    109) [003] .....    11.830789: tracing_mark_write: " +
				"hwlua-point 0",
			want: func(r *Record) bool {
				return r.PID == 111 && r.CPU == 3 && r.Name == Mark && r.Text == "hwlua-point 0"
			},
		},
		{
			name: "a result of the kernel: signed decimal",
			line: "  alpha-133     [001] .....    14.109041: alloc_ret: " +
				"(__do_sys_perf_event_open+0x194/0xcd4 <- perf_event_alloc) " +
				"ret=-281474915932576",
			want: func(r *Record) bool {
				return r.Name == AllocRet && uint64(r.Ret) == 0xffff0000039f6660 &&
					r.Caller == "__do_sys_perf_event_open" && r.Where == "perf_event_alloc"
			},
		},
		{
			name: "a module's caller",
			line: "  kworker/0:1-32      [000] .....    12.416231: wide_ret: " +
				"(_register_wp_bp.isra.0+0x90/0x104 " +
				"[wpdemo] <- register_wide_hw_breakpoint) ret=0xffff800009820c80",
			want: func(r *Record) bool {
				return r.Name == WideRet && r.Caller == "_register_wp_bp.isra.0" &&
					uint64(r.Ret) == 0xffff800009820c80
			},
		},
		{
			name: "alloc with the names of BTF",
			line: "  alpha-133     [001] d....    13.678676: alloc: " +
				"(perf_event_alloc+0x0/0xf80) " +
				"type=5 " +
				"bp_type=2 addr=0x10000040 len=4 flags=0x60 period=0 cpu=-1 " +
				"task=0xffff00000399e180 " +
				"pid=133 " +
				"comm=\"alpha beta\" parent=0x0 handler=0x0",
			want: func(r *Record) bool {
				return r.Kind == 5 && r.Type == 2 && r.OnCPU == -1 && r.TaskPID == 133 &&
					r.TaskComm == "alpha beta" && r.Has&FParent != 0 && r.Flags == 0x60
			},
		},
		{
			name: "alloc with a name that could not be read",
			line: "  kworker/0:1-32      [000] d....    12.357709: alloc: " +
				"(perf_event_alloc+0x0/0xf80) type=5 " +
				"bp_type=2 addr=0xffff800000d097c0 len=8 flags=0x4 period=1 cpu=0 " +
				"task=0x0 pid=0 " +
				"comm=(fault) " +
				"parent=0x0 handler=0x0",
			want: func(r *Record) bool { return r.Has&FComm == 0 && r.Has&FHandler != 0 && r.OnCPU == 0 },
		},
		{
			name: "a field called type alone is bp_type",
			line: "  kworker/1:0-20      [001] d....     9.438552: parse: " +
				"(hw_breakpoint_arch_parse+0x0/0x284) " +
				"bp=0xffff000005f49860 type=2 addr=0xffff800000d097c0 len=8 flags=0x4",
			want: func(r *Record) bool { return r.Name == Parse && r.Type == 2 && r.Has&FKind == 0 },
		},
		{
			name: "trace-cmd",
			line: "  kworker/1:1-52    [001]    75.409926: reserve_ret:          " +
				"(ffff8000082a5280 <- " +
				"ffff8000082a58a4) ret=-28",
			want: func(r *Record) bool {
				return r.Form == TraceCmd && r.Name == ReserveRet && r.Ret == -28 &&
					r.Caller == "" && r.Where == ""
			},
		},
		{
			name: "perf script",
			line: "  kworker/1:2-mm_   126 [001]    19.093972:   hwlua:alloc_ret: " +
				"(ffff8000082948c0 <- " +
				"ffff80000829a9d8) ret=-281474910262464",
			want: func(r *Record) bool {
				return r.Form == Perf && r.Comm == "kworker/1:2-mm_" && r.PID == 126 && r.Name == AllocRet
			},
		},
		{
			name: "perf script, a name with a blank, pid and tid",
			line: "Web Content 126/127 [001] 19.093972123: hwlua:control: (ffff800008031410) " +
				"bp=0x10 ops=1",
			want: func(r *Record) bool {
				return r.Form == Perf && r.Comm == "Web Content" && r.PID == 127 && r.T == 19093972123
			},
		},
		{
			name: "a fork, names with blanks",
			line: "  agent-1       [000] .....     8.275800: sched_process_fork: " +
				"comm=my agent pid=1 " +
				"child_comm=the child child_pid=147",
			want: func(r *Record) bool {
				return r.Name == Fork && r.ChildPID == 147 && r.ChildComm == "the child"
			},
		},
		{
			name: "an exit of 6.12",
			line: "  alpha-147     [001] .....    12.9: sched_process_exit: comm=alpha " +
				"pid=147 " +
				"prio=120 " +
				"group_dead=true",
			want: func(r *Record) bool { return r.Name == Exit && r.ChildPID == 147 },
		},
		{
			name: "the function tracer",
			line: "  caller-100     [003] d....    12.682989: toggle_bp_registers " +
				"<-breakpoint_handler",
			want: func(r *Record) bool {
				return r.Name == Function && r.Where == "toggle_bp_registers" &&
					r.Caller == "breakpoint_handler"
			},
		},
		{
			name: "lost records, as trace_pipe says it",
			line: "CPU:2 [LOST 123 EVENTS]",
			want: func(r *Record) bool { return r.Name == Lost && r.CPU == 2 && r.N == 123 },
		},
		{
			name: "lost records, as trace-cmd says it",
			line: "CPU 3: 7 EVENTS DROPPED",
			want: func(r *Record) bool { return r.Name == Lost && r.CPU == 3 && r.N == 7 },
		},
		{
			name: "a line end of ssh or adb",
			line: "  <idle>-0       [002] d.h..    12.407857: control: " +
				"(hw_breakpoint_control+0x0/0x224) " +
				"bp=0xffff000002c39d40 ops=1\r",
			want: func(r *Record) bool { return r.Name == Control && r.Ops == 1 },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			recs, r := read(t, tt.line+"\n")
			if len(recs) != 1 {
				n, lines := r.NotRead()
				t.Fatalf("%d records, want 1 (%d lines not understood: %v)", len(recs), n, lines)
			}
			if !tt.want(&recs[0]) {
				t.Errorf("got %+v", recs[0])
			}
		})
	}
}

func TestNotUnderstood(t *testing.T) {
	long := "x-1 [000] d.... 1.000000: control: (hw_breakpoint_control+0x0/0x224) " +
		strings.Repeat("y", 1<<20)
	text := "hello\n" +
		"  x-1 [000] d.... 1.000000: sched_switch: prev_comm=x\n" + // another event
		"  x-1 [000] d.... 1.000000: control: (hw_breakpoint_control+0x0/0x224) " +
		"bp=0xffff0000\n" + // clipped
		long + "\n" +
		"  x-1 [000] d.... 1.000001: control: (hw_breakpoint_control+0x0/0x224) bp=0x10 ops=1"
	recs, r := read(t, text)
	if len(recs) != 1 || recs[0].Line != 5 {
		t.Errorf("got %d records, want that of line 5", len(recs))
	}
	n, lines := r.NotRead()
	if n != 3 || len(lines) != 3 || lines[0] != 1 || lines[1] != 3 || lines[2] != 4 {
		t.Errorf("not understood: %d, lines %v; want 1, 3 and 4", n, lines)
	}
	if line, first := r.FirstNotRead(); line != 1 || first != "hello" {
		t.Errorf("the first is line %d %q", line, first)
	}
	if r.Skipped() != 1 {
		t.Errorf("%d lines of other events, want 1", r.Skipped())
	}
}

func TestHeads(t *testing.T) {
	_, r := read(t, "# hwlua probes 1 kernel=6.1.0-50-arm64 cpus=8 brps=16 wrps=4 btf=yes\n"+
		"# hwlua symbols ptrace_hbptriggered=0xffff80000801a6d0 perf_event_output_forward=0x0\n"+
		"# entries-in-buffer/entries-written: 100/458   #P:8\n"+
		"##### CPU 2 buffer started ####\n# missed=3\n")
	want := Facts{
		Probes: true, Kernel: "6.1.0-50-arm64", CPUs: 8, BRPs: 16, WRPs: 4, PtraceHandler: 0xffff80000801a6d0,
		Missed: 3, HasMissed: true, Buffered: 100, Written: 458, Clipped: true,
	}
	if got := r.Facts(); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestLevel: the exception level of the kernel comes from the head of the script or from the kernel log.
func TestLevel(t *testing.T) {
	const (
		started1 = "[    0.1] CPU: All CPU(s) started at EL1\n"
		started2 = "[    0.1] CPU: All CPU(s) started at EL2\n"
		vhe      = "[    0.0] CPU features: detected: Virtualization Host Extensions\n"
	)
	for text, want := range map[string]int{
		"# hwlua level el=2\n": 2, "# hwlua level el=1\n": 1, "# hwlua level el=x\n": 0,
		started1: 1, started2: 1, vhe + started2: 2, started2 + vhe: 2,
	} {
		if _, r := read(t, text); r.Facts().EL != want {
			t.Errorf("%q: EL%d, want %d", text, r.Facts().EL, want)
		}
	}
}

// TestDmesgStack: a stack in the kernel log names CPU and thread, and comes before the line that follows.
func TestDmesgStack(t *testing.T) {
	recs, _ := read(t, `[    1.026387] hw-breakpoint: found 6 breakpoint and 4 watchpoint registers.
[   30.1] CPU: 1 PID: 37 Comm: kworker/1:1 Tainted: G O 4.19.116 #1
[   30.1] Hardware name: linux,dummy-virt (DT)
[   30.1] Call trace:
[   30.1]  dump_backtrace+0x0/0x1c0
[   30.1]  write_wb_reg+0x3c/0x284
[   30.1]  hw_breakpoint_control+0x118/0x228
[   30.1]  module_fn+0x10/0x20 [wpdemo]
  x-1 [000] d.... 31.000001: control: (hw_breakpoint_control+0x0/0x224) bp=0x10 ops=1
`)
	if len(recs) != 3 || recs[1].Name != Chain || recs[2].Name != Control {
		t.Fatalf("got %d records, want a head, a stack and a control record", len(recs))
	}
	c := recs[1]
	if c.CPU != 1 || c.PID != 37 || c.Comm != "kworker/1:1" || c.Form != Dmesg {
		t.Errorf("got %+v", c)
	}
	if got := strings.Join(c.Stack, " "); got != "dump_backtrace write_wb_reg hw_breakpoint_control "+
		"module_fn" {
		t.Errorf("stack %s", got)
	}
}

// TestRecordings: every line of the recordings is understood, compressed or not.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("../testdata/*/*.gz")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(filepath.Base(filepath.Dir(file))+"/"+name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			var plain bytes.Buffer
			if _, err := plain.ReadFrom(z); err != nil {
				t.Fatal(err)
			}
			packed := NewReader(bytes.NewReader(data))
			for range packed.Records() {
			}
			_, r := read(t, plain.String())
			if packed.Count() != r.Count() || packed.Lines() != r.Lines() {
				t.Errorf("compressed: %d records, plain: %d", packed.Count(), r.Count())
			}
			n, lines := r.NotRead()
			foreign := strings.HasPrefix(name, "function-graph") || strings.HasPrefix(name, "perf-trace")
			if n > 0 != foreign {
				t.Errorf("%d lines not understood: %v", n, lines)
			}
		})
	}
}

// TestClippedGzip: of compressed text that ends early, or is damaged, everything before is read.
func TestClippedGzip(t *testing.T) {
	data, err := os.ReadFile("../testdata/mixed/trace.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(data)
	for i := len(data) / 2; i < len(data); i++ {
		damaged[i] ^= 0x5a
	}
	for name, text := range map[string][]byte{"clipped": data[:len(data)/2], "damaged": damaged} {
		r := NewReader(bytes.NewReader(text))
		for range r.Records() {
		}
		if n, _ := r.NotRead(); r.Err() != nil || r.Count() < 300 || n == 0 {
			t.Errorf("%s: %d records, %d lines not understood, %v", name, r.Count(), n, r.Err())
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, file := range []string{"hits/trace", "kernel-5.10/trace", "seed/perf-script-stack", "seed/dmesg"} {
		data, err := os.ReadFile("../testdata/" + file + ".txt.gz")
		if err != nil {
			f.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			f.Fatal(err)
		}
		var plain bytes.Buffer
		if _, err := plain.ReadFrom(z); err != nil {
			f.Fatal(err)
		}
		f.Add(plain.Bytes()[:min(plain.Len(), 4000)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		records := 0
		for rec := range r.Records() {
			records++
			if rec.Name == Other || rec.Line < 1 && rec.Name != Chain {
				t.Fatalf("record %d: %+v", records, rec)
			}
		}
		if n, lines := r.NotRead(); n < len(lines) || r.Lines() > len(data)+1 {
			t.Fatalf("%d lines of %d not understood", n, r.Lines())
		}
	})
}
