// The script of the probes: valid in every shell that is there, exact in what it sets, and it takes all back.

package ftrace_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// shells returns the shells of this machine that can run a POSIX script.
func shells(t *testing.T) (list [][]string) {
	for _, words := range [][]string{
		{"sh"}, {"dash"}, {"bash", "--posix"}, {"mksh"}, {"busybox", "sh"}, {"toybox", "sh"},
	} {
		if _, err := exec.LookPath(words[0]); err == nil {
			list = append(list, words)
		}
	}
	if len(list) == 0 {
		t.Skip("no shell")
	}
	return list
}

func scriptText(t *testing.T, opt ScriptOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteScript(&b, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// offsets510 are those of Debian's 5.10.223.
var offsets510 = &Offsets{Attr: 216, CPU: 628, Target: 440, Parent: 616, Handler: 920, PID: 1224, Comm: 1784}

func TestScriptIsValid(t *testing.T) {
	for _, opt := range []ScriptOptions{
		{}, {Offsets: offsets510, Stack: true, Hits: true, Steps: true}, {Off: true},
	} {
		text := scriptText(t, opt)
		if strings.Contains(text, "@") {
			t.Errorf("a mark is left in the script: %s", regexp.MustCompile("@.*").FindString(text))
		}
		for _, shell := range shells(t) {
			cmd := exec.Command(shell[0], append(shell[1:], "-n")...)
			cmd.Stdin = strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		}
	}
}

// A fakeBoard is a folder with the files of tracefs that the script uses.
type fakeBoard struct{ dir string }

// newBoard creates a board whose kernel has the functions, and whose trace holds text.
func newBoard(t *testing.T, functions []string, text string) fakeBoard {
	t.Helper()
	b := fakeBoard{t.TempDir()}
	for _, d := range []string{
		"events/hwlua", "events/sched/sched_process_fork", "events/sched/sched_process_exit", "options",
		"sys/devices/system/cpu/cpu0", "sys/devices/system/cpu/cpu1", "sys/devices/system/cpu/cpufreq",
	} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var symbols strings.Builder
	for _, fn := range functions {
		symbols.WriteString("ffff80000801a6d0 t " + fn + "\n")
	}
	for name, text := range map[string]string{
		"kprobe_events": "", "trace_pipe": text, "kallsyms": symbols.String(), "set_ftrace_filter": "",
		"kprobe_profile": "  alloc     12     2\n  foreign   5    7\n  control    9    1\n",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// run runs a script on the board and returns its output, its errors and its exit code.
func (b fakeBoard) run(t *testing.T, shell []string, text string, path string) (out, errs string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Stdin = strings.NewReader(text)
	cmd.Env = append(os.Environ(), "HWLUA_TRACEFS="+b.dir, "HWLUA_KALLSYMS="+b.dir+"/kallsyms",
		"HWLUA_SYS="+b.dir+"/sys", "PATH="+path+":"+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	_ = cmd.Run()
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func (b fakeBoard) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// uname writes a program that prints that release, and returns its folder.
func uname(t *testing.T, release string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"uname": "echo " + release,
		"dmesg": "echo '[    1.026387] hw-breakpoint: found 6 breakpoint and 4 watchpoint " +
			"registers.'",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var kernelFunctions = []string{
	"perf_event_alloc", "__reserve_bp_slot", "bp_perf_event_destroy", "modify_user_hw_breakpoint_check",
	"hw_breakpoint_control", "perf_bp_event", "register_wide_hw_breakpoint", "unregister_wide_hw_breakpoint",
	"hw_breakpoint_reset", "find_task_by_vpid", "ptrace_hbptriggered", "perf_event_output_forward",
	"toggle_bp_registers", "reinstall_suspended_bps", "hw_breakpoint_arch_parse", "__release_bp_slot",
	"register_perf_hw_breakpoint",
}

// TestScriptRuns: on a board with all functions the script sets exactly the second probe set, prints its
// head, the trace and the misses, and takes everything back.
func TestScriptRuns(t *testing.T) {
	const trace = "  agent-1 [000] d.... 1.000000: control: (hw_breakpoint_control+0x0/0x224) " +
		"bp=0x10 ops=0\n"
	const probes = `p:hwlua/alloc perf_event_alloc type=+0(%x0):u32 bp_type=+52(%x0):u32 addr=+56(%x0):x64 ` +
		`len=+64(%x0):u64 ` +
		`flags=+40(%x0):x64 period=+16(%x0):u64 cpu=%x1:s32 task=%x2:x64 parent=%x4:x64 handler=%x5:x64
r:hwlua/alloc_ret perf_event_alloc ret=$retval:s64
p:hwlua/reserve __reserve_bp_slot bp=%x0:x64 bp_type=%x1:u32
r:hwlua/reserve_ret __reserve_bp_slot ret=$retval:s32
p:hwlua/release bp_perf_event_destroy bp=%x0:x64
p:hwlua/modify modify_user_hw_breakpoint_check bp=%x0:x64 bp_type=+52(%x1):u32 ` +
		`addr=+56(%x1):x64 len=+64(%x1):u64 flags=+40(%x1):x64 check=%x2:u8
r:hwlua/modify_ret modify_user_hw_breakpoint_check ret=$retval:s32
p:hwlua/control hw_breakpoint_control bp=%x0:x64 ops=%x1:u32
p:hwlua/wide register_wide_hw_breakpoint
r:hwlua/wide_ret register_wide_hw_breakpoint ret=$retval:x64
p:hwlua/unwide unregister_wide_hw_breakpoint wide=%x0:x64
p:hwlua/reset hw_breakpoint_reset cpu=%x0:u32
p:hwlua/find find_task_by_vpid vpid=%x0:s32
r:hwlua/find_ret find_task_by_vpid ret=$retval:x64
p:hwlua/hit perf_bp_event bp=%x0:x64 pc=+256(%x1):x64 pstate=+264(%x1):x64
`
	for _, shell := range shells(t) {
		t.Run(shell[0], func(t *testing.T) {
			b := newBoard(t, kernelFunctions, trace)
			text := scriptText(t, ScriptOptions{Hits: true})
			out, errs, code := b.run(t, shell, text, uname(t, "6.1.0-50-arm64"))
			want := "# hwlua probes 1 kernel=6.1.0-50-arm64 cpus=2 brps=6 wrps=4 btf=no\n" +
				"# hwlua symbols ptrace_hbptriggered=0xffff80000801a6d0 " +
				"perf_event_output_forward=0xffff80000801a6d0\n" + trace + "# missed=3\n"
			if out != want || errs != "" || code != 0 {
				t.Errorf("exit code %d, errors %q, output\n%swant\n%s", code, errs, out, want)
			}
			set, back, _ := strings.Cut(b.read(t, "kprobe_events"), "-:")
			if set != probes {
				t.Errorf("it sets\n%swant\n%s", set, probes)
			}
			if n := strings.Count("-:"+back, "-:hwlua/"); n != strings.Count(probes, "\n") {
				t.Errorf("%d probes taken back, want all", n)
			}
			for _, e := range []string{"hwlua", "sched/sched_process_fork", "sched/sched_process_exit"} {
				if got := b.read(t, "events/"+e+"/enable"); got != "0\n" {
					t.Errorf("%s is %q at the end", e, got)
				}
			}
		})
	}
}

// TestScriptFallbacks: where functions cannot be probed, others are, and the cost is said.
func TestScriptFallbacks(t *testing.T) {
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(kernelFunctions), func(s string) bool {
			return slices.Contains(names, s)
		})
	}
	shell := shells(t)[0]
	for _, tt := range []struct {
		name            string
		functions       []string
		opt             ScriptOptions
		probes, message string
	}{
		{
			name: "5.10 with BTF", functions: without("perf_event_alloc"),
			opt: ScriptOptions{Offsets: offsets510},
			probes: "p:hwlua/open register_perf_hw_breakpoint bp=%x0:x64 " +
				"bp_type=+268(%x0):u32 addr=+272(%x0):x64 " +
				"len=+280(%x0):u64 flags=+256(%x0):x64 period=+232(%x0):u64 " +
				"cpu=+628(%x0):s32 task=+440(%x0):x64 " +
				"parent=+616(%x0):x64 handler=+920(%x0):x64\n",
			message: "opens are seen at register_perf_hw_breakpoint",
		},
		{
			name: "5.10 without BTF", functions: without("perf_event_alloc"),
			probes: "p:hwlua/parse hw_breakpoint_arch_parse bp=%x0:x64 attr=%x1:x64 " +
				"bp_type=+52(%x1):u32 " +
				"addr=+56(%x1):x64 len=+64(%x1):u64 flags=+40(%x1):x64\n",
			message: "targets and CPUs of events are not seen; fix: give --btf",
		},
		{
			name: "no final release", functions: without("bp_perf_event_destroy"),
			probes: "p:hwlua/release __release_bp_slot bp=%x0:x64\n",
		},
		{
			name: "no modify", functions: without("modify_user_hw_breakpoint_check"),
			message: "are drawn with old addresses",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBoard(t, tt.functions, "")
			_, errs, code := b.run(t, shell, scriptText(t, tt.opt), uname(t, "5.10.0-32-arm64"))
			if code != 0 || !strings.Contains(errs, tt.message) || tt.message == "" && errs != "" {
				t.Errorf("exit code %d, errors %q, want %q", code, errs, tt.message)
			}
			if got := b.read(t, "kprobe_events"); !strings.Contains(got, tt.probes) {
				t.Errorf("it sets\n%swant\n%s", got, tt.probes)
			}
		})
	}
}

// TestHitsAreRefused covers HB-38. A probe on perf_bp_event hangs 4.19 at the first watchpoint hit in kernel
// mode, so the script sets nothing and ends with 2.
func TestHitsAreRefused(t *testing.T) {
	for release, refused := range map[string]bool{
		"4.19.116": true, "4.9.337-android": true, "5.4.86-rt": true, "5.9.0": true,
		"5.10.223": false, "6.1.0-50-arm64": false, "7.3.4": false, "10.0": false,
	} {
		b := newBoard(t, kernelFunctions, "")
		_, errs, code := b.run(t, shells(t)[0], scriptText(t, ScriptOptions{Hits: true}), uname(t, release))
		if (code == 2) != refused || refused != strings.Contains(errs, "hangs kernels below 5.10") {
			t.Errorf("%s: exit code %d, errors %q", release, code, errs)
		}
		if set := b.read(t, "kprobe_events"); refused == (set != "") {
			t.Errorf("%s: it sets %q", release, set)
		}
	}
	if strings.Contains(scriptText(t, ScriptOptions{}), `-z "" ] || probe hit`) == false {
		t.Error("hits are in the default set")
	}
}

// TestScriptOff: --off takes back what an earlier run has left.
func TestScriptOff(t *testing.T) {
	b := newBoard(t, kernelFunctions, "")
	left := "p:hwlua/control hw_breakpoint_control\nr10:hwlua/alloc_ret " +
		"perf_event_alloc\np:other/x do_exit\n"
	if err := os.WriteFile(filepath.Join(b.dir, "kprobe_events"), []byte(left), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := b.run(t, shells(t)[0], scriptText(t, ScriptOptions{Off: true}), uname(t, "6.1"))
	if got := b.read(t, "kprobe_events"); out+errs != "" || code != 0 ||
		got != left+"-:hwlua/control\n-:hwlua/alloc_ret\n" {
		t.Errorf("exit code %d, output %q, kprobe_events\n%s", code, out+errs, got)
	}
}
