// The check against a real kernel: a guest under QEMU, looked at from outside and from inside.

// Command board boots a Debian arm64 kernel under QEMU and compares what hwlua sees of it: attach
// through the gdb stub, who in the guest and trace of the guest's probes agree slot for slot at five
// stops; hwlua run and hwlua conform --on linux pass in the guest. Its argument is a folder with Image,
// busybox, hwlua (arm64), story (arm64), host (hwlua of this machine) and case.jsonl.gz.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug/board"
)

// main runs the check of the folder that is its argument. A check that takes longer than BOARD_BUDGET is
// given up and counts as skipped: the machine is slow.
func main() {
	budget := 280 * time.Second
	if d, err := time.ParseDuration(os.Getenv("BOARD_BUDGET")); err == nil {
		budget = d
	}
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	err := check(ctx, os.Args[1])
	switch {
	case ctx.Err() != nil:
		fmt.Printf("skipped: given up after %v: %v\n", budget, err)
	case err != nil:
		fmt.Println("board:", err)
		os.Exit(1)
	}
}

// initScript is process 1 of the guest. The console carries commands and answers.
const initScript = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mount -t tracefs t /sys/kernel/tracing
stty -echo
echo 0 > /proc/sys/kernel/kptr_restrict; echo -1 > /proc/sys/kernel/perf_event_paranoid
hwlua probes > /probes.sh; sh /probes.sh > /trace.txt 2> /probes.err & probes=$!
echo waiting > /sys/kernel/tracing/trace_marker
while ! grep -q waiting /trace.txt; do sleep 1; done
mkfifo /tmp/go; exec 3<>/tmp/go
echo; echo "GUEST READY"
taskset 1 story </tmp/go &
while read -r line; do eval "$line"; done
`

// A guest is a running machine and its console.
type guest struct {
	cmd     *exec.Cmd
	console net.Conn
	lines   *bufio.Reader
	folder  string
	stub    string
}

// check runs the guest through its story and compares the three pictures of it at each stop.
func check(ctx context.Context, folder string) error {
	g, err := boot(ctx, folder)
	if err != nil {
		return err
	}
	defer g.end()
	var regs []string
	for n := 1; n <= 5; n++ {
		if _, _, err := g.until(mark(fmt.Sprintf("STOP %d", n))); err != nil {
			return err
		}
		file, err := g.stop(ctx, n)
		if err != nil {
			return fmt.Errorf("stop %d: %w", n, err)
		}
		regs = append(regs, "--regs", file)
		g.send("echo >&3")
	}
	if _, _, err := g.until(mark("STORY DONE")); err != nil {
		return err
	}
	return errors.Join(g.trace(regs), g.passes("hwlua conform --on linux /case.jsonl.gz 2>/dev/null"),
		g.passes("CI=1 hwlua run --timeout 0 --skip '^it is a race' 2>/dev/null"))
}

// boot starts the guest and waits until its story can begin.
func boot(ctx context.Context, folder string) (*guest, error) {
	initrd := filepath.Join(folder, "initrd")
	if err := writeInitrd(initrd, folder); err != nil {
		return nil, err
	}
	g := &guest{folder: folder, stub: "unix:" + filepath.Join(folder, "gdb")}
	serial := filepath.Join(folder, "serial")
	g.cmd = exec.CommandContext(ctx, "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-smp", "4",
		"-m", "512", "-no-reboot", "-net", "none", "-display", "none", "-monitor", "none",
		"-kernel", filepath.Join(folder, "Image"), "-initrd", initrd,
		"-append", "console=ttyAMA0 rdinit=/init loglevel=3",
		"-serial", "unix:"+serial+",server=on,wait=off",
		"-chardev", "socket,id=gdb,path="+filepath.Join(folder, "gdb")+",server=on,wait=off",
		"-gdb", "chardev:gdb")
	g.cmd.Stderr = os.Stderr
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	var err error
	for g.console == nil {
		if g.console, err = net.Dial("unix", serial); err != nil && ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(100 * time.Millisecond)
	}
	context.AfterFunc(ctx, func() { g.console.Close() })
	g.lines = bufio.NewReader(g.console)
	_, _, err = g.until(mark("GUEST READY"))
	return g, err
}

func (g *guest) end() {
	g.cmd.Process.Kill()
	g.cmd.Wait() // it was killed
}

// send types a line on the console.
func (g *guest) send(line string) { io.WriteString(g.console, line+"\n") }

// mark matches a line of the console.
func mark(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

// until reads the console up to a line that matches, and returns it and what came before it.
func (g *guest) until(m *regexp.Regexp) (before, line string, err error) {
	var text strings.Builder
	for {
		line, err := g.lines.ReadString('\n')
		if err != nil {
			return "", "", fmt.Errorf("the console ended before %s: %w\n%s", m, err, tail(text.String()))
		}
		if line = strings.TrimRight(line, "\r\n"); m.MatchString(line) {
			return text.String(), line, nil
		}
		text.WriteString(line + "\n")
	}
}

// tail returns the last lines of a text.
func tail(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// stop compares attach and who, and writes the registers for hwlua trace. The CPUs run on between the two,
// and another task may be current for a moment, so attach looks until it sees what who saw.
func (g *guest) stop(ctx context.Context, n int) (regs string, err error) {
	const rounds, looks = 3, 20
	var outside, inside map[string]string
	saved := filepath.Join(g.folder, "saved")
	for range rounds {
		who, err := g.run("taskset 1 hwlua who")
		if err != nil {
			return "", err
		}
		inside = slots(who)
		for range looks {
			out, err := exec.CommandContext(ctx, filepath.Join(g.folder, "host"), "attach", "--btf",
				filepath.Join(g.folder, "Image"), "--save", saved, g.stub).CombinedOutput()
			if err != nil {
				return "", fmt.Errorf("attach: %w\n%s", err, out)
			}
			if outside = slots(string(out)); maps.Equal(outside, inside) && len(inside) > 0 {
				fmt.Printf("stop %d: attach and who name the same %d events in the same slots\n", n,
					len(inside))
				return g.registers(saved, n)
			}
		}
	}
	return "", fmt.Errorf("attach and who differ\noutside %q\ninside  %q", outside, inside)
}

var (
	cpuLine   = regexp.MustCompile(`^cpu(\d+)\b`)
	slotLine  = regexp.MustCompile(`^  ([bw]p\d+) `)
	eventText = regexp.MustCompile(`\be\d+: (.*?)(, handler .*)?$`)
)

// slots returns the event in each slot of a picture that hwlua printed, without its number and its handler.
func slots(text string) map[string]string {
	found := make(map[string]string)
	cpu, slot := "", ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if m := cpuLine.FindStringSubmatch(line); m != nil {
			cpu = m[0]
		}
		if m := slotLine.FindStringSubmatch(line); m != nil {
			slot = m[1]
		}
		if m := eventText.FindStringSubmatch(line); m != nil && cpu != "" {
			found[cpu+" "+slot] = m[1]
		}
		if strings.Contains(line, "finding") {
			cpu = ""
		}
	}
	return found
}

// registers writes the registers of a saved picture as hwlua trace --regs reads them.
func (g *guest) registers(saved string, n int) (string, error) {
	text, err := os.ReadFile(saved)
	if err != nil {
		return "", err
	}
	b, err := board.Load(string(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	for i := range b.CPUs {
		c := &b.CPUs[i]
		for _, bank := range []struct {
			name   string
			values []board.Value
		}{{"DBGBVR", c.BVR}, {"DBGBCR", c.BCR}, {"DBGWVR", c.WVR}, {"DBGWCR", c.WCR}} {
			for k, v := range bank.values {
				if v.Bits != 0 {
					fmt.Fprintf(&out, "  cpu%02d %s%d_EL1 0x%x\n", i+1, bank.name, k, v.Bits)
				}
			}
		}
	}
	file := filepath.Join(g.folder, fmt.Sprintf("regs.%d.txt", n))
	return file, os.WriteFile(file, out.Bytes(), 0o644)
}

// run runs a command in the guest and returns what it prints.
func (g *guest) run(command string) (string, error) {
	g.send(command + `; code=$?; echo; echo "DONE $code"`)
	text, line, err := g.until(mark(`DONE \d+`))
	if err == nil && line != "DONE 0" {
		err = fmt.Errorf("exit code %s\n%s", strings.TrimPrefix(line, "DONE "), tail(text))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", command, err)
	}
	return text, nil
}

// passes runs a command in the guest that has to pass, and prints the end of its output.
func (g *guest) passes(command string) error {
	text, err := g.run(command)
	fmt.Println(tail(text))
	return err
}

// trace has hwlua trace compare the guest's trace with the registers of the stops.
func (g *guest) trace(regs []string) error {
	text, err := g.run("kill $probes; sleep 1; cat /probes.err; echo BEGIN; gzip -c /trace.txt | base64")
	if err != nil {
		return err
	}
	complaints, text, _ := strings.Cut(text, "BEGIN\n")
	fmt.Print(complaints)
	packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return fmt.Errorf("the trace from the console: %w", err)
	}
	file := filepath.Join(g.folder, "trace.txt.gz")
	if err := os.WriteFile(file, packed, 0o644); err != nil {
		return err
	}
	args := append([]string{"trace", file}, regs...)
	out, _ := exec.Command(filepath.Join(g.folder, "host"), args...).CombinedOutput() // has findings
	if !strings.Contains(string(out), "halts: 5 of 5 equal") {
		return fmt.Errorf("hwlua trace:\n%s", out)
	}
	fmt.Println("trace: halts: 5 of 5 equal")
	return nil
}

// writeInitrd writes the guest's root: an archive in the format newc.
func writeInitrd(file, folder string) error {
	var out bytes.Buffer
	number := 0
	add := func(name string, mode, major, minor int, data []byte) {
		number++
		out.WriteString("070701")
		for _, v := range []int{number, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0} {
			fmt.Fprintf(&out, "%08X", v)
		}
		out.WriteString(name + "\x00")
		out.Write(make([]byte, -out.Len()&3))
		out.Write(data)
		out.Write(make([]byte, -out.Len()&3))
	}
	const folderMode, fileMode, deviceMode = 0o40755, 0o100755, 0o20600
	for _, d := range []string{"dev", "proc", "sys", "bin", "tmp"} {
		add(d, folderMode, 0, 0, nil)
	}
	add("dev/console", deviceMode, 5, 1, nil)
	add("init", fileMode, 0, 0, []byte(initScript))
	for _, f := range []struct{ from, to string }{
		{"busybox", "bin/busybox"}, {"hwlua", "bin/hwlua"}, {"story", "bin/story"},
		{"case.jsonl.gz", "case.jsonl.gz"},
	} {
		data, err := os.ReadFile(filepath.Join(folder, f.from))
		if err != nil {
			return err
		}
		add(f.to, fileMode, 0, 0, data)
	}
	add("TRAILER!!!", 0, 0, 0, nil)
	return os.WriteFile(file, out.Bytes(), 0o644)
}
