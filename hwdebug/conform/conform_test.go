// conform_test.go: the format, its refusals, and a replay on a small target made for the purpose.

package conform_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/conform"
)

// recordedMeta is what the recordings of testdata say of their machine, without the texts.
func recordedMeta() conform.Meta {
	return conform.Meta{Release: "6.1.0-50-arm64", Version: "#1 SMP Debian 6.1.176-1 (2026-07-02)", CPUs: 4, BRPs: 6, WRPs: 4,
		DFR0: 0x10305106, UBuf: 0x10000000, UCode: 0x20000000, KBuf: 0xffff800000d0c000, KCode: 0xffff800000d00000}
}

var recordings = []string{"testdata/A.jsonl.gz", "testdata/B.jsonl.gz", "testdata/C.jsonl.gz", "testdata/D.jsonl.gz", "testdata/E.jsonl.gz", "testdata/F.jsonl.gz"}

// lines returns the first n cases of a recording, as text, or all if n is 0.
func lines(t testing.TB, name string, n int) (all [][]byte) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for first := true; s.Scan(); first = false {
		if first {
			continue
		}
		if all = append(all, append([]byte(nil), s.Bytes()...)); len(all) == n {
			return all
		}
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return all
}

func firstLines(t testing.TB, n int) (all [][]byte) {
	for _, name := range recordings {
		all = append(all, lines(t, name, n)...)
	}
	return all
}

func TestDecoderReadsWhatItsTwinReads(t *testing.T) {
	meta := recordedMeta()
	cases, steps := 0, 0
	var got conform.Case
	for _, line := range firstLines(t, 0) {
		if err := conform.DecodeCase(&meta, line, &got); err != nil {
			t.Fatalf("%v in %.200s", err, line)
		}
		cases++
		steps += len(got.Steps)
		if testing.Short() && cases%20 != 0 {
			continue
		}
		want, err := twin{&meta}.decode(line)
		if err != nil {
			t.Fatalf("twin: %v in %.200s", err, line)
		}
		if plain(t, &got) != plain(t, want) {
			t.Fatalf("case %s\ndecoder %s\ntwin    %s", got.ID, plain(t, &got), plain(t, want))
		}
	}
	if cases != 4185 || steps != 115341 {
		t.Errorf("%d cases and %d steps, recorded are 4185 and 115341", cases, steps)
	}
}
