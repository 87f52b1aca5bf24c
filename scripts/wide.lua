-- A wide registration asks every CPU for a register. What if one CPU of four has none left: do the others keep theirs?
-- tags: wide, slots
local hw = require "hw"

local BASE = 0xffffff8008c5a000

describe("a wide watchpoint", function()
  local m
  before_each(function() m = hw.machine { cpus = 4 } end)

  it("is one event for each online CPU, each with its own slot", function()
    assert.succeeds(m:perf_event_open { type = "w", addr = BASE + 8, len = 8, cpu = 2, pinned = true })
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = BASE, len = 8 })
    for cpu in m:cpus() do assert.equals(cpu.id, w[cpu.id].cpu) end
    assert.same({ 0, 0, 1, 0 }, { w[0].slot, w[1].slot, w[2].slot, w[3].slot })
    assert.is_true(w[0] ~= w[1])
    assert.equals(w, w[3].wide)
  end)

  it("is rolled back on the CPUs before the one that refuses", function()
    local held = {}
    for i = 0, 3 do
      held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = BASE + 8 * i, len = 8, cpu = 2, pinned = true })
    end
    local before = #m:trace { fn = "write_wb_reg" }
    assert.errno("ENOSPC", m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 })
    local seen = {}
    local writes = m:trace { fn = "write_wb_reg" }
    for i = before + 1, #writes do
      local r = writes[i]
      seen[#seen + 1] = ("cpu%d %d=%s"):format(r.cpu, r.args[1] + r.args[2], hw.hex(r.args[3]))
    end
    assert.same({                                               -- in and out again on CPUs 0 and 1; 2 and 3 see nothing
      "cpu0 32=0xffffff8008c5a040", "cpu0 48=0x1ff3", "cpu1 32=0xffffff8008c5a040", "cpu1 48=0x1ff3",
      "cpu0 48=0x0", "cpu1 48=0x0",
    }, seen)
    for _, n in ipairs { 0, 1, 3 } do
      assert.equals(0, m:slots(n).wp.cpu_pinned)
      assert.equals(0x1000, m.cpu[n].mdscr_el1)
    end
    for i = 0, 3 do held[i]:close() end
    assert.no_leaks(m)
  end)

  it("names the CPU that refused and who holds it", function()
    for i = 0, 3 do
      assert.succeeds(m:perf_event_open { type = "w", addr = BASE + 8 * i, len = 8, cpu = 3, pinned = true })
    end
    m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 }
    assert.matches("cpu3", tostring(m:why()))
    assert.equals(4, #m:why().holders)
  end)

  it("skips a CPU that is offline, and one that comes back later gets nothing", function()
    m:cpu_down(1)
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = BASE, len = 8 })
    assert.is_nil(w[1])
    m:cpu_up(1)
    assert.is_nil(w[1])
    assert.regs_exactly(m.cpu[1], { mdscr_el1 = 0x1000 })
    assert.equals(0x1ff3, m.cpu[3].wcr[0])
    m:unregister_wide_hw_breakpoint(w)
    assert.no_leaks(m)
  end)

  it("is not moved by changing the attributes afterwards: each event has its own copy", function()
    local attr = { type = "w", addr = BASE, len = 8, name = "board" }
    local w = assert.succeeds(m:register_wide_hw_breakpoint(attr))
    attr.addr = BASE + 64
    assert.equals(BASE, w[0].addr)
    assert.equals("board", w[3].attr.name)
  end)

  it("can be switched off on one CPU alone", function()
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = BASE, len = 8 })
    m:perf_event_disable(w[2])
    for cpu in m:cpus() do cpu:store(BASE, 8) end
    assert.same({ 1, 1, 0, 1 }, { w[0].count, w[1].count, w[2].count, w[3].count })
  end)

  it("fails everywhere when its length is wrong, and nothing stays reserved", function()
    assert.errno("EINVAL", m:register_wide_hw_breakpoint { type = "w", addr = BASE, len = 9 })
    assert.no_leaks(m)
  end)
end)
