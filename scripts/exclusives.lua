-- A debugger watches a lock that is taken by ldxr and stxr, and the program stops making progress. Who keeps the lock from
-- being taken, and does it help to take it by an atomic instruction?
-- Source: llvm#60259 and its like
-- tags: stepping, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local LOCK = 0x7000001000
local m, t, ev
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "app" }
  ev = assert(m:perf_event_open { type = "w", addr = LOCK, len = 4, task = t, exclude_kernel = true })
end)

local function try()
  t:load(LOCK, 4, { exclusive = true })
  return t:store(LOCK, 4, 1, { exclusive = true })
end

it("the store traps, the kernel steps over it, and by then the monitor is open: it fails every time", function()
  for _ = 1, 100 do assert.is_false(try()) end
  assert.equals(100, ev.count)
  assert.equals(0, t:load(LOCK, 4))
end)

it("as soon as nobody watches, the same loop gets through", function()
  assert.is_false(try())
  ev:disable()
  assert.is_true(try())
end)

it("an atomic instruction is stepped over as a whole", function()
  assert.equals(0, t:atomic("swp", LOCK, 4, 1))
  assert.equals(1, t:atomic("swp", LOCK, 4, 1))
  assert.equals(2, ev.count)
end)

it("a breakpoint between the two, or a switch, opens the monitor just as well", function()
  ev:close()
  local bp = assert(m:perf_event_open { type = "x", addr = 0x401004, task = t, exclude_kernel = true })
  t:load(LOCK, 4, { exclusive = true, pc = 0x401000 })
  t:exec(0x401004)
  assert.is_false(t:store(LOCK, 4, 1, { exclusive = true, pc = 0x401008 }))
  assert.equals(1, bp.count)
  t:load(LOCK, 4, { exclusive = true })
  m.cpu[0]:context_switch(nil)
  assert.is_false(t:store(LOCK, 4, 1, { exclusive = true }))
end)
