-- HB-33: A profiler samples a program by a timer signal and counts its stores to one variable. There are more hits than
-- stores, a few more in every run, and without the timer the count is exact. Who stores twice?
--
-- Source: measured on 6.1.176: 20,000 stores under a 1 kHz timer, 614 signals, 20,375 hits; all signals blocked: 20,000; breakpoints too
-- tags: bug, stepping, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "app" }
end)

-- A second event on the same address, in the lower slot so that it does not decide about the step (HB-08). Its handler is
-- the timer: it sends a signal at the first trap of every nth access, which is between the trap and the step.
local function timer_at(type, every)
  local accesses, again, signals = 0, false, 0
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = type, addr = U, len = 8, task = t, on_hit = function()
    if again then again = false return end
    accesses = accesses + 1
    if accesses % every == 0 then
      signals, again = signals + 1, true
      t:signal "SIGALRM"
    end
  end })
  return ev, function() return signals end
end

it("a signal between the trap and the step: the step ends in the signal's handler, and the store traps again", function()
  local ev, signals = timer_at("w", 10)
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  local handled = 0
  t:sigaction("SIGALRM", function() handled = handled + 1 end)
  for i = 1, 100 do t:store(U, 8, i) end
  assert.equals(10, signals())
  assert.equals(10, handled)
  assert.equals(110, counting.count)                -- 100 stores
  assert.equals(100, t:load(U, 8))                  -- each was performed once
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("breakpoints count twice in the same way", function()
  local ev = timer_at("x", 10)
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = U, task = t })
  for _ = 1, 100 do t:exec(U) end
  assert.equals(110, counting.count)
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("a signal that the program ignores costs nothing", function()
  local ev, signals = timer_at("w", 10)
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  t:sigaction("SIGALRM", "ignore")
  for i = 1, 100 do t:store(U, 8, i) end
  assert.is_true(signals() > 0)
  assert.equals(100, counting.count)
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("it is a race: whether the signal comes before the trap, before the step or after it is nobody's choice", function()
  local seen = {}
  for seed = 1, 60 do
    m = hw.machine { cpus = 2, seed = seed }
    local app = m:task { comm = "app", body = function(self) self:store(U, 8, 1) self:store(U + 64, 8, 1) end }
    local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = app })
    m:task { comm = "timer", cpu = 1, body = function() app:signal "SIGALRM" end }
    m:run()
    seen[ev.count] = true
    m:unregister_hw_breakpoint(ev)
    assert.no_leaks(m)
  end
  assert.same({ [1] = true, [2] = true }, seen)
end)

it("the right use: a number of hits is an upper bound of accesses while signals come; block them to count", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, exclude_kernel = true })
  t:signal "SIGALRM"                                -- pending before the store: taken before it, not in its middle
  t:store(U, 8, 1)
  assert.equals(1, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
