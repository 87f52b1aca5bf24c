// A recording read line by line, plain or gzip'd, and the refusal of a file that is not one.

package conform

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxLine bounds the memory that one case can take; recorded cases have up to 13 kB.
const maxLine = 4 << 20

// A FormatError says where and why a file is not a recording.
type FormatError struct {
	File  string // as it was named
	Line  int    // from 1
	Col   int    // byte of the line, from 1; 0: the line as a whole
	Case  string // the case, once its id is known
	Step  int    // of the case, from 1; 0: none
	Found string // what is wrong
	Fix   string // what would be right
	Err   error  // of the underlying reader, if that failed
}

func (e *FormatError) Error() string {
	s := e.File + ":" + strconv.Itoa(e.Line)
	if e.Col > 0 {
		s += ":" + strconv.Itoa(e.Col)
	}
	s += ": not a recording: "
	if e.Case != "" {
		s += "case " + e.Case
		if e.Step > 0 {
			s += ", step " + strconv.Itoa(e.Step)
		}
		s += ": "
	}
	s += e.Found
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Fix != "" {
		s += "; " + e.Fix
	}
	return s
}

// Unwrap returns the error of the reader below.
func (e *FormatError) Unwrap() error { return e.Err }

const cutShort = "the file is cut short: fetch or record it again"

// A Reader reads one recording. It holds one line at a time.
type Reader struct {
	name string
	line int // of what was read last
	in   *bufio.Reader
	long []byte // a line that does not fit into in
	dec  decoder
	meta Meta
}

// NewReader reads the first line of the recording in r, which is plain or gzip'd text. name is for messages.
func NewReader(r io.Reader, name string) (*Reader, error) {
	rd := &Reader{name: name}
	raw := bufio.NewReaderSize(r, 64<<10)
	rd.in = raw
	if magic, err := raw.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(raw)
		if err != nil {
			rd.line = 1
			return nil, rd.broken(err)
		}
		rd.in = bufio.NewReaderSize(z, 64<<10)
	}
	line, err := rd.next()
	if err == io.EOF {
		return nil, &FormatError{File: name, Line: 1, Found: "the file is empty", Fix: `the first line must be {"meta":{...}}`}
	}
	if err != nil {
		return nil, err
	}
	rd.dec.meta = &rd.meta
	if err := rd.dec.decodeMeta(line); err != nil {
		return nil, rd.at(err)
	}
	if _, err := rd.in.Peek(1); err == io.EOF {
		return nil, &FormatError{File: name, Line: 2, Found: "there is no case after the first line", Fix: cutShort}
	}
	return rd, nil
}

// Meta returns what the first line says.
func (rd *Reader) Meta() Meta { return rd.meta }

// Next reads the next case into c, whose storage it uses again. It returns io.EOF after the last one, and a
// *FormatError where the file is not in the format.
func (rd *Reader) Next(c *Case) error {
	line, err := rd.next()
	if err != nil {
		return err
	}
	c.Line = rd.line
	if err := rd.dec.decodeCase(line, c); err != nil {
		return rd.at(err)
	}
	return nil
}

func (rd *Reader) at(err *FormatError) error {
	err.File, err.Line = rd.name, rd.line
	return err
}

// broken turns a failure of the readers below into a refusal; an I/O error is one too, since nothing can be said
// of the file then.
func (rd *Reader) broken(err error) error {
	e := &FormatError{File: rd.name, Line: rd.line, Err: err}
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), rd.line == 1 && err == io.EOF:
		e.Found, e.Fix, e.Err = "the compressed data ends too early", cutShort, io.ErrUnexpectedEOF
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e.Found, e.Fix = "the compressed data is damaged", "fetch or record the file again"
	default:
		e.Found = "it cannot be read"
	}
	return e
}

// next returns the next line without its end. The slice is good until the next call.
func (rd *Reader) next() ([]byte, error) {
	rd.line++
	line, err := rd.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		rd.long = append(rd.long[:0], line...)
		for err == bufio.ErrBufferFull {
			line, err = rd.in.ReadSlice('\n')
			if len(rd.long)+len(line) > maxLine {
				return nil, &FormatError{File: rd.name, Line: rd.line, Found: "the line is longer than 4 MiB", Fix: "a case is a few thousand bytes"}
			}
			rd.long = append(rd.long, line...)
		}
		line = rd.long
	}
	switch {
	case err == io.EOF && len(line) == 0:
		return nil, io.EOF
	case err != nil && err != io.EOF:
		return nil, rd.broken(err)
	}
	if err == nil {
		line = line[:len(line)-1]
	}
	if !utf8.Valid(line) {
		return nil, &FormatError{File: rd.name, Line: rd.line, Found: "the line is not UTF-8 text", Fix: "a recording is JSON lines, plain or gzip'd"}
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, &FormatError{File: rd.name, Line: rd.line, Found: "the line is blank", Fix: "each line holds one JSON object"}
	}
	return line, nil
}
