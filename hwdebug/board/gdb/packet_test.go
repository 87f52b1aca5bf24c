// The framing, with run lengths and escapes.

package gdb_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/board/gdb"
)

func TestPackets(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"a packet", "$OK#9a", []string{"OK"}},
		{"upper-case checksum", "$OK#9A", []string{"OK"}},
		{"an empty packet", "$#00", []string{""}},
		{"a run of zeros", "$0* #7a", []string{"0000"}},
		{"a run of seven and more", "$0*\"1#ad", []string{"0000001"}},
		{"an escaped byte", "$a}\x03b#43", []string{"a#b"}},
		{"a run of an escaped byte", "$}\x0a* #d1", []string{"****"}},
		{"noise and acknowledgements between packets", "+-xx+$OK#9a\x00+$l#6c", []string{"OK", "l"}},
		{"a notification is skipped", "%Stop:T05#c8$OK#9a", []string{"OK"}},
		{"a wrong checksum", "$OK#9b$l#6c", []string{"l"}},
		{"a checksum that is none", "$OK#zz$l#6c", []string{"l"}},
		{"a run of nothing", "$* #4a$l#6c", []string{"l"}},
		{"a run length below the least", "$0*\x01#5b$l#6c", []string{"l"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Payloads(strings.NewReader(tt.stream))
			if !slices.Equal(got, tt.want) || !errors.Is(err, io.EOF) {
				t.Errorf("%q: %q, %v, want %q", tt.stream, got, err, tt.want)
			}
		})
	}
}

// FuzzPackets reads arbitrary streams: nothing panics, no payload is longer than the limit, and a packet
// that the client writes is read as it was written.
func FuzzPackets(f *testing.F) {
	f.Add([]byte("$0* #7a"))
	f.Add([]byte("+$T05thread:01;#07%x#78$a}\x03b#43"))
	f.Add([]byte("$l<target><reg name=\"x\"/></target>#00"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		list, err := Payloads(bytes.NewReader(stream))
		if err == nil {
			t.Fatal("a finite stream without end")
		}
		for _, p := range list {
			if len(p) > MaxPayload+100 {
				t.Fatalf("a payload of %d bytes", len(p))
			}
		}
		if len(stream) > MaxPayload/2 {
			return
		}
		back, _ := Payloads(bytes.NewReader(Encode(string(stream))))
		if len(back) != 1 || back[0] != string(stream) {
			t.Fatalf("%q is read as %q", stream, back)
		}
	})
}

// FuzzSession talks to a stub that answers every request with the same text.
func FuzzSession(f *testing.F) {
	for _, s := range []string{
		"OK", "E01", "l<target><reg name='DBGWCR0'/></target>", "m01,02", "m", "l", "0000",
		"m<xi:include href='a'/>", "l<xi:include href='target.xml'/>",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, description, rest string) {
		if strings.ContainsAny(description+rest, "#$}*") {
			return
		}
		s := &stub{answer: func(request string) string {
			if strings.HasPrefix(request, "qXfer") {
				return ok(description)
			}
			return ok(rest)
		}}
		look(s)
		if !s.detached() {
			t.Fatalf("not detached after %q", s.requests)
		}
	})
}
