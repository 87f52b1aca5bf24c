//go:build race

package sim_test

// slowBuild is set where the race detector makes everything ten times slower.
const slowBuild = true
