package scenario_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm/scenario"
)

func TestParseHead(t *testing.T) {
	h, err := scenario.ParseHead("a.lua", `#!/usr/bin/env hwlua
-- What does the fifth watchpoint meet?
-- A second line of the question.
--
-- More prose: this is no key, it has two words before the colon.
-- needs: cpus>=4, vhe
-- needs: kernel != 4.19.0
-- timeout: 1500ms
-- tags: seed, wide  slow
-- kernel: 4.19.116, 6.1.192

local x = 1
-- tags: late
`)
	if err != nil {
		t.Fatal(err)
	}
	want := scenario.Head{
		Title: "What does the fifth watchpoint meet? A second line of the question.",
		Needs: []scenario.Need{
			{Name: "cpus", Op: ">=", Value: "4"}, {Name: "vhe"},
			{Name: "kernel", Op: "!=", Value: "4.19.0"},
		},
		Timeout: 1500 * time.Millisecond,
		Tags:    []string{"seed", "wide", "slow"},
		Kernels: []string{"4.19.116", "6.1.192"},
	}
	if fmt.Sprint(h) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", h, want)
	}
}

func TestParseHeadErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			name: "a timeout that is none",
			text: "-- x\n-- timeout: 5",
			want: "a.lua:2: invalid timeout '5' (want 5s, 500ms)",
		},
		{
			name: "a timeout below zero",
			text: "-- timeout: -5s",
			want: "a.lua:1: invalid timeout '-5s' (want 5s, 500ms)",
		},
		{
			name: "a need without a value",
			text: "-- needs: cpus>=",
			want: "a.lua:1: invalid need 'cpus>=' (want NAME or NAME>=VALUE)",
		},
		{
			name: "a need without a name",
			text: "-- needs: vhe, >= 4",
			want: "a.lua:1: invalid need '>=4' (want NAME or NAME>=VALUE)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scenario.ParseHead("a.lua", c.text)
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	h, err := scenario.ParseHead("a.lua", "-- tag: seed\n-- Note: prose\n")
	if err != nil || len(h.Warnings) != 1 || !strings.Contains(h.Warnings[0], "did you mean 'tags:'") {
		t.Errorf("a misspelt key warns: %v %v", h.Warnings, err)
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add("-- needs: a>=1\n-- timeout: 1s\nx = 1")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := scenario.ParseHead("a.lua", text)
		if err == nil && h.Timeout < 0 {
			t.Errorf("timeout %v", h.Timeout)
		}
	})
}

// TestNeedNearest: the default of an option moves as little as the need asks for.
func TestNeedNearest(t *testing.T) {
	for _, c := range []struct {
		need    scenario.Need
		n, want int
	}{
		{scenario.Need{Op: ">=", Value: "8"}, 4, 8},
		{scenario.Need{Op: ">=", Value: "8"}, 9, 9},
		{scenario.Need{Op: ">", Value: "8"}, 4, 9},
		{scenario.Need{Op: "<=", Value: "2"}, 4, 2},
		{scenario.Need{Op: "<", Value: "2"}, 4, 1},
		{scenario.Need{Op: "=", Value: "3"}, 4, 3},
		{scenario.Need{Op: "==", Value: "3"}, 3, 3},
		{scenario.Need{Op: "!=", Value: "4"}, 4, 5},
		{scenario.Need{Op: "~=", Value: "3"}, 4, 4},
		{scenario.Need{Op: ">=", Value: "6.1"}, 4, 4},
		{scenario.Need{}, 4, 4},
	} {
		if got := c.need.Nearest(c.n); got != c.want {
			t.Errorf("%s moves %d to %d, want %d", c.need, c.n, got, c.want)
		}
	}
}
