-- HB-35: A monitor takes two samples of a variable, looks at them, and asks for two more. PERF_EVENT_IOC_REFRESH returns 0, the
-- register is armed, every store traps, and the count stands still. What is the event waiting for?
--
-- Source: recorded in P.refresh/cpu-1-1-1 of 7.3.4 and probed on 6.16.12 to 7.3.4, not on 5.10.223 to 6.12.117; R-PER-6
-- tags: bug, hits
-- kernel: 4.19.116, 5.10.223, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U = 0x400000
local m, t, ev, dies

before_each(function()
  m = hw.machine { cpus = 2 }
  dies = m.kernel == "6.18.15" or m.kernel == "7.3.4"
  t = m:task { comm = "monitored", cpu = 0 }
  ev = assert(m:perf_event_open { type = "w", addr = U, len = 4, task = t, sample_period = 1, disabled = true })
end)

after_each(function()
  assert(ev:close())
  assert.no_leaks(m)
end)

-- The hits that n stores count.
local function stores(n)
  local before = ev:read()
  for _ = 1, n do t:store(U, 4) end
  return ev:read() - before
end

describe("after the limit of REFRESH has run out", function()
  before_each(function()
    assert(ev:refresh(2))
    assert.equals(2, stores(3))
    assert.equals("off", ev.state)
  end)

  it("REFRESH counts again, or from 6.16 on arms the register for nothing", function()
    assert(ev:refresh(2))
    m.cpu[0]:context_switch(t)
    assert.regs(m.cpu[0], { wcr = { [0] = 0x1f5 } })
    assert.equals(dies and 0 or 2, stores(3))
    assert.equals(dies and "active" or "off", ev.state)
  end)

  it("the store is trapped and stepped over all the same", function()
    assert(ev:enable())
    local before = #m:trace { fn = "watchpoint_handler" }
    assert.equals(dies and 0 or 1, stores(1))
    assert.equals(1, #m:trace { fn = "watchpoint_handler" } - before)
  end)

  it("ENABLE and MODIFY do not help either", function()
    assert(ev:enable())
    assert(ev:modify { disabled = false })
    assert.equals(dies and 0 or 3, stores(3))
  end)

  it("the right use: PERIOD while the event is installed, or close and open again", function()
    assert(ev:enable())
    m.cpu[0]:context_switch(t)
    assert(ev:period(1))
    assert.equals(3, stores(3))
    assert(ev:close())
    ev = assert(m:perf_event_open { type = "w", addr = U, len = 4, task = t })
    assert.equals(3, stores(3))
  end)
end)
