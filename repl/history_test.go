package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "history")
	h, err := openHistory(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a", "for i = 1, 2 do\n\tprint(i)\nend", `x = "a\n\\b"`, "日本語"}
	for _, s := range want {
		for range 2 { // the second is a repetition
			if err := h.add(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.add("  \n")
	h.add(strings.Repeat("x", maxHistoryEntry+1))
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(filepath.Dir(path)); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", st.Mode(), err)
	}
	h, err = openHistory(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(h.entries, want) {
		t.Errorf("read back %q, want %q", h.entries, want)
	}
}

func TestHistoryModeIsFixed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, []byte("a\nb without an end"), 0o644); err != nil {
		t.Fatal(err)
	}
	h, err := openHistory(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	h.add("c")
	st, _ := os.Stat(path)
	b, _ := os.ReadFile(path)
	if st.Mode().Perm() != 0o600 || string(b) != "a\nb without an end\nc\n" {
		t.Errorf("%v, %q", st.Mode(), b)
	}
}

func TestHistoryLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	for round := range 5 {
		h, err := openHistory(path, 50)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.entries) > 50 {
			t.Fatalf("%d entries in memory", len(h.entries))
		}
		for i := range 40 {
			h.add(fmt.Sprint(round, " ", i))
		}
	}
	if _, err := openHistory(path, 50); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) > 55 || lines[len(lines)-1] != "4 39" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestHistoryThatCannotBeKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	os.WriteFile(path, nil, 0o600)
	h, err := openHistory(filepath.Join(path, "history"), 0)
	if err == nil {
		t.Error("a folder that is a file is no error")
	}
	if err := h.add("x"); err != nil || len(h.entries) != 1 {
		t.Errorf("within the session: %v, %q", err, h.entries)
	}
}

// No entry is lost when several sessions add entries and shorten the file at once.: what each enters is
// there afterwards, while others shorten the file.
func TestHistorySessionsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	const sessions, each = 8, 50
	var wg sync.WaitGroup
	for s := range sessions {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				h, err := openHistory(path, sessions*each)
				if err != nil {
					t.Error(err)
					return
				}
				if err := h.add(fmt.Sprintf("s%d\ne%d", s, i)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	h, err := openHistory(path, sessions*each)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range h.entries {
		seen[e] = true
	}
	if len(seen) != sessions*each || len(h.entries) != sessions*each {
		t.Errorf("%d of %d entries are there, %d lines", len(seen), sessions*each, len(h.entries))
	}
}

func TestDefaultHistory(t *testing.T) {
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/board/history"},
		{map[string]string{"XDG_STATE_HOME": "rel", "HOME": "/h"}, "/h/.local/state/board/history"},
		{map[string]string{"HOME": "/h"}, "/h/.local/state/board/history"},
		{nil, ""},
	} {
		if got := DefaultHistory("board", env(test.env)); got != test.want {
			t.Errorf("%v: %q, want %q", test.env, got, test.want)
		}
	}
}
