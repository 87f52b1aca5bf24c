// --coverage: the rules and the modelled functions that no case touched.

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/spec"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// A coverage collects what the cases of a run touch. A function is covered if it ran on some machine. A rule
// is covered if a file of which a case ran names it, if a machine refused a call by it, or if it names
// modelled functions and all of them ran. The last is a hint and not a proof: the rule may be about one
// branch of a function.
type coverage struct {
	scenario.Sinks // none: ignores the events other than Case
	on             bool
	sources        []*scenario.Source

	mu      sync.Mutex // several cases end at once
	table   []trace.Fn
	ran     map[string]bool
	refused map[string]bool
	named   map[string]bool
	read    map[string]bool // the files that named has
}

// newCoverage returns the coverage of a run of sources. Without on it collects nothing.
func newCoverage(on bool, sources []*scenario.Source) *coverage {
	return &coverage{
		on: on, sources: sources,
		ran: map[string]bool{}, refused: map[string]bool{}, named: map[string]bool{}, read: map[string]bool{},
	}
}

// machines adds what the machines of a case did.
func (c *coverage) machines(list []*sim.Machine) {
	if !c.on {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range list {
		c.table = m.Recorder().Functions()
		for id, seen := range m.Recorder().Seen() {
			if seen {
				c.ran[c.table[id].Name] = true
			}
		}
		for _, rule := range m.RefusedBy() {
			c.refused[rule] = true
		}
	}
}

// Case adds the rules that the file of a case names.
func (c *coverage) Case(r *scenario.Result) {
	if !c.on || c.read[r.Case.File] || r.Status == scenario.Skipped || r.Status == scenario.Pending {
		return
	}
	c.read[r.Case.File] = true
	i := slices.IndexFunc(c.sources, func(s *scenario.Source) bool { return s.Path == r.Case.File })
	text, _ := c.sources[i].Read() // which worked when the case was found
	for _, id := range spec.Named(string(text)) {
		c.named[id] = true
	}
}

// A covered is the outcome, as --coverage=FILE.json writes it.
type covered struct {
	Functions coveredFunctions `json:"functions"`
	Rules     coveredRules     `json:"rules"`
}

type coveredFunctions struct {
	Modelled int               `json:"modelled"`
	Ran      int               `json:"ran"`
	NotRun   []missingFunction `json:"not_run"`
}

type missingFunction struct {
	Name string `json:"name"`
	File string `json:"file"` // of the kernel
}

type coveredRules struct {
	Rules      int           `json:"rules"`
	Named      []string      `json:"named"`   // in scenario files
	Refused    []string      `json:"refused"` // a call, and are not named
	Reached    []string      `json:"reached"` // their functions ran, and nothing else covers them
	NotCovered []missingRule `json:"not_covered"`
}

type missingRule struct {
	ID     string   `json:"id"`
	File   string   `json:"file"`    // of the specification
	NotRun []string `json:"not_run"` // the modelled functions that it names; [] if it names none
}

// result returns what was covered. Vectors, chains and differences (V, C and D) are no rules here.
func (c *coverage) result() covered {
	out := covered{
		Functions: coveredFunctions{NotRun: []missingFunction{}},
		Rules: coveredRules{
			Named: []string{}, Refused: []string{}, Reached: []string{}, NotCovered: []missingRule{},
		},
	}
	f, modelled := &out.Functions, map[string]bool{}
	for _, fn := range c.table[min(1, len(c.table)):] { // the first stands for none
		modelled[fn.Name] = true
		f.Modelled++
		if c.ran[fn.Name] {
			f.Ran++
		} else {
			f.NotRun = append(f.NotRun, missingFunction{fn.Name, fn.File})
		}
	}
	slices.SortStableFunc(f.NotRun, func(a, b missingFunction) int { return strings.Compare(a.File, b.File) })
	for _, r := range spec.Rules() {
		if strings.HasPrefix(r.ID, "R-") {
			c.rule(&out.Rules, r, modelled)
		}
	}
	return out
}

// rule adds a rule to the outcome.
func (c *coverage) rule(out *coveredRules, r spec.Rule, modelled map[string]bool) {
	names, missing := 0, []string{}
	for _, word := range strings.FieldsFunc(r.Text, notInName) {
		if !modelled[word] || !strings.Contains(word, "_") {
			continue // a name such as schedule is a word of English too
		}
		names++
		if !c.ran[word] && !slices.Contains(missing, word) {
			missing = append(missing, word)
		}
	}
	out.Rules++
	switch {
	case c.named[r.ID]:
		out.Named = append(out.Named, r.ID)
	case c.refused[r.ID]:
		out.Refused = append(out.Refused, r.ID)
	case names > 0 && len(missing) == 0:
		out.Reached = append(out.Reached, r.ID)
	default:
		out.NotCovered = append(out.NotCovered, missingRule{r.ID, r.File, missing})
	}
}

// notInName reports whether r is in no name of a function.
func notInName(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// finish writes the outcome to w, or to the file as text or JSON.
func (c *coverage) finish(w io.Writer, file string) error {
	if !c.on {
		return nil
	}
	out := c.result()
	if file == "" {
		out.print(w)
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--coverage: %w", err)
	}
	if strings.HasSuffix(file, ".json") {
		e := json.NewEncoder(f)
		e.SetIndent("", "  ")
		err = e.Encode(out)
	} else {
		out.print(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// print writes the counts as text, each with a list by file of the rest.
func (c *covered) print(w io.Writer) {
	f, r := &c.Functions, &c.Rules
	fmt.Fprintf(w, "coverage: %d of %s ran\n", f.Ran, phrase.Plural(f.Modelled, "modelled function"))
	printGroups(w, f.NotRun, func(m missingFunction) (file, name string) { return m.File, m.Name })
	fmt.Fprintf(w, "coverage: %d of %s: %d named, %d refused a call, %d whose functions ran\n",
		r.Rules-len(r.NotCovered), phrase.Plural(r.Rules, "rule"),
		len(r.Named), len(r.Refused), len(r.Reached))
	printGroups(w, r.NotCovered, func(m missingRule) (file, name string) { return m.File, m.ID })
}

// printGroups lists the names that are not covered, a paragraph for each file.
func printGroups[T any](w io.Writer, list []T, of func(T) (file, name string)) {
	for len(list) > 0 {
		file, _ := of(list[0])
		line := "  not covered, " + file + ":"
		for len(list) > 0 {
			f, name := of(list[0])
			if f != file {
				break
			}
			line += " " + name
			list = list[1:]
		}
		fmt.Fprintln(w, phrase.Wrap(line, 100, "    "))
	}
}
