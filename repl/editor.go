// Entries from a terminal, with editing. The package readline provides the keys, the line, its history
// and its search. It cannot show entries: it redraws the whole line at each key, counts every character
// as one column when it moves back, knows only one line, and completes at a tab in a paste. So this
// file reads the terminal's bytes, gives readline one key at a time through a keySource, discards what
// readline draws, and draws the entry itself.

package repl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

// A tty is a terminal without its bytes.
type tty struct {
	size    func() (width, height int)
	raw     func() error // no echo, keys one by one
	cooked  func() error // restores the state before raw
	suspend func()       // stops the process, for Ctrl-Z
	cooking bool         // while cooked, the terminal turns Ctrl-C into a signal

	// signals calls a function after each change of size, and another after each stop of the process.
	signals func(resized, resumed func()) (stop func())
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
	line         []rune // readline's line after the last key
	pos          int
	undo         []editState
	undoRunes    int    // length of all lines in undo
	searching    string // the state of readline's search, "" for none
	width        int
	aborted      bool // Ctrl-C has ended a search, not the entry
}

// undoLimit limits the total length of the states that Ctrl-_ restores.
const undoLimit = 4 << 20

type editState struct {
	line []rune
	pos  int
}

// suggestions is the answer to Tab: text to insert, or a list to show.
type suggestions struct {
	insert  string
	listing []string // one line for each candidate
}

// newEditor returns an editor that reads keys from in and draws on out.
func newEditor(
	in io.Reader, out io.Writer, t tty, interrupts <-chan struct{}, suggest func(string, int) suggestions,
) (*editor, error) {
	e := &editor{out: out, tty: t, suggest: suggest, stop: func() {}}
	e.src = newKeySource(in, interrupts)
	cfg := &readline.Config{
		Stdin:                  e.src,
		Stdout:                 searchWriter{e},
		Stderr:                 io.Discard,
		HistoryLimit:           1 << 20, // package history has the limit
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
	rl.SaveHistory("") // with an empty history Ctrl-R would panic
	if t.signals != nil {
		e.stop = t.signals(e.src.resize, e.src.resumed)
	}
	return e, nil
}

func (e *editor) Close() error {
	e.stop()
	e.src.Close()
	err := e.rl.Close()
	e.rl.Operation.Runes() // receives the end of input, so that readline's goroutine can end
	return err
}

func (e *editor) listen(fn func()) (stop func()) {
	if e.tty.cooking {
		return func() {}
	}
	return e.src.pump.listen(fn)
}

// readCode reads lines for code. The terminal is cooked meanwhile.
func (e *editor) readCode(p []byte, stop <-chan struct{}) (int, error) {
	if !e.tty.cooking {
		return 0, io.EOF
	}
	s := e.src
	for len(s.code) == 0 {
		c, err := s.pump.receive(stop)
		if err != nil {
			return 0, err
		}
		s.pump.took(chunk{}) // Ctrl-D ends the input of the code, not the session
		if len(c.b) == 0 {
			return 0, io.EOF
		}
		s.code = c.b
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

const pasteOn, pasteOff = "\x1b[?2004h", "\x1b[?2004l" // bracketed paste

// ReadEntry edits an entry until readline returns it.
func (e *editor) ReadEntry(ctx context.Context, prompt, cont string, more func(string) bool) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := e.tty.raw(); err != nil {
		return "", err
	}
	defer e.tty.cooked()
	e.begin(prompt, cont, more)
	release := context.AfterFunc(ctx, e.src.cancel)
	text, err := e.rl.Operation.Runes()
	release()
	if errors.Is(err, readline.ErrInterrupt) {
		text, err = nil, ErrInterrupt
	}
	e.end(text, err)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return string(text), err
}

// begin shows an empty entry.
func (e *editor) begin(prompt, cont string, more func(string) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prompt, e.cont, e.more = prompt, cont, more
	e.line, e.pos, e.undo, e.undoRunes, e.searching, e.aborted = nil, 0, nil, 0, "", false
	e.src.release()
	e.reading = true
	e.write(pasteOn)
	e.render()
}

// end shows the finished entry and leaves the cursor on a new line below it.
func (e *editor) end(text []rune, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reading, e.searching = false, ""
	switch err {
	case ErrInterrupt:
		e.pos = len(e.line)
		e.render()
		e.write("^C")
	case nil:
		e.line, e.pos = text, len(text)
		e.render()
	}
	e.write(e.scr.leave() + pasteOff)
}

func (e *editor) write(s string) {
	if s != "" {
		io.WriteString(e.out, s)
	}
}

// render shows the entry on the terminal. The caller holds mu.
func (e *editor) render() {
	width, height := e.tty.size()
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

// fit returns the prompt, shortened if it leaves no room for an entry.
func fit(prompt string, width int) string {
	switch {
	case phrase.Width(prompt)+8 <= width:
		return prompt
	case width >= 8:
		return "> "
	}
	return ""
}

// filter receives each key before readline does, on readline's goroutine. It returns the key to pass
// on, if any.
func (e *editor) filter(r rune) (_ rune, pass bool) {
	if r == 0 {
		return 0, true // readline has ended
	}
	searching := e.rl.Operation.IsSearchMode()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if !pass && e.reading && e.src.pending() == 0 {
			e.render() // readline does not call changed
		}
	}()
	switch r {
	case ctrlL:
		e.scr = screen{}
		e.write("\x1b[H\x1b[2J")
		return r, false
	case keyRefresh:
		return r, false
	case keyResumed:
		if e.reading {
			e.write(e.scr.clear())
			e.tty.cooked() // so that the state to restore is not that of the shell
			e.tty.raw()
			e.write(pasteOn)
		}
		return r, false
	case ctrlZ:
		if e.tty.suspend != nil {
			e.write(e.scr.leave() + pasteOff)
			e.tty.cooked()
			e.tty.suspend()
			e.tty.raw()
			e.write(pasteOn)
		}
		return r, false
	case ctrlT:
		return r, len(e.line) > 1 // readline would leave its cursor beyond the end
	}
	if searching {
		return r, e.searchKey(r)
	}
	return e.editKey(r)
}

// searchKey handles a key during a search, in which readline takes only characters.
func (e *editor) searchKey(r rune) (pass bool) {
	switch r {
	case keyInsert:
		e.src.inserted()
	case ctrlC, ctrlD:
		e.aborted = r == ctrlC
		e.src.release()
	}
	return !private(r)
}

// editKey handles a key in an entry. It replaces a key by a private one where readline would move by
// single characters or knows only one line.
func (e *editor) editKey(r rune) (_ rune, pass bool) {
	text, pos := e.line, e.pos
	switch r {
	case keyDelete:
		return r, pos < len(text)
	case ctrlD:
		if len(text) == 0 {
			break
		}
		e.src.release()
		if pos == len(text) {
			return r, false
		}
		e.rl.Terminal.KickRead()
		return keyDelete, true
	case backspace, ctrlH:
		return keyBackspace, true
	case ctrlW, readline.MetaBackspace:
		if inFirstWord(text[:pos]) { // readline would drop the whole entry
			return ctrlU, true
		}
	case ctrlB:
		return keyLeft, true
	case ctrlF:
		return keyRight, true
	case ctrlP:
		if slices.Contains(text[:pos], '\n') {
			return keyUp, true
		}
	case ctrlN:
		if slices.Contains(text[pos:], '\n') {
			return keyDown, true
		}
	case tab:
		if len(text) > 0 && strings.TrimSpace(string(text[lineStart(text, pos):pos])) == "" {
			return keyTab, true
		}
	case ctrlM, ctrlJ:
		if e.more(string(text)) {
			e.src.release()
			e.rl.Terminal.KickRead()
			return keyNewline, true
		}
	}
	return r, true
}

// changed receives the line after each key, in which a private key is a character, and returns the line
// to continue with if change is set.
func (e *editor) changed(line []rune, pos int, r rune) (_ []rune, _ int, change bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.reading || r == 0 {
		return nil, 0, false
	}
	switch r {
	case ctrlM, ctrlJ:
		return nil, 0, false // ReadEntry shows the finished entry
	case ctrlC:
		if !e.aborted {
			return nil, 0, false
		}
		e.aborted = false
	}
	if private(r) && pos > 0 && line[pos-1] == r {
		line, pos = e.private(r, slices.Delete(slices.Clone(line), pos-1, pos), pos-1)
		change = true
	}
	if r != keyUndo && !slices.Equal(line, e.line) {
		e.saveState()
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

// saveState keeps the line for Ctrl-_, and drops the oldest ones beyond undoLimit.
func (e *editor) saveState() {
	e.undo = append(e.undo, editState{e.line, e.pos})
	e.undoRunes += len(e.line)
	for len(e.undo) > 1 && e.undoRunes > undoLimit {
		e.undoRunes -= len(e.undo[0].line)
		e.undo = e.undo[1:]
	}
}

// private performs a private key on a line and returns the result.
func (e *editor) private(r rune, line []rune, pos int) ([]rune, int) {
	switch r {
	case keyInsert:
		text := []rune(e.src.inserted())
		return slices.Insert(line, pos, text...), pos + len(text)
	case keyTab:
		return slices.Insert(line, pos, '\t'), pos + 1
	case keyNewline:
		// Enter in an incomplete entry: wherever the cursor is, the entry continues at its end.
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
		if end := lineEnd(line, pos); end < len(line) {
			next := end + 1
			return line, min(next+pos-lineStart(line, pos), lineEnd(line, next))
		}
	}
	return line, pos
}

// inFirstWord reports whether no word, as readline sees words, begins in before behind another character.
func inFirstWord(before []rune) bool {
	for i := 1; i < len(before); i++ {
		if readline.IsWordBreak(before[i-1]) && !readline.IsWordBreak(before[i]) {
			return false
		}
	}
	return true
}

func lineStart(line []rune, pos int) int {
	for pos > 0 && line[pos-1] != '\n' {
		pos--
	}
	return pos
}

func lineEnd(line []rune, pos int) int {
	for pos < len(line) && line[pos] != '\n' {
		pos++
	}
	return pos
}

// clusterBefore returns the number of runes in the grapheme cluster before pos, 0 at the beginning.
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

// clusterAfter returns the number of runes in the grapheme cluster at pos, 0 at the end.
func clusterAfter(line []rune, pos int) int {
	if pos >= len(line) {
		return 0
	}
	g := graphemes.FromString(string(line[pos:min(len(line), pos+32)]))
	g.Next()
	return utf8.RuneCountInString(g.Value())
}

// Do implements readline.AutoCompleter. It gives readline at most one completion and shows the list
// itself, as readline's menu has no room for types.
func (e *editor) Do(line []rune, pos int) ([][]rune, int) {
	if e.suggest == nil {
		return nil, 0
	}
	s := e.suggest(string(line), len(string(line[:pos])))
	if s.insert != "" {
		return [][]rune{[]rune(s.insert)}, 0
	}
	if len(s.listing) > 0 {
		e.list(s.listing)
	}
	return nil, 0
}

// list shows the lines that fit on the screen above the entry.
func (e *editor) list(lines []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	width, height := e.tty.size()
	if room := max(3, height-3); len(lines) > room {
		more := fmt.Sprintf("… and %d more", len(lines)-room+1)
		lines = append(slices.Clone(lines[:room-1]), more)
	}
	var b strings.Builder
	b.WriteString(e.scr.clear())
	for _, line := range lines {
		b.WriteString(phrase.Truncate(line, width-1) + "\r\n")
	}
	e.write(b.String())
	e.render()
}

// A searchWriter receives what readline draws. As readline thinks that it has no terminal, that is only
// the state of a search (Ctrl-R, Ctrl-S), which readline does not report in any other way.
type searchWriter struct{ e *editor }

var searchText = regexp.MustCompile(`(failing )?(bck|fwd)-i-search: ([^\x1b]*)\x1b\[4m`)

func (w searchWriter) Write(b []byte) (int, error) {
	if m := searchText.FindSubmatch(b); m != nil {
		text := "history backwards: "
		if string(m[2]) == "fwd" {
			text = "history forwards: "
		}
		if len(m[1]) > 0 {
			text = "not in the " + text
		}
		w.e.mu.Lock()
		w.e.searching = text + string(m[3])
		w.e.mu.Unlock()
	}
	return len(b), nil
}

// A keySource is the input of readline: one key at a time.
type keySource struct {
	pump *pump
	intr <-chan struct{}
	dec  decoder
	code []byte // read, but not yet by code

	wake chan struct{}

	mu      sync.Mutex
	keys    []key
	texts   []string // of the keyInserts given to readline
	held    bool     // readline has got a key that may end the entry: wait until it is handled
	refresh bool     // the size has changed
	resume  bool     // the process was stopped and has been resumed
	ended   bool     // end the entry, whatever it holds
}

func newKeySource(in io.Reader, interrupts <-chan struct{}) *keySource {
	return &keySource{pump: newPump(in), intr: interrupts, wake: make(chan struct{}, 1)}
}

// pending returns the number of keys that wait to be read.
func (s *keySource) pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys)
}

// set changes the state and lets Read look at it.
func (s *keySource) set(change func()) {
	s.mu.Lock()
	change()
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *keySource) resumed() { s.set(func() { s.resume = true }) }
func (s *keySource) resize()  { s.set(func() { s.refresh = true }) }
func (s *keySource) cancel()  { s.set(func() { s.ended = true }) }

// release lets Read continue after a key that might have ended the entry.
func (s *keySource) release() { s.set(func() { s.held = false }) }

// inserted returns the text of the keyInsert that readline has reached.
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

// leaving ends the session from any state of the editor.
var leaving = []key{{r: ctrlG}, {r: ctrlE}, {r: ctrlU}, {r: ctrlD}}

// escaped maps keys to the escape sequences that readline reads for them.
var escaped = map[rune]string{metaB: "\x1bb", metaF: "\x1bf", metaD: "\x1bd", metaBackspace: "\x1b\x7f"}

// Read returns one key, so that readline's own buffer is empty when the entry ends.
func (s *keySource) Read(p []byte) (int, error) {
	for {
		k, ok, held := s.next()
		if ok {
			return copy(p, cmp.Or(escaped[k], string(k))), nil
		}
		got, intr := s.pump.got, s.intr
		if held {
			got, intr = nil, nil
		} else {
			s.pump.want()
		}
		select {
		case c := <-got:
			s.pump.took(c)
			s.mu.Lock()
			s.keys = s.dec.feed(s.keys, c.b)
			s.mu.Unlock()
		case <-intr:
			s.mu.Lock()
			s.keys = append(s.keys, key{r: ctrlC})
			s.mu.Unlock()
		case <-s.wake:
		case <-s.pump.quit:
			return 0, io.EOF
		}
	}
}

// next returns the next key, if any. held reports that the caller must wait for release.
func (s *keySource) next() (r rune, ok, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.refresh:
		s.refresh = false
		return keyRefresh, true, false
	case s.held:
		return 0, false, true
	case s.resume: // not while held: the next entry is to begin on a raw terminal
		s.resume = false
		return keyResumed, true, false
	}
	if len(s.keys) == 0 && (s.ended || s.pump.ended()) {
		s.keys = append(s.keys, leaving...)
	}
	if len(s.keys) == 0 {
		return 0, false, false
	}
	k := s.keys[0]
	s.keys = s.keys[1:]
	switch k.r {
	case keyInsert:
		s.texts = append(s.texts, k.text)
	case ctrlM, ctrlJ, ctrlC, ctrlD:
		s.held = true
	}
	return k.r, true, false
}

// Close ends a pending Read.
func (s *keySource) Close() error { return s.pump.Close() }
