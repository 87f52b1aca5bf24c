// A pool of runtimes: each Run finds one that is as new, without the cost of making it.

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

// NewPool makes a pool of at most n runtimes (at least one). They are made when they are needed.
// Runtimes that run at the same time write to Config's writers one write at a time. They read Config.Stdin one read at a
// time as well, each ahead of what its scripts ask for: which of them finds what is not determined, and what is meant for
// one program is better an argument.
func NewPool(cfg Config, n int) *Pool {
	n = max(n, 1)
	if n > 1 {
		var mu sync.Mutex
		if cfg.Stdout != nil {
			cfg.Stdout = &sharedWriter{&mu, cfg.Stdout}
		}
		if cfg.Stderr != nil {
			cfg.Stderr = &sharedWriter{&mu, cfg.Stderr}
		}
		if cfg.Stdin != nil {
			cfg.Stdin = &sharedReader{r: cfg.Stdin}
		}
	}
	return &Pool{cfg: cfg, slots: make(chan struct{}, n), done: make(chan struct{})}
}

type sharedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (s *sharedWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

type sharedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (s *sharedReader) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Read(b)
}

// Run runs the program in a runtime that is as new. It waits while all are in use, until the context is done.
// Tables among the results, and in an Error, are copies that may be read afterwards, made within the run's limits; functions
// cannot be called any more.
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
	// A Go function may end the goroutine.
	ended := true
	defer func() {
		if ended {
			rt.Close()
		}
	}()
	results, err := rt.Run(ctx, prog, args...)
	ended = false
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

// give takes a runtime back, unless what happened in it may have left it in pieces.
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

// Close closes the pool. Runs that are going on end as usual; later ones fail with ErrClosed.
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

// pristine is what a new runtime looks like: every table that a script could change.
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

// takePristine notes everything that is reachable in a new runtime.
func (rt *Runtime) takePristine() *pristine {
	p := &pristine{closers: len(rt.closers), roots: len(rt.roots)}
	seen := map[any]bool{}
	var walk func(v lua.LValue)
	walk = func(v lua.LValue) {
		switch v := v.(type) {
		case *lua.LTable:
			if v == nil || seen[v] {
				return
			}
			seen[v] = true
			t := viewTable(v)
			s := tableState{t: v, meta: t.Metatable, array: slices.Clone(t.array), keys: slices.Clone(t.keys)}
			for _, k := range s.keys {
				s.values = append(s.values, v.RawGetH(k))
			}
			p.tables = append(p.tables, s)
			for i, k := range s.keys {
				walk(k)
				walk(s.values[i])
			}
			for _, x := range s.array {
				walk(x)
			}
			walk(s.meta)
		case *lua.LFunction:
			if v == nil || seen[v] {
				return
			}
			seen[v] = true
			p.functions = append(p.functions, v)
			for _, uv := range v.Upvalues {
				if uv != nil {
					walk(uv.Value())
				}
			}
		case *lua.LUserData:
			if v == nil || seen[v] {
				return
			}
			seen[v] = true
			walk(v.Metatable)
		}
	}
	walk(rt.main.G.Global)
	walk(rt.main.G.Registry)
	walk(rt.main.GetMetatable(lua.LString("")))
	for _, t := range []*lua.LTable{rt.lib.loaded, rt.lib.preload, rt.lib.pkg} {
		if t != nil {
			walk(t)
		}
	}
	return p
}

// reset makes the runtime as new. It fails when that cannot be done.
func (rt *Runtime) reset() error {
	if err := rt.enter(); err != nil {
		return err
	}
	defer rt.leave()
	p := rt.remain
	rt.life.Add(1)
	rt.meter.fatal = nil
	rt.meter.stop.Store(false)
	rt.meter.left = unlimited
	rt.killCoroutines()
	rt.closeFiles()
	for i := len(rt.closers) - 1; i >= p.closers; i-- {
		rt.closers[i]()
	}
	rt.closers = rt.closers[:p.closers]
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
	rt.objects = nil
	rt.shown, rt.shownNext = nil, 0
	rt.program = nil
	rt.meter.mem = 0
	rt.meter.memStop = unlimited
	if rt.cfg.Limits.Memory > 0 {
		rt.meter.memStop = rt.cfg.Limits.Memory
	}
	return nil
}

// resetLibs puts back what the library keeps outside of tables.
func (rt *Runtime) resetLibs() {
	rt.lib.random.seed(rt.cfg.Seed)
	rt.lib.numbers = numbering{}
	io := rt.lib.io
	io.input.Value, io.output.Value = io.stdin, io.stdout
}

// restore puts the table back.
func (s *tableState) restore() {
	t := viewTable(s.t)
	t.Metatable = s.meta
	if !slices.Equal(t.array, s.array) {
		t.array = slices.Clone(s.array)
	}
	// Most scripts leave a table alone or add some keys to it. Those come last.
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

// maxAdded is how many keys are taken out of a table one by one; beyond that its maps are made anew, which gives
// their memory back as well.
const maxAdded = 64
