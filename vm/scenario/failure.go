// Failures: the errors that end cases, and failed checks, with what explains them.

package scenario

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// failure describes err, which ended the case or a hook after it.
func (s *session) failure(err error) *Failure {
	f := &Failure{Kind: "error", Message: bare(err)}
	e, scripted := errors.AsType[*vm.Error](err)
	for scripted && ours(e.Script) { // a function that the prelude called may have said where it failed
		inner, ok := errors.AsType[*vm.Error](errors.Unwrap(e))
		if !ok {
			break
		}
		e, f.Message = inner, bare(inner)
	}
	if scripted {
		f.File, f.Line, f.Frames = e.Script, e.Line, theirs(e.Frames)
		f.outside()
	}
	p, panicked := errors.AsType[*vm.PanicError](err)
	a, asserted := errors.AsType[*vm.Failure](err)
	snap, differs := errors.AsType[*snapMismatch](err)
	place, misplaced := errors.AsType[*errPlace](err)
	switch {
	case panicked:
		f.Kind = "panic"
		const format = "Go code called by the scenario panicked, which is not the scenario's fault: %v"
		f.Message = fmt.Sprintf(format, p.Value)
		f.Frames = theirs(p.Frames)
		f.Notes = append(f.Notes, goStack(p.Stack))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		f.Kind = "timeout"
	case errors.Is(err, vm.ErrSteps), errors.Is(err, vm.ErrMemory):
		f.Kind = "limit"
	case differs:
		f.Kind, f.Message = "assertion", snap.Error()
		f.Expected.Words, f.Found.Words = snap.want, snap.got
	case misplaced:
		f.Message = place.text
	case asserted:
		s.assertion(f, a)
	}
	if s.errno != nil {
		f.Errno = s.errno(err)
	}
	if s.found != nil && s.found.Failed {
		schedule := s.found.Schedule
		if f.Schedule = &schedule; s.many {
			schedule.Failure = "" // it is the message of f
		}
	}
	s.place(f)
	if scripted && f.Kind == "error" && f.File == e.Script && f.Line == e.Line && e.Column > 0 {
		f.Column = e.Column + (len(tab)-1)*strings.Count(e.Source[:e.Column-1], "\t")
	}
	return f
}

// goStack returns the stack of a Go panic as a note.
func goStack(stack string) Paragraph {
	return Paragraph{"Go stack", strings.Split(strings.TrimRight(stack, "\n"), "\n")}
}

// check records a failed check.*, after which the case continues.
func (s *session) check(a *vm.Failure) {
	f := &Failure{Kind: "assertion", Soft: true}
	s.assertion(f, a)
	s.place(f)
	s.soft = append(s.soft, f)
}

// assertion copies what a failed assertion reports into f.
func (s *session) assertion(f *Failure, a *vm.Failure) {
	f.Kind = "assertion"
	if a.Script != "" && a.Line > 0 && !ours(a.Script) {
		f.File, f.Line = a.Script, a.Line
	}
	f.Comparison = a.Comparison
	table := "assert"
	if f.Soft {
		table = "check"
	}
	f.Message = a.Headline(table)
}

// tab replaces a tab in the source lines of failures.
const tab = "    "

// place sets the source line, from the scenario file or from one that it required.
func (s *session) place(f *Failure) {
	if f.Line <= 0 || f.File == "" {
		return
	}
	text := ""
	if f.File == s.file.src.Path {
		text = s.file.text
	} else if folder := s.file.src.Folder(); folder != nil {
		b, _ := fs.ReadFile(folder, s.file.src.required(f.File)) // "" if it is not there
		text = string(b)
	}
	f.Source = strings.TrimRight(strings.ReplaceAll(lineOfText(text, f.Line), "\t", tab), " ")
}

// theirs returns the frames that are not the prelude's.
func theirs(frames []vm.Frame) []vm.Frame {
	return slices.DeleteFunc(slices.Clone(frames), func(f vm.Frame) bool { return ours(f.File) })
}

// ours reports whether the chunk is the prelude.
func ours(chunk string) bool { return chunk == preludeName }

// outside moves a failure that the prelude raised to the line of the script that called it.
func (f *Failure) outside() {
	if !ours(f.File) {
		return
	}
	f.File, f.Line = "", 0
	if i := slices.IndexFunc(f.Frames, func(f vm.Frame) bool { return f.File != "" }); i >= 0 {
		f.File, f.Line = f.Frames[i].File, f.Frames[i].Line
	}
}

// String formats the failure as plain text.
func (f *Failure) String() string { return strings.Join(f.Lines(vm.Style{}), "\n") }

// Lines formats the failure, without the name of its case, for all reports of text.
func (f *Failure) Lines(style vm.Style) []string {
	lines := f.position(style)
	for l := range strings.Lines(f.Message) {
		lines = append(lines, style.Paint("bold", strings.TrimRight(l, "\n")))
	}
	lines = append(lines, f.Comparison.Lines(style)...)
	for _, n := range f.AllNotes() {
		lines = append(lines, n.Text()...)
	}
	return lines
}

// position formats the position and the source line.
func (f *Failure) position(style vm.Style) (lines []string) {
	if f.File != "" {
		at := Place(f.File, f.Line)
		if f.Soft {
			at += " (check: the case continued)"
		}
		lines = append(lines, style.Paint("dim", at))
	}
	return append(lines, f.SourceLines(style)...)
}

// SourceLines returns the numbered source line and, below it, a caret at the column, or nil if the line is
// unknown.
func (f *Failure) SourceLines(style vm.Style) []string {
	if f.Source == "" {
		return nil
	}
	number := fmt.Sprintf("%5d |", f.Line)
	lines := []string{style.Paint("dim", number) + " " + f.Source}
	if f.Column > 0 {
		column := len(number+" ") + phrase.Width(f.Source[:f.Column-1])
		lines = append(lines, strings.Repeat(" ", column)+"^")
	}
	return lines
}

// AllNotes returns the notes, after the Lua stack if that tells more than the position does, and before the
// schedule.
func (f *Failure) AllNotes() []Paragraph {
	notes := f.OtherNotes()
	if s := f.Schedule; s != nil {
		notes = append(notes, Paragraph{s.Title(), slices.Concat(s.Lines, s.Below())})
	}
	return notes
}

// OtherNotes returns the notes without the schedule.
func (f *Failure) OtherNotes() []Paragraph {
	lua := 0
	for _, frame := range f.Frames {
		if frame.File != "" {
			lua++
		}
	}
	if f.Kind == "assertion" || lua < 2 && f.Kind != "panic" {
		return slices.Clip(f.Notes)
	}
	stack := Paragraph{Title: "Lua stack, innermost first", Lines: vm.TraceLines(f.Frames)}
	return append([]Paragraph{stack}, f.Notes...)
}

// Place returns "file.lua:12", or the file alone if the line is unknown.
func Place(file string, line int) string {
	if line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
