// What the stub has: its packet size, its registers by name, its threads.

package gdb

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of a description.
const (
	maxDescription = 4 << 20 // bytes of all its files
	maxFiles       = 64
	maxPieces      = 2048 // of a file
	maxRegisters   = 1 << 16
	maxThreads     = 4096
	pieceBytes     = 0xff0 // asked for at once; a stub may give less
)

// A register is a register of the description.
type register struct {
	name    string
	number  int // for the request p
	bitSize int
}

// A thread is a CPU as the stub sees it.
type thread struct {
	name string // as sent, "0a"
	id   int
}

// packetSize returns how many bytes a packet of the stub may have.
func packetSize(features string) int {
	for f := range strings.SplitSeq(features, ";") {
		if hex, ok := strings.CutPrefix(f, "PacketSize="); ok {
			if n, err := strconv.ParseUint(hex, 16, 31); err == nil && n >= 64 {
				return int(min(n, maxPayload))
			}
		}
	}
	return 512
}

// describe returns the registers of the target description, whose files include one another.
func (c *Client) describe() ([]register, error) {
	var regs []register
	size := 0
	files := []string{"target.xml"}
	for i := 0; i < len(files); i++ {
		text, err := c.file(files[i], maxDescription-size)
		if err != nil {
			return nil, err
		}
		size += len(text)
		more, err := parseDescription(text, &regs)
		if err != nil {
			return nil, fmt.Errorf("the description %.60q of the stub: %w", files[i], err)
		}
		for _, name := range more {
			if !slices.Contains(files, name) {
				files = append(files, name)
			}
		}
		if len(files) > maxFiles {
			return nil, fmt.Errorf("the description of the stub has more than %d files", maxFiles)
		}
	}
	return regs, nil
}

// file returns a file of the description, of at most limit bytes, piece by piece.
func (c *Client) file(name string, limit int) (string, error) {
	var text strings.Builder
	for range maxPieces {
		request := fmt.Sprintf("qXfer:features:read:%s:%x,%x", name, text.Len(), pieceBytes)
		answer, err := c.ask(request)
		if err != nil {
			return "", err
		}
		if answer == "" || answer[0] != 'm' && answer[0] != 'l' {
			return "", &StubError{Request: request, For: "the description of its registers", Answer: answer}
		}
		text.WriteString(answer[1:])
		switch {
		case answer[0] == 'l':
			return text.String(), nil
		case len(answer) == 1:
			return "", &StubError{Request: request, For: "empty, but not the last piece", Answer: answer}
		case text.Len() > limit:
			return "", fmt.Errorf("the description of the stub is larger than %d bytes", maxDescription)
		}
	}
	return "", fmt.Errorf("the stub sends its description in more than %d pieces", maxPieces)
}

// parseDescription appends the registers of one file to regs and returns the files that it includes. A
// register without a number follows the one before it.
func parseDescription(text string, regs *[]register) (include []string, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return include, nil
		}
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name.Local == "include":
			include = append(include, attribute(start, "href"))
		case start.Name.Local == "reg":
			if err := addRegister(start, regs); err != nil {
				return nil, err
			}
		}
	}
}

// addRegister appends the register of an element to regs.
func addRegister(e xml.StartElement, regs *[]register) error {
	r := register{name: attribute(e, "name")}
	if n := len(*regs); n > 0 {
		r.number = (*regs)[n-1].number + 1
	}
	for _, f := range []struct {
		attribute string
		to        *int
	}{{"regnum", &r.number}, {"bitsize", &r.bitSize}} {
		s := attribute(e, f.attribute)
		if s == "" {
			continue
		}
		n, err := strconv.ParseUint(s, 0, 31)
		if err != nil {
			return fmt.Errorf("register %.40q: %s %.40q is not a number", r.name, f.attribute, s)
		}
		*f.to = int(n)
	}
	if len(*regs) >= maxRegisters {
		return fmt.Errorf("more than %d registers", maxRegisters)
	}
	*regs = append(*regs, r)
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// listThreads returns the threads of the stub, in the order of their ids.
func (c *Client) listThreads() ([]thread, error) {
	var threads []thread
	for request := "qfThreadInfo"; ; request = "qsThreadInfo" {
		answer, err := c.ask(request)
		if err != nil {
			return nil, err
		}
		names, more := strings.CutPrefix(answer, "m")
		if !more && answer != "l" {
			return nil, &StubError{Request: request, For: "the CPUs", Answer: answer}
		}
		if !more {
			break
		}
		for name := range strings.SplitSeq(names, ",") {
			id, err := threadID(name)
			if err != nil {
				return nil, &StubError{Request: request, For: err.Error(), Answer: answer}
			}
			threads = append(threads, thread{name, id})
		}
		if len(threads) > maxThreads {
			return nil, fmt.Errorf("the stub has more than %d threads", maxThreads)
		}
	}
	slices.SortFunc(threads, func(a, b thread) int { return a.id - b.id })
	for i := range threads {
		if i > 0 && threads[i].id == threads[i-1].id {
			return nil, fmt.Errorf("the stub lists thread %s twice", threads[i].name)
		}
	}
	if len(threads) == 0 {
		return nil, errors.New("the stub lists no threads, so no CPUs")
	}
	return threads, nil
}

// threadID returns the number in the name of a thread: hexadecimal, perhaps after a process ("p1.2").
func threadID(name string) (int, error) {
	if process, after, ok := strings.Cut(name, "."); ok && strings.HasPrefix(process, "p") {
		name = after
	}
	id, err := strconv.ParseUint(name, 16, 20)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("invalid thread id %.40q", name)
	}
	return int(id), nil
}
