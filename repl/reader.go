// Reading entries: the interface of line readers, and the reader of plain lines.

package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// ErrInterrupt is returned by a LineReader when the user discards the entry with Ctrl-C.
var ErrInterrupt = errors.New("repl: interrupted")

// A LineReader reads entries. An entry is run as a whole: it is one line, or several while more reports
// that the lines so far are incomplete.
type LineReader interface {
	// ReadEntry shows prompt, and cont for each further line. It returns io.EOF at the end of the
	// input, ErrInterrupt if the user discarded the entry, and the context's error when that is done.
	ReadEntry(ctx context.Context, prompt, cont string, more func(text string) bool) (string, error)
	Close() error
}

// A codeReader is a LineReader of this package. While code runs, its input is that of the code.
type codeReader interface {
	// listen calls fn at each Ctrl-C in the input until stop is called, if no terminal turns it
	// into a signal.
	listen(fn func()) (stop func())

	// readCode reads for code until stop is closed.
	readCode(p []byte, stop <-chan struct{}) (int, error)
}

// A pump reads in a goroutine, so that waiting for input can be abandoned. It makes one Read at a time,
// and only on request: otherwise the bytes stay in the terminal, for other programs.
type pump struct {
	r     io.Reader
	ask   chan struct{}
	got   chan chunk
	quit  chan struct{}
	mu    sync.Mutex
	asked bool
	done  bool
	intr  func() // while code runs
	end   sync.Once
}

type chunk struct {
	b   []byte
	err error
}

func newPump(r io.Reader) *pump {
	p := &pump{r: r, ask: make(chan struct{}, 1), got: make(chan chunk, 1), quit: make(chan struct{})}
	go p.loop()
	return p
}

// loop reads on request. While code runs, a Ctrl-C in the input calls p.intr and discards the input up to it.
func (p *pump) loop() {
	buf := make([]byte, 64<<10)
	for {
		select {
		case <-p.ask:
		case <-p.quit:
			return
		}
		n, err := p.r.Read(buf)
		c := chunk{bytes.Clone(buf[:n]), err}
		p.mu.Lock()
		fn := p.intr
		p.mu.Unlock()
		if fn != nil && bytes.IndexByte(c.b, ctrlC) >= 0 {
			fn()
			c.b = c.b[bytes.LastIndexByte(c.b, ctrlC)+1:]
		}
		select {
		case p.got <- c:
		case <-p.quit:
			return
		}
	}
}

// want requests a read unless one is pending. The chunk arrives on p.got.
func (p *pump) want() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked || p.done {
		return
	}
	p.asked = true
	p.ask <- struct{}{}
}

// receive requests a read and waits for its chunk until stop is closed.
func (p *pump) receive(stop <-chan struct{}) (chunk, error) {
	p.want()
	select {
	case c := <-p.got:
		return c, nil
	case <-stop:
		return chunk{}, context.Canceled
	}
}

// took must be called after receiving a chunk.
func (p *pump) took(c chunk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = false
	p.done = p.done || c.err != nil
}

func (p *pump) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// listen calls fn at each Ctrl-C in the input until stop is called. Other input is kept.
func (p *pump) listen(fn func()) (stop func()) {
	set := func(fn func()) {
		p.mu.Lock()
		p.intr = fn
		p.mu.Unlock()
	}
	set(fn)
	p.want()
	return func() { set(nil) }
}

// Close ends the pump. A deadline ends the pending Read of a reader that supports it; with others, the
// goroutine ends after the next byte.
func (p *pump) Close() error {
	p.end.Do(func() {
		close(p.quit)
		if d, ok := p.r.(interface{ SetReadDeadline(time.Time) error }); ok {
			if d.SetReadDeadline(time.Unix(1, 0)) == nil {
				time.AfterFunc(50*time.Millisecond, func() { d.SetReadDeadline(time.Time{}) })
			}
		}
	})
	return nil
}

// A plainReader reads lines as they arrive: from a pipe, a connection, or a terminal without cursor
// movement, which edits lines itself.
type plainReader struct {
	*pump
	out  io.Writer
	buf  []byte
	skip bool            // drop a line feed: its carriage return has ended the line
	ctrl <-chan struct{} // Ctrl-C as a signal
	echo bool            // write prompts
}

func newPlainReader(in io.Reader, out io.Writer, prompts bool, interrupts <-chan struct{}) *plainReader {
	return &plainReader{pump: newPump(in), out: out, ctrl: interrupts, echo: prompts}
}

// ReadEntry reads lines until they are a complete entry.
func (r *plainReader) ReadEntry(
	ctx context.Context, prompt, cont string, more func(string) bool,
) (string, error) {
	var entry strings.Builder
	for {
		if r.echo {
			if _, err := io.WriteString(r.out, prompt); err != nil {
				return "", err
			}
		}
		line, err := r.readLine(ctx)
		switch {
		case err == io.EOF && entry.Len() > 0:
			return entry.String(), nil // incomplete, which the compiler will explain
		case (err == ErrInterrupt || err == io.EOF) && r.echo:
			io.WriteString(r.out, "\n") // end the line of the prompt
			return "", err
		case err != nil:
			return "", err
		}
		if entry.Len() > 0 {
			entry.WriteByte('\n')
		}
		entry.WriteString(line)
		if text := entry.String(); !more(text) {
			return text, nil
		}
		prompt = cont
	}
}

// readLine returns a line without its line break, which the last line may lack.
func (r *plainReader) readLine(ctx context.Context) (string, error) {
	for {
		r.skipLineFeed()
		if i := bytes.IndexAny(r.buf, "\r\n"); i >= 0 {
			line := string(r.buf[:i])
			r.skip = r.buf[i] == '\r'
			r.buf = r.buf[i+1:]
			return line, nil
		}
		if r.ended() {
			if len(r.buf) == 0 {
				return "", io.EOF
			}
			line := string(r.buf)
			r.buf = nil
			return line, nil
		}
		r.want()
		select {
		case c := <-r.got:
			r.took(c)
			r.buf = append(r.buf, c.b...)
			if i := bytes.LastIndexByte(r.buf, ctrlC); i >= 0 {
				r.buf = r.buf[i+1:]
				return "", ErrInterrupt
			}
			r.buf = bytes.ReplaceAll(r.buf, []byte{0}, nil)
		case <-r.ctrl:
			r.buf = nil
			return "", ErrInterrupt
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// skipLineFeed drops the line feed of a line break whose carriage return has been read.
func (r *plainReader) skipLineFeed() {
	if r.skip && len(r.buf) > 0 {
		r.buf = bytes.TrimPrefix(r.buf, []byte("\n"))
		r.skip = false
	}
}

// readCode reads for code, behind the last entry. It returns at most one line, as the next may be an entry.
func (r *plainReader) readCode(p []byte, stop <-chan struct{}) (int, error) {
	r.skipLineFeed()
	r.skip = false
	for len(r.buf) == 0 {
		if r.ended() {
			return 0, io.EOF
		}
		c, err := r.receive(stop)
		if err != nil {
			return 0, err
		}
		r.took(c)
		r.buf = append(r.buf, c.b...)
	}
	n := copy(p, r.buf)
	if i := bytes.IndexByte(r.buf[:n], '\n'); i >= 0 {
		n = i + 1
	}
	r.buf = r.buf[n:]
	return n, nil
}
