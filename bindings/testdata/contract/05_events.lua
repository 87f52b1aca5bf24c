-- Section 5 of the contract: events, wide events, attributes, hits, m:why, m:slots.
local hw = require "hw"

local K = 0xffffff8008080000
local U = 0x1000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

local m, t
before_each(function()
  m = hw.machine { cpus = 2, kernel = "4.19.266" }
  t = m:task { comm = "t" }
end)

describe("attributes", function()
  it("presets of the register_* calls and of perf_event_open", function()
    local a = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    assert.is_false(a.attr.pinned)
    assert.equals(0, a.attr.sample_period)
    assert.is_false(a.attr.disabled)
    assert.equals(-1, a.cpu)
    assert.equals(t, a.task)
    local b = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
    assert.is_true(b.attr.pinned)
    assert.equals(1, b.attr.sample_period)
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    assert.is_true(w[0].attr.pinned)
    assert.equals(1, w[1].attr.sample_period)
    local c = assert.succeeds(m:register_user_hw_breakpoint { type = "r", addr = U, len = 8, task = t, pinned = false, sample_period = 5 })
    assert.is_false(c.attr.pinned)
    assert.equals(5, c.attr.sample_period)
  end)

  it("what a table has by __index counts, as for Lua's own functions", function()
    local base = setmetatable({ type = "w", len = 8, disabled = true }, { __index = { len = 4, pinned = true } })
    local function from(attr) return setmetatable(attr, { __index = base }) end
    local ev = assert.succeeds(m:perf_event_open(from { addr = U, task = t, disabled = false }))
    assert.equals("w", ev.type)
    assert.equals(8, ev.len)
    assert.equals("inactive", ev.state)
    assert.is_true(ev.attr.pinned)
    assert.equals("off", assert.succeeds(m:perf_event_open(from { addr = U, task = t })).state)
    base.len = "8"
    raises("bad argument #1 to 'perf_event_open' %(field 'len': number expected, got string%)", function()
      m:perf_event_open(from { addr = U, task = t })
    end)
    local strict = { __index = function(_, k) error("no " .. k) end }
    assert.succeeds(m:perf_event_open(setmetatable({ type = "w", addr = U, len = 8, task = t }, strict)))
    local loop = { type = "w", addr = U, len = 8, cpu = 0 }
    assert.succeeds(m:perf_event_open(setmetatable(loop, { __index = loop })))
    assert.equals(2, hw.machine(setmetatable({}, { __index = { cpus = 2 } })).nr_cpus)
  end)

  it("ev.attr has what was asked, as a table of one's own", function()
    local ev = assert.succeeds(m:perf_event_open { type = "rw", addr = 0x400004, len = 4, task = t, exclude_hv = true, inherit = true, name = "mine", disabled = true })
    local a = ev.attr
    assert.equals("rw", a.type)
    assert.equals(0x400004, a.addr)
    assert.equals(4, a.len)
    assert.is_true(a.disabled)
    assert.is_true(a.exclude_hv)
    assert.is_true(a.inherit)
    assert.is_false(a.exclude_user)
    assert.is_false(a.exclude_kernel)
    assert.equals("mine", a.name)
    assert.equals("mine", ev.name)
    assert.is_nil((m:perf_event_open { type = "x", addr = 8, task = t }).name)
    a.addr = 5
    assert.equals(0x400004, ev.attr.addr)
    -- attr can be passed on
    assert.succeeds(m:modify_user_hw_breakpoint(ev, ev.attr))
  end)

  it("type by number is passed on as it is", function()
    for n, want in pairs { [1] = "r", [2] = "w", [3] = "rw", [4] = "x" } do
      local ev = assert.succeeds(m:perf_event_open { type = n, addr = 0x400000, len = 4, task = t })
      assert.equals(want, ev.type)
      ev:close()
    end
    for _, n in ipairs { 0, 5, 6, 7, 8, 16, 255 } do
      assert.errno("EINVAL", m:perf_event_open { type = n, addr = 0x400000, len = 4, task = t })
    end
    assert.errno("EINVAL", m:perf_event_open { addr = 0x400000, len = 4, task = t })
    raises("field 'type'", function() m:perf_event_open { type = -1, addr = 8, len = 8, task = t } end)
    raises("field 'type'", function() m:perf_event_open { type = 1.5, addr = 8, len = 8, task = t } end)
    raises("field 'type'", function() m:perf_event_open { type = true, addr = 8, len = 8, task = t } end)
  end)

  it("len of an x is 4 when left out; of others 0, which is EINVAL", function()
    local ev = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400580, task = t })
    assert.equals(4, ev.len)
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = 0x400580, task = t })
    assert.errno("EINVAL", m:perf_event_open { type = "x", addr = 0x400580, len = 0, task = t })
    assert.succeeds(m:perf_event_open { type = 4, addr = 0x400580, task = t })
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 0xffffffffffffffff, task = t })
  end)

  it("cpu and task", function()
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 8 })                 -- V-42
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 8, cpu = -1 })
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 8, cpu = 2 })
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 8, cpu = -2, task = t })
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, cpu = 1, task = t })
    assert.equals(1, ev.cpu)
    assert.equals(t, ev.task)
    ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, cpu = 1 })
    assert.is_nil(ev.task)
    raises("task", function() m:register_user_hw_breakpoint { type = "w", addr = U, len = 8 } end)
  end)

  it("exclude_user and exclude_kernel leave the step as it is (R-EXC-13)", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, exclude_user = true })
    assert.is_true(t:store(U, 8, 1))
    assert.equals(0, ev.count)
    assert.equals(2, #m:trace { fn = "toggle_bp_registers" })
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, exclude_kernel = true })   -- V-38
  end)
end)

describe("an event", function()
  it("is a file: enable, disable, modify, read, close", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, disabled = true })
    assert.equals("off", ev.state)
    assert.is_nil(ev.slot)
    assert.is_true(ev:enable())
    assert.equals("active", ev.state)
    assert.equals(0, ev.slot)
    assert.is_true(ev:disable())
    assert.equals("off", ev.state)
    assert.is_nil(ev.slot)
    assert.is_true(ev:modify { addr = K + 8, disabled = false })
    assert.equals("active", ev.state)
    assert.equals(K + 8, ev.addr)
    assert.equals(K + 8, m.cpu[0].wvr[0])
    m.cpu[0]:store(K + 8, 8)
    assert.equals(1, ev.count)
    assert.equals(1, ev:read())
    assert.is_true(ev:close())
    assert.equals("dead", ev.state)
    assert.equals(K + 8, ev.addr)
    assert.equals(1, ev.count)
    assert.is_nil(ev.slot)
    assert.equals("number", type(ev.id))
    assert.equals("w", ev.type)
    assert.equals(8, ev.len)
    assert.equals(0, ev.cpu)
    for _, name in ipairs { "enable", "disable", "modify", "read", "close" } do
      raises("is closed", function() ev[name](ev, {}) end)
    end
    raises("is closed", function() m:perf_event_enable(ev) end)
    raises("is closed", function() m:perf_event_disable(ev) end)
    raises("is closed", function() m:modify_user_hw_breakpoint(ev, {}) end)
    raises("is closed", function() m:unregister_hw_breakpoint(ev) end)
    raises("is closed", function() m.cpu[0]:event_sched_in(ev) end)
    raises("is closed", function() m.cpu[0]:hw_breakpoint_control(ev, "install") end)
    raises("is closed", function() m.cpu[0]:hw_breakpoint_slot_setup("wp", ev, "install") end)
  end)

  it("unregistering none does nothing, as in the kernel (R-CON-19)", function()
    assert.is_true(m:unregister_hw_breakpoint(nil))
    raises("event expected, got no value", function() m:unregister_hw_breakpoint() end)
    raises("wide expected, got nil", function() m:unregister_wide_hw_breakpoint(nil) end)
  end)

  it("a registered one is gone after it is unregistered", function()
    local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
    assert.is_true(m:unregister_hw_breakpoint(ev))
    raises("is closed", function() m:unregister_hw_breakpoint(ev) end)
    raises("is closed", function() m:perf_event_enable(ev) end)
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    local e0 = w[0]
    assert.is_true(m:unregister_wide_hw_breakpoint(w))
    raises("is closed", function() m:unregister_wide_hw_breakpoint(w) end)
    raises("is closed", function() m:perf_event_enable(e0) end)
    assert.equals(e0, w[0])
    assert.equals(K, w[1].addr)
    assert.no_leaks(m)
  end)

  it("methods with '.'", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    raises("did you mean 'ev:disable'", function() ev.disable() end)
    raises("did you mean 'ev:modify'", function() ev.modify { addr = 8 } end)
    raises("did you mean 'state'", function() return ev.stat end)
    raises("state", function() ev.state = "off" end)
    raises("bad argument #1 to 'modify'", function() ev:modify() end)
    raises("did you mean 'disabled'", function() ev:modify { disable = true } end)
    raises("unknown field 'cpu'", function() ev:modify { cpu = 1 } end)
  end)

  it("is one Lua value everywhere, and lives until it is closed", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    assert.equals(ev, m.cpu[0].wp_on_reg[0])
    assert.equals(ev, m:slots(0).wp.on_reg[0])
    local set = { [ev] = true }
    assert.is_true(set[m.cpu[0].wp_on_reg[0]])
    ev = nil
    collectgarbage() collectgarbage()
    assert.is_not_nil(m.cpu[0].wp_on_reg[0])
    m.cpu[0]:store(K, 8)
    assert.equals(1, m.cpu[0].wp_on_reg[0].count)
    local w = m:register_wide_hw_breakpoint { type = "x", addr = K }
    assert.equals(w[1], m.cpu[1].bp_on_reg[0])
  end)

  it("states", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    assert.equals("inactive", ev.state)
    m.cpu[0]:context_switch(t)
    assert.equals("active", ev.state)
    assert.equals(0, ev.slot)
    m.cpu[0]:context_switch()
    assert.equals("inactive", ev.state)
    assert.is_nil(ev.slot)
    t:exit()
    assert.equals("exit", ev.state)
    ev:close()
    assert.equals("dead", ev.state)
  end)

  it("in error reads nothing (R-EVT-28)", function()
    local b = hw.machine { cpus = 2, wrps = { 4, 2 }, kernel = "4.19.266" }
    local evs = {}
    for i = 0, 2 do evs[i] = assert.succeeds(b:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 0, pinned = true }) end
    assert.equals("error", evs[2].state)                        -- V-69
    assert.dmesg(b, "Can't find any breakpoint slot")
    assert.is_nil((evs[2]:read()))
    assert.is_true(evs[2]:enable())
    assert.equals("error", evs[2].state)
    local f = assert.succeeds(b:perf_event_open { type = "w", addr = K + 32, len = 8, cpu = 1 })
    local g = assert.succeeds(b:perf_event_open { type = "w", addr = K + 32, len = 8, cpu = 1 })
    local h = assert.succeeds(b:perf_event_open { type = "w", addr = K + 32, len = 8, cpu = 1 })
    assert.equals("inactive", h.state)                          -- V-70
    assert.equals(0, h:read())
    assert.equals(1, #b:dmesg("Can't find any breakpoint slot"))
  end)
end)

describe("modify", function()
  it("keeps what is left out", function()
    local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 4, task = t, name = "n" })
    assert.is_true(m:modify_user_hw_breakpoint(ev, { addr = U + 4 }))
    assert.equals(U + 4, ev.attr.addr)
    assert.equals(4, ev.attr.len)
    assert.equals("w", ev.attr.type)
    assert.is_true(m:modify_user_hw_breakpoint(ev, { len = 8, addr = U }))
    assert.equals(8, ev.len)
    assert.is_true(m:modify_user_hw_breakpoint(ev, { disabled = true }))
    assert.equals("off", ev.state)
    assert.is_true(m:modify_user_hw_breakpoint(ev, {}))
    assert.equals("off", ev.state)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { len = 9 }))
    assert.equals(8, ev.len)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { addr = K }))
    m.cpu[0]:context_switch(t)
    assert.is_true(m:modify_user_hw_breakpoint(ev, { disabled = false }))
    assert.equals("active", ev.state)
  end)

  it("V-75: X to W with 4 used data slots", function()
    for i = 0, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t }) end
    local ev = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400580, task = t })
    assert.errno("ENOSPC", m:modify_user_hw_breakpoint(ev, { type = "w", len = 4 }))
    assert.equals("x", ev.type)
    assert.equals("inactive", ev.state)
    assert.equals(1, m:slots(0).bp.task_pinned)
    assert.equals(4, m:slots(0).wp.task_pinned)
  end)

  it("by the file: other fields than the four are EINVAL (R-VAL-25)", function()
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    assert.errno("EINVAL", ev:modify { addr = U + 8, pinned = true })
    assert.equals(U, ev.addr)
    assert.is_true(ev:modify { type = "rw", addr = U + 8, len = 4, disabled = true })
    assert.equals("rw", ev.type)
    assert.equals("off", ev.state)
  end)
end)

describe("wide events", function()
  it("one for each online CPU", function()
    local b = hw.machine { cpus = 3 }
    b:cpu_down(1)
    local w = assert.succeeds(b:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    assert.equals(0, w[0].cpu)
    assert.is_nil(w[1])
    assert.equals(2, w[2].cpu)
    assert.equals("active", w[2].state)
    b:cpu_up(1)
    assert.is_nil(w[1])
    assert.is_nil(w[3])
    raises("", function() return w.x end)
    raises("", function() w[0] = 1 end)
    assert.is_true(b:unregister_wide_hw_breakpoint(w))
    assert.no_leaks(b)
  end)

  it("V-72: all or none, with the first undone", function()
    for i = 0, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 1 }) end
    local before = #m:trace { fn = "write_wb_reg", cpu = 0 }
    assert.errno("ENOSPC", m:register_wide_hw_breakpoint { type = "w", addr = K + 64, len = 8 })
    assert.equals(3, #m:trace { fn = "write_wb_reg", cpu = 0 } - before)
    assert.equals(0, m:slots(0).wp.cpu_pinned)
    assert.equals("ENOSPC", m:why().errno)
    assert.equals(4, #m:why().holders)
    assert.equals(1, m:why().holders[1].cpu)
  end)

  it("on_hit is called with that CPU's event", function()
    local got = {}
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "x", addr = K, on_hit = function(ev, hit)
      got[#got + 1] = { ev, hit.cpu, hit.kind, hit.addr, hit.el, hit.pc }
      m:perf_event_disable(ev)
    end })
    m.cpu[1]:exec(K)
    m.cpu[0]:exec(K)
    assert.equals(2, #got)
    assert.equals(w[1], got[1][1])
    assert.equals("exec", got[1][3])
    assert.equals(K, got[1][4])
    assert.equals(1, got[1][5])
    assert.equals(K, got[1][6])
    assert.equals(w[0], got[2][1])
  end)
end)

describe("handlers", function()
  it("traps again for ever is an error that says so", function()
    local n = 0
    m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, name = "again", on_hit = function() n = n + 1 end }
    raises("traps again", function() t:store(U, 8) end)
    assert.equals(1000, n)
  end)

  it("a handler that raises: the access raises", function()
    m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function() error("handler boom") end }
    raises("handler boom", function() t:store(U, 8) end)
    -- the machine is still of use
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    assert.is_true(m:unregister_wide_hw_breakpoint(w))
  end)

  it("msleep in a handler raises", function()
    local message
    m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev)
      message = select(2, pcall(m.msleep, m, 5))
      m:perf_event_disable(ev)
    end }
    t:store(U, 8)
    assert.matches("sleep", message)
  end)

  it("run and step in a handler raise", function()
    local a, b
    m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev)
      a, b = pcall(m.run, m), pcall(m.step, m)
      m:perf_event_disable(ev)
    end }
    t:store(U, 8)
    assert.is_false(a)
    assert.is_false(b)
  end)

  it("sample_period 3 calls on hits 3 and 6 (V-91)", function()
    local at, n = {}, 0
    local ev
    ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, sample_period = 3, on_hit = function(e, hit)
      at[#at + 1] = e.count
      if e.count >= 7 then m:perf_event_disable(e) end
      if #at == 2 then m:perf_event_disable(e) end
    end })
    t:store(U, 8)
    assert.same({ 3, 6 }, at)
  end)

  it("sample_period 0 counts, and a custom handler is never called", function()
    local n = 0
    local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, sample_period = 0, on_hit = function() n = n + 1 end })
    raises("traps again", function() t:store(U, 8) end)
    assert.equals(0, n)
    assert.equals(1000, ev.count)
  end)

  it("a hit shows the tag (V-87)", function()
    local addr
    assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t, on_hit = function(ev, hit)
      addr = hit.addr m:perf_event_disable(ev) end })
    t:store(0x5a00000000001004, 1, 3)
    assert.equals(0x5a00000000001004, addr)
    assert.equals(3, t:load(0x1004, 1))
  end)

  it("far policies", function()
    for policy, want in pairs { exact = 0x1007, start = 0x1004, floor16 = 0x1000 } do
      local b = hw.machine { far = policy, kernel = "4.19.266" }
      local u = b:task {}
      local addr
      assert.succeeds(b:register_user_hw_breakpoint { type = "w", addr = 0x1007, len = 1, task = u, on_hit = function(ev, hit)
        addr = hit.addr b:perf_event_disable(ev) end })
      u:store(0x1004, 8)
      assert.equals(want, addr)
    end
  end)

  it("a handler that unregisters its own event", function()
    local ev
    ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(e)
      m:unregister_hw_breakpoint(e) end })
    assert.is_true(t:store(U, 8, 3))
    assert.equals("dead", ev.state)
    assert.equals(3, t:load(U, 8))
    assert.no_leaks(m)
  end)

  it("V-88: default and custom, both exact", function()
    for kernel, ok in pairs { ["4.19.0"] = true, ["4.19.116"] = true, ["4.19.266"] = false, ["6.1.192"] = false } do
      local b = hw.machine { kernel = kernel }
      local u = b:task {}
      local n = 0
      assert.succeeds(b:perf_event_open { type = "w", addr = U, len = 8, task = u, pinned = true })
      assert.succeeds(b:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = u, on_hit = function() n = n + 1 end })
      local went = pcall(u.store, u, U, 8)
      assert.equals(ok, went, kernel)
      assert.equals(ok and 1 or 1000, n, kernel)
    end
  end)
end)

describe("m:why", function()
  it("is nil before the first refusal", function()
    assert.is_nil(m:why())
    raises("", function() m.why() end)
  end)

  it("names errno, rule, fn, asked, holders: the CPU's own first, then the task's that counts", function()
    local a = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, name = "own" })
    local u = m:task { comm = "other" }
    assert.succeeds(m:perf_event_open { type = "w", addr = 0x9000, len = 8, task = u })
    local b = assert.succeeds(m:perf_event_open { type = "w", addr = 0x2000, len = 8, task = t })
    local c = assert.succeeds(m:perf_event_open { type = "rw", addr = 0x3000, len = 8, task = t, cpu = 0 })
    local d = assert.succeeds(m:perf_event_open { type = "r", addr = 0x4000, len = 8, task = t })
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = K + 8, len = 8, cpu = 0 })
    local why = m:why()
    assert.equals("ENOSPC", why.errno)
    assert.equals("R-CON-7", why.rule)
    assert.equals("__reserve_bp_slot", why.fn)
    assert.equals("string", type(why.asked))
    assert.same({ a, b, c, d }, why.holders)
    local s = tostring(why)
    assert.matches("0xffffff8008080000", s)
    assert.matches("0x0*2000", s)
    assert.matches("0x0*4000", s)
    assert.matches("%f[%w]t%f[%W]", s)
    assert.not_matches("other", s)
    assert.matches("ENOSPC", s)
    -- a later refusal replaces it; the old one stays as it was
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U, len = 9, cpu = 1 })
    assert.equals("EINVAL", m:why().errno)
    assert.equals("R-VAL-8", m:why().rule)
    assert.same({}, m:why().holders)
    assert.equals("ENOSPC", why.errno)
    raises("did you mean 'errno'", function() return why.erno end)
  end)

  it("rules and functions of other refusals", function()
    local function why(errno, ...) assert.errno(errno, ...) return m:why() end
    assert.equals("R-CON-7", (function()
      for i = 0, 3 do m:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 1 } end
      return why("ENOSPC", m:perf_event_open { type = "w", addr = U, len = 9, cpu = 1 }).rule         -- V-36
    end)())
    for _, ev in ipairs(m:events()) do ev:close() end
    assert.equals("hw_breakpoint_arch_parse", why("EINVAL", m:perf_event_open { type = "w", addr = K, len = 8, task = t }).fn)
    assert.equals("R-VAL-19", m:why().rule)
    m:cpu_down(1)
    assert.equals("ENODEV", why("ENODEV", m:perf_event_open { type = "x", addr = U, cpu = 1 }).errno)
  end)
end)

describe("m:slots", function()
  it("has the shape of the contract", function()
    local s = m:slots(0)
    assert.same({ limit = 6, usable = 6, cpu_pinned = 0, task_pinned = 0, on_reg = {} }, s.bp)
    assert.same({ limit = 4, usable = 4, cpu_pinned = 0, task_pinned = 0, on_reg = {} }, s.wp)
    local a = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    local b = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    local c = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, cpu = 1 })
    local d = assert.succeeds(m:perf_event_open { type = "x", addr = U, cpu = 1 })
    m.cpu[0]:context_switch(t)
    assert.same({ limit = 4, usable = 4, cpu_pinned = 1, task_pinned = 1, on_reg = { [0] = a, [1] = b } }, m:slots(0).wp)
    assert.same({ limit = 4, usable = 4, cpu_pinned = 0, task_pinned = 2, on_reg = {} }, m:slots(1).wp)
    assert.same({ limit = 6, usable = 6, cpu_pinned = 1, task_pinned = 0, on_reg = { [0] = d } }, m:slots(1).bp)
    local all = m:slots()
    assert.same(m:slots(0), all[0])
    assert.same(m:slots(1), all[1])
    assert.is_nil(all[2])
    raises("", function() m:slots(2) end)
    raises("", function() m:slots(-1) end)
    raises("bad argument #1 to 'slots'", function() m:slots("x") end)
  end)
end)

describe("no_leaks", function()
  it("names each thing that is left, with its address", function()
    assert.no_leaks(m)
    local a = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    local b = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = 0x400580, task = t })
    local dw = m:delayed_work("forgotten_func", function() end)
    m:schedule_delayed_work(dw, "28s")
    local ok, message = pcall(assert.no_leaks, m)
    assert.is_false(ok)
    message = tostring(message)
    assert.matches("0xffffff8008080000", message)
    assert.matches("0x0*400580", message)
    assert.matches("forgotten_func", message)
    a:close()
    m:unregister_hw_breakpoint(b)
    m:cancel_delayed_work_sync(dw)
    assert.no_leaks(m)
  end)
end)

it("an event that one thread changes and another lets go is released once, and as what it is then", function()
  for seed = 1, 120 do
    local m = hw.machine { cpus = 3, seed = seed }
    local ev = assert(m:perf_event_open { type = "w", addr = K, len = 4, cpu = 2 })
    local wide = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    local function closed(ok, message) assert(ok or message:match "is closed", message) end
    m:task { cpu = 0, body = function() closed(pcall(ev.modify, ev, { type = "x" })) closed(pcall(ev.enable, ev)) end }
    m:task { cpu = 1, body = function() closed(pcall(ev.close, ev)) closed(pcall(m.unregister_wide_hw_breakpoint, m, wide)) end }
    m:task { cpu = 2, body = function() closed(pcall(m.unregister_wide_hw_breakpoint, m, wide)) closed(pcall(ev.close, ev)) end }
    m:run()
    assert.no_leaks(m)
    for c = 0, 2 do
      for _, use in pairs(m:slots(c)) do assert.same({ 0, 0 }, { use.cpu_pinned, use.task_pinned }) end
    end
  end
end)
