package repl

// Terminal is a model of a terminal, for tests of the exported surface., for tests that know only what
// is exported.
type Terminal = vt

var NewTerminal = newVT

func (v *vt) Text() string          { return v.text() }
func (v *vt) Cursor() (string, int) { return v.cursor() }

// Sent returns the number of bytes, escape sequences and colors that the terminal was sent, and the
// sequences that it does not know. that the model counts: bytes, escape sequences, colors, and what it
// does not know.
func (v *vt) Sent() (bytes, escapes, colors int, strange []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.bytes, v.escapes, v.sgr, v.strange
}

// Screen returns the text on the screen, without what has scrolled off. the screen now, without what
// has scrolled away.
func (v *vt) Screen() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	rows := v.rows
	v.rows = v.rows[v.top:]
	text := v.textLocked()
	v.rows = rows
	return text
}

// Resize sets the size of the terminal. Its text stays as it is. another size. What has been written
// stays as it is.
func (v *vt) Resize(width, height int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.width, v.height = width, height
}

// GoldenFile compares text with a file in testdata.
var GoldenFile = goldenFile
