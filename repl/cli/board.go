// Boards as text: the banks of a real machine, its findings, its events.

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
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
			fmt.Fprintf(w, "  %s%d  %s\n", bank.name, n, strings.TrimSpace(line))
			if ev != nil {
				fmt.Fprintf(w, "       %s\n", eventLine(ev))
			}
		}
	}
	if shown == 0 {
		fmt.Fprintln(w, "  nothing in a register")
	}
}

// pairLine describes a register pair, or returns "" for one that is empty or unknown.
func pairLine(control arm64.Reg, value, ctrl board.Value) string {
	switch {
	case !ctrl.Known:
		return ""
	case ctrl.Bits == 0:
		return "" // the value register keeps its last address
	case !value.Known:
		return fmt.Sprintf("at an unknown address, 0x%08x: %s", ctrl.Bits, arm64.Explain(control, ctrl.Bits))
	}
	return fmt.Sprintf("0x%016x 0x%08x  %s", value.Bits, ctrl.Bits, arm64.Explain(control, ctrl.Bits))
}

// eventLine describes an event: what it watches, for whom, by whom.
func eventLine(ev *board.Event) string {
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
	if f.Reg != "" {
		fmt.Fprintf(&s, ": %s %s", f.Reg, valueText(f.Is))
		if f.Want.Known {
			fmt.Fprintf(&s, " (want %s)", valueText(f.Want))
		}
	}
	if f.Cause != "" && f.Kind != board.NotSure {
		s.WriteString(", " + f.Cause)
	}
	if f.Event != nil {
		s.WriteString("; " + eventLine(f.Event))
	}
	return s.String()
}

func valueText(v board.Value) string {
	if !v.Known {
		return "unknown"
	}
	return fmt.Sprintf("0x%016x", v.Bits)
}

// A findingJSON is a finding as --json prints it, one a line.
type findingJSON struct {
	Finding string   `json:"finding"`
	T       *float64 `json:"t,omitempty"` // seconds, of a trace
	CPU     *int     `json:"cpu,omitempty"`
	Comm    string   `json:"comm,omitempty"`
	PID     *int     `json:"pid,omitempty"`
	Rule    string   `json:"rule,omitempty"`
	Errno   string   `json:"errno,omitempty"`
	Asked   string   `json:"asked,omitempty"`
	Holders []string `json:"holders,omitempty"`
	Reg     string   `json:"reg,omitempty"`
	Is      string   `json:"is,omitempty"`
	Want    string   `json:"want,omitempty"`
	Event   string   `json:"event,omitempty"`
	Cause   string   `json:"cause,omitempty"`
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
		Finding: f.Name(), Comm: f.Task.Comm, Rule: f.Rule, Reg: f.Reg, Cause: f.Cause,
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
		j.Asked = fmt.Sprintf("%s at 0x%016x len %d", f.Asked.Type, f.Asked.Addr, f.Asked.Len)
	}
	for i := range f.Holders {
		j.Holders = append(j.Holders, eventLine(&f.Holders[i].Event))
	}
	if f.Is.Known {
		j.Is = valueText(f.Is)
	}
	if f.Want.Known {
		j.Want = valueText(f.Want)
	}
	if f.Event != nil {
		j.Event = eventLine(f.Event)
	}
	return j
}
