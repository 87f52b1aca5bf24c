-- HB-32: A store writes the value that is there already. The hardware has seen it. Will the user be told?
--
-- Source: Delve's help of `watch`: a write that does not change the value may not be reported
-- tags: bug, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
  t:store(U, 8, 7)
end)

-- A debugger that compares old and new value, as most do, and reports a stop only when they differ.
local function comparing(stores)
  local reports, last = 0, t:load(U, 8)
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  for _, v in ipairs(stores) do
    local before = ev:read()
    t:store(U, 8, v)
    if ev:read() > before and t:load(U, 8) ~= last then
      reports, last = reports + 1, t:load(U, 8)
    end
  end
  local counted = ev:read()
  ev:close()
  assert.no_leaks(m)
  return counted, reports
end

it("not by a debugger that compares values: 4 stores, 4 hits, 1 report", function()
  local counted, reports = comparing { 7, 7, 8, 8 }
  assert.same({ 4, 1 }, { counted, reports })
end)

it("a value that changes and changes back between two looks is another case of it", function()
  local counted, reports = comparing { 8, 7 }
  assert.same({ 2, 2 }, { counted, reports })      -- seen here, for every single store stops
end)

it("the right use: where every write matters, count the hits", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  for _ = 1, 10 do t:store(U, 8, 7) end
  assert.equals(10, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
