// Head comments: what a file declares before its first statement.

package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm/phrase"
)

// A Head holds what the comment lines at the head of a file declare.
//
//	-- What refuses the fifth watchpoint?        the first paragraph is the title
//	-- needs: cpus>=4, vhe
//	-- timeout: 5s                               each case
//	-- tags: seed, wide
//	-- kernel: 4.19.116, 6.1.192                 the file runs once for each
type Head struct {
	Title    string
	Needs    []Need
	Timeout  time.Duration // 0 if it sets none
	Tags     []string
	Kernels  []string
	Warnings []string // about lines that look like a misspelt key
}

// A Need is one condition of a "-- needs:" line: a name alone, or a name compared with a value.
type Need struct {
	Name, Op, Value string
}

func (n Need) String() string { return n.Name + n.Op + n.Value }

// Nearest returns the integer nearest to n that meets the need, or n if the need is not about an integer.
func (d Need) Nearest(n int) int {
	want, err := strconv.Atoi(d.Value)
	if err != nil || holds(cmp.Compare(n, want), d.Op) {
		return n
	}
	switch d.Op {
	case ">", "!=", "~=":
		return want + 1
	case "<":
		return want - 1
	}
	return want
}

var headKeys = []string{"needs", "timeout", "tags", "kernel"}

// ParseHead reads the comment lines before the first statement of src. Its error is a *UsageError
// with the line.
func ParseHead(path, src string) (Head, error) {
	var h Head
	var title []string
	titleDone := false
	line := 0
	for text := range strings.Lines(src) {
		line++
		text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
		if line == 1 && strings.HasPrefix(text, "#") || text == "" {
			titleDone = titleDone || len(title) > 0
			continue
		}
		if !strings.HasPrefix(text, "--") || strings.HasPrefix(text, "--[") {
			break
		}
		text = strings.TrimSpace(strings.TrimLeft(text, "-"))
		key, value, isKey := strings.Cut(text, ":")
		key = strings.TrimSpace(key)
		if isKey && !strings.ContainsAny(key, " \t") {
			known, err := h.set(key, strings.TrimSpace(value))
			if err != nil {
				return h, &UsageError{Path: path, Line: line, Message: err.Error()}
			}
			if known {
				titleDone = titleDone || len(title) > 0
				continue
			}
			if n, ok := phrase.Nearest(key, headKeys); ok {
				h.Warnings = append(h.Warnings,
					fmt.Sprintf("%s:%d: unknown key '%s:'; did you mean '%s:'?", path, line, key, n))
			}
		}
		if text == "" {
			titleDone = titleDone || len(title) > 0
		} else if !titleDone {
			title = append(title, text)
		}
	}
	h.Title = strings.Join(title, " ")
	return h, nil
}

// set sets the value of a key; known is false for any other text before a colon.
func (h *Head) set(key, value string) (known bool, err error) {
	switch key {
	case "needs":
		for _, f := range fields(blanksAround.ReplaceAllString(value, "$1")) {
			n, err := parseNeed(f)
			if err != nil {
				return true, err
			}
			h.Needs = append(h.Needs, n)
		}
	case "timeout":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return true, fmt.Errorf("invalid timeout '%s' (want 5s, 500ms)", value)
		}
		h.Timeout = d
	case "tags":
		h.Tags = append(h.Tags, fields(value)...)
	case "kernel":
		h.Kernels = append(h.Kernels, fields(value)...)
	default:
		return false, nil
	}
	return true, nil
}

// fields splits a list at commas and spaces.
func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// blanksAround matches a comparison operator with the blanks around it.
var blanksAround = regexp.MustCompile(`[ \t]*([<>=!~]=?)[ \t]*`)

// operator matches a comparison operator at the beginning.
var operator = regexp.MustCompile(`^([<>=]=?|[!~]=)`)

// parseNeed parses NAME or NAME>=VALUE, with any comparison operator.
func parseNeed(s string) (Need, error) {
	i := strings.IndexAny(s, "<>=!~")
	if i < 0 {
		return Need{Name: s}, nil
	}
	n := Need{Name: s[:i], Op: operator.FindString(s[i:])}
	n.Value = s[i+len(n.Op):]
	if n.Name == "" || n.Op == "" || n.Value == "" {
		return n, fmt.Errorf("invalid need '%s' (want NAME or NAME>=VALUE)", s)
	}
	return n, nil
}

// A Fact is something that a file may need. Its value is "true" or "false" for a feature that is
// there or not. If Least is set, the value is whatever is asked for from Least to Value, both integers.
type Fact struct {
	Name, Value string
	Least       int
}

// missing describes the first need that the facts do not meet, "" if they meet all.
func missing(needs []Need, facts []Fact) string {
	values := map[string]Fact{}
	for _, f := range facts {
		values[f.Name] = f
	}
	for _, n := range needs {
		fact, known := values[n.Name]
		have := fact.Value
		switch {
		case !known:
			msg := fmt.Sprintf("needs %s, which is unknown", n)
			if near, ok := phrase.Nearest(n.Name, slices.Sorted(maps.Keys(values))); ok {
				msg += fmt.Sprintf("; did you mean '%s'?", near)
			}
			return msg
		case n.Op == "" && (have == "false" || have == "" || have == "0"):
			return "needs " + n.Name
		case n.Op != "" && !fact.meets(n):
			return fmt.Sprintf("needs %s, but %s is %s", n, n.Name, have)
		}
	}
	return ""
}

// meets reports whether the fact has a value for which a comparison holds.
func (f Fact) meets(n Need) bool {
	if most, err := strconv.Atoi(f.Value); f.Least > 0 && err == nil {
		v := n.Nearest(most)
		return v >= f.Least && v <= most && holds(compareValues(strconv.Itoa(v), n.Value), n.Op)
	}
	return holds(compareValues(f.Value, n.Value), n.Op)
}

// holds reports whether a comparison with the result c satisfies op.
func holds(c int, op string) bool {
	if op == "!=" || op == "~=" {
		return c != 0
	}
	sign := [...]string{"<", "=", ">"}[cmp.Compare(c, 0)+1]
	return strings.Contains(op, sign)
}

// compareValues compares numbers and dotted versions by their numbers, anything else as text. A
// shorter version stands for all that begin with it: 4.19 equals 4.19.116.
func compareValues(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX != nil || errY != nil {
			return strings.Compare(a, b)
		}
		if x != y {
			return x - y
		}
	}
	return 0
}
