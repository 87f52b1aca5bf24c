// Watches: expressions that are shown after each input, with what has changed.

package repl

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A watch is an expression and what it was the last time.
type watch struct {
	text  string
	prog  *vm.Program
	shown bool
	last  string
	num   uint64
	isNum bool
}

func (s *session) addWatch(ctx context.Context, text string) error {
	prog, expr, err := compile("watch", text)
	if err == nil && !expr {
		err = errors.New("an expression is wanted, for example :watch m.cpu[0].wcr[0]")
	}
	if err != nil {
		var e *vm.Error
		if errors.As(err, &e) {
			return errors.New(strings.TrimPrefix(e.Message, "watch:1: "))
		}
		return err
	}
	w := &watch{text: text, prog: prog}
	s.watches = append(s.watches, w)
	s.showWatch(ctx, w)
	return nil
}

// removeWatch takes away the nth watch, or all.
func (s *session) removeWatch(rest string) error {
	if rest == "" {
		s.watches = nil
		return nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 1 || n > len(s.watches) {
		return fmt.Errorf("there is no watch %s; :watch lists them", rest)
	}
	s.watches = append(s.watches[:n-1], s.watches[n:]...)
	return nil
}

func (s *session) showWatches(ctx context.Context) {
	for _, w := range s.watches {
		s.showWatch(ctx, w)
	}
}

// watchTime is how long a watch may take; it is asked for after every input.
const watchTime = 2 * time.Second

func (s *session) showWatch(ctx context.Context, w *watch) {
	ctx, cancel := context.WithTimeout(ctx, watchTime)
	defer cancel()
	s.freshLine()
	var text string
	var results []vm.Value
	_, err := s.during(ctx, func(ctx context.Context) error {
		var err error
		if results, _, err = s.rt.Eval(ctx, w.prog, 0); err == nil {
			text, err = s.text(ctx, w.text, results)
		}
		return err
	})
	line := w.text + " = "
	if err != nil {
		var e *vm.Error
		if errors.As(err, &e) {
			text = strings.TrimPrefix(e.Message, "watch:1: ")
		} else {
			text = err.Error()
		}
		w.isNum = false
		line += s.colors.err(printable(text))
	} else {
		var num uint64
		isNum := false
		if len(results) == 1 {
			num, isNum = integer(results[0].Go())
		}
		switch {
		case !w.shown || text == w.last:
			line += text
		case isNum && w.isNum && !strings.HasPrefix(stripSGR(text), "0x"):
			line += text + "  " + s.colors.change("was "+stripSGR(w.last))
		case isNum && w.isNum:
			line += markHex(text, w.last, s.colors) + "  " + s.colors.change(changedBits(w.num, num))
		default:
			line += text + "  " + s.colors.change("changed")
		}
		w.num, w.isNum = num, isNum
	}
	w.last, w.shown = text, true
	fmt.Fprintln(s.out, s.colors.note("watch ")+line)
}

// markHex colors the hexadecimal digits of now that differ from before.
func markHex(now, before string, colors palette) string {
	a, rest, _ := strings.Cut(stripSGR(now), " ")
	b, _, _ := strings.Cut(stripSGR(before), " ")
	if !bool(colors) || !strings.HasPrefix(a, "0x") || len(a) != len(b) {
		return now
	}
	var out strings.Builder
	for i := range len(a) {
		if a[i] != b[i] {
			out.WriteString(colors.change(a[i : i+1]))
		} else {
			out.WriteByte(a[i])
		}
	}
	if rest != "" {
		out.WriteString(" " + rest)
	}
	return out.String()
}

func stripSGR(s string) string {
	var b strings.Builder
	for s != "" {
		if n := phrase.EscapeLen(s); n > 0 {
			s = s[n:]
			continue
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String()
}

// changedBits names the bits in which two values differ: "was 0x1ff3, bits 0 5-12 changed".
func changedBits(before, now uint64) string {
	diff := before ^ now
	word := "bits"
	if bits.OnesCount64(diff) == 1 {
		word = "bit"
	}
	var ranges []string
	for i := 0; i < 64; {
		if diff>>i&1 == 0 {
			i++
			continue
		}
		j := i
		for j < 63 && diff>>(j+1)&1 == 1 {
			j++
		}
		if i == j {
			ranges = append(ranges, strconv.Itoa(i))
		} else {
			ranges = append(ranges, fmt.Sprintf("%d-%d", i, j))
		}
		i = j + 1
	}
	return fmt.Sprintf("was %#x, %s %s changed", before, word, strings.Join(ranges, " "))
}

// usage is what the last input took.
type usage struct {
	took  time.Duration
	steps int64
}

// start begins to measure; the function that it returns ends it.
func (u *usage) start() func(steps int64) {
	began := time.Now()
	return func(steps int64) { *u = usage{time.Since(began), steps} }
}

func (u usage) String() string {
	d := u.took
	switch {
	case d > time.Second:
		d = d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	default:
		d = d.Round(100 * time.Nanosecond)
	}
	return fmt.Sprintf("%v, %s", d, phrase.Plural(int(u.steps), "step"))
}
