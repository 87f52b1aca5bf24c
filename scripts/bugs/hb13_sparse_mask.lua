-- HB-13: The hardware has a bit for every byte, so a debugger asks for the first and the last byte of a doubleword:
-- mask 0x81. Why does Linux say no?
--
-- Source: measured on Debian's 6.1.192: 0x81 -22, 0x7e 0, 0 -22; llvm#209483 against seL4#1487 on what the hardware allows
-- tags: bug, ptrace
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "tracee" }
end)
local function set(mask) return t:ptrace_set("watch", 0, U, 0x15 + 0x20 * mask) end

it("a mask must be one run of bytes: of 256 masks 36 are accepted", function()
  local accepted = 0
  for mask = 0, 255 do
    local low = mask
    while low > 0 and low % 2 == 0 do low = low / 2 end
    local run = low > 0 and bit.band(low, low + 1) == 0
    local ok, _, errno = set(mask)
    if run then
      assert.is_true(ok, "mask " .. hw.hex(mask))
      accepted = accepted + 1
      assert.equals(0x15 + 0x20 * mask, (select(2, t:ptrace_get("watch", 0))))
    else
      assert.equals("EINVAL", errno, "mask " .. hw.hex(mask))
    end
  end
  assert.equals(36, accepted)
  t:exit()
  assert.no_leaks(m)
end)

it("the measured three: 0x81 is refused, 0x7e is not, 0 is refused", function()
  assert.errno("EINVAL", set(0x81))
  assert.succeeds(set(0x7e))
  assert.errno("EINVAL", set(0))
  t:exit()
  assert.no_leaks(m)
end)

it("because a mask becomes a length and an offset, which cannot tell of holes", function()
  assert.is_nil(hw.ctrl.decode(0x15 + 0x20 * 0x81).len)
  local c = hw.ctrl.decode(0x15 + 0x20 * 0x7e)
  assert.same({ 6, 1 }, { c.len, c.offset })
end)

it("the right use: two entries of one byte each", function()
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x35))
  assert.succeeds(t:ptrace_set("watch", 1, U, 0x1015))
  assert.errno("SIGTRAP", t:store(U, 1))
  assert.errno("SIGTRAP", t:store(U + 7, 1))
  assert.succeeds(t:store(U + 3, 1))
  t:exit()
  assert.no_leaks(m)
end)
