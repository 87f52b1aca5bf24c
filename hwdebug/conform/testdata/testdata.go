// Package testdata holds the recorded runs of a real kernel that are part of the project, for tests that are not in
// package conform. It is embedded here, and not in conform, so that no program carries it.
package testdata

import "embed"

// FS holds A.jsonl.gz to F.jsonl.gz: 4,185 cases with 115,341 steps of Linux 6.1.176. Those of folder more are replayed by
// package conform's own tests.
//
//go:embed *.jsonl.gz
var FS embed.FS
