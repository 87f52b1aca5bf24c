-- HB-22: A library written on x86 has no way to watch loads alone, for x86 has none. Does arm64?
--
-- Source: aya#1365; measured on Debian's 6.1.192: load with W 0, with R 10, load and store with RW 20
-- tags: bug, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000

it("the measured fact: ten loads and ten stores are 10 for r, 10 for w and 20 for rw", function()
  local m = hw.machine { cpus = 2, va_bits = 48 }
  local t = m:task { comm = "t" }
  local counts = {}
  for _, kind in ipairs { "r", "w", "rw" } do
    local ev = assert.succeeds(m:perf_event_open { type = kind, addr = U, len = 8, task = t, exclude_kernel = true })
    for _ = 1, 10 do
      t:load(U, 8)
      t:store(U, 8)
    end
    counts[#counts + 1] = ev:read()
    ev:close()
  end
  assert.same({ 10, 10, 20 }, counts)
  assert.no_leaks(m)
end)

it("the load bit alone is set in the control word", function()
  local m = hw.machine { cpus = 1 }
  local ev = assert.succeeds(m:perf_event_open { type = "r", addr = U, len = 4, cpu = 0, pinned = true })
  assert.equals(0x1ed, m.cpu[0].wcr[0])
  assert.equals(1, bit.extract(m.cpu[0].wcr[0], 3, 2))
  ev:close()
  assert.no_leaks(m)
end)

it("the wrong use: a tool that asks for rw, to be portable, and counts half too much", function()
  local m = hw.machine { cpus = 1 }
  local t = m:task { comm = "t" }
  local loads = assert.succeeds(m:perf_event_open { type = "rw", addr = U, len = 8, task = t })
  for i = 1, 10 do
    t:load(U, 8)
    if i % 2 == 0 then t:store(U, 8) end
  end
  assert.equals(15, loads:read())
  loads:close()
  assert.no_leaks(m)
end)

it("prefetching loads nothing, and a load beside the bytes is none", function()
  local m = hw.machine { cpus = 1 }
  local t = m:task { comm = "t" }
  local ev = assert.succeeds(m:perf_event_open { type = "r", addr = U + 4, len = 4, task = t })
  t:load(U, 4)
  t:load(U + 8, 4)
  assert.equals(0, ev:read())
  t:load(U, 8)
  assert.equals(1, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
