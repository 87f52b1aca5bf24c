// Where entries come from: the abstract line reader, and the one that only reads lines.

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

// ErrInterrupt is what a LineReader returns when the user has thrown the entry away (Ctrl-C).
var ErrInterrupt = errors.New("repl: interrupted")

// A LineReader gets entries from a person. An entry is what is executed as one: a line, or several
// where more says that one is not enough yet.
//
// ReadEntry shows prompt, and more's prompt cont for each further line. It returns io.EOF at the end
// of the input, ErrInterrupt when the entry was thrown away, and the context's error when that is
// done.
type LineReader interface {
	ReadEntry(ctx context.Context, prompt, cont string, more func(text string) bool) (string, error)
	Close() error
}

// A rememberer is a LineReader in which earlier entries can be found again.
type rememberer interface {
	setHistory(entries []string)
}

// An interrupter is a LineReader that can hear Ctrl-C while code runs, because no terminal turns it
// into a signal. Listen calls fn at each; the function that it returns ends it.
type interrupter interface {
	listen(fn func()) (stop func())
}

// A pump reads in a goroutine of its own, so that whoever waits for input can stop waiting. It reads
// only when asked, one Read at a time: a terminal that nobody asks keeps its bytes.
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

func (p *pump) loop() {
	buf := make([]byte, 64<<10)
	for {
		select {
		case <-p.ask:
		case <-p.quit:
			return
		}
		n, err := p.r.Read(buf)
		c := chunk{append([]byte(nil), buf[:n]...), err}
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

// want asks for a read unless one is under way. The chunk arrives on p.got.
func (p *pump) want() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked || p.done {
		return
	}
	p.asked = true
	p.ask <- struct{}{}
}

// took is called by whoever has received a chunk.
func (p *pump) took(c chunk) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = false
	if c.err != nil {
		p.done = true
	}
}

func (p *pump) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

func (p *pump) interruptible(fn func()) {
	p.mu.Lock()
	p.intr = fn
	p.mu.Unlock()
}

// close ends the pump. A Read that is under way is woken where the reader knows deadlines; where it
// does not, the goroutine ends with the next byte.
func (p *pump) close() {
	p.end.Do(func() {
		close(p.quit)
		if d, ok := p.r.(interface{ SetReadDeadline(time.Time) error }); ok {
			if d.SetReadDeadline(time.Unix(1, 0)) == nil {
				time.AfterFunc(50*time.Millisecond, func() { d.SetReadDeadline(time.Time{}) })
			}
		}
	})
}

// A plainReader reads lines as they come: from a pipe, a connection or a terminal that can do
// nothing but print. Editing is left to whatever is at the other end.
type plainReader struct {
	pump *pump
	out  io.Writer
	buf  []byte
	skip bool // a line feed that belongs to the carriage return before it
	intr <-chan struct{}
	echo bool // write prompts
}

func newPlainReader(in io.Reader, out io.Writer, prompts bool, interrupts <-chan struct{}) *plainReader {
	return &plainReader{pump: newPump(in), out: out, intr: interrupts, echo: prompts}
}

func (r *plainReader) Close() error {
	r.pump.close()
	return nil
}

func (r *plainReader) ReadEntry(ctx context.Context, prompt, cont string, more func(string) bool) (string, error) {
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
			return entry.String(), nil // incomplete: the compiler says what is missing
		case (err == ErrInterrupt || err == io.EOF) && r.echo:
			io.WriteString(r.out, "\n") // what comes next does not stand behind the prompt
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

// readLine returns a line without its end. A last line that has none counts.
func (r *plainReader) readLine(ctx context.Context) (string, error) {
	for {
		if r.skip && len(r.buf) > 0 {
			if r.buf[0] == '\n' {
				r.buf = r.buf[1:]
			}
			r.skip = false
		}
		if i := bytes.IndexAny(r.buf, "\r\n"); i >= 0 {
			line := string(r.buf[:i])
			r.skip = r.buf[i] == '\r'
			r.buf = r.buf[i+1:]
			return line, nil
		}
		if r.pump.ended() {
			if len(r.buf) == 0 {
				return "", io.EOF
			}
			line := string(r.buf)
			r.buf = nil
			return line, nil
		}
		r.pump.want()
		select {
		case c := <-r.pump.got:
			r.pump.took(c)
			r.buf = append(r.buf, c.b...)
			if i := bytes.LastIndexByte(r.buf, ctrlC); i >= 0 {
				r.buf = r.buf[i+1:]
				return "", ErrInterrupt
			}
			r.buf = bytes.ReplaceAll(r.buf, []byte{0}, nil)
		case <-r.intr:
			r.buf = nil
			return "", ErrInterrupt
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (r *plainReader) listen(fn func()) (stop func()) {
	r.pump.interruptible(fn)
	r.pump.want() // what arrives meanwhile is kept
	return func() { r.pump.interruptible(nil) }
}

// readCode lets code read on where the prompt's lines end, a line at most, for the next may be the
// prompt's.
func (r *plainReader) readCode(p []byte, stop <-chan struct{}) (int, error) {
	if r.skip && len(r.buf) > 0 && r.buf[0] == '\n' {
		r.buf = r.buf[1:]
	}
	r.skip = false
	for len(r.buf) == 0 {
		if r.pump.ended() {
			return 0, io.EOF
		}
		r.pump.want()
		select {
		case c := <-r.pump.got:
			r.pump.took(c)
			r.buf = append(r.buf, c.b...)
		case <-stop:
			return 0, context.Canceled
		}
	}
	n := copy(p, r.buf)
	if i := bytes.IndexByte(r.buf[:n], '\n'); i >= 0 {
		n = i + 1
	}
	r.buf = r.buf[n:]
	return n, nil
}
