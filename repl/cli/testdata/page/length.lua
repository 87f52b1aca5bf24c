-- What does the watchpoint look like in the registers of each CPU?
local hw = require "hw"

describe("a wide watchpoint", function()
  it("is hit on each CPU", function()
    local m = hw.machine { cpus = 2 }
    assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
    m.cpu[1]:store(0xffffff8008c5a000, 8, 1)
  end)
  it("watches four bytes", function()
    local m = hw.machine { cpus = 2 }
    assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
    m:msleep(28000)
    m.cpu[1]:store(0xffffff8008c5a000, 8, 1)
    assert.regs(m.cpu[1], { wcr = { [0] = 0x1f3 } }) -- R-REG-13
  end)
end)
