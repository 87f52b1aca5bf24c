// Call chains and the trace, in the words of a script.

package bindings

import (
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/describe"
)

// modelledFn is the name of a modelled kernel function, offered with its kernel file.
var modelledFn = describe.NameOf(modelledNames())

func modelledNames() []describe.Word {
	var names []describe.Word
	for _, fn := range sim.Functions() {
		names = append(names, describe.Word{Value: fn.Name, Doc: fn.File})
	}
	return names
}

// ChainOptions are the options of m:callchain.
type ChainOptions struct {
	CPU, Nth int
	View     View
}

func callchain(m *sim.Machine, fn string, fill Fill[ChainOptions]) ([]string, error) {
	o := ChainOptions{CPU: -1}
	fill(&o)
	view := trace.Frames
	if o.View == "full" {
		view = trace.Full
	}
	return m.Callchain(fn, sim.ChainOptions{CPU: o.CPU, Nth: o.Nth, View: view})
}

// TraceFilter are the options of m:trace.
type TraceFilter struct {
	Fn    string
	CPU   int
	Since float64
}

func traceRecords(m *sim.Machine, fill Fill[TraceFilter]) ([]Record, error) {
	f := TraceFilter{CPU: -1}
	fill(&f)
	rec := m.Recorder()
	only := -1
	if f.Fn != "" {
		if err := m.Modelled(f.Fn); err != nil {
			return nil, err
		}
		id, _ := rec.Lookup(f.Fn)
		only = int(id)
	}
	if f.CPU < -1 || f.CPU >= m.NrCPUs() {
		return nil, fmt.Errorf("there is no cpu%d; the machine has CPUs 0 to %d", f.CPU, m.NrCPUs()-1)
	}
	records := []Record{}
	for r := range rec.Records {
		if only >= 0 && int(r.Fn) != only || f.CPU >= 0 && int(r.CPU) != f.CPU || float64(r.T)/1e9 < f.Since {
			continue
		}
		records = append(records, recordOf(m, rec, r))
	}
	return records, nil
}

func recordOf(m *sim.Machine, rec *trace.Recorder, r *trace.Record) Record {
	fn := &rec.Functions()[r.Fn]
	out := Record{
		Fn: fn.Name, Comm: rec.NameOf(r.Comm), CPU: int(r.CPU), PID: int(r.PID), Depth: int(r.Depth),
		T: float64(r.T) / 1e9, Args: make([]any, r.NArgs),
	}
	for i := range out.Args {
		out.Args[i] = m.TraceArg(r, i)
	}
	out.Ret = m.TraceRet(r)
	e := rec.EntryOf(r)
	out.Text = e.Text()
	return out
}
