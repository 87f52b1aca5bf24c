-- HB-03: The same store into the same structure: one CPU reports p, another p+8. Which of them is wrong?
--
-- Source: kernel bugzilla 218628; sourceware 31486; Cortex-A72 TRM 10.9.1 (never below the 16-byte floor)
-- tags: bug, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local P = 0x400010
local function reported(far, addr, size, watched)
  local m = hw.machine { cpus = 1, far = far }
  local t = m:task { comm = "t" }
  local seen
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = watched, len = 8, task = t, on_hit = function(_, hit)
    seen = hit.addr
    hit.skip = true
  end })
  t:store(addr, size)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
  return seen
end

it("neither: a pair store at p that hits the watched p+8 may be reported at either", function()
  assert.equals(P + 8, reported("exact", P, 16, P + 8))
  assert.equals(P, reported("start", P, 16, P + 8))
end)

it("a store that begins inside the watched bytes is reported there by both", function()
  assert.equals(P + 12, reported("exact", P + 12, 4, P + 8))
  assert.equals(P + 12, reported("start", P + 12, 4, P + 8))
end)

it("a CPU that rounds down to 16 reports less than where the access began", function()
  assert.equals(P, reported("floor16", P + 8, 8, P + 8))
end)

it("the right use: compare blocks of 16 bytes, not addresses", function()
  for _, far in ipairs { "exact", "start", "floor16" } do
    local addr = reported(far, P, 16, P + 8)
    assert.equals(bit.rshift(P + 8, 4), bit.rshift(addr, 4), far)
  end
end)
