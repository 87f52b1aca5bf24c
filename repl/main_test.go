package repl_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
)

// childVar makes the test binary a session on its standard streams., makes the test binary a session on
// its standard streams.
const childVar = "REPL_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// config returns a session with a machine in m. with a machine in m.
func config() repl.Config {
	a := new(bindings.Activity)
	return repl.Config{
		Banner: "a prompt for tests",
		Runtime: vm.Config{
			Modules: []vm.Module{bindings.HardwareWith(bindings.Options{Activity: a})},
			Limits:  vm.Limits{Memory: 256 << 20},
			Allow:   vm.Allow{Exit: true},
		},
		Index:    bindings.Index(),
		Activity: a.Counts,
		Files:    repl.HostFiles(),
		Start: []repl.Source{{Name: "start", Text: "local hw = require \"hw\"\nm = hw.machine { cpus " +
			"= 2 }"}},
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
