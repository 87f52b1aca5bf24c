// The os library. What reaches the host is there only where Config.Allow opens it.

package vm

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// openOS adds the os library, with the functions that are allowed.
func openOS(rt *Runtime) {
	fns := []libFunc{
		{"date", rt.osDate}, {"difftime", osDifftime}, {"setlocale", osSetlocale}, {"time", rt.osTime},
	}
	if rt.cfg.Allow.Clock {
		start := time.Now()
		fns = append(fns, libFunc{"clock", func(L *lua.LState) int {
			return give(L, lua.LNumber(time.Since(start).Seconds()))
		}})
	}
	if rt.cfg.Allow.Env {
		fns = append(fns, libFunc{"getenv", osGetenv})
	}
	if rt.cfg.Allow.Exec {
		fns = append(fns, libFunc{"execute", rt.osExecute})
	}
	if rt.cfg.Allow.FS {
		fns = append(fns, libFunc{"remove", osRemove}, libFunc{"rename", osRename},
			libFunc{"tmpname", osTmpname})
	}
	if rt.cfg.Allow.Exit {
		fns = append(fns, libFunc{"exit", rt.osExit})
	}
	rt.newLib("os", fns)
}

func osGetenv(L *lua.LState) int {
	if v, ok := os.LookupEnv(args{L, "getenv"}.str(1)); ok {
		return give(L, lua.LString(v))
	}
	return give(L, lua.LNil)
}

func osRemove(L *lua.LState) int {
	name := args{L, "remove"}.str(1)
	return ioResult(L, named(name, os.Remove(name)))
}

func osRename(L *lua.LState) int {
	a := args{L, "rename"}
	name := a.str(1)
	err := os.Rename(name, a.str(2))
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return ioResult(L, named(name, err))
}

func osTmpname(L *lua.LState) int {
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		raise(L, 1, "unable to generate a unique filename")
	}
	f.Close()
	return give(L, lua.LString(f.Name()))
}

// osExecute runs a command and returns its status as wait reports it. Without a command it returns
// 1: there is a shell.
func (rt *Runtime) osExecute(L *lua.LState) int {
	a := args{L, "execute"}
	if a.absent(1) {
		return give(L, lua.LNumber(1))
	}
	cmd := rt.command(a.str(1))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = rt.cfg.Stdin, rt.cfg.Stdout, rt.cfg.Stderr
	err := rt.ended(cmd.Run())
	var exit *exec.ExitError
	switch {
	case err == nil:
		return give(L, lua.LNumber(0))
	case errors.As(err, &exit):
		return give(L, lua.LNumber(exit.ExitCode()<<8))
	}
	return give(L, lua.LNumber(-1))
}

// osExit ends the script: pcall cannot stop it, and Run returns an ExitError.
func (rt *Runtime) osExit(L *lua.LState) int {
	code := 0
	if success, ok := L.Get(1).(lua.LBool); !ok {
		code = args{L, "exit"}.optInt(1, 0)
	} else if !success {
		code = 1
	}
	rt.lib.io.stdout.sync()
	rt.meter.fatal = &ExitError{Code: code}
	rt.raiseFatal()
	return 0
}

func osDifftime(L *lua.LState) int {
	a := args{L, "difftime"}
	return give(L, lua.LNumber(a.float(1)-a.float(2)))
}

// osSetlocale knows the C locale only, which is always set. For another one it returns nil.
func osSetlocale(L *lua.LState) int {
	a := args{L, "setlocale"}
	locale := a.optStr(1, "C")
	a.option(2, "all", "all", "collate", "ctype", "monetary", "numeric", "time")
	switch locale {
	case "", "C", "POSIX":
		return give(L, lua.LString("C"))
	}
	return give(L, lua.LNil)
}

// gmt is UTC under the name that C has for it.
var gmt = time.FixedZone("GMT", 0)

// zone returns the time zone of dates: the host's where the clock is open, else UTC, so that
// nothing of the host shows.
func (rt *Runtime) zone() *time.Location {
	if rt.cfg.Allow.Clock {
		return time.Local
	}
	return time.UTC
}

// hostTime returns the host's time, or raises if the clock is closed.
func (rt *Runtime) hostTime(a args) time.Time {
	if !rt.cfg.Allow.Clock {
		a.fail(1, "give a time: the host's clock is not allowed (set --allow clock, Config.Allow.Clock)")
	}
	return time.Now()
}

// osTime returns the time of a table, or of the host's clock.
func (rt *Runtime) osTime(L *lua.LState) int {
	a := args{L, "time"}
	if a.absent(1) {
		return give(L, lua.LNumber(rt.hostTime(a).Unix()))
	}
	t := a.table(1)
	sec, minute, hour := tableField(L, t, "sec", 0), tableField(L, t, "min", 0), tableField(L, t, "hour", 12)
	day, month := tableField(L, t, "day", -1), tableField(L, t, "month", -1)
	year := tableField(L, t, "year", -1)
	at := time.Date(year, time.Month(month), day, hour, minute, sec, 0, rt.zone())
	return give(L, lua.LNumber(at.Unix()))
}

// tableField returns a field of a date table. A field that is missing is otherwise, or an error if
// otherwise is negative.
func tableField(L *lua.LState, t *lua.LTable, name string, otherwise int) int {
	x, ok := number.Number{}, false
	switch v := t.RawGetString(name).(type) {
	case lua.LNumber:
		x, ok = number.Number{Float: float64(v)}, true
	case lua.LString:
		x, ok = number.Parse(string(v))
	}
	switch {
	case ok && !x.Exact && math.Abs(x.Float) < 1<<31:
		return int(x.Float)
	case ok:
		raise(L, 1, "field '"+name+"' is out of range")
	case otherwise < 0:
		raise(L, 1, "field '"+name+"' missing in date table")
	}
	return otherwise
}

// osDate formats a time, or breaks it into a table for the format "*t".
func (rt *Runtime) osDate(L *lua.LState) int {
	a := args{L, "date"}
	format, utc := strings.CutPrefix(a.optStr(1, "%c"), "!")
	var at time.Time
	if a.absent(2) {
		at = rt.hostTime(a)
	} else if f := a.float(2); math.Abs(f) < 1<<40 {
		at = time.Unix(int64(f), 0)
	} else {
		a.fail(2, "time out of range")
	}
	if at = at.In(rt.zone()); utc {
		at = at.In(gmt)
	}
	if format == "*t" {
		return give(L, rt.dateTable(at))
	}
	return give(L, lua.LString(rt.strftime(a, format, at)))
}

// dateTable returns the fields of a time, as os.date("*t") does.
func (rt *Runtime) dateTable(at time.Time) *lua.LTable {
	rt.charge(sizeTable + 9*sizeEntry)
	t := rt.main.CreateTable(0, 9)
	for _, f := range []struct {
		name  string
		value int
	}{
		{"sec", at.Second()},
		{"min", at.Minute()},
		{"hour", at.Hour()},
		{"day", at.Day()},
		{"month", int(at.Month())},
		{"year", at.Year()},
		{"wday", int(at.Weekday()) + 1},
		{"yday", at.YearDay()},
	} {
		t.RawSetString(f.name, lua.LNumber(f.value))
	}
	t.RawSetString("isdst", lua.LBool(at.IsDST()))
	return t
}

// strftime formats at in the C locale.
func (rt *Runtime) strftime(a args, format string, at time.Time) string {
	b := &charged{rt: rt, L: a.L}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.addByte(format[i])
			continue
		}
		i++
		if layout, ok := dateLayouts[format[i]]; ok {
			b.add(at.Format(layout))
		} else if field, ok := dateFields[format[i]]; ok {
			b.add(fmt.Sprintf(field.format, field.value(at)))
		} else {
			a.fail(1, "invalid conversion '%"+format[i:i+1]+"'")
		}
	}
	return b.String()
}

// dateLayouts maps the conversions of strftime to layouts of package time.
var dateLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'h': "Jan", 'H': "15", 'I': "03", 'j': "002",
	'm': "01", 'M': "04", 'n': "\n", 'p': "PM", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 't': "\t",
	'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006", 'z': "-0700",
	'Z': "MST", '%': "%",
}

// A dateField is a conversion of strftime that package time has no layout for.
type dateField struct {
	format string
	value  func(time.Time) int
}

var dateFields = map[byte]dateField{
	'C': {"%02d", func(at time.Time) int { return at.Year() / 100 }},
	'g': {"%02d", func(at time.Time) int { return isoYear(at) % 100 }},
	'G': {"%d", isoYear},
	'u': {"%d", func(at time.Time) int { return int(at.Weekday()+6)%7 + 1 }},
	'U': {"%02d", func(at time.Time) int { return weekOfYear(at, time.Sunday) }},
	'V': {"%02d", func(at time.Time) int { _, week := at.ISOWeek(); return week }},
	'w': {"%d", func(at time.Time) int { return int(at.Weekday()) }},
	'W': {"%02d", func(at time.Time) int { return weekOfYear(at, time.Monday) }},
}

func isoYear(at time.Time) int {
	year, _ := at.ISOWeek()
	return year
}

// weekOfYear counts the weeks of the year, of which the first begins with the first such day of the week. The
// days before it are in week 0.
func weekOfYear(at time.Time, first time.Weekday) int {
	return (at.YearDay() + 6 - int(at.Weekday()-first+7)%7) / 7
}
