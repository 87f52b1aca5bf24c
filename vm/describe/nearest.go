// Misspelt names: which known one was meant.

package describe

import "slices"

// Nearest returns the candidate that a misspelt name most likely means. ok is false when none is near: a name
// may be off by a quarter of its letters, transposed neighbours counting once, or be the beginning of exactly
// one candidate.
func Nearest(name string, candidates []string) (nearest string, ok bool) {
	if len(name) > 64 || name == "" {
		return "", false
	}
	limit := max(1, (len(name)+1)/4)
	best := limit + 1
	for _, c := range candidates {
		if len(c)-len(name) >= best || len(name)-len(c) >= best {
			continue
		}
		// Of two that are as near, the one whose letters are only swapped.
		if d := distance(name, c); d < best || d == best && swapped(name, c) && !swapped(name, nearest) {
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

// swapped says whether two names have the same letters.
func swapped(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// hasPart says whether part is a word, or several, of a name of words joined by underscores, or begins it.
func hasPart(name, part string) bool {
	for i := 0; i+len(part) <= len(name); i++ {
		if name[i:i+len(part)] == part && (i == 0 || name[i-1] == '_') {
			return true
		}
	}
	return false
}

// distance is the number of letters to insert, drop, change or swap with their neighbour; capitals do not count.
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
