// Suggestions for misspelt names.

package phrase

import (
	"fmt"
	"slices"
	"strings"
)

// Suggest returns a question for the error about an unknown name, such as "did you mean 'cpus'?", or "" if no
// candidate is near. If name begins several candidates, it lists the first three.
func Suggest(name string, candidates []string) string {
	if near, ok := Nearest(name, candidates); ok {
		return fmt.Sprintf("did you mean '%s'?", near)
	}
	var begun []string
	for _, c := range candidates {
		if len(name) >= 3 && strings.HasPrefix(c, name) {
			begun = append(begun, c)
		}
	}
	const shown = 3
	switch n := len(begun); {
	case n == 0:
		return ""
	case n == 1:
		return fmt.Sprintf("did you mean '%s'?", begun[0])
	case n > shown:
		return fmt.Sprintf("did you mean '%s' (or one of %d more)?",
			strings.Join(begun[:shown], "', '"), n-shown)
	default:
		return fmt.Sprintf("did you mean '%s' or '%s'?", strings.Join(begun[:n-1], "', '"), begun[n-1])
	}
}

// Nearest returns the candidate that a misspelt name most likely means. It allows edits of a
// quarter of the letters, a transposition counting as one, and otherwise accepts a name that begins
// a word of exactly one candidate. ok is false if no candidate is near.
func Nearest(name string, candidates []string) (nearest string, ok bool) {
	if len(name) > 64 || name == "" {
		return "", false
	}
	limit := max(1, (len(name)+1)/4)
	best := limit + 1
	for _, c := range candidates {
		if len(c)-len(name) > best || len(name)-len(c) > best || opposite(name, c) {
			continue
		}
		// Of candidates at the same distance prefer a transposition, then the first one of name's own case.
		d := distance(name, c)
		if d < best || d == best && closeness(name, c) > closeness(name, nearest) {
			best, nearest = d, c
		}
	}
	if best <= limit && best < len(name) {
		return nearest, true
	}
	found := ""
	for _, c := range candidates {
		if len(name) >= 3 && (hasPart(c, name) || len(c) >= 3 && hasPart(name, c)) {
			if found != "" {
				return "", false
			}
			found = c
		}
	}
	return found, found != ""
}

// opposite reports whether one name undoes the other, as unregister does register: nobody means that by it.
func opposite(a, b string) bool {
	for _, prefix := range []string{"un", "dis"} {
		if a == prefix+b || b == prefix+a {
			return true
		}
	}
	return false
}

// closeness ranks candidates at the same distance from name.
func closeness(name, c string) int {
	switch {
	case swapped(name, c):
		return 2
	case strings.HasPrefix(c, name[:1]):
		return 1
	}
	return 0
}

// swapped reports whether a and b have the same letters.
func swapped(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// hasPart reports whether part occurs in name at the beginning of an underscore-separated word.
func hasPart(name, part string) bool {
	for i := 0; i+len(part) <= len(name); i++ {
		if name[i:i+len(part)] == part && (i == 0 || name[i-1] == '_') {
			return true
		}
	}
	return false
}

// distance returns the number of insertions, deletions, replacements and transpositions of adjacent
// letters that turn a into b, ignoring case.
func distance(a, b string) int {
	var rows [3][66]int
	if len(b) >= len(rows[0]) {
		return len(b)
	}
	prev2, prev, cur := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if lower(a[i-1]) == lower(b[j-1]) {
				cost = 0
			}
			d := min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && lower(a[i-1]) == lower(b[j-2]) && lower(a[i-2]) == lower(b[j-1]) {
				d = min(d, prev2[j-2]+1)
			}
			cur[j] = d
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
