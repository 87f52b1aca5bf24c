// Stubs for the tests: one that replays a recorded session, and bad ones.

package gdb_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug/board/gdb/gdbtest"
)

// A stub is a connection whose other side answers at once, in the same goroutine. A read of which no
// answer can come any more fails as one at its deadline does, so no test waits.
type stub struct {
	mu       sync.Mutex
	answer   func(request string) string // raw bytes, "" for none
	in       []byte                      // sent by the client and not yet a packet
	out      []byte                      // for the client
	requests []string
	acks     int // "+" from the client
	naks     int // "-" from the client
	end      error
	onRead   func()
	endless  func() byte // sends when out is empty
	sent     int         // bytes sent
	deadline int         // calls of SetDeadline
	closed   bool
	piece    int // bytes of one read at most, 0: no limit
}

func (s *stub) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = append(s.in, b...)
	for len(s.in) > 0 {
		switch s.in[0] {
		case '+':
			s.acks++
			s.in = s.in[1:]
			continue
		case '-':
			s.naks++
			s.in = s.in[1:]
			continue
		}
		end := bytes.IndexByte(s.in, '#')
		if end < 0 || len(s.in) < end+3 {
			break
		}
		request := string(s.in[1:end])
		s.in = s.in[end+3:]
		s.requests = append(s.requests, request)
		s.out = append(s.out, s.answer(request)...)
	}
	return len(b), nil
}

func (s *stub) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.onRead != nil {
		s.onRead()
	}
	if s.piece > 0 {
		b = b[:min(len(b), s.piece)]
	}
	if len(s.out) == 0 && s.endless != nil {
		for i := range b {
			b[i] = s.endless()
		}
		s.sent += len(b)
		return len(b), nil
	}
	if len(s.out) == 0 {
		if s.end != nil {
			return 0, s.end
		}
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, s.out)
	s.out = s.out[n:]
	s.sent += n
	return n, nil
}

func (s *stub) SetDeadline(time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline++
	return nil
}

func (s *stub) Close() error { s.closed = true; return nil }

// detached reports whether the last request was to detach and the connection is closed.
func (s *stub) detached() bool {
	n := len(s.requests)
	return s.closed && n > 0 && s.requests[n-1] == "D"
}

// packet returns the packet of a payload that needs no escapes.
func packet(text string) string {
	sum := 0
	for i := range len(text) {
		sum += int(text[i])
	}
	return fmt.Sprintf("$%s#%02x", text, sum&0xff)
}

// ok returns the acknowledgement and an answer.
func ok(text string) string { return "+" + packet(text) }

// replay returns a stub that answers as a recorded session did.
func replay(t *testing.T, file string) *stub {
	t.Helper()
	session := load(t, file)
	return &stub{answer: session.Answer}
}

func load(t *testing.T, file string) *gdbtest.Session {
	t.Helper()
	session, err := gdbtest.Load(file)
	if err != nil || session.Len() < 100 {
		t.Fatalf("%s: %v", file, err)
	}
	return session
}

var _ io.ReadWriteCloser = (*stub)(nil)
