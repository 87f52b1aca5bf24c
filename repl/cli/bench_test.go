//go:build unix

package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

// suite writes n generated files of ten cases each, with calls of hw or with stubs in their place.
func suite(b *testing.B, n int, stubbed bool) string {
	b.Helper()
	head := "local hw = require \"hw\"\nlocal regs, no_leaks = assert.regs, assert.no_leaks\nlocal ADDR = 0xffffff8008c5a000\n"
	if stubbed {
		head = `local hw = { machine = function()
  local m = {}
  function m:register_wide_hw_breakpoint(a) return { [0] = { slot = 0 }, [1] = { slot = 0 }, addr = a.addr } end
  function m:unregister_wide_hw_breakpoint(w) return true end
  return m
end }
local function regs(m, t) return true end
local function no_leaks(m) return true end
local ADDR = 0x8c5a000
`
	}
	dir := b.TempDir()
	for i := range n {
		var t strings.Builder
		t.WriteString(head)
		fmt.Fprintf(&t, "describe(\"file %d\", function()\n  local m\n  before_each(function() m = hw.machine { cpus = 2 } end)\n", i)
		for k := range 10 {
			fmt.Fprintf(&t, `  it("case %d", function()
    local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = ADDR + %d, len = 8 })
    regs(m, { wvr = { [0] = ADDR + %d }, wcr = { [0] = 0x1ff3 } })
    assert.equals(0, w[1].slot)
    m:unregister_wide_hw_breakpoint(w)
    no_leaks(m)
  end)
`, k, 8*k, 8*k)
		}
		t.WriteString("end)\n")
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%04d_spec.lua", i)), []byte(t.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that fn has from the system while it runs, in MiB.
func peak(fn func()) float64 {
	debug.FreeOSMemory()
	done := make(chan struct{})
	most := make(chan uint64)
	go func() {
		var top uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, m.Sys-m.HeapReleased)
			select {
			case <-done:
				most <- top
				return
			case <-tick.C:
			}
		}
	}()
	fn()
	close(done)
	return float64(<-most) / (1 << 20)
}

// A thousand files of ten cases: at most 20 s of processor time, which is 10 s on two cores, and 300 MiB; and how long
// busted takes for the same files with stubs in place of the machine.
func BenchmarkThousandFiles(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	run := func(b *testing.B, dir string) {
		var cpu time.Duration
		var mem float64
		for b.Loop() {
			before := cpuTime(b)
			mem = max(mem, peak(func() {
				env := Env{Args: []string{"hwlua"}, Stdout: io.Discard, Stderr: os.Stderr, Getenv: func(string) string { return "" }}
				o := newRunOptions()
				if code := o.run(b.Context(), env, []string{dir}); code != exitOK {
					b.Fatalf("exit code %d", code)
				}
			}))
			cpu = max(cpu, cpuTime(b)-before)
		}
		b.ReportMetric(cpu.Seconds(), "cpu-s")
		b.ReportMetric(mem, "MiB")
		if cpu > 20*time.Second || mem > 300 {
			b.Errorf("%v of processor time and %.0f MiB; at most 20s and 300 MiB", cpu, mem)
		}
	}
	b.Run("hw", func(b *testing.B) { run(b, suite(b, 1000, false)) })
	b.Run("stubs", func(b *testing.B) { run(b, suite(b, 1000, true)) })
	b.Run("busted-stubs", func(b *testing.B) {
		tool, err := exec.LookPath("busted")
		if err != nil {
			b.Skip("busted is not installed")
		}
		dir := suite(b, 1000, true)
		for b.Loop() {
			if out, err := exec.Command(tool, dir, "--pattern=_spec").CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
	})
}
