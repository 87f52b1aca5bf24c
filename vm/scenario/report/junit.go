// junit: XML for CI systems, a testsuite for each file, valid by the schema of Jenkins.

package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm/scenario"
)

type junit struct {
	*out
	o     Options
	props []xmlProperty
	suite *xmlSuite
	spent time.Duration
	id    int
	held  string // warnings about the next file
}

type xmlProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type xmlSuite struct {
	XMLName    xml.Name      `xml:"testsuite"`
	Name       string        `xml:"name,attr"`
	ID         int           `xml:"id,attr"`
	Package    string        `xml:"package,attr"`
	Tests      int           `xml:"tests,attr"`
	Failures   int           `xml:"failures,attr"`
	Errors     int           `xml:"errors,attr"`
	Skipped    int           `xml:"skipped,attr"`
	Time       string        `xml:"time,attr"`
	Timestamp  string        `xml:"timestamp,attr"`
	Hostname   string        `xml:"hostname,attr"`
	Properties []xmlProperty `xml:"properties>property,omitempty"`
	Cases      []xmlCase     `xml:"testcase"`
	SystemErr  string        `xml:"system-err,omitempty"`
}

type xmlCase struct {
	Name      string      `xml:"name,attr"`
	Classname string      `xml:"classname,attr"`
	Time      string      `xml:"time,attr"`
	Skipped   *xmlSkipped `xml:"skipped"`
	Error     *xmlFault   `xml:"error"`
	Failure   *xmlFault   `xml:"failure"`
	Flaky     *xmlFault   `xml:"flakyFailure"` // as Maven's surefire writes it
	SystemOut string      `xml:"system-out,omitempty"`
}

type xmlSkipped struct {
	Message string `xml:"message,attr,omitempty"`
}

type xmlFault struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func newJUnit(w *out, o Options) Writer {
	if o.Host == "" {
		o.Host = "localhost"
	}
	return &junit{out: w, o: o}
}

func (w *junit) Begin(i scenario.Info) {
	for _, p := range facts(i) {
		w.props = append(w.props, xmlProperty{p.Name, clean(p.Value)})
	}
	w.print(xml.Header + "<testsuites>\n")
}

// open begins the suite of a file, unless it has begun.
func (w *junit) open(file string, at time.Time) {
	if w.suite != nil && w.suite.Name == clean(file) {
		return
	}
	w.flush()
	w.suite = &xmlSuite{
		SystemErr: w.held,
		Name:      clean(file), ID: w.id, Package: "hwlua", Hostname: w.o.Host, Properties: w.props,
		Timestamp: at.UTC().Format("2006-01-02T15:04:05"),
	}
	w.held = ""
	w.id++
}

func (w *junit) flush() {
	if w.suite == nil {
		return
	}
	w.suite.Time = fmt.Sprintf("%.3f", w.spent.Seconds())
	b, err := xml.MarshalIndent(w.suite, "  ", "  ")
	if err != nil && w.err == nil {
		w.err = err
	}
	// People read these files too, so newlines in text stay newlines.
	b = bytes.ReplaceAll(b, []byte("&#xA;"), []byte("\n"))
	w.write(append(b, '\n'))
	w.suite, w.spent = nil, 0
}

// Case adds a case to the suite of its file.
func (w *junit) Case(r *scenario.Result) {
	w.open(r.Case.File, r.Start)
	s := w.suite
	s.Tests++
	w.spent += r.Elapsed
	c := xmlCase{
		Name:      clean(r.Case.Name()) + round(r.Case),
		Classname: className(r.Case.File),
		Time:      fmt.Sprintf("%.3f", r.Elapsed.Seconds()),
		SystemOut: clean(r.Output),
	}
	fault := func() *xmlFault {
		kind := r.Status.String()
		if f := r.Cause(); f != nil {
			kind = f.Kind
		}
		return &xmlFault{Type: kind, Message: clean(headline(r)), Text: "\n" + clean(whole(r))}
	}
	if f := r.Flaky; f != nil {
		c.Flaky = &xmlFault{Type: f.Kind, Message: clean(flaky(r)), Text: "\n" + clean(f.String()) + "\n"}
	}
	switch r.Status {
	case scenario.Failed:
		s.Failures++
		c.Failure = fault()
	case scenario.Errored, scenario.Interrupted:
		s.Errors++
		c.Error = fault()
	case scenario.Skipped, scenario.Pending:
		s.Skipped++
		c.Skipped = &xmlSkipped{clean(r.Why())}
	}
	s.Cases = append(s.Cases, c)
}

// className returns the file as a dotted name, from which readers build trees.
func className(file string) string {
	name := strings.TrimSuffix(clean(file), scenario.Ext)
	return strings.ReplaceAll(strings.TrimLeft(name, "./"), "/", ".")
}

func (w *junit) Broken(b *scenario.Broken) {
	w.open(b.File, time.Unix(0, 0))
	w.suite.Tests++
	w.suite.Errors++
	w.suite.Cases = append(w.suite.Cases, xmlCase{
		Name: "(the file)", Classname: className(b.File), Time: "0.000",
		Error: &xmlFault{
			Type: "load", Message: clean(b.Message),
			Text: "\n" + clean(scenario.Place(b.File, b.Line)+": "+b.Message) + "\n",
		},
	})
}

func (w *junit) Warning(text string) { w.held += clean(text) + "\n" }

func (w *junit) End(s *scenario.Summary) {
	if w.suite != nil {
		w.suite.SystemErr += w.held
	}
	w.flush()
	w.print("</testsuites>\n")
}
