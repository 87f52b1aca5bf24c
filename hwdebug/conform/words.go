// The strings that have a meaning in a recording: values, names, addresses, types and results.

package conform

import (
	"fmt"
	"math"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
)

// maxName is more than any number in a name: what a driver can hold, so that a replay's tables stay small.
const maxName = 1 << 16

// hex reads a register value: a hex string without prefix.
func (d *decoder) hex(what string, limit uint64) (uint64, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	v, ok := parseHex(s)
	if !ok || v > limit {
		return 0, d.refuseAt(at, fmt.Sprintf("%s %q is not a value", what, s), fmt.Sprintf("a hex string without prefix, at most %x", limit))
	}
	return v, true
}

// name reads a handle's or task's name: the prefix and a number.
func (d *decoder) name(prefix byte) (int, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	return d.parseName(s, prefix, at)
}

func (d *decoder) parseName(s []byte, prefix byte, at int) (int, bool) {
	if len(s) >= 2 && s[0] == prefix {
		if v, ok := parseDec(s[1:]); ok && v < maxName {
			return int(v), true
		}
	}
	what := "handle"
	if prefix == 't' {
		what = "task"
	}
	return 0, d.refuseAt(at, fmt.Sprintf("%q is no name of a %s", s, what), fmt.Sprintf("they are called %c0, %c1, ...", prefix, prefix))
}

// word reads a string and returns its place among names.
func (d *decoder) word(what string, names []string) (int, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	for i, name := range names {
		if string(s) == name {
			return i, true
		}
	}
	return 0, d.refuseAt(at, fmt.Sprintf("unknown %s %q", what, s), "known are "+strings.Join(names, " "))
}

func (d *decoder) addr() (a Addr, ok bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return a, false
	}
	switch {
	case len(s) > 5 && s[4] == '+' && string(s[:4]) == "ubuf":
		a.Base = UBuf
		a.N, ok = parseDec(s[5:])
	case len(s) > 5 && s[4] == '+' && string(s[:4]) == "kbuf":
		a.Base = KBuf
		a.N, ok = parseDec(s[5:])
	case len(s) > 6 && s[5] == '+' && string(s[:5]) == "ucode":
		a.Base = UCode
		a.N, ok = parseDec(s[6:])
	case len(s) > 6 && s[5] == '+' && string(s[:5]) == "kcode":
		a.Base = KCode
		a.N, ok = parseDec(s[6:])
	case len(s) > 2 && s[0] == '0' && s[1] == 'x':
		a.N, ok = parseHex(s[2:])
	default:
		ok = false
	}
	if !ok {
		return Addr{}, d.refuseAt(at, fmt.Sprintf("%q is no address", s), "one is ubuf+N, ucode+N, kbuf+N or kcode+N with N decimal, or a hex string such as 0x1000")
	}
	return a, true
}

func (d *decoder) bpType() (hwdebug.BPType, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	switch string(s) {
	case "r":
		return hwdebug.R, true
	case "w":
		return hwdebug.W, true
	case "rw":
		return hwdebug.RW, true
	case "x":
		return hwdebug.X, true
	}
	if v, ok := parseDec(s); ok && v <= math.MaxUint32 {
		return hwdebug.BPType(v), true
	}
	return 0, d.refuseAt(at, fmt.Sprintf("%q is no type", s), "it is r, w, rw, x or a number as a string")
}

func (d *decoder) ret() (Ret, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	switch string(s) {
	case "OK":
		return OK, true
	case "NOHANDLE":
		return NoHandle, true
	case "NOTASK":
		return NoTask, true
	case "BUSYHANDLE":
		return BusyHandle, true
	case "BUSYTASK":
		return BusyTask, true
	}
	for i := range hwdebug.Errnos {
		if hwdebug.Errnos[i].Name == string(s) {
			return Ret(hwdebug.Errnos[i].Number), true
		}
	}
	return 0, d.refuseAt(at, fmt.Sprintf("unknown ret %q", s), "it is OK, the name of an errno, NOHANDLE, NOTASK, BUSYHANDLE or BUSYTASK")
}
