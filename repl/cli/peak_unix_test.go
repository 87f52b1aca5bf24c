//go:build unix

package cli_test

import (
	"os"
	"syscall"
)

// peakOf returns the most memory in MiB that a process on Linux held.
func peakOf(p *os.ProcessState) int64 { return int64(p.SysUsage().(*syscall.Rusage).Maxrss) >> 10 }
