// Stacks below a record or in the kernel log.

package ftrace

import "bytes"

// A stack collects the functions that are printed below a line. Only stacks through the breakpoint code
// become records: those of the kernel log, and those below a line of the function tracer.
type stack struct {
	open bool   // lines of a stack may follow
	want bool   // it becomes a record
	base Record // who, where and when
	fns  []string
}

// start begins a stack below a record like base.
func (s *stack) start(base *Record, want bool) {
	s.open, s.want = true, want
	s.base = *base
	s.fns = s.fns[:0]
}

// stackLine returns the function in a line of a stack of tracefs or perf, and whether line is one.
//
//	 => hw_breakpoint_control
//		ffff800008031410 hw_breakpoint_control+0x0 ([kernel.kallsyms])
func stackLine(line []byte) (fn []byte, ok bool) {
	text := bytes.TrimLeft(line, " \t")
	if fn, ok := bytes.CutPrefix(text, []byte("=> ")); ok {
		fn, _ = token(fn)
		return function(fn), true
	}
	if len(line) == len(text) || len(text) < 10 {
		return nil, false
	}
	addr, rest := token(text)
	if _, ok := hexadecimal(addr); !ok || len(addr) < 8 {
		return nil, false
	}
	fn, _ = token(rest)
	return function(fn), bytes.HasSuffix(text, []byte(")"))
}

// function returns the name of "name+0x3c/0x284".
func function(b []byte) []byte {
	if i := bytes.IndexByte(b, '+'); i > 0 {
		return b[:i]
	}
	return b
}

// takeStack adds a line of a stack, and reports whether line is one.
func (r *Reader) takeStack(line []byte) bool {
	if len(line) < 3 || line[0] != ' ' && line[0] != '\t' && line[0] != '=' {
		return false
	}
	fn, ok := stackLine(line)
	if ok {
		r.addFn(fn)
	}
	return ok
}

// addFn adds a function to the stack that is open.
func (r *Reader) addFn(fn []byte) {
	if r.stack.open && r.stack.want && len(r.stack.fns) < maxStack {
		r.stack.fns = append(r.stack.fns, r.intern(fn))
	}
}

// endStack closes the stack and returns its record, or nil if the stack has none.
func (r *Reader) endStack() *Record {
	s := &r.stack
	wanted := s.open && s.want && len(s.fns) > 0
	s.open = false
	if !wanted {
		return nil
	}
	r.chain = s.base
	r.chain.Name, r.chain.Stack = Chain, s.fns
	r.records++
	r.forms[r.chain.Form]++
	return &r.chain
}
