-- A driver's remove frees the device and then unregisters the watchpoint whose handler uses it. Does a hit on another CPU
-- still find the device?
-- tags: explore, races, hits
local hw = require "hw"

local ADDR = 0xffffff8008c5a000

local function driver(m, unregister_first)
  local dev = { hits = 0 }
  local w = m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8, on_hit = function(ev, hit)
    hit.skip = true
    if dev then dev.hits = dev.hits + 1 end
  end }
  m:schedule_work_on(1, m:work("user_func", function() m.cpu[1]:store(ADDR, 8, 1) end))
  m:task { comm = "remove", cpu = 0, body = function()
    if unregister_first then m:unregister_wide_hw_breakpoint(w) end
    dev = nil
    if not unregister_first then m:unregister_wide_hw_breakpoint(w) end
  end }
  m:run()
end

it("the check in the handler does not help: the device goes between the check and the use", function()
  local r = hw.explore({ machine = { cpus = 2 } }, function(m) driver(m, false) end)
  assert.equals("error", r.failure.kind)
  assert.matches("upvalue 'dev'", r.failure.message)
  assert.equals(1, r.failure.preemptions)
end)

it.explore("unregister waits for a handler that runs, so free after it", { machine = { cpus = 2 } }, function(m)
  driver(m, true)
end)
