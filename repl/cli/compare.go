// attach --compare: the registers of a machine that runs, compared with those of the model or of a trace.

package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// compare prints the first register in which the machine and the model differ, after the script or the
// trace in the file, and reports whether they are equal.
func compare(ctx context.Context, env Env, w io.Writer, b *board.Board, file string) (same bool, err error) {
	var model *board.Board
	if filepath.Ext(file) == scenario.Ext {
		model, err = scriptBoard(ctx, env, b, file)
	} else {
		model, err = traceBoard(b, file)
	}
	if err != nil {
		return false, err
	}
	d := differingRegister(b, model)
	if d == nil {
		fmt.Fprintf(w, "equal to %s in every register that both know and that is in use\n", file)
		return true, nil
	}
	fmt.Fprintf(w, "differs from %s: cpu%d %s %s, there %s\n",
		file, d.CPU, d.Reg, valueText(d.Was), valueText(d.Is))
	if reg, ok := controlOf(d.Reg); ok && d.Was.Known && d.Is.Known {
		for _, f := range arm64.Diff(reg, d.Was.Bits, d.Is.Bits) {
			fmt.Fprintf(w, "  %s\n", f)
		}
	}
	return false, nil
}

// controlOf returns the kind of a control register.
func controlOf(name string) (arm64.Reg, bool) {
	switch {
	case strings.HasPrefix(name, "DBGBCR"):
		return arm64.RegBCR, true
	case strings.HasPrefix(name, "DBGWCR"):
		return arm64.RegWCR, true
	}
	return 0, false
}

// differingRegister returns the first register that both boards know and that differs, or nil. The value
// register of an empty slot keeps its last address, so it is not compared; neither is MDSCR_EL1, which
// has bits that other parts of the kernel set.
func differingRegister(b, model *board.Board) *board.Change {
	for cpu := range max(len(b.CPUs), len(model.CPUs)) {
		if cpu >= len(b.CPUs) || cpu >= len(model.CPUs) {
			return nil
		}
		x, y := &b.CPUs[cpu], &model.CPUs[cpu]
		for _, bank := range []struct {
			values, controls int
			xv, xc, yv, yc   []board.Value
		}{
			{arm64.BVR, arm64.BCR, x.BVR, x.BCR, y.BVR, y.BCR},
			{arm64.WVR, arm64.WCR, x.WVR, x.WCR, y.WVR, y.WCR},
		} {
			for n := range min(len(bank.xc), len(bank.yc)) {
				c := [2]board.Value{bank.xc[n], bank.yc[n]}
				v := [2]board.Value{bank.xv[n], bank.yv[n]}
				known := c[0].Known && c[1].Known
				switch {
				case known && c[0] != c[1]:
					return &board.Change{CPU: cpu, Reg: arm64.RegName(bank.controls + n), Was: c[0], Is: c[1]}
				case known && c[0].Bits != 0 && v[0].Known && v[1].Known && v[0] != v[1]:
					return &board.Change{CPU: cpu, Reg: arm64.RegName(bank.values + n), Was: v[0], Is: v[1]}
				}
			}
		}
	}
	return nil
}

// traceBoard returns the board at the end of a trace, or one that was saved.
func traceBoard(b *board.Board, file string) (*board.Board, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	opt := rebuild.Options{CPUs: len(b.CPUs), BRPs: b.BRPs, WRPs: b.WRPs, Kernel: b.Kernel}
	model, err := readBoard(text, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return model, nil
}

// readBoard returns the board that attach --save wrote, or the one at the end of a trace.
func readBoard(text []byte, opt rebuild.Options) (*board.Board, error) {
	if board.IsSaved(string(text)) {
		return board.Load(string(text))
	}
	rec, err := rebuild.Read(opt, text)
	if err != nil {
		return nil, err
	}
	return rec.Board(), nil
}

// scriptBoard runs a script, or the cases of a scenario, and returns the registers of the machine that
// was made last, which is as large as the board unless the script says otherwise.
func scriptBoard(ctx context.Context, env Env, b *board.Board, file string) (*board.Board, error) {
	o := machineOptions{
		cpus: len(b.CPUs), brps: counts{b.BRPs}, wrps: counts{b.WRPs}, kernel: profileOf(b.Kernel),
	}
	src, err := readScript(file, nil)
	if err != nil {
		return nil, err
	}
	prog, err := vm.Compile(src.name, src.text)
	if err != nil {
		return nil, err
	}
	var model *board.Board
	if isScenario(prog) {
		model, err = scenarioBoard(ctx, env, &o, file)
	} else {
		m := newMachines(&o, "", false)
		cfg := scriptConfig(env, &scriptOptions{machine: o}, src, 0, m)
		cfg.Stdout = env.Stderr
		model, err = plainBoard(ctx, cfg, m, prog)
	}
	if err == nil && model == nil {
		err = fmt.Errorf("%s makes no machine", file)
	}
	return model, err
}

// profileOf returns the profile for a release, "" for the default.
func profileOf(release string) string {
	if release == "" {
		return ""
	}
	name, err := kernelName(release)
	if err != nil {
		return ""
	}
	return name
}

// plainBoard runs a script without cases.
func plainBoard(ctx context.Context, cfg vm.Config, m *machines, prog *vm.Program) (*board.Board, error) {
	rt, err := vm.New(cfg)
	if err != nil {
		return nil, err
	}
	defer rt.Close()
	if _, err := rt.Run(ctx, prog); err != nil {
		return nil, err
	}
	return m.last(), nil
}

// scenarioBoard runs the cases of a scenario, and returns the board of the last case that made a machine.
func scenarioBoard(ctx context.Context, env Env, o *machineOptions, file string) (*board.Board, error) {
	sources, err := scenario.Find([]string{file}, nil)
	if err != nil {
		return nil, err
	}
	r := newRunOptions()
	r.machine = *o
	so, err := r.scenarioOptions(env)
	if err != nil {
		return nil, err
	}
	var model *board.Board
	so.Parallel = 1
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		m := caseMachines(o, c, false)
		return scenario.Environment{Modules: m.modules(), Look: func(bool) scenario.Look {
			model = cmp.Or(m.last(), model)
			return scenario.Look{}
		}}, nil
	}
	sum, err := scenario.Run(ctx, sources, so)
	if err == nil && sum.Bad() > 0 {
		err = fmt.Errorf("%d of %d cases of %s fail; see hwlua run %s", sum.Bad(), sum.Cases(), file, file)
	}
	return model, err
}

// last returns the registers of the machine that was made last, or nil.
func (m *machines) last() *board.Board {
	if len(m.list) == 0 {
		return nil
	}
	return boardOf(m.list[len(m.list)-1])
}

// boardOf returns the registers of a machine of the model.
func boardOf(m *sim.Machine) *board.Board {
	b := &board.Board{Kernel: m.Kernel(), CPUs: make([]board.CPU, m.NrCPUs())}
	for i := range b.CPUs {
		c := m.CPU(i)
		b.CPUs[i] = board.NewCPU(arm64.MaxRegs, arm64.MaxRegs)
		for _, bank := range []struct {
			base int
			to   []board.Value
		}{
			{arm64.BVR, b.CPUs[i].BVR}, {arm64.BCR, b.CPUs[i].BCR},
			{arm64.WVR, b.CPUs[i].WVR}, {arm64.WCR, b.CPUs[i].WCR},
		} {
			for n := range bank.to {
				if v, err := c.Reg(bank.base, n); err == nil {
					bank.to[n] = board.Known(v)
				}
			}
		}
	}
	return b
}
