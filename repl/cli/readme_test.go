// The README is tested: its scenario and its program are run, and its session is typed into the command.

package cli

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updateReadme = flag.Bool("update-readme", false, "rewrite the outputs in the README")

const readmePath = "../../README.md"

// block returns where the text of the fenced block below a marker comment begins and ends.
func block(t *testing.T, text, marker string) (from, to int) {
	t.Helper()
	_, after, ok := strings.Cut(text, "<!-- "+marker+" -->\n")
	if !ok {
		t.Fatalf("the README has no marker %q", marker)
	}
	at := len(text) - len(after)
	_, body, _ := strings.Cut(after, "\n") // the fence
	from = at + len(after) - len(body)
	end := strings.Index(body, "```")
	if end < 0 {
		t.Fatalf("the block below %q is not closed", marker)
	}
	return from, from + end
}

var times = regexp.MustCompile(`\d+\.\d{3}s`)

// holds compares a block of the README with the output, or rewrites the block.
func holds(t *testing.T, marker, got string) {
	t.Helper()
	raw, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	from, to := block(t, text, marker)
	if *updateReadme {
		if err := os.WriteFile(readmePath, []byte(text[:from]+got+text[to:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shown := text[from:to]
	if times.ReplaceAllString(shown, "0.000s") != times.ReplaceAllString(got, "0.000s") {
		t.Errorf("the README's %q shows\n%s\nbut the output is\n%s\n"+
			"to rewrite it: go test ./repl/cli -run Readme -update-readme", marker, shown, got)
	}
}

func readmeBlock(t *testing.T, marker string) string {
	t.Helper()
	raw, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	from, to := block(t, string(raw), marker)
	return string(raw[from:to])
}

// buildHwlua builds the command once for a test.
func buildHwlua(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "hwlua")
	cmd := exec.Command("go", "build", "-o", exe, "github.com/hwlua/hwlua")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// TestReadmeScenarios runs the README's scenarios with the commands above their outputs.
func TestReadmeScenarios(t *testing.T) {
	exe := buildHwlua(t)
	for _, c := range []struct {
		file, command string
		code          int
	}{
		{file: "fifth.lua", command: "run -v fifth.lua"},
		{file: "race.lua", command: "explore race.lua", code: exitFailed},
	} {
		t.Run(c.file, func(t *testing.T) {
			dir := t.TempDir()
			text := readmeBlock(t, "file: "+c.file)
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, strings.Fields(c.command)...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "NO_COLOR=1")
			var out bytes.Buffer
			cmd.Stdout = &out
			err := cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Fatalf("exit code %d, want %d (%v)\n%s", code, c.code, err, &out)
			}
			holds(t, "output: "+c.command, "$ hwlua "+c.command+"\n"+out.String())
		})
	}
}

// TestReadmeSession types the entries of the README's session into the command, started as the README says.
func TestReadmeSession(t *testing.T) {
	exe := buildHwlua(t)
	var entries []string
	for line := range strings.Lines(readmeBlock(t, "session")) {
		if p := prompt.FindString(line); p != "" {
			entries = append(entries, line[len(p):])
		}
	}
	if len(entries) < 5 || entries[len(entries)-1] != ":quit\n" {
		t.Fatalf("got the entries %q, want at least 5, the last one :quit", entries)
	}
	var session strings.Builder
	before := typed(t, exe, "")
	session.WriteString("> ")
	for i, entry := range entries[:len(entries)-1] {
		after := typed(t, exe, strings.Join(entries[:i+1], ""))
		session.WriteString(entry + strings.TrimPrefix(after, before))
		before = after
	}
	holds(t, "session", session.String()+":quit\n")
}

// prompt matches a prompt, which may be that of code that has stopped.
var prompt = regexp.MustCompile(`^\w*> `)

// typed returns what the prompt prints for entries, with the last prompt.
func typed(t *testing.T, exe, entries string) string {
	t.Helper()
	cmd := exec.Command(exe, "-i")
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "HOME="+t.TempDir())
	cmd.Stdin = strings.NewReader(entries)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("hwlua -i: %v\n%s", err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// TestReadmeProgram runs the embedding example as a reader would paste it. The file lies outside the
// source tree; as the command runs in this folder, the imports still come from this module.
func TestReadmeProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(readmeBlock(t, "program")), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command("go", "run", file).CombinedOutput()
	if err != nil {
		t.Fatalf("go run: %v\n%s", err, got)
	}
	const want = "0\t0x1ff3\n1\t0x1ff3\n2\t0x1ff3\n3\t0x1ff3\ntrue\n"
	if string(got) != want {
		t.Errorf("the README's program prints\n%s\nwant\n%s", got, want)
	}
}

// TestReadmeTrace reads the trace of a real board, whose output the README shows.
func TestReadmeTrace(t *testing.T) {
	cmd := exec.Command(buildHwlua(t), "trace", "-")
	f, err := os.Open("../../hwdebug/board/testdata/seed/kprobes-nobtf.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdin = f
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("exit code %d, %v\n%s", code, err, out)
	}
	holds(t, "output: trace", "$ hwlua trace - < trace.txt\n"+string(out))
}
