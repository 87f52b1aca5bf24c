-- HB-01: A watch of 4 bytes begins 2 bytes before the end of its doubleword. It is accepted, and two of the bytes are
-- never watched. Who notices?
--
-- Source: lists.infradead.org/pipermail/linux-arm-kernel/2026-June/1138159.html; fixed in Debian's 6.1.180-1
-- tags: bug, validation
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local m, t, fixed
before_each(function()
  m = hw.machine { cpus = 2, va_bits = 48 }
  t = m:task { comm = "t" }
  fixed = m.kernel == "6.1.192"
end)
local function watch(addr, len)
  return m:perf_event_open { type = "w", addr = addr, len = len, task = t, exclude_kernel = true }
end

it("bytes beyond the doubleword are lost in silence, or EINVAL where it is fixed", function()
  if fixed then
    assert.errno("EINVAL", watch(0x400006, 4))
  else
    local ev = assert.succeeds(watch(0x400006, 4))
    t:store(0x400006, 1)
    t:store(0x400007, 1)
    t:store(0x400008, 1)                           -- asked for, not watched
    t:store(0x400009, 1)
    assert.equals(2, ev.count)
    assert.equals(4, ev.len)                       -- the event still says 4
    assert.same({ 0x400000, 0x1815 }, { m.cpu[0].wvr[0], m.cpu[0].wcr[0] })
    ev:close()
  end
  assert.no_leaks(m)
end)

it("the measured rule of the fix: 1 <= length and offset + length <= 8, all else EINVAL", function()
  for offset = 0, 7 do
    for len = 0, 9 do
      local ev, _, errno = watch(0x400000 + offset, len)
      local sane = len >= 1 and len <= 8
      if sane and (offset + len <= 8 or not fixed) then
        assert.is_not_nil(ev, ("offset %d length %d"):format(offset, len))
        ev:close()
      else
        assert.equals("EINVAL", errno, ("offset %d length %d"):format(offset, len))
      end
    end
  end
  assert.no_leaks(m)
end)

it("the right use: one watchpoint for each doubleword that the bytes lie in", function()
  local low, high = assert.succeeds(watch(0x400006, 2)), assert.succeeds(watch(0x400008, 2))
  for addr = 0x400005, 0x40000a do t:store(addr, 1) end
  assert.same({ 2, 2 }, { low.count, high.count })
  low:close()
  high:close()
  assert.no_leaks(m)
end)
