//go:build race

// Under the race detector long tests take a sample; nothing here runs on two goroutines.

package conform_test

const raceDetector = true
