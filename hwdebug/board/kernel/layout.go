// The layout: where the kernel keeps what is looked at, from its BTF.

package kernel

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// A variable is a per-CPU variable: its place in the per-CPU section.
type variable struct {
	offset, size uint64
	known        bool
}

// A field is a member of a structure, perhaps of a structure in it.
type field struct {
	offset, size uint64
	known        bool
}

// in returns the address of the field in the object at addr.
func (f field) in(addr uint64) uint64 { return addr + f.offset }

// A Layout says where one kernel keeps its events: offsets of variables in the per-CPU section and of fields
// in structures.
type Layout struct {
	bpOnReg, wpOnReg variable
	cpuNumber        variable // removed in some release after 6.1
	entryTask        variable
	runqueues        variable
	cpuhpState       variable

	event struct { // struct perf_event
		bytes                                uint64
		attr, address, ctrl, target, cpu, id field
		owner, handler, state, parent        field
	}
	ctrl struct { // struct arch_hw_breakpoint_ctrl: the first bit of each field
		length, kind, privilege, enabled uint
		known                            bool
	}
	task struct { // struct task_struct
		pid, comm, cpu, cfs, parent, hbpBreak, hbpWatch field
		bpsDisabled, wpsDisabled, namespaces            field
	}
	utsNamespace field // uts_ns in struct nsproxy
	release      field // in struct uts_namespace
	rqCfs        field // struct rq
	hotplug      field // state in struct cpuhp_cpu_state
	online       uint64
	onlineKnown  bool
}

// BRPs and WRPs return how many registers of a kind the kernel's tables have room for.
func (l *Layout) BRPs() int { return int(l.bpOnReg.size / 8) }

// WRPs returns how many watchpoint registers the kernel's table has room for.
func (l *Layout) WRPs() int { return int(l.wpOnReg.size / 8) }

// SectionBytes returns how many bytes of the per-CPU section are used at least.
func (l *Layout) SectionBytes() uint64 {
	n := uint64(0)
	for _, v := range []variable{l.bpOnReg, l.wpOnReg, l.cpuNumber, l.entryTask, l.runqueues, l.cpuhpState} {
		n = max(n, v.offset+v.size)
	}
	return n
}

// ReadLayout returns the layout in a kernel's BTF, as FindBTF returns it.
func ReadLayout(blob []byte) (l *Layout, err error) {
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(blob))
	if err != nil {
		return nil, fmt.Errorf("damaged BTF: %w", err)
	}
	l = &Layout{}
	if err := l.variables(spec); err != nil {
		return nil, err
	}
	if err := l.fields(spec); err != nil {
		return nil, err
	}
	l.readOnline(spec)
	l.readControl(spec)
	return l, nil
}

// variables finds the per-CPU variables.
func (l *Layout) variables(spec *btf.Spec) error {
	var section *btf.Datasec
	if err := spec.TypeByName(".data..percpu", &section); err != nil {
		return fmt.Errorf("the BTF has no per-CPU variables: %w", err)
	}
	want := map[string]*variable{
		"bp_on_reg": &l.bpOnReg, "wp_on_reg": &l.wpOnReg, "cpu_number": &l.cpuNumber,
		"__entry_task": &l.entryTask, "runqueues": &l.runqueues, "cpuhp_state": &l.cpuhpState,
	}
	for _, v := range section.Vars {
		if to := want[v.Type.TypeName()]; to != nil {
			*to = variable{uint64(v.Offset), uint64(v.Size), true}
		}
	}
	const most = 16 * 8
	for _, name := range []string{"bp_on_reg", "wp_on_reg"} {
		if v := want[name]; !v.known || v.size < 8 || v.size > most || v.size%8 != 0 {
			return fmt.Errorf("the BTF has no array %s: it is of another architecture, or the kernel lacks "+
				"CONFIG_HAVE_HW_BREAKPOINT", name)
		}
	}
	if !l.entryTask.known {
		return errors.New("the BTF has no variable __entry_task: it is of another architecture")
	}
	return nil
}

// fields finds the members of structures. Those that some kernels lack may be unknown.
func (l *Layout) fields(spec *btf.Spec) error {
	for _, f := range []struct {
		to       *field
		size     uint64 // 0: any
		optional bool
		in       string
		path     []string
	}{
		{&l.event.attr, 0, false, "perf_event", []string{"attr"}},
		{&l.event.address, 8, false, "perf_event", []string{"hw", "info", "address"}},
		{&l.event.ctrl, 4, false, "perf_event", []string{"hw", "info", "ctrl"}},
		{&l.event.target, 8, false, "perf_event", []string{"hw", "target"}},
		{&l.event.cpu, 4, false, "perf_event", []string{"cpu"}},
		{&l.event.id, 8, false, "perf_event", []string{"id"}},
		{&l.event.owner, 8, false, "perf_event", []string{"owner"}},
		{&l.event.handler, 8, false, "perf_event", []string{"overflow_handler"}},
		{&l.event.state, 4, false, "perf_event", []string{"state"}},
		{&l.event.parent, 8, false, "perf_event", []string{"parent"}},
		{&l.task.pid, 4, false, "task_struct", []string{"pid"}},
		{&l.task.comm, 0, false, "task_struct", []string{"comm"}},
		{&l.task.cpu, 4, true, "task_struct", []string{"thread_info", "cpu"}},
		{&l.task.cfs, 8, true, "task_struct", []string{"se", "cfs_rq"}},
		{&l.task.parent, 8, true, "task_struct", []string{"real_parent"}},
		{&l.task.hbpBreak, 0, true, "task_struct", []string{"thread", "debug", "hbp_break"}},
		{&l.task.hbpWatch, 0, true, "task_struct", []string{"thread", "debug", "hbp_watch"}},
		{&l.task.bpsDisabled, 4, true, "task_struct", []string{"thread", "debug", "bps_disabled"}},
		{&l.task.wpsDisabled, 4, true, "task_struct", []string{"thread", "debug", "wps_disabled"}},
		{&l.task.namespaces, 8, true, "task_struct", []string{"nsproxy"}},
		{&l.utsNamespace, 8, true, "nsproxy", []string{"uts_ns"}},
		{&l.release, 0, true, "uts_namespace", []string{"name", "release"}},
		{&l.rqCfs, 0, true, "rq", []string{"cfs"}},
		{&l.hotplug, 4, true, "cpuhp_cpu_state", []string{"state"}},
	} {
		found, err := find(spec, f.in, f.path)
		if err == nil && f.size != 0 && found.size != f.size {
			err = fmt.Errorf("member %v of struct %s has %d bytes (want %d)",
				f.path, f.in, found.size, f.size)
		}
		if err != nil && !f.optional {
			return err
		}
		if err == nil {
			*f.to = found
		}
	}
	return l.sizes(spec)
}

// sizes checks that the fields of an event lie in it, and that it can be read as a whole.
func (l *Layout) sizes(spec *btf.Spec) error {
	const most = 1 << 14
	var event *btf.Struct
	if err := spec.TypeByName("perf_event", &event); err != nil {
		return err
	}
	l.event.bytes = uint64(event.Size)
	e := &l.event
	for _, f := range []field{
		e.attr, e.address, e.ctrl, e.target, e.cpu, e.id, e.owner, e.handler, e.state, e.parent,
	} {
		if f.offset+f.size > l.event.bytes || l.event.bytes > most {
			return fmt.Errorf("struct perf_event of %d bytes has a member at %d", l.event.bytes, f.offset)
		}
	}
	if e.attr.size < attrBytes {
		return fmt.Errorf("struct perf_event_attr has %d bytes, too few for a breakpoint", e.attr.size)
	}
	return nil
}

// readOnline finds the hotplug state of a CPU that is online.
func (l *Layout) readOnline(spec *btf.Spec) {
	var states *btf.Enum
	if spec.TypeByName("cpuhp_state", &states) != nil {
		return
	}
	for _, v := range states.Values {
		if v.Name == "CPUHP_ONLINE" {
			l.online, l.onlineKnown = v.Value, l.cpuhpState.known && l.hotplug.known
		}
	}
}

// readControl finds the bit fields of the parsed control word.
func (l *Layout) readControl(spec *btf.Spec) {
	var s *btf.Struct
	if spec.TypeByName("arch_hw_breakpoint_ctrl", &s) != nil {
		return
	}
	found := 0
	for _, m := range s.Members {
		for _, f := range []struct {
			name string
			bits btf.Bits
			to   *uint
		}{
			{"len", 8, &l.ctrl.length}, {"type", 2, &l.ctrl.kind}, {"privilege", 2, &l.ctrl.privilege},
			{"enabled", 1, &l.ctrl.enabled},
		} {
			if m.Name == f.name && m.BitfieldSize == f.bits && m.Offset+f.bits <= 32 {
				*f.to = uint(m.Offset)
				found++
			}
		}
	}
	l.ctrl.known = found == 4
}

// find returns the member that path names in the structure of that name.
func find(spec *btf.Spec, structure string, path []string) (field, error) {
	var t btf.Type
	var s *btf.Struct
	if err := spec.TypeByName(structure, &s); err != nil {
		return field{}, fmt.Errorf("the BTF has no struct %s: %w", structure, err)
	}
	t = s
	f := field{known: true}
	for _, name := range path {
		m, offset, ok := member(t, name, 0)
		if !ok {
			return field{}, fmt.Errorf("the BTF has no member %v of struct %s", path, structure)
		}
		f.offset += offset
		t = m.Type
	}
	size, err := btf.Sizeof(t)
	if err != nil || size < 0 {
		return field{}, fmt.Errorf("member %v of struct %s has no size: %w", path, structure, err)
	}
	f.size = uint64(size)
	return f, nil
}

// member returns the member of that name of a structure or union, or of one without a name in it, and its
// offset in bytes.
func member(t btf.Type, name string, depth int) (m btf.Member, offset uint64, ok bool) {
	const deepest = 8
	var members []btf.Member
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = t.Members
	case *btf.Union:
		members = t.Members
	}
	for _, m := range members {
		if m.Name == name && m.Offset%8 == 0 && m.BitfieldSize == 0 {
			return m, uint64(m.Offset / 8), true
		}
		if m.Name != "" || depth > deepest {
			continue
		}
		if inner, offset, ok := member(m.Type, name, depth+1); ok {
			return inner, uint64(m.Offset/8) + offset, true
		}
	}
	return btf.Member{}, 0, false
}
