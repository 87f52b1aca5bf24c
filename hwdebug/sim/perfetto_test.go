// The machine's trace as Perfetto reads it: the file conforms to a schema of the Trace Event Format, and
// Perfetto's own trace processor, if it is installed, loads all of it.

package sim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// perfettoStory returns the trace of a machine with work, a wide registration, a task and a hit.
func perfettoStory(t *testing.T) []byte {
	m := newMachine(t, sim.Config{CPUs: 2})
	work := m.NewDelayedWork("late", func() error {
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		return err
	})
	_, err := m.QueueDelayedWorkOn(1, work, ticks(m, 25))
	must(t, err)
	_, err = m.Run()
	must(t, err)
	task := newTask(t, m, "t", 0)
	open(t, m, userW(userAddr), task, -1)
	must(t, task.Store(userAddr, 4, 1))
	if n := m.Recorder().Count(mustLookup(t, m, "watchpoint_handler"), 0); n != 1 {
		t.Fatalf("the store traps %d times, want 1", n)
	}
	var b bytes.Buffer
	must(t, trace.Write(&b, trace.FormatPerfetto, m.Recorder().Entries(trace.Filter{}, trace.Full)))
	return b.Bytes()
}

// TestPerfettoIsTraceEvents validates the file with the schema.
func TestPerfettoIsTraceEvents(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../trace/testdata/trace_event.schema.json")
	must(t, err)
	valid := func(b []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		must(t, err)
		return schema.Validate(doc)
	}
	b := perfettoStory(t)
	for _, kind := range []string{`"ph":"M"`, `"ph":"B"`, `"ph":"E"`, `"ph":"i"`, `"ph":"C"`} {
		if !bytes.Contains(b, []byte(kind)) {
			t.Errorf("no event has %s", kind)
		}
	}
	if err := valid(b); err != nil {
		t.Errorf("schema: %#v", err)
	}
	// The schema rejects an unknown kind of event.
	if valid(bytes.Replace(b, []byte(`"ph":"i"`), []byte(`"ph":"q"`), 1)) == nil {
		t.Error("the schema accepts an event of an unknown kind")
	}
}

// TestPerfettoOpens loads the file with the program that Perfetto's page uses.
func TestPerfettoOpens(t *testing.T) {
	tp, err := exec.LookPath("trace_processor_shell")
	if err != nil {
		t.Skip("Perfetto's trace_processor_shell is not installed")
	}
	b := perfettoStory(t)
	dir := t.TempDir()
	file, query := filepath.Join(dir, "story.json"), filepath.Join(dir, "query.sql")
	must(t, os.WriteFile(file, b, 0o644))
	const sql = `select (select count(*) from slice) as slices,
		(select count(*) from slice where dur < 0 or name is null) as unfinished,
		(select count(*) from counter) as counts,
		(select coalesce(sum(value), 0) from stats where severity in ('error', 'data_loss')) as errors;`
	must(t, os.WriteFile(query, []byte(sql), 0o644))
	out, err := exec.Command(tp, "-q", query, file).Output()
	must(t, err)
	slices := bytes.Count(b, []byte(`"ph":"B"`)) + bytes.Count(b, []byte(`"ph":"i"`))
	want := strconv.Itoa(slices) + ",0," + strconv.Itoa(2*bytes.Count(b, []byte(`"ph":"C"`))) + ",0"
	lines := strings.Fields(string(out))
	if got := lines[len(lines)-1]; got != want {
		t.Errorf("slices, unfinished, counts, errors = %s, want %s", got, want)
	}
}
