// The built-in scenarios.

// Package scripts embeds the built-in scenarios, which "hwlua run" without paths runs. Each is a
// Lua file that opens with the question that it answers.
package scripts

import "embed"

// FS contains the scenario files; those of real bugs are in the folder bugs, those of
// recorded boards in the folder boards, those of races of drivers in the folder races.
//
//go:embed *.lua boards/*.lua bugs/*.lua races/*.lua
var FS embed.FS
