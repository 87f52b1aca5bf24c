// Lists of CPUs as the kernel prints them.

package live_test

import (
	"slices"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board/live"
)

func TestParseCPUs(t *testing.T) {
	for text, want := range map[string][]int{
		"0": {0}, "0-3": {0, 1, 2, 3}, "0,2-3,8": {0, 2, 3, 8}, "1023": {1023},
	} {
		if got, err := live.ParseCPUs(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "3-0", "0-", "-1", "0,0", "0-1024", "0-99999", "1,0"} {
		if got, err := live.ParseCPUs(text); err == nil {
			t.Errorf("%q: %v, no error", text, got)
		}
	}
}
