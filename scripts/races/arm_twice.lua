-- An ioctl and an interrupt's work both arm the device's one watchpoint, each after a look at whether it is armed. Do they
-- ever arm it twice?
-- tags: explore, races
local hw = require "hw"

local function driver(m, locked)
  local dev, lock = {}, m:mutex("dev->lock")
  local function arm()
    if locked then m:mutex_lock(lock) end
    if not dev.watch then
      dev.watch = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
    end
    if locked then m:mutex_unlock(lock) end
  end
  m:task { comm = "ioctl", cpu = 0, body = arm }
  m:schedule_work_on(1, m:work("arm_from_irq", arm))
  m:run()
  m:unregister_wide_hw_breakpoint(dev.watch)
  assert.no_leaks(m)
end

it("with one register the second arming is refused, with two a watchpoint is lost: nothing orders the two looks", function()
  for wrps, message in ipairs { "ENOSPC", "reserved" } do
    local r = hw.explore({ machine = { cpus = 2, wrps = wrps } }, function(m) driver(m, false) end)
    assert.is_false(r.ok)
    assert.matches(message, r.failure.message)
    assert.equals("dev.watch", r.races[1].name)
  end
end)

it.explore("a mutex around look and arming orders them", { machine = { cpus = 2, wrps = 1 } }, function(m) driver(m, true) end)
