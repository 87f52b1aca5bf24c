// The scenarios that are part of the program.

// Package scripts holds the built-in scenarios, which "hwlua run" without paths runs: Lua files that each open with
// the question that they answer. It holds no code; what they mean is said in their own first lines.
package scripts

import "embed"

// FS holds the scenario files, those of real bugs in the folder bugs.
//
//go:embed *.lua bugs/*.lua
var FS embed.FS
