// The format, its refusals, and a replay on a small target made for the purpose.

package conform_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// recordedMeta returns the first line of the recordings in testdata, without the texts.
func recordedMeta() conform.Meta {
	return conform.Meta{Release: "6.1.0-50-arm64", Version: "#1 SMP Debian 6.1.176-1 (2026-07-02)",
		CPUs: 4, BRPs: 6, WRPs: 4,
		DFR0: 0x10305106, UBuf: 0x10000000, UCode: 0x20000000, KBuf: 0xffff800000d0c000,
		KCode: 0xffff800000d00000}
}

var recordings = []string{"testdata/A.jsonl.gz", "testdata/B.jsonl.gz", "testdata/C.jsonl.gz",
	"testdata/D.jsonl.gz", "testdata/E.jsonl.gz", "testdata/F.jsonl.gz"}

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
		if (testing.Short() || raceDetector) && cases%20 != 0 {
			continue
		}
		want, err := twin{&meta}.decode(line)
		if err != nil {
			t.Fatalf("twin: %v in %.200s", err, line)
		}
		if said(t, &got) != said(t, want) {
			t.Fatalf("case %s\ndecoder %s\ntwin    %s", got.ID, said(t, &got), said(t, want))
		}
	}
	if cases != 4185 || steps != 115341 {
		t.Errorf("%d cases and %d steps, recorded are 4185 and 115341", cases, steps)
	}
}

const metaLine = `{"meta":{"release":"6.1.0-50-arm64","version":"#1 SMP Debian 6.1.176-1 (2026-07-02)",` +
	`"brps":"6","wrps":"4","cpus":"4","dfr0":"10305106","ubuf":"10000000","ucode":"20000000",` +
	`"kbuf":"ffff800000d0c000","kcode":"ffff800000d00000","qemu":"x","machine":"y"}}`

// oneCase returns a case line with these steps.
func oneCase(steps ...string) string {
	return `{"id":"a/b","cpus":4,"steps":[` + strings.Join(steps, ",") + `]}`
}

// replayOn replays one case on a fake and returns the divergences, without marks first.
func replayOn(t *testing.T, f *fake, line string) (conform.Tally, []string) {
	t.Helper()
	meta := recordedMeta()
	var c conform.Case
	if err := conform.DecodeCase(&meta, []byte(line), &c); err != nil {
		t.Fatal(err)
	}
	var found []string
	tally := conform.Replay(f, &meta, &c, func(d *conform.Divergence) { found = append(found, d.String()) })
	return tally, found
}

func TestDriverAnswersItself(t *testing.T) {
	const open = `{"op":"open","h":"h0","task":null,"cpu":0,"type":"w","addr":"ubuf+64","len":4,"ret":"OK"}`
	const wide = `{"op":"kwide","h":"h1","type":"w","addr":"kbuf+0","len":4,"ret":"OK"}`
	const user = `{"op":"kuser","h":"h2","task":"t0","type":"w","addr":"ubuf+8","len":4,"ret":"OK"}`
	const task = `{"op":"task","t":"t0","cpu":1,"ret":"OK"}`
	access := func(hits string) string {
		return `{"op":"access","t":"t0","kind":"w","addr":"ubuf+64","size":4,"ret":"OK","obs":{"hits":{` +
			hits + `}}}`
	}
	for _, tc := range []struct {
		name  string
		steps []string
		calls string // what must have reached the target before the end of the case, separated by "; "
	}{
		{
			name: "a handle that was never opened",
			steps: []string{`{"op":"close","h":"h0","ret":"NOHANDLE"}`,
				`{"op":"read","h":"h7","ret":"NOHANDLE"}`},
		},
		{
			name: "a wide handle is none for close, enable, disable and modify",
			steps: []string{wide,
				`{"op":"close","h":"h1","ret":"NOHANDLE"}`, `{"op":"enable","h":"h1","ret":"NOHANDLE"}`,
				`{"op":"disable","h":"h1","ret":"NOHANDLE"}`,
				`{"op":"modify","h":"h1","type":"w","addr":"ubuf+0","len":4,"disabled":false,` +
					`"ret":"NOHANDLE"}`,
				`{"op":"kunreg","h":"h1","ret":"NOHANDLE"}`,
				`{"op":"kmod","h":"h1","type":"w","addr":"ubuf+0","len":4,"ret":"NOHANDLE"}`},
		},
		{
			name: "a perf handle is none for kunwide, kunreg and kmod",
			steps: []string{open, `{"op":"kunwide","h":"h0","ret":"NOHANDLE"}`,
				`{"op":"kunreg","h":"h0","ret":"NOHANDLE"}`,
				`{"op":"kmod","h":"h0","type":"w","addr":"ubuf+0","len":4,"ret":"NOHANDLE"}`},
			calls: "open w 0x10000040 4 task -1 cpu 0",
		},
		{
			name: "a kuser handle is none for close and kunwide, and read takes it",
			steps: []string{task, user, `{"op":"close","h":"h2","ret":"NOHANDLE"}`,
				`{"op":"kunwide","h":"h2","ret":"NOHANDLE"}`,
				`{"op":"read","h":"h2","ret":"OK","obs":{"count":0}}`},
		},
		{
			name:  "a name that is in use",
			steps: []string{open, open[:len(open)-4] + `BUSYHANDLE"}`},
			calls: "open w 0x10000040 4 task -1 cpu 0",
		},
		{
			name: "a handle's name is free after its close, and refused twice",
			steps: []string{open, `{"op":"close","h":"h0","ret":"OK"}`,
				`{"op":"close","h":"h0","ret":"NOHANDLE"}`, open},
			calls: "open w 0x10000040 4 task -1 cpu 0; close 0; open w 0x10000040 4 task -1 cpu 0",
		},
		{
			name: "a task's name is never free again",
			steps: []string{task, `{"op":"exit","t":"t0","ret":"OK"}`,
				`{"op":"task","t":"t0","cpu":1,"ret":"BUSYTASK"}`,
				`{"op":"fork","t":"t1","from":"t0","ret":"NOTASK"}`, `{"op":"exit","t":"t0","ret":"NOTASK"}`},
			calls: "exit 0",
		},
		{
			name:  "a fork to a name in use",
			steps: []string{task, `{"op":"fork","t":"t0","from":"t0","ret":"BUSYTASK"}`},
		},
		{
			name: "an event for a task that never was",
			steps: []string{`{"op":"open","h":"h0","task":"t3","cpu":0,"type":"w","addr":"ubuf+64",` +
				`"len":4,"ret":"NOTASK"}`},
		},
		{
			name: "an event for a task that has exited is the kernel's to refuse",
			steps: []string{task, `{"op":"exit","t":"t0","ret":"OK"}`,
				`{"op":"open","h":"h0","task":"t0","cpu":0,"type":"w","addr":"ubuf+64","len":4,` +
					`"ret":"ESRCH"}`,
				`{"op":"read","h":"h0","ret":"NOHANDLE"}`},
			calls: "exit 0; open w 0x10000040 4 task 0 cpu 0",
		},
		{
			name: "hits are the growth since the last look",
			steps: []string{task, open, access(`"h0":1`), access(`"h0":1`),
				`{"op":"read","h":"h0","ret":"OK","obs":{"count":2}}`, access(`"h0":1`)},
			calls: "open w 0x10000040 4 task -1 cpu 0; task 0 store 0x10000040 4; task 0 store " +
				"0x10000040 4; task 0 store 0x10000040 4",
		},
		{
			name: "an own handler gives up at its third call",
			steps: []string{task,
				`{"op":"kwide","h":"h1","type":"w","addr":"ubuf+64","len":4,"custom":true,"ret":"OK"}`,
				access(`"h1":3`), access(`"h1":3`)},
			calls: "task 0 store 0x10000040 4; task 0 store 0x10000040 4",
		},
		{
			name: "a new process stores its code page, which a watch there counts",
			steps: []string{
				`{"op":"open","h":"h0","task":null,"cpu":1,"type":"rw","addr":"ucode+8","len":8,"ret":"OK"}`,
				`{"op":"open","h":"h1","task":null,"cpu":1,"type":"r","addr":"ucode+4088","len":8,` +
					`"ret":"OK"}`,
				task, access(`"h0":2,"h1":2`)},
			calls: "open rw 0x20000008 8 task -1 cpu 1; open r 0x20000ff8 8 task -1 cpu 1; task 0 store " +
				"0x20000000 4; task 0 store 0x20000004 4",
		},
		{
			name: "a new process is not asked to where nothing sees it",
			steps: []string{
				`{"op":"open","h":"h1","task":null,"cpu":1,"type":"r","addr":"ucode+4088","len":8,` +
					`"ret":"OK"}`,
				`{"op":"open","h":"h0","task":null,"cpu":1,"type":"w","addr":"ucode+4096","len":8,` +
					`"ret":"OK"}`,
				task, access("")},
			calls: "open r 0x20000ff8 8 task -1 cpu 1; open w 0x20001000 8 task -1 cpu 1; task 0 store " +
				"0x10000040 4",
		},
		{
			name: "modify replaces four fields of the attr of the open",
			steps: []string{
				`{"op":"open","h":"h0","task":null,"cpu":0,"type":"w","addr":"ubuf+64","len":4,` +
					`"pinned":true,"exclude_user":true,"ret":"OK"}`,
				`{"op":"modify","h":"h0","type":"r","addr":"0x8","len":2,"disabled":true,"ret":"OK"}`},
			calls: "open w 0x10000040 4 task -1 cpu 0; modify 0 to " + fmt.Sprintf("%+v",
				hwdebug.Attr{Type: hwdebug.R, Addr: 8, Len: 2, Disabled: true, Pinned: true,
					ExcludeUser: true}),
		},
		{
			name: "kmod has a fresh attr with the kernel's presets",
			steps: []string{task, user,
				`{"op":"kmod","h":"h2","type":"r","addr":"0x8","len":2,"exclude_kernel":true,"ret":"OK"}`},
			calls: "modify 0 to " + fmt.Sprintf("%+v",
				hwdebug.Attr{Type: hwdebug.R, Addr: 8, Len: 2, Pinned: true, SamplePeriod: 1,
					ExcludeKernel: true}),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &fake{}
			tally, found := replayOn(t, f, oneCase(tc.steps...))
			if len(found) > 0 || tally.Agreeing != len(tc.steps) || tally.Diverging != 0 {
				t.Fatalf("%+v\n%s", tally, strings.Join(found, "\n"))
			}
			got := strings.Join(f.calls, "; ")
			if got != tc.calls && !strings.HasPrefix(got, tc.calls+"; ") &&
				!(tc.calls == "" && !strings.Contains(got, "open") && !strings.Contains(got, "modify")) {
				t.Errorf("the target was asked\n%s\nnot\n%s", got, tc.calls)
			}
		})
	}
}

func TestCaseEndsByRisingNumbers(t *testing.T) {
	f := &fake{}
	task := func(n string) string { return `{"op":"task","t":"` + n + `","cpu":1,"ret":"OK"}` }
	open := func(n string) string {
		return `{"op":"open","h":"` + n +
			`","task":null,"cpu":0,"type":"x","addr":"ucode+64","len":4,"ret":"OK"}`
	}
	_, found := replayOn(t, f, oneCase(task("t10"), task("t2"), open("h10"), open("h9"), open("h2")))
	if len(found) > 0 {
		t.Fatal(found)
	}
	got := strings.Join(f.calls[3:8], "; ")
	if want := "close 2; close 1; close 0; exit 1; exit 0"; got != want {
		t.Errorf("the end of the case is %q, not %q", got, want)
	}
}

func TestDivergencesInWords(t *testing.T) {
	f := &fake{keep: 1, kde: true, regs: hwdebug.Regs{WVR: []uint64{0x10000040}, WCR: []uint64{0x1f5}}}
	tally, found := replayOn(t, f, oneCase(
		`{"op":"task","t":"t0","cpu":0,"ret":"OK"}`,
		`{"op":"open","h":"h0","task":null,"cpu":0,"type":"w","addr":"ubuf+64","len":4,"pinned":true,`+
			`"ret":"ENOSPC"}`,
		`{"op":"open","h":"h1","task":"t0","cpu":-1,"type":"w","addr":"0x40","len":0,"ret":"EINVAL"}`,
		`{"op":"access","t":"t0","kind":"w","addr":"ubuf+64","size":4,"ret":"OK","obs":{"hits":{"h2":1},`+
			`"trap":{"n":1,"addr":"10000040"}},"mark":["far","tracestep"]}`,
		`{"op":"dump","t":"t0","ret":"OK","obs":{"cpu":0,"bvr":["0","0","0","0","0","0"],"bcr":["0","0",`+
			`"0","0","0","0"],"wvr":["10000040","0","0","0"],"wcr":["1e15","0","0","0"],"mdscr":"9000"}}`,
		`{"op":"ptrace_get","t":"t0","which":"watch","ret":"NOTASK"}`,
	))
	want := []string{
		`case a/b, step 2
  asked   open h0 no task cpu 0 type w addr ubuf+64 len 4 pinned
  kernel  ENOSPC
  model   OK`,
		`case a/b, step 3
  asked   open h1 t0 cpu -1 type w addr 0x40 len 0
  kernel  EINVAL
  model   FAILED (no errno at all)`,
		`case a/b, step 4 (marked far, tracestep)
  asked   access t0 store addr ubuf+64 size 4
  kernel  OK, hits h2:1, trap x1 at 0x10000040
  model   OK, hits h0:1`,
		`case a/b, step 5
  asked   dump t0
  kernel  OK, cpu0 DBGWCR0_EL1=0x1e15 MDSCR_EL1=0x9000
  model   OK, cpu0 DBGWCR0_EL1=0x1f5 MDSCR_EL1=0x1000
          cpu0 DBGWCR0_EL1 BAS: kernel 0xf0 (4 bytes at +4), model 0xf (4 bytes at +0)
          cpu0 DBGWCR0_EL1 kernel: watchpoint on stores from EL0 to 4 bytes at +4, enabled
          cpu0 DBGWCR0_EL1 model: watchpoint on stores from EL0 to 4 bytes at +0, enabled
          cpu0 MDSCR_EL1 MDE: kernel 1 (breakpoints and watchpoints on), ` +
			`model 0 (breakpoints and watchpoints off)`,
		`case a/b, step 6
  asked   ptrace_get t0 watch
  kernel  NOTASK
  model   EOPNOTSUPP (ptrace_get: the target has no ptrace (EOPNOTSUPP); fix: use a target that has it)`,
		`case a/b, at the end
  asked   release everything of the case
  kernel  no residue
  model   MDSCR_EL1.KDE is set on cpu2; cpu0 DBGWCR0_EL1 is 0x1f5 at the end; ` +
			`cpu1 DBGWCR0_EL1 is 0x1f5 at the end; cpu2 DBGWCR0_EL1 is 0x1f5 at the end; ` +
			`cpu3 DBGWCR0_EL1 is 0x1f5 at the end; only 3 of 4 disabled wide events ` +
			`of type w fit at the end: open: full (ENOSPC)`,
	}
	if got := strings.Join(found, "\n\n"); got != strings.Join(want, "\n\n") {
		t.Errorf("got\n%s\n\nwant\n%s", got, strings.Join(want, "\n\n"))
	}
	if (tally != conform.Tally{Steps: 6, Agreeing: 1, Diverging: 4, Marked: 1, MarkedDiverging: 1,
		Residues: 1}) {
		t.Errorf("%+v", tally)
	}
}

func TestRoomIsTriedForWhatWasAsked(t *testing.T) {
	for _, tc := range []struct{ typ, want string }{
		{"x", "only 5 of 6 disabled wide events of type x fit"},
		{"rw", "only 3 of 4 disabled wide events of type w fit"},
		{"6", "only 3 of 4 disabled wide events of type w fit"},
		{"8", "only 5 of 6 disabled wide events of type x fit"},
	} {
		tally, found := replayOn(t, &fake{keep: 1}, oneCase(
			`{"op":"open","h":"h0","task":null,"cpu":0,"type":"`+tc.typ+
				`","addr":"ubuf+64","len":4,"ret":"OK"}`))
		if tally.Residues != 1 || len(found) != 1 ||
			strings.Count(found[0], "disabled wide events") != 1 || !strings.Contains(found[0], tc.want) {
			t.Errorf("after an event of type %s: %+v\n%s", tc.typ, tally, found)
		}
	}
}

// write writes a file of lines, gzip'd if its name ends in .gz, without its last cut bytes.
func write(t *testing.T, name string, cut int, lines ...string) string {
	t.Helper()
	text := []byte(strings.Join(lines, "\n") + "\n")
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text)
		z.Close()
		text = b.Bytes()
	}
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, text[:len(text)-cut], 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func openFake(conform.Meta) (hwdebug.Target, error) { return &fake{}, nil }

func TestRefusedFilesNameTheLineAndCountNothing(t *testing.T) {
	good := oneCase(`{"op":"close","h":"h0","ret":"NOHANDLE"}`)
	step := func(s string) []string {
		return []string{metaLine, good, oneCase(`{"op":"close","h":"h0","ret":"NOHANDLE"}`, s)}
	}
	zeros := `"bvr":["0","0","0","0","0","0"],"bcr":["0","0","0","0","0","0"],"wvr":["0","0","0","0"]`
	for _, tc := range []struct {
		name  string
		file  string
		cut   int
		lines []string
		want  string
	}{
		{"empty", "r.jsonl", 1, []string{""}, `:1: not a recording: the file is empty`},
		{"no meta", "r.jsonl", 0, []string{good}, `:1:1: not a recording: the first line holds "id"`},
		{
			name:  "no JSON",
			file:  "r.jsonl",
			lines: []string{"steps"},
			want:  `:1:1: not a recording: found 's' where '{' was expected`,
		},
		{
			name:  "meta lacks a buffer",
			file:  "r.jsonl",
			lines: []string{strings.Replace(metaLine, `"kbuf"`, `"kbux"`, 1), good},
			want:  `:1:252: not a recording: meta has no "kbuf"`,
		},
		{
			name:  "meta with a count that is none",
			file:  "r.jsonl",
			lines: []string{strings.Replace(metaLine, `"6"`, `"0"`, 1), good},
			want:  `invalid brps "0"`,
		},
		{
			name:  "nothing after meta",
			file:  "r.jsonl",
			lines: []string{metaLine},
			want:  `:2: not a recording: there is no case after the first line`,
		},
		{
			name:  "plain, cut in a case",
			file:  "r.jsonl",
			cut:   16,
			lines: []string{metaLine, good, good},
			want: `:3:58: not a recording: case a/b, step 1: the line ends in the middle of a string; ` +
				`the file is cut short`,
		},
		{
			name:  "plain, cut after a comma",
			file:  "r.jsonl",
			cut:   17,
			lines: []string{metaLine, good, oneCase(`{"op":"exit","t":"t0","ret":"OK"}`, `{"op":"exit" }`)},
			want:  `the line ends where '{' was expected`,
		},
		{
			name:  "gzip'd, cut in its trailer",
			file:  "r.jsonl.gz",
			cut:   4,
			lines: []string{metaLine, good},
			want:  `:3: not a recording: the compressed data ends too early`,
		},
		{
			name:  "gzip'd, cut early",
			file:  "r.jsonl.gz",
			cut:   200,
			lines: []string{metaLine, good, good},
			want:  `:1: not a recording: the compressed data ends too early`,
		},
		{
			name:  "blank line",
			file:  "r.jsonl",
			lines: []string{metaLine, good, "", good},
			want:  `:3: not a recording: the line is blank`,
		},
		{
			name:  "not text",
			file:  "r.jsonl",
			lines: []string{metaLine, "\xff\xfe"},
			want:  `:2: not a recording: the line is not UTF-8 text`,
		},
		{
			name:  "two on a line",
			file:  "r.jsonl",
			lines: []string{metaLine, good + good},
			want:  `:2:73: not a recording: case a/b: found '{' where the end of the line was expected`,
		},
		{
			name:  "unknown op",
			file:  "r.jsonl",
			lines: step(`{"op":"open2","h":"h0","ret":"OK"}`),
			want:  `:3:78: not a recording: case a/b, step 2: unknown op "open2"; want one of open close`,
		},
		{
			name:  "unknown field",
			file:  "r.jsonl",
			lines: step(`{"op":"close","h":"h0","precise":1,"ret":"OK"}`),
			want:  `unknown key "precise" in a step`,
		},
		{
			name:  "field of another op",
			file:  "r.jsonl",
			lines: step(`{"op":"close","h":"h0","cpu":1,"ret":"OK"}`),
			want:  `close that returned OK has no "cpu"`,
		},
		{"missing field", "r.jsonl", 0, step(`{"op":"task","t":"t0","ret":"OK"}`), `task without "cpu"`},
		{"missing ret", "r.jsonl", 0, step(`{"op":"close","h":"h0"}`), `close without "ret"`},
		{"unknown ret", "r.jsonl", 0, step(`{"op":"close","h":"h0","ret":"EWHAT"}`), `unknown ret "EWHAT"`},
		{
			name:  "unknown kind",
			file:  "r.jsonl",
			lines: step(`{"op":"access","t":"t0","kind":"rw","addr":"ubuf+0","size":4,"ret":"NOTASK"}`),
			want:  `unknown kind "rw"; want one of r w x`,
		},
		{
			name:  "size 3",
			file:  "r.jsonl",
			lines: step(`{"op":"access","t":"t0","kind":"r","addr":"ubuf+0","size":3,"ret":"NOTASK"}`),
			want:  `size 3; want 1, 2, 4 or 8`,
		},
		{
			name:  "address in no buffer",
			file:  "r.jsonl",
			lines: step(`{"op":"access","t":"t0","kind":"r","addr":"sbuf+0","size":4,"ret":"NOTASK"}`),
			want:  `invalid address "sbuf+0"`,
		},
		{
			name:  "address without 0x",
			file:  "r.jsonl",
			lines: step(`{"op":"access","t":"t0","kind":"r","addr":"1000","size":4,"ret":"NOTASK"}`),
			want:  `invalid address "1000"`,
		},
		{
			name: "type with a word",
			file: "r.jsonl",
			lines: step(`{"op":"open","h":"h0","task":null,"cpu":0,"type":"wx","addr":"ubuf+0","len":4,` +
				`"ret":"EINVAL"}`),
			want: `invalid type "wx"`,
		},
		{
			name:  "name of another kind",
			file:  "r.jsonl",
			lines: step(`{"op":"close","h":"t0","ret":"OK"}`),
			want:  `invalid handle "t0"`,
		},
		{
			name:  "unknown mark",
			file:  "r.jsonl",
			lines: step(`{"op":"close","h":"h0","ret":"OK","mark":["near"]}`),
			want:  `unknown mark "near"`,
		},
		{
			name:  "obs where nothing is seen",
			file:  "r.jsonl",
			lines: step(`{"op":"close","h":"h0","ret":"OK","obs":{"hits":{}}}`),
			want:  `close that returned OK has no "obs"`,
		},
		{
			name:  "obs of a failure",
			file:  "r.jsonl",
			lines: step(`{"op":"read","h":"h0","ret":"NOHANDLE","obs":{"count":1}}`),
			want:  `read that returned NOHANDLE has no "obs"`,
		},
		{"obs missing", "r.jsonl", 0, step(`{"op":"read","h":"h0","ret":"OK"}`), `read without "obs"`},
		{
			name:  "unknown key in obs",
			file:  "r.jsonl",
			lines: step(`{"op":"read","h":"h0","ret":"OK","obs":{"counts":1}}`),
			want:  `unknown key "counts" in obs`,
		},
		{
			name: "too few registers",
			file: "r.jsonl",
			lines: step(`{"op":"dump","cpu":0,"ret":"OK","obs":{"cpu":0,` + zeros +
				`,"wcr":["0","0","0"],"mdscr":"0"}}`),
			want: `wcr has 3 values, on a machine of 4 registers`,
		},
		{
			name: "register that is no number",
			file: "r.jsonl",
			lines: step(`{"op":"dump","cpu":0,"ret":"OK","obs":{"cpu":0,` + zeros +
				`,"wcr":["0","0","0","0x1"],"mdscr":"0"}}`),
			want: `invalid wcr "0x1"`,
		},
		{
			name:  "cpu that is not there",
			file:  "r.jsonl",
			lines: step(`{"op":"task","t":"t0","cpu":4,"ret":"OK"}`),
			want:  `task on cpu 4; the machine has CPUs 0 to 3`,
		},
		{"key twice", "r.jsonl", 0, step(`{"op":"close","h":"h0","h":"h1","ret":"OK"}`), `key "h" twice`},
		{
			name:  "unknown key of a case",
			file:  "r.jsonl",
			lines: []string{metaLine, `{"id":"a/b","cpus":4,"steps":[],"note":1}`},
			want:  `unknown key "note" in a case`,
		},
		{
			name:  "case of another machine",
			file:  "r.jsonl",
			lines: []string{metaLine, `{"id":"a/b","cpus":2,"steps":[]}`},
			want:  `cpus is 2, on a machine of 4`,
		},
		{
			name:  "unknown residue",
			file:  "r.jsonl",
			lines: []string{metaLine, `{"id":"a/b","cpus":4,"steps":[],"residue":{"mde":[1]}}`},
			want:  `unknown key "mde" in residue`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := write(t, tc.file, tc.cut, tc.lines...)
			other := write(t, "good.jsonl", 0, metaLine, good)
			report, err := conform.Run(context.Background(), conform.Config{Open: openFake}, other, name)
			var f *conform.FormatError
			if report != nil || !errors.As(err, &f) {
				t.Fatalf("report %+v, error %v", report, err)
			}
			if !strings.HasPrefix(err.Error(), name+":"+strconv.Itoa(f.Line)) ||
				!strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
		})
	}
}

func TestRunCountsAndReports(t *testing.T) {
	const agrees, differs = `{"op":"close","h":"h0","ret":"NOHANDLE"}`, `{"op":"close","h":"h0","ret":"OK"}`
	const marked = `{"op":"close","h":"h0","ret":"OK","mark":["bas"]}`
	name := write(t, "r.jsonl.gz", 0, metaLine, oneCase(agrees, marked, differs),
		strings.Replace(oneCase(differs), "a/b", "c/d", 1),
		strings.Replace(oneCase(differs, agrees), "a/b", "c/e", 1))
	var seen []conform.Progress
	var fakes []*fake
	cfg := conform.Config{
		Open: func(m conform.Meta) (hwdebug.Target, error) {
			if m.Kernel() != "6.1.176" || m.KBuf != 0xffff800000d0c000 {
				t.Errorf("meta %+v", m)
			}
			fakes = append(fakes, &fake{})
			return fakes[len(fakes)-1], nil
		},
		MaxDivergences: 2,
		Progress:       func(p conform.Progress) { seen = append(seen, p) },
	}
	report, err := conform.Run(context.Background(), cfg, name)
	if err != nil {
		t.Fatal(err)
	}
	var text, asJSON strings.Builder
	if err := report.Text(&text); err != nil {
		t.Fatal(err)
	}
	want := `cases            3
steps            6
agreeing         2  (40.00 % of the unmarked)
diverging        3
marked           1  (0 agreeing, 1 diverging)

case a/b, step 3 (` + name + `:2)
  asked   close h0
  kernel  OK
  model   NOHANDLE

case c/d, step 1 (` + name + `:3)
  asked   close h0
  kernel  OK
  model   NOHANDLE

2 more not shown
`
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", text.String(), want)
	}
	if report.OK() {
		t.Error("a run with divergences is OK")
	}
	if err := report.JSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Cases, Steps, Agreeing, Diverging, Marked int
		Divergences                               []conform.Divergence
	}
	if err := json.Unmarshal([]byte(asJSON.String()), &back); err != nil {
		t.Fatal(err)
	}
	if back.Cases != 3 || back.Steps != 6 || back.Agreeing != 2 || back.Diverging != 3 ||
		back.Marked != 1 || len(back.Divergences) != 2 || back.Divergences[1].Case != "c/d" {
		t.Errorf("JSON says %s", asJSON.String())
	}
	for _, f := range fakes {
		if !f.shut {
			t.Error("a target was not shut down")
		}
	}
	if want := []conform.Progress{{1, 1, 1}, {1, 1, 2}, {1, 1, 3}}; !slices.Equal(seen, want) {
		t.Errorf("progress %+v, want %+v", seen, want)
	}

	cfg.Filter, cfg.MaxDivergences = regexp.MustCompile(`^a/|e$`), 10
	report, err = conform.Run(context.Background(), cfg, name)
	if err != nil || report.Cases != 2 || report.Steps != 5 || len(report.Divergences) != 3 {
		t.Errorf("filtered: %+v, %v", report, err)
	}
	cfg.Filter = regexp.MustCompile(`^b/`)
	if none, err := conform.Run(context.Background(), cfg, name); none != nil || err == nil ||
		!strings.Contains(err.Error(), `"^b/"`) {
		t.Errorf("a filter that selects nothing: %+v, %v", none, err)
	}
	if marks := report.Divergences[2].Marks; len(marks) != 1 || marks[0] != "bas" {
		t.Errorf("the marked divergence is not last: %+v", report.Divergences)
	}
}

func TestRunStopsForErrorsOfItsCaller(t *testing.T) {
	name := write(t, "r.jsonl", 0, metaLine, oneCase(`{"op":"close","h":"h0","ret":"NOHANDLE"}`))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := conform.Run(ctx, conform.Config{Open: openFake}, name); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returned %v", err)
	}
	down := errors.New("threads are left")
	for what, open := range map[string]func(conform.Meta) (hwdebug.Target, error){
		"no target":          func(conform.Meta) (hwdebug.Target, error) { return nil, down },
		"does not shut down": func(conform.Meta) (hwdebug.Target, error) { return &fake{down: down}, nil },
	} {
		report, err := conform.Run(context.Background(), conform.Config{Open: open}, name)
		if report != nil || !errors.Is(err, down) || !strings.Contains(err.Error(), what) ||
			!strings.Contains(err.Error(), "a/b") {
			t.Errorf("%s: %+v, %v", what, report, err)
		}
	}
	if _, err := conform.Run(context.Background(), conform.Config{Open: openFake},
		filepath.Join(t.TempDir(), "gone.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestMetaKernel(t *testing.T) {
	for _, tc := range []struct{ release, version, want string }{
		{"6.1.0-50-arm64", "#1 SMP Debian 6.1.176-1 (2026-07-02)", "6.1.176"},
		{"4.19.116+", "#49 SMP PREEMPT Fri Apr 3 2020", "4.19.116"},
		{"6.1.0-9-arm64", "#1 SMP PREEMPT_DYNAMIC", "6.1.0"},
		{"mainline", "#1", "mainline"},
	} {
		m := conform.Meta{Release: tc.release, Version: tc.version}
		if got := m.Kernel(); got != tc.want {
			t.Errorf("Kernel of %q, %q is %q, not %q", tc.release, tc.version, got, tc.want)
		}
	}
}

func TestNeedsNamesWhatATargetMustHave(t *testing.T) {
	meta := recordedMeta()
	var c conform.Case
	line := oneCase(`{"op":"task","t":"t0","cpu":1,"ret":"OK"}`, `{"op":"exit","t":"t0","ret":"OK"}`,
		`{"op":"close","h":"h0","ret":"NOHANDLE"}`,
		`{"op":"kunwide","h":"h0","ret":"NOHANDLE"}`)
	if err := conform.DecodeCase(&meta, []byte(line), &c); err != nil {
		t.Fatal(err)
	}
	if got := c.Needs(); !slices.Equal(got,
		[]hwdebug.Feature{hwdebug.FeatureTasks, hwdebug.FeatureKernelEvents}) {
		t.Errorf("needs %v", got)
	}
}

// readAll reads a recording from memory and returns how many cases it has.
func readAll(file []byte) (cases int, err error) {
	rd, err := conform.NewReader(bytes.NewReader(file), "r")
	if err != nil {
		return 0, err
	}
	var c conform.Case
	for {
		switch err := rd.Next(&c); {
		case err == io.EOF:
			return cases, nil
		case err != nil:
			return 0, err
		}
		cases++
	}
}

func TestEveryPrefixOfAFileIsRefused(t *testing.T) {
	text := []byte(metaLine + "\n")
	for _, line := range lines(t, "testdata/D.jsonl.gz", 2) {
		text = append(append(text, line...), '\n')
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text)
	z.Close()
	for n := range b.Len() {
		if cases, err := readAll(b.Bytes()[:n]); err == nil {
			t.Errorf("%d of %d compressed bytes are a recording of %d cases", n, b.Len(), cases)
		}
	}
	// A plain file that ends with a line's last byte cannot be told from a shorter recording.
	for n := range text {
		cases, err := readAll(text[:n])
		if whole := bytes.Count(text[:n+1], []byte("\n")) - 1; err == nil &&
			(cases != whole || text[n] != '\n' && text[n-1] != '\n') {
			t.Errorf("%d of %d bytes are a recording of %d cases", n, len(text), cases)
		}
	}
	if cases, err := readAll(text); err != nil || cases != 2 {
		t.Errorf("the whole file has %d cases, %v", cases, err)
	}
}

// FuzzReader reads whatever the bytes are as a file: it is refused as one that is not in the format, or read.
func FuzzReader(f *testing.F) {
	f.Add([]byte(metaLine + "\n" + oneCase(oddSteps[0]) + "\n"))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
	f.Add([]byte(`{"meta":{"release":"1.2.3","brps":"1","wrps":"16","ubuf":"0","ucode":"0","kbuf":"0",` +
		`"kcode":"0"}}` + "\n" + `{"id":"x","cpus":4,"steps":[],"violation":{}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		var refused *conform.FormatError
		cases, err := readAll(file)
		if err != nil && (!errors.As(err, &refused) || refused.Line < 1 || refused.Found == "") {
			t.Errorf("refused with %v", err)
		}
		if err == nil && cases == 0 {
			t.Error("a recording without a case")
		}
	})
}

func TestRunNeedsATarget(t *testing.T) {
	if _, err := conform.Run(context.Background(), conform.Config{}, "none.jsonl"); err == nil ||
		!strings.Contains(err.Error(), "Config.Open") {
		t.Error(err)
	}
	var none context.Context
	if _, err := conform.Run(none,
		conform.Config{Open: func(conform.Meta) (hwdebug.Target, error) { return nil, nil }}); err == nil {
		t.Error("without a context")
	}
}
