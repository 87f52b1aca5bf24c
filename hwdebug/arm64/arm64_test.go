// arm64_test.go: the registers' formats against the rules and worked values of the specification.

package arm64_test

import (
	"strings"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/arm64"
)

func TestRegName(t *testing.T) {
	tests := []struct {
		name    string
		unified int
		want    string
	}{
		{"the first breakpoint value register", BVR, "DBGBVR0_EL1"},
		{"bank BVR ends at 15", BVR + 15, "DBGBVR15_EL1"},
		{"V-5: (BVR, 16) is the first control register", BVR + 16, "DBGBCR0_EL1"},
		{"V-1: (WVR, 3) is 35", 35, "DBGWVR3_EL1"},
		{"V-2: (WCR, 15) is 63", 63, "DBGWCR15_EL1"},
		{"V-3: (WCR, 16) is none", WCR + 16, ""},
		{"below the banks there is none", -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := RegName(tt.unified); got != tt.want {
				t.Errorf("RegName(%d) = %q, want %q", tt.unified, got, tt.want)
			}
			r, ok := RegOf(tt.unified)
			if ok != (tt.want != "") || ok && !strings.HasPrefix(tt.want, r.String()) {
				t.Errorf("RegOf(%d) = %v, %v; its name is %q", tt.unified, r, ok, tt.want)
			}
		})
	}
}

// ctrlVectors are the worked values of spec 1.3 and the control words of chapter 12 (once
// installed). They encode to the word and the word decodes to them.
var ctrlVectors = []struct {
	name string
	ctrl Ctrl
	word uint32
}{
	// R-REG-13 to 15, table of 1.3
	{"1.3: user W, 4 bytes at ...0", Ctrl{0x0f, Store, EL0, true, false}, 0x1f5},
	{"1.3: user W, 4 bytes at ...4", Ctrl{0xf0, Store, EL0, true, false}, 0x1e15},
	{"1.3: user R, 2 bytes at ...2", Ctrl{0x0c, Load, EL0, true, false}, 0x18d},
	{"1.3: user RW, 1 byte at ...1", Ctrl{0x02, LoadStore, EL0, true, false}, 0x5d},
	{"1.3: user RW, 8 bytes at ...0", Ctrl{0xff, LoadStore, EL0, true, false}, 0x1ffd},
	{"1.3: kernel W, 4 bytes at ...0", Ctrl{0x0f, Store, EL1, true, false}, 0x1f3},
	{"1.3: kernel RW, 8 bytes at ...0", Ctrl{0xff, LoadStore, EL1, true, false}, 0x1ffb},
	{"1.3: kernel RW, 8 bytes at ...0, VHE", Ctrl{0xff, LoadStore, EL1, true, true}, 0x3ffb},
	{"1.3: user X, length 4", Ctrl{0x0f, Execute, EL0, true, false}, 0x1e5},
	{"1.3: kernel X", Ctrl{0x0f, Execute, EL1, true, false}, 0x1e3},
	{"1.3: kernel X, VHE", Ctrl{0x0f, Execute, EL1, true, true}, 0x21e3},
	{"1.3: 32-bit user X, length 2 at ...2", Ctrl{0x0c, Execute, EL0, true, false}, 0x185},
	// Chapter 12
	{"V-8: enabled 1, EL0, store, len 0x0f", Ctrl{0x0f, Store, EL0, true, false}, 0x1f5},
	{"V-9: enabled 0, EL1, both, len 0xff, VHE", Ctrl{0xff, LoadStore, EL1, false, true}, 0x3ffa},
	{"V-15: R 1 at ...7", Ctrl{0x80, Load, EL0, true, false}, 0x100d},
	{"V-17: RW 2 at ...6", Ctrl{0xc0, LoadStore, EL0, true, false}, 0x181d},
	{"V-19: W 3", Ctrl{0x07, Store, EL0, true, false}, 0xf5},
	{"V-20: W 5 at ...3", Ctrl{0xf8, Store, EL0, true, false}, 0x1f15},
	{"V-21: RW 6", Ctrl{0x3f, LoadStore, EL0, true, false}, 0x7fd},
	{"V-22: W 7 at ...1", Ctrl{0xfe, Store, EL0, true, false}, 0x1fd5},
	{"V-23: W 4 at ...6, two bytes left", Ctrl{0xc0, Store, EL0, true, false}, 0x1815},
	{"V-24: RW 8 at ...4, four bytes left", Ctrl{0xf0, LoadStore, EL0, true, false}, 0x1e1d},
	{"V-27: kernel R 4 at ...4", Ctrl{0xf0, Load, EL1, true, false}, 0x1e0b},
	{"V-31: X 4 at ...2", Ctrl{0x3c, Execute, EL0, true, false}, 0x785},
	{"V-45: kernel W 8", Ctrl{0xff, Store, EL1, true, false}, 0x1ff3},
	{"V-47: 32-bit X 2 at ...1", Ctrl{0x06, Execute, EL0, true, false}, 0xc5},
	{"V-49: 32-bit RW 1 at ...3", Ctrl{0x08, LoadStore, EL0, true, false}, 0x11d},
	{"V-50: 32-bit RW 1 at ...2", Ctrl{0x04, LoadStore, EL0, true, false}, 0x9d},
	{"V-80: stepping over V-13", Ctrl{0xf0, Store, EL0, false, false}, 0x1e14},
	{"nothing at all", Ctrl{}, 0},
}

func TestCtrlVectors(t *testing.T) {
	for _, tt := range ctrlVectors {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.ctrl.Encode(); got != tt.word {
				t.Errorf("%+v encodes to %#x, want %#x", tt.ctrl, got, tt.word)
			}
			want := tt.ctrl
			want.HMC = false // R-REG-16
			if got := DecodeCtrl(tt.word); got != want {
				t.Errorf("%#x decodes to %+v, want %+v", tt.word, got, want)
			}
			if w := DBGWCR(tt.word); w.E() != tt.ctrl.Enabled || w.PAC() != uint8(tt.ctrl.Privilege) ||
				w.LSC() != uint8(tt.ctrl.Type) || w.BAS() != tt.ctrl.Len || w.HMC() != tt.ctrl.HMC {
				t.Errorf("DBGWCR(%#x): E %v PAC %d LSC %d BAS %#x HMC %v, want %+v",
					tt.word, w.E(), w.PAC(), w.LSC(), w.BAS(), w.HMC(), tt.ctrl)
			}
			if b := DBGBCR(tt.word); b.E() != tt.ctrl.Enabled || b.PMC() != uint8(tt.ctrl.Privilege) ||
				b.BAS() != tt.ctrl.Len&15 || b.HMC() != tt.ctrl.HMC {
				t.Errorf("DBGBCR(%#x): E %v PMC %d BAS %#x HMC %v, want %+v",
					tt.word, b.E(), b.PMC(), b.BAS(), b.HMC(), tt.ctrl)
			}
		})
	}
}
