-- write_wb_reg knows 64 registers by one number: values and controls, for breakpoints and for watchpoints. Where does each
-- bank begin, and what happens beyond the last?
-- tags: registers
local hw = require "hw"

local banks = { { "BVR", 0, "bvr" }, { "BCR", 16, "bcr" }, { "WVR", 32, "wvr" }, { "WCR", 48, "wcr" } }

describe("write_wb_reg and read_wb_reg", function()
  local m, cpu
  before_each(function()
    m = hw.machine { cpus = 2, brps = 16, wrps = 16 }
    cpu = m.cpu[0]
  end)

  it("reach all 64 registers, by name and by base, of one CPU", function()
    for _, b in ipairs(banks) do
      for n = 0, 15 do assert.succeeds(cpu:write_wb_reg(b[1], n, 0x1000 * (b[2] + n))) end
    end
    for _, b in ipairs(banks) do
      assert.equals(16, #cpu[b[3]])
      for n = 0, 15 do
        assert.equals(0x1000 * (b[2] + n), cpu[b[3]][n])
        assert.equals(0x1000 * (b[2] + n), cpu:read_wb_reg(b[2], n))
      end
    end
    assert.regs_exactly(m.cpu[1], {})
  end)

  it("keep 62 bits of a value and 32 of a control word", function()
    cpu:write_wb_reg("WVR", 0, 0xffffffffffffffff)
    cpu:write_wb_reg("WCR", 0, 0xffffffffffffffff)
    assert.regs_exactly(cpu, { wvr = { [0] = 0xfffffffffffffffc }, wcr = { [0] = 0xffffffff } })
  end)

  it("let number 16 of one bank be number 0 of the next, for only the sum is looked at", function()
    cpu:write_wb_reg("BVR", 16, 0x1e5)
    cpu:write_wb_reg("BVR", 63, 0x1ff5)
    assert.regs_exactly(cpu, { bcr = { [0] = 0x1e5 }, wcr = { [15] = 0x1ff5 } })
    assert.equals(0x1e5, cpu:read_wb_reg("BCR", 0))
  end)

  it("warn beyond number 63, and name the number within the bank", function()
    assert.errno("EINVAL", cpu:write_wb_reg("WCR", 16, 1))
    assert.errno("EINVAL", cpu:read_wb_reg("WCR", 17))
    assert.same({
      "[    0.000000] hw-breakpoint: attempt to write to unknown breakpoint register 16",
      "[    0.000000] hw-breakpoint: attempt to read from unknown breakpoint register 17",
    }, m:dmesg "unknown breakpoint register")
    assert.regs_exactly(cpu, {})
  end)

  it("know nothing of events: a word written by hand is in no slot", function()
    cpu:write_wb_reg("WVR", 0, 0x400000)
    cpu:write_wb_reg("WCR", 0, 0x1f5)
    assert.is_nil(cpu.wp_on_reg[0])
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x500000, len = 8, cpu = 0, pinned = true })
    assert.equals(0, ev.slot)                                 -- slot 0 was free, and its registers are written over
    assert.regs(cpu, { wvr = { [0] = 0x500000 }, wcr = { [0] = 0x1ff5 } })
  end)
end)

describe("ID_AA64DFR0_EL1", function()
  it("says how many pairs there are: its fields hold one less", function()
    for _, n in ipairs { { 6, 4, 0x10305106 }, { 16, 16, 0x10f0f106 }, { 2, 2, 0x10101106 } } do
      local m = hw.machine { cpus = 1, brps = n[1], wrps = n[2] }
      local dfr0 = m.cpu[0].id_aa64dfr0_el1
      assert.equals(n[1], 1 + bit.extract(dfr0, 12, 4))
      assert.equals(n[2], 1 + bit.extract(dfr0, 20, 4))
      assert.equals(n[3], dfr0)
      assert.dmesg(m, ("hw%%-breakpoint: found %d breakpoint and %d watchpoint registers%%.$"):format(n[1], n[2]))
    end
  end)

  it("a register that a CPU has not implemented cannot be asked for", function()
    local m = hw.machine { cpus = 1, brps = 6, wrps = 4 }
    assert.equals(4, #m.cpu[0].wcr)
    assert.has_error(function() return m.cpu[0].wcr[4] end)
    assert.has_error(function() m.cpu[0]:write_wb_reg("WCR", 4, 1) end)
  end)
end)

it("twenty registers are zeroed on each CPU at boot, control before value", function()
  local m = hw.machine { cpus = 2, brps = 6, wrps = 4 }
  for cpu in m:cpus() do
    local writes = m:trace { fn = "write_wb_reg", cpu = cpu.id }
    assert.equals(20, #writes)
    assert.same({ 16, 0, 0 }, writes[1].args)
    assert.same({ 0, 0, 0 }, writes[2].args)
    assert.same({ 32, 3, 0 }, writes[20].args)
    assert.equals("cpuhp/" .. cpu.id, writes[1].comm)
  end
end)

describe("a control word", function()
  it("is type, bytes, privilege and enable", function()
    for _, c in ipairs {
      { 0x1f5, "w", 4, 0, "el0" }, { 0x1e15, "w", 4, 4, "el0" }, { 0x18d, "r", 2, 2, "el0" }, { 0x5d, "rw", 1, 1, "el0" },
      { 0x1ffd, "rw", 8, 0, "el0" }, { 0x1f3, "w", 4, 0, "el1" }, { 0x1ffb, "rw", 8, 0, "el1" }, { 0x1e5, "x", 4, 0, "el0" },
      { 0x1e3, "x", 4, 0, "el1" },
    } do
      assert.equals(c[1], hw.ctrl.encode { type = c[2], len = c[3], offset = c[4], privilege = c[5], enabled = true })
      local d = hw.ctrl.decode(c[1])
      assert.same({ c[2], c[3], c[4], c[5], true }, { d.type, d.len, d.offset, d.privilege, d.enabled })
    end
  end)

  it("of which everything from bit 13 up is ignored, but for HMC", function()
    local d = hw.ctrl.decode(0xffff0000 + 0x1f5)
    assert.same({ "w", 0x0f, "el0", true, false }, { d.type, d.bas, d.privilege, d.enabled, d.hmc })
    assert.is_true(hw.ctrl.decode(0x3ffb).hmc)
  end)

  it("can be said in words", function()
    assert.matches("store", hw.explain(0x1f5))
    assert.matches("EL1", hw.explain(0x1ffb))
  end)
end)
