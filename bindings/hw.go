// What is in hw itself: machines, exact integers, control words, constants.

package bindings

import (
	"fmt"
	"math"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var numOrU64 = describe.Union(describe.Number, describe.U64)

var hwFuncs = []describe.Func{
	{
		Name: "machine", Doc: "Make a machine and boot it.",
		Params:  []describe.Param{{Name: "options", Type: describe.Table("machine_options"), Optional: true}},
		Results: []describe.Param{{Name: "m", Type: describe.Object("machine")}},
		Sample:  `local m = hw.machine { cpus = 4, brps = 6, wrps = 4 }`,
		Go:      newMachine,
	},
	{
		Name: "u64", Doc: "The exact value of an integer or of text. A value below 2^53 is an ordinary number, one above is a u64; one value is always one Lua value.",
		Params:  []describe.Param{{Name: "x", Type: describe.Union(describe.U64, describe.String), Doc: "an integer below 2^53, a u64, or text, hexadecimal with 0x or decimal"}},
		Results: []describe.Param{{Name: "value", Type: describe.U64}}, See: []string{"hw.hex", "integers"},
		Sample: `assert(hw.u64 "0xffffff8008c5a004" == 0xffffff8008c5a004)`,
	},
	{
		Name: "hex", Doc: "A value in lower case hexadecimal, after 0x.",
		Params:  []describe.Param{{Name: "value", Type: describe.U64}, {Name: "digits", Type: describe.Int, Optional: true, Doc: "padded with zeros to as many digits", Default: "no padding"}},
		Results: []describe.Param{{Name: "text", Type: describe.String}}, Sample: `assert(hw.hex(0x1e5, 16) == "0x00000000000001e5")`,
	},
	{
		Name: "lt", Doc: "Whether a is less than b, for any mixture of numbers and u64s. Lua 5.1's own < cannot compare a number with a u64 variable.",
		Params: []describe.Param{{Name: "a", Type: numOrU64}, {Name: "b", Type: numOrU64}}, Results: []describe.Param{{Name: "less", Type: describe.Bool}},
		See: []string{"hw.le"}, Sample: `assert(hw.lt(5, 0xffffff8008c5a005))`,
	},
	{
		Name: "le", Doc: "Whether a is less than b or equal to it, for any mixture of numbers and u64s.",
		Params: []describe.Param{{Name: "a", Type: numOrU64}, {Name: "b", Type: numOrU64}}, Results: []describe.Param{{Name: "less", Type: describe.Bool}},
		See: []string{"hw.lt"}, Sample: `assert(hw.le(0xffffff8008c5a005, 0xffffff8008c5a005))`,
	},
	{
		Name: "type", Doc: "The type of a value: u64, machine, cpu, bank, task, event, wide, work and the names of our other objects, else what type says.",
		Params: []describe.Param{{Name: "v", Type: describe.Union(describe.Any, describe.Nil)}}, Results: []describe.Param{{Name: "name", Type: describe.String}},
		Sample: `assert(hw.type(m.cpu[0]) == "cpu")`,
	},
	{
		Name: "explain", Doc: "What a register's value means, in words; a control word when no register is named.",
		Params: []describe.Param{{Name: "value", Type: describe.U64},
			{Name: "register", Type: describe.Enum("BVR", "breakpoint value", "BCR", "breakpoint control", "WVR", "watchpoint value", "WCR", "watchpoint control",
				"MDSCR_EL1", "monitor debug system control", "ID_AA64DFR0_EL1", "debug features"), Optional: true, Doc: "which register it is from", Default: "a control word, its type says whose"}},
		Results: []describe.Param{{Name: "text", Type: describe.String}}, See: []string{"hw.ctrl.decode", "DBGWCR", "DBGBCR"},
		Sample: `print(hw.explain(0x1f5))`,
		Go:     explain,
	},
}

var hwFields = []describe.Field{
	{Name: "errno", Type: describe.Map(describe.String, describe.Int), Doc: "The numbers of errnos by name: hw.errno.ENOSPC is 28."},
	{Name: "presets", Type: describe.Array(describe.Table("preset")), Doc: "The cores that a machine can have, in a list and by name."},
	{Name: "kernels", Type: describe.Array(describe.String), Doc: "The kernel profiles, by their full names."},
}

var ctrlModule = describe.Module{
	Name: "ctrl",
	Doc:  "Control words: DBGBCR and DBGWCR as the kernel writes them.",
	Funcs: []describe.Func{
		{
			Name: "encode", Doc: "Make a control word.",
			Params: []describe.Param{{Name: "fields", Type: describe.Table("ctrl_fields")}}, Results: []describe.Param{{Name: "value", Type: describe.Int}},
			See: []string{"hw.ctrl.decode", "DBGWCR", "DBGBCR"}, Sample: `assert(hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true } == 0x1f5)`,
			Go: encode,
		},
		{
			Name: "decode", Doc: "Take a control word apart.",
			Params: []describe.Param{{Name: "value", Type: describe.U64, Doc: "32 bits"}}, Results: []describe.Param{{Name: "fields", Type: describe.Table("ctrl")}},
			See: []string{"hw.ctrl.encode", "hw.explain"}, Sample: `assert(hw.ctrl.decode(0x18d).bas == 0x0c)`,
			Go: decode,
		},
	},
}

func newMachine(fill Fill[sim.Config]) (*sim.Machine, error) {
	var c sim.Config
	fill(&c)
	return sim.New(c)
}

// Registers are the names that hw.explain knows.
var Registers = []string{"BVR", "BCR", "WVR", "WCR", "MDSCR_EL1", "ID_AA64DFR0_EL1"}

func explain(v uint64, register string) (string, error) {
	for i, name := range Registers {
		if name == register {
			return arm64.Explain(arm64.Reg(i), v), nil
		}
	}
	if v>>32 != 0 {
		return "", fmt.Errorf("0x%x is no control word, which has 32 bits; name the register it is from: %s", v, strings.Join(Registers, " "))
	}
	return arm64.ExplainCtrl(uint32(v)), nil
}

// CtrlFields are the fields of hw.ctrl.encode.
type CtrlFields struct {
	Type         hwdebug.BPType
	BAS          int // notGiven or a mask
	Len, Offset  int // notGiven or bytes
	Privilege    string
	Enabled, HMC bool
}

// PrivilegeWords are the levels that a control word selects, by the value of its field.
var PrivilegeWords = [4]string{"none", "el1", "el0", "el0+el1"}

// notGiven stands for a number of a control word that was left out.
const notGiven = math.MinInt

// noType stands for a control word's type that was not given.
const noType = hwdebug.BPType(1 << 31)

func encode(fill Fill[CtrlFields]) (uint64, error) {
	f := CtrlFields{Type: noType, BAS: notGiven, Len: notGiven, Offset: notGiven, Privilege: "el0"}
	fill(&f)
	c := arm64.Ctrl{Enabled: f.Enabled, HMC: f.HMC}
	switch {
	case f.Type == hwdebug.X:
	case f.Type >= hwdebug.R && f.Type <= hwdebug.RW:
		c.Type = arm64.CtrlType(f.Type)
	case f.Type == noType:
		return 0, fmt.Errorf("field 'type' is missing: \"r\", \"w\", \"rw\" or \"x\"")
	default:
		return 0, fmt.Errorf("field 'type': %v is no type of a control word; there are \"r\", \"w\", \"rw\" and \"x\"", f.Type)
	}
	for i, w := range PrivilegeWords {
		if w == f.Privilege {
			c.Privilege = arm64.Privilege(i)
		}
	}
	mask, err := f.mask()
	if err != nil {
		return 0, err
	}
	c.Len = mask
	return uint64(c.Encode()), nil
}

// mask is the byte mask that bas gives, or len and offset do; what is given of both has to agree.
func (f *CtrlFields) mask() (uint8, error) {
	n, offset := f.Len, max(f.Offset, 0)
	if f.BAS != notGiven {
		if f.BAS < 0 || f.BAS > 0xff {
			return 0, fmt.Errorf("field 'bas': %d is no byte mask, which has 8 bits", f.BAS)
		}
		if n == notGiven {
			if _, at, _ := arm64.MaskSpan(uint8(f.BAS)); f.Offset != notGiven && f.Offset != at {
				return 0, fmt.Errorf("field 'offset': %d is not where mask 0x%x begins; give bas, or len and offset", f.Offset, f.BAS)
			}
			return uint8(f.BAS), nil
		}
	} else if n == notGiven {
		if f.Type != hwdebug.X {
			return 0, fmt.Errorf("field 'len' is missing: a watchpoint's control word needs bas, or len and offset")
		}
		n = 4
	}
	mask, ok := arm64.LenMask(n)
	if !ok {
		return 0, fmt.Errorf("field 'len': %d bytes asked for, a mask selects 1 to 8", n)
	}
	if f.Offset != notGiven && f.Offset < 0 || offset+n > 8 {
		return 0, fmt.Errorf("field 'offset': %d bytes at %+d leave the doubleword that a mask selects from", n, f.Offset)
	}
	mask <<= offset
	if f.BAS != notGiven && mask != uint8(f.BAS) {
		return 0, fmt.Errorf("field 'bas': 0x%x is not the mask of len %d at offset %d; give one or the other", f.BAS, n, offset)
	}
	return mask, nil
}

// Ctrl is a control word taken apart.
type Ctrl struct {
	Type         string
	BAS          uint64
	Privilege    string
	Enabled, HMC bool
	Regular      bool // the mask is one run of bytes
	Len, Offset  int
}

func decode(v Word) Ctrl {
	c := arm64.DecodeCtrl(uint32(v))
	out := Ctrl{Type: "x", BAS: uint64(c.Len), Enabled: c.Enabled, HMC: arm64.DBGWCR(v).HMC(),
		Privilege: PrivilegeWords[c.Privilege&3]}
	if c.Type != arm64.Execute {
		out.Type = TypeWords[c.Type-1]
	}
	out.Len, out.Offset, out.Regular = arm64.MaskSpan(uint8(out.BAS))
	return out
}

// PresetList are the cores that a machine can have.
func PresetList() []sim.Preset { return sim.Presets() }

func errnos() []describe.Errno {
	docs := map[string]string{
		"EPERM": "operation not permitted", "ENOENT": "no such file or directory", "ESRCH": "no such process", "EINTR": "interrupted system call",
		"EIO": "I/O error", "ENXIO": "no such device or address", "E2BIG": "argument list too long", "EBADF": "bad file number",
		"EAGAIN": "try again", "ENOMEM": "out of memory", "EACCES": "permission denied", "EFAULT": "bad address", "EBUSY": "device or resource busy",
		"EEXIST": "file exists", "ENODEV": "no such device", "EINVAL": "invalid argument",
		"ENOSPC": "no space left on device: here, every slot is spoken for", "EDEADLK": "resource deadlock would occur",
		"EOPNOTSUPP": "operation not supported", "ENOTSUPP": "operation is not supported, the kernel's own",
	}
	var list []describe.Errno
	for _, e := range hwdebug.Errnos {
		list = append(list, describe.Errno{Name: e.Name, Number: e.Number, Doc: fmt.Sprintf("%d, %s.", e.Number, docs[e.Name])})
	}
	return list
}
