package repl_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/bindings/api"
	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
)

var update = flag.Bool("update", false, "rewrite golden files")

// childVar, when it is set, makes the test binary a session on its standard streams.
const childVar = "REPL_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// config is a session with a machine in m.
func config() repl.Config {
	return repl.Config{
		Banner: "a prompt for tests",
		Runtime: vm.Config{
			Modules: []vm.Module{bindings.Hardware()},
			Limits:  vm.Limits{Memory: 256 << 20},
			Allow:   vm.Allow{Exit: true},
		},
		Index: api.Index(),
		Start: []repl.Source{{Name: "start", Text: "local hw = require \"hw\"\nm = hw.machine { cpus = 2 }"}},
	}
}

func child() int {
	cfg := config()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	cfg.Interrupts = interrupts
	cfg.History = os.Getenv("REPL_TEST_HISTORY")
	if err := repl.Run(context.Background(), cfg); err != nil {
		fmt.Println("ends with:", err)
		return 1
	}
	fmt.Println("bye")
	return 0
}

// golden compares text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./repl -update writes it", err)
	}
	if want := string(b); got != want {
		t.Errorf("%s differs; go test ./repl -update rewrites it\n%s", file, difference(want, got))
	}
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < max(len(w), len(g)); i++ {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nwant %q\ngot  %q", i+1, a, b)
		}
	}
	return "no line differs"
}
