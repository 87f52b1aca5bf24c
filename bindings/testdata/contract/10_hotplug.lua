-- Hotplug beside registrations that are under way, where a seed draws the order.
local hw = require "hw"

it("hotplug waits for the registrations that are under way", function()
  local K = 0xffffff8008080000
  for seed = 1, 60 do
    local m = hw.machine { cpus = 3, seed = seed, kernel = "4.19.266" }
    local function register()
      for i = 1, 6 do
        local w = m:register_wide_hw_breakpoint { type = "w", addr = K + 8 * i, len = 8 }
        if w then m:unregister_wide_hw_breakpoint(w) end
      end
    end
    m:task { comm = "a", cpu = 0, body = register }
    m:task { comm = "b", cpu = 2, body = register }
    m:task { comm = "plug", cpu = 0, body = function() for i = 1, 4 do m:cpu_down(1) m:cpu_up(1) end end }
    m:run()
    assert.no_leaks(m)
    assert.regs(m, { wcr = { [0] = 0, [1] = 0 }, mdscr_el1 = 0x1000 })
  end
end)
