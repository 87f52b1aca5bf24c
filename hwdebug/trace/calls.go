// The nesting of entries, for the writers that show where a call ends.

package trace

import "iter"

// A call is an entry, or one of the callers in an entry's Via.
type call struct {
	e      *Entry
	caller bool // a name of e.Via, without arguments and result
	name   string
	thread thread
	depth  int
	last   int // the index of the last call inside it, or its own
}

// result returns " = -ENOSPC", " = ?" or "".
func (c *call) result() string {
	if c.caller {
		return ""
	}
	return string(c.e.appendResult(nil))
}

// calls returns the calls of entries in order, each with its end, and the points between them.
func calls(entries iter.Seq[Entry]) []call {
	var all []call
	open := map[thread][]int{}
	add := func(c call) {
		stack := open[c.thread]
		for n := len(stack); n > 0 && all[stack[n-1]].depth >= c.depth; n = len(stack) {
			stack = stack[:n-1]
		}
		i := len(all)
		for _, outer := range stack {
			all[outer].last = i
		}
		c.last = i
		all = append(all, c)
		open[c.thread] = append(stack, i)
	}
	for e := range entries {
		if e.Point != nil {
			all = append(all, call{e: &e, thread: e.thread(), last: len(all)})
			continue
		}
		th, base := e.thread(), e.base()
		for k, name := range e.Via {
			add(call{e: &e, caller: true, name: name, thread: th, depth: base + k})
		}
		add(call{e: &e, name: e.Fn, thread: th, depth: e.Depth})
	}
	return all
}
