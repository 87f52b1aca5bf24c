package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

// Whatever scripts put into names, messages and output, every form stays what it is.
func FuzzWriters(f *testing.F) {
	f.Add("a name", "a message", "printed\n", "reason")
	f.Add("# SKIP \\ \n", "]]> <!-- & \x00\xff", "\x1b[31m\r\n::error::x", "Bail out!\n1..0")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, name, message, output, reason string) {
		for _, format := range report.Formats() {
			var b bytes.Buffer
			w, err := report.New(format, &b, report.Options{Verbose: true, Summary: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			c := &scenario.Case{File: "a.lua", Path: []string{name}, Line: 1}
			w.Begin(scenario.Info{Properties: []scenario.Property{{Name: "p", Value: reason}}})
			w.Case(&scenario.Result{Case: c, Output: output})
			w.Case(&scenario.Result{
				Case: c, Status: scenario.Failed, Output: output, Repro: reason,
				Failures: []*scenario.Failure{{
					Kind: "assertion", Message: message, File: "a.lua", Line: 2, Source: output,
					Comparison: vm.Comparison{
						Expected: vm.Side{Words: message},
						Found:    vm.Side{Value: &vm.Tree{Text: output, IsString: true, Size: len(output)}},
						Details:  []vm.Detail{{Path: reason, Found: vm.Side{Words: reason}}},
						Registers: []vm.RegisterDiff{{
							CPU: output, Name: name,
							Expected: uint64(len(message)), Found: uint64(len(output)),
							Fields: []vm.FieldDiff{{Name: name, Expected: message, Found: output}},
						}},
					},
				}},
			})
			w.Case(&scenario.Result{Case: c, Status: scenario.Skipped, Reason: reason})
			w.Broken(&scenario.Broken{File: "b.lua", Message: message})
			w.Warning(output)
			w.End(&scenario.Summary{Files: 1})
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
			text := b.String()
			if !utf8.ValidString(text) {
				t.Fatalf("%s is not UTF-8: %q", format, text)
			}
			switch format {
			case "junit":
				dec := xml.NewDecoder(strings.NewReader(text))
				for {
					if _, err := dec.Token(); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("junit: %v in %q", err, text)
					}
				}
			case "json":
				for l := range strings.Lines(text) {
					if !json.Valid([]byte(l)) {
						t.Fatalf("json: %q", l)
					}
				}
			case "tap":
				if points(text) != 4 {
					t.Fatalf("tap: %d points in %q", points(text), text)
				}
			case "github":
				for l := range strings.Lines(text) {
					if !strings.HasPrefix(l, "::") {
						t.Fatalf("github: %q", l)
					}
				}
				if n := strings.Count(text, "\n"); n != 4 {
					t.Fatalf("github: %d lines in %q", n, text)
				}
			case "html":
				if strings.Count(text, "<details") != 4 || strings.Count(text, "<script>") != 1 {
					t.Fatalf("html: %q", text)
				}
			case "pretty":
				if strings.ContainsAny(text, "\x1b\x00\r") {
					t.Fatalf("pretty: %q", text)
				}
			}
		}
	})
}

// points counts the results of a TAP stream as its readers do: lines that begin with ok or not ok.
func points(text string) int {
	n := 0
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "ok ") || strings.HasPrefix(l, "not ok ") {
			n++
		}
		if strings.HasPrefix(l, "Bail out!") {
			return -1
		}
	}
	return n
}
