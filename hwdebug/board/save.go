// The file that keeps a picture: a line that names the format, and JSON.

package board

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// savedHead is the first line of a saved picture.
const savedHead = "# hwlua board 1"

// Save writes b so that Load can read it.
func Save(w io.Writer, b *Board) error {
	bw := bufio.NewWriter(w)
	fmt.Fprintln(bw, savedHead)
	e := json.NewEncoder(bw)
	e.SetIndent("", " ")
	if err := e.Encode(b); err != nil {
		return err
	}
	return bw.Flush()
}

// IsSaved reports whether text begins as Save writes it.
func IsSaved(text string) bool { return strings.HasPrefix(text, savedHead) }

// Load reads what Save wrote. It returns an error for a text whose registers do not fit its counts.
func Load(text string) (*Board, error) {
	if !IsSaved(text) {
		line, _, _ := strings.Cut(text, "\n")
		return nil, fmt.Errorf("not a saved board; line 1: %q", line)
	}
	_, body, _ := strings.Cut(text, "\n")
	b := &Board{}
	if err := json.Unmarshal([]byte(body), b); err != nil {
		return nil, fmt.Errorf("damaged board file: %w", err)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("damaged board file: %w", err)
	}
	return b, nil
}

// check returns an error if b is not as the package documents it.
func (b *Board) check() error {
	if b.BRPs < 1 || b.BRPs > arm64.MaxRegs || b.WRPs < 1 || b.WRPs > arm64.MaxRegs {
		return fmt.Errorf("%d breakpoint and %d watchpoint registers (want 1 to %d)",
			b.BRPs, b.WRPs, arm64.MaxRegs)
	}
	if len(b.CPUs) < 1 || len(b.CPUs) > hwdebug.MaxCPUs {
		return fmt.Errorf("%d CPUs (want 1 to %d)", len(b.CPUs), hwdebug.MaxCPUs)
	}
	for i := range b.CPUs {
		c := &b.CPUs[i]
		bps := len(c.BVR) == b.BRPs && len(c.BCR) == b.BRPs && len(c.BP) == b.BRPs
		wps := len(c.WVR) == b.WRPs && len(c.WCR) == b.WRPs && len(c.WP) == b.WRPs
		if !bps || !wps {
			return fmt.Errorf("cpu%d has other registers than the board", i)
		}
	}
	for i := range b.Events {
		if b.Events[i].ID < 1 {
			return errors.New("an event without a number")
		}
	}
	return nil
}
