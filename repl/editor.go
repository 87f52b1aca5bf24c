// Entries from a terminal, with editing. The keys, the line, its history and its search are
// readline's; what the terminal sends and what it shows is ours, because readline redraws the whole
// line at each key, counts every character as one column wherever it moves back, knows one line only
// and takes a tab within a paste for a question. So readline reads clean keys from a keySource and
// draws into nothing.

package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/chzyer/readline"
	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A tty is what the editor needs of a terminal besides its bytes.
type tty struct {
	size    func() (width, height int)
	raw     func() error // no echo, keys one by one
	cooked  func() error // as it was
	resized func(func()) (stop func())
	goesOn  func(func()) (stop func()) // after a stop
	suspend func()                     // Ctrl-Z
	cooking bool                       // the terminal turns Ctrl-C into a signal while it is cooked
}

// An editor is the LineReader of terminals.
type editor struct {
	rl      *readline.Instance
	src     *keySource
	out     io.Writer
	tty     tty
	stop    func()
	suggest func(text string, pos int) suggestions

	mu           sync.Mutex
	scr          screen
	reading      bool
	prompt, cont string
	more         func(string) bool
	line         []rune // as readline had it after the last key
	pos          int
	undo         []editState
	searching    string // what readline says of its search
	width        int
	aborted      bool // Ctrl-C has ended a search, not the entry
	undoRunes    int
}

// undoLimit is how many characters all states together may have that Ctrl-_ goes back to.
const undoLimit = 4 << 20

type editState struct {
	line []rune
	pos  int
}

// suggestions are what Tab has found for a line.
type suggestions struct {
	insert  string   // what all of them begin with, beyond what stands there
	listing []string // one line each; none: insert is the only one
}

func newEditor(in io.Reader, out io.Writer, t tty, interrupts <-chan struct{}, suggest func(string, int) suggestions) (*editor, error) {
	e := &editor{out: out, tty: t, suggest: suggest, stop: func() {}}
	e.src = newKeySource(in, interrupts)
	cfg := &readline.Config{
		Stdin:                  e.src,
		Stdout:                 searchWriter{e},
		Stderr:                 io.Discard,
		HistoryLimit:           1 << 20, // ours is the limit
		DisableAutoSaveHistory: true,
		AutoComplete:           e,
		Listener:               readline.FuncListener(e.changed),
		FuncFilterInputRune:    e.filter,
		FuncGetWidth:           func() int { return 1 << 20 },
		FuncIsTerminal:         func() bool { return false },
		FuncMakeRaw:            func() error { return nil },
		FuncExitRaw:            func() error { return nil },
		FuncOnWidthChanged:     func(func()) {},
	}
	rl, err := readline.NewEx(cfg)
	if err != nil {
		e.src.Close()
		return nil, err
	}
	e.rl = rl
	rl.SaveHistory("") // Ctrl-R in an empty history would be a nil pointer
	if t.resized != nil {
		e.stop = t.resized(e.src.resize)
	}
	if t.goesOn != nil {
		sizes, stops := e.stop, t.goesOn(e.src.continued)
		e.stop = func() { sizes(); stops() }
	}
	return e, nil
}

func (e *editor) Close() error {
	e.stop()
	e.src.Close()
	err := e.rl.Close()
	e.rl.Operation.Runes() // takes the one end of input for the other, so that readline's goroutine can end
	return err
}

func (e *editor) listen(fn func()) (stop func()) {
	if e.tty.cooking {
		return func() {}
	}
	e.src.pump.interruptible(fn)
	e.src.pump.want()
	return func() { e.src.pump.interruptible(nil) }
}

// readCode lets code read lines, as the terminal gives them while it is cooked.
func (e *editor) readCode(p []byte, stop <-chan struct{}) (int, error) {
	if !e.tty.cooking {
		return 0, io.EOF
	}
	s := e.src
	for len(s.code) == 0 {
		s.pump.want()
		select {
		case c := <-s.pump.got:
			s.pump.took(chunk{}) // Ctrl-D ends what the code reads, not the session
			if len(c.b) == 0 {
				return 0, io.EOF
			}
			s.code = c.b
		case <-stop:
			return 0, context.Canceled
		}
	}
	n := copy(p, s.code)
	s.code = s.code[n:]
	return n, nil
}

func (e *editor) setHistory(entries []string) {
	e.rl.ResetHistory()
	if len(entries) == 0 {
		e.rl.SaveHistory("")
	}
	for _, s := range entries {
		e.rl.SaveHistory(s)
	}
}

func (e *editor) ReadEntry(ctx context.Context, prompt, cont string, more func(string) bool) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := e.tty.raw(); err != nil {
		return "", err
	}
	defer e.tty.cooked()
	e.mu.Lock()
	e.prompt, e.cont, e.more = prompt, cont, more
	e.line, e.pos, e.undo, e.undoRunes, e.searching, e.aborted = nil, 0, nil, 0, "", false
	e.src.resume()
	e.reading = true
	e.write([]byte("\x1b[?2004h"))
	e.render()
	e.mu.Unlock()

	release := context.AfterFunc(ctx, e.src.cancel)
	text, err := e.rl.Operation.Runes()
	release()

	e.mu.Lock()
	defer e.mu.Unlock()
	e.reading = false
	e.searching = ""
	switch {
	case errors.Is(err, readline.ErrInterrupt):
		err = ErrInterrupt
		e.pos = len(e.line)
		e.render()
		e.write([]byte("^C"))
		text = nil
	case err == nil:
		e.line, e.pos = text, len(text)
		e.render()
	}
	e.write(append(e.scr.leave(), "\x1b[?2004l"...))
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return string(text), err
}

func (e *editor) write(b []byte) {
	if len(b) > 0 {
		e.out.Write(b)
	}
}

// render makes the terminal show the entry. The caller holds mu.
func (e *editor) render() {
	width, height := e.size()
	if width != e.width && e.width != 0 {
		e.scr.resized(width)
	}
	e.width = width
	text := string(e.line)
	v := layout(fit(e.prompt, width), fit(e.cont, width), text, len(string(e.line[:e.pos])), width)
	v = v.window(max(1, height-1))
	if e.searching != "" {
		bar := layout("", "", e.searching, 0, width)
		if len(v.rows)+len(bar.rows) > height && len(v.rows) > 1 {
			v = v.window(max(1, height-len(bar.rows)))
		}
		v.rows = append(slices.Clone(v.rows), bar.rows...)
	}
	e.write(e.scr.draw(v))
}

// goOn tells readline to read on after a key that ends an entry in its eyes.
func (e *editor) goOn() {
	e.src.resume()
	e.rl.Terminal.KickRead()
}

// size is the terminal's, or the usual one where it does not say.
func (e *editor) size() (width, height int) {
	width, height = e.tty.size()
	if width < 1 {
		width = 80
	}
	if height < 1 {
		height = 24
	}
	return width, height
}

// fit is a prompt that leaves room for something to be typed.
func fit(prompt string, width int) string {
	switch {
	case phrase.Width(prompt)+8 <= width:
		return prompt
	case width >= 8:
		return "> "
	}
	return ""
}

// filter sees each key before readline does. It runs on readline's goroutine, as changed does.
func (e *editor) filter(r rune) (_ rune, pass bool) {
	if r == 0 {
		return 0, true // readline has come to its end
	}
	searching := e.rl.Operation.IsSearchMode()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if !pass && e.reading && e.src.pending() == 0 {
			e.render() // changed, which would, is not asked
		}
	}()
	text, pos := e.line, e.pos
	switch r {
	case ctrlL:
		e.scr = screen{}
		e.write([]byte("\x1b[H\x1b[2J"))
		return r, false
	case keyRefresh:
		return r, false
	case keyGoesOn:
		if e.reading {
			e.write(e.scr.clear())
			e.tty.cooked() // else what the terminal is now would be what it is set back to
			e.tty.raw()
			e.write([]byte("\x1b[?2004h"))
		}
		return r, false
	case ctrlZ:
		if e.tty.suspend != nil {
			e.write(append(e.scr.leave(), "\x1b[?2004l"...))
			e.tty.cooked()
			e.tty.suspend()
			e.tty.raw()
			e.write([]byte("\x1b[?2004h"))
		}
		return r, false
	}
	if searching { // which takes characters only
		switch r {
		case keyInsert:
			e.src.inserted()
		case ctrlC, ctrlD:
			e.aborted = r == ctrlC
			e.src.resume()
		case ctrlT:
			return r, len(text) > 1
		}
		return r, !private(r)
	}
	switch r {
	case ctrlT:
		return r, len(text) > 1 // readline leaves its cursor beyond the end otherwise
	case keyDelete:
		if pos == len(text) {
			return r, false
		}
	case ctrlD:
		if len(text) == 0 {
			break
		}
		e.src.resume()
		if pos == len(text) {
			return r, false
		}
		e.goOn()
		return keyDelete, true
	case backspace, ctrlH:
		if clusterBefore(text, pos) > 1 {
			return keyBackspace, true
		}
	case ctrlB:
		if clusterBefore(text, pos) > 1 {
			return keyLeft, true
		}
	case ctrlF:
		if clusterAfter(text, pos) > 1 {
			return keyRight, true
		}
	case ctrlP:
		if slices.Contains(text[:pos], '\n') {
			return keyUp, true
		}
	case ctrlN:
		if slices.Contains(text[pos:], '\n') {
			return keyDown, true
		}
	case tab:
		if len(text) > 0 && strings.TrimSpace(lastLine(text[:pos])) == "" {
			return keyTab, true
		}
	case ctrlM, ctrlJ:
		if e.more(string(text)) {
			e.goOn()
			return keyNewline, true
		}
	}
	return r, true
}

func lastLine(text []rune) string {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == '\n' {
			return string(text[i+1:])
		}
	}
	return string(text)
}

// changed sees the line after each key, and may change it. Private keys stand in it as a character.
func (e *editor) changed(line []rune, pos int, r rune) ([]rune, int, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.reading || r == 0 {
		return nil, 0, false
	}
	switch r {
	case ctrlM, ctrlJ:
		return nil, 0, false // the entry is on its way
	case ctrlC:
		if !e.aborted {
			return nil, 0, false
		}
		e.aborted = false
	}
	change := false
	if private(r) && pos > 0 && line[pos-1] == r {
		line, pos = e.private(r, slices.Delete(slices.Clone(line), pos-1, pos), pos-1)
		change = true
	}
	if r != keyUndo && !slices.Equal(line, e.line) {
		e.undo = append(e.undo, editState{e.line, e.pos})
		e.undoRunes += len(e.line)
		for len(e.undo) > 1 && e.undoRunes > undoLimit {
			e.undoRunes -= len(e.undo[0].line)
			e.undo = e.undo[1:]
		}
	}
	if !e.rl.Operation.IsSearchMode() {
		e.searching = ""
	}
	e.line, e.pos = slices.Clone(line), pos
	if e.src.pending() == 0 {
		e.render()
	}
	return line, pos, change
}

// private does what a private key means.
func (e *editor) private(r rune, line []rune, pos int) ([]rune, int) {
	switch r {
	case keyInsert:
		text := []rune(e.src.inserted())
		return slices.Insert(line, pos, text...), pos + len(text)
	case keyTab:
		return slices.Insert(line, pos, '\t'), pos + 1
	case keyNewline:
		// Enter within an entry that is not complete: the cursor may stand anywhere, the line
		// continues at its end.
		return append(line, '\n'), len(line) + 1
	case keyUndo:
		if n := len(e.undo); n > 0 {
			s := e.undo[n-1]
			e.undo = e.undo[:n-1]
			e.undoRunes -= len(s.line)
			return slices.Clone(s.line), s.pos
		}
	case keyLeft:
		return line, pos - clusterBefore(line, pos)
	case keyRight:
		return line, pos + clusterAfter(line, pos)
	case keyBackspace:
		n := clusterBefore(line, pos)
		return slices.Delete(line, pos-n, pos), pos - n
	case keyDelete:
		return slices.Delete(line, pos, pos+clusterAfter(line, pos)), pos
	case keyUp:
		start := lineStart(line, pos)
		if start > 0 {
			prev := lineStart(line, start-1)
			return line, min(prev+pos-start, start-1)
		}
	case keyDown:
		if i := slices.Index(line[pos:], '\n'); i >= 0 {
			next := pos + i + 1
			end := len(line)
			if j := slices.Index(line[next:], '\n'); j >= 0 {
				end = next + j
			}
			return line, min(next+pos-lineStart(line, pos), end)
		}
	}
	return line, pos
}

func lineStart(line []rune, pos int) int {
	for pos > 0 && line[pos-1] != '\n' {
		pos--
	}
	return pos
}

// clusterBefore is how many runes make up the character before pos, 0 at the beginning.
func clusterBefore(line []rune, pos int) int {
	if pos == 0 {
		return 0
	}
	if r := line[pos-1]; r < 0x300 {
		return 1
	}
	start := max(0, pos-32)
	n := 0
	g := graphemes.FromString(string(line[start:pos]))
	for g.Next() {
		n = utf8.RuneCountInString(g.Value())
	}
	return n
}

// clusterAfter is how many runes make up the character at pos, 0 at the end.
func clusterAfter(line []rune, pos int) int {
	if pos >= len(line) {
		return 0
	}
	g := graphemes.FromString(string(line[pos:min(len(line), pos+32)]))
	g.Next()
	return utf8.RuneCountInString(g.Value())
}

// Do is readline's question for completions. It is given one at most, so that readline's own menu,
// which has no room for types, stays away.
func (e *editor) Do(line []rune, pos int) ([][]rune, int) {
	if e.suggest == nil {
		return nil, 0
	}
	s := e.suggest(string(line), len(string(line[:pos])))
	if s.insert != "" {
		return [][]rune{[]rune(s.insert)}, 0
	}
	if len(s.listing) > 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		var b bytes.Buffer
		b.Write(e.scr.clear())
		width, height := e.size()
		rows := s.listing
		if room := max(3, height-3); len(rows) > room {
			left := len(rows) - room + 1
			rows = append(slices.Clone(rows[:room-1]), moreRows(left))
		}
		for _, row := range rows {
			b.WriteString(phrase.Truncate(row, width-1))
			b.WriteString("\r\n")
		}
		e.write(b.Bytes())
		e.render()
	}
	return nil, 0
}

// A searchWriter listens to what readline draws. Without a terminal that is only the line below the
// entry that says what Ctrl-R looks for.
type searchWriter struct{ e *editor }

var searchText = regexp.MustCompile(`(failing )?(bck|fwd)-i-search: ([^\x1b]*)\x1b\[4m`)

func (w searchWriter) Write(b []byte) (int, error) {
	if m := searchText.FindSubmatch(b); m != nil {
		w.e.mu.Lock()
		way := "history backwards: "
		if string(m[2]) == "fwd" {
			way = "history forwards: "
		}
		if len(m[1]) > 0 {
			way = "not in the " + way
		}
		w.e.searching = way + string(m[3])
		w.e.mu.Unlock()
	}
	return len(b), nil
}

// A keySource is what readline reads: one key at a time.
type keySource struct {
	pump *pump
	intr <-chan struct{}
	dec  decoder
	code []byte // that code has not read yet

	wake chan struct{}
	quit chan struct{}
	once sync.Once

	mu        sync.Mutex
	keys      []key
	texts     []string // of the keyInserts that readline has been given
	held      bool     // a key that ends an entry has been given: nothing more until it is known not to
	refresh   bool
	goesOn    bool
	cancelled bool
}

func newKeySource(in io.Reader, interrupts <-chan struct{}) *keySource {
	return &keySource{pump: newPump(in), intr: interrupts, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// pending is how many keys wait to be read.
func (s *keySource) pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys)
}

func (s *keySource) continued() {
	s.mu.Lock()
	s.goesOn = true
	s.mu.Unlock()
	s.nudge()
}

func (s *keySource) resize() {
	s.mu.Lock()
	s.refresh = true
	s.mu.Unlock()
	s.nudge()
}

// resume lets Read go on after a key that might have ended the entry.
func (s *keySource) resume() {
	s.mu.Lock()
	s.held = false
	s.mu.Unlock()
	s.nudge()
}

// inserted is the text of the keyInsert that readline has come to.
func (s *keySource) inserted() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.texts) == 0 {
		return ""
	}
	text := s.texts[0]
	s.texts = s.texts[1:]
	return text
}

// cancel makes the editor return as at the end of the input, whatever the line holds.
func (s *keySource) cancel() {
	s.mu.Lock()
	s.cancelled = true
	s.mu.Unlock()
	s.nudge()
}

func (s *keySource) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// leaving are the keys that end the session from any state of the editor.
var leaving = []key{{r: ctrlG}, {r: ctrlE}, {r: ctrlU}, {r: ctrlD}}

// Read gives one key, so that nothing is left in readline's own buffer when the entry ends.
func (s *keySource) Read(p []byte) (int, error) {
	for {
		s.mu.Lock()
		if s.refresh {
			s.refresh = false
			s.mu.Unlock()
			return copy(p, string(keyRefresh)), nil
		}
		if s.goesOn && !s.held { // the next entry begins with a terminal as it should be
			s.goesOn = false
			s.mu.Unlock()
			return copy(p, string(keyGoesOn)), nil
		}
		if s.held {
			s.mu.Unlock()
			select {
			case <-s.wake:
				continue
			case <-s.quit:
				return 0, io.EOF
			}
		}
		if len(s.keys) == 0 && (s.cancelled || s.pump.ended()) {
			s.keys = append(s.keys, leaving...)
		}
		if len(s.keys) > 0 {
			k := s.keys[0]
			s.keys = s.keys[1:]
			switch k.r {
			case keyInsert:
				s.texts = append(s.texts, k.text)
			case ctrlM, ctrlJ, ctrlC, ctrlD:
				s.held = true
			}
			s.mu.Unlock()
			switch k.r {
			case metaB:
				return copy(p, "\x1bb"), nil
			case metaF:
				return copy(p, "\x1bf"), nil
			case metaD:
				return copy(p, "\x1bd"), nil
			case metaBackspace:
				return copy(p, "\x1b\x7f"), nil
			}
			return copy(p, string(k.r)), nil
		}
		s.mu.Unlock()
		s.pump.want()
		select {
		case c := <-s.pump.got:
			s.pump.took(c)
			s.mu.Lock()
			s.keys = s.dec.feed(s.keys, c.b)
			s.mu.Unlock()
		case <-s.intr:
			s.mu.Lock()
			s.keys = append(s.keys, key{r: ctrlC})
			s.mu.Unlock()
		case <-s.wake:
		case <-s.quit:
			return 0, io.EOF
		}
	}
}

// Close ends a Read that waits.
func (s *keySource) Close() error {
	s.once.Do(func() {
		close(s.quit)
		s.pump.close()
	})
	return nil
}
