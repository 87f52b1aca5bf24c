// Sessions with recorded, bad and hostile stubs.

package gdb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/board/gdb"
)

var recordings = []string{"testdata/qemu-10.0.txt", "testdata/qemu-7.2.txt"}

// look opens a session, reads every CPU and closes it, as attach does.
func look(s *stub) (text string, err error) {
	c, err := New(context.Background(), s, Config{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	cpus, err := c.ReadCPUs()
	if err != nil {
		return "", err
	}
	return show(cpus), c.ReadExtra(cpus)
}

// show prints registers as the files regs-*.txt do.
func show(cpus []CPU) string {
	var lines []string
	for _, c := range cpus {
		names := []string{"MDSCR_EL1"}
		for _, bank := range []string{"BVR", "BCR", "WVR", "WCR"} {
			for n := range 16 {
				names = append(names, fmt.Sprintf("DBG%s%d_EL1", bank, n))
			}
		}
		for _, name := range names {
			if v, _ := c.Value(name); v != 0 {
				lines = append(lines, fmt.Sprintf("  cpu%02d %-16s 0x%x\n", c.ID+1, name, v))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// A client reads from the recorded stubs exactly the registers that were read then, however the bytes
// arrive, and detaches.
func TestRecordedSessions(t *testing.T) {
	for _, file := range recordings {
		for _, piece := range []int{0, 1, 7} {
			t.Run(fmt.Sprintf("%s in pieces of %d", file, piece), func(t *testing.T) {
				want, err := os.ReadFile(strings.Replace(file, "qemu", "regs-qemu", 1))
				if err != nil {
					t.Fatal(err)
				}
				s := replay(t, file)
				s.piece = piece
				got, err := look(s)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("read\n%s\nwant\n%s", got, want)
				}
				if !s.detached() {
					t.Errorf("not detached: closed %v, requests end in %q", s.closed,
						s.requests[len(s.requests)-1])
				}
			})
		}
	}
}

// The client sends only requests that read: QEMU answers OK to a write of a register that it ignores.
func TestNeverWrites(t *testing.T) {
	s := replay(t, recordings[0])
	if _, err := look(s); err != nil {
		t.Fatal(err)
	}
	reading := []string{"q", "?", "Hg", "p", "D"}
	for _, r := range s.requests {
		if !slices.ContainsFunc(reading, func(p string) bool { return strings.HasPrefix(r, p) }) {
			t.Errorf("sent %q", r)
		}
	}
}

// In whatever moment of a session the stub goes wrong, the client returns an error, has sent the request to
// detach, and has closed the connection.
func TestBadStubs(t *testing.T) {
	good, err := os.ReadFile("testdata/regs-qemu-10.0.txt")
	if err != nil {
		t.Fatal(err)
	}
	whole := replay(t, recordings[0])
	if _, err := look(whole); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		bad  func(s *stub) string // the answer from the moment on
		want error
	}{
		{"answers E01", func(*stub) string { return ok("E01") }, nil},
		{"answers nothing that it was asked", func(*stub) string { return ok("OK") }, nil},
		{"stops answering", func(*stub) string { return "" }, os.ErrDeadlineExceeded},
		{"acknowledges and stops", func(*stub) string { return "+" }, os.ErrDeadlineExceeded},
		{"closes the connection", func(s *stub) string { s.end = io.EOF; return "" }, io.ErrUnexpectedEOF},
		{"closes in the middle of a packet", func(s *stub) string { s.end = io.EOF; return "+$m<?x" },
			io.ErrUnexpectedEOF},
		{"sends noise", func(s *stub) string { s.endless = func() byte { return 'x' }; return "" }, nil},
		{"sends a packet without end", func(s *stub) string {
			s.endless = func() byte { return 'x' }
			return "+$"
		}, nil},
		{"sends stop packets without end",
			func(s *stub) string { return strings.Repeat(packet("T05"), 3000) }, nil},
		{"rejects every packet", func(s *stub) string { return "-" }, nil},
		{"sends only damaged packets",
			func(s *stub) string { return "+" + strings.Repeat("$E01#00", 100) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for at := 0; at < len(whole.requests); at += 1 + at/8 {
				s := replay(t, recordings[0])
				right := s.answer
				s.answer = func(request string) string {
					if len(s.requests) > at && s.endless == nil {
						return tt.bad(s)
					}
					return right(request)
				}
				text, err := look(s)
				if err == nil && text != string(good) {
					t.Fatalf("request %d (%s): no error", at, s.requests[at])
				}
				if tt.want != nil && !errors.Is(err, tt.want) {
					t.Fatalf("request %d (%s): error %v, want %v", at, s.requests[at], err, tt.want)
				}
				if !s.detached() {
					t.Fatalf("request %d (%s): not detached: closed %v, requests end in %q", at,
						s.requests[at],
						s.closed, s.requests[len(s.requests)-1])
				}
				if s.sent > 2<<20 {
					t.Fatalf("request %d (%s): read %d bytes", at, s.requests[at], s.sent)
				}
			}
		})
	}
}

// What a stub sends without end is not kept.
func TestMemoryIsBounded(t *testing.T) {
	runLength := []byte("x*~")
	for name, answer := range map[string]string{
		"a packet": "+$", "a notification": "%", "noise": "",
		"run lengths": "+$y",
	} {
		t.Run(name, func(t *testing.T) {
			s := replay(t, recordings[0])
			i := 0
			s.answer = func(string) string { return answer }
			s.endless = func() byte { i++; return runLength[i%len(runLength)] }
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := look(s)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("no error")
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("allocated %d bytes", n)
			}
		})
	}
}

// Packets that were damaged on their way are sent again, by either side.
func TestDamagedPackets(t *testing.T) {
	s := replay(t, recordings[0])
	right := s.answer
	n := 0
	s.answer = func(request string) string {
		n++
		switch {
		case n%11 == 3 && n < 80: // lost on the way there
			return "-"
		case n%11 == 7 && n < 80:
			answer := right(request)
			return "+$OK#00" + strings.TrimPrefix(answer, "+")
		}
		return right(request)
	}
	got, err := look(s)
	want, _ := os.ReadFile("testdata/regs-qemu-10.0.txt")
	if err != nil || got != string(want) {
		t.Fatalf("%v, read\n%s", err, got)
	}
	if s.naks == 0 {
		t.Error("no damaged packet was rejected")
	}
}

// Cancelling ends a session at once; it detaches then too.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := replay(t, recordings[0])
	reads := 0
	s.onRead = func() {
		if reads++; reads == 60 {
			cancel()
		}
	}
	c, err := New(ctx, s, Config{})
	if err == nil {
		_, err = c.ReadCPUs()
		if closing := c.Close(); closing != nil {
			t.Errorf("Close: %v", closing)
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if !s.detached() {
		t.Errorf("not detached: closed %v, requests end in %q", s.closed, s.requests[len(s.requests)-1])
	}
}

// tiny returns a stub with these registers and threads, which answers a request p with the number of the
// register.
func tiny(registers, threads string) *stub {
	return &stub{answer: func(request string) string {
		var n int
		switch {
		case strings.HasPrefix(request, "qSupported"):
			return ok("PacketSize=100;qXfer:features:read+")
		case request == "?":
			return ok("S05")
		case strings.HasPrefix(request, "qXfer:features:read:target.xml:0,"):
			return ok("l<target>" + registers + "</target>")
		case request == "qfThreadInfo":
			return ok("m" + threads)
		case request == "qsThreadInfo":
			return ok("l")
		case strings.HasPrefix(request, "Hg"), request == "D":
			return ok("OK")
		}
		if _, err := fmt.Sscanf(request, "p%x", &n); err == nil {
			return ok(fmt.Sprintf("%02x000000", n))
		}
		return ok("")
	}}
}

// Names of registers are found with and without their exception level and by the numbers that the
// description gives or implies; CPUs are threads less one, in hexadecimal.
func TestNames(t *testing.T) {
	s := tiny(`<reg name="x0" bitsize="64"/><reg name="DBGWVR0" bitsize="64"/>
		<reg name="dbgwcr0_el1" bitsize="32" regnum="66"/><reg name="MDSCR" bitsize="32"/>
		<reg name="VBAR" bitsize="64"/>`, "10,0a,p1.1")
	c, err := New(context.Background(), s, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cpus, err := c.ReadCPUs()
	if err == nil {
		err = c.ReadExtra(cpus)
	}
	if err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, cpu := range cpus {
		ids = append(ids, cpu.ID)
	}
	if want := []int{0, 9, 15}; !slices.Equal(ids, want) {
		t.Errorf("CPUs %v, want %v", ids, want)
	}
	for name, want := range map[string]uint64{
		"DBGWVR0_EL1": 1, "DBGWCR0_EL1": 66, "MDSCR_EL1": 67, "VBAR_EL1": 68,
	} {
		if got, known := cpus[1].Value(name); got != want || !known {
			t.Errorf("%s is %d, %v, want %d", name, got, known, want)
		}
	}
	if v, known := cpus[1].Value("DBGBVR0_EL1"); known {
		t.Errorf("DBGBVR0_EL1, which is not described, is %d", v)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	tests := []struct {
		name, registers, threads, want string
	}{
		{"no debug registers", `<reg name="eax"/>`, "01", "describes 1 registers, but no DBGBVR0_EL1"},
		{"no threads", `<reg name="DBGWCR0"/>`, "", "invalid thread id"},
		{"thread 0, which means any", `<reg name="DBGWCR0"/>`, "0", "invalid thread id"},
		{"a thread twice", `<reg name="DBGWCR0"/>`, "1,01", "thread 01 twice"},
		{"an invalid register number", `<reg name="DBGWCR0" regnum="x"/>`, "1", `regnum "x" is not a number`},
		{"invalid XML", `<reg name="DBGWCR0`, "1", "the description \"target.xml\" of the stub"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tiny(tt.registers, tt.threads)
			_, err := look(s)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if !s.detached() {
				t.Error("not detached")
			}
		})
	}
}

// ReadMemory reads in pieces that fit the stub's packets, through a CPU that maps it.
func TestReadMemory(t *testing.T) {
	s := tiny(`<reg name="DBGWCR0" bitsize="32"/>`, "01,02,03")
	right := s.answer
	thread := ""
	s.answer = func(request string) string {
		var addr, n int
		if strings.HasPrefix(request, "Hg") {
			thread = request
		}
		if _, err := fmt.Sscanf(request, "m%x,%x", &addr, &n); err != nil {
			return right(request)
		}
		if thread != "Hg02" {
			return ok("E14")
		}
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%02x", (addr+i)&0xff)
		}
		return ok(b.String())
	}
	c, err := New(context.Background(), s, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 600)
	if err := c.ReadMemory(0x1000, buf); err != nil {
		t.Fatal(err)
	}
	for i, b := range buf {
		if b != byte(i) {
			t.Fatalf("byte %d is %#x", i, b)
		}
	}
	s.answer = func(request string) string {
		if strings.HasPrefix(request, "m") {
			return ok("E14")
		}
		return right(request)
	}
	err = c.ReadMemory(0xffff000000000000, buf[:8])
	if e := new(StubError); !errors.As(err, &e) || e.Answer != "E14" {
		t.Errorf("error %v, want E14", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"1234", "localhost", "localhost:", "unix:", "", "a:b:c"} {
		_, err := Dial(context.Background(), address, Config{})
		if err == nil || !strings.Contains(err.Error(), "want HOST:PORT") {
			t.Errorf("Dial(%q): %v", address, err)
		}
	}
}

// A session over real sockets, TCP and Unix, is the same.
func TestSockets(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			where := "localhost:0"
			if network == "unix" {
				where = t.TempDir() + "/stub"
			}
			l, err := net.Listen(network, where)
			if err != nil {
				t.Skip(err)
			}
			defer l.Close()
			session := load(t, recordings[1])
			done := make(chan bool)
			go func() {
				defer close(done)
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				session.Answers(conn)
			}()
			address := l.Addr().String()
			if network == "unix" {
				address = "unix:" + address
			}
			c, err := Dial(context.Background(), address, Config{})
			if err != nil {
				t.Fatal(err)
			}
			cpus, err := c.ReadCPUs()
			if err := errors.Join(err, c.Close()); err != nil {
				t.Fatal(err)
			}
			<-done
			if session.Last != "D" || len(cpus) != 4 {
				t.Errorf("%d CPUs, last request %q", len(cpus), session.Last)
			}
		})
	}
}
