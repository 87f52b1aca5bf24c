-- HB-21: x86 wants sizeof(long) as the length of a breakpoint. A tool passes 8 on arm64 too, another passes 1. Which of
-- them is right?
--
-- Source: bpftrace#4131; a FIXME comment in arch_build_bp_info; measured on Debian's 6.1.192: lengths 1 to 8 all succeed
-- tags: bug, validation
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local PC = 0x400580
local m, t
before_each(function()
  m = hw.machine { cpus = 1, va_bits = 48 }
  t = m:task { comm = "t" }
end)

it("the measured fact: lengths 1 to 8 at offsets 0 to 3 all succeed", function()
  for offset = 0, 3 do
    for len = 1, 8 do
      assert.succeeds(m:perf_event_open { type = "x", addr = PC + offset, len = len, task = t, exclude_kernel = true }):close()
    end
  end
  assert.no_leaks(m)
end)

it("all of them become 4: two instructions are never watched by one breakpoint", function()
  local ev = assert.succeeds(m:perf_event_open { type = "x", addr = PC, len = 8, task = t, pinned = true })
  t:exec(PC)
  t:exec(PC + 4)
  assert.equals(1, ev.count)
  assert.equals(8, ev.len)                         -- the attribute still says 8
  assert.regs(m.cpu[0], { bvr = { [0] = PC }, bcr = { [0] = 0x1e5 } })
  ev:close()
  assert.no_leaks(m)
end)

it("at an offset the breakpoint is accepted and never hit", function()
  for offset = 1, 3 do
    local ev = assert.succeeds(m:perf_event_open { type = "x", addr = PC + offset, len = 4, task = t })
    for pc = PC - 4, PC + 8, 4 do t:exec(pc) end
    assert.equals(0, ev.count, "offset " .. offset)
    ev:close()
  end
  assert.no_leaks(m)
end)

it("the right use: 4, or for Thumb code of a 32-bit task 2", function()
  local t32 = m:task { comm = "t32", compat = true }
  assert.errno("EINVAL", m:perf_event_open { type = "x", addr = 0x10580, len = 8, task = t32 })
  assert.errno("EINVAL", m:perf_event_open { type = "x", addr = 0x10580, len = 1, task = t32 })
  assert.succeeds(m:perf_event_open { type = "x", addr = 0x10582, len = 2, task = t32 }):close()
  assert.succeeds(m:perf_event_open { type = "x", addr = 0x10580, len = 4, task = t32 }):close()
  assert.no_leaks(m)
end)
