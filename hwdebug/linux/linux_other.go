// Systems without the target.

//go:build !(linux && arm64)

package linux

import (
	"errors"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Host is the kernel that the program runs on.
type Host struct{}

// Work returns unless the process is a worker.
func Work() {}

// Start fails: this is not arm64 Linux.
func Start() (*Host, error) {
	return nil, errors.New("the target linux needs an arm64 Linux; fix: run the program on the board itself")
}

// DebugRegisters fails: this is not arm64 Linux.
func DebugRegisters() (brps, wrps int, err error) {
	return 0, 0, errors.New("debug registers are counted on arm64 Linux only")
}

// Target returns a target.
func (h *Host) Target() hwdebug.Target { return nil }

// Close ends the host.
func (h *Host) Close() error { return nil }
