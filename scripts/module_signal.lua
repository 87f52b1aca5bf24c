-- A module's hit handler does nothing but send SIGTRAP to the task that hit. The kernel does not step over a custom
-- handler's hit: why does the task not trap for ever, and who gets the signal?
-- Source: field report FL-04: a module whose handler is send_sig(SIGTRAP, current, 0); compare ri-char/pwatch#3 (HB-07)
-- tags: module, hits, signals
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U = 0x7000001000
local m, t, calls
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "victim" }
  calls = 0
  assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, exclude_kernel = true,
    on_hit = function(ev, hit)
      calls = calls + 1
      m:send_sig(hit.task, "SIGTRAP")
    end })
end)

it("a task without a handler is killed before it tries the store again", function()
  assert.errno("SIGTRAP", t:store(U, 8, 1))
  assert.equals(1, calls)
  assert.equals("dead", t.state)
  assert.equals("SI_USER", t.siginfo.code_name)    -- no TRAP_HWBKPT and no address: nobody can tell it was a watchpoint
  assert.is_nil(t.siginfo.addr)
  assert.callchain({ "do_exit", "do_group_exit", "get_signal", "..." }, m:callchain("do_exit"))
end)

it("a task that handles SIGTRAP and returns traps again, and again", function()
  local handled = 0
  t:sigaction("SIGTRAP", function()
    handled = handled + 1
    if handled == 5 then t:sigaction("SIGTRAP", "default") end
  end)
  assert.errno("SIGTRAP", t:store(U, 8, 1))
  assert.equals(6, calls)                          -- five times handled, the sixth one kills
  assert.equals("dead", t.state)
end)

it("a debugger that is attached gets the signal, and the store is not performed", function()
  t:ptrace_singlestep(false)                       -- a tracer has been there: it sees each signal first
  assert.errno("SIGTRAP", t:store(U, 8, 1))
  assert.equals("running", t.state)
  assert.equals(0, t:load(U, 8))
end)

it("the right use: tell the task and let the store through", function()
  local u = m:task { comm = "app" }
  local seen = 0
  u:sigaction("SIGUSR1", function() seen = seen + 1 end)
  assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = u, on_hit = function(ev, hit)
    m:send_sig(hit.task, "SIGUSR1")
    m:perf_event_disable_inatomic(ev)
  end })
  u:store(U, 8, 7)
  assert.same({ 1, 7 }, { seen, u:load(U, 8) })
end)
