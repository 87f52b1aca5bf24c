// One JSON object a line.

package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteJSON writes one object a line, which is shown in two here:
//
//	{"seq":7,"t":12500,"cpu":1,"pid":34,"comm":"kworker/1:1","depth":4,"via":["kthread"],
//	 "fn":"reserve_bp_slot","args":{"bp":"w5","type":"data"},"ret":"-ENOSPC"}
//
// t is virtual time in ns. Integers below 2^53 are numbers, every other value is a string. "via" is
// left out if empty and "ret" if the call has no result; "running":true marks a call that had not
// returned. A point of a schedule is an object with "point" instead of "seq" and "fn":
//
//	{"point":5,"t":12500,"cpu":0,"step":"app starts","next":["kworker/1:0","app"],"departed":true,
//	 "left":"kworker/1:0"}
//
// The same entries give the same bytes.
func WriteJSON(w io.Writer, entries iter.Seq[Entry]) error {
	out := bufio.NewWriter(w)
	var b []byte
	for e := range entries {
		b = append(e.appendJSON(b[:0]), '\n')
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// appendJSON appends the entry's object, without a line end.
func (e *Entry) appendJSON(b []byte) []byte {
	if e.Point != nil {
		return e.Point.appendJSON(b)
	}
	b = appendUint(b, `{"seq":`, e.Seq)
	b = appendInt(b, `,"t":`, int64(e.T))
	b = appendInt(b, `,"cpu":`, int64(e.CPU))
	b = appendInt(b, `,"pid":`, int64(e.PID))
	b = appendJSONString(append(b, `,"comm":`...), e.Comm)
	b = appendInt(b, `,"depth":`, int64(e.Depth))
	if len(e.Via) > 0 {
		b = append(b, `,"via":[`...)
		for i, name := range e.Via {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONString(b, name)
		}
		b = append(b, ']')
	}
	b = appendJSONString(append(b, `,"fn":`...), e.Fn)
	if len(e.Args) > 0 {
		b = appendJSONValues(append(b, `,"args":`...), e.Args)
	}
	if e.Ret.Kind != NoValue {
		b = appendJSONValue(append(b, `,"ret":`...), e.Ret)
	}
	if e.Running {
		b = append(b, `,"running":true`...)
	}
	return append(b, '}')
}

func appendUint(b []byte, key string, n uint64) []byte {
	return strconv.AppendUint(append(b, key...), n, 10)
}

func appendInt(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}

// appendJSONValues appends named values as an object, in order.
func appendJSONValues(b []byte, values []Value) []byte {
	for i, v := range values {
		b = append(b, "{,"[min(i, 1)])
		b = appendJSONString(b, v.Name)
		b = appendJSONValue(append(b, ':'), v)
	}
	return append(b, '}')
}

// appendJSONValue appends an integer that every JSON reader keeps exactly as a number, and anything
// else as a string.
func appendJSONValue(b []byte, v Value) []byte {
	start := len(b)
	b, decimal := v.appendTo(b)
	if decimal && (v.Bits < 1<<53 || v.Kind != Jiffy && -v.Bits < 1<<53) {
		return b
	}
	return appendJSONString(b[:start], string(b[start:]))
}

// appendJSONString appends s as encoding/json writes it, without escapes for HTML.
func appendJSONString(b []byte, s string) []byte {
	special := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }
	if !strings.ContainsFunc(s, special) {
		return append(append(append(b, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...) // a string always encodes
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// appendJSON appends the point's object, without a line end.
func (p *Point) appendJSON(b []byte) []byte {
	b = appendInt(b, `{"point":`, int64(p.Number))
	b = appendInt(b, `,"t":`, int64(p.T))
	b = appendInt(b, `,"cpu":`, int64(p.CPU))
	b = appendJSONString(append(b, `,"step":`...), p.Text)
	if len(p.Next) > 0 {
		b = append(b, `,"next":`...)
		for i, name := range p.Next {
			b = appendJSONString(append(b, "[,"[min(i, 1)]), name)
		}
		b = append(b, ']')
	}
	if p.Departed {
		b = append(b, `,"departed":true`...)
	}
	if p.Left != "" {
		b = appendJSONString(append(b, `,"left":`...), p.Left)
	}
	return append(b, '}')
}
