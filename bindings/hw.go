// What is in hw itself: machines, exact integers, control words, constants.

package bindings

import (
	"errors"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	numOrU64  = describe.Union(describe.Number, describe.U64)
	compared  = []describe.Param{param("a", numOrU64, ""), param("b", numOrU64, "")}
	valueOut  = one("value", describe.U64, "")
	textOut   = one("text", describe.String, "")
	ctrlWords = []string{"hw.ctrl.decode", "DBGWCR", "DBGBCR"}
)

var hwFuncs = []describe.Func{
	{
		Name:    "machine",
		Doc:     "Make a machine and boot it.",
		Params:  oneIf("options", describe.Table("machine_options"), "", ""),
		Results: one("m", describe.Object("machine"), ""),
		Sample:  `local m = hw.machine { cpus = 4, brps = 6, wrps = 4 }`,
		Go:      newMachine,
	},
	exploreFunc,
	boardFunc,
	{
		Name: "u64",
		Doc: "The exact value of an integer or of text. A value below 2^53 is an ordinary number, a " +
			"larger one is a u64. Equal values are always the same Lua value.",
		Params: one("x", describe.Union(describe.U64, describe.String),
			"an integer below 2^53, a u64, or text: decimal, or hexadecimal after 0x"),
		Results: valueOut,
		See:     []string{"hw.hex", "integers"},
		Sample:  `assert(hw.u64 "0xffffff8008c5a004" == 0xffffff8008c5a004)`,
		Go: func(c *call) int {
			v := c.arg(0)
			if s, ok := v.v.(lua.LString); ok {
				return c.u64(parseU64(string(s)))
			}
			if v.v.Type() != lua.LTNumber && !isU64(v.v) {
				v.wrong()
			}
			return c.u64(vm.ToU64(v.v))
		},
	},
	{
		Name: "hex",
		Doc:  "A value in lower-case hexadecimal, after 0x.",
		Params: []describe.Param{
			param("value", describe.U64, ""),
			optional("digits", describe.Int, "no padding", "the number of digits, padded with zeros"),
		},
		Results: textOut,
		Sample:  `assert(hw.hex(0x1e5, 16) == "0x00000000000001e5")`,
		Go:      hex,
	},
	{
		Name: "lt",
		Doc: "Whether a is less than b, for any mixture of numbers and u64s. The operator < of Lua " +
			"5.1 cannot compare a number with a variable that holds a u64.",
		Params:  compared,
		Results: one("less", describe.Bool, ""),
		See:     []string{"hw.le"},
		Sample:  `assert(hw.lt(5, 0xffffff8008c5a005))`,
		Go:      func(c *call) int { return c.compare(func(order int) bool { return order < 0 }) },
	},
	{
		Name:    "le",
		Doc:     "Whether a is less than or equal to b, for any mixture of numbers and u64s.",
		Params:  compared,
		Results: one("less", describe.Bool, ""),
		See:     []string{"hw.lt"},
		Sample:  `assert(hw.le(0xffffff8008c5a005, 0xffffff8008c5a005))`,
		Go:      func(c *call) int { return c.compare(func(order int) bool { return order <= 0 }) },
	},
	{
		Name: "type",
		Doc: "The type of a value: u64, machine, cpu, bank, task, event, wide, work and the names of " +
			"the other classes; for any other value that of type.",
		Params:  one("v", describe.Union(describe.Any, describe.Nil), ""),
		Results: one("name", describe.String, ""),
		Sample:  `assert(hw.type(m.cpu[0]) == "cpu")`,
		Go: func(c *call) int {
			if c.L.GetTop() < 1 {
				c.bad(errors.New("value expected"))
			}
			return c.text(typeName(c.L.Get(1)), nil)
		},
	},
	{
		Name: "explain",
		Doc: "The meaning of a register's value, in words. If no register is named, the value is a " +
			"control word.",
		Params: []describe.Param{
			param("value", describe.U64, ""),
			optional("register", registerWords.typ(), "a control word; its type tells which",
				"the register that holds it"),
		},
		Results: textOut,
		See:     ctrlWords,
		Sample:  `print(hw.explain(0x1f5))`,
		Go:      explain,
	},
}

var hwFields = []describe.Field{
	{
		Name: "errno", Type: describe.Map(describe.String, describe.Int), Go: errnoTable,
		Doc: "The numbers of errnos by name: hw.errno.ENOSPC is 28.",
	},
	{
		Name: "presets", Type: describe.Array(describe.Table("preset")), Go: presetTable,
		Doc: "The cores that a machine can have, as a list and by name.",
	},
	{
		Name: "kernels", Type: describe.Array(describe.String), Doc: "The full names of the kernel profiles.",
		Go: func(rt *runtime) lua.LValue { return showTexts(rt, nil, sim.Profiles()) },
	},
}

var ctrlModule = describe.Module{
	Name: "ctrl",
	Doc:  "Control words: DBGBCR and DBGWCR as the kernel writes them.",
	Funcs: []describe.Func{
		{
			Name:    "encode",
			Doc:     "Make a control word.",
			Params:  one("fields", describe.Table("ctrl_fields"), ""),
			Results: one("value", describe.Type{Kind: describe.KindInt, Hex: true}, ""),
			See:     ctrlWords,
			Sample: `
assert(hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true } == 0x1f5)`,
			Go: func(c *call) int {
				f := newCtrlFields()
				c.fill(0, &f)
				return c.u64(f.encode())
			},
		},
		{
			Name:    "decode",
			Doc:     "Take a control word apart.",
			Params:  one("value", describe.U64, "32 bits"),
			Results: one("fields", describe.Table("ctrl"), ""),
			See:     []string{"hw.ctrl.encode", "hw.explain"},
			Sample:  `assert(hw.ctrl.decode(0x18d).bas == 0x0c)`,
			Go: func(c *call) int {
				w := ctrlWord(c.arg(0).u32())
				return c.value(c.rt.table(nil, "ctrl", &w))
			},
		},
	},
}

// newMachineBytes is what a script is charged before a machine is made. The rest follows when its
// size is known.
const newMachineBytes = 64 << 10

// newMachine reports an invalid option as the field of the table that holds it.
func newMachine(c *call) int {
	cfg := c.rt.options.Defaults
	c.fill(0, &cfg)
	c.rt.s.Charge(newMachineBytes)
	control := c.rt.options.Control
	if control != nil {
		cfg = control.Configure(cfg)
	}
	m, err := sim.New(cfg)
	if e, ok := errors.AsType[*sim.OptionError](err); ok {
		c.field, err = e.Option, errors.New(e.Detail())
	}
	if err != nil {
		c.bad(err)
	}
	mach := c.rt.adopt(m)
	if control != nil {
		c.rt.follow(control, m)
	}
	c.rt.s.Charge(mach.charged)
	return c.value(mach.ud)
}

func hex(c *call) int {
	n := c.arg(0).u64()
	digits := c.arg(1).int()
	if digits < 0 || digits > 64 {
		c.bad(fmt.Errorf("got %d digits, want 0 to 64", digits))
	}
	text := vm.Hex(n, digits)
	if more := digits + len("0x") - len(text); more > 0 {
		text = "0x" + strings.Repeat("0", more) + text[len("0x"):]
	}
	return c.text(text, nil)
}

// compare returns what holds reports of the order of the two arguments, false if one is not a number (NaN).
func (c *call) compare(holds func(order int) bool) int {
	var side [2]lua.LValue
	for i := range side {
		v := c.arg(i)
		if v.v.Type() != lua.LTNumber && !isU64(v.v) {
			v.wrong()
		}
		side[i] = v.v
	}
	order, ok := c.rt.s.Compare(side[0], side[1])
	return c.bool(ok && holds(order), nil)
}

func explain(c *call) int {
	v := c.arg(0).u64()
	if c.given(1) {
		return c.text(arm64.Explain(word(c.arg(1), registerWords), v), nil)
	}
	if v > math.MaxUint32 {
		return c.fail(fmt.Errorf("0x%x is not a control word of 32 bits; name its register: %s", v,
			strings.Join(registerWords.typ().Strings(), " ")))
	}
	return c.text(arm64.ExplainCtrl(uint32(v)), nil)
}

// errnoTable raises for names that are not errnos.
func errnoTable(rt *runtime) lua.LValue {
	t := rt.L.CreateTable(0, len(hwdebug.Errnos))
	for _, e := range hwdebug.Errnos {
		t.RawSetString(e.Name, rt.int(e.Number))
	}
	rt.guard(t, "hw.errno has no '%s'", errnoNames())
	return t
}

func presetTable(rt *runtime) lua.LValue {
	presets := sim.Presets()
	t := rt.L.CreateTable(len(presets), len(presets))
	for i := range presets {
		one := rt.table(nil, "preset", &presets[i])
		t.RawSetInt(i+1, one)
		t.RawSetString(presets[i].Name, one)
	}
	return t
}

// errnoNames returns the names of all errnos.
func errnoNames() []string {
	names := make([]string, len(hwdebug.Errnos))
	for i, e := range hwdebug.Errnos {
		names[i] = e.Name
	}
	return names
}

// errnoName is the name of an errno.
var errnoName = describe.NameOf(errnoWords())

func errnoWords() []describe.Word {
	var list []describe.Word
	for _, e := range errnos() {
		list = append(list, describe.Word{Value: e.Name, Doc: e.Doc})
	}
	return list
}

// errnos describes hwdebug.Errnos.
func errnos() []describe.Errno {
	var list []describe.Errno
	for _, e := range hwdebug.Errnos {
		doc := fmt.Sprintf("%d, %s.", e.Number, errnoDocs[e.Name])
		list = append(list, describe.Errno{Name: e.Name, Number: e.Number, Doc: doc})
	}
	return list
}

var errnoDocs = map[string]string{
	"EPERM":      "operation not permitted",
	"ENOENT":     "no such file or directory",
	"ESRCH":      "no such process",
	"EINTR":      "interrupted system call",
	"EIO":        "I/O error",
	"ENXIO":      "no such device or address",
	"E2BIG":      "argument list too long",
	"EBADF":      "bad file number",
	"EAGAIN":     "try again",
	"ENOMEM":     "out of memory",
	"EACCES":     "permission denied",
	"EFAULT":     "bad address",
	"EBUSY":      "device or resource busy",
	"EEXIST":     "file exists",
	"ENODEV":     "no such device",
	"EINVAL":     "invalid argument",
	"ENOSPC":     "no space left on device; here: every slot is reserved",
	"EDEADLK":    "resource deadlock would occur",
	"EOPNOTSUPP": "operation not supported",
	"ENOTSUPP":   "operation is not supported; for use inside the kernel",
}
