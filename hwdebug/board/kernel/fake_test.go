// A kernel in memory, made from a layout, for the tests.

package kernel_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// Addresses of the fake kernel.
const (
	sectionAt = 0xffff800009803000
	unitAt    = 0xffff00001f000000 // of CPU 0's copy
	unitSize  = 0x10000
	objects   = 0xffff000003000000
)

// unitOf returns the address of a CPU's copy of the section.
func unitOf(cpu int) uint64 { return unitAt + uint64(cpu)*unitSize }

// A fake is memory in pages, written as the kernel of a layout would.
type fake struct {
	pages map[uint64][]byte
	next  uint64 // free address for an object
	reads int
}

const fakePage = 4096

func (f *fake) ReadMemory(addr uint64, buf []byte) error {
	f.reads++
	for i := range buf {
		p := f.pages[(addr+uint64(i))/fakePage]
		if p == nil {
			return fmt.Errorf("0x%x is not mapped", addr)
		}
		buf[i] = p[(addr+uint64(i))%fakePage]
	}
	return nil
}

func (f *fake) write(addr uint64, data ...byte) {
	for i, b := range data {
		at := addr + uint64(i)
		if f.pages[at/fakePage] == nil {
			f.pages[at/fakePage] = make([]byte, fakePage)
		}
		f.pages[at/fakePage][at%fakePage] = b
	}
}

func (f *fake) u32(addr uint64, v uint32) { f.write(addr, binary.LittleEndian.AppendUint32(nil, v)...) }
func (f *fake) u64(addr uint64, v uint64) { f.write(addr, binary.LittleEndian.AppendUint64(nil, v)...) }

// object returns the address of a new object.
func (f *fake) object() uint64 {
	at := f.next
	f.next += 0x1000
	f.write(at, 0)
	return at
}

// Offsets in the structures of the fake kernel.
const (
	taskCPU, taskPID, taskComm, taskQueue, taskParent, taskNS = 16, 64, 72, 96, 104, 112
	taskBpsOff, taskWpsOff, taskHbpWatch                      = 120, 124, 256
	eventAttr, eventAddress, eventCtrl, eventTarget           = 16, 152, 160, 168
	eventCPU, eventID, eventOwner, eventHandler               = 176, 184, 192, 200
	eventState, eventParent                                   = 208, 216

	varBp, varWp, varNumber, varTask, varQueues, varHotplug = 0x100, 0x180, 8, 0x300, 0x400, 0x800
	queueCfs                                                = 128
	hotplugOnline                                           = 236
)

// fakeBTF returns the BTF of the fake kernel. drop names a member, variable or structure to leave out.
func fakeBTF(t testing.TB, drop string) []byte {
	t.Helper()
	u8 := &btf.Int{Name: "u8", Size: 1}
	u32 := &btf.Int{Name: "u32", Size: 4}
	u64 := &btf.Int{Name: "u64", Size: 8}
	pointer := &btf.Pointer{Target: (*btf.Void)(nil)}
	bytes := func(n uint32) btf.Type { return &btf.Array{Type: u8, Index: u32, Nelems: n} }
	at := func(name string, t btf.Type, offset int) btf.Member {
		return btf.Member{Name: name, Type: t, Offset: btf.Bits(8 * offset)}
	}
	structure := func(name string, size uint32, members ...btf.Member) *btf.Struct {
		s := &btf.Struct{Name: name, Size: size}
		for _, m := range members {
			if name+"."+m.Name != drop {
				s.Members = append(s.Members, m)
			}
		}
		return s
	}
	bit := func(name string, offset, size btf.Bits) btf.Member {
		return btf.Member{Name: name, Type: u32, Offset: offset, BitfieldSize: size}
	}
	ctrl := structure("arch_hw_breakpoint_ctrl", 4,
		bit("", 0, 19), bit("len", 19, 8), bit("type", 27, 2), bit("privilege", 29, 2), bit("enabled", 31, 1))
	info := structure("arch_hw_breakpoint", 24, at("address", u64, 0), at("ctrl", ctrl, 8))
	hw := structure("hw_perf_event", 48,
		btf.Member{Type: &btf.Union{Size: 24, Members: []btf.Member{
			{Type: structure("", 24, at("info", info, 0))},
		}}},
		at("target", pointer, eventTarget-eventAddress))
	debug := structure("debug_info", 264, at("bps_disabled", u32, 0), at("wps_disabled", u32, 4),
		at("hbp_break", bytes(128), 8), at("hbp_watch", bytes(128), taskHbpWatch-taskBpsOff))
	types := []btf.Type{
		structure("perf_event", 224,
			at("attr", &btf.Struct{Name: "perf_event_attr", Size: 136}, eventAttr),
			at("hw", hw, eventAddress),
			at("cpu", u32, eventCPU), at("id", u64, eventID), at("owner", pointer, eventOwner),
			at("overflow_handler", pointer, eventHandler), at("state", u32, eventState),
			at("parent", pointer, eventParent)),
		structure("task_struct", 1024,
			at("thread_info", structure("thread_info", 24, at("cpu", u32, taskCPU)), 0),
			at("pid", u32, taskPID), at("comm", bytes(16), taskComm),
			at("se", structure("sched_entity", 8, at("cfs_rq", pointer, 0)), taskQueue),
			at("real_parent", pointer, taskParent), at("nsproxy", pointer, taskNS),
			at("thread", structure("thread_struct", 264, at("debug", debug, 0)), taskBpsOff)),
		structure("rq", 512, at("cfs", bytes(64), queueCfs)),
		structure("cpuhp_cpu_state", 8, at("state", u32, 0)),
		&btf.Enum{Name: "cpuhp_state", Size: 4, Values: []btf.EnumValue{
			{Name: "CPUHP_ONLINE", Value: hotplugOnline},
		}},
		structure("nsproxy", 16, at("uts_ns", pointer, 8)),
		structure("uts_namespace", 400,
			at("name", structure("new_utsname", 390, at("release", bytes(65), 130)), 0)),
	}
	section := &btf.Datasec{Name: ".data..percpu", Size: unitSize}
	for _, v := range []struct {
		name         string
		offset, size uint32
	}{
		{"bp_on_reg", varBp, 128}, {"wp_on_reg", varWp, 128}, {"cpu_number", varNumber, 4},
		{"__entry_task", varTask, 8}, {"runqueues", varQueues, 512}, {"cpuhp_state", varHotplug, 8},
	} {
		if v.name != drop {
			section.Vars = append(section.Vars, btf.VarSecinfo{
				Type: &btf.Var{Name: v.name, Type: bytes(v.size)}, Offset: v.offset, Size: v.size,
			})
		}
	}
	b, err := btf.NewBuilder(append(types, section), nil)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// newFake returns a kernel with n CPUs, each of which runs its idle task.
func newFake(n int) *fake {
	f := &fake{pages: make(map[uint64][]byte), next: objects}
	names := f.object()
	f.u64(names+8, names)
	f.write(names+130, []byte("6.1.176\x00")...)
	idle := uint64(0)
	for cpu := range n {
		unit := unitOf(cpu)
		task := f.task(0, fmt.Sprintf("swapper/%d", cpu), cpu)
		f.u64(task+taskQueue, unit+varQueues+queueCfs)
		f.u64(task+taskNS, names)
		if cpu == 0 {
			idle = task
		}
		f.u64(task+taskParent, idle)
		f.u32(unit+varNumber, uint32(cpu))
		f.u64(unit+varTask, task)
		f.u32(unit+varHotplug, hotplugOnline)
		f.write(unit+varBp, make([]byte, 128)...)
		f.write(unit+varWp, make([]byte, 128)...)
	}
	return f
}

// task adds a task.
func (f *fake) task(pid uint32, comm string, cpu int) uint64 {
	at := f.object()
	f.u32(at+taskCPU, uint32(cpu))
	f.u32(at+taskPID, pid)
	f.write(at+taskComm, append([]byte(comm), 0)...)
	return at
}

// An entry is an event of the fake kernel.
type entry struct {
	kind                   uint32
	addr, length           uint64
	ctrl                   uint32 // as a control register holds it
	target, owner, handler uint64
	cpu                    int32
	flags                  uint64
	state                  int32
}

// event adds an event.
func (f *fake) event(e entry) uint64 {
	at := f.object()
	f.u64(at+eventAttr+40, e.flags)
	f.u32(at+eventAttr+52, e.kind)
	f.u64(at+eventAttr+56, e.addr)
	f.u64(at+eventAttr+64, e.length)
	f.u64(at+eventAddress, e.addr&^7)
	f.u32(at+eventCtrl, e.ctrl>>5&0xff<<19|e.ctrl>>3&3<<27|e.ctrl>>1&3<<29|e.ctrl&1<<31)
	f.u64(at+eventTarget, e.target)
	f.u32(at+eventCPU, uint32(e.cpu))
	f.u64(at+eventOwner, e.owner)
	f.u64(at+eventHandler, e.handler)
	f.u32(at+eventState, uint32(e.state))
	return at
}

// put writes an event into a table of a CPU.
func (f *fake) put(table uint64, cpu, slot int, event uint64) {
	f.u64(unitOf(cpu)+table+uint64(8*slot), event)
}
