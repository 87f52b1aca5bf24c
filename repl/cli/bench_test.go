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

// Heads of the generated files: one uses hw, the other replaces it with stubs.
const (
	hwHead = `local hw = require "hw"
local regs, no_leaks = assert.regs, assert.no_leaks
local ADDR = 0xffffff8008c5a000
`
	stubHead = `local hw = { machine = function()
  local m = {}
  function m:register_wide_hw_breakpoint(a)
    return { [0] = { slot = 0 }, [1] = { slot = 0 }, addr = a.addr }
  end
  function m:unregister_wide_hw_breakpoint(w) return true end
  return m
end }
local function regs(m, t) return true end
local function no_leaks(m) return true end
local ADDR = 0x8c5a000
`
)

// suite writes n generated files of ten cases each.
func suite(b *testing.B, n int, head string) (dir string) {
	b.Helper()
	dir = b.TempDir()
	for i := range n {
		var t strings.Builder
		fmt.Fprintf(&t, `%sdescribe("file %d", function()
  local m
  before_each(function() m = hw.machine { cpus = 2 } end)
`, head, i)
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
		file := filepath.Join(dir, fmt.Sprintf("f%04d_spec.lua", i))
		if err := os.WriteFile(file, []byte(t.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// cpuTime returns the processor time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak returns the most memory in MiB that the process holds while fn runs.
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

// BenchmarkThousandFiles runs a thousand files of ten cases, with stubs, with hw, and those with stubs
// in busted too. It judges the memory, at most 300 MiB, and the processor time with hw, at most 3 times
// that with stubs.
func BenchmarkThousandFiles(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var stubs time.Duration // processor time of the files with stubs
	run := func(b *testing.B, head string) (cpu time.Duration) {
		dir := suite(b, 1000, head)
		var mem float64
		for b.Loop() {
			before := cpuTime(b)
			mem = max(mem, peak(func() { runOnce(b, dir) }))
			cpu = max(cpu, cpuTime(b)-before)
		}
		b.ReportMetric(cpu.Seconds(), "cpu-s")
		b.ReportMetric(mem, "MiB")
		if mem > 300 {
			b.Errorf("got a peak of %.0f MiB, want at most 300 MiB", mem)
		}
		return cpu
	}
	b.Run("stubs", func(b *testing.B) { stubs = run(b, stubHead) })
	b.Run("hw", func(b *testing.B) {
		if cpu := run(b, hwHead); stubs > 0 && cpu > 3*stubs {
			b.Errorf("hw takes %v of processor time, want at most 3 times that of stubs, %v", cpu, stubs)
		}
	})
	b.Run("busted-stubs", func(b *testing.B) {
		tool, err := exec.LookPath("busted")
		if err != nil {
			b.Skip("busted is not installed")
		}
		dir := suite(b, 1000, stubHead)
		for b.Loop() {
			if out, err := exec.Command(tool, dir, "--pattern=_spec").CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
	})
}

// runOnce runs the scenarios in dir without showing the report.
func runOnce(b *testing.B, dir string) {
	getenv := func(string) string { return "" }
	env := Env{Args: []string{"hwlua"}, Stdout: io.Discard, Stderr: os.Stderr, Getenv: getenv}
	if code, err := newRunOptions().run(b.Context(), env, []string{dir}); code != exitOK || err != nil {
		b.Fatalf("run = %d, %v, want %d, nil", code, err, exitOK)
	}
}
