-- An event is changed in place: another address, another type, a wrong length. What is it when the change is refused, and
-- why can a refused change start a watchpoint that was stopped?
-- tags: modify
local hw = require "hw"

local U = 0x400000

describe("modify_user_hw_breakpoint", function()
  local m, cpu, t, ev
  before_each(function()
    m = hw.machine { cpus = 1 }
    cpu = m.cpu[0]
    t = m:task { comm = "t" }
    cpu:context_switch(t)
    ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  end)

  it("moves the watchpoint in its slot", function()
    local n = #m:trace { fn = "write_wb_reg" }
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { addr = U + 0x100, len = 4 }))
    assert.equals(1 + 2, #m:trace { fn = "write_wb_reg" } - n)  -- out, and in again
    assert.regs_exactly(cpu, { wvr = { [0] = U + 0x100 }, wcr = { [0] = 0x1f5 }, mdscr_el1 = 0x9000 })
    assert.same({ U + 0x100, 4, "w" }, { ev.addr, ev.len, ev.type })
  end)

  it("keeps what is left out", function()
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { type = "rw" }))
    assert.regs(cpu, { wvr = { [0] = U }, wcr = { [0] = 0x1ffd } })
  end)

  it("goes from one kind of register to the other, and its reservation with it", function()
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { type = "x", len = 4 }))
    assert.regs_exactly(cpu, { bvr = { [0] = U }, bcr = { [0] = 0x1e5 }, wvr = { [0] = U }, mdscr_el1 = 0x9000 })
    local s = m:slots(0)
    assert.same({ 1, 0 }, { s.bp.task_pinned, s.wp.task_pinned })
  end)

  it("is refused for want of the other kind, and then everything is as before", function()
    for i = 0, 5 do assert.succeeds(m:perf_event_open { type = "x", addr = U + 0x1000 + 4 * i, task = t }) end
    assert.errno("ENOSPC", m:modify_user_hw_breakpoint(ev, { type = "x", len = 4 }))
    assert.same({ "w", 8, "active" }, { ev.type, ev.len, ev.state })
    assert.regs(cpu, { wvr = { [0] = U }, wcr = { [0] = 0x1ff5 } })
    assert.equals(1, m:slots(0).wp.task_pinned)
  end)

  it("is refused for a wrong length with the event going on", function()
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { len = 9 }))
    t:store(U, 8)
    assert.same({ 8, 1 }, { ev.len, ev.count })
  end)

  it("refused, starts an event that was registered enabled and stopped since: only attr.disabled is asked", function()
    m:perf_event_disable(ev)
    assert.equals("off", ev.state)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { len = 9 }))
    assert.equals("active", ev.state)
  end)

  it("refused, stops one that was registered disabled and started since", function()
    local off = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U + 64, len = 8, task = t, disabled = true })
    m:perf_event_enable(off)
    assert.equals("active", off.state)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(off, { len = 9 }))
    assert.equals("off", off.state)
  end)

  it("with disabled leaves it off, in no register", function()
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { disabled = true }))
    assert.same({ "off", true }, { ev.state, ev.attr.disabled })
    assert.regs_exactly(cpu, { wvr = { [0] = U }, mdscr_el1 = 0x1000 })
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { disabled = false, addr = U + 8 }))
    assert.regs_exactly(cpu, { wvr = { [0] = U + 8 }, wcr = { [0] = 0x1ff5 }, mdscr_el1 = 0x9000 })
  end)

  it("of a file checks that nothing else is asked for", function()
    local file = assert.succeeds(m:perf_event_open { type = "w", addr = U + 64, len = 8, task = t })
    assert.errno("EINVAL", file:modify { addr = U + 128, exclude_kernel = true })
    assert.equals(U + 64, file.addr)
    assert.succeeds(file:modify { addr = U + 128 })
    t:store(U + 128, 8)
    assert.equals(1, file:read())
  end)
end)
