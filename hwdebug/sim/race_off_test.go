//go:build !race

package sim_test

const slowBuild = false
