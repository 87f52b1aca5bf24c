// Signals: the calls that send one, and what a task sets for one.

package bindings

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

const sigC = "kernel/signal.c"

var sigParam = param("sig", describe.Union(describe.String, describe.Int),
	`the signal: "SIGTRAP", "SIGRTMIN+1", or its number`)

// actionWords are the actions that are no handler; true ignores the signal.
var actionWords = vocabulary[bool]{
	{"default", false, "the kernel's default"},
	{"ignore", true, "the signal is dropped"},
}

var signalMethods = []describe.Func{
	{
		Name: "send_sig",
		Doc: "Send a signal to a task, as send_sig(sig, p, 0) does. Any context may, a hit " +
			"handler too. The signal stays pending until the task returns to user mode; " +
			"one that runs there gets it at once. Kernel threads ignore it. Both orders " +
			"of the arguments are accepted.",
		Params: []describe.Param{
			param("task", describe.Union(describe.Object("task"), describe.String, describe.Int), "the task"),
			param("sig", describe.Union(describe.String, describe.Int, describe.Object("task")),
				`the signal: "SIGTRAP", "SIGRTMIN+1", or its number`),
		},
		Errors: exited,
		Kernel: sigC,
		See:    []string{"t:signal", "t:sigaction", "t.siginfo"},
		Sample: `
local t = m:task { comm = "victim" }
m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t, on_hit = function(ev, hit)
  m:send_sig(hit.task, "SIGTRAP")
end }
print(t:store(0x1000, 8))
assert.equals("dead", t.state)`,
		Go: sendSig,
	},
}

// sendSig takes the task and the signal in either order.
func sendSig(c *call, m *sim.Machine) int {
	switch v := c.arg(0); v.v.Type() {
	case lua.LTString, lua.LTNumber:
		sig := v.signal()
		return c.done(m.SendSig(c.arg(1).task(), sig))
	default:
		task := v.task()
		return c.done(m.SendSig(task, c.arg(1).signal()))
	}
}

// signal returns a signal given by its name or its number.
func (v value) signal() sim.Signo {
	s, ok := v.v.(lua.LString)
	if !ok {
		n := v.int()
		if n < 1 || n > 64 {
			v.c.bad(errors.New("a signal's number is 1 to 64"))
		}
		return sim.Signo(n)
	}
	n, err := sim.SignalByName(string(s))
	if err != nil {
		err = withSuggestion(err)
	}
	return checked(v, n, err)
}

var taskSignals = []describe.Func{
	{
		Name: "signal",
		Doc: "Send it a signal, as m:send_sig does. SIGKILL, SIGTERM, SIGTRAP and their like " +
			"kill a task that has no handler for them; the signals of timers and SIGUSR1, " +
			"SIGUSR2, SIGIO, SIGURG and SIGRTMIN+n run a handler that does nothing, " +
			"unless t:sigaction says otherwise.",
		Params: one("sig", sigParam.Type, sigParam.Doc),
		Errors: exited,
		Kernel: sigC,
		See:    []string{"m:send_sig", "t:sigaction", "t:sigpending", "t.siginfo"},
		Sample: `
local t = m:task {}
t:signal("SIGALRM")
t:load(0x1000, 8)
assert.equals("SIGALRM", t.siginfo.name)`,
		Go: func(c *call, t *sim.Task) int { return c.done(c.m.m.SendSig(t, c.arg(0).signal())) },
	},
	{
		Name: "sigaction",
		Doc: "Set what a signal does to it: a function runs as its handler, in user mode, " +
			"\"ignore\" drops it, \"default\" is what the kernel does without a handler.",
		Params: []describe.Param{
			sigParam,
			param("action", describe.Union(
				actionWords.typ(),
				describe.Func1([]describe.Param{
					param("t", describe.Object("task"), ""),
					param("info", describe.Table("siginfo"), ""),
				}, nil),
			), "the handler, or a word"),
		},
		Errors: []describe.Errno{errno("EINVAL", "SIGKILL and SIGSTOP cannot be changed"), errSrch},
		Kernel: sigC,
		See:    []string{"t:signal"},
		Sample: `
local t = m:task {}
t:sigaction("SIGTERM", function(t, info) print(t.comm, info.name) end)
t:signal("SIGTERM")
t:load(0x1000, 8)
assert.equals("running", t.state)`,
		Go: sigaction,
	},
	{
		Name:    "sigpending",
		Doc:     "The names of its pending signals, in the order in which it will take them.",
		Results: one("names", describe.Array(describe.String), ""),
		Kernel:  sigC,
		See:     []string{"t:signal"},
		Sample: `
local t = m:task {}
t:signal("SIGALRM") t:signal("SIGTERM")
assert.equals("SIGALRM SIGTERM", table.concat(t:sigpending(), " "))`,
		Go: sigpending,
	},
}

func sigaction(c *call, t *sim.Task) int {
	if v := c.arg(0); v.v.Type() != lua.LTString {
		v.int()
	}
	v := c.arg(1)
	if v.v.Type() != lua.LTFunction {
		ignore := word(v, actionWords)
		return c.done(t.Sigaction(c.arg(0).signal(), nil, ignore))
	}
	fn, rt, m := v.function(), c.rt, c.m
	return c.done(t.Sigaction(c.arg(0).signal(), func(t *sim.Task, info *sim.Siginfo) error {
		_, err := rt.s.Call(fn, 0, m.task(t), rt.table(m, "siginfo", info))
		return err
	}, false))
}

// sigpending returns the names of the task's pending signals.
func sigpending(c *call, t *sim.Task) int {
	names := []string{}
	for _, n := range t.Pending() {
		names = append(names, n.String())
	}
	return c.texts(names, nil)
}
