// Reading events: read_format, and what a read returns.

package bindings

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// ioctlOptions are the options of ev:enable and ev:disable.
type ioctlOptions struct{ group bool }

// execveOptions are the options of t:execve.
type execveOptions struct{ compat bool }

// A values is what a read returned, and what read_format asked for.
type values struct {
	sim.Values
	format hwdebug.ReadFormat
}

func (v values) asked(f hwdebug.ReadFormat) bool { return v.format&f != 0 }

// setFreq reads the flag freq, or a frequency.
func setFreq(v value, a *attr) {
	if b, ok := v.v.(lua.LBool); ok {
		a.Freq = bool(b)
		return
	}
	if v.v.Type() != lua.LTNumber && !isU64(v.v) {
		v.wrong()
	}
	a.Freq, a.SamplePeriod = true, v.u64()
}

// readFormat reads a list of words, or one word.
func (v value) readFormat() (f hwdebug.ReadFormat) {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		return word(v, formatWords)
	}
	for i := 1; i <= t.Len(); i++ {
		e := v
		if e.v = t.RawGetInt(i); e.v.Type() != lua.LTString {
			v.c.bad(fmt.Errorf("element %d: %w", i, expected("string", e.v)))
		}
		f |= word(e, formatWords)
	}
	return f
}

// showFormat returns read_format as a list of words.
func showFormat(rt *runtime, m *machine, a attr) lua.LValue {
	words := []string{}
	for _, w := range formatWords {
		if a.ReadFormat&w.value != 0 {
			words = append(words, w.text)
		}
	}
	return showTexts(rt, m, words)
}

// showGroup returns the counts of a group as a list of pairs, whose parts have names and numbers.
func showGroup(rt *runtime, m *machine, v values) lua.LValue {
	if !v.asked(hwdebug.ReadGroup) {
		return lua.LNil
	}
	return list(rt, m, v.Counts, func(rt *runtime, m *machine, c sim.GroupCount) lua.LValue {
		pair := rt.table(m, "group_count", &c).(*lua.LTable)
		pair.RawSetInt(1, pair.RawGetString("ev"))
		pair.RawSetInt(2, pair.RawGetString("count"))
		return pair
	})
}

// readValues performs ev:read_values.
func readValues(c *call, ev *sim.Event) int {
	v, ok, err := ev.ReadValues()
	switch {
	case err != nil:
		return c.done(err)
	case !ok:
		c.L.Push(lua.LNil)
		c.value(lua.LString(ev.Label() + " is in the error state, in which a read returns 0 bytes"))
		return 2
	}
	return c.value(c.rt.table(c.m, "event_values", &values{v, ev.Attr().ReadFormat}))
}
