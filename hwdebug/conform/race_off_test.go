//go:build !race

// See race_on_test.go.

package conform_test

const raceDetector = false
