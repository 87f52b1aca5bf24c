-- A task exits while a delayed work registers a watchpoint for it. Release cancels the work and unregisters what there
-- is. Is anything left behind, and in which order of things?
-- tags: explore, races
local hw = require "hw"

local function driver(m, cancel)
  local ev
  local dw = m:delayed_work("arm_func", function()
    ev = m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
  end)
  local app = m:task { comm = "app", cpu = 0, body = function(t) t:load(0x1000, 8) end }
  app:on_exit("dev_release", function()
    cancel(m, dw)
    if ev then m:unregister_wide_hw_breakpoint(ev) end
  end)
  m:schedule_delayed_work_on(1, dw, 1)
  m:run()
  assert.no_leaks(m)
end

local options = { machine = { cpus = 2 }, slack = "10ms" }

it("cancel_delayed_work does not wait for the function: one preemption, and the watchpoint stays", function()
  local r = hw.explore(options, function(m) driver(m, function(m, dw) m:cancel_delayed_work(dw) end) end)
  assert.is_false(r.ok)
  assert.equals(1, r.failure.preemptions)
  assert.matches("reserved", r.failure.message)
end)

it.explore("cancel_delayed_work_sync waits for it, and nothing is left in any order", options, function(m)
  driver(m, function(m, dw) m:cancel_delayed_work_sync(dw) end)
end)
