-- Register values are 64 bits wide and Lua's numbers are not. Does an address survive its way through a script, a
-- register, a comparison and a table?
-- tags: integers
local hw = require "hw"

it("a literal is the number that stands there", function()
  assert.equals("0xffffff8008c5a004", tostring(0xffffff8008c5a004))
  assert.equals("0xffffffffffffffff", tostring(18446744073709551615))
  assert.is_true(0xffffff8008c5a004 ~= 0xffffff8008c5a005)
  assert.equals("number", hw.type(0x1fffffffffffff))
  assert.equals("u64", hw.type(0x20000000000000))
  assert.equals(0xffffff8008c5a004, assert(loadstring "return 0xffffff8008c5a004")())
end)

it("goes through a register and comes back the same", function()
  local m = hw.machine { cpus = 1, wrps = 16 }
  local cpu = m.cpu[0]
  for n = 0, 15 do cpu:write_wb_reg("WVR", n, 0xffffffc012345678 + 8 * n) end
  for n = 0, 15 do assert.equals(0xffffffc012345678 + 8 * n, cpu:read_wb_reg("WVR", n)) end
  assert.equals("0xffffffc0123456f0", tostring(cpu.wvr[15]))
  cpu:write_wb_reg("WVR", 0, 0xffffffffffffffff)
  assert.equals(0xfffffffffffffffc, cpu.wvr[0])                -- bits [1:0] are not there
  cpu:write_wb_reg("WCR", 0, 0xffffffff000001f5)
  assert.equals(0x1f5, cpu.wcr[0])                             -- nor are [63:32] of a control register
end)

it("is one key of a table, however it was computed", function()
  local seen = { [0xffffff8008c5a004] = "here" }
  assert.equals("here", seen[0xffffff8008c5a000 + 4])
  assert.equals("here", seen[hw.u64 "0xffffff8008c5a004"])
  assert.is_nil(seen[0xffffff8008c5a000 + 5])
  local m = hw.machine { cpus = 1 }
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0xffffff8008c5a004, len = 4, cpu = 0 })
  assert.equals("here", seen[ev.addr])
end)

it("adds and wraps as the hardware does", function()
  assert.equals(0, 0xffffffffffffffff + 1)
  assert.equals(0xfffffffffffffff8, bit.band(-8, bit.bnot(0)))  -- a negative number stands for its two's complement
  assert.equals(0x1000, 0xffffff8008c5b000 - 0xffffff8008c5a000)
  assert.equals(4, 0xffffff8008c5a004 % 8)
  assert.equals(0x1ffffff00118b400, 0xffffff8008c5a000 / 8)
  assert.equals(0xffffff8008c59ff8, 0xffffff8008c5a000 + -8)
end)

it("can be ordered, unsigned", function()
  assert.is_true(0xffffff8008c5a004 < 0xffffff8008c5a005)
  assert.is_true(0x8000000000000000 > 0x7fffffffffffffff)
  assert.is_true(hw.lt(5, hw.u64 "0xffffff8008c5a005"))
  local list = { 0xffffff8008c5a008, 0xffffff8008c5a000, 0xffffff8008c5a004 }
  table.sort(list)
  assert.same({ 0xffffff8008c5a000, 0xffffff8008c5a004, 0xffffff8008c5a008 }, list)
end)

it("can be taken apart", function()
  assert.equals(0xffffff8008c5a000, bit.band(0xffffff8008c5a007, bit.bnot(7)))
  assert.equals(0x8000000000000000, bit.lshift(1, 63))
  assert.equals(0xff, bit.extract(0x1fe0, 5, 8))
  assert.equals("ffffff8008c5a004", ("%x"):format(0xffffff8008c5a004))
  assert.equals("0x00000000000001e5", hw.hex(0x1e5, 16))
end)

it("a number that has lost its low bits is turned away with the right spelling", function()
  local m = hw.machine { cpus = 1 }
  local ok, message = pcall(function()
    return m:perf_event_open { type = "w", addr = 2 ^ 63 + 2 ^ 12, len = 8, cpu = 0 }
  end)
  assert.is_false(ok)
  assert.matches("hw%.u64", tostring(message))
  ok, message = pcall(function() return m:perf_event_open { type = "w", addr = 4096.5, len = 8, cpu = 0 } end)
  assert.is_false(ok)
  assert.matches("addr", tostring(message))
end)
