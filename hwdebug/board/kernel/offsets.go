// Offsets: what probes need to know of a kernel's structures.

package kernel

import (
	"bytes"
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// Offsets are the places of members in struct perf_event and struct task_struct.
type Offsets struct {
	Attr, CPU, Target, Parent, Handler uint64 // of perf_event
	PID, Comm                          uint64 // of task_struct
}

// ReadOffsets returns the offsets in a kernel's BTF, as FindBTF returns it.
func ReadOffsets(blob []byte) (o Offsets, err error) {
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(blob))
	if err != nil {
		return o, fmt.Errorf("damaged BTF: %w", err)
	}
	for _, m := range []struct {
		to        *uint64
		structure string
		path      []string
	}{
		{&o.Attr, "perf_event", []string{"attr"}},
		{&o.CPU, "perf_event", []string{"cpu"}},
		{&o.Target, "perf_event", []string{"hw", "target"}},
		{&o.Parent, "perf_event", []string{"parent"}},
		{&o.Handler, "perf_event", []string{"overflow_handler"}},
		{&o.PID, "task_struct", []string{"pid"}},
		{&o.Comm, "task_struct", []string{"comm"}},
	} {
		f, err := find(spec, m.structure, m.path)
		if err != nil {
			return o, err
		}
		*m.to = f.offset
	}
	return o, nil
}
