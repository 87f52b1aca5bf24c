// The machine's trace as Perfetto reads it: every event is of the Trace Event Format, judged by a foreign validator.

package sim_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

func TestPerfettoIsTraceEvents(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../trace/testdata/trace_event.schema.json")
	must(t, err)
	m := newMachine(t, sim.Config{CPUs: 2})
	work := m.NewDelayedWork("late", func() error {
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		return err
	})
	_, err = m.QueueDelayedWorkOn(1, work, 25)
	must(t, err)
	_, err = m.Run()
	must(t, err)
	task := newTask(t, m, "t", 0)
	open(t, m, userW(userAddr), task, -1)
	must(t, task.Store(userAddr, 4, 1))
	if n := m.Recorder().Count(mustLookup(t, m, "watchpoint_handler"), 0); n != 1 {
		t.Fatalf("the store hit %d times", n)
	}
	valid := func(b []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		must(t, err)
		return schema.Validate(doc)
	}
	var b bytes.Buffer
	must(t, trace.WritePerfetto(&b, m.Recorder().Entries(trace.Filter{}, trace.Full)))
	for _, kind := range []string{`"ph":"M"`, `"ph":"B"`, `"ph":"E"`, `"ph":"i"`, `"ph":"C"`} {
		if !bytes.Contains(b.Bytes(), []byte(kind)) {
			t.Errorf("no event has %s", kind)
		}
	}
	if err := valid(b.Bytes()); err != nil {
		t.Errorf("%#v", err)
	}
	// The judge judges.
	if valid(bytes.Replace(b.Bytes(), []byte(`"ph":"i"`), []byte(`"ph":"q"`), 1)) == nil {
		t.Error("an event of an unknown kind is accepted")
	}
}
