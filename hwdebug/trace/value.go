// Arguments and results, and how they print.

package trace

import (
	"strconv"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Value is an argument or a result of a call. The zero Value is the result of a function that
// returns nothing.
type Value struct {
	Name string // the kernel's name of the parameter
	Kind Kind
	Bits uint64
	text string // of kind Text
}

// String returns the value as a person reads it: "w5", "install", "0x1ffb". A value that its kind
// does not know prints in decimal, and one of kind NoValue as "".
func (v Value) String() string {
	b, _ := v.appendTo(nil)
	return string(b)
}

// Negative reports whether the value prints with a minus sign, as an errno does.
func (v Value) Negative() bool {
	switch v.Kind {
	case NoValue, Hex, Event, Text, Jiffy:
		return false
	}
	return int64(v.Bits) < 0
}

// words are the names of small values by their kind.
var words = [...][]string{
	Slot:   {"inst", "data"},
	Op:     {"install", "uninstall", "restore"},
	Level:  {"el0", "el1"},
	Switch: {"off", "on"},
	Bank:   {0: "BVR", 16: "BCR", 32: "WVR", 48: "WCR"},
}

// appendTo appends the value as String returns it and reports whether that is a decimal number.
func (v Value) appendTo(b []byte) (_ []byte, decimal bool) {
	switch v.Kind {
	case NoValue:
		return b, false
	case Text:
		return append(b, v.text...), false
	case Hex:
		return strconv.AppendUint(append(b, "0x"...), v.Bits, 16), false
	case Event:
		return appendEvent(b, v.Bits), false
	case Jiffy:
		return strconv.AppendUint(b, v.Bits, 10), true
	case CPU:
		if int64(v.Bits) >= 0 {
			return strconv.AppendUint(append(b, "cpu"...), v.Bits, 10), false
		}
	case Errno:
		const maxErrno = 4095
		if n := -int64(v.Bits); 0 < n && n <= maxErrno {
			if e, ok := hwdebug.ErrnoByNumber(int(n)); ok {
				return append(append(b, '-'), hwdebug.ErrnoName(e)...), false
			}
		}
	}
	if all := words[v.Kind]; v.Bits < uint64(len(all)) && all[v.Bits] != "" {
		return append(b, all[v.Bits]...), false
	}
	return strconv.AppendInt(b, int64(v.Bits), 10), true
}

// appendEvent appends "w5" for a watchpoint, "b5" for a breakpoint and "none" for 0.
func appendEvent(b []byte, v uint64) []byte {
	switch {
	case v == 0:
		return append(b, "none"...)
	case v&1 != 0:
		b = append(b, 'w')
	default:
		b = append(b, 'b')
	}
	return strconv.AppendUint(b, v>>1, 10)
}
