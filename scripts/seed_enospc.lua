-- The machine has four watchpoint registers and a fifth watchpoint is asked for. The kernel says -ENOSPC, -28. Which
-- function says it, who holds the four, and what is left of the attempt?
-- tags: seed, slots, wide
local hw = require "hw"

local BASE = 0xffffff8008c5a000

local function fill(m, kind, n, len)
  local held = {}
  for i = 0, n - 1 do
    held[i] = assert.succeeds(m:register_wide_hw_breakpoint { type = kind, addr = BASE + 8 * i, len = len })
  end
  return held
end

describe("the fifth watchpoint", function()
  local m
  before_each(function() m = hw.machine { cpus = 2, brps = 6, wrps = 4 } end)

  local four = {
    wvr = { [0] = BASE, [1] = BASE + 8, [2] = BASE + 16, [3] = BASE + 24 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x1ff3, [3] = 0x1ff3 },
    mdscr_el1 = 0xb000,
  }

  it("is refused with ENOSPC, before any register is touched", function()
    fill(m, "w", 4, 8)
    assert.regs_exactly(m, four)
    local before = #m:trace { fn = "write_wb_reg" }
    local w, message, errno = m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 }
    assert.is_nil(w)
    assert.equals("ENOSPC", errno)
    assert.equals(28, hw.errno.ENOSPC)
    assert.matches("4 of 4", message)
    assert.equals(before, #m:trace { fn = "write_wb_reg" })
    assert.regs_exactly(m, four)
  end)

  it("is refused by __reserve_bp_slot, because of four events that m:why() names", function()
    local held = fill(m, "w", 4, 8)
    m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 }
    local why = m:why()
    assert.equals("ENOSPC", why.errno)
    assert.equals("__reserve_bp_slot", why.fn)
    assert.equals("R-CON-7", why.rule)
    assert.same({ held[0][0], held[1][0], held[2][0], held[3][0] }, why.holders)
    assert.matches("0xffffff8008c5a018", tostring(why))
    local refused = m:trace { fn = "__reserve_bp_slot" }
    assert.equals("-ENOSPC", refused[#refused].ret)
    assert.callchain({ "__reserve_bp_slot", "reserve_bp_slot", "register_perf_hw_breakpoint",
      "hw_breakpoint_event_init", "perf_try_init_event", "perf_event_alloc", "perf_event_create_kernel_counter",
      "register_wide_hw_breakpoint", "..." }, m:callchain("__reserve_bp_slot"))
  end)

  it("is refused even when nobody could watch what it asks for: the slot is counted before the request is read", function()
    fill(m, "w", 4, 8)
    local parsed = #m:trace { fn = "hw_breakpoint_arch_parse" }
    assert.errno("ENOSPC", m:register_wide_hw_breakpoint { type = "w", addr = BASE, len = 9 })
    assert.equals(parsed, #m:trace { fn = "hw_breakpoint_arch_parse" })
  end)

  it("does not count against breakpoints, which have six registers of their own", function()
    fill(m, "w", 4, 8)
    fill(m, "x", 6, 4)
    assert.errno("ENOSPC", m:register_wide_hw_breakpoint { type = "x", addr = BASE + 256, len = 4 })
    assert.regs(m, { bcr = { [0] = 0x1e3, [5] = 0x1e3 }, bvr = { [0] = BASE, [5] = BASE + 40 } })
  end)

  it("fits as soon as one of the four is unregistered", function()
    local held = fill(m, "w", 4, 8)
    m:unregister_wide_hw_breakpoint(held[1])
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 })
    assert.regs(m, { wvr = { [0] = BASE, [1] = BASE + 16, [2] = BASE + 24, [3] = BASE + 64 } })
    for _, i in ipairs { 0, 2, 3 } do m:unregister_wide_hw_breakpoint(held[i]) end
    m:unregister_wide_hw_breakpoint(w)
    assert.no_leaks(m)
  end)

  it("keeps its errno through assert, as a driver passes it on", function()
    fill(m, "w", 4, 8)
    local ok, message = pcall(function()
      return assert(m:register_wide_hw_breakpoint { type = "w", addr = BASE + 64, len = 8 })
    end)
    assert.is_false(ok)
    assert.matches("4 of 4", tostring(message))
  end)
end)
