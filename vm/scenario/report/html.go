// html: one page that holds everything and needs no network.

package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS template.CSS
	//go:embed page.js
	pageJS template.JS
)

// pageTemplate parses the page when the first report needs it, as most runs of the program write none.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"css":          func() template.CSS { return pageCSS },
		"js":           func() template.JS { return pageJS },
		"clean":        clean,
		"join":         strings.Join,
		"place":        scenario.Place,
		"seconds":      seconds,
		"diffClass":    vm.DiffPart,
		"plain":        func() vm.Style { return vm.Style{} },
		"registerHead": func() []string { return vm.RegisterHead },
		// A line may break behind "-".
		"arrows": func(s string) string { return strings.ReplaceAll(s, "->", "→") },
		"mark":   markDigits,
		"layOut": newSchedule,
		"link":   clean, // until a page replaces it
		"add":    func(a, b int) int { return a + b },
	}).Parse(pageHTML))
})

// A page writes its cases as they come and its heading last; the style sheet moves it to the top.
type page struct {
	*out
	o     Options
	info  scenario.Info
	file  string
	files int
	cases int
	drawn int // bytes of timelines
	left  int // cases whose timelines are left out

	templates *template.Template
	terms     []Term // those named so far, in order
}

// A Term is a name that the page explains, such as a rule.
type Term struct{ Name, Text string }

// Limits on the bytes of timelines of a page, which keep it quick to load and to send. Those of failed cases
// are drawn up to the higher limit.
const (
	drawnPassed = 2 << 20
	drawnMost   = 24 << 20
)

func newHTML(w *out, o Options) Writer {
	p := &page{out: w, o: o}
	p.templates = template.Must(pageTemplate().Clone()).Funcs(template.FuncMap{"link": p.link})
	return p
}

// link returns a text whose terms lead to their explanation at the end of the page.
func (w *page) link(text string) template.HTML {
	html := template.HTMLEscapeString(clean(text))
	if w.o.Terms == nil {
		return template.HTML(html)
	}
	var words []string
	for _, t := range w.o.Terms(text) {
		if !slices.Contains(w.terms, t) {
			w.terms = append(w.terms, t)
		}
		words = append(words, regexp.QuoteMeta(t.Name))
	}
	if len(words) > 0 {
		re := regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
		html = re.ReplaceAllString(html, `<a href="#$0">$0</a>`)
	}
	return template.HTML(html)
}

// execute writes one of the templates of the page.
func (w *page) execute(name string, data any) {
	var b bytes.Buffer
	if err := w.templates.ExecuteTemplate(&b, name, data); err != nil && w.err == nil {
		w.err = err
	}
	w.write(b.Bytes())
}

func (w *page) Begin(i scenario.Info) {
	w.info = i
	w.execute("head", nil)
}

// open begins the part of a file, unless it has begun.
func (w *page) open(file, title string) {
	if file == w.file {
		return
	}
	w.file = file
	w.files++
	w.execute("file", map[string]any{"ID": w.files, "File": file, "Title": title})
}

// Case adds a row for the case and, unless it passed, what happened in it.
func (w *page) Case(r *scenario.Result) {
	w.open(r.Case.File, r.Title)
	name := r.Case.Name() + round(r.Case)
	words := []string{r.Case.File, name, r.Status.String(), strings.Join(r.Case.Tags, " ")}
	var atFirst []*scenario.Failure
	if r.Flaky != nil {
		words = append(words, "flaky")
		atFirst = []*scenario.Failure{r.Flaky}
	}
	drawings := w.drawings(r)
	w.execute("case", struct {
		*scenario.Result
		ID        int
		Name, Key string
		Failures  []linkedFailure
		Flaky     []linkedFailure
	}{
		r, w.files, name, strings.ToLower(strings.Join(words, " ")), linked(r.Failures, drawings),
		linked(atFirst, nil),
	})
	before := w.size
	for _, d := range drawings {
		w.execute("timeline", d)
	}
	w.drawn += w.size - before
	if drawings == nil && len(r.Look.Timelines) > 0 {
		w.left++
		w.execute("left out", nil)
	}
	w.execute("end of case", r)
}

// markDigits returns the digits of a number with those marked in which it differs from another one. The
// shorter number is padded.
func markDigits(number, other string) template.HTML {
	x, y := strings.TrimPrefix(number, "0x"), strings.TrimPrefix(other, "0x")
	width := max(len(x), len(y))
	x, y = strings.Repeat("0", width-len(x))+x, strings.Repeat("0", width-len(y))+y
	var b strings.Builder
	for i := range width {
		if x[i] == y[i] {
			b.WriteByte(x[i])
		} else {
			fmt.Fprintf(&b, "<i>%c</i>", x[i])
		}
	}
	return template.HTML(b.String())
}

func (w *page) Broken(b *scenario.Broken) {
	w.open(b.File, "")
	w.execute("broken", struct {
		*scenario.Broken
		ID  int
		Key string
	}{b, w.files, strings.ToLower(b.File + " error " + b.Message)})
}

func (w *page) Warning(text string) { w.execute("warning", text) }

// End writes the heading, the filter and its script.
func (w *page) End(s *scenario.Summary) {
	verdict := "passed"
	if s.Bad() > 0 || s.Unusable > 0 || s.Interrupted {
		verdict = "failed"
	}
	more := extras(s)
	if w.left > 0 {
		cases := phrase.Plural(w.left, "case")
		more = append(more, cases+" without a timeline, which would make this page too large")
	}
	var words []string
	for _, p := range facts(w.info) {
		words = append(words, p.Name+" "+p.Value)
	}
	if len(w.terms) > 0 {
		w.execute("terms", w.terms)
	}
	w.execute("end", map[string]any{
		"Verdict": verdict,
		"Counts":  fmt.Sprintf("%s: %s, %s", totals(s), strings.Join(counts(s), ", "), seconds(s.Elapsed)),
		"Extras":  more,
		"Command": w.o.Command,
		"Facts":   strings.Join(words, " · "),
	})
}
