// Watches: expressions shown after each input, with their changes marked.

package repl

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// watchTime limits the evaluation of a watch, as every input waits for it.
const watchTime = 2 * time.Second

// A watch is an expression and its last value.
type watch struct {
	text  string
	prog  *vm.Program
	shown bool
	last  []part
	num   uint64
	isNum bool // the last value was the integer num
}

// addWatch adds a watch and shows its value.
func (s *session) addWatch(ctx context.Context, text string) error {
	prog, expr, err := compile("watch", text)
	if err != nil {
		return errors.New(messageOf(err))
	}
	if !expr {
		return errors.New("not an expression (want one such as :watch m.cpu[0].wcr[0])")
	}
	w := &watch{text: text, prog: prog}
	s.watches = append(s.watches, w)
	s.showWatch(ctx, w)
	return nil
}

// removeWatch removes the watch of that number, or all.
func (s *session) removeWatch(rest string) error {
	if rest == "" {
		s.watches = nil
		return nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 1 || n > len(s.watches) {
		return fmt.Errorf("no watch '%s'; for a list: :watch", rest)
	}
	s.watches = slices.Delete(s.watches, n-1, n)
	return nil
}

func (s *session) showWatches(ctx context.Context) {
	for _, w := range s.watches {
		s.showWatch(ctx, w)
	}
}

// showWatch evaluates a watch and prints its value, marking what changed since the last time.
func (s *session) showWatch(ctx context.Context, w *watch) {
	ctx, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	s.freshLine()
	now := watch{text: w.text, prog: w.prog, shown: true}
	_, err := s.during(ctx, func(ctx context.Context) error {
		results, _, err := s.rt.Eval(ctx, w.prog, 0)
		if err != nil {
			return err
		}
		if len(results) == 1 {
			now.num, now.isNum = integer(results[0].Go())
		}
		now.last, err = s.parts(ctx, w.text, results)
		return err
	})
	line := s.colors.note("watch ") + w.text + " = "
	if err != nil {
		now.last, now.isNum = []part{{text: printable(messageOf(err))}}, false
		line += s.colors.err(now.last[0].text)
	} else {
		line += s.changes(w, &now)
		if now.last[0].digits != "" { // the fields of a register were wrapped without the expression
			line = s.fit(continued.ReplaceAllString(line, " "))
		}
	}
	*w = now
	fmt.Fprintln(s.out, line)
}

// continued matches the line breaks in the fields of a register.
var continued = regexp.MustCompile(`\n +`)

// changes returns the value of a watch with its changes marked: the digits and bits of a hexadecimal
// number, the former value of another number.
func (s *session) changes(before, now *watch) string {
	text := s.join(now.last)
	switch {
	case !before.shown || slices.Equal(now.last, before.last):
		return text
	case !now.isNum || !before.isNum:
		return text + "  " + s.colors.change("changed")
	}
	digits, rest := now.last[0].hex()
	old, _ := before.last[0].hex()
	if digits == "" {
		return text + "  " + s.colors.change("was "+before.last[0].text)
	}
	return s.markDigits(digits, old) + rest + "  " + s.colors.change(changedBits(before.num, now.num))
}

// hex splits a part that shows a number into hexadecimal digits, if it shows any, and the rest.
func (p part) hex() (digits, rest string) {
	if p.digits == "" && strings.HasPrefix(p.text, "0x") {
		return p.text, ""
	}
	return p.digits, p.text
}

// markDigits colors the digits that differ from those before.
func (s *session) markDigits(now, before string) string {
	if len(now) != len(before) {
		return now
	}
	var b strings.Builder
	for i := range now {
		if now[i] == before[i] {
			b.WriteByte(now[i])
		} else {
			b.WriteString(s.colors.change(now[i : i+1]))
		}
	}
	return b.String()
}

// changedBits describes the bits in which two values differ: "was 0x1ff3, bits 0 5-12 changed".
func changedBits(before, now uint64) string {
	var ranges []string
	for diff, lo := before^now, 0; diff != 0; {
		skip := bits.TrailingZeros64(diff)
		diff >>= skip
		lo += skip
		n := bits.TrailingZeros64(^diff)
		diff >>= n
		if n == 1 {
			ranges = append(ranges, strconv.Itoa(lo))
		} else {
			ranges = append(ranges, fmt.Sprintf("%d-%d", lo, lo+n-1))
		}
		lo += n
	}
	noun := "bits"
	if bits.OnesCount64(before^now) == 1 {
		noun = "bit"
	}
	return fmt.Sprintf("was %#x, %s %s changed", before, noun, strings.Join(ranges, " "))
}

// A usage holds what the last input used.
type usage struct {
	took  time.Duration
	steps int64
}

func (u usage) String() string {
	unit := 100 * time.Nanosecond
	switch {
	case u.took > time.Second:
		unit = 10 * time.Millisecond
	case u.took > time.Millisecond:
		unit = 10 * time.Microsecond
	}
	return fmt.Sprintf("%v, %s", u.took.Round(unit), phrase.Plural(int(u.steps), "step"))
}
