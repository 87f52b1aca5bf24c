-- The big cores have six breakpoints and four watchpoints, the little ones four and two. How many may be reserved, how
-- many can be used, and what becomes of the difference?
-- tags: big.LITTLE, constraints
local hw = require "hw"

local K = 0xffffff8008080000

describe("unequal CPUs", function()
  local m
  local function open(i, extra)
    local attr = { type = "w", addr = K + 8 * i, len = 8, cpu = 0, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return m:perf_event_open(attr)
  end
  before_each(function() m = hw.machine { cpus = 2, brps = { 6, 4 }, wrps = { 4, 2 } } end)

  it("the kernel uses the smallest count everywhere", function()
    assert.same({ 4, 2 }, { m.core_num_brps, m.core_num_wrps })
    assert.dmesg(m, "hw%-breakpoint: found 4 breakpoint and 2 watchpoint registers%.$")
    assert.same({ 4, 2 }, { #m.cpu[0].wcr, #m.cpu[1].wcr })     -- what the hardware has is another matter
  end)

  it("and says that the second CPU surprised it", function()
    assert.dmesg(m, "CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1%. Boot CPU: 0x00000010305106, CPU1: 0x00000010103106")
    m:dump_stack_in("write_wb_reg")
    open(0)
    assert.dmesg(m, "Tainted: G S ")
  end)

  it("but promises the boot CPU's: the third event is reserved, finds no slot, and is in error", function()
    local held = {}
    for i = 0, 1 do held[i] = assert.succeeds(open(i)) end
    local third = assert.succeeds(open(2))
    assert.equals("error", third.state)
    assert.is_nil(third.slot)
    assert.dmesg(m, "Can't find any breakpoint slot$")
    assert.regs(m.cpu[0], { wvr = { [0] = K, [1] = K + 8, [2] = 0 }, wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0 } })
    local s = m:slots(0).wp
    assert.same({ 4, 2, 3 }, { s.limit, s.usable, s.cpu_pinned })
    assert.succeeds(open(3))
    assert.errno("ENOSPC", open(4))                            -- only the fifth is refused
  end)

  it("reads nothing from an event in error, and enabling it does not help", function()
    for i = 0, 1 do assert.succeeds(open(i)) end
    local third = assert.succeeds(open(2))
    m.cpu[0]:store(K + 16, 8)
    assert.is_nil((third:read()))
    third:enable()
    assert.equals("error", third.state)
    assert.equals(1, #m:dmesg "Can't find any breakpoint slot")  -- said once a boot
  end)

  it("a flexible event waits instead", function()
    local first = assert.succeeds(open(0))
    assert.succeeds(open(1))
    local third = assert.succeeds(open(2, { pinned = false }))
    assert.equals("inactive", third.state)
    m.cpu[0]:store(K + 16, 8)
    assert.equals(0, third:read())
    first:close()
    assert.equals("inactive", third.state)                     -- closing does not reschedule
    open(3, { pinned = false, disabled = true }):enable()      -- but this does, and it is the older one's turn
    assert.equals("active", third.state)
    m.cpu[0]:store(K + 16, 8)
    assert.equals(1, third:read())
  end)

  it("once a slot is free an enable brings the event out of its error", function()
    local first = assert.succeeds(open(0))
    assert.succeeds(open(1))
    local third = assert.succeeds(open(2))
    first:close()
    assert.equals("error", third.state)
    third:enable()
    assert.equals("active", third.state)
    assert.equals(1, third.slot)
  end)

  it("a boot CPU with fewer registers than the others makes no trouble", function()
    m = hw.machine { cpus = 2, brps = { 4, 6 }, wrps = { 2, 4 } }
    assert.equals(2, m:slots(1).wp.limit)
    for i = 0, 1 do assert.succeeds(open(i, { cpu = 1 })) end
    assert.errno("ENOSPC", open(2, { cpu = 1 }))
    assert.equals(0, #m:dmesg "Can't find any breakpoint slot")
  end)
end)

it("equal CPUs give no such warning", function()
  local m = hw.machine { cpus = 4 }
  assert.equals(0, #m:dmesg "SANITY CHECK")
end)
