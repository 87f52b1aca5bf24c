// Boards as text: the banks of a real machine, its findings, its events.

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/live"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
	"github.com/hwlua/hwlua/vm/phrase"
)

// printBoard prints the banks of b, decoded. It leaves out register pairs that are empty or unknown.
func printBoard(w io.Writer, b *board.Board) {
	for cpu := range b.CPUs {
		printCPU(w, b, cpu)
	}
}

// printCPU prints the banks of one CPU under a line about the CPU.
func printCPU(w io.Writer, b *board.Board, cpu int) {
	c := &b.CPUs[cpu]
	head := fmt.Sprintf("cpu%d", cpu)
	if c.Online != nil && !*c.Online {
		head += " (offline)"
	} else if task := c.Task.String(); task != "" {
		head += " (" + task + ")"
	}
	if c.MDSCR.Known {
		words := arm64.Explain(arm64.RegMDSCR, c.MDSCR.Bits)
		head += fmt.Sprintf(": MDSCR_EL1 0x%08x, %s", c.MDSCR.Bits, words)
	}
	fmt.Fprintln(w, head)
	if c.Step > 0 {
		fmt.Fprintf(w, "  in a step over since %s\n", board.Seconds(c.Step))
	}
	if notKnown(c) {
		fmt.Fprintln(w, "  not known")
		return
	}
	shown := 0
	for _, bank := range []struct {
		name             string
		control          arm64.Reg
		values, controls []board.Value
		slots            []board.Slot
	}{{"bp", arm64.RegBCR, c.BVR, c.BCR, c.BP}, {"wp", arm64.RegWCR, c.WVR, c.WCR, c.WP}} {
		for n := range bank.slots {
			line := pairLine(bank.control, bank.values[n], bank.controls[n])
			ev := b.Event(bank.slots[n].Event)
			if line == "" && ev == nil {
				continue
			}
			shown++
			lines := slices.DeleteFunc([]string{line, eventLine(ev)}, func(s string) bool { return s == "" })
			fmt.Fprintf(w, "  %s%-2d %s\n", bank.name, n, strings.Join(lines, "\n       "))
		}
	}
	if shown == 0 {
		fmt.Fprintln(w, "  nothing in a register")
	}
}

// notKnown reports whether no control register of a CPU is known.
func notKnown(c *board.CPU) bool {
	known := func(v board.Value) bool { return v.Known }
	held := func(s board.Slot) bool { return s.Known && s.Event != 0 }
	return !slices.ContainsFunc(c.BCR, known) && !slices.ContainsFunc(c.WCR, known) &&
		!slices.ContainsFunc(c.BP, held) && !slices.ContainsFunc(c.WP, held)
}

// pairLine describes a register pair, or returns "" for one that is empty or unknown.
func pairLine(control arm64.Reg, value, ctrl board.Value) string {
	switch {
	case !ctrl.Known && value.Known:
		return fmt.Sprintf("0x%016x, control not known", value.Bits)
	case !ctrl.Known:
		return ""
	case ctrl.Bits == 0:
		return "" // the value register keeps its last address
	case !value.Known:
		return fmt.Sprintf("at an unknown address, 0x%08x: %s", ctrl.Bits, arm64.Explain(control, ctrl.Bits))
	}
	return fmt.Sprintf("0x%016x 0x%08x  %s", value.Bits, ctrl.Bits, arm64.Explain(control, ctrl.Bits))
}

// eventLine describes an event: what it watches, for whom, by whom. It is empty without one.
func eventLine(ev *board.Event) string {
	if ev == nil {
		return ""
	}
	s := fmt.Sprintf("e%d: %s at 0x%016x len %d", ev.ID, ev.Attr.Type, ev.Attr.Addr, ev.Attr.Len)
	if task := ev.Task.String(); task != "" {
		s += ", task " + task
	}
	if ev.CPU >= 0 {
		s += fmt.Sprintf(", cpu%d", ev.CPU)
	}
	if ev.Wide != 0 {
		s += fmt.Sprintf(", wide registration %d", ev.Wide)
	}
	switch by := ev.By.String(); {
	case by != "" && ev.Owner == board.ByPtrace:
		s += ", traced by " + by
	case by != "":
		s += ", opened by " + by
	case ev.Owner == board.ByKernel, ev.Owner == board.ByWide:
		s += ", registered by the kernel"
	}
	switch {
	case ev.HandlerName != "":
		s += ", handler " + ev.HandlerName
	case ev.Handler != 0:
		s += fmt.Sprintf(", handler 0x%016x", ev.Handler)
	}
	return s
}

// printFindings prints findings after their number, the worst first.
func printFindings(w io.Writer, list []board.Finding) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no findings")
		return
	}
	fmt.Fprintf(w, "%s:\n", phrase.Plural(len(list), "finding"))
	for i := range list {
		fmt.Fprintf(w, "  %s\n", findingLine(&list[i]))
		printHolders(w, &list[i])
	}
}

// printHolders prints who holds the slots for which a request was refused.
func printHolders(w io.Writer, f *board.Finding) {
	if f.Limit > 0 {
		fmt.Fprintf(w, "    %d of %d slots of cpu%d are reserved\n", f.N, f.Limit, f.CPU)
	}
	for i := range f.Holders {
		h := &f.Holders[i]
		where := "reserved, in no register there"
		if h.Slot >= 0 {
			where = fmt.Sprintf("in slot %d", h.Slot)
		}
		if !h.Counts {
			where += "; beside the task that counts"
		}
		fmt.Fprintf(w, "      %s: %s\n", eventLine(&h.Event), where)
	}
}

// findingLine describes a finding on one line.
func findingLine(f *board.Finding) string {
	var s strings.Builder
	if f.T != 0 {
		s.WriteString(board.Seconds(f.T) + " ")
	}
	if f.CPU >= 0 {
		fmt.Fprintf(&s, "cpu%d ", f.CPU)
	}
	s.WriteString(f.Name())
	if f.Kind == board.Refused {
		fmt.Fprintf(&s, " %s: %s of %s%s, by %s", hwdebug.ErrnoName(f.Errno), f.Op, attrText(&f.Asked),
			targetText(f.Event), f.Task)
	}
	if f.Reg != "" {
		fmt.Fprintf(&s, ": %s %s", f.Reg, valueText(f.Is))
		if f.Want.Known {
			fmt.Fprintf(&s, " (want %s)", valueText(f.Want))
		}
	}
	if f.Cause != "" && f.Kind != board.NotSure {
		s.WriteString(", " + f.Cause)
	}
	if f.Event != nil && (f.Kind != board.Refused || f.Op == "modify") {
		s.WriteString("; " + eventLine(f.Event))
	}
	return s.String()
}

// targetText describes for whom an event was asked for.
func targetText(ev *board.Event) (s string) {
	if ev == nil {
		return ""
	}
	if task := ev.Task.String(); task != "" {
		s += " for " + task
	}
	if ev.CPU >= 0 {
		s += fmt.Sprintf(" on cpu%d", ev.CPU)
	}
	return s
}

// attrText describes what attributes ask for.
func attrText(a *hwdebug.Attr) string {
	return fmt.Sprintf("%s at 0x%016x len %d", a.Type, a.Addr, a.Len)
}

func valueText(v board.Value) string {
	if !v.Known {
		return "unknown"
	}
	return fmt.Sprintf("0x%016x", v.Bits)
}

// A findingJSON is a finding as --json prints it, one a line.
type findingJSON struct {
	Finding string       `json:"finding"`
	T       *float64     `json:"t,omitempty"` // seconds, of a trace
	CPU     *int         `json:"cpu,omitempty"`
	Comm    string       `json:"comm,omitempty"`
	PID     *int         `json:"pid,omitempty"`
	Rule    string       `json:"rule,omitempty"`
	Errno   string       `json:"errno,omitempty"`
	Asked   string       `json:"asked,omitempty"`
	Op      string       `json:"op,omitempty"`
	Holders []holderJSON `json:"holders,omitempty"`
	Reg     string       `json:"reg,omitempty"`
	Is      string       `json:"is,omitempty"`
	Want    string       `json:"want,omitempty"`
	Event   string       `json:"event,omitempty"`
	Cause   string       `json:"cause,omitempty"`
	*eventJSON
}

// An eventJSON holds the fields of an event. Addresses are text, since JSON numbers lose bits.
type eventJSON struct {
	Type  string `json:"type"`
	Addr  string `json:"addr"`
	Len   uint64 `json:"len"`
	Task  string `json:"task,omitempty"` // comm-pid of the target
	By    string `json:"by,omitempty"`   // comm-pid of the opener
	Owner string `json:"owner,omitempty"`
	Wide  int    `json:"wide,omitempty"`
	Slot  *int   `json:"slot,omitempty"` // on the CPU of the finding
}

// A holderJSON is an event that is counted where a request was refused.
type holderJSON struct {
	eventJSON
	CPU    *int   `json:"cpu,omitempty"`
	Comm   string `json:"comm,omitempty"` // of the target
	PID    *int   `json:"pid,omitempty"`
	Counts bool   `json:"counts"`
	State  string `json:"state,omitempty"`
}

// eventFields returns the fields of ev, whose slot is -1 if it is in none.
func eventFields(ev *board.Event, slot int) eventJSON {
	j := eventJSON{
		Type: ev.Attr.Type.String(), Addr: fmt.Sprintf("0x%016x", ev.Attr.Addr), Len: ev.Attr.Len,
		Task: ev.Task.String(), By: ev.By.String(), Owner: string(ev.Owner), Wide: ev.Wide,
	}
	if slot >= 0 {
		j.Slot = &slot
	}
	return j
}

// holderOf returns the fields of a holder.
func holderOf(h *board.Holder) holderJSON {
	j := holderJSON{
		eventJSON: eventFields(&h.Event,
			h.Slot), Comm: h.Event.Task.Comm, Counts: h.Counts, State: h.Event.State,
	}
	if h.Event.CPU >= 0 {
		j.CPU = &h.Event.CPU
	}
	if h.Event.Task.PID >= 0 {
		j.PID = &h.Event.Task.PID
	}
	return j
}

// printFindingsJSON prints findings as JSON, one object a line.
func printFindingsJSON(w io.Writer, list []board.Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range list {
		if err := e.Encode(jsonOf(&list[i])); err != nil {
			return err
		}
	}
	return nil
}

// jsonOf returns the fields of a finding.
func jsonOf(f *board.Finding) findingJSON {
	j := findingJSON{
		Finding: f.Name(), Comm: f.Task.Comm, Rule: f.Rule, Op: f.Op, Reg: f.Reg, Cause: f.Cause,
	}
	if f.T != 0 {
		t := float64(f.T) / float64(time.Second)
		j.T = &t
	}
	if f.CPU >= 0 {
		j.CPU = &f.CPU
	}
	if f.Task.PID >= 0 {
		j.PID = &f.Task.PID
	}
	if f.Errno != 0 {
		j.Errno = hwdebug.ErrnoName(f.Errno)
		j.Asked = attrText(&f.Asked) + targetText(f.Event)
	}
	for i := range f.Holders {
		j.Holders = append(j.Holders, holderOf(&f.Holders[i]))
	}
	if f.Is.Known {
		j.Is = valueText(f.Is)
	}
	if f.Want.Known {
		j.Want = valueText(f.Want)
	}
	if f.Event != nil {
		fields := eventFields(f.Event, f.Event.Slot)
		j.Event, j.eventJSON = eventLine(f.Event), &fields
	}
	return j
}

// openBoard reads a board from a file, or from the gdb stub at an address.
func openBoard(ctx context.Context, where string) (*board.Board, error) {
	text, err := os.ReadFile(where)
	switch {
	case err == nil:
		return readBoard(text, rebuild.Options{})
	case !strings.Contains(where, ":"):
		return nil, err
	}
	s := &live.Stub{Address: where, Context: ctx}
	return s.Look(ctx)
}
