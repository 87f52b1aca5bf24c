//go:build race

package vm_test

const (
	raceEnabled = true
	slowness    = 10 // how many times longer things may take
)
