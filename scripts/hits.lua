-- A store comes near a watched byte. Who is told, how often, and with which address, if the CPU itself reports only
-- where the access began?
-- tags: hits
local hw = require "hw"

local U, K = 0x1000, 0xffffff8008080000

describe("a hit", function()
  local m, t, cpu
  local function watch(addr, len, kind, extra)
    local attr = { type = kind or "w", addr = addr, len = len, task = t, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  local function machine(options)
    m = hw.machine(options or { cpus = 2 })
    t = m:task { comm = "t", cpu = 0 }
    cpu = m.cpu[0]
    cpu:context_switch(t)
  end
  before_each(function() machine() end)

  it("needs one common byte and the right kind of access", function()
    local w, r, rw = watch(U + 4, 4), watch(U + 64, 8, "r"), watch(U + 128, 2, "rw")
    t:store(U + 5, 1)
    t:store(U, 8)                                  -- from below
    t:store(U + 7, 8)                              -- from the last byte on
    t:store(U + 3, 1)
    t:store(U + 8, 8)
    t:load(U + 4, 4)
    assert.equals(3, w.count)
    t:load(U + 64, 1)
    t:store(U + 64, 8)
    assert.equals(1, r.count)
    t:load(U + 128, 1)
    t:store(U + 129, 1)
    t:store(U + 130, 1)
    assert.equals(2, rw.count)
  end)

  it("happens before the access, which is then performed once", function()
    local before
    local ev
    ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(e)
      m:perf_event_disable(e)
      before = cpu:get_user(U, 8)
    end })
    t:store(U, 8, 0x1122334455667788)
    assert.equals(0, before)
    assert.equals(0x1122334455667788, t:load(U, 8))
    assert.equals(1, ev.count)
  end)

  it("tells the handler what it was", function()
    local hits = {}
    assert.succeeds(m:register_user_hw_breakpoint { type = "rw", addr = U + 2, len = 2, task = t, on_hit = function(e, hit)
      hits[#hits + 1] = { hit.cpu, hit.task == t, hit.el, hit.kind, hit.addr, hit.size, hit.slot }
      m:perf_event_disable(e)
    end })
    t:load(U, 4)
    assert.same({ { 0, true, 0, "load", U + 2, 4, 0 } }, hits)
  end)

  it("tells every event that covers the reported address, in the order of slots", function()
    local told = {}
    for i = 1, 3 do
      assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(e)
        told[#told + 1] = i
        m:perf_event_disable(e)
      end })
    end
    t:store(U, 1)
    assert.same({ 1, 2, 3 }, told)
  end)

  it("is credited to the nearest event when the reported address lies in none", function()
    machine { cpus = 1, far = "start" }            -- the CPU reports where the access began
    local far, near = watch(U + 0x10, 1), watch(U + 0x04, 1)
    t:store(U, 8)                                  -- reported: U, 4 below one and 16 below the other
    assert.equals(0, far.count)
    assert.equals(1, near.count)
  end)

  it("goes to the lower slot on a tie", function()
    machine { cpus = 1, far = "start" }
    local below, above = watch(U, 1), watch(U + 10, 1)
    t:store(U + 5, 8)                              -- 5 from either; only the upper one is touched
    assert.equals(1, below.count)                  -- but the lower slot is told
    assert.equals(0, above.count)
  end)

  it("keeps the tag of the pointer that was used", function()
    local seen
    assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(e, hit)
      seen = hit.addr
      m:perf_event_disable(e)
    end })
    t:store(0x5a00000000001000, 8)
    assert.equals(0x5a00000000001000, seen)
  end)

  it("of the kernel is not one of the user", function()
    local user = watch(U, 8)
    local kernel = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    cpu:store(K, 8)
    assert.same({ 0, 1 }, { user.count, kernel.count })
    t:store(U, 8)
    assert.same({ 1, 1 }, { user.count, kernel.count })
  end)

  it("on another CPU is nothing to this one's events", function()
    local here = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    m.cpu[1]:store(K, 8)
    assert.equals(0, here.count)
    assert.equals(0, #m:trace { fn = "watchpoint_handler" })
  end)

  it("can be left uncounted, and is stepped over all the same", function()
    local ev = watch(U, 8, "w", { exclude_user = true })
    local n = #m:trace { fn = "write_wb_reg" }
    t:store(U, 8, 7)
    assert.equals(0, ev.count)
    assert.equals(2, #m:trace { fn = "write_wb_reg" } - n)      -- off for the step, on again
    assert.equals(7, t:load(U, 8))
  end)

  it("calls a handler on every third one when the period is 3", function()
    local called = 0
    local ev
    ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, sample_period = 3,
      on_hit = function(_, hit)
        called = called + 1
        hit.skip = true
      end })
    -- A custom handler: the kernel does not step, so the same store traps until the handler skips it.
    t:store(U, 8)
    assert.equals(1, called)
    assert.equals(3, ev.count)
  end)

  it("of a breakpoint comes before the instruction, at its own address only", function()
    local ev = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400580, task = t, pinned = true })
    for pc = 0x400578, 0x400588, 4 do t:exec(pc) end
    assert.equals(1, ev.count)
    assert.regs(cpu, { bvr = { [0] = 0x400580 }, bcr = { [0] = 0x1e5 } })
  end)
end)
