// One line: who, where and when, then the fields of the event.

package ftrace

import (
	"bytes"
	"math"
	"strings"
	"time"
)

// parse reads one line into r.rec and reports whether it has the form of a trace's or a log's line and all
// fields that its event needs.
func (r *Reader) parse(line []byte) bool {
	if body, ok := r.parsePrefix(line); ok {
		return r.parseBody(body)
	}
	return r.parseLog(line)
}

// parsePrefix reads everything up to the name of the event, and returns the rest.
//
//	comm-pid     [002] d.h..    12.400260: control: ...   tracefs
//	comm-pid     [002]    12.400260: control:   ...       trace-cmd
//	comm   pid   [002]    12.400260: hwlua:control: ...   perf script
func (r *Reader) parsePrefix(line []byte) (body []byte, ok bool) {
	for at := 0; ; at++ {
		i := bytes.IndexByte(line[at:], '[')
		if i < 0 {
			return nil, false
		}
		at += i
		cpu, rest, ok := bracketed(line[at:])
		if !ok {
			continue
		}
		flags, t, body, ok := clockOf(rest)
		if ok && r.parseThread(line[:at], len(flags) > 0) {
			r.rec.CPU, r.rec.T = cpu, t
			r.rec.IRQ = len(flags) > 2 && (flags[2] == 'h' || flags[2] == 'H')
			return body, true
		}
	}
}

// bracketed reads a number in brackets and the blank behind it.
func bracketed(b []byte) (n int, rest []byte, ok bool) {
	i := 1
	for i < len(b) && i < 6 && '0' <= b[i] && b[i] <= '9' {
		n = n*10 + int(b[i]-'0')
		i++
	}
	if i == 1 || i+1 >= len(b) || b[i] != ']' || b[i+1] != ' ' {
		return 0, nil, false
	}
	return n, b[i+2:], true
}

// clockOf reads the column of flags, if there is one, and the time with its colon.
func clockOf(b []byte) (flags []byte, t time.Duration, rest []byte, ok bool) {
	word, rest := token(b)
	if t, ok = clock(word); ok {
		return nil, t, rest, true
	}
	flags = word
	word, rest = token(rest)
	t, ok = clock(word)
	return flags, t, rest, ok
}

// token returns the first word of b and what follows it.
func token(b []byte) (word, rest []byte) {
	i := 0
	for i < len(b) && b[i] == ' ' {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' {
		j++
	}
	return b[i:j], b[j:]
}

// clock reads a time in seconds with a fraction and a colon, "12.302705:".
func clock(b []byte) (time.Duration, bool) {
	if len(b) < 4 || b[len(b)-1] != ':' {
		return 0, false
	}
	return seconds(b[:len(b)-1])
}

// seconds reads a decimal number of seconds with a fraction of up to nine digits.
func seconds(b []byte) (time.Duration, bool) {
	var ns int64
	digits := -1
	for _, c := range b {
		switch {
		case c == '.' && digits < 0:
			digits = 0
			continue
		case c < '0' || c > '9' || digits >= 9 || ns > math.MaxInt64/10-1:
			return 0, false
		case digits >= 0:
			digits++
		}
		ns = ns*10 + int64(c-'0')
	}
	if digits < 1 || len(b) == digits+1 {
		return 0, false
	}
	for ; digits < 9; digits++ {
		if ns > math.MaxInt64/10 {
			return 0, false
		}
		ns *= 10
	}
	return time.Duration(ns), true
}

// parseThread reads comm and pid before the CPU. flags is set if the line has the column of flags, which
// only tracefs prints by default.
func (r *Reader) parseThread(b []byte, flags bool) bool {
	b = bytes.TrimRight(b, " ")
	if n := len(b); n > 0 && b[n-1] == ')' { // the column of tgid
		if i := bytes.LastIndexByte(b, '('); i > 0 {
			b = bytes.TrimRight(b[:i], " ")
		}
	}
	i := len(b)
	for i > 0 && '0' <= b[i-1] && b[i-1] <= '9' {
		i--
	}
	pid, ok := number(b[i:])
	if !ok || i == 0 || pid > math.MaxInt32 {
		return false
	}
	comm, form := b[:i-1], Tracefs
	switch b[i-1] {
	case '-':
		if !flags {
			form = TraceCmd
		}
	case ' ':
		form = Perf
	case '/': // pid/tid
		comm, form = bytes.TrimRight(comm, "0123456789"), Perf
	default:
		return false
	}
	comm = bytes.Trim(comm, " \t")
	if string(comm) == "<...>" {
		comm = nil
	}
	r.rec.Form, r.rec.PID, r.rec.Comm = form, int(pid), r.intern(comm)
	return true
}

// parseBody reads the event behind the time.
func (r *Reader) parseBody(b []byte) bool {
	b = bytes.TrimLeft(b, " ")
	i := bytes.Index(b, []byte(": "))
	if i < 0 || bytes.IndexByte(b[:i], ' ') >= 0 {
		return r.parseFunction(b)
	}
	name, args := b[:i], bytes.TrimLeft(b[i+2:], " ")
	if j := bytes.LastIndexByte(name, ':'); j >= 0 {
		name = name[j+1:]
	}
	switch string(name) {
	case "sched_process_fork":
		return r.parseFork(args)
	case "sched_process_exit":
		return r.parseExit(args)
	case "tracing_mark_write", "print", "bprint":
		return r.parseMark(args)
	case "function":
		return r.parseFunction(args)
	}
	p, ok := probeOf(name)
	if !ok || len(args) == 0 || args[0] != '(' {
		return true // of another event
	}
	end := bytes.IndexByte(args, ')')
	if end < 0 {
		return false
	}
	r.rec.Name = p.name
	if p.places {
		r.parsePlace(args[1:end])
	}
	r.parseFields(args[end+1:])
	return r.rec.has(p.needs)
}

// A probe is one record of the probe sets.
type probe struct {
	name   Name
	needs  Field // without these the line was clipped
	places bool  // the functions in parentheses are read
}

// probeOf returns the probe of that name; ok is false if no set has it.
func probeOf(name []byte) (p probe, ok bool) {
	switch string(name) {
	case "control":
		return probe{Control, FBP | FOps, false}, true
	case "alloc":
		return probe{Alloc, FAddr | FLen | FType, false}, true
	case "alloc_ret":
		return probe{AllocRet, FRet, true}, true
	case "open":
		return probe{Open, FBP | FAddr | FLen | FType, false}, true
	case "open_ret":
		return probe{OpenRet, FRet, true}, true
	case "reserve":
		return probe{Reserve, FBP, false}, true
	case "reserve_ret":
		return probe{ReserveRet, FRet, true}, true
	case "release":
		return probe{Release, FBP, true}, true
	case "parse":
		return probe{Parse, FBP | FAddr | FLen | FType, false}, true
	case "parse_ret":
		return probe{ParseRet, FRet, false}, true
	case "modify":
		return probe{Modify, FBP | FAddr | FLen | FType, false}, true
	case "modify_ret":
		return probe{ModifyRet, FRet, true}, true
	case "hit":
		return probe{Hit, FBP, false}, true
	case "wide":
		return probe{Wide, 0, false}, true
	case "wide_ret":
		return probe{WideRet, FRet, true}, true
	case "unwide":
		return probe{Unwide, FWide, false}, true
	case "reset":
		return probe{Reset, FCPU, false}, true
	case "find":
		return probe{Find, FVPID, false}, true
	case "find_ret":
		return probe{FindRet, FRet, false}, true
	}
	return p, false
}

// parsePlace reads the functions in the parentheses of a probe: "function+0x0/0x124", or with a result
// "caller+0x54/0x130 [module] <- function". Addresses without symbols name nothing.
func (r *Reader) parsePlace(b []byte) {
	if i := bytes.Index(b, []byte(" <- ")); i >= 0 {
		r.rec.Caller = r.symbol(b[:i])
		b = b[i+4:]
	}
	r.rec.Where = r.symbol(b)
}

// symbol returns the function of "function+0x54/0x130 [module]", "" for an address.
func (r *Reader) symbol(b []byte) string {
	if i := bytes.IndexAny(b, "+ "); i >= 0 {
		b = b[:i]
	}
	if _, ok := hexadecimal(bytes.TrimPrefix(b, []byte("0x"))); ok || len(b) == 0 {
		return ""
	}
	return r.intern(b)
}

// parseFields reads the fields of a probe, key=value with blanks between.
func (r *Reader) parseFields(b []byte) {
	for {
		for len(b) > 0 && b[0] == ' ' {
			b = b[1:]
		}
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			return
		}
		key := b[:i]
		value := b[i+1:]
		if len(value) > 0 && value[0] == '"' {
			if j := bytes.IndexByte(value[1:], '"'); j >= 0 {
				b = value[j+2:]
				r.setText(key, value[1:j+1])
				continue
			}
		}
		j := bytes.IndexByte(value, ' ')
		if j < 0 {
			j = len(value)
		}
		b = value[j:]
		if v, ok := number(value[:j]); ok {
			r.setNumber(key, v)
		} else if j > 0 && value[0] != '(' {
			r.setText(key, value[:j])
		}
	}
}

// setText sets a field that holds text.
func (r *Reader) setText(key, value []byte) {
	if string(key) == "comm" {
		r.rec.TaskComm = r.intern(value)
		r.rec.Has |= FComm
	}
}

// setNumber sets a numeric field. The seeds of old probe sets say "type" for bp_type.
func (r *Reader) setNumber(key []byte, v uint64) {
	rec := &r.rec
	var f Field
	switch string(key) {
	case "bp":
		rec.BP, f = v, FBP
	case "ops":
		rec.Ops, f = int(v), FOps
	case "bp_type":
		if rec.has(FType) {
			rec.Kind, f = uint64(rec.Type), FKind
		}
		rec.Type, f = uint32(v), f|FType
	case "type":
		rec.Type, f = uint32(v), FType
	case "addr":
		rec.Addr, f = v, FAddr
	case "len":
		rec.Len, f = v, FLen
	case "flags":
		rec.Flags, f = v, FFlags
	case "period":
		rec.Period, f = v, FPeriod
	case "cpu":
		rec.OnCPU, f = int(int32(v)), FCPU
	case "task", "target":
		rec.Task, f = v, FTask
	case "parent":
		rec.Parent, f = v, FParent
	case "handler":
		rec.Handler, f = v, FHandler
	case "ret":
		rec.Ret, f = int64(v), FRet
	case "pc":
		rec.PC, f = v, FPC
	case "pstate":
		rec.PState, f = v, FPState
	case "wide":
		rec.WidePtr, f = v, FWide
	case "vpid":
		rec.VPID, f = int(int32(v)), FVPID
	case "pid":
		rec.TaskPID, f = int(int32(v)), FPID
	case "check":
		rec.Check, f = v, FCheck
	}
	rec.Has |= f
}

// number reads a decimal or hexadecimal number of 64 bits, with a sign if it is decimal.
func number(b []byte) (v uint64, ok bool) {
	if len(b) > 2 && b[0] == '0' && b[1] == 'x' {
		return hexadecimal(b[2:])
	}
	neg := len(b) > 1 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' || v > math.MaxUint64/10-1 {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	if neg {
		v = -v
	}
	return v, len(b) > 0
}

// hexadecimal reads up to 16 digits.
func hexadecimal(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}
	return v, len(b) > 0 && len(b) <= 16
}

// between returns the part of b between two marks, or up to the end if the second mark is missing.
func between(b []byte, from, to string) (part []byte, ok bool) {
	i := bytes.Index(b, []byte(from))
	if i < 0 {
		return nil, false
	}
	b = b[i+len(from):]
	if j := bytes.Index(b, []byte(to)); to != "" && j >= 0 {
		b = b[:j]
	}
	return b, true
}

// parseFork reads comm=agent pid=1 child_comm=agent child_pid=147. Names may hold blanks.
func (r *Reader) parseFork(b []byte) bool {
	comm, ok1 := between(b, " child_comm=", " child_pid=")
	id, ok2 := between(b, " child_pid=", " ")
	pid, ok3 := number(id)
	r.rec.Name, r.rec.ChildComm, r.rec.ChildPID = Fork, r.intern(comm), int(int32(pid))
	return ok1 && ok2 && ok3
}

// parseExit reads comm=alpha pid=133 prio=120.
func (r *Reader) parseExit(b []byte) bool {
	comm, ok1 := between(b, "comm=", " pid=")
	id, ok2 := between(b, " pid=", " ")
	pid, ok3 := number(id)
	r.rec.Name, r.rec.ChildComm, r.rec.ChildPID = Exit, r.intern(comm), int(int32(pid))
	return ok1 && ok2 && ok3
}

// parseMark reads what user space wrote to trace_marker.
func (r *Reader) parseMark(b []byte) bool {
	if text, ok := between(b, "tracing_mark_write: ", ""); ok {
		b = text
	}
	text := strings.TrimSpace(string(b))
	if n, ok := missedIn(text); ok {
		r.facts.Missed, r.facts.HasMissed = n, true
	}
	r.rec.Name, r.rec.Text = Mark, text
	return true
}

// parseFunction reads a line of the function tracer, "toggle_bp_registers <-watchpoint_handler".
func (r *Reader) parseFunction(b []byte) bool {
	i := bytes.Index(b, []byte(" <-"))
	if i <= 0 {
		return bytes.HasPrefix(b, []byte("<stack trace>"))
	}
	name := bytes.TrimRight(b[:i], " ")
	caller, _ := token(bytes.TrimLeft(b[i+3:], "- "))
	if bytes.IndexByte(name, ' ') >= 0 || len(caller) == 0 {
		return false
	}
	r.rec.Name, r.rec.Where, r.rec.Caller = Function, r.intern(name), r.intern(caller)
	return true
}
