//go:build !unix

package vm_test

import "time"

var processStart = time.Now()

// cpuTime is the time on the wall, where processor time is not to be had.
func cpuTime() time.Duration { return time.Since(processStart) }
