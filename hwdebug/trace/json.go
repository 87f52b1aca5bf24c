// One JSON object a line, written and read back.

package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"
)

// WriteJSON writes one object a line:
//
//	{"seq":7,"t":12500,"cpu":1,"pid":34,"comm":"kworker/1:1","depth":4,"via":["kthread"],"fn":"reserve_bp_slot","args":{"bp":"w5","type":"data"},"ret":"-ENOSPC"}
//
// t is virtual time in ns. Small integers are numbers, every other value is text. "via" is left out when empty, "ret"
// when there is no result; "running":true marks a call that had not returned. The same entries give the same bytes.
func WriteJSON(w io.Writer, entries iter.Seq[Entry]) error {
	out := bufio.NewWriter(w)
	var b []byte
	for e := range entries {
		b = append(e.AppendJSON(b[:0]), '\n')
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// AppendJSON appends the entry's object, without a line end.
func (e *Entry) AppendJSON(b []byte) []byte {
	b = strconv.AppendUint(append(b, `{"seq":`...), e.Seq, 10)
	b = strconv.AppendInt(append(b, `,"t":`...), e.T, 10)
	b = strconv.AppendInt(append(b, `,"cpu":`...), int64(e.CPU), 10)
	b = strconv.AppendInt(append(b, `,"pid":`...), int64(e.PID), 10)
	b = appendJSONString(append(b, `,"comm":`...), e.Comm)
	b = strconv.AppendInt(append(b, `,"depth":`...), int64(e.Depth), 10)
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
		b = e.appendArgsJSON(append(b, `,"args":`...))
	}
	if e.Ret != "" {
		b = appendJSONValue(append(b, `,"ret":`...), e.Ret)
	}
	if e.Running {
		b = append(b, `,"running":true`...)
	}
	return append(b, '}')
}

// appendArgsJSON adds the arguments as an object, in order.
func (e *Entry) appendArgsJSON(b []byte) []byte {
	b = append(b, '{')
	for i, a := range e.Args {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, a.Name)
		b = append(b, ':')
		b = appendJSONValue(b, a.Value)
	}
	return append(b, '}')
}

// appendJSONValue writes an integer that every JSON reader keeps exactly as a number, anything else as text.
func appendJSONValue(b []byte, v string) []byte {
	if plainInt(v) {
		return append(b, v...)
	}
	return appendJSONString(b, v)
}

// plainInt says whether v is a decimal integer of less than 2^53 in size, spelt as strconv does.
func plainInt(v string) bool {
	n, err := strconv.ParseInt(v, 10, 64)
	return err == nil && n > -1<<53 && n < 1<<53 && strconv.FormatInt(n, 10) == v
}

func appendJSONString(b []byte, s string) []byte {
	simple := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			simple = false
			break
		}
	}
	if simple {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...) // a string always encodes
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// maxLine is the longest line that ReadJSON takes.
const maxLine = 1 << 20

// ReadJSON reads what WriteJSON wrote, one entry at a time. It ends after the first error, which names the line. Blank
// lines are skipped; a field that it does not know is an error.
func ReadJSON(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		for n := 1; lines.Scan(); n++ {
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) == 0 {
				continue
			}
			e, err := ParseEntry(line)
			if err != nil {
				yield(Entry{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Entry{}, err)
		}
	}
}

// ParseEntry reads one object of WriteJSON.
func ParseEntry(line []byte) (Entry, error) {
	var in struct {
		Seq     *uint64         `json:"seq"`
		T       int64           `json:"t"`
		CPU     int             `json:"cpu"`
		PID     int             `json:"pid"`
		Comm    string          `json:"comm"`
		Depth   int             `json:"depth"`
		Via     []string        `json:"via"`
		Fn      string          `json:"fn"`
		Args    json.RawMessage `json:"args"`
		Ret     json.RawMessage `json:"ret"`
		Running bool            `json:"running"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Entry{}, fmt.Errorf("not a trace record: %w", err)
	}
	if dec.More() {
		return Entry{}, errors.New("not a trace record: more than one object on the line")
	}
	switch {
	case in.Seq == nil || in.Fn == "":
		return Entry{}, errors.New(`not a trace record: it has no "seq" or no "fn"`)
	case in.CPU < 0 || in.CPU > 1<<15:
		return Entry{}, fmt.Errorf("not a trace record: cpu %d", in.CPU)
	case in.Depth < 0 || in.Depth > 1<<16 || len(in.Via) > in.Depth:
		return Entry{}, fmt.Errorf("not a trace record: depth %d with %d callers in via", in.Depth, len(in.Via))
	}
	e := Entry{Seq: *in.Seq, T: in.T, CPU: in.CPU, PID: in.PID, Comm: in.Comm, Depth: in.Depth, Fn: in.Fn, Running: in.Running}
	if len(in.Via) > 0 {
		e.Via = in.Via
	}
	var err error
	if e.Args, err = parseArgs(in.Args); err != nil {
		return Entry{}, err
	}
	if len(in.Ret) > 0 {
		if e.Ret, err = parseValue(in.Ret); err != nil {
			return Entry{}, fmt.Errorf("ret: %w", err)
		}
	}
	return e, nil
}

// parseArgs reads an object keeping the order of its members.
func parseArgs(raw json.RawMessage) ([]NamedValue, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("args: an object is expected")
	}
	var args []NamedValue
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("args: %w", err)
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("args: %w", err)
		}
		text, err := parseValue(v)
		if err != nil {
			return nil, fmt.Errorf("args: %v: %w", name, err)
		}
		args = append(args, NamedValue{name.(string), text})
	}
	return args, nil
}

// parseValue reads a number or a text as text.
func parseValue(raw json.RawMessage) (string, error) {
	if raw[0] == '"' {
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	if s := string(raw); plainInt(s) {
		return s, nil
	}
	return "", fmt.Errorf("%s is neither text nor an integer below 2^53", raw)
}
