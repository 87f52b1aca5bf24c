// Package spec holds what the kernel does, as numbered rules: the Markdown files of this folder.
//
//	rule, ok := spec.Find("R-CON-7")
//	fmt.Println(rule.File, rule.Text)
package spec

import (
	"embed"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed *.md
var files embed.FS

// A Rule is a numbered rule, test vector (V-n), chain (C-n) or difference between releases (D-n).
type Rule struct {
	ID   string // "R-CON-7"
	File string // "04-constraints.md"
	Text string // Markdown; a row of a table as one line for each column
}

// Find returns the rule of that name, in upper or lower case.
func Find(id string) (Rule, bool) {
	r, ok := index()[strings.ToUpper(id)]
	return r, ok
}

// Rules returns all rules in the order of the files.
func Rules() []Rule { return slices.Clone(all()) }

var all = sync.OnceValue(func() []Rule {
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		panic(err) // a fault of the pattern
	}
	var rules []Rule
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // the file is embedded
		}
		rules = append(rules, parse(name, string(text))...)
	}
	return rules
})

// Named returns the IDs of the rules that text names, in the order in which they are first named.
func Named(text string) []string {
	var ids []string
	for _, id := range named.FindAllString(text, -1) {
		if _, ok := index()[id]; ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// index returns the rules by ID.
var index = sync.OnceValue(func() map[string]Rule {
	rules := map[string]Rule{}
	for _, r := range all() {
		if _, ok := rules[r.ID]; !ok {
			rules[r.ID] = r
		}
	}
	return rules
})

const id = `([A-Z]+(?:-[A-Z]+)?-[0-9]+)`

var (
	item  = regexp.MustCompile(`^( *)- \*\*` + id + `\b`)
	named = regexp.MustCompile(`\b` + id + `\b`)
	row   = regexp.MustCompile(`^ *\| (?:\*\*)?` + id + `(?:\*\*)? \|`)
)

// parse returns the rules of one file. A rule in a list lasts until the next one or the next heading.
func parse(file, text string) []Rule {
	var rules []Rule
	var open *Rule      // the list item around the line
	var header []string // of the table around the line
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "| ---") {
			header = cells(line)
		}
		switch {
		case strings.HasPrefix(line, "#"):
			open = nil
		case item.MatchString(line):
			m := item.FindStringSubmatch(line)
			rules = append(rules,
				Rule{ID: m[2], File: file, Text: strings.TrimPrefix(line[len(m[1]):], "- ")})
			open = &rules[len(rules)-1]
			continue
		case open == nil && row.MatchString(line):
			rules = append(rules,
				Rule{ID: row.FindStringSubmatch(line)[1], File: file, Text: rowText(header, line)})
		}
		if open != nil {
			open.Text += "\n" + strings.TrimPrefix(line, "  ")
		}
	}
	for i := range rules {
		rules[i].Text = strings.TrimSpace(rules[i].Text)
	}
	return rules
}

// cells returns the cells of a row of a table.
func cells(line string) []string {
	parts := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// rowText returns a row as "heading: cell" lines.
func rowText(header []string, line string) string {
	var b strings.Builder
	for i, cell := range cells(line) {
		if i < len(header) && cell != "" {
			b.WriteString(header[i] + ": " + cell + "\n")
		}
	}
	return b.String()
}
