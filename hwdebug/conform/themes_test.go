// What the random sequences of each theme consist of.

package conform_test

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// themeOps are the ops of the themes, those that occur often several times.
var themeOps = map[theme][]opOf{
	groups: {{conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpOpen, 0},
		{conform.OpAccess, 0}, {conform.OpAccess, 0}, {conform.OpKAccess, 0}, {conform.OpClose, 0},
		{conform.OpClose, 0}, {conform.OpEnable, 0}, {conform.OpEnable, 0}, {conform.OpDisable, 0},
		{conform.OpDisable, 0}, {conform.OpModify, 0}, {conform.OpReadGroup, 0}, {conform.OpReadGroup, 0},
		{conform.OpFork, 0}, {conform.OpExit, 0}, {conform.OpMigrate, 0}, {conform.OpKWide, 1},
		{conform.OpRead, 0}, {conform.OpUAccess, 0}},
	samplers: {{conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpAccess, 0},
		{conform.OpAccess, 0}, {conform.OpAccess, 0}, {conform.OpAccess, 0}, {conform.OpKAccess, 0},
		{conform.OpKAccess, 0}, {conform.OpRefresh, 0}, {conform.OpRefresh, 0}, {conform.OpPeriod, 0},
		{conform.OpPeriod, 0}, {conform.OpReset, 0}, {conform.OpEnable, 0}, {conform.OpDisable, 0},
		{conform.OpModify, 0}, {conform.OpFork, 0}, {conform.OpExit, 0}, {conform.OpClose, 0},
		{conform.OpKUser, 2}, {conform.OpUAccess, 0}, {conform.OpMigrate, 0}, {conform.OpExec, 0}},
	images: {{conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpExec, 0},
		{conform.OpExec, 0}, {conform.OpExec, 0}, {conform.OpTask, 0}, {conform.OpAccess, 0},
		{conform.OpAccess, 0}, {conform.OpAccess, 0}, {conform.OpFork, 0}, {conform.OpExit, 0},
		{conform.OpPtraceSet, 0}, {conform.OpHbpSet, 0}, {conform.OpHbpSet, 0}, {conform.OpHbpGet, 0},
		{conform.OpKUser, 2}, {conform.OpModify, 0}, {conform.OpEnable, 0}, {conform.OpClose, 0},
		{conform.OpUAccess, 0}, {conform.OpDisable, 0}, {conform.OpReadGroup, 0}, {conform.OpRefresh, 0}},
	plugging: {{conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpOpen, 0}, {conform.OpKWide, 1},
		{conform.OpCPUDown, 0}, {conform.OpCPUDown, 0}, {conform.OpCPUUp, 0}, {conform.OpAccess, 0},
		{conform.OpKAccess, 0}, {conform.OpKAccess, 0}, {conform.OpEnable, 0}, {conform.OpEnable, 0},
		{conform.OpDisable, 0}, {conform.OpModify, 0}, {conform.OpClose, 0}, {conform.OpKUnwide, 1},
		{conform.OpMigrate, 0}, {conform.OpFork, 0}, {conform.OpPeriod, 0}, {conform.OpReadGroup, 0},
		{conform.OpRead, 1}, {conform.OpRefresh, 0}},
}

func (f *feed) opOfTheme() opOf { return oneOf(f, themeOps[f.theme]...) }

// opens begins with a task and four events of one target, a CPU or the task.
func (f *feed) opens() []conform.Step {
	target := conform.Step{Op: conform.OpTask, Task: -1, CPU: f.pick(2)}
	steps := []conform.Step{target}
	f.tasks, f.made = []int{0}, 1
	if f.theme == images || f.pick(2) == 0 {
		target.Task, target.CPU = 0, -1
	}
	f.opening = true
	for range 4 {
		s := f.step()
		s.Task, s.CPU = target.Task, target.CPU
		f.opened[s.H] = s
		steps = append(steps, s)
	}
	f.opening = false
	return steps
}

// flavor gives a step what its theme is about.
func (f *feed) flavor(s *conform.Step) {
	switch s.Op {
	case conform.OpOpen:
		if f.theme != samplers {
			s.Attr.ReadFormat = hwdebug.ReadGroup | hwdebug.ReadID
		}
		switch {
		case f.theme == samplers:
			f.sample(s)
		case f.theme == images:
			s.Attr.EnableOnExec, s.Attr.RemoveOnExec = f.pick(3) == 0, f.pick(4) == 0
			s.Attr.Inherit = f.pick(2) == 0
			s.Attr.InheritThread = f.pick(8) == 0
			s.Attr.Disabled = f.pick(3) == 0
			s.Attr.SamplePeriod = oneOf[uint64](f, 0, 1, 2)
			if f.pick(3) == 0 {
				f.join(s)
			}
		case f.theme == groups, f.theme == plugging && f.pick(2) == 0:
			s.Attr.SamplePeriod = oneOf[uint64](f, 0, 1, 2)
			f.join(s)
		}
		f.opened[s.H] = *s
	case conform.OpEnable, conform.OpDisable:
		s.FlagGroup = f.theme == groups && f.pick(3) == 0
	case conform.OpReadGroup: // only of a handle that was opened for it
		if f.opened[s.H].Attr.ReadFormat == 0 {
			s.Op = conform.OpRead
		}
	case conform.OpRefresh, conform.OpPeriod:
		s.N = oneOf[uint64](f, 1, 2, 3, 1, 5, 0, 1<<63, 100_001)
	case conform.OpTask, conform.OpExec:
		s.Compat = f.theme == images && f.pick(2) == 0
	case conform.OpAccess:
		if f.theme == images && s.Kind == hwdebug.Exec && f.pick(3) == 0 {
			s.Addr = conform.Addr{Base: conform.TCode, N: s.Addr.N&^3 + 2*uint64(f.pick(2))}
		}
	case conform.OpHbpSet, conform.OpHbpGet:
		f.trace(s)
	}
	if f.theme == plugging {
		f.plug(s)
	}
}

// sample gives an event a period, a frequency or a signal.
func (f *feed) sample(s *conform.Step) {
	a := &s.Attr
	switch f.pick(8) {
	case 0:
		a.Freq, a.SamplePeriod = true, oneOf[uint64](f, 1, 1000, 100_000, 100_001, 50)
	case 1, 2:
		a.SamplePeriod = oneOf[uint64](f, 1, 2, 3)
		a.Sigtrap, a.RemoveOnExec = f.mostly(), f.mostly()
	default:
		a.SamplePeriod = oneOf[uint64](f, 1, 2, 3, 0, 5, 1, 1<<63)
	}
}

// join makes an event a leader or, if there is one, a member of a group.
func (f *feed) join(s *conform.Step) {
	if s.Attr.Pinned = f.pick(4) == 0; f.pick(3) == 0 || len(f.handles[0]) < 2 {
		return
	}
	s.InGroup, s.Group = true, f.from(f.handles[0])
	if l, ok := f.opened[s.Group]; ok && f.mostly() {
		s.Task, s.CPU, s.Attr.Inherit, s.Attr.Pinned = l.Task, l.CPU, l.Attr.Inherit, false
		if (l.Addr.Base == conform.KBuf || l.Addr.Base == conform.KCode) == (s.Task >= 0) {
			s.Addr = l.Addr
		}
	}
}

// trace has a task write a register of another one.
func (f *feed) trace(s *conform.Step) {
	if s.On = f.from(f.tasks); s.On == s.T {
		s.On = (s.T + 1) % max(f.made, 2)
	}
	if s.Num = f.pick(5) - 2; !f.mostly() {
		s.Num = f.pick(70) - 35
	}
	if s.Num&1 != 0 {
		s.Ctrl = uint32(0x10000040 + 8*f.pick(2) + f.pick(3))
		if s.Num > 0 {
			s.Ctrl += 0x10000000
		}
		if !f.mostly() {
			s.Ctrl = oneOf[uint32](f, 0xffffeffc, 0xfffff000, 0xfffffff8, 0xffffffff)
		}
	}
}

// plug keeps tasks away from CPUs that go, and takes down only CPUs that are there.
func (f *feed) plug(s *conform.Step) {
	_, made := f.at[s.T]
	switch s.Op {
	case conform.OpTask:
		if s.CPU = 0; !made {
			f.at[s.T] = 0
		}
	case conform.OpFork:
		if cpu, ok := f.at[s.From]; ok && !made {
			f.at[s.T] = cpu
		}
	case conform.OpMigrate:
		if made && !f.off[s.CPU] {
			f.at[s.T] = s.CPU
		}
	case conform.OpCPUDown, conform.OpCPUUp:
		f.switchCPU(s)
	}
}

// switchCPU takes down a CPU or brings it back, or first sends a task away from it.
func (f *feed) switchCPU(s *conform.Step) {
	s.T, s.CPU = -1, 1+f.pick(3)
	if f.off[s.CPU] {
		s.Op = conform.OpCPUUp
		delete(f.off, s.CPU)
		return
	}
	for t := range f.made + 8 {
		if cpu, ok := f.at[t]; ok && cpu == s.CPU {
			*s = conform.Step{Op: conform.OpMigrate, T: t, Task: -1}
			f.at[t] = 0
			return
		}
	}
	s.Op, f.off[s.CPU] = conform.OpCPUDown, true
}
