//go:build !race

// race_off_test.go: see race_on_test.go.

package conform_test

const raceDetector = false
