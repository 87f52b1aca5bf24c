-- An external debugger has set its own watchpoint and MDSCR_EL1.HDE. Then the CPU goes to sleep, or away and back. What does
-- the kernel leave of it?
-- Source: LKML 2020, Qualcomm's patch to keep the registers of an external debugger
-- tags: hotplug, suspend, registers
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local X = 0xffffff8008c5a000
local m
before_each(function()
  m = hw.machine { cpus = 2 }
  m.cpu[1]:write_mdscr { hde = true }
  m.cpu[1]:write_wb_reg("WVR", 3, X)
  m.cpu[1]:write_wb_reg("WCR", 3, hw.ctrl.encode { type = "w", len = 8, privilege = "el1", enabled = true })
end)

it("while the kernel has no event there, the pair waits; with one of its own the CPU halts at the debugger's", function()
  m.cpu[1]:store(X, 8)                             -- MDE is clear
  local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = X + 64, len = 8 })
  assert.equals(0xf000, m.cpu[1].mdscr_el1)
  assert.has_error(function() m.cpu[1]:store(X, 8) end)
  assert.has_error(function() m.cpu[1]:store(X + 64, 8) end)   -- HDE takes the kernel's own watchpoint as well
end)

it("a CPU that comes up is reset: the pair is gone, HDE is not", function()
  m:cpu_down(1)
  m:cpu_up(1)
  assert.regs_exactly(m.cpu[1], {})
  assert.equals(0x5000, m.cpu[1].mdscr_el1)
end)

it("so is one that resumes: every pair without an event is written with 0", function()
  m:cpu_suspend(1)
  m:cpu_resume(1)
  assert.regs_exactly(m.cpu[1], {})
end)
