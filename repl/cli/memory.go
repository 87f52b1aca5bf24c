// The memory of the process: Go's collector is told what the scripts may hold.

package cli

import "runtime/debug"

// goRoom is what the process may hold besides the scripts' values before Go's collector works harder: the
// program, and garbage that it has not collected yet.
const goRoom = 20 << 20

// holdMemory tells Go's collector that each of a number of runtimes may hold memory bytes, so that garbage
// does not take the process far beyond that. Zero bytes means no limit. A user's GOMEMLIMIT stays in force.
func holdMemory(env Env, memory int64, runtimes int) {
	if memory > 0 && env.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory*int64(runtimes) + goRoom)
	}
}
