// Files of the form of /proc/kcore.

package kernel_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/board/kernel"
)

// A load is a segment of a core file.
type load struct {
	addr uint64
	data []byte
}

// writeCore writes an ELF file with a note and these segments.
func writeCore(t *testing.T, note string, loads ...load) string {
	t.Helper()
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	const head, entry = 64, 56
	segments := append([]load{{0, []byte(note)}}, loads...)
	b.WriteString("\x7fELF\x02\x01\x01")
	b.Write(make([]byte, 9))
	put(uint16(4), uint16(183), uint32(1), uint64(0), uint64(head), uint64(0), uint32(0),
		uint16(head), uint16(entry), uint16(len(segments)), uint16(0), uint16(0), uint16(0))
	at := uint64(head + entry*len(segments))
	for i, s := range segments {
		kind := uint32(1) // PT_LOAD
		if i == 0 {
			kind = 4 // PT_NOTE
		}
		n := uint64(len(s.data))
		put(kind, uint32(4), at, s.addr, uint64(0), n, n, uint64(4096))
		at += n
	}
	for _, s := range segments {
		b.Write(s.data)
	}
	name := filepath.Join(t.TempDir(), "kcore")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// part returns the memory of a fake kernel in a range; addresses without memory read as zeros.
func (f *fake) part(from, to uint64) load {
	data := make([]byte, to-from)
	for at := from; at < to; at += fakePage {
		copy(data[at-from:], f.pages[at/fakePage])
	}
	return load{from, data}
}

// core returns a core file of a fake kernel of four CPUs: its image, which has the array of offsets behind
// other arrays of equal steps, and its memory.
func core(t *testing.T, f *fake) *Core {
	t.Helper()
	const imageAt = sectionAt - 0x100000
	image := load{imageAt, make([]byte, 0x80000)}
	for i := range 4 {
		binary.LittleEndian.PutUint64(image.data[0x1000+8*i:], uint64(0x4000_0000+i*0x20_0000)) // page table
		binary.LittleEndian.PutUint64(image.data[0x7f008+8*i:], unitOf(i)-sectionAt)
	}
	c, err := OpenCore(writeCore(t, "VMCOREINFO\nSYMBOL(_stext)=ffff800009710000\n", image,
		f.part(objects, objects+0x100000), f.part(unitAt, unitOf(4))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The array of the CPUs' offsets is found in the image without symbols, and with it the events.
func TestCore(t *testing.T) {
	f := newFake(4)
	f.put(varWp, 3, 1, f.event(entry{kind: 2, addr: 0x1000, length: 8, cpu: 3}))
	c := core(t, f)
	image, size := c.Image(nil)
	if image != sectionAt-0x100000 || size != 0x80000 {
		t.Fatalf("image at 0x%x, 0x%x bytes", image, size)
	}
	l := layout(t, "")
	var found []uint64
	for at, offsets := range c.Steps(image, size, 4, l.SectionBytes()) {
		if c.InRAM(sectionAt+offsets[0]) && c.InRAM(sectionAt+offsets[3]) {
			found = append(found, at)
			var want []uint64
			for i := range 4 {
				want = append(want, unitOf(i)-sectionAt)
			}
			if !slices.Equal(offsets, want) {
				t.Errorf("offsets %x, want %x", offsets, want)
			}
		}
	}
	if want := []uint64{image + 0x7f008}; !slices.Equal(found, want) {
		t.Fatalf("arrays at %x, want %x", found, want)
	}
	k, err := Open(l, c, cpus(4), Hints{Near: sectionAt - 0x3000, Within: 0x10000, Running: true})
	if err != nil {
		t.Fatal(err)
	}
	b := empty(4)
	if err := k.Fill(b); err != nil {
		t.Fatal(err)
	}
	if len(b.Events) != 1 || b.CPUs[3].WP[1].Event != 1 {
		t.Errorf("events %+v", b.Events)
	}
	err = c.ReadMemory(0x1000, make([]byte, 8))
	if err == nil || !strings.Contains(err.Error(), "in no segment") {
		t.Errorf("an address outside: %v", err)
	}
	if c.InRAM(image) {
		t.Error("the image counts as memory")
	}
}

func TestCoreThatCannotBeRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "kcore")
	if _, err := OpenCore(name); err == nil {
		t.Error("a missing file: no error")
	}
	if err := os.WriteFile(name, []byte("no ELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCore(name); err == nil {
		t.Error("no ELF: no error")
	}
}
