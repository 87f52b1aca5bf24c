-- Which slot does a watchpoint get, and what happens to the others when one goes?
-- tags: slots
local hw = require "hw"

local BASE = 0xffffff8008c5a000

describe("slots of one CPU", function()
  local m, cpu
  before_each(function()
    m = hw.machine { cpus = 1, wrps = 4 }
    cpu = m.cpu[0]
  end)

  local function watch(i)
    return assert.succeeds(m:perf_event_open { type = "w", addr = BASE + 8 * i, len = 8, cpu = 0, pinned = true })
  end

  it("are taken lowest first", function()
    for i = 0, 3 do assert.equals(i, watch(i).slot) end
  end)

  it("leave a hole when an event goes, and the next one takes it", function()
    local first, second = watch(0), watch(1)
    first:close()
    assert.equals(1, second.slot)
    assert.equals(0, cpu.wcr[0])
    assert.equals(BASE, cpu.wvr[0])                -- the address stays, only the control word is cleared
    watch(2)
    assert.regs(cpu, { wvr = { [0] = BASE + 8, [1] = BASE + 16 } })
  end)

  it("are all free again when everything is closed", function()
    local held = {}
    for i = 0, 3 do held[i] = watch(i) end
    for i = 0, 3 do held[i]:close() end
    assert.no_leaks(m)
  end)
end)
