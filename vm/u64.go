// u64: exact integers of 2^53 and above. One value is always one Lua value.

package vm

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const twoTo53 = 1 << 53

// u64Table holds the u64s of a runtime.
type u64Table struct {
	rt     *Runtime
	values map[uint64]*lua.LUserData
	meta   *lua.LTable
}

func (t *u64Table) init(rt *Runtime) {
	t.rt = rt
	t.values = map[uint64]*lua.LUserData{}
	t.meta = rt.L.NewTable()
}

// u64 is v as a script sees it.
func (rt *Runtime) u64(v uint64) lua.LValue {
	if v < twoTo53 {
		return lua.LNumber(v)
	}
	if ud, ok := rt.u64s.values[v]; ok {
		return ud
	}
	rt.charge(sizeU64)
	ud := &lua.LUserData{Value: wide(v), Metatable: rt.u64s.meta, Env: rt.L.Env}
	rt.u64s.values[v] = ud
	return ud
}

// IsU64 says whether v is a u64: a value of 2^53 or above.
func IsU64(v lua.LValue) bool {
	_, err := u64Of(v)
	return err == nil
}

// wide is what the userdata of a u64 holds; nothing else has this type.
type wide uint64

// u64Of is the value of a u64; anything else is an error, plain numbers as well.
func u64Of(v lua.LValue) (uint64, error) {
	if ud, ok := v.(*lua.LUserData); ok {
		if u, ok := ud.Value.(wide); ok {
			return uint64(u), nil
		}
	}
	return 0, errNoU64
}

var errNoU64 = errors.New("not a u64")

// Hex is v as API.md prints it: 0x, lower case, padded with zeros to digits.
func Hex(v uint64, digits int) string {
	const zeros = "0000000000000000"
	s := strconv.FormatUint(v, 16)
	if n := min(digits, len(zeros)) - len(s); n > 0 {
		return "0x" + zeros[:n] + s
	}
	return "0x" + s
}

// ToU64 is the exact value of a u64 or of an integer below 2^53. The error of anything else shows
// the right spelling.
func ToU64(v lua.LValue) (uint64, error) {
	switch v := v.(type) {
	case lua.LNumber:
		f := float64(v)
		switch {
		case f != math.Trunc(f) || math.IsInf(f, 0):
			return 0, fmt.Errorf("whole number expected, got %s", formatNumber(f))
		case f < 0:
			return 0, fmt.Errorf("number of 0 or more expected, got %s", formatNumber(f))
		case f >= twoTo53:
			return 0, fmt.Errorf("%s has lost precision; write it as a literal, as hw.u64 \"%s\", or make it with bit.lshift", formatNumber(f), exactText(f))
		}
		return uint64(f), nil
	case *lua.LUserData:
		if u, ok := v.Value.(wide); ok {
			return uint64(u), nil
		}
	}
	return 0, fmt.Errorf("number expected, got %s", v.Type())
}

// exactText spells a float of 2^53 or above in full.
func exactText(f float64) string {
	if f >= math.MaxUint64 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprintf("%#x", uint64(f))
}

func formatNumber(f float64) string {
	return strings.Replace(strconv.FormatFloat(f, 'g', 14, 64), "e+0", "e+", 1)
}
