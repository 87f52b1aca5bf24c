// Loading a file into a runtime: the functions that it can call, and the cases that it has.

package scenario

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/vm"
)

// moduleName is the name under which the prelude requires our functions.
const moduleName = "hwlua.scenario"

// preludeName is the chunk name of the prelude. Failures do not show its frames.
const preludeName = "=scenario"

var (
	//go:embed prelude.lua
	preludeSource string

	//go:embed spies.lua
	spiesSource string
)

// Prelude returns the Lua source that makes the words of a scenario file of the functions of the module
// hwlua.scenario and of PreludeModules.
func Prelude() string { return preludeSource }

// PreludeModules returns the modules that the prelude requires besides hwlua.scenario.
func PreludeModules() []vm.Module {
	return []vm.Module{vm.AssertModule("hwlua.assert"), vm.ChunkModule("hwlua.spies", spies)}
}

var (
	prelude = sync.OnceValues(func() (*vm.Program, error) { return vm.Compile(preludeName, preludeSource) })
	spies   = sync.OnceValues(func() (*vm.Program, error) { return vm.Compile(preludeName, spiesSource) })
)

// A file is a source that was read and compiled, with its cases.
type file struct {
	src   *Source
	text  string
	head  Head
	prog  *vm.Program
	cases []*Case            // of all profiles, in order; Round is not set
	known map[string]*Result // by profile, of a file that is one case: loading it ran it
}

// stem returns the name of the case that a whole file is.
func stem(p string) string { return strings.TrimSuffix(path.Base(p), Ext) }

// open reads and compiles a source. The error is a *UsageError.
func open(src *Source) (*file, error) {
	b, err := src.Read()
	if err != nil {
		return nil, err
	}
	f := &file{src: src, text: string(b)}
	if f.head, err = ParseHead(src.Path, f.text); err != nil {
		return nil, err
	}
	if f.prog, err = vm.Compile(src.Path, f.text); err != nil {
		u := &UsageError{Path: src.Path, Message: bare(err), Err: err}
		if e, ok := errors.AsType[*vm.Error](err); ok {
			u.Line = e.Line
		}
		return nil, u
	}
	return f, nil
}

// empty reports whether the file holds nothing but comments.
func (f *file) empty() bool {
	for range vm.Tokens(f.text) {
		return false
	}
	return true
}

// bare returns the text of an error without the position before it.
func bare(err error) string {
	e, ok := errors.AsType[*vm.Error](err)
	switch {
	case !ok:
		return err.Error()
	case e.Script != "" && e.Line > 0:
		return strings.TrimPrefix(e.Message, Place(e.Script, e.Line)+": ")
	}
	return e.Message
}

// line returns the text of a line of the file, from 1.
func (f *file) line(n int) string { return lineOfText(f.text, n) }

func lineOfText(text string, n int) string {
	i := 0
	for l := range strings.Lines(text) {
		if i++; i == n {
			return strings.TrimRight(l, "\r\n")
		}
	}
	return ""
}

// A block is a describe or a case, or the whole file.
type block struct {
	name        string
	fn          *vm.Function // nil: of a pending case
	first, last int          // the lines of fn
	isCase      bool
	args        []any                     // of a case
	explored    bool                      // a case that is run once for each order
	nodes       []*block                  // of a describe
	prepare     []*vm.Function            // of a describe: called before fn
	hooks       map[string][]*vm.Function // by the word that adds them: setup, before_each, ...
	passed      bool                      // the walk has passed a case inside
	entered     bool                      // setup was called
	failed      error                     // what it raised
}

// A session is one file in one runtime.
type session struct {
	file     *file
	rt       *vm.Runtime
	out      capped
	at       *block       // what describe and it add to
	running  bool         // a case runs, so that describe and it are not allowed
	finally  *vm.Function // to call at the end of the running case
	soft     []*Failure
	found    *vm.Exploration     // the last one
	many     bool                // the case itself is run in many orders
	look     func(bad bool) Look // inspects the machines; may be nil
	modules  []vm.Module
	explorer *vm.Function // of the prelude: explores a case
	onFailed func()       // see Environment.Failed
	snaps    *snapshots   // nil if snapshots are not allowed
	caseOf   *Case
	errno    func(error) string
}

// errPending is raised by pending() inside a case.
type errPending struct{ why string }

func (e *errPending) Error() string { return "pending: " + e.why }

// errPlace reports a call where it is not allowed.
type errPlace struct{ text string }

func (e *errPlace) Error() string { return e.text }

// newSession returns a runtime for the file with the functions of scenarios in it.
func newSession(f *file, o *Options, env Environment, seed uint64) (*session, error) {
	s := &session{file: f, errno: o.Errno, at: &block{first: 1, last: 1 << 30}}
	modules := slices.Concat(o.Modules, env.Modules, []vm.Module{s.module()}, PreludeModules())
	if env.Seed != nil {
		seed = *env.Seed
	}
	s.modules = modules
	rt, err := vm.New(vm.Config{
		Stdout: &s.out, Stderr: &s.out, Modules: modules,
		Scripts: f.src.Folder(), ScriptsPath: f.src.FolderPath(),
		Limits: o.Limits, Allow: o.Allow, Seed: seed, Args: []string{f.src.Path},
	})
	if err != nil {
		return nil, err
	}
	s.rt = rt
	rt.OnExplored(func(x *vm.Exploration) { s.found = x })
	p, err := prelude()
	if err == nil {
		_, err = rt.Run(context.Background(), p)
	}
	if err != nil {
		rt.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() { s.rt.Close() }

// module returns the functions that the prelude makes global.
func (s *session) module() vm.Module {
	m := vm.Module{Name: moduleName, Funcs: map[string]any{
		"describe": s.describe, "it": s.it, "pending": s.pending, "finally": s.atEnd, "snapshot": s.snapshot,
		"explored": s.explored,
		"explorer": func(fn *vm.Function) { s.explorer = fn },
		"explores": s.explores,
	}}
	for _, word := range []string{
		"setup", "lazy_setup", "lazy_teardown", "teardown", "before_each", "after_each", "left",
	} {
		m.Funcs[word] = func(fn *vm.Function) error {
			if s.running {
				const hint = " called inside a case; call it in a describe or at the top of the file"
				return &errPlace{word + hint}
			}
			if s.at.hooks == nil {
				s.at.hooks = map[string][]*vm.Function{}
			}
			s.at.hooks[word] = append(s.at.hooks[word], fn)
			return nil
		}
	}
	return m
}

// describe adds a block. The functions first are called before fn, in the block.
func (s *session) describe(name string, fn *vm.Function, first ...*vm.Function) error {
	if s.running {
		return &errPlace{fmt.Sprintf("describe '%s' called inside a case", name)}
	}
	s.add(&block{name: name, fn: fn, prepare: first})
	return nil
}

// add adds a node to the running describe.
func (s *session) add(b *block) {
	if b.fn != nil {
		_, b.first, b.last = b.fn.Defined()
	}
	s.at.nodes = append(s.at.nodes, b)
}

// it adds a case.
func (s *session) it(name string, fn *vm.Function, args ...any) error {
	if s.running {
		return &errPlace{fmt.Sprintf("it '%s' called inside another case", name)}
	}
	s.add(&block{name: name, fn: fn, args: args, isCase: true})
	return nil
}

// explored adds a case that is run once for each order of its steps.
func (s *session) explored(name string, fn *vm.Function, options any) error {
	if s.running {
		return &errPlace{fmt.Sprintf("it.explore '%s' called inside another case", name)}
	}
	s.add(&block{name: name, fn: fn, args: []any{options}, isCase: true, explored: true})
	return nil
}

// explores returns the module that explores and the name of its function for that, "" without one.
func (s *session) explores() (module, function string) {
	for _, m := range s.modules {
		if m.Explore != "" {
			return m.Name, m.Explore
		}
	}
	return "", ""
}

// pending adds a case that is not written yet. Called inside a case it ends that case.
func (s *session) pending(name string, line int) error {
	if s.running {
		return &errPending{name}
	}
	s.add(&block{name: name, first: line, last: line, isCase: true})
	return nil
}

// atEnd sets the function that runs after the case, even if the case fails. The last call wins.
func (s *session) atEnd(fn *vm.Function) error {
	if !s.running {
		return &errPlace{"finally called outside a case"}
	}
	s.finally = fn
	return nil
}

// load runs the file once. A describe is recorded, and called by walk.
func (s *session) load(ctx context.Context) error {
	_, err := s.rt.Run(ctx, s.file.prog)
	return err
}

// enter calls the setup functions of b, if it has not yet, and returns what they raised.
func (s *session) enter(ctx context.Context, b *block) error {
	if !b.entered {
		b.entered = true
		b.failed = s.call(ctx, b.hooks["setup"])
	}
	return b.failed
}

// call calls functions until one raises.
func (s *session) call(ctx context.Context, fns []*vm.Function) error {
	for _, fn := range fns {
		if _, err := s.rt.Call(ctx, fn); err != nil {
			return err
		}
	}
	return nil
}

// open calls a describe below the blocks of path. As in busted, their setup comes first; each case
// reports for itself if it fails. In busted the cases before b have run by then, and b may use what their
// before_each left behind: if b raises, it is called again after before_each.
func (s *session) open(ctx context.Context, path []*block, b *block) error {
	for _, outer := range path {
		if s.enter(ctx, outer) != nil {
			break
		}
	}
	s.at = b
	body := append(slices.Clip(b.prepare), b.fn)
	err := s.call(ctx, body)
	if err == nil || ended(err) {
		return err
	}
	for _, outer := range path {
		if outer.passed && s.call(ctx, outer.hooks["before_each"]) != nil {
			return err
		}
	}
	b.nodes, b.hooks = nil, nil
	if s.call(ctx, body) != nil {
		return err
	}
	return nil
}

// leave undoes a describe whose cases are not wanted. What it raises is reported by the cases.
func (s *session) leave(ctx context.Context, b *block) error {
	if b.entered {
		s.call(ctx, b.hooks["teardown"])
	}
	return s.call(ctx, b.hooks["left"])
}

// walk opens the describes below b in order and passes each case to visit with its blocks,
// outermost first. It stops and returns false if visit does.
func (s *session) walk(
	ctx context.Context, b *block, path []*block, visit func([]*block, *block) bool,
) (more bool, err error) {
	path = append(path, b)
	for _, n := range b.nodes {
		if n.isCase {
			for _, outer := range path {
				outer.passed = true
			}
			if !visit(path, n) {
				return false, nil
			}
			continue
		}
		if err := s.open(ctx, path, n); err != nil {
			return false, err
		}
		if more, err := s.walk(ctx, n, path, visit); !more || err != nil {
			return false, err
		}
		if err := s.leave(ctx, n); err != nil {
			return false, err
		}
	}
	return true, nil
}

// collect returns the cases of the file. A file without any has been run as a case by loading it.
func (s *session) collect(ctx context.Context) ([]*Case, error) {
	err := s.load(ctx)
	root := s.at
	if err != nil || len(root.nodes) == 0 {
		return nil, err
	}
	var cases []*Case
	_, err = s.walk(ctx, root, nil, func(blocks []*block, c *block) bool {
		var names []string
		var around [][2]int
		for _, b := range blocks[1:] {
			names = append(names, b.name)
			around = append(around, [2]int{b.first, b.last})
		}
		names = append(names, c.name)
		cases = append(cases, &Case{
			File: s.file.src.Path, Path: names,
			Needs: s.file.head.Needs, Tags: tagsOf(s.file.head.Tags, names),
			Line: c.first, LastLine: c.last, Index: len(cases), around: around,
		})
		return true
	})
	if err == nil && len(cases) == 0 {
		err = &errPending{"describe without a case (it)"}
	}
	return cases, err
}

// find walks to the case with the index of want.
func (s *session) find(ctx context.Context, want *Case) ([]*block, *block, error) {
	if err := s.load(ctx); err != nil {
		return nil, nil, err
	}
	var blocks []*block
	var found *block
	n := 0
	_, err := s.walk(ctx, s.at, nil, func(path []*block, c *block) bool {
		if n == want.Index {
			blocks, found = slices.Clone(path), c
		}
		n++
		return found == nil
	})
	if err != nil {
		return nil, nil, err
	}
	if found == nil || found.name != want.Path[len(want.Path)-1] {
		const format = "the file has different cases each time it is loaded: '%s' is missing now"
		return nil, nil, fmt.Errorf(format, want.Name())
	}
	return blocks, found, nil
}

// tagsOf returns the tags of the head of a file and the #words of names.
func tagsOf(tags, names []string) []string {
	for _, n := range names {
		for i := strings.IndexByte(n, '#'); i >= 0; i = strings.IndexByte(n, '#') {
			n = n[i+1:]
			end := strings.IndexFunc(n, func(r rune) bool { return r == ' ' || r == '\t' || r == '#' })
			if end < 0 {
				end = len(n)
			}
			if tag := n[:end]; tag != "" && !slices.Contains(tags, tag) {
				tags = append(slices.Clip(tags), tag)
			}
			n = n[end:]
		}
	}
	return tags
}

// capped keeps the first OutputLimit bytes written to it.
type capped struct {
	buf  bytes.Buffer
	lost int
	off  bool // what is written is dropped
}

func (c *capped) Write(b []byte) (int, error) {
	if c.off {
		return len(b), nil
	}
	keep := min(len(b), OutputLimit-c.buf.Len())
	c.buf.Write(b[:keep])
	c.lost += len(b) - keep
	return len(b), nil
}

func (c *capped) String() string {
	if c.lost > 0 {
		return fmt.Sprintf("%s\n... %d more bytes were printed\n", c.buf.String(), c.lost)
	}
	return c.buf.String()
}
