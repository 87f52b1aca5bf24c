// The script that sets the probes on a board.

package ftrace

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
)

// ScriptOptions select what the script sets in addition to the default set.
type ScriptOptions struct {
	Offsets            *Offsets // of the board's kernel, nil if unknown
	Stack, Hits, Steps bool
	Off                bool // only take back what an earlier run has left
}

// Offsets are the places of members in the kernel's structures, which differ from build to build.
type Offsets struct {
	Attr, CPU, Target, Parent, Handler uint64 // of perf_event
	PID, Comm                          uint64 // of task_struct
}

//go:embed probes.sh
var script string

// Fields of perf_event_attr are user ABI, at the same offsets on every kernel.
const (
	attrFlags  = 40
	attrPeriod = 16
	attrType   = 52
	attrAddr   = 56
	attrLen    = 64
)

// attrFields returns the fields of a perf_event_attr at an offset from a register.
func attrFields(reg string, offset uint64) string {
	return fmt.Sprintf("bp_type=+%d(%s):u32 addr=+%d(%s):x64 len=+%d(%s):u64 flags=+%d(%s):x64",
		offset+attrType, reg, offset+attrAddr, reg, offset+attrLen, reg, offset+attrFlags, reg)
}

// period returns the field of the sample period.
func period(reg string, offset uint64) string {
	return fmt.Sprintf("period=+%d(%s):u64", offset+attrPeriod, reg)
}

// WriteScript writes a POSIX shell script that sets the probes through tracefs, prints the trace, and takes
// everything back when it ends. Each definition is one of the probe sets that a Reader knows.
func WriteScript(w io.Writer, opt ScriptOptions) error {
	alloc := "type=+0(%x0):u32 " + attrFields("%x0", 0) + " " + period("%x0", 0) +
		" cpu=%x1:s32 task=%x2:x64"
	open := ""
	btf := "no"
	if o := opt.Offsets; o != nil {
		btf = "yes"
		alloc += fmt.Sprintf(" pid=+%d(%%x2):s32 comm=+%d(%%x2):string", o.PID, o.Comm)
		open = fmt.Sprintf("bp=%%x0:x64 %s %s cpu=+%d(%%x0):s32 task=+%d(%%x0):x64 parent=+%d(%%x0):x64 "+
			"handler=+%d(%%x0):x64", attrFields("%x0", o.Attr), period("%x0", o.Attr), o.CPU, o.Target,
			o.Parent, o.Handler)
	}
	alloc += " parent=%x4:x64 handler=%x5:x64"
	text := strings.NewReplacer(
		"@BTF@", btf, "@STACK@", yes(opt.Stack), "@HITS@", yes(opt.Hits), "@STEPS@", yes(opt.Steps),
		"@OFF@", yes(opt.Off), "@ALLOC@", alloc, "@OPEN@", open,
		"@PARSE@", "bp=%x0:x64 attr=%x1:x64 "+attrFields("%x1", 0),
		"@MODIFY@", "bp=%x0:x64 "+attrFields("%x1", 0)+" check=%x2:u8",
	).Replace(script)
	_, err := io.WriteString(w, text)
	return err
}

func yes(on bool) string {
	if on {
		return "1"
	}
	return ""
}
