-- A CPU is powered down while it idles and its debug registers are lost. Are the watchpoints there again when it
-- resumes, and in which order are they written?
-- tags: suspend
local hw = require "hw"

local A, B = 0xffffff8008080000, 0xffffff8008080008

describe("suspend and resume", function()
  local m, cpu
  before_each(function()
    m = hw.machine { cpus = 2 }
    cpu = m.cpu[1]
  end)
  local function open(addr, extra)
    local attr = { type = "rw", addr = addr, len = 8, cpu = 1, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end

  it("brings every pair back from its slot", function()
    local a, b = open(A), open(B)
    m:cpu_suspend(1)
    assert.is_true(cpu.suspended)
    m:cpu_resume(1)
    assert.same({ 0, 1 }, { a.slot, b.slot })
    assert.regs_exactly(cpu, { wvr = { [0] = A, [1] = B }, wcr = { [0] = 0x1ffb, [1] = 0x1ffb }, mdscr_el1 = 0xb000 })
    cpu:store(A, 8)
    assert.equals(1, a.count)
  end)

  it("writes value before control where a slot is taken, control before value where it is empty", function()
    open(A)
    m:cpu_suspend(1)
    local n, mdscr = #m:trace { fn = "write_wb_reg", cpu = 1 }, #m:trace { fn = "mdscr_write", cpu = 1 }
    m:cpu_resume(1)
    local all, seen = m:trace { fn = "write_wb_reg", cpu = 1 }, {}
    for i = n + 1, #all do seen[#seen + 1] = ("%d=%s"):format(all[i].args[1] + all[i].args[2], hw.hex(all[i].args[3])) end
    assert.same({
      "16=0x0", "0=0x0", "17=0x0", "1=0x0", "18=0x0", "2=0x0", "19=0x0", "3=0x0", "20=0x0", "4=0x0", "21=0x0", "5=0x0",
      "32=0xffffff8008080000", "48=0x1ffb", "49=0x0", "33=0x0", "50=0x0", "34=0x0", "51=0x0", "35=0x0",
    }, seen)
    assert.equals(mdscr, #m:trace { fn = "mdscr_write", cpu = 1 })   -- the monitors were saved with the CPU
  end)

  it("forgets the stale address of an empty slot", function()
    open(A):close()
    assert.equals(A, cpu.wvr[0])
    m:cpu_suspend(1)
    m:cpu_resume(1)
    assert.regs_exactly(cpu, { mdscr_el1 = 0x1000 })
  end)

  it("keeps a KDE that was left behind, for MDSCR_EL1 is saved as it is", function()
    local u = open(0x400000)
    open(A):close()
    u:close()
    assert.equals(0x3000, cpu.mdscr_el1)
    m:cpu_suspend(1)
    m:cpu_resume(1)
    assert.equals(0x3000, cpu.mdscr_el1)
  end)

  it("makes what needs the CPU's registers meanwhile a mistake", function()
    local ev = open(A)
    m:cpu_suspend(1)
    assert.has_error(function() return cpu.wcr[0] end)
    assert.has_error(function() cpu:store(A, 8) end)
    m:cpu_resume(1)
    assert.equals(0x1ffb, cpu.wcr[0])
    ev:close()
    assert.no_leaks(m)
  end)

  it("is nothing for a CPU that is down", function()
    m:cpu_down(1)
    assert.has_error(function() assert(m:cpu_suspend(1)) end)
    m:cpu_up(1)
    assert.regs_exactly(cpu, { mdscr_el1 = 0x1000 })
  end)
end)
