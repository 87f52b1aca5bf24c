-- Which register does a watchpoint get, does it keep it, and what happens to the others when one goes?
-- tags: slots
local hw = require "hw"

local BASE = 0xffffff8008c5a000

describe("slots of one CPU", function()
  local m, cpu
  before_each(function()
    m = hw.machine { cpus = 1, brps = 6, wrps = 4 }
    cpu = m.cpu[0]
  end)

  local function watch(i, extra)
    local attr = { type = "w", addr = BASE + 8 * i, len = 8, cpu = 0, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  local function writes() return #m:trace { fn = "write_wb_reg" } end

  it("are taken lowest first", function()
    for i = 0, 3 do
      local ev = watch(i)
      assert.equals(i, ev.slot)
      assert.equals(ev, cpu.wp_on_reg[i])
    end
    assert.regs_exactly(cpu, {
      wvr = { [0] = BASE, [1] = BASE + 8, [2] = BASE + 16, [3] = BASE + 24 },
      wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x1ff3, [3] = 0x1ff3 }, mdscr_el1 = 0xb000,
    })
  end)

  it("leave a hole when an event is closed: the others stay, and only the control word is cleared", function()
    local first, second = watch(0), watch(1)
    local before = writes()
    first:close()
    assert.equals(1, writes() - before)
    assert.equals(1, second.slot)
    assert.is_nil(cpu.wp_on_reg[0])
    assert.regs_exactly(cpu, { wvr = { [0] = BASE, [1] = BASE + 8 }, wcr = { [1] = 0x1ff3 } })
  end)

  it("close up when the next event arrives, for a reschedule takes everything out and puts it back in order", function()
    local first, second = watch(0), watch(1)
    first:close()
    local third = watch(2)
    assert.equals(0, second.slot)
    assert.equals(1, third.slot)
    assert.regs_exactly(cpu, { wvr = { [0] = BASE + 8, [1] = BASE + 16 }, wcr = { [0] = 0x1ff3, [1] = 0x1ff3 } })
  end)

  it("do not close up when an event is disabled, but do when one is enabled", function()
    local a, b, c = watch(0), watch(1), watch(2, { disabled = true })
    a:disable()
    assert.same({ 1 }, { b.slot })
    c:enable()
    assert.same({ 0, 1 }, { b.slot, c.slot })
    a:enable()
    assert.same({ 0, 1, 2 }, { a.slot, b.slot, c.slot })       -- in order of registration again
    local before = writes()
    a:enable()                                                -- enabled already: not even a cross call
    assert.equals(before, writes())
  end)

  it("are rewritten even for a newcomer that is disabled and takes none, on 4.19", function()
    watch(0)
    local before = writes()
    watch(1, { disabled = true })
    local old = m.kernel:match "^4"
    assert.equals(old and 3 or 0, writes() - before)          -- WCR0=0, then WVR0 and WCR0 again
    assert.is_nil(cpu.wp_on_reg[1])
  end)

  it("of breakpoints and of watchpoints are numbered apart", function()
    local w = watch(0)
    local b = assert.succeeds(m:perf_event_open { type = "x", addr = BASE + 64, cpu = 0, pinned = true })
    assert.same({ 0, 0 }, { w.slot, b.slot })
    assert.regs_exactly(cpu, { wvr = { [0] = BASE }, wcr = { [0] = 0x1ff3 }, bvr = { [0] = BASE + 64 }, bcr = { [0] = 0x1e3 } })
  end)

  it("are shown by m:slots beside what is reserved", function()
    local first, second = watch(0), watch(1, { disabled = true })
    local s = m:slots(0).wp
    assert.same({ 4, 4, 2, 0 }, { s.limit, s.usable, s.cpu_pinned, s.task_pinned })
    assert.equals(first, s.on_reg[0])
    assert.is_nil(s.on_reg[1])                                -- reserved, not installed
    assert.equals("off", second.state)
  end)

  it("are all free again when everything is closed", function()
    local held = {}
    for i = 0, 3 do held[i] = watch(i) end
    for i = 3, 0, -1 do held[i]:close() end
    assert.regs(cpu, { wcr = { [0] = 0, [1] = 0, [2] = 0, [3] = 0 }, mdscr_el1 = 0x1000 })
    assert.no_leaks(m)
  end)
end)

describe("hw_breakpoint_slot_setup by hand", function()
  local m, cpu, ev
  before_each(function()
    m = hw.machine { cpus = 1, wrps = 2 }
    cpu = m.cpu[0]
    ev = assert.succeeds(m:perf_event_open { type = "w", addr = BASE, len = 8, cpu = 0, disabled = true })
  end)

  it("finds, takes and leaves slots without touching a register", function()
    assert.errno("ENOSPC", cpu:hw_breakpoint_slot_setup("wp", ev, "restore"))
    assert.equals(0, cpu:hw_breakpoint_slot_setup("wp", ev, "install"))
    assert.equals(0, cpu:hw_breakpoint_slot_setup("wp", ev, "restore"))
    assert.equals(0, cpu:hw_breakpoint_slot_setup("wp", ev, "uninstall"))
    assert.errno("ENOSPC", cpu:hw_breakpoint_slot_setup("wp", ev, "uninstall"))
    assert.regs_exactly(cpu, {})
  end)

  it("gives an event that is installed twice two slots, for nobody looks", function()
    assert.equals(0, cpu:hw_breakpoint_slot_setup("wp", ev, "install"))
    assert.equals(1, cpu:hw_breakpoint_slot_setup("wp", ev, "install"))
    assert.errno("ENOSPC", cpu:hw_breakpoint_slot_setup("wp", ev, "install"))
    assert.equals(ev, cpu.wp_on_reg[1])
  end)

  it("warns about an operation that it does not know", function()
    assert.errno("EINVAL", cpu:hw_breakpoint_slot_setup("wp", ev, 7))
    assert.dmesg(m, "Unhandled hw breakpoint ops 7$")
  end)
end)
