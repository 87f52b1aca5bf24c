// How a machine's trace is made, chosen from and shown.

package trace_test

import (
	"os"

	"github.com/hwlua/hwlua/hwdebug/trace"
)

func Example() {
	const (
		reserve trace.FnID = iota
		toggle
	)
	rec := trace.NewRecorder(trace.NewTable([]trace.Fn{
		reserve: {
			Name: "reserve_bp_slot",
			Args: []trace.Arg{{Name: "bp", Kind: trace.Event}, {Name: "type", Kind: trace.Slot}},
			Ret:  trace.Errno,
		},
		toggle: {
			Name:    "toggle_bp_slot",
			Args:    []trace.Arg{{Name: "bp", Kind: trace.Event}},
			Inlined: true,
		},
	}), 2, 1024)

	// A machine does this on each entry and exit.
	comm := rec.Name("hwlua")
	for i, err := range []int64{0, -28} {
		w := uint64(5+i)<<1 | 1
		outer := rec.Child(0, trace.KeyOf(uint32(reserve), false))
		r := rec.Next()
		r.Fn, r.Node, r.T, r.CPU, r.PID, r.Comm = reserve, outer, 12_500, 1, 1, comm
		r.Args, r.NArgs = [trace.MaxArgs]uint64{w, 1}, 2
		if err == 0 {
			inner := rec.Child(outer, trace.KeyOf(uint32(toggle), true))
			r := rec.Next()
			r.Fn, r.Node, r.T, r.CPU, r.PID, r.Comm = toggle, inner, 12_500, 1, 1, comm
			r.Args, r.NArgs = [trace.MaxArgs]uint64{w}, 1
			r.Return(r.Seq, 0)
		}
		r.Return(r.Seq, err)
	}

	_ = trace.WriteText(os.Stdout, rec.Entries(trace.Filter{}, trace.Full))
	_ = trace.WriteJSON(os.Stdout, rec.Entries(trace.Filter{Fns: []string{"toggle_*"}}, trace.Full))
	// Output:
	// cpu1 12.500us  [hwlua-1]
	// cpu1 12.500us  reserve_bp_slot(w5, data) = 0
	// cpu1 12.500us    toggle_bp_slot(w5)
	// cpu1 12.500us  reserve_bp_slot(w6, data) = -ENOSPC
	// {"seq":2,"t":12500,"cpu":1,"pid":1,"comm":"hwlua","depth":0,"fn":"toggle_bp_slot","args":{"bp":"w5"}}
}
