// Replays with the other choices of the scheduler.

package conform_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// A chancy is a target whose event counts which of its forks were preempted, as bits from the first fork on.
type chancy struct {
	*fake
	preempt     bool
	forks, bits uint64
}

func (c *chancy) PreemptNext() { c.preempt = true }

func (c *chancy) Fork(t hwdebug.TaskID) (hwdebug.TaskID, error) {
	if c.preempt {
		c.bits |= 1 << c.forks
	}
	c.preempt = false
	c.forks++
	return c.fake.Fork(t)
}

func (c *chancy) Read(hwdebug.EventID) (uint64, bool, error) { return c.bits, true, nil }

// TestOtherOrders replays cases of which only some choices of the scheduler, or none, are an explanation.
func TestOtherOrders(t *testing.T) {
	const open = `{"op":"open","h":"h0","task":null,"cpu":0,"type":"w","addr":"ubuf+64","len":4,"ret":"OK"}`
	const task = `{"op":"task","t":"t0","cpu":1,"ret":"OK"}`
	fork := func(n int) string { return fmt.Sprintf(`{"op":"fork","t":"t%d","from":"t0","ret":"OK"}`, n) }
	read := func(n int, more string) string {
		return fmt.Sprintf(`{"op":"read","h":"h0","ret":"OK","obs":{"count":%d}%s}`, n, more)
	}
	marked := `,"mark":["nondet"]`
	forks := func(n int) (all []string) {
		for i := range n {
			all = append(all, fork(i+1))
		}
		return all
	}
	for _, tc := range []struct {
		name                         string
		steps                        []string
		reordered                    bool
		diverging, marked, mostTries int
	}{
		{"the default agrees", append(forks(3), read(0, "")), false, 0, 0, 1},
		{"the last fork", append(forks(3), read(4, "")), true, 0, 0, 2},
		{"the first and the last fork", append(forks(3), read(5, "")), true, 0, 0, 6},
		{"each read concerns the forks before it",
			[]string{fork(1), read(1, ""), fork(2), fork(3), read(3, "")}, true, 0, 0, 5},
		{"no choice explains it", append(forks(3), read(8, "")), false, 1, 0, 8},
		{"a choice would have to change on the way", []string{fork(1), read(1, ""), read(0, "")},
			false, 1, 0, 2},
		{"no fork", []string{read(1, "")}, false, 1, 0, 1},
		{"no choice explains the marked step, one explains the other", []string{fork(1), read(9, marked),
			read(1, "")}, true, 0, 1, 3},
		{"the same before the fork", []string{read(9, marked), fork(1), fork(2), read(2, "")}, true, 0, 1, 3},
		{"a marked step alone", []string{fork(1), read(1, marked)}, true, 0, 0, 2},
		{"too many forks", append(forks(12), read(1<<12, "")), false, 1, 0, 256},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := write(t, "r.jsonl", 0, metaLine, oneCase(append([]string{task, open}, tc.steps...)...))
			opened := 0
			report, err := conform.Run(context.Background(), conform.Config{MaxDivergences: 5,
				Open: func(conform.Meta) (hwdebug.Target, error) {
					opened++
					return &chancy{fake: &fake{}}, nil
				}}, name)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(report.OtherOrder) == 1; got != tc.reordered || report.Diverging != tc.diverging ||
				report.MarkedDiverging != tc.marked || report.Steps != len(tc.steps)+2 ||
				len(report.Divergences) != tc.diverging+tc.marked || opened > tc.mostTries {
				t.Errorf("reordered %v, %d diverging, %d marked, %d described, %d replays; want %+v", got,
					report.Diverging, report.MarkedDiverging, len(report.Divergences), opened, tc)
			}
			var text strings.Builder
			report.Verbose = true
			if err := report.Text(&text); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(text.String(), "reordered        1  (cases agree with another order"+
				" that the kernel allows)\n  a/b\n"); got != tc.reordered {
				t.Errorf("the report says\n%s", text.String())
			}
		})
	}
}

// TestOtherOrdersHideNothing changes one observed register in each recorded case with forks and shows that no
// order makes up for it.
func TestOtherOrdersHideNothing(t *testing.T) {
	wrong := 0
	for _, text := range lines(t, "testdata/6.1.176/I.jsonl.gz", 0) {
		line := string(text)
		at := strings.LastIndex(line, `"wvr":["1`)
		if at < 0 {
			continue
		}
		wrong++
		at += len(`"wvr":["1`)
		name := write(t, "r.jsonl", 0, metaLine, line[:at]+"f"+line[at+1:])
		report, err := conform.Run(context.Background(), conform.Config{Open: openModel}, name)
		if err != nil {
			t.Fatal(err)
		}
		if report.Diverging+report.MarkedDiverging == 0 {
			t.Fatalf("a wrong register agrees: %s", line)
		}
	}
	if wrong < 100 {
		t.Errorf("only %d cases have a watchpoint register to change", wrong)
	}
}
