// Recorded sessions, replayed and made.

// Package gdbtest replays recorded sessions with gdb stubs, for the tests of clients, and records them.
//
// A session is a text file. Lines that begin with "> " were sent by the client, those with "< " received, as
// on the wire; \n, \\ and \xNN stand for bytes, and lines that begin with # are comments.
package gdbtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// A Session answers requests as a recorded stub did.
type Session struct {
	answers map[string][]string // raw bytes received, by thread and request
	thread  string              // the last request Hg
	Last    string              // the last request
	Leave   string              // the request at which the connection is closed; "" never

	Requests *atomic.Int64 // counts the requests, if it is not nil
}

// Load reads a session from a file.
func Load(file string) (*Session, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// Read reads a session.
func Read(r io.Reader) (*Session, error) {
	s := &Session{answers: make(map[string][]string)}
	key := ""
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		raw, isAnswer := strings.CutPrefix(line, "< ")
		request, isRequest := strings.CutPrefix(line, "> $")
		switch {
		case isRequest:
			key = s.key(request[:max(0, strings.LastIndexByte(request, '#'))])
			s.answers[key] = append(s.answers[key], "")
		case isAnswer && key != "":
			text, err := unescape(raw)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			list := s.answers[key]
			list[len(list)-1] += text
		}
	}
	s.thread = ""
	return s, lines.Err()
}

// key returns how the answer to a request is found. Registers and memory depend on the thread.
func (s *Session) key(request string) string {
	if strings.HasPrefix(request, "Hg") {
		s.thread = request
	}
	if strings.HasPrefix(request, "p") || strings.HasPrefix(request, "m") {
		return s.thread + " " + request
	}
	return request
}

// unescape returns the bytes that a line of a session stands for.
func unescape(line string) (string, error) {
	return strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
}

// Answer returns the bytes that the stub sent after request, with the acknowledgement. Several answers
// to one request are given in their order, the last again and again. A request that was not recorded is
// answered as one that the stub does not know.
func (s *Session) Answer(request string) string {
	s.Last = request
	if s.Requests != nil {
		s.Requests.Add(1)
	}
	key := s.key(request)
	list := s.answers[key]
	switch {
	case len(list) == 0:
		return "+$#00"
	case len(list) > 1:
		s.answers[key] = list[1:]
	}
	return list[0]
}

// Len returns the number of different requests.
func (s *Session) Len() int { return len(s.answers) }

// Serve answers the requests of one connection after another until l is closed, each with a session of its
// own.
func Serve(l net.Listener, open func() *Session) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		open().Answers(conn)
		conn.Close()
	}
}

// Answers answers the requests of a connection until the client has left.
func (s *Session) Answers(conn io.ReadWriter) {
	r := bufio.NewReader(conn)
	for {
		// Acknowledgements come before the packet.
		if _, err := r.ReadString('$'); err != nil {
			return
		}
		request, err := r.ReadString('#')
		if err != nil {
			return
		}
		if _, err := r.Discard(2); err != nil {
			return
		}
		request = strings.TrimSuffix(request, "#")
		if s.Leave != "" && request == s.Leave {
			return
		}
		io.WriteString(conn, s.Answer(request))
	}
}
