-- HB-36: A sanitizer gives its program a watchpoint with sigtrap. The handler counts, returns, and is called again, for the same
-- store. The program hangs in one line. Why does it never get past it?
--
-- Source: recorded in S.sigtrap/task-w-1-xr of 6.1.176, 6.12.117 and 7.3.4; the kernel's selftest sigtrap_threads uses x86, which steps first;
-- R-PER-8, R-SIG-5
-- tags: bug, hits, signals
-- kernel: 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U = 0x400000
local m, t, ev, calls

local function watched(period)
  m = hw.machine { cpus = 1 }
  t, calls = m:task { comm = "sanitized" }, 0
  ev = assert(m:perf_event_open { type = "w", addr = U, len = 4, task = t, sample_period = period, sigtrap = true,
    remove_on_exec = true })
end

after_each(function()
  assert(ev:close())
  assert.no_leaks(m)
end)

it("the same store traps after each return of the handler", function()
  watched(1)
  t:sigaction("SIGTRAP", function()
    calls = calls + 1
    if calls == 100 then ev:disable() end                     -- or it would go on for ever
  end)
  assert(t:store(U, 4, 7))
  assert.equals(100, calls)
  assert.equals(100, ev:read())
  assert.equals(7, t:load(U, 4))
end)

it("the step that the hit has armed ends at the handler's first instruction, and the watchpoint is on again", function()
  watched(1)
  t:sigaction("SIGTRAP", function()
    calls = calls + 1
    assert.equals(1, m.cpu[0].wcr[0] % 2)
    ev:disable()
  end)
  assert(t:store(U, 4))
  assert.equals(1, calls)
  assert.equals(calls, #m:trace { fn = "single_step_handler" })
end)

it("with period 2 it gets on, but each store counts twice and signals once", function()
  watched(2)
  t:sigaction("SIGTRAP", function() calls = calls + 1 end)
  assert(t:store(U, 4))                                       -- the first hit completes no period
  for i = 1, 3 do
    assert(t:store(U, 4))
    assert.equals(i, calls)
    assert.equals(1 + 2 * i, ev:read())
  end
end)

it("the right use: the handler disables the event, and the program enables it behind the store", function()
  watched(1)
  t:sigaction("SIGTRAP", function()
    calls = calls + 1
    ev:disable()
  end)
  for i = 1, 3 do
    assert(t:store(U, 4))
    assert.equals(i, calls)
    ev:enable()
  end
  assert.equals(3, ev:read())
end)
