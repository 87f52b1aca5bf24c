// html: one page that holds everything and needs no network.

package report

import (
	_ "embed"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// page writes its cases as they come and its heading last: the style sheet puts it on top.
type page struct {
	*out
	o     Options
	info  scenario.Info
	file  string
	files int
	drawn int // bytes of timelines
	left  int // cases whose timelines are left out
}

// How many bytes of timelines a page holds; browsers get slow beyond. Those of cases that are not well come in when the
// others do not any more.
const (
	drawnWell = 24 << 20
	drawnMost = 4 * drawnWell
)

func newHTML(w *out, o Options) Writer { return &page{out: w, o: o} }

func esc(s string) string { return html.EscapeString(clean(s)) }

func (w *page) Begin(i scenario.Info) {
	w.info = i
	w.print("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<link rel=\"icon\" href=\"data:,\">\n" + // or a browser asks the server for one
		"<title>hwlua run</title>\n<style>\n" + pageCSS + "</style>\n</head>\n<body>\n")
}

func (w *page) open(file, title string) {
	if file == w.file {
		return
	}
	w.file = file
	w.files++
	w.printf("<h2 id=\"f%d\">%s", w.files, esc(file))
	if title != "" {
		w.printf(" <small>%s</small>", esc(title))
	}
	w.print("</h2>\n")
}

func (w *page) Case(r *scenario.Result) {
	w.open(r.Case.File, r.Title)
	name := r.Case.Name() + round(r.Case)
	key := strings.ToLower(strings.Join([]string{r.Case.File, name, r.Status.String(), strings.Join(r.Case.Tags, " ")}, " "))
	bad, open := "", ""
	if r.Status.Bad() {
		bad, open = " data-bad", " open"
	}
	w.printf("<details class=\"%s\" data-f=\"f%d\" data-k=\"%s\"%s%s><summary><span class=\"s\">%s</span><span class=\"n\">%s</span><span class=\"t\">%s</span></summary>\n<div class=\"in\">\n",
		r.Status, w.files, esc(key), bad, open, r.Status, esc(name), seconds(r.Elapsed))
	if len(r.Failures) == 0 {
		w.printf("<p class=\"at\">%s</p>\n", esc(place(r.Case.File, r.Case.Line)))
	}
	if r.Reason != "" {
		w.printf("<p>%s</p>\n", esc(r.Reason))
	}
	for _, f := range r.Failures {
		w.failure(f)
	}
	if r.Output != "" {
		w.printf("<h3>printed</h3>\n<pre>%s</pre>\n", esc(r.Output))
	}
	for _, n := range r.Look.Notes {
		w.note(n)
	}
	w.timelines(r)
	if r.Repro != "" {
		w.printf("<h3>run it again</h3>\n<pre>%s</pre>\n", esc(r.Repro))
	}
	w.print("</div></details>\n")
}

func (w *page) failure(f *scenario.Failure) {
	if f.File != "" {
		soft := ""
		if f.Soft {
			soft = " (check: the case went on)"
		}
		w.printf("<p class=\"at\">%s%s</p>\n", esc(place(f.File, f.Line)), soft)
	}
	if f.Source != "" {
		w.printf("<pre>%5d | %s</pre>\n", f.Line, esc(f.Source))
	}
	w.printf("<p class=\"msg\">%s</p>\n", esc(f.Message))
	switch {
	case f.Diff != "":
		w.print("<pre>")
		for l := range strings.Lines(f.Diff) {
			class := ""
			if l[0] == '-' {
				class = "e"
			} else if l[0] == '+' {
				class = "f"
			}
			w.printf("<span class=\"%s\">%s</span>", class, esc(l))
		}
		w.print("</pre>\n")
	case f.Sides:
		w.printf("<div class=\"scroll\"><table><tr><th>expected</th><td class=\"e\"><code>%s</code></td></tr><tr><th>found</th><td class=\"f\"><code>%s</code></td></tr></table></div>\n",
			esc(f.Expected), esc(f.Found))
	}
	if len(f.Details) > 0 {
		w.printf("<pre>%s</pre>\n", esc(strings.Join(f.Details, "\n")))
	}
	if len(f.Registers) > 0 {
		w.print("<div class=\"scroll\"><table><tr><th>CPU</th><th>register</th><th>expected</th><th>found</th><th>bits</th><th>fields</th></tr>\n")
		for _, r := range f.Registers {
			var words []string
			for _, f := range r.Fields {
				words = append(words, fmt.Sprintf("%s %s -> %s", f.Name, f.Expected, f.Found))
			}
			e, g := markDigits(r.Expected, r.Found)
			w.printf("<tr class=\"b\"><td>%s</td><td>%s</td><td class=\"e\">%s</td><td class=\"f\">%s</td><td>%s</td><td>%s</td></tr>\n",
				esc(r.CPU), esc(r.Name), e, g, esc(r.Bits), esc(strings.ReplaceAll(strings.Join(words, ", "), "->", "→"))) // a line may break behind a hyphen
		}
		w.print("</table></div>\n")
	}
	if showTrace(f) {
		w.printf("<h3>Lua stack, innermost first</h3>\n<pre>%s</pre>\n", esc(strings.Join(vm.TraceLines(f.Frames), "\n")))
	}
	for _, n := range f.Notes {
		w.note(n)
	}
}

// markDigits gives two numbers as HTML with the digits marked in which they differ, the shorter one padded.
func markDigits(a, b string) (string, string) {
	x, okX := strings.CutPrefix(a, "0x")
	y, okY := strings.CutPrefix(b, "0x")
	if !okX || !okY {
		return esc(a), esc(b)
	}
	width := max(len(x), len(y))
	x = strings.Repeat("0", width-len(x)) + x
	y = strings.Repeat("0", width-len(y)) + y
	mark := func(p, q string) string {
		var s strings.Builder
		s.WriteString("0x")
		for i := range len(p) {
			if p[i] != q[i] {
				s.WriteString("<i>" + esc(p[i:i+1]) + "</i>")
			} else {
				s.WriteString(esc(p[i : i+1]))
			}
		}
		return s.String()
	}
	return mark(x, y), mark(y, x)
}

func (w *page) note(n scenario.Paragraph) {
	w.printf("<h3>%s</h3>\n<pre>%s</pre>\n", esc(n.Title), esc(strings.Join(n.Lines, "\n")))
}

// The drawing of a timeline, in SVG units.
const (
	stepWidth  = 14
	rowHeight  = 15
	nameWidth  = 90
	axisHeight = 18
)

func (w *page) timelines(r *scenario.Result) {
	if len(r.Look.Timelines) == 0 {
		return
	}
	if w.drawn > drawnMost || w.drawn > drawnWell && !r.Status.Bad() {
		w.left++
		w.print("<p class=\"at\">The timeline is left out: this page has enough of them. A run of this case alone draws it.</p>\n")
		return
	}
	before := w.size
	for _, t := range r.Look.Timelines {
		w.timeline(t)
	}
	w.drawn += w.size - before
}

func (w *page) timeline(t scenario.Timeline) {
	last := 1
	heights := make([]int, len(t.Tracks))
	for i, tr := range t.Tracks {
		heights[i] = 1
		for _, s := range tr.Spans {
			last = max(last, s.End, s.Start+1)
			heights[i] = max(heights[i], s.Depth+1)
		}
	}
	height := axisHeight
	for _, h := range heights {
		height += h*rowHeight + 6
	}
	width := nameWidth + last*stepWidth + 8
	w.printf("<h3>%s</h3>\n<div class=\"scroll\"><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"%s\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		esc(t.Title), esc(t.Title), width, height, width, height)
	for _, k := range t.Ticks {
		x := nameWidth + k.At*stepWidth
		w.printf("<line class=\"g\" x1=\"%d\" y1=\"0\" x2=\"%d\" y2=\"%d\"/><text class=\"d\" x=\"%d\" y=\"11\">%s</text>\n", x, x, height, x+3, esc(k.Label))
	}
	y := axisHeight
	for i, tr := range t.Tracks {
		w.printf("<text class=\"d\" x=\"0\" y=\"%d\">%s</text>\n", y+11, esc(tr.Name))
		for _, s := range tr.Spans {
			w.span(s, y)
		}
		y += heights[i]*rowHeight + 6
	}
	w.print("</svg></div>\n")
}

func (w *page) span(s scenario.Span, y int) {
	x := nameWidth + s.Start*stepWidth
	width := max((s.End-s.Start)*stepWidth, 3)
	y += s.Depth * rowHeight
	class := "call"
	switch s.Kind {
	case "task", "refused", "hit", "write", "level":
		class = s.Kind
	}
	w.printf("<g><title>%s</title><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>",
		esc(s.Label+prefixed("\n", s.Detail)), class, x, y, width, rowHeight-1)
	label := s.Label
	if s.Kind == "level" {
		label = strconv.Itoa(s.Level)
	}
	if room := (width - 4) / 7; room > 0 { // 7 units a character
		if runes := []rune(clean(label)); len(runes) > room {
			label = ""
			if room > 3 {
				label = string(runes[:room-1]) + "…"
			}
		}
		if label != "" {
			w.printf("<text x=\"%d\" y=\"%d\">%s</text>", x+3, y+11, esc(label))
		}
	}
	w.print("</g>\n")
}

func (w *page) Broken(b *scenario.Broken) {
	w.open(b.File, "")
	w.printf("<details class=\"error\" data-f=\"f%d\" data-k=\"%s\" data-bad open><summary><span class=\"s\">error</span><span class=\"n\">cannot be used</span></summary>\n<div class=\"in\"><p class=\"at\">%s</p><p class=\"msg\">%s</p></div></details>\n",
		w.files, esc(strings.ToLower(b.File+" error "+b.Message)), esc(place(b.File, b.Line)), esc(b.Message))
}

func (w *page) Warning(text string) { w.printf("<p>%s</p>\n", esc(text)) }

func (w *page) End(s *scenario.Summary) {
	word := "all well"
	if s.Bad() > 0 || s.Unusable > 0 || s.Interrupted {
		word = "not well"
	}
	w.printf("<header>\n<h1>hwlua run: %s</h1>\n<p class=\"big\">%s in %s: %s, %s</p>\n", word,
		phrase.Plural(s.Cases(), "case"), phrase.Plural(s.Files, "file"), strings.Join(counts(s), ", "), seconds(s.Elapsed))
	for _, l := range extras(s) {
		w.printf("<p>%s</p>\n", esc(l))
	}
	if w.left > 0 {
		w.printf("<p>%s without a timeline, or this page would be too large</p>\n", phrase.Plural(w.left, "case"))
	}
	var facts []string
	for _, p := range w.info.Properties {
		facts = append(facts, p.Name+" "+p.Value)
	}
	if w.info.Shard.Total > 1 {
		facts = append(facts, "shard "+w.info.Shard.String())
	}
	if w.info.Shuffled {
		facts = append(facts, fmt.Sprintf("shuffle %d", w.info.Seed))
	}
	if w.o.Command != "" {
		w.printf("<p><code>%s</code></p>\n", esc(w.o.Command))
	}
	if len(facts) > 0 {
		w.printf("<p>%s</p>\n", esc(strings.Join(facts, " · ")))
	}
	w.print("</header>\n<div id=\"tools\"><input type=\"search\" id=\"q\" placeholder=\"words of file, case, tag or status\" aria-label=\"filter\">" +
		"<label><input type=\"checkbox\" id=\"bad\"> not well only</label><span id=\"shown\"></span></div>\n<script>\n" + pageJS + "</script>\n</body>\n</html>\n")
}
