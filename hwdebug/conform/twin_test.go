// The decoder's slow twin, on encoding/json, and the fuzz test that holds the two against each other.

package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// A twin reads a line into a tree of maps with encoding/json and then asks the tree for what the
// format has. It panics with a twinError where the tree has something else.
type twin struct{ meta *conform.Meta }

type twinError string

func no(format string, args ...any) { panic(twinError(fmt.Sprintf(format, args...))) }

// tree reads one JSON value as map[string]any, []any, string, json.Number, bool or nil. A key twice
// is an error.
func tree(d *json.Decoder) any {
	token, err := d.Token()
	if err != nil {
		no("%v", err)
	}
	switch token {
	case json.Delim('{'):
		m := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				no("%v", err)
			}
			k := key.(string)
			if _, ok := m[k]; ok {
				no("key %q twice", k)
			}
			m[k] = tree(d)
		}
		if _, err := d.Token(); err != nil {
			no("%v", err)
		}
		return m
	case json.Delim('['):
		l := []any{}
		for d.More() {
			l = append(l, tree(d))
		}
		if _, err := d.Token(); err != nil {
			no("%v", err)
		}
		return l
	}
	return token
}

func as[T any](v any, what string) T {
	t, ok := v.(T)
	if !ok {
		no("%s is %T", what, v)
	}
	return t
}

// keys checks that m has all keys of must and beyond them only keys of may; both are lists of words.
func keys(m map[string]any, must, may string) {
	for _, k := range strings.Fields(must) {
		if _, ok := m[k]; !ok {
			no("no %q", k)
		}
	}
	for k := range m {
		if !slices.Contains(strings.Fields(must+" "+may), k) {
			no("unknown %q", k)
		}
	}
}

var wholeNumber = regexp.MustCompile(`^-?[0-9]+$`)

func integer(v any, lo, hi int64) int {
	s := as[json.Number](v, "number").String()
	n, err := strconv.ParseInt(s, 10, 64)
	if !wholeNumber.MatchString(s) || err != nil || n < lo || n > hi {
		no("number %s", s)
	}
	return int(n)
}

func natural(v any) uint64 {
	s := as[json.Number](v, "number").String()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		no("number %s", s)
	}
	return n
}

var (
	hexOnly   = regexp.MustCompile(`^[0-9a-fA-F]{1,16}$`)
	symbolic  = regexp.MustCompile(`^(ubuf|ucode|kbuf|kcode|tcode)\+(0|[1-9][0-9]*)$`)
	nameOnly  = regexp.MustCompile(`^[ht](0|[1-9][0-9]*)$`)
	baseNames = map[string]conform.Base{"ubuf": conform.UBuf, "ucode": conform.UCode,
		"kbuf": conform.KBuf, "kcode": conform.KCode, "tcode": conform.TCode}
)

func hexText(s string, bits int) uint64 {
	n, err := strconv.ParseUint(s, 16, bits)
	if !hexOnly.MatchString(s) || err != nil {
		no("hex %q", s)
	}
	return n
}

func hexOf(v any, bits int) uint64 { return hexText(as[string](v, "hex"), bits) }

func prefixed(v any, bits int) uint64 {
	s, ok := strings.CutPrefix(as[string](v, "hex"), "0x")
	if !ok {
		no("no 0x")
	}
	return hexText(s, bits)
}

func nameOf(v any, prefix string) int {
	s := as[string](v, "name")
	n, err := strconv.Atoi(strings.TrimPrefix(s, prefix))
	if !nameOnly.MatchString(s) || !strings.HasPrefix(s, prefix) || err != nil || n >= 1<<16 {
		no("name %q", s)
	}
	return n
}

func flag(m map[string]any, k string) bool {
	v, ok := m[k]
	return ok && as[bool](v, k)
}

func pickOf(v any, names ...string) int {
	i := slices.Index(names, as[string](v, "word"))
	if i < 0 {
		no("unknown word %v", v)
	}
	return i
}

// twinOps says which keys each op has: those it must have, a bar, those it may have.
var twinOps = map[string]string{
	"open": "h task cpu type addr len|disabled pinned inherit exclude_user exclude_kernel exclude_hv " +
		"period freq enable_on_exec remove_on_exec inherit_thread sigtrap read_group group",
	"close": "h|", "enable": "h|flag_group", "disable": "h|flag_group", "kunwide": "h|", "kunreg": "h|",
	"read":   "h|",
	"modify": "h type addr len|disabled",
	"kwide":  "h type addr len|disabled exclude_user exclude_kernel custom period",
	"kuser":  "h task type addr len|disabled exclude_user exclude_kernel custom period",
	"kmod":   "h type addr len|disabled exclude_user exclude_kernel custom",
	"task":   "t cpu|compat", "migrate": "t cpu|", "fork": "t from|", "exit": "t|",
	"access": "t kind addr size|", "uaccess": "t kind addr size|", "kaccess": "cpu kind addr size|",
	"dump":       "|t cpu",
	"ptrace_set": "t which idx addr ctrl|", "ptrace_get": "t which|",
	"cpu_down": "cpu|", "cpu_up": "cpu|", "exec": "t|compat",
	"hbp_set": "t on num value|", "hbp_get": "t on num|",
	"reset": "h|", "refresh": "h n|", "period": "h n|", "read_group": "h|",
	"pmu": "h task cpu config|disabled pinned read_group group",
	"sw":  "h task cpu config|disabled pinned read_group group",
	"bpf": "h n|",
}

var twinOrder = strings.Fields("open close enable disable modify read kwide kunwide kuser kmod kunreg " +
	"task fork migrate exit access uaccess kaccess dump ptrace_set ptrace_get cpu_down cpu_up exec " +
	"hbp_set hbp_get reset refresh period read_group pmu sw bpf")

func (w twin) step(v any) conform.Step {
	m := as[map[string]any](v, "step")
	if _, ok := m["op"]; !ok {
		no("no op")
	}
	op := as[string](m["op"], "op")
	rule, ok := twinOps[op]
	if !ok {
		no("op %q", op)
	}
	must, may, _ := strings.Cut(rule, "|")
	keys(m, "op ret "+must, may+" obs mark w")
	s := conform.Step{Op: conform.Op(slices.Index(twinOrder, op)), T: -1, Task: -1}
	for k, v := range m {
		switch k {
		case "h":
			s.H = nameOf(v, "h")
		case "t":
			s.T = nameOf(v, "t")
		case "from":
			s.From = nameOf(v, "t")
		case "task":
			if v != nil {
				s.Task = nameOf(v, "t")
			} else if op == "kuser" {
				no("kuser for nobody")
			}
		case "cpu":
			s.CPU = integer(v, -1<<31, 1<<31-1)
			if !slices.Contains([]string{"open", "pmu", "sw"}, op) && (s.CPU < 0 || s.CPU >= w.meta.CPUs) {
				no("cpu %d", s.CPU)
			}
		case "type":
			t := as[string](v, "type")
			if i := slices.Index([]string{"", "r", "w", "rw", "x"}, t); i > 0 {
				s.Attr.Type = hwdebug.BPType(i)
			} else if n, err := strconv.ParseUint(t, 10, 32); err == nil && strconv.FormatUint(n, 10) == t {
				s.Attr.Type = hwdebug.BPType(n)
			} else {
				no("type %q", t)
			}
		case "addr":
			if found := symbolic.FindStringSubmatch(as[string](v, "addr")); found != nil {
				n, err := strconv.ParseUint(found[2], 10, 64)
				if err != nil {
					no("addr %q", found[0])
				}
				s.Addr = conform.Addr{Base: baseNames[found[1]], N: n}
			} else {
				s.Addr.N = prefixed(v, 64)
			}
		case "len":
			s.Attr.Len = natural(v)
		case "kind":
			s.Kind = hwdebug.Kind(pickOf(v, "r", "w", "x"))
			if op == "uaccess" && s.Kind == hwdebug.Exec {
				no("uaccess x")
			}
		case "size":
			if s.Size = integer(v, 1, 8); s.Size&(s.Size-1) != 0 {
				no("size %d", s.Size)
			}
		case "which":
			s.Which = hwdebug.PtraceSet(pickOf(v, "break", "watch"))
		case "idx":
			s.Idx = integer(v, 0, 255)
		case "ctrl":
			s.Ctrl = uint32(prefixed(v, 32))
		case "mark":
			for _, e := range as[[]any](v, "mark") {
				s.Mark |= 1 << pickOf(e, "far", "bas", "tracestep", "nondet")
			}
		case "period":
			s.Attr.SamplePeriod = natural(v)
		case "group":
			s.Group, s.InGroup = nameOf(v, "h"), true
		case "config":
			s.Config = natural(v)
		case "n":
			s.N = natural(v)
		case "on":
			s.On = nameOf(v, "t")
		case "num":
			s.Num = integer(v, -1<<31, 1<<31-1)
		case "value":
			s.Ctrl = uint32(prefixed(v, 32))
		case "compat":
			if n, ok := v.(json.Number); ok {
				s.Compat = integer(n, 0, 1) == 1
			} else {
				s.Compat = flag(m, k)
			}
		case "w":
			s.HasWrites = true
			for _, e := range as[[]any](v, "w") {
				s.Writes = append(s.Writes, w.write(as[string](e, "write")))
			}
		case "ret":
			s.Ret = w.ret(as[string](v, "ret"))
		}
	}
	s.Attr.Disabled, s.Attr.Pinned, s.Attr.Inherit = flag(m, "disabled"), flag(m, "pinned"),
		flag(m, "inherit")
	s.Attr.ExcludeUser, s.Attr.ExcludeKernel, s.Attr.ExcludeHV = flag(m, "exclude_user"),
		flag(m, "exclude_kernel"), flag(m, "exclude_hv")
	s.Custom, s.FlagGroup = flag(m, "custom"), flag(m, "flag_group")
	a := &s.Attr
	a.Freq, a.Sigtrap, a.InheritThread = flag(m, "freq"), flag(m, "sigtrap"), flag(m, "inherit_thread")
	a.EnableOnExec, a.RemoveOnExec = flag(m, "enable_on_exec"), flag(m, "remove_on_exec")
	if flag(m, "read_group") {
		a.ReadFormat = hwdebug.ReadGroup | hwdebug.ReadID
	}
	if op == "dump" {
		_, t := m["t"]
		_, cpu := m["cpu"]
		if t == cpu {
			no("dump")
		}
	}
	observes := slices.Contains(strings.Fields("access uaccess kaccess dump read "+
		"ptrace_get hbp_get read_group"), op) &&
		s.Ret == conform.OK
	if _, ok := m["obs"]; ok != observes {
		no("obs")
	}
	if observes {
		w.obs(op, as[map[string]any](m["obs"], "obs"), &s.Obs)
	}
	return s
}

var writeOnly = regexp.MustCompile(`^(0|[1-9][0-9]?):(0|[1-9][0-9]*):([0-9a-fA-F]{1,16})$`)

func (w twin) write(s string) hwdebug.RegWrite {
	found := writeOnly.FindStringSubmatch(s)
	if found == nil {
		no("write %q", s)
	}
	cpu, _ := strconv.Atoi(found[1])
	reg, err := strconv.Atoi(found[2])
	if err != nil || cpu >= w.meta.CPUs || reg >= 64 && reg != 100 {
		no("write %q", s)
	}
	return hwdebug.RegWrite{CPU: cpu, Reg: reg, Value: hexText(found[3], 64)}
}

// growths reads what grew, by handle.
func growths(v any) (list []conform.Hit) {
	for k, v := range as[map[string]any](v, "hits") {
		if natural(v) == 0 {
			no("grew by 0")
		}
		list = append(list, conform.Hit{H: nameOf(k, "h"), N: natural(v)})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].H < list[j].H })
	return list
}

// handleSet reads handles, each once.
func handleSet(v any) (list []int) {
	for _, e := range as[[]any](v, "handles") {
		h := nameOf(e, "h")
		if slices.Contains(list, h) {
			no("h%d twice", h)
		}
		list = append(list, h)
	}
	slices.Sort(list)
	return list
}

func (w twin) ret(s string) conform.Ret {
	if i := slices.Index([]string{"OK", "NOHANDLE", "NOTASK", "BUSYHANDLE", "BUSYTASK"}, s); i >= 0 {
		return []conform.Ret{conform.OK, conform.NoHandle, conform.NoTask, conform.BusyHandle,
			conform.BusyTask}[i]
	}
	e, ok := hwdebug.ErrnoByName(s)
	if !ok {
		no("ret %q", s)
	}
	return conform.Ret(hwdebug.ErrnoNumber(e))
}

func (w twin) obs(op string, m map[string]any, o *conform.Obs) {
	switch op {
	case "read":
		keys(m, "count", "")
		if s, ok := m["count"].(string); ok && (s == "error" || s == "ok") {
			o.Failed, o.Uncounted = s == "error", s == "ok"
		} else {
			o.Count = natural(m["count"])
		}
	case "dump":
		keys(m, "cpu bvr bcr wvr wcr mdscr", "")
		o.Regs.CPU = integer(m["cpu"], 0, int64(w.meta.CPUs-1))
		bank := func(k string, n int) (vs []uint64) {
			for _, e := range as[[]any](m[k], k) {
				vs = append(vs, hexOf(e, 64))
			}
			if len(vs) != n {
				no("%s has %d", k, len(vs))
			}
			return vs
		}
		o.Regs.BVR, o.Regs.BCR = bank("bvr", w.meta.BRPs), bank("bcr", w.meta.BRPs)
		o.Regs.WVR, o.Regs.WCR = bank("wvr", w.meta.WRPs), bank("wcr", w.meta.WRPs)
		o.Regs.MDSCR = hexOf(m["mdscr"], 64)
	case "hbp_get":
		keys(m, "value", "")
		o.Value = uint32(hexOf(m["value"], 32))
	case "read_group":
		keys(m, "group", "")
		if s, ok := m["group"].(string); ok && s == "error" {
			o.Failed = true
			return
		}
		for _, e := range as[[]any](m["group"], "group") {
			pair := as[[]any](e, "pair")
			if len(pair) != 2 {
				no("pair")
			}
			o.Group = append(o.Group, conform.Hit{H: nameOf(pair[0], "h"), N: natural(pair[1])})
		}
	case "ptrace_get":
		keys(m, "info regs", "")
		o.Info = uint32(hexOf(m["info"], 32))
		for _, e := range as[[]any](m["regs"], "regs") {
			pair := as[[]any](e, "pair")
			if len(pair) != 2 {
				no("pair")
			}
			o.Pairs = append(o.Pairs,
				hwdebug.PtraceReg{Addr: hexOf(pair[0], 64), Ctrl: uint32(hexOf(pair[1], 32))})
		}
		if len(o.Pairs) != int(o.Info&0xff) {
			no("pairs")
		}
	default:
		keys(m, "hits", "err trap samples throttled sigtrap")
		o.Hits = growths(m["hits"])
		if v, ok := m["err"]; ok {
			o.Err = handleSet(v)
		}
		if v, ok := m["samples"]; ok {
			o.Samples = growths(v)
		}
		if v, ok := m["throttled"]; ok {
			o.Throttled = handleSet(v)
		}
		if v, ok := m["trap"]; ok {
			t := as[map[string]any](v, "trap")
			keys(t, "n addr", "errno")
			o.Trap.N, o.Trap.Addr = integer(t["n"], 1, 1<<31-1), hexOf(t["addr"], 64)
			if v, ok := t["errno"]; ok {
				o.Trap.Errno = integer(v, -1<<31, 1<<31-1)
			}
		}
		if v, ok := m["sigtrap"]; ok {
			t := as[map[string]any](v, "sigtrap")
			keys(t, "n code addr", "")
			o.Trap.Handled = hwdebug.Handled{N: integer(t["n"], 1, 1<<31-1),
				Code: integer(t["code"], -1<<31, 1<<31-1), Addr: hexOf(t["addr"], 64)}
		}
	}
}

// decode reads a line, or says why not.
func (w twin) decode(line []byte) (c *conform.Case, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(twinError)
			if !ok {
				panic(r)
			}
			c, err = nil, fmt.Errorf("%s", string(e))
		}
	}()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	m := as[map[string]any](tree(d), "case")
	if _, err := d.Token(); err != io.EOF {
		no("more follows")
	}
	keys(m, "id cpus steps", "residue violation")
	c = &conform.Case{ID: as[string](m["id"], "id"), CPUs: integer(m["cpus"], 1, hwdebug.MaxCPUs)}
	if c.ID == "" || c.CPUs != w.meta.CPUs {
		no("id or cpus")
	}
	for _, v := range as[[]any](m["steps"], "steps") {
		c.Steps = append(c.Steps, w.step(v))
	}
	if v, ok := m["residue"]; ok {
		r := as[map[string]any](v, "residue")
		keys(r, "kde", "")
		for _, e := range as[[]any](r["kde"], "kde") {
			cpu := integer(e, 0, int64(w.meta.CPUs-1))
			if slices.Contains(c.KDE, cpu) {
				no("kde twice")
			}
			c.KDE = append(c.KDE, cpu)
		}
		slices.Sort(c.KDE)
	}
	if _, ok := m["violation"]; ok {
		c.Violation = "given" // as text it keeps white space, which the tree has lost
	}
	return c, nil
}

// said returns everything that a case says, as text.
func said(t testing.TB, c *conform.Case) string {
	all := *c
	if all.Violation != "" {
		all.Violation = "given"
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "null", "[]")
}

// FuzzDecode holds the decoder against its twin: both accept the same lines, and read the same from them.
func FuzzDecode(f *testing.F) {
	for _, line := range firstLines(f, 3) {
		f.Add(line)
	}
	for _, step := range oddSteps {
		f.Add([]byte(`{"id":"x/y","cpus":4,"steps":[` + step + `]}`))
	}
	meta := recordedMeta()
	f.Fuzz(func(t *testing.T, line []byte) {
		if !utf8.Valid(line) || bytes.IndexByte(line, '\n') >= 0 {
			t.Skip("never comes to the decoder")
		}
		var got conform.Case
		err := conform.DecodeCase(&meta, line, &got)
		if got.Violation != "" {
			t.Skip("such a case is not replayed, whatever its steps are")
		}
		want, twinErr := twin{&meta}.decode(line)
		if (err == nil) != (twinErr == nil) {
			t.Fatalf("decoder: %v; twin: %v", err, twinErr)
		}
		if err == nil && said(t, &got) != said(t, want) {
			t.Fatalf("decoder\n%s\ntwin\n%s", said(t, &got), said(t, want))
		}
	})
}

// oddSteps are steps at the edges of the format, right and wrong.
var oddSteps = []string{
	`{"op":"read","h":"h0","ret":"OK","obs":{"count":"error"}}`,
	`{"op":"read","h":"h65535","ret":"OK","obs":{"count":18446744073709551615}}`,
	`{"op":"read","h":"h0","ret":"OK","obs":{"count":18446744073709551616}}`,
	`{"op":"read","h":"h0","ret":"OK","obs":{"count":-0}}`,
	`{"op":"read","h":"h0","ret":"OK","obs":{"count":1.0}}`,
	`{"op":"read","h":"h0","ret":"OK","obs":{"count":1e3}}`,
	`{"op":"read","h":"h00","ret":"OK","obs":{"count":01}}`,
	"{\t\"ret\" : \"NOHANDLE\" ,\r \"h\":\"\\u0068\\u0030\", \"op\":\"close\"}",
	`{"op":"access","t":"t0","kind":"r","addr":"0xffffffffffffffff","size":8,"ret":"OK",` +
		`"obs":{"hits":{"h10":1,"h2":3},"err":["h3","h1"],"trap":{"addr":"10000040","n":1}},` +
		`"mark":["far","nondet"]}`,
	`{"op":"kaccess","cpu":4,"kind":"x","addr":"kcode+4","size":4,"ret":"OK","obs":{"hits":{}}}`,
	`{"op":"uaccess","t":"t0","kind":"x","addr":"kcode+4","size":4,"ret":"OK","obs":{"hits":{}}}`,
	`{"op":"dump","t":"t0","cpu":1,"ret":"NOTASK"}`,
	`{"op":"open","h":"h0","task":null,"cpu":-1,"type":"255","addr":"0x0","len":64,"exclude_hv":true,` +
		`"ret":"EINVAL"}`,
	`{"op":"ptrace_get","t":"t0","which":"watch","ret":"OK","obs":{"info":"601","regs":[["0","1FC"]]}}`,
	`{"op":"ptrace_set","t":"t0","which":"break","idx":16,"addr":"ucode+18446744073709551616",` +
		`"ctrl":"0x1f5","ret":"OK"}`,
	`{"op":"kuser","h":"h0","task":null,"type":"w","addr":"ubuf+64","len":4,"ret":"OK"}`,
	`{"op":"fork","t":"t1","from":"t0","ret":"E2BIG"}`,
	`{"op":"open","h":"h1","task":"t0","cpu":-1,"type":"w","addr":"tcode+64","len":4,"period":3,` +
		`"freq":true,"group":"h0","read_group":true,"sigtrap":true,"remove_on_exec":true,"ret":"OK",` +
		`"w":["0:48:1ff5","1:100:9000"]}`,
	`{"op":"exec","t":"t0","compat":1,"ret":"OK","w":[]}`, `{"op":"exec","t":"t0","compat":2,"ret":"OK"}`,
	`{"op":"task","t":"t0","cpu":1,"compat":true,"ret":"OK","w":["4:48:1"]}`,
	`{"op":"hbp_set","t":"t0","on":"t1","num":-2,"value":"0x1f5","ret":"OK"}`,
	`{"op":"hbp_get","t":"t0","on":"t1","num":0,"ret":"OK","obs":{"value":"6080406"}}`,
	`{"op":"read_group","h":"h0","ret":"OK","obs":{"group":[["h0",3],["h1",0]]}}`,
	`{"op":"read_group","h":"h0","ret":"OK","obs":{"group":"error"}}`,
	`{"op":"access","t":"t0","kind":"r","addr":"ubuf+1","size":8,"ret":"OK","obs":{"hits":{},` +
		`"samples":{"h1":2},"throttled":["h2"],"sigtrap":{"n":3,"code":6,"addr":"10000040"},` +
		`"trap":{"addr":"10000040","n":1,"errno":-3}}}`,
	`{"op":"pmu","h":"h0","task":null,"cpu":1,"config":17,"pinned":true,"group":"h1","ret":"OK"}`,
	`{"op":"bpf","h":"h0","n":0,"ret":"EEXIST"}`, `{"op":"refresh","h":"h0","n":-1,"ret":"OK"}`,
	`{"op":"cpu_down","cpu":4,"ret":"OK"}`, `{"op":"enable","h":"h0","flag_group":true,"ret":"OK"}`,
	`{}`, `{"op":"nop","ret":"OK"}`, `null`, `{"op":"exit","t":"t0","ret":"OK"`,
}
