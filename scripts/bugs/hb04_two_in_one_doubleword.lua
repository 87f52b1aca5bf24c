-- HB-04: Two one-byte watchpoints lie in one doubleword and one store writes both bytes. Ten stores later one has
-- counted ten, the other none. Where did its hits go?
--
-- Source: llvm#68845, llvm#134314; swiftlang/llvm-project#10450; GDB commit cf16ab724a
-- tags: bug, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 2, va_bits = 48 }
  t = m:task { comm = "t" }
end)
local function watch(addr, len)
  return assert.succeeds(m:perf_event_open { type = "w", addr = addr, len = len, task = t, exclude_kernel = true })
end

for _, pair in ipairs { { 0, 1 }, { 2, 4 } } do
  it(("the measured fact: bytes +%d and +%d, ten 8-byte stores: 10 and 0"):format(pair[1], pair[2]), function()
    local first, second = watch(U + pair[1], 1), watch(U + pair[2], 1)
    for _ = 1, 10 do t:store(U, 8) end
    assert.same({ 10, 0 }, { first:read(), second:read() })
    first:close()
    second:close()
    assert.no_leaks(m)
  end)
end

it("the CPU reports one address, and the step over the first switches the second off too", function()
  local first, second = watch(U, 1), watch(U + 1, 1)
  t:store(U, 8)
  assert.equals(1, #m:trace { fn = "watchpoint_handler" })
  local writes = m:trace { fn = "write_wb_reg" }
  local last = {}
  for i = #writes - 3, #writes do last[#last + 1] = hw.hex(writes[i].args[3]) end
  assert.same({ "0x34", "0x54", "0x35", "0x55" }, last)      -- both off, both on
  first:close()
  second:close()
  assert.no_leaks(m)
end)

it("the right use: one watchpoint for the doubleword, and the tool tells the bytes apart", function()
  local both = watch(U, 2)
  for _ = 1, 10 do t:store(U, 8) end
  t:store(U, 1)
  t:store(U + 1, 1)
  t:store(U + 2, 1)
  assert.equals(12, both:read())
  both:close()
  assert.no_leaks(m)
end)
