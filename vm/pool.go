// A pool of runtimes: each Run finds one in its first state, without the cost of making it.

package vm

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// A Pool keeps up to n runtimes of one Config. It may be used by any number of goroutines.
type Pool struct {
	cfg   Config
	slots chan struct{} // one for each runtime in use
	mu    sync.Mutex
	idle  []*Runtime
	done  chan struct{}
	once  sync.Once
}

// NewPool returns a pool of at most n runtimes (at least one), which are made when they are needed.
// Runtimes that run at the same time write to Config's writers one write at a time. They also read
// Config.Stdin one read at a time, and further than their scripts ask for: which runtime gets which
// bytes is not determined, so pass input for a program as an argument.
func NewPool(cfg Config, n int) *Pool {
	n = max(n, 1)
	if n > 1 {
		var mu sync.Mutex
		if cfg.Stdout != nil {
			cfg.Stdout = &shared{mu: &mu, w: cfg.Stdout}
		}
		if cfg.Stderr != nil {
			cfg.Stderr = &shared{mu: &mu, w: cfg.Stderr}
		}
		if cfg.Stdin != nil {
			cfg.Stdin = &shared{mu: new(sync.Mutex), r: cfg.Stdin}
		}
	}
	return &Pool{cfg: cfg, slots: make(chan struct{}, n), done: make(chan struct{})}
}

// A shared reader or writer serves one call at a time.
type shared struct {
	mu *sync.Mutex
	r  io.Reader
	w  io.Writer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

func (s *shared) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Read(b)
}

// Run runs the program in a runtime in its first state. It waits while all are in use, until the
// context is done. Tables among the results, and in an Error, are copies that can be read
// afterwards, made within the run's limits; functions cannot be called any more.
func (p *Pool) Run(ctx context.Context, prog *Program, args ...any) ([]any, error) {
	switch {
	case ctx == nil || prog == nil || prog.chunk == nil:
		return nil, errors.New("vm: Run needs a context and a program")
	case p.done == nil:
		return nil, errors.New("vm: a Pool is made by NewPool")
	}
	select {
	case <-p.done:
		return nil, ErrClosed
	default:
	}
	select {
	case p.slots <- struct{}{}:
	case <-p.done:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	rt, err := p.take()
	if err != nil {
		return nil, err
	}
	returned := false
	defer func() {
		if !returned { // a Go function ended the goroutine
			rt.Close()
		}
	}()
	results, err := rt.Run(ctx, prog, args...)
	returned = true
	p.give(rt, err)
	return results, err
}

func (p *Pool) take() (*Runtime, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		rt := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return rt, nil
	}
	p.mu.Unlock()
	rt, err := New(p.cfg)
	if err != nil {
		return nil, err
	}
	rt.remain = rt.takePristine()
	return rt, nil
}

// give takes a runtime back, unless the run may have left it inconsistent.
func (p *Pool) give(rt *Runtime, err error) {
	var broken *PanicError
	if errors.As(err, &broken) || rt.reset() != nil {
		rt.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		rt.Close()
	default:
		p.idle = append(p.idle, rt)
	}
}

// Close closes the pool. Runs in progress end as usual; later ones fail with ErrClosed.
func (p *Pool) Close() error {
	p.once.Do(func() {
		if p.done != nil {
			close(p.done)
		}
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rt := range p.idle {
		rt.Close()
	}
	p.idle = nil
	return nil
}

// A pristine holds the first state of a runtime: every table that a script could change.
type pristine struct {
	tables    []tableState
	functions []*lua.LFunction
	closers   int
	roots     int
}

type tableState struct {
	t      *lua.LTable
	meta   lua.LValue
	array  []lua.LValue
	keys   []lua.LValue
	values []lua.LValue
}

// takePristine records everything that is reachable in a new runtime.
func (rt *Runtime) takePristine() *pristine {
	p := &pristine{closers: len(rt.closers), roots: len(rt.roots)}
	k := newMarker(rt)
	k.visit = func(v lua.LValue) {
		switch v := v.(type) {
		case *lua.LTable:
			p.tables = append(p.tables, stateOf(v))
		case *lua.LFunction:
			p.functions = append(p.functions, v)
		}
	}
	k.roots()
	k.run()
	return p
}

func stateOf(t *lua.LTable) tableState {
	v := viewTable(t)
	s := tableState{t: t, meta: v.Metatable, array: slices.Clone(v.array), keys: slices.Clone(v.keys)}
	for _, k := range s.keys {
		s.values = append(s.values, t.RawGetH(k))
	}
	return s
}

// reset restores the first state of the runtime. It fails if the runtime is busy or closed.
func (rt *Runtime) reset() error {
	if err := rt.enter(); err != nil {
		return err
	}
	defer rt.leave()
	p := rt.remain
	rt.life.Add(1)
	rt.handles = handles{}
	rt.end(p.closers)
	rt.roots = rt.roots[:p.roots]
	for i := range p.tables {
		p.tables[i].restore()
	}
	global := rt.main.G.Global
	for _, f := range p.functions {
		f.Env = global
	}
	rt.main.Env = global
	rt.main.SetTop(0)
	for _, th := range rt.pool {
		th.Env = global
	}
	for _, fn := range rt.resets {
		fn()
	}
	for i := range rt.modules {
		if m := &rt.modules[i]; m.value != nil && m.late {
			m.value, m.late = nil, false
		}
	}
	rt.resetLibs()
	clear(rt.objects)
	rt.origins = origins{}
	rt.refusals, rt.refusal = 0, nil
	rt.program = nil
	rt.resetMemory()
	return nil
}

// resetLibs restores what the library keeps outside of tables.
func (rt *Runtime) resetLibs() {
	rt.lib.random.seed(rt.cfg.Seed)
	rt.lib.numbers = numbering{}
	io := rt.lib.io
	io.input, io.output = io.first[0], io.first[1]
}

// restore restores the table. Most scripts leave a table alone or add some keys to it, which come
// last and are deleted.
func (s *tableState) restore() {
	t := viewTable(s.t)
	t.Metatable = s.meta
	if !slices.Equal(t.array, s.array) {
		t.array = slices.Clone(s.array)
	}
	n := len(s.keys)
	same := len(t.keys) >= n && len(t.keys) <= n+maxAdded
	for i := 0; same && i < n; i++ {
		same = t.keys[i] == s.keys[i]
	}
	if !same {
		t.strdict, t.dict = nil, nil
		t.keys, t.k2i = nil, nil
		if n > 0 {
			t.strdict = make(map[string]lua.LValue, n)
			t.keys = make([]lua.LValue, 0, n+8)
			t.k2i = make(map[lua.LValue]int, n+8)
		}
	} else if len(t.keys) > n {
		for _, k := range t.keys[n:] {
			delete(t.k2i, k)
			if name, ok := k.(lua.LString); ok {
				delete(t.strdict, string(name))
			} else {
				delete(t.dict, k)
			}
		}
		clear(t.keys[n:])
		t.keys = t.keys[:n]
	}
	for i, k := range s.keys {
		if !same || s.t.RawGetH(k) != s.values[i] {
			s.t.RawSetH(k, s.values[i])
		}
	}
}

// maxAdded is how many keys are deleted from a table one by one; if there are more, its maps are
// replaced, which also frees their memory.
const maxAdded = 64
