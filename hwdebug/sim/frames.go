// Frames: which modelled functions have a frame of their own in each release's build (spec 11.0).

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// A visibility says whether a function has a frame in a build.
type visibility uint8

const (
	asInSeed visibility = iota // as the function's entry says, which is the seed's build
	isFrame
	isInlined
)

// builds are the differences of later builds from the seed's, by the first profile that has them. They were
// read from stacks of Debian's kernels.
var builds = [...]struct {
	from    string
	frames  []traceFn
	inlined []traceFn
}{
	{
		from: "6.1.176",
		frames: []traceFn{
			fnArchInstallHwBreakpoint, fnArchUninstallHwBreakpoint, fnPerfEventSchedIn,
			fnPerfInstallInContext,
			fnPerfRemoveFromContext, fnPutEvent, fnTaskCtxSchedOut, fnPerfEventExitTaskContext,
			fnPtraceHbpSetAddr, fnPtraceHbpSetCtrl, fnDefaultIdleCall, fnDoSignal, fnShowStack,
		},
		inlined: []traceFn{fnGroupSchedIn, fnArchCPUIdle},
	},
}

// init gives each profile the table of its build, by the number of the function; that of the seed's is nil.
func init() {
	for _, b := range builds {
		for i := indexOf(b.from); i < len(profiles); i++ {
			p := &profiles[i]
			if p.build == nil {
				p.build = make([]visibility, len(fns))
			}
			for _, fn := range b.frames {
				p.build[fn.Name()] = isFrame
			}
			for _, fn := range b.inlined {
				p.build[fn.Name()] = isInlined
			}
		}
	}
}

// key returns fn with or without a frame, as in the build of the profile.
func (p *profile) key(fn traceFn) traceFn {
	if p.build == nil || p.build[fn.Name()] == asInSeed {
		return fn
	}
	return trace.KeyOf(fn.Name(), p.build[fn.Name()] == isInlined)
}
