// Long random stories: the calls of the fuzz target, many in a row.

package sim_test

import (
	"math/rand/v2"
	"testing"
)

func TestLongRandomStories(t *testing.T) {
	stories := 250
	if testing.Short() || slowBuild {
		stories = 30
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range stories {
		in := make([]byte, 100+rng.IntN(900))
		for j := range in {
			in[j] = byte(rng.Uint32())
		}
		if i%2 == 0 {
			in[2] = 1 // no calls by hand
		}
		first := play(t, in)
		if i%10 == 0 {
			if second := play(t, in); first != second {
				t.Fatalf("story %d: two runs differ", i)
			}
		}
	}
}
