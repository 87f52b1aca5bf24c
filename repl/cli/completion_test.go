package cli

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// completionScript returns the script that hwlua completion prints for a shell.
func completionScript(t *testing.T, name string) string {
	t.Helper()
	var out, errs bytes.Buffer
	env := Env{Args: []string{"hwlua", "completion", name}, Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }}
	if code := Main(env); code != exitOK {
		t.Fatalf("hwlua completion %s: exit code %d: %s", name, code, errs.String())
	}
	return out.String()
}

// The scripts parse in the shells that are installed here.
func TestCompletionScriptsParse(t *testing.T) {
	for _, s := range shells() {
		t.Run(s.name, func(t *testing.T) {
			path, err := exec.LookPath(s.name)
			if err != nil {
				t.Skipf("%s is not installed", s.name)
			}
			cmd := exec.Command(path, "-n")
			cmd.Stdin = strings.NewReader(completionScript(t, s.name))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", s.name, err, out)
			}
		})
	}
}

// In bash the first word completes to a command, and a dash to the options of that command.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	for _, c := range []struct{ name, words, want string }{
		{name: "a command", words: "hwlua conf", want: "conform"},
		{name: "an option of a command", words: "hwlua run --last", want: "--last-failed"},
		{name: "an option of the program", words: "hwlua --mem", want: "--memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := completionScript(t, "bash") + "COMP_WORDS=(" + c.words +
				"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hwlua; echo \"${COMPREPLY[@]}\"\n"
			cmd := exec.Command(bash, "--norc")
			cmd.Dir = t.TempDir()
			cmd.Stdin = strings.NewReader(script)
			out, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
				t.Errorf("%s<TAB>: got %q, %v; want %q", c.words, got, err, c.want)
			}
		})
	}
}

// Every command and every visible option is in each script and on the manual page.
func TestCompletionNamesEverything(t *testing.T) {
	var man bytes.Buffer
	manPage(&man)
	pages := map[string]string{"man": strings.ReplaceAll(man.String(), `\-`, "-")}
	for _, s := range shells() {
		pages[s.name] = completionScript(t, s.name)
	}
	for name, page := range pages {
		for _, c := range listing() {
			if !strings.Contains(page, c.name) {
				t.Errorf("%s: command %s is missing", name, c.name)
			}
			for i := range c.opts {
				if long := c.opts[i].long; long != "" && !strings.Contains(page, long) {
					t.Errorf("%s: option --%s of %q is missing", name, long, c.name)
				}
			}
		}
	}
}

// The manual page gives no warnings.
func TestManPage(t *testing.T) {
	man, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	var page bytes.Buffer
	manPage(&page)
	cmd := exec.Command(man, "-man", "-Tascii", "-ww", "-z")
	cmd.Stdin = &page
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}
