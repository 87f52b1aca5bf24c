// The reports of shards, merged into that of the run.

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// A Shard is the JSON report of one shard.
type Shard struct {
	name   string
	info   scenario.Info
	events []event
	sum    *scenario.Summary
}

// An event is a result, an unusable file or a warning.
type event struct {
	result  *scenario.Result
	broken  *scenario.Broken
	warning string
}

// ReadShard reads the JSON report of a shard. The error begins with name.
func ReadShard(name string, r io.Reader) (*Shard, error) {
	s := &Shard{name: name}
	dec := json.NewDecoder(r)
	for first := true; ; first = false {
		var e jsonEvent
		err := dec.Decode(&e)
		switch {
		case errors.Is(err, io.EOF) && s.sum == nil && !first:
			return nil, fmt.Errorf("%s: the report ends early; was the run killed?", name)
		case errors.Is(err, io.EOF) && !first:
			return s, nil
		case err != nil && !first:
			return nil, fmt.Errorf("%s: not a JSON report: %w", name, err)
		case err != nil, first && !e.begins(), e.Result != nil && e.Result.Case == nil:
			return nil, fmt.Errorf("%s: not the JSON report of a shard (hwlua run --shard I/N --report json)",
				name)
		}
		s.add(&e)
	}
}

// begins reports whether e is the first event in the report of a shard.
func (e *jsonEvent) begins() bool {
	if e.Run == nil {
		return false
	}
	s := e.Run.Shard
	return s.Total > 1 && s.Index >= 0 && s.Index < s.Total
}

// add adds what an event of the report tells.
func (s *Shard) add(e *jsonEvent) {
	switch {
	case e.Run != nil:
		s.info = *e.Run
	case e.Result != nil:
		s.events = append(s.events, event{result: mapText(e.Result, unpackBytes)})
	case e.Warning != "":
		s.events = append(s.events, event{warning: unpackBytes(e.Warning)})
	case e.Broken != nil:
		text := mapText(e.Broken, unpackBytes)
		b := &scenario.Broken{File: text.File, Line: text.Line, Message: text.Message}
		if text.Source != "" {
			b.Err = &vm.Error{Line: b.Line, Source: text.Source, Column: text.Column}
		}
		s.events = append(s.events, event{broken: b})
	}
	if e.Summary != nil {
		s.sum = e.Summary
	}
}

// Merge passes the stream of a run to k, from the reports of its shards, which may be in any order. It is the
// stream that the run gives without --shard, except for times: the run took as long as the slowest shard.
// Obsolete snapshots are missing for files whose cases ran in several shards. Merge returns an error, before
// it calls k, if a shard is missing or the reports are of different runs.
func Merge(shards []*Shard, k scenario.Sink) (*scenario.Summary, error) {
	if err := oneRun(shards); err != nil {
		return nil, err
	}
	info := shards[0].info
	info.Shard, info.ShardFrom = scenario.Shard{}, ""
	k.Begin(info)
	m := merger{k: k, files: map[string]bool{}}
	for _, s := range shards {
		m.queues = append(m.queues, s.events)
		m.summary(s.sum)
	}
	for m.next() {
	}
	m.sum.Files = len(m.files)
	k.End(&m.sum)
	return &m.sum, nil
}

// oneRun returns an error unless the shards are all those of one run.
func oneRun(shards []*Shard) error {
	if len(shards) == 0 {
		return errors.New("no reports given")
	}
	first := shards[0]
	have := map[int]*Shard{}
	for _, s := range shards {
		same := s.info
		same.Shard.Index, same.ShardFrom = first.info.Shard.Index, first.info.ShardFrom
		if !reflect.DeepEqual(same, first.info) {
			return fmt.Errorf("%s and %s are reports of different runs: %s; %s", first.name, s.name,
				first.describe(), s.describe())
		}
		if old := have[s.info.Shard.Index]; old != nil {
			return fmt.Errorf("%s and %s are both reports of shard %s", old.name, s.name, s.info.Shard)
		}
		have[s.info.Shard.Index] = s
	}
	for i := range first.info.Shard.Total {
		if have[i] == nil {
			missing := scenario.Shard{Index: i, Total: first.info.Shard.Total}
			return fmt.Errorf("the report of shard %s is missing", missing)
		}
	}
	return nil
}

// describe returns what tells runs apart: the shard, the order and the properties.
func (s *Shard) describe() string {
	text := ""
	for i, p := range facts(s.info) {
		if i > 0 {
			text += ", "
		}
		text += p.Name + " " + p.Value
	}
	return text
}

// A merger tells a sink the events of several shards in the order of the run.
type merger struct {
	k      scenario.Sink
	queues [][]event // of each shard, what is left
	files  map[string]bool
	sum    scenario.Summary
}

// summary adds the summary of a shard, except for what is counted from its events.
func (m *merger) summary(s *scenario.Summary) {
	m.sum.Deselected = s.Deselected // a file is selected from as a whole, in each shard
	m.sum.Elapsed = max(m.sum.Elapsed, s.Elapsed)
	m.sum.Interrupted = m.sum.Interrupted || s.Interrupted
	if m.sum.Stopped == "" {
		m.sum.Stopped = s.Stopped
	}
	snaps := &m.sum.Snapshots
	snaps.Matched += s.Snapshots.Matched
	snaps.Written += s.Snapshots.Written
	snaps.Removed += s.Snapshots.Removed
	snaps.Obsolete = append(snaps.Obsolete, s.Snapshots.Obsolete...)
	slices.Sort(snaps.Obsolete)
}

// next passes on the next event, and returns false after the last one. Results come in the order of their
// positions. Each shard loads every file, so the shards report the same about the files themselves: such an
// event comes when no shard has a result before it, and is passed on once.
func (m *merger) next() bool {
	result, other := -1, -1
	for i, q := range m.queues {
		switch {
		case len(q) == 0:
		case q[0].result == nil:
			other = i
		case result < 0 || q[0].result.Case.Position < m.queues[result][0].result.Case.Position:
			result = i
		}
	}
	switch {
	case result >= 0:
		m.result(m.queues[result][0].result)
		m.queues[result] = m.queues[result][1:]
	case other >= 0:
		e := m.queues[other][0]
		for i, q := range m.queues {
			if len(q) > 0 && reflect.DeepEqual(q[0], e) {
				m.queues[i] = q[1:]
			}
		}
		m.tell(e)
	}
	return result >= 0 || other >= 0
}

// result counts a result and passes it on.
func (m *merger) result(r *scenario.Result) {
	m.sum.Counts[r.Status]++
	if r.Flaky != nil {
		m.sum.Flaky++
	}
	m.files[r.Case.File] = true
	m.k.Case(r)
}

// tell passes on an unusable file or a warning.
func (m *merger) tell(e event) {
	if e.broken == nil {
		m.k.Warning(e.warning)
		return
	}
	m.sum.Unusable++
	m.k.Broken(e.broken)
}
