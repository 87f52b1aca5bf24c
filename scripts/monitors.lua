-- Two bits of MDSCR_EL1 switch the whole machinery on: MDE, and KDE for what the kernel itself does. Who sets them,
-- who clears them, and why is KDE sometimes left behind when its last user has gone?
-- tags: monitors
local hw = require "hw"

local USER, KERNEL = 0x400000, 0xffffff8008080000
local REST, MDE, MDE_KDE, KDE = 0x1000, 0x9000, 0xb000, 0x3000

describe("debug monitors", function()
  local m, cpu
  local function open(addr)
    return assert.succeeds(m:perf_event_open { type = "rw", addr = addr, len = 8, cpu = 0, pinned = true })
  end
  local function mdscr_writes()
    local values = {}
    for _, r in ipairs(m:trace { fn = "mdscr_write" }) do values[#values + 1] = r.args[1] end
    return values
  end
  before_each(function()
    m = hw.machine { cpus = 1 }
    cpu = m.cpu[0]
  end)

  it("an event at EL0 needs MDE, one at EL1 needs both", function()
    local u = open(USER)
    assert.equals(MDE, cpu.mdscr_el1)
    u:close()
    assert.equals(REST, cpu.mdscr_el1)
    local k = open(KERNEL)
    assert.equals(MDE_KDE, cpu.mdscr_el1)
    k:close()
    assert.equals(REST, cpu.mdscr_el1)
    assert.same({ MDE, REST, MDE_KDE, REST }, mdscr_writes())
  end)

  it("KDE outlives the last EL1 event while an EL0 event remains", function()
    local u = open(USER)
    local k = open(KERNEL)
    assert.equals(MDE_KDE, cpu.mdscr_el1)
    local before = #mdscr_writes()
    k:close()
    assert.equals(before, #mdscr_writes())          -- MDSCR is not written at all
    assert.equals(MDE_KDE, cpu.mdscr_el1)
    u:close()
    assert.equals(KDE, cpu.mdscr_el1)               -- and now only MDE is cleared: KDE stays for good
    assert.no_leaks(m)
  end)

  it("the other order clears both", function()
    local u = open(USER)
    local k = open(KERNEL)
    u:close()
    assert.equals(MDE_KDE, cpu.mdscr_el1)
    k:close()
    assert.equals(REST, cpu.mdscr_el1)
  end)

  it("a KDE left behind goes when both counts come to zero together", function()
    local u = open(USER)
    open(KERNEL):close()
    u:close()
    assert.equals(KDE, cpu.mdscr_el1)
    open(USER):close()
    assert.equals(KDE, cpu.mdscr_el1)
    open(KERNEL):close()
    assert.equals(REST, cpu.mdscr_el1)
  end)

  it("a reschedule takes MDSCR through zero users", function()
    open(KERNEL)
    open(KERNEL + 8)
    assert.same({ MDE_KDE, REST, MDE_KDE }, mdscr_writes())
  end)

  it("each CPU counts for itself", function()
    m = hw.machine { cpus = 2 }
    assert.succeeds(m:perf_event_open { type = "rw", addr = KERNEL, len = 8, cpu = 1, pinned = true })
    assert.equals(REST, m.cpu[0].mdscr_el1)
    assert.equals(MDE_KDE, m.cpu[1].mdscr_el1)
  end)

  it("with nodebugmon nothing is ever set, though registers are written and an EL1 access is not seen", function()
    m = hw.machine { cpus = 1, nodebugmon = true }
    cpu = m.cpu[0]
    local ev = open(KERNEL)
    assert.regs_exactly(cpu, { wvr = { [0] = KERNEL }, wcr = { [0] = 0x1ffb }, mdscr_el1 = REST })
    cpu:store(KERNEL, 8)
    assert.equals(0, ev.count)
    assert.equals(0, #mdscr_writes())
    ev:close()
    assert.same({ REST }, mdscr_writes())           -- clearing is done all the same
  end)
end)
