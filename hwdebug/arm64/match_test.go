// The two matchers against claims of the specification and against slow twins that look at every byte.

package arm64_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/arm64"
)

// levelSelected reports whether a control word selects exception level el (R-REG-24). pxc is its PMC
// or PAC.
func levelSelected(pxc uint8, hmc bool, ssc uint8, el int) bool {
	if ssc == 2 { // Secure only
		return false
	}
	switch el {
	case 0:
		return pxc&2 != 0
	case 1:
		return pxc&1 != 0
	case 2:
		return hmc
	}
	return false
}

// slowMatchBreakpoint implements R-REG-21 word for word.
func slowMatchBreakpoint(bvr uint64, bcr DBGBCR, pc uint64, el int) bool {
	if !bcr.E() || bcr.BT() != 0 || !levelSelected(bcr.PMC(), bcr.HMC(), bcr.SSC(), el) {
		return false
	}
	at := bvr / 4 * 4
	return bcr.BAS() == 0xf && pc == at ||
		bcr.BAS() == 0x3 && pc == at ||
		bcr.BAS() == 0xc && pc == at+2
}

// slowMatchWatchpoint implements R-REG-22 word for word: it tests each byte of the access in order.
func slowMatchWatchpoint(wvr uint64, wcr DBGWCR, addr uint64, size int, store bool, el int) (uint64, bool) {
	if !wcr.E() || wcr.WT() == 1 || !levelSelected(wcr.PAC(), wcr.HMC(), wcr.SSC(), el) {
		return 0, false
	}
	if store && wcr.LSC() != 2 && wcr.LSC() != 3 || !store && wcr.LSC() != 1 && wcr.LSC() != 3 {
		return 0, false
	}
	wvr = wvr / 4 * 4
	for i := range max(size, 0) {
		a := addr + uint64(i)
		if selectsByte(wvr, wcr, a, el) {
			return a, true
		}
	}
	return 0, false
}

func selectsByte(wvr uint64, wcr DBGWCR, a uint64, el int) bool {
	same := func(x, y uint64) bool {
		if el == 0 {
			return x<<8 == y<<8 // without the tag
		}
		return x == y
	}
	switch mask := wcr.MASK(); mask {
	case 0:
		for k := range uint64(8) {
			if k > 3 && wvr&4 != 0 {
				break
			}
			if wcr.BAS()>>k&1 == 1 && same(a, wvr+k) {
				return true
			}
		}
		return false
	case 1, 2:
		return false
	default:
		return same(a>>mask<<mask, wvr>>mask<<mask)
	}
}

func TestMatchBreakpoint(t *testing.T) {
	const kernel = 0xffffff8008080000
	tests := []struct {
		name string
		bvr  uint64
		bcr  DBGBCR
		pc   uint64
		el   int
		want bool
	}{
		{"user X hits its instruction", 0x400580, 0x1e5, 0x400580, 0, true},
		{"not the next one", 0x400580, 0x1e5, 0x400584, 0, false},
		{"not two bytes on", 0x400580, 0x1e5, 0x400582, 0, false},
		{"not from EL1", 0x400580, 0x1e5, 0x400580, 1, false},
		{"not when E is 0", 0x400580, 0x1e4, 0x400580, 0, false},
		{"kernel X hits at EL1", kernel, 0x1e3, kernel, 1, true},
		{"without HMC not at EL2", kernel, 0x1e3, kernel, 2, false},
		{"with HMC at EL2 (VHE)", kernel, 0x21e3, kernel, 2, true},
		{"V-46: a halfword breakpoint at +2", 0x10000, 0x185, 0x10002, 0, true},
		{"and not at +0", 0x10000, 0x185, 0x10000, 0, false},
		{"BAS 0x3 at +0", 0x10000, 0x65, 0x10000, 0, true},
		{"V-31: an A64 pc is never at +2", 0x400580, 0x785, 0x400580, 0, false},
		{"V-47: BAS 0x6 is unpredictable: never", 0x10000, 0xc5, 0x10000, 0, false},
		{"V-47 as it reads: only the second halfword", 0x10000, 0xc5, 0x10002, 0, false},
		{"BAS 0 never matches", 0x400580, 0x005, 0x400580, 0, false},
		{"the whole address is compared", kernel &^ (1 << 55), 0x1e3, kernel, 1, false},
		{"bits [1:0] of the value register take no part", 0x400583, 0x1e5, 0x400580, 0, true},
		{"a linked breakpoint needs its context", 0x400580, 0x1001e5, 0x400580, 0, false},
		{"a Secure one is not ours", 0x400580, 0x81e5, 0x400580, 0, false},
		{"EL3 is not modelled", 0x400580, 0x21e7, 0x400580, 3, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := MatchBreakpoint(tt.bvr, tt.bcr, tt.pc, tt.el); got != tt.want {
				t.Errorf("MatchBreakpoint(%#x, %#x, %#x, EL%d) = %v", tt.bvr, uint32(tt.bcr), tt.pc,
					tt.el, got)
			}
			if slow := slowMatchBreakpoint(tt.bvr, tt.bcr, tt.pc, tt.el); slow != tt.want {
				t.Errorf("the twin says %v", slow)
			}
		})
	}
}

func TestMatchWatchpoint(t *testing.T) {
	const kernel = 0xffffff8008080000
	const none = ^uint64(0) - 12345
	tests := []struct {
		name  string
		wvr   uint64
		wcr   DBGWCR
		addr  uint64
		size  int
		store bool
		el    int
		want  uint64
	}{
		{"V-80: store into the upper word", 0x1000, 0x1e15, 0x1005, 1, true, 0, 0x1005},
		{"V-81: store just below", 0x1000, 0x1e15, 0x1003, 1, true, 0, none},
		{"V-82: a load of a store watchpoint", 0x1000, 0x1e15, 0x1004, 4, false, 0, none},
		{"V-83: a wide store reaches the last byte", 0x1000, 0x1015, 0x1000, 16, true, 0, 0x1007},
		{
			name:  "V-87: an EL0 tag takes no part and is kept",
			wvr:   0x1000,
			wcr:   0x1e15,
			addr:  0x5a00000000001004,
			size:  1,
			store: true,
			el:    0,
			want:  0x5a00000000001004,
		},
		{"a tag on an EL1 address does", 0x1000, 0x1e13, 0x5a00000000001004, 1, true, 1, none},
		{"an access that ends where the bytes begin", 0x1000, 0x1f5, 0xffc, 4, true, 0, none},
		{"an access that laps over the first byte", 0x1000, 0x1f5, 0xffd, 4, true, 0, 0x1000},
		{"an access that begins at the last byte", 0x1000, 0x1f5, 0x1003, 8, true, 0, 0x1003},
		{"an access that begins behind the last byte", 0x1000, 0x1f5, 0x1004, 8, true, 0, none},
		{"user copy counts as EL0", 0x1000, 0x1f5, 0x1000, 4, true, 0, 0x1000},
		{"an ordinary EL1 access is not EL0", 0x1000, 0x1f5, 0x1000, 4, true, 1, none},
		{"kernel RW sees a load", kernel, 0x1ffb, kernel + 6, 4, false, 1, kernel + 6},
		{"without HMC not at EL2", kernel, 0x1ffb, kernel, 4, false, 2, none},
		{"with HMC at EL2 (V-29)", kernel, 0x3ffb, kernel, 4, false, 2, kernel},
		{"WVR[2] set: BAS[7:4] do not count", 0x1004, 0x1e15, 0x1004, 8, true, 0, none},
		{"WVR[2] set: BAS[3:0] do (V-51)", 0x10004, 0x1f5, 0x10004, 4, true, 0, 0x10004},
		{"a mask with gaps watches exactly its bytes", 0x1000, 0x0b5, 0x1001, 1, true, 0, none},
		{"and finds the first of them", 0x1000, 0x0b5, 0x1001, 2, true, 0, 0x1002},
		{"BAS 0 never matches", 0x1000, 0x015, 0x1000, 8, true, 0, none},
		{"LSC 0 never matches", 0x1000, 0x1fe5, 0x1000, 8, true, 0, none},
		{"E 0 never matches", 0x1000, 0x1ff4, 0x1000, 8, true, 0, none},
		{"MASK 12 watches the page, BAS ignored", 0x1234, 0x0c000015, 0x1ffc, 4, true, 0, 0x1ffc},
		{"MASK 12, from the page before", 0x1234, 0x0c000015, 0xffc, 16, true, 0, 0x1000},
		{"MASK 12, the page behind", 0x1234, 0x0c000015, 0x2000, 8, true, 0, none},
		{"MASK 1 behaves as disabled", 0x1000, 0x01001ff5, 0x1000, 8, true, 0, none},
		{"MASK 2 behaves as disabled", 0x1000, 0x02001ff5, 0x1000, 8, true, 0, none},
		{"a linked watchpoint needs its context", 0x1000, 0x00101ff5, 0x1000, 8, true, 0, none},
		{"size 0 touches nothing", 0x1000, 0x1ff5, 0x1000, 0, true, 0, none},
		{"nor does a negative one", 0x1000, 0x1ff5, 0x1000, -4, true, 0, none},
		{"not at the last byte either", 0x1000, 0x1ff5, 0x1007, -4, true, 0, none},
		{"nor does size 0 touch a block that it is in", 0x1234, 0x0c000015, 0x1234, 0, true, 0, none},
		{"an access wraps at the end of the address space", 0, 0x1ff3, 0xfffffffffffffffe, 4, true, 1, 0},
		{"without wrapping it does not reach 0", 0, 0x1ff3, 0xfffffffffffffffe, 2, true, 1, none},
		{
			name:  "V-45: the last eight bytes",
			wvr:   0xfffffffffffffff8,
			wcr:   0x1ff3,
			addr:  0xffffffffffffffff,
			size:  1,
			store: true,
			el:    1,
			want:  0xffffffffffffffff,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range []struct {
				name  string
				match func(uint64, DBGWCR, uint64, int, bool, int) (uint64, bool)
			}{{"MatchWatchpoint", MatchWatchpoint}, {"the twin", slowMatchWatchpoint}} {
				got, ok := f.match(tt.wvr, tt.wcr, tt.addr, tt.size, tt.store, tt.el)
				if ok != (tt.want != none) || ok && got != tt.want {
					t.Errorf("%s(%#x, %#x, %#x, %d, store %v, EL%d) = %#x, %v",
						f.name, tt.wvr, uint32(tt.wcr), tt.addr, tt.size, tt.store, tt.el, got, ok)
				}
			}
		})
	}
}

// checkWatchpoint compares the matcher with its twin.
func checkWatchpoint(wvr uint64, wcr DBGWCR, addr uint64, size int, store bool, el int) error {
	got, ok := MatchWatchpoint(wvr, wcr, addr, size, store, el)
	want, wantOK := slowMatchWatchpoint(wvr, wcr, addr, size, store, el)
	if wantOK && !NearWatchpoint(wvr, wcr, addr, size) {
		return fmt.Errorf("NearWatchpoint(%#x, %#x, %#x, %d) is false; byte by byte the access is "+
			"watched at %#x",
			wvr, uint32(wcr), addr, size, want)
	}
	if ok != wantOK || got != want {
		return fmt.Errorf("MatchWatchpoint(%#x, %#x, %#x, %d, store %v, EL%d) = %#x, %v; byte by byte "+
			"it is %#x, %v",
			wvr, uint32(wcr), addr, size, store, el, got, ok, want, wantOK)
	}
	return nil
}

func TestMatchWatchpointAgreesWithTwin(t *testing.T) {
	// Every BAS, both values of WVR[2], every access of 1 to 17 bytes that begins within 20 bytes, at
	// an ordinary place, at zero and at the top of the address space.
	bases := []uint64{0x1000, 0, 0xfffffffffffffff8, 0x00fffffffffffff8}
	if testing.Short() {
		bases = bases[1:2]
	}
	for _, base := range bases {
		for bas := range DBGWCR(256) {
			for _, wvr := range []uint64{base, base + 4} {
				wcr := bas<<5 | 3<<3 | 3<<1 | 1
				for off := -20; off <= 20; off++ {
					for size := 1; size <= 17; size++ {
						el := (off + size) & 1
						if err := checkWatchpoint(wvr, wcr, base+uint64(off), size, off&1 == 0,
							el); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
	}
	// Every combination of the other fields, near misses and hits around a block of 8 and 16 bytes.
	r := rand.New(rand.NewPCG(1, 2))
	for e := range DBGWCR(2) {
		for pac := range DBGWCR(4) {
			for lsc := range DBGWCR(4) {
				for hmcSSC := range DBGWCR(8) {
					for wt := range DBGWCR(2) {
						for mask := range DBGWCR(32) {
							bas := DBGWCR(r.Uint32() & 0xff)
							wcr := e | pac<<1 | lsc<<3 | bas<<5 | hmcSSC<<13 | wt<<20 | mask<<24
							wvr := r.Uint64() & 0x1f
							for el := -1; el <= 3; el++ {
								if err := checkWatchpoint(wvr, wcr, r.Uint64N(80)-24, 1+r.IntN(40),
									el&1 == 0, el); err != nil {
									t.Fatal(err)
								}
							}
						}
					}
				}
			}
		}
	}
	n := 300_000
	if testing.Short() {
		n = 20_000
	}
	for range n {
		wvr, wcr, addr, size := randomWatch(r)
		if err := checkWatchpoint(wvr, wcr, addr, size, r.IntN(2) == 0, r.IntN(3)); err != nil {
			t.Fatal(err)
		}
	}
}

// randomWatch draws a watchpoint and an access that is often near it.
func randomWatch(r *rand.Rand) (wvr uint64, wcr DBGWCR, addr uint64, size int) {
	wvr = r.Uint64()
	if r.IntN(4) == 0 {
		wvr = uint64(r.Int64N(64)) - 32 // around the seam of the address space
	}
	wcr = DBGWCR(r.Uint32()) | 1
	if r.IntN(2) == 0 {
		wcr &= 0x3fff
	}
	size = 1 + r.IntN(64)
	if r.IntN(16) == 0 {
		size = 1 + r.IntN(2048)
	}
	reach := uint64(64)
	if m := wcr.MASK(); m > 3 {
		reach = 4 << m
	}
	addr = wvr + r.Uint64N(reach) - reach/2
	if r.IntN(4) == 0 {
		addr ^= uint64(r.IntN(256)) << 56 // another tag
	}
	return wvr, wcr, addr, size
}

func TestMatchBreakpointAgreesWithTwin(t *testing.T) {
	// All fields but LBN and the upper RES0 bits, every pc around.
	for v := range uint32(1 << 16) {
		for _, bt := range []uint32{0, 1, 4} {
			bcr := DBGBCR(v | bt<<20)
			for off := -3; off <= 6; off++ {
				el := int(v>>9&3) - off&1 // RES0 bits of the word are as good as any
				pc := 0x400580 + uint64(off)
				if got, want := MatchBreakpoint(0x400580, bcr, pc, el),
					slowMatchBreakpoint(0x400580, bcr, pc, el); got != want {
					t.Fatalf("MatchBreakpoint(0x400580, %#x, %#x, EL%d) = %v, the rule says %v",
						uint32(bcr), pc, el, got, want)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	hits := 0
	for range 200_000 {
		bvr, bcr := r.Uint64(), DBGBCR(r.Uint32())|1
		if r.IntN(2) == 0 {
			bcr &= 0x21ff
		}
		pc := bvr + r.Uint64N(8) - 4
		el := r.IntN(3)
		got, want := MatchBreakpoint(bvr, bcr, pc, el), slowMatchBreakpoint(bvr, bcr, pc, el)
		if got != want {
			t.Fatalf("MatchBreakpoint(%#x, %#x, %#x, EL%d) = %v, the rule says %v", bvr, uint32(bcr), pc,
				el, got, want)
		}
		if got {
			hits++
		}
	}
	if hits == 0 {
		t.Error("no random breakpoint was ever hit: the comparison says nothing")
	}
}

// TestMatchWatchpointOfAnySize holds that sizes no machine makes neither panic nor loop: the whole
// address space reaches every watchpoint.
func TestMatchWatchpointOfAnySize(t *testing.T) {
	const huge = int(^uint(0) >> 1)
	if first, ok := MatchWatchpoint(0x1000, 0x1ff5, 0x1008, huge, true, 0); !ok ||
		first != 0x0100000000001000 {
		t.Errorf("EL0: got %#x, %v; the first watched byte comes after 2^56", first, ok)
	}
	if _, ok := MatchWatchpoint(0x1000, 0x1ff3, 0x1008, huge, true, 1); ok {
		t.Error("EL1: half the address space from behind the watchpoint does not reach it")
	}
}

func FuzzMatchWatchpoint(f *testing.F) {
	f.Add(uint64(0x1000), uint32(0x1e15), uint64(0x1005), uint16(1), true, uint8(0))
	f.Add(uint64(0), uint32(0x1ff3), uint64(0xfffffffffffffffe), uint16(4), true, uint8(1))
	f.Add(uint64(0x1234), uint32(0x0c000015), uint64(0x0ffc), uint16(16), true, uint8(2))
	f.Fuzz(func(t *testing.T, wvr uint64, wcr uint32, addr uint64, size uint16, store bool, el uint8) {
		for _, c := range []uint32{wcr, wcr&0x3fff | 1} {
			if err := checkWatchpoint(wvr, DBGWCR(c), addr, int(size), store, int(el)); err != nil {
				t.Error(err)
			}
			near := wvr + addr%64 - 32
			if err := checkWatchpoint(wvr, DBGWCR(c), near, int(size%32), store, int(el%3)); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzMatchBreakpoint(f *testing.F) {
	f.Add(uint64(0x400580), uint32(0x1e5), uint64(0x400580), uint8(0))
	f.Add(uint64(0x10000), uint32(0x185), uint64(0x10002), uint8(0))
	f.Fuzz(func(t *testing.T, bvr uint64, bcr uint32, pc uint64, el uint8) {
		for _, p := range []uint64{pc, bvr + pc%8 - 4} {
			b := DBGBCR(bcr)
			if got, want := MatchBreakpoint(bvr, b, p, int(el)),
				slowMatchBreakpoint(bvr, b, p, int(el)); got != want {
				t.Errorf("MatchBreakpoint(%#x, %#x, %#x, EL%d) = %v, the rule says %v", bvr, bcr, p, el,
					got, want)
			}
		}
	})
}

func FuzzCtrl(f *testing.F) {
	f.Add(uint32(0x1f5))
	f.Add(uint32(0xffffe1f5))
	f.Fuzz(func(t *testing.T, v uint32) {
		c := DecodeCtrl(v)
		if got := c.Encode(); got != v&0x1fff {
			t.Errorf("%#x decodes to %+v, which encodes to %#x, want the low 13 bits", v, c, got)
		}
		if again := DecodeCtrl(c.Encode()); again != c {
			t.Errorf("%+v comes back as %+v", c, again)
		}
		if s := DBGBCR(v).Stored(); s.Stored() != s {
			t.Errorf("%#x reads %#x, and that written reads %#x", v, uint32(s), uint32(s.Stored()))
		}
	})
}

// FuzzWords checks every value of every format, known or not: its fields add up to the value, it differs
// from another value in some field, and it has an explanation.
func FuzzWords(f *testing.F) {
	f.Add(uint8(3), uint64(0x1f5), uint64(0x1f4))
	f.Add(uint8(4), uint64(0x1000), ^uint64(0))
	f.Fuzz(func(t *testing.T, reg uint8, v, w uint64) {
		r := Reg(reg)
		if r > RegIDAA64DFR0+1 {
			r %= RegIDAA64DFR0 + 2
		}
		var sum uint64
		last := 64
		for _, fl := range Fields(r, v) {
			if int(fl.Hi) >= last || fl.Lo > fl.Hi || fl.Name == "" {
				t.Errorf("%v: field %+v is out of order", r, fl)
			}
			last = int(fl.Lo)
			sum |= fl.Value << fl.Lo
			_ = fl.String()
		}
		if sum != v {
			t.Errorf("%v: the fields of %#x make %#x", r, v, sum)
		}
		d := Diff(r, v, w)
		if (len(d) == 0) != (v == w) {
			t.Errorf("%v: %#x and %#x differ in %v", r, v, w, d)
		}
		for _, x := range d {
			if x.Old.Value == x.New.Value || x.String() == "" {
				t.Errorf("%v: %#x, %#x: %+v", r, v, w, x)
			}
		}
		if Explain(r, v) == "" || ExplainCtrl(uint32(v)) == "" {
			t.Errorf("%v: nothing is said of %#x", r, v)
		}
	})
}

var (
	sinkBool bool
	sinkU64  uint64
	sinkU32  uint32
	sinkCtrl Ctrl
)

func TestNothingAllocates(t *testing.T) {
	wcr := DBGWCR(0x1ffb)
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{
			name: "encode",
			f: func() {
				sinkU32 = Ctrl{Len: 0xff, Type: LoadStore, Privilege: EL1,
					Enabled: true}.Encode()
			},
		},
		{"decode", func() { sinkCtrl = DecodeCtrl(0x1ffb) }},
		{"a breakpoint match", func() { sinkBool = MatchBreakpoint(0x400580, 0x1e5, 0x400580, 0) }},
		{
			name: "a watchpoint match",
			f:    func() { sinkU64, sinkBool = MatchWatchpoint(0x1000, wcr, 0x1004, 8, true, 1) },
		},
		{
			name: "a watchpoint miss",
			f:    func() { sinkU64, sinkBool = MatchWatchpoint(0x1000, wcr, 0x2004, 8, true, 1) },
		},
		{
			name: "a masked match",
			f:    func() { sinkU64, sinkBool = MatchWatchpoint(0x1000, wcr|12<<24, 0x1ff0, 8, true, 1) },
		},
		{"a register's name", func() { sinkBool = RegName(35) == "" }},
	} {
		if n := testing.AllocsPerRun(100, tt.f); n != 0 {
			t.Errorf("%s allocates %v times, want 0", tt.name, n)
		}
	}
}

// BenchmarkMatchWatchpointMiss4 measures an access that hits none of four armed watchpoints.
func BenchmarkMatchWatchpointMiss4(b *testing.B) {
	wvr := [4]uint64{0xffffff8008c5a000, 0xffffff8008c5a008, 0xffffff8008c5a010, 0xffffff8008c5a018}
	wcr := [4]DBGWCR{0x1ffb, 0x1ffb, 0x1ffb, 0x1ffb}
	addr := uint64(0xffffff8008080000)
	b.ReportAllocs()
	for b.Loop() {
		hit := false
		for i := range wvr {
			_, ok := MatchWatchpoint(wvr[i], wcr[i], addr, 8, true, 1)
			hit = hit || ok
		}
		sinkBool = hit
		if addr += 8; addr == wvr[0]-8 {
			addr = 0xffffff8008080000
		}
	}
}

// BenchmarkNearWatchpoint4 measures the same access with the first half alone, inlined.
func BenchmarkNearWatchpoint4(b *testing.B) {
	wvr := [4]uint64{0xffffff8008c5a000, 0xffffff8008c5a008, 0xffffff8008c5a010, 0xffffff8008c5a018}
	addr := uint64(0xffffff8008080000)
	b.ReportAllocs()
	for b.Loop() {
		hit := false
		for i := range wvr {
			hit = hit || NearWatchpoint(wvr[i], 0x1ffb, addr, 8)
		}
		sinkBool = hit
		if addr += 8; addr == wvr[0]-8 {
			addr = 0xffffff8008080000
		}
	}
}

func BenchmarkMatchWatchpointHit(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sinkU64, sinkBool = MatchWatchpoint(0xffffff8008c5a000, 0x1ffb, 0xffffff8008c5a004, 8, true, 1)
	}
}

func BenchmarkMatchBreakpoint(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sinkBool = MatchBreakpoint(0x400580, 0x1e5, 0x400580, 0)
	}
}

func BenchmarkEncodeDecode(b *testing.B) {
	c := Ctrl{Len: 0x0f, Type: Store, Privilege: EL0}
	b.ReportAllocs()
	for b.Loop() {
		c.Enabled = !c.Enabled
		sinkCtrl = DecodeCtrl(c.Encode())
	}
}
