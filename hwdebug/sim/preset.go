// Presets: what each core says about its debug hardware.

package sim

import (
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A Preset holds what a core says about its debug registers.
type Preset struct {
	Name       string
	BRPs, WRPs int
	UAO        bool   // user copies use unprivileged loads and stores (R-EXC-17)
	DebugVer   uint8  // ID_AA64DFR0_EL1.DebugVer
	DFR0       uint64 // ID_AA64DFR0_EL1
	Source     string // where DFR0 is from
}

// Where the registers of the presets are from.
const (
	byManual   = "Arm's manual "
	byQEMU     = "QEMU's model of the core, target/arm/tcg/cpu64.c"
	byTable    = "github.com/hrw/arm-socs-table, which lists it from Arm's manual "
	byMachine  = "read on a machine, github.com/lelegard/arm-cpusysregs: "
	unverified = "unverified: "
)

// cores are the presets, by generation. Each DFR0 has six breakpoints, two of them context-aware, and four
// watchpoints.
var cores = [...]struct {
	name   string
	dfr0   uint64
	source string
}{
	{"cortex-a35", 0x10305106, byManual + "100236"},
	{"cortex-a53", 0x10305106, byManual + "DDI 0500"},
	{"cortex-a57", 0x10305106, byQEMU},
	{"cortex-a72", 0x10305106, byMachine + "Raspberry Pi 4"},
	{"cortex-a73", 0x10305106, byTable + "100048"},
	{"cortex-a55", 0x10305408, byQEMU},
	{"cortex-a75", 0x10305408, byTable + "100403"},
	{"cortex-a76", 0x10305408, byManual + "100798"},
	{"cortex-a77", 0x10305408, byTable + "101111"},
	{"cortex-a78", 0x10305408, byTable + "101430"},
	{"cortex-a78ae", 0x110305408, byQEMU},
	{"cortex-x1", 0x10305408, byTable + "101433"},
	{"cortex-a510", 0x11f010305619, byTable + "101604"},
	{"cortex-a710", 0x11f010305619, byQEMU},
	{"cortex-a715", 0x11f210305619, unverified + "as cortex-x3, of the same year; " +
		"github.com/hrw/arm-socs-table has 0x11f210305615, but no DebugVer is 5"},
	{"cortex-x2", 0x11f010305619, byTable + "101803"},
	{"cortex-x3", 0x11f210305619, byTable + "101593"},
	{"cortex-a520", 0x100f11f010305719, byTable + "102517"},
	{"cortex-a720", 0x100f11f310305719, byTable + "102530"},
	{"cortex-a725", 0x100f11f310305719, byTable + "107652"},
	{"cortex-x4", 0x100f11f310305719, byTable + "102484"},
	{"cortex-x925", 0x100f11f310305719, byTable + "102807"},
	{"neoverse-n1", 0x110305408, byMachine + "Ampere Altra"},
	{"neoverse-n2", 0x11f210305619, byQEMU},
	{"neoverse-n3", 0x100f11f310305719, byTable + "107997"},
	{"neoverse-v1", 0x1f210305519, byMachine + "AWS Graviton 3"},
	{"neoverse-v2", 0x11f210305619, byTable + "102375"},
	{"neoverse-v3", 0x101f11f310305719, byTable + "107734"},
}

var presets = makePresets()

func makePresets() []Preset {
	list := make([]Preset, 0, len(cores)+1)
	for _, c := range cores {
		d := arm64.IDAA64DFR0(c.dfr0)
		list = append(list, Preset{
			Name: c.name, BRPs: d.BRPs(), WRPs: d.WRPs(), UAO: d.DebugVer() >= arm64.DebugV8P2,
			DebugVer: d.DebugVer(), DFR0: c.dfr0, Source: c.source,
		})
	}
	most := arm64.MakeIDAA64DFR0(arm64.MaxRegs, arm64.MaxRegs, 2, arm64.DebugV8P4)
	return append(list, Preset{
		Name: "max", BRPs: arm64.MaxRegs, WRPs: arm64.MaxRegs, UAO: true, DebugVer: arm64.DebugV8P4,
		DFR0: uint64(most), Source: "made up: all registers that the architecture allows",
	})
}

// Presets returns the cores that Config.CPU may name.
func Presets() []Preset { return slices.Clone(presets) }

// HasPreset reports whether Config.CPU may be name.
func HasPreset(name string) bool { return presetByName(name) != nil }

func presetByName(name string) *Preset {
	if name == "" {
		name = "cortex-a57"
	}
	for i := range presets {
		if presets[i].Name == name {
			return &presets[i]
		}
	}
	return nil
}

// cores returns the core of each CPU of a valid configuration.
func (c *Config) cores() []*Preset {
	list := slices.Repeat([]*Preset{presetByName(c.CPU)}, c.CPUs)
	for i, name := range c.Cores {
		list[i] = presetByName(name)
	}
	return list
}

// presetNames returns the names of the presets.
func presetNames() string {
	names := make([]string, len(presets))
	for i := range presets {
		names[i] = presets[i].Name
	}
	return strings.Join(names, " ")
}

// dfr0 returns the core's ID_AA64DFR0_EL1 with other numbers of registers.
func (p *Preset) dfr0(brps, wrps int) arm64.IDAA64DFR0 {
	const counts = 0xf<<12 | 0xf<<20 | 0xf<<28
	ctx := min(arm64.IDAA64DFR0(p.DFR0).CTXCMPs(), brps)
	return arm64.IDAA64DFR0(p.DFR0&^counts) | arm64.MakeIDAA64DFR0(brps, wrps, ctx, 0)&counts
}

// common returns what the kernel takes for all cores: user copies with unprivileged instructions only if
// every core has them, and the debug version that all share, else that of ARMv8.0 (R-REG-32).
func common(cores []*Preset) (uao bool, debugVer uint8) {
	uao, debugVer = true, cores[0].DebugVer
	for _, p := range cores {
		uao = uao && p.UAO
		if p.DebugVer != debugVer {
			debugVer = arm64.DebugV8P0
		}
	}
	return uao, debugVer
}
