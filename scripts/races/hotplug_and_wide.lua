-- A driver registers a wide watchpoint while another task takes a CPU down and up. Does the watchpoint see a store on that
-- CPU afterwards? And if the driver looks whether each CPU has its event, and registers again?
-- tags: explore, races, hotplug
local hw = require "hw"

local ADDR = 0xffffff8008c5a000

local function scenario(m, again)
  local hits, w = 0, nil
  local function register()
    w = m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8, on_hit = function(ev, hit)
      hits, hit.skip = hits + 1, true
    end }
  end
  local hotplug = m:task { comm = "hotplug", cpu = 0, body = function()
    m:cpu_down(1)
    m:cpu_up(1)
  end }
  m:task { comm = "driver", cpu = 0, body = function()
    register()
    if again then
      hotplug:wait()
      m:unregister_wide_hw_breakpoint(w)
      register()
    end
  end }
  m:run()
  m.cpu[1]:store(ADDR, 8, 1)
  return hits == 1 and "hit" or "missed"
end

it("it depends: an event that was there is removed with the CPU and does not come back", function()
  local r = hw.explore({ machine = { cpus = 2 }, strategy = "dfs" }, scenario)
  assert.is_true(r.complete)
  assert.is_truthy(r.outcomes.hit)
  assert.is_truthy(r.outcomes.missed)
end)

it.explore("registering again once hotplug is over sees it in any order", { machine = { cpus = 2 } }, function(m)
  assert.equals("hit", scenario(m, true))
end)
