// Reading of a recording line by line, plain or gzip'd, and the error for a file that is not a recording.

package conform

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine bounds the memory for one case. Recorded cases have up to 13 kB.
const maxLine = 4 << 20

// A FormatError is the reason why a file is not a recording.
type FormatError struct {
	File  string // the name that was given
	Line  int    // from 1
	Col   int    // byte of the line, from 1; 0: the whole line
	Case  string // empty if its id is not known
	Step  int    // of the case, from 1; 0: none
	Found string // what is wrong
	Fix   string // what would be right
	Err   error  // of the underlying reader, if that failed
}

// Error returns "FILE:LINE:COL: not a recording: " and the case, the step, what is wrong and what
// would be right.
func (e *FormatError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d", e.File, e.Line)
	if e.Col > 0 {
		fmt.Fprintf(&b, ":%d", e.Col)
	}
	b.WriteString(": not a recording: ")
	switch {
	case e.Step > 0:
		fmt.Fprintf(&b, "case %s, step %d: ", e.Case, e.Step)
	case e.Case != "":
		fmt.Fprintf(&b, "case %s: ", e.Case)
	}
	b.WriteString(e.Found)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// Unwrap returns the error of the underlying reader.
func (e *FormatError) Unwrap() error { return e.Err }

const cutShort = "the file is cut short: fetch or record it again"

// A Reader reads one recording. It holds one line at a time.
type Reader struct {
	name string
	line int // the number of the last line read
	in   *bufio.Reader
	long []byte // a line that does not fit the buffer of in
	dec  decoder
	meta Meta
}

// NewReader reads the first line of the recording in r, which is plain or gzip'd text. name is used
// in errors.
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
		return nil, rd.refuse("the file is empty", `the first line must be {"meta":{...}}`)
	}
	if err != nil {
		return nil, err
	}
	rd.dec.meta = &rd.meta
	if err := rd.dec.decodeMeta(line); err != nil {
		return nil, rd.at(err)
	}
	if _, err := rd.in.Peek(1); err == io.EOF {
		rd.line++
		return nil, rd.refuse("there is no case after the first line", cutShort)
	}
	return rd, nil
}

// Meta returns the content of the first line.
func (rd *Reader) Meta() Meta { return rd.meta }

// Next reads the next case into c and reuses its storage. It returns io.EOF after the last case,
// and a *FormatError if the file is not in the format.
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

// at adds the place in the file to err.
func (rd *Reader) at(err *FormatError) error {
	err.File, err.Line = rd.name, rd.line
	return err
}

// refuse returns the error for the current line as a whole.
func (rd *Reader) refuse(found, fix string) error { return rd.at(&FormatError{Found: found, Fix: fix}) }

// broken returns the FormatError for an error of the underlying readers.
func (rd *Reader) broken(err error) error {
	e := &FormatError{Err: err}
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), rd.line == 1 && err == io.EOF:
		e.Found, e.Fix, e.Err = "the compressed data ends too early", cutShort, io.ErrUnexpectedEOF
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e.Found, e.Fix = "the compressed data is damaged", "fetch or record the file again"
	default:
		e.Found = "the file cannot be read"
	}
	return rd.at(e)
}

// next returns the next line without its newline. The slice is valid until the next call.
func (rd *Reader) next() ([]byte, error) {
	rd.line++
	line, err := rd.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		rd.long = append(rd.long[:0], line...)
		for err == bufio.ErrBufferFull {
			line, err = rd.in.ReadSlice('\n')
			if len(rd.long)+len(line) > maxLine {
				return nil, rd.refuse("the line is longer than 4 MiB", "a case has a few thousand bytes")
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
		return nil, rd.refuse("the line is not UTF-8 text", "a recording is JSON lines, plain or gzip'd")
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, rd.refuse("the line is blank", "each line holds one JSON object")
	}
	return line, nil
}
