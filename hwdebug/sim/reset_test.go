// Tests of Reset: a machine that has been reset is a new one.

package sim_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestResetMachineIsNew plays random stories on machines. After each of them and a reset, every field of the
// machine has the value that a new one has, and the next story goes as on a new one.
func TestResetMachineIsNew(t *testing.T) {
	stories := 120
	if testing.Short() || slowBuild {
		stories = 20
	}
	rng := rand.New(rand.NewPCG(3, 4))
	bytes := func() []byte {
		in := make([]byte, 100+rng.IntN(900))
		for i := range in {
			in[i] = byte(rng.Uint32())
		}
		return in
	}
	for i := range stories {
		p := &player{in: bytes()}
		cfg := p.config([]int{512, -1}[i%2])
		used := newMachine(t, cfg)
		for range 3 {
			p.play(t, used)
			if err := used.Reset(); err != nil {
				t.Fatalf("story %d: %v", i, err)
			}
			fresh := newMachine(t, cfg)
			if diff := differ(reflect.ValueOf(used), reflect.ValueOf(fresh), pairs{}); diff != "" {
				t.Fatalf("story %d: a reset machine differs from a new one: m%s", i, diff)
			}
			in := bytes()
			p = &player{in: in}
			answers, story := p.play(t, used)
			wantAnswers, wantStory := (&player{in: in}).play(t, fresh)
			if answers != wantAnswers || story != wantStory {
				t.Fatalf("story %d: a reset machine goes on\n%s%s\nwant, as on a new one,\n%s%s",
					i, answers, story, wantAnswers, wantStory)
			}
			must(t, used.Reset())
			p = &player{in: bytes()}
		}
	}
}

// pairs are the pointers that have been compared with each other.
type pairs map[[2]uintptr]bool

// differ returns the path to the first difference between two values, "" if they are equal. Memory that is
// kept for later, and its amount, make none; neither do functions, unless only one is nil.
func differ(a, b reflect.Value, seen pairs) string {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() != b.IsNil() {
			return fmt.Sprintf(" is nil: %t, want %t", a.IsNil(), b.IsNil())
		}
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if a.IsNil() || seen[pair] {
			return ""
		}
		seen[pair] = true
		return differ(a.Elem(), b.Elem(), seen)
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			switch a.Type().String() + "." + name {
			case "sim.Machine.spare", "sim.memory.free",
				"trace.Recorder.ring", "trace.Recorder.fill", "trace.Recorder.index":
				continue
			}
			if diff := differ(a.Field(i), b.Field(i), seen); diff != "" {
				return "." + name + diff
			}
		}
		return ""
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return fmt.Sprintf(" has length %d, want %d", a.Len(), b.Len())
		}
		for i := range a.Len() {
			if diff := differ(a.Index(i), b.Index(i), seen); diff != "" {
				return fmt.Sprintf("[%d]%s", i, diff)
			}
		}
		return ""
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return " is nil in one"
			}
			return ""
		}
		return differ(a.Elem(), b.Elem(), seen)
	case reflect.Func, reflect.Map:
		if a.IsNil() != b.IsNil() {
			return fmt.Sprintf(" is nil: %t, want %t", a.IsNil(), b.IsNil())
		}
		return ""
	}
	if !a.Equal(b) {
		return fmt.Sprintf(" is %v, want %v", a, b)
	}
	return ""
}

// TestResetReusesCoroutines counts the coroutines of a machine over many runs: those of threads that have
// ended and those of threads that never wake are used again.
func TestResetReusesCoroutines(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 3})
	for run := range 10 {
		for cpu := range 3 {
			body := func(*sim.Task) error { return m.Msleep(time.Duration(cpu) * time.Second) }
			_, err := m.NewTask(sim.TaskConfig{CPU: cpu, Body: body})
			must(t, err)
		}
		must(t, m.Msleep(1e6)) // one has ended, the other ones sleep
		if n := m.Threads(); n != 2 {
			t.Errorf("run %d: %d coroutines, want 2", run, n)
		}
		must(t, m.Reset())
	}
	m.Close()
	if n := m.Threads(); n != 0 {
		t.Errorf("%d coroutines after Close, want 0", n)
	}
}

// TestResetWithinRun refuses a reset in a task's body, which would not return.
func TestResetWithinRun(t *testing.T) {
	m := newMachine(t, sim.Config{})
	var err error
	_, e := m.NewTask(sim.TaskConfig{Body: func(*sim.Task) error { err = m.Reset(); return nil }})
	must(t, e)
	_, e = m.Run()
	must(t, e)
	if err == nil {
		t.Error("a body resets the machine, want an error")
	}
}
