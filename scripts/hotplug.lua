-- CPU 1 goes down and comes up again. Which watchpoints survive it, which only look as if they did, and what does the
-- CPU write on its way up?
-- tags: hotplug
local hw = require "hw"

local K, U = 0xffffff8008080000, 0x400000

describe("a CPU that goes down and up", function()
  local m
  before_each(function() m = hw.machine { cpus = 2 } end)
  local function cpu_event(addr)
    return assert.succeeds(m:perf_event_open { type = "w", addr = addr, len = 8, cpu = 1, pinned = true })
  end

  it("loses its own events for good, without anybody being told", function()
    local ev = cpu_event(K)
    m.cpu[1]:store(K, 8)
    m:cpu_down(1)
    assert.equals("off", ev.state)
    assert.is_nil(ev.slot)
    assert.succeeds(ev:enable())                              -- no error, and no effect
    assert.equals("off", ev.state)
    m:cpu_up(1)
    m.cpu[1]:store(K, 8)
    assert.succeeds(ev:enable())
    assert.equals("inactive", ev.state)                       -- enabled, attached to nothing
    m.cpu[1]:store(K, 8)
    assert.equals(1, ev:read())
    assert.regs_exactly(m.cpu[1], { mdscr_el1 = 0x1000 })
  end)

  it("keeps their reservation until they are closed", function()
    local held = {}
    for i = 0, 3 do held[i] = cpu_event(K + 8 * i) end
    m:cpu_down(1)
    m:cpu_up(1)
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 1 })
    for i = 0, 3 do held[i]:close() end
    local again = cpu_event(K)
    assert.equals(0, again.slot)
    again:close()
    assert.no_leaks(m)
  end)

  it("does nothing to the events of tasks, which move with them", function()
    local t = m:task { comm = "t", cpu = 1 }
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    t:store(U, 8)
    m:cpu_down(1)
    assert.equals(0, t.cpu)
    t:store(U, 8)
    m:cpu_up(1)
    t:migrate(1)
    t:store(U, 8)
    assert.equals(3, ev:read())
  end)

  it("takes no event while it is down", function()
    m:cpu_down(1)
    assert.errno("ENODEV", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 1 })
    m:cpu_up(1)
    assert.equals(0, m:slots(1).wp.cpu_pinned)
    cpu_event(K):close()
    assert.no_leaks(m)
  end)

  it("zeroes twenty registers on its way up, control before value", function()
    m:cpu_down(1)
    local n = #m:trace { fn = "write_wb_reg", cpu = 1 }
    m:cpu_up(1)
    local all, seen = m:trace { fn = "write_wb_reg", cpu = 1 }, {}
    for i = n + 1, #all do
      assert.equals(0, all[i].args[3])
      seen[#seen + 1] = all[i].args[1] + all[i].args[2]
    end
    assert.same({ 16, 0, 17, 1, 18, 2, 19, 3, 20, 4, 21, 5, 48, 32, 49, 33, 50, 34, 51, 35 }, seen)
    assert.callchain({ "write_wb_reg", "hw_breakpoint_reset", "cpuhp_invoke_callback", "...", "notify_cpu_starting",
      "secondary_start_kernel" }, m:callchain("write_wb_reg", { cpu = 1 }))
  end)

  it("takes the newest event out first", function()
    cpu_event(K)
    cpu_event(K + 8)
    local n = #m:trace { fn = "write_wb_reg", cpu = 1 }
    m:cpu_down(1)
    local all, seen = m:trace { fn = "write_wb_reg", cpu = 1 }, {}
    for i = n + 1, #all do seen[#seen + 1] = all[i].args[1] + all[i].args[2] end
    assert.same({ 49, 48 }, seen)
  end)

  it("cannot be CPU 0", function()
    assert.errno("EBUSY", m:cpu_down(0))
    assert.errno("EINVAL", m:cpu_down(7))
    assert.is_true(m.cpu[0].online)
  end)
end)
