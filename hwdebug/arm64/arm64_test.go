// The registers' formats against the rules and worked values of the specification.

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

func TestCtrlEncodeDecode(t *testing.T) {
	// Every image there is survives the way there and back, and no bit beyond 13 is ever made
	// (R-REG-13: SSC, LBN, BT, WT and MASK are never set).
	for v := range uint32(1 << 14) {
		c := DecodeCtrl(v)
		if c.HMC {
			t.Fatalf("DecodeCtrl(%#x) sees HMC, which is not of the image (R-REG-16)", v)
		}
		c.HMC = v>>13&1 != 0
		if got := c.Encode(); got != v {
			t.Fatalf("%#x decodes to %+v, which encodes to %#x", v, c, got)
		}
	}
	t.Run("V-10: bits from 13 up are ignored", func(t *testing.T) {
		want := Ctrl{Len: 0x0f, Type: Store, Privilege: EL0, Enabled: true}
		if got := DecodeCtrl(0xffffe1f5); got != want {
			t.Errorf("DecodeCtrl(0xffffe1f5) = %+v, want %+v", got, want)
		}
	})
	t.Run("bits that a field does not have are cut off", func(t *testing.T) {
		if got := (Ctrl{Type: 0xfe, Privilege: 0xfd}).Encode(); got != 0x12 {
			t.Errorf("encodes to %#x, want 0x12", got)
		}
	})
}

func TestMasks(t *testing.T) {
	// R-REG-15
	want := [...]uint8{1: 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff}
	for n := -1; n <= 10; n++ {
		mask, ok := LenMask(n)
		if valid := n >= 1 && n <= 8; ok != valid || valid && mask != want[n] || !valid && mask != 0 {
			t.Errorf("LenMask(%d) = %#x, %v", n, mask, ok)
		}
	}
	for m := range 256 {
		mask := uint8(m)
		wantLen := 0
		for n := 1; n <= 8; n++ {
			if want[n] == mask {
				wantLen = n
			}
		}
		if n, ok := MaskLen(mask); n != wantLen || ok != (wantLen != 0) {
			t.Errorf("MaskLen(%#02x) = %d, %v, want %d", mask, n, ok, wantLen)
		}
		spanLen, spanOff := 0, 0
		for n := 1; n <= 8; n++ {
			for off := 0; off+n <= 8; off++ {
				if want[n]<<off == mask {
					spanLen, spanOff = n, off
				}
			}
		}
		if n, off, ok := MaskSpan(mask); n != spanLen || off != spanOff || ok != (spanLen != 0) {
			t.Errorf("MaskSpan(%#02x) = %d, %d, %v, want %d, %d", mask, n, off, ok, spanLen, spanOff)
		}
	}
}

func TestStored(t *testing.T) {
	tests := []struct {
		name            string
		written, stored DBGBCR
	}{
		{"R-REG-21: user X at ...1", 0x3c5, 0x385},
		{"R-REG-21: user X at ...2 reads as written", 0x785, 0x785},
		{"R-REG-21: user X at ...3", 0xf05, 0xe05},
		{"a regular word reads as written", 0x1e5, 0x1e5},
		{"V-47: 32-bit X 2 at ...1 reads as one at ...2", 0xc5, 0x185},
		{"bits that the kernel never sets read as written", 0xfffffe1f, 0xfffffe1f},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.written.Stored(); got != tt.stored {
				t.Errorf("%#x reads %#x, want %#x", uint32(tt.written), uint32(got), uint32(tt.stored))
			}
		})
	}
	for v := range uint32(1 << 14) {
		s := DBGBCR(v).Stored()
		for bit := range 32 {
			from := bit
			if bit == 6 || bit == 8 {
				from-- // BAS[1], BAS[3]
			}
			if s>>bit&1 != DBGBCR(v)>>from&1 {
				t.Fatalf("%#x reads %#x: bit %d is not bit %d of what was written", v, uint32(s), bit, from)
			}
		}
	}
}

func TestIDAA64DFR0(t *testing.T) {
	t.Run("V-6: 6 breakpoints, 4 watchpoints, 2 context-aware, v8.0", func(t *testing.T) {
		d := MakeIDAA64DFR0(6, 4, 2, DebugV8P0)
		if d != 0x10305106 {
			t.Errorf("got %#x, want 0x10305106", uint64(d))
		}
		if d.BRPs() != 6 || d.WRPs() != 4 || d.CTXCMPs() != 2 || d.DebugVer() != 6 {
			t.Errorf("reads %d, %d, %d, version %d", d.BRPs(), d.WRPs(), d.CTXCMPs(), d.DebugVer())
		}
	})
	t.Run("V-7: fields 3 and 1 are 4 and 2 registers", func(t *testing.T) {
		if d := IDAA64DFR0(3<<12 | 1<<20); d.BRPs() != 4 || d.WRPs() != 2 || d.CTXCMPs() != 1 {
			t.Errorf("reads %d, %d, %d", d.BRPs(), d.WRPs(), d.CTXCMPs())
		}
	})
	for n := 1; n <= MaxRegs; n++ {
		d := MakeIDAA64DFR0(n, 17-n, n, uint8(n))
		if d.BRPs() != n || d.WRPs() != 17-n || d.CTXCMPs() != n || d.DebugVer() != uint8(n)&15 {
			t.Errorf("%d, %d, %d: reads %d, %d, %d, version %d", n, 17-n, n, d.BRPs(), d.WRPs(),
				d.CTXCMPs(), d.DebugVer())
		}
	}
	t.Run("counts are brought into 1 to 16", func(t *testing.T) {
		if d := MakeIDAA64DFR0(0, 99, -5, 6); d.BRPs() != 1 || d.WRPs() != 16 || d.CTXCMPs() != 1 {
			t.Errorf("reads %d, %d, %d", d.BRPs(), d.WRPs(), d.CTXCMPs())
		}
	})
}

func TestMDSCR(t *testing.T) {
	// R-REG-18: the rest value, with MDE, with MDE and KDE; V-63: KDE left behind.
	for _, tt := range []struct {
		v, want uint64
		words   string
	}{
		{MDSCRTDCC, 0x1000, "breakpoints and watchpoints are off"},
		{MDSCRTDCC | MDSCRMDE, 0x9000, "breakpoints and watchpoints are taken from EL0 only"},
		{MDSCRTDCC | MDSCRMDE | MDSCRKDE, 0xb000, "breakpoints and watchpoints are taken from EL0 and EL1"},
		{MDSCRTDCC | MDSCRKDE, 0x3000, "breakpoints and watchpoints are off (KDE alone enables none)"},
		{MDSCRTDCC | MDSCRSS, 0x1001, "breakpoints and watchpoints are off, software step is on"},
	} {
		if tt.v != tt.want {
			t.Errorf("got %#x, want %#x", tt.v, tt.want)
		}
		if got := Explain(RegMDSCR, tt.v); got != tt.words {
			t.Errorf("%#x: %q, want %q", tt.v, got, tt.words)
		}
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		reg  Reg
		v    uint64
		want string
	}{
		{RegWCR, 0x1f5, "watchpoint on stores from EL0 to 4 bytes at +0, enabled"},
		{RegWCR, 0x1e15, "watchpoint on stores from EL0 to 4 bytes at +4, enabled"},
		{RegWCR, 0x1ffa, "watchpoint on loads and stores from EL1 to 8 bytes at +0, disabled"},
		{RegWCR, 0x3ffb, "watchpoint on loads and stores from EL1 and EL2 to 8 bytes at +0, enabled"},
		{RegWCR, 0x5d, "watchpoint on loads and stores from EL0 to 1 byte at +1, enabled"},
		{RegWCR, 0x0000, "watchpoint on nothing (LSC 0 is reserved) from no level to no byte, disabled"},
		{RegWCR, 0x00b5, "watchpoint on stores from EL0 to the bytes of mask 0x05, enabled"},
		{RegWCR, 0x0c001ff5, "watchpoint on stores from EL0 to the aligned block of 4096 bytes, enabled"},
		{RegWCR, 0x01001ff5, "watchpoint on stores from EL0 to nothing (MASK 1 is reserved), enabled"},
		{
			reg: RegWCR,
			v:   0x00139ff5,
			want: "watchpoint on stores from EL0 (Secure only) to 8 bytes at +0, linked to breakpoint 3," +
				" enabled",
		},
		{RegBCR, 0x1e5, "breakpoint on the instruction at +0 at EL0, enabled"},
		{RegBCR, 0x1e3, "breakpoint on the instruction at +0 at EL1, enabled"},
		{RegBCR, 0x21e3, "breakpoint on the instruction at +0 at EL1 and EL2, enabled"},
		{RegBCR, 0x184, "breakpoint on the halfword instruction at +2 at EL0, disabled"},
		{RegBCR, 0x65, "breakpoint on the halfword instruction at +0 at EL0, enabled"},
		{RegBCR, 0xc5, "breakpoint on no instruction (BAS 0x6 is constrained unpredictable) at EL0, enabled"},
		{RegBCR, 0, "breakpoint on no instruction (BAS 0) at no level, disabled"},
		{RegWCR, 0x02001ff5, "watchpoint on stores from EL0 to nothing (MASK 2 is reserved), enabled"},
		{RegWCR, 0x03001ff5, "watchpoint on stores from EL0 to the aligned block of 8 bytes, enabled"},
		{RegBCR, 0x2501e5, "breakpoint on unlinked context ID match at EL0, enabled"},
		{RegBCR, 0x3521e1, "breakpoint on linked context ID match at EL2, linked to breakpoint 5, enabled"},
		{RegBVR, 0xffffff8008080000, "instruction address 0xffffff8008080000"},
		{RegWVR, 0x400000, "data address 0x0000000000400000"},
		{RegWVR, 0x10004, "data address 0x0000000000010004, of which only bytes +0 to +3 can be selected"},
		{RegWVR, 0x400003, "data address 0x0000000000400000"},
		{
			reg: RegIDAA64DFR0,
			v:   0xf0f0f10b,
			want: "16 breakpoints and 16 watchpoints, 16 context-aware breakpoints, debug architecture " +
				"version 11",
		},
		{
			reg:  RegIDAA64DFR0,
			v:    0x10305106,
			want: "6 breakpoints and 4 watchpoints, 2 context-aware breakpoints, debug architecture ARMv8.0",
		},
		{
			reg:  RegIDAA64DFR0,
			v:    0,
			want: "1 breakpoint and 1 watchpoint, 1 context-aware breakpoint, debug architecture version 0",
		},
		{RegIDAA64DFR0 + 1, 5, "0x0000000000000005"},
		{Reg(99), 5, "0x0000000000000005"},
	}
	for _, tt := range tests {
		if got := Explain(tt.reg, tt.v); got != tt.want {
			t.Errorf("Explain(%v, %#x)\n got %q\nwant %q", tt.reg, tt.v, got, tt.want)
		}
	}
	if got, want := ExplainCtrl(0x1e5), Explain(RegBCR, 0x1e5); got != want {
		t.Errorf("a word of type execute is explained as %q, want %q", got, want)
	}
	if got, want := ExplainCtrl(0x1e15), Explain(RegWCR, 0x1e15); got != want {
		t.Errorf("a word of type store is explained as %q, want %q", got, want)
	}
}

func TestFields(t *testing.T) {
	tests := []struct {
		reg  Reg
		v    uint64
		want string
	}{
		{
			reg: RegWCR,
			v:   0x1e15,
			want: "MASK[28:24] 0 (BAS selects); WT[20] 0 (not linked); LBN[19:16] 0; SSC[15:14] 0 (any " +
				"security state); " +
				"HMC[13] 0 (EL2 does not match); BAS[12:5] 0xf0 (4 bytes at +4); LSC[4:3] 2 (store); " +
				"PAC[2:1] 2 (EL0); E[0] 1 (enabled)",
		},
		{
			reg: RegBCR,
			v:   0x785,
			want: "BT[23:20] 0 (unlinked address match); LBN[19:16] 0; SSC[15:14] 0 (any security state); " +
				"HMC[13] 0 (EL2 does not match); RES0[12:9] 0x3 (reserved, not zero); BAS[8:5] 0xc (the " +
				"halfword instruction at +2); " +
				"PMC[2:1] 2 (EL0); E[0] 1 (enabled)",
		},
		{RegWVR, 0xffffff8008080000, "VA[63:2] 0xffffff8008080000 (address 0xffffff8008080000)"},
		{
			reg: RegBVR,
			v:   0x400001,
			want: "VA[63:2] 0x0000000000400000 (address 0x0000000000400000); RES0[1:0] 0x1 (reserved, " +
				"not zero)",
		},
		{
			reg: RegWCR,
			v:   0x1f8c1ff5,
			want: "MASK[28:24] 31 (the aligned block of 2147483648 bytes); RES0[23:21] 0x4 (reserved, " +
				"not zero); WT[20] 0 (not linked); " +
				"LBN[19:16] 12; SSC[15:14] 0 (any security state); HMC[13] 0 (EL2 does not match); " +
				"BAS[12:5] 0xff (8 bytes at +0); " +
				"LSC[4:3] 2 (store); PAC[2:1] 2 (EL0); E[0] 1 (enabled)",
		},
		{
			reg: RegWCR,
			v:   0x02000000,
			want: "MASK[28:24] 2 (reserved, behaves as disabled); WT[20] 0 (not linked); LBN[19:16] 0; " +
				"SSC[15:14] 0 (any security state); " +
				"HMC[13] 0 (EL2 does not match); BAS[12:5] 0x0 (no byte); LSC[4:3] 0 (reserved, behaves " +
				"as disabled); PAC[2:1] 0 (no level); E[0] 0 (disabled)",
		},
		{
			reg: RegBCR,
			v:   0,
			want: "BT[23:20] 0 (unlinked address match); LBN[19:16] 0; SSC[15:14] 0 (any security " +
				"state); HMC[13] 0 (EL2 does not match); " +
				"BAS[8:5] 0x0 (no instruction); PMC[2:1] 0 (no level); E[0] 0 (disabled)",
		},
		{RegIDAA64DFR0 + 1, 5, "value[63:0] 5"},
		{Reg(99), 5, "value[63:0] 5"},
	}
	for _, tt := range tests {
		var parts []string
		for _, f := range Fields(tt.reg, tt.v) {
			parts = append(parts, f.String())
		}
		if got := strings.Join(parts, "; "); got != tt.want {
			t.Errorf("Fields(%v, %#x)\n got %s\nwant %s", tt.reg, tt.v, got, tt.want)
		}
	}
}

// TestLayouts compares the place of each field with the manual. A change of one bit must show in
// exactly one field.
func TestLayouts(t *testing.T) {
	for reg, want := range map[Reg]string{
		RegBVR: "VA[63:2] RES0[1:0]",
		RegWVR: "VA[63:2] RES0[1:0]",
		RegBCR: "RES0[63:24] BT[23:20] LBN[19:16] SSC[15:14] HMC[13] RES0[12:9] BAS[8:5] RES0[4:3] " +
			"PMC[2:1] E[0]",
		RegWCR: "RES0[63:29] MASK[28:24] RES0[23:21] WT[20] LBN[19:16] SSC[15:14] HMC[13] BAS[12:5] " +
			"LSC[4:3] PAC[2:1] E[0]",
		RegMDSCR: "RES0[63:32] TFO[31] RXfull[30] TXfull[29] RES0[28] RXO[27] TXU[26] RES0[25:24] " +
			"INTdis[23:22] TDA[21] RES0[20] SC2[19] " +
			"RES0[18:16] MDE[15] HDE[14] KDE[13] TDCC[12] RES0[11:7] ERR[6] RES0[5:1] SS[0]",
		RegIDAA64DFR0: "HPMN0[63:60] RES0[59:56] BRBE[55:52] MTPMU[51:48] TraceBuffer[47:44] " +
			"TraceFilt[43:40] DoubleLock[39:36] PMSVer[35:32] " +
			"CTX_CMPs[31:28] RES0[27:24] WRPs[23:20] RES0[19:16] BRPs[15:12] PMUVer[11:8] TraceVer[7:4] " +
			"DebugVer[3:0]",
	} {
		var places []string
		for _, f := range Fields(reg, ^uint64(0)) {
			place, _, _ := strings.Cut(f.String(), " ")
			places = append(places, place)
			for bit := f.Lo; bit <= f.Hi; bit++ {
				d := Diff(reg, 0, 1<<bit)
				if len(d) != 1 || d[0].Name != f.Name || d[0].Old.Value != 0 ||
					d[0].New.Value != 1<<(bit-f.Lo) {
					t.Errorf("%v: bit %d is of %s, and a change of it is %v", reg, bit, place, d)
				}
			}
		}
		if got := strings.Join(places, " "); got != want {
			t.Errorf("%v\n got %s\nwant %s", reg, got, want)
		}
	}
}

// TestFieldsOfControls compares the methods of the control registers with the fields of the same
// names in the layouts.
func TestFieldsOfControls(t *testing.T) {
	bit := func(on bool) uint64 {
		if on {
			return 1
		}
		return 0
	}
	for n := range 32 {
		for _, v := range []uint32{1 << n, ^uint32(1 << n)} {
			b, w := DBGBCR(v), DBGWCR(v)
			for reg, have := range map[Reg]map[string]uint64{
				RegBCR: {"BT": uint64(b.BT()), "LBN": uint64(b.LBN()), "SSC": uint64(b.SSC()),
					"HMC": bit(b.HMC()), "BAS": uint64(b.BAS()),
					"PMC": uint64(b.PMC()), "E": bit(b.E())},
				RegWCR: {"MASK": uint64(w.MASK()), "WT": uint64(w.WT()), "LBN": uint64(w.LBN()),
					"SSC": uint64(w.SSC()), "HMC": bit(w.HMC()),
					"BAS": uint64(w.BAS()), "LSC": uint64(w.LSC()), "PAC": uint64(w.PAC()), "E": bit(w.E())},
			} {
				for _, f := range Fields(reg, uint64(v)) {
					if got, ok := have[f.Name]; f.Name != "RES0" && (!ok || got != f.Value) {
						t.Errorf("%v %#x: %s is %d, the method says %d", reg, v, f.Name, f.Value, got)
					}
				}
			}
		}
	}
}

func TestDiff(t *testing.T) {
	tests := []struct {
		reg      Reg
		old, new uint64
		want     string
	}{
		{RegWCR, 0x1f5, 0x1f4, "E 1 -> 0 (enabled -> disabled)"},
		{RegWCR, 0x1f5, 0x1f5, ""},
		{
			reg: RegWCR,
			old: 0x1f5,
			new: 0x1e0b,
			want: "BAS 0xf -> 0xf0 (4 bytes at +0 -> 4 bytes at +4); LSC 2 -> 1 (store -> load); PAC 2 " +
				"-> 1 (EL0 -> EL1)",
		},
		{RegWVR, 0, 0xffffff8008c5a000, "VA 0x0000000000000000 -> 0xffffff8008c5a000"},
		{
			reg: RegMDSCR,
			old: 0x1000,
			new: 0xb000,
			want: "MDE 0 -> 1 (breakpoints and watchpoints off -> breakpoints and watchpoints on); " +
				"KDE 0 -> 1 (no debug exceptions from EL1 -> debug exceptions from EL1)",
		},
		{
			reg:  RegBCR,
			old:  0x785,
			new:  0x1e5,
			want: "RES0 0x3 -> 0x0; BAS 0xc -> 0xf (the halfword instruction at +2 -> the instruction at +0)",
		},
		{RegWCR, 0x01000000, 0x02000000, "MASK 1 -> 2"}, // both behave as disabled
		{
			reg:  RegWCR,
			old:  0x02000000,
			new:  0x03000000,
			want: "MASK 2 -> 3 (reserved, behaves as disabled -> the aligned block of 8 bytes)",
		},
		{RegIDAA64DFR0 + 1, 1, 2, "value 1 -> 2"},
		{Reg(99), 1, 2, "value 1 -> 2"},
	}
	for _, tt := range tests {
		var parts []string
		for _, d := range Diff(tt.reg, tt.old, tt.new) {
			parts = append(parts, d.String())
		}
		if got := strings.Join(parts, "; "); got != tt.want {
			t.Errorf("Diff(%v, %#x, %#x) = %q, want %q", tt.reg, tt.old, tt.new, got, tt.want)
		}
	}
}
