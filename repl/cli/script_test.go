package cli_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hwlua/hwlua/hwdebug/board/gdb/gdbtest"
	"github.com/hwlua/hwlua/repl/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hwlua":  func() { os.Exit(cli.Main(cli.OS())) },
		"maxrss": maxrss,
	})
}

// maxrss runs its arguments as a command, and prints the most memory in MiB that the command held. It is a
// process of its own, because Linux counts what a process held before it executed the command.
func maxrss() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	cmd.Run()
	fmt.Println(peakOf(cmd.ProcessState))
}

// boards names the folder with the recorded sessions.
var boards, _ = filepath.Abs("../../hwdebug/board")

// recordings names the folder with the recorded runs of a real kernel.
var recordings, _ = filepath.Abs("../../hwdebug/conform/testdata")

// TestScripts runs the scripts of testdata/script, which hold the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/.cache")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("RECORDINGS", recordings)
			e.Setenv("BOARDS", boards)
			for _, v := range []string{
				"CI", "NO_COLOR", "FORCE_COLOR", "GITHUB_STEP_SUMMARY", "CI_NODE_INDEX", "CI_NODE_TOTAL",
			} {
				e.Setenv(v, "")
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"interrupt": interrupt,
			"stub":      stub,
		},
	})
}

// stub implements "stub FILE [REQUEST]", which serves a recorded session with a gdb stub at $STUB, below the
// folder hwdebug/board. With a REQUEST the server closes the connection when it comes.
func stub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: stub FILE [REQUEST]")
	}
	file := filepath.Join(boards, filepath.FromSlash(args[0]))
	_, err := gdbtest.Load(file)
	ts.Check(err)
	l, err := net.Listen("tcp", "localhost:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv("STUB", l.Addr().String())
	go gdbtest.Serve(l, func() *gdbtest.Session {
		s, _ := gdbtest.Load(file)
		if len(args) > 1 {
			s.Leave = args[1]
		}
		return s
	})
}

// exits implements "exits CODE COMMAND...", which runs a command and checks its exit code. The stdout
// and stderr commands see its output.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%v", err)
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		var ok bool
		if got, ok = code(err); !ok {
			ts.Fatalf("%v", err)
		}
	}
	if got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}

// code returns the exit code in the error of a command, if the command ran.
func code(err error) (int, bool) {
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode(), true
	}
	return 0, false
}

// interrupt implements "interrupt FILE COMMAND...", which starts a command, waits until FILE has
// contents, sends SIGINT and checks for exit code 130.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt FILE COMMAND...")
	}
	path, err := exec.LookPath(args[1])
	for _, dir := range strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		if p := dir + "/" + args[1]; err != nil || path == "" {
			if _, e := os.Stat(p); e == nil {
				path, err = p, nil
			}
		}
	}
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "CI=")
	for _, name := range []string{"XDG_CACHE_HOME", "HOME"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	ts.Check(cmd.Start())
	guard := time.Now().Add(time.Minute)
	for {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && len(b) > 0 {
			break
		}
		if time.Now().After(guard) {
			cmd.Process.Kill()
			ts.Fatalf("%s has no contents after a minute", args[0])
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	err = cmd.Wait()
	if c, _ := code(err); c != 130 {
		ts.Fatalf("after SIGINT: got %v, want exit code 130\n%s", err, out.String())
	}
	fmt.Fprint(ts.Stdout(), out.String())
}
