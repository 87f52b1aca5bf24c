// The cost of reading a recording, compared with encoding/json.

package conform_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/conform"
)

func perStep(b *testing.B, steps int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps)/float64(b.N), "ns/step")
}

// BenchmarkDecode decodes lines that are in memory.
func BenchmarkDecode(b *testing.B) {
	meta := recordedMeta()
	all := lines(b, "testdata/E.jsonl.gz", 0)
	var c conform.Case
	steps := 0
	b.ReportAllocs()
	for b.Loop() {
		steps = 0
		for _, line := range all {
			if err := conform.DecodeCase(&meta, line, &c); err != nil {
				b.Fatal(err)
			}
			steps += len(c.Steps)
		}
	}
	perStep(b, steps)
}

// BenchmarkDecodeJSON lets encoding/json decode the same lines into structs, without any check of
// what they say.
func BenchmarkDecodeJSON(b *testing.B) {
	type obs struct {
		Hits, Trap         json.RawMessage
		Count              json.RawMessage
		CPU                int
		BVR, BCR, WVR, WCR []string
		MDSCR, Info        string
		Regs               [][2]string
		Err                []string
	}
	type step struct {
		Op, H, T, From, Type, Addr, Kind, Which, Ctrl, Ret string
		Task                                               *string
		CPU, Size, Idx                                     int
		Len                                                uint64
		Disabled, Pinned, Inherit, Custom                  bool
		ExcludeUser                                        bool `json:"exclude_user"`
		ExcludeKernel                                      bool `json:"exclude_kernel"`
		Obs                                                *obs
		Mark                                               []string
	}
	all := lines(b, "testdata/E.jsonl.gz", 0)
	steps := 0
	b.ReportAllocs()
	for b.Loop() {
		steps = 0
		for _, line := range all {
			var c struct {
				ID    string
				CPUs  int
				Steps []step
			}
			if err := json.Unmarshal(line, &c); err != nil {
				b.Fatal(err)
			}
			steps += len(c.Steps)
		}
	}
	perStep(b, steps)
}

// BenchmarkRead reads a gzip'd recording from memory: decompression, lines and decoding.
func BenchmarkRead(b *testing.B) {
	file, err := os.ReadFile("testdata/E.jsonl.gz")
	if err != nil {
		b.Fatal(err)
	}
	var c conform.Case
	steps := 0
	b.ReportAllocs()
	for b.Loop() {
		steps = 0
		rd, err := conform.NewReader(bytes.NewReader(file), "E")
		if err != nil {
			b.Fatal(err)
		}
		for {
			err := rd.Next(&c)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			steps += len(c.Steps)
		}
	}
	perStep(b, steps)
}
