-- A task that is being watched forks. Does the child get the watchpoints, who pays for them, and who runs with whose
-- when the two change places?
-- tags: fork, inherit
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local A, B = 0x400000, 0x400100

describe("fork", function()
  local m, cpu, t
  local function open(addr, extra)
    local attr = { type = "w", addr = addr, len = 4, task = t, inherit = true, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  before_each(function()
    m = hw.machine { cpus = 2 }
    cpu = m.cpu[1]
    t = m:task { comm = "t", cpu = 1 }
  end)

  it("copies inheritable events, each with a reservation of its own", function()
    open(A)
    open(B, { inherit = false })
    local u = assert.succeeds(t:fork { comm = "u" })
    assert.equals(2, m:slots(1).wp.task_pinned)               -- the busiest task is t with two
    cpu:context_switch(u)
    assert.regs(cpu, { wvr = { [0] = A }, wcr = { [0] = 0x1f5, [1] = 0 } })
    for i = 1, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = B + 8 * i, len = 4, task = u }) end
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = B, len = 4, task = u })
  end)

  it("counts a child's hits for the event that was opened", function()
    local ev = open(A)
    local u = assert.succeeds(t:fork { comm = "u" })
    t:store(A, 4)
    u:store(A, 4)
    u:store(A, 4)
    assert.equals(3, ev:read())
    u:exit()
    assert.equals(3, ev:read())                               -- the dead child's count stays
    ev:close()
    assert.no_leaks(m)
  end)

  it("never fails for want of registers: tasks do not compete, and the parent already fits beside the CPUs", function()
    assert.succeeds(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 1, pinned = true })
    for i = 0, 2 do open(A + 8 * i) end
    local u = assert.succeeds(t:fork { comm = "u" })
    assert.equals(3, #m:trace { fn = "inherit_event" })
    cpu:context_switch(u)
    assert.equals(0x1f5, cpu.wcr[3])
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0xffffff8008080008, len = 8, cpu = 1 })
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = B, len = 4, task = u })
  end)

  it("starts the copies as the originals are now, not as they were opened", function()
    local on, off = open(A, { disabled = true }), open(B)
    on:enable()
    off:disable()
    local u = assert.succeeds(t:fork { comm = "u" })
    cpu:context_switch(u)
    assert.regs(cpu, { wvr = { [0] = A }, wcr = { [0] = 0x1f5, [1] = 0 } })
  end)

  it("reaches the children through the file: enable and disable act on all", function()
    local ev = open(A, { disabled = true })
    local u = assert.succeeds(t:fork { comm = "u" })
    t:store(A, 4)
    u:store(A, 4)
    assert.equals(0, ev:read())
    ev:enable()
    t:store(A, 4)
    u:store(A, 4)
    assert.equals(2, ev:read())
  end)
end)

describe("the swap of contexts", function()
  local m, cpu, t
  before_each(function()
    m = hw.machine { cpus = 2 }
    cpu = m.cpu[1]
    t = m:task { comm = "t", cpu = 1 }
    cpu:context_switch(t)
  end)
  local function open(addr, extra)
    local attr = { type = "w", addr = addr, len = 4, task = t, inherit = true, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end

  it("makes a switch between parent and child write nothing at all", function()
    open(A)
    local u = assert.succeeds(t:fork { comm = "u" })
    local n = #m:trace { fn = "write_wb_reg" }
    cpu:context_switch(u)
    assert.equals(n, #m:trace { fn = "write_wb_reg" })
    assert.equals(u, cpu.current)
    assert.equals(0x1f5, cpu.wcr[0])
  end)

  it("leaves the event that was opened with the child, while it is still charged to the parent", function()
    local ev = open(A)
    local u = assert.succeeds(t:fork { comm = "u" })
    cpu:context_switch(u)
    assert.equals(ev, cpu.wp_on_reg[0])                       -- it runs with u now
    assert.equals(t, ev.task)                                 -- and belongs to t
    u:store(A, 4)
    assert.equals(1, ev.count)
    assert.equals(1, ev:read())
  end)

  it("does not happen when one event was not inherited", function()
    open(A)
    open(B, { inherit = false })
    local u = assert.succeeds(t:fork { comm = "u" })
    local n = #m:trace { fn = "write_wb_reg" }
    cpu:context_switch(u)
    assert.equals(2 + 2, #m:trace { fn = "write_wb_reg" } - n)  -- both out, one pair in
    assert.regs(cpu, { wcr = { [0] = 0x1f5, [1] = 0 } })
  end)

  it("does not happen through a third task", function()
    open(A)
    local u = assert.succeeds(t:fork { comm = "u" })
    cpu:context_switch(nil)
    local n = #m:trace { fn = "write_wb_reg" }
    cpu:context_switch(u)
    assert.equals(2, #m:trace { fn = "write_wb_reg" } - n)
    assert.is_true(cpu.wp_on_reg[0] ~= m:events()[1])
  end)

  for _, swapped in ipairs { true, false } do
    it(("ends when the child gets an event more, %s"):format(swapped and "after a swap" or "before any swap"), function()
      open(A)
      local u = assert.succeeds(t:fork { comm = "u" })
      if not swapped then cpu:context_switch(nil) end
      cpu:context_switch(u)
      assert.succeeds(m:perf_event_open { type = "w", addr = B, len = 4, task = u, pinned = true })
      local n = #m:trace { fn = "write_wb_reg" }
      cpu:context_switch(t)
      assert.equals(2 + 2, #m:trace { fn = "write_wb_reg" } - n)  -- two out, one in
    end)
  end

  it("shows that the copies are made in another order: a CPU's event before one that goes anywhere changes slots", function()
    local a, b = open(A, { cpu = 1 }), open(B)
    assert.same({ 0, 1 }, { a.slot, b.slot })
    local u = assert.succeeds(t:fork { comm = "u" })
    cpu:context_switch(nil)
    cpu:context_switch(u)
    assert.regs(cpu, { wvr = { [0] = B, [1] = A }, wcr = { [0] = 0x1f5, [1] = 0x1f5 } })
  end)
end)
