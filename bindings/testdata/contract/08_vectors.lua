-- The vectors of spec/12 that a script can ask for, read through the script API.
local hw = require "hw"

local K = 0xffffff8008080000

local KERNELS = { "4.19.0", "4.19.116", "4.19.266", "6.1.176", "6.1.192" }

-- Writes to the four banks and to MDSCR_EL1 on a CPU since the last call, in order, as in 12.3.
local function watcher(m, cpu)
  local seen = #m:trace {}
  local names = { [0] = "BVR", [16] = "BCR", [32] = "WVR", [48] = "WCR" }
  return function()
    local all, out = m:trace {}, {}
    for i = seen + 1, #all do
      local r = all[i]
      if r.cpu == cpu then
        if r.fn == "write_wb_reg" then
          local reg = names[r.args[1]] or r.args[1]
          out[#out + 1] = ("%s%d=%s"):format(reg, r.args[2], hw.hex(r.args[3]))
        elseif r.fn == "mdscr_write" then
          out[#out + 1] = "M=" .. hw.hex(r.args[1])
        end
      end
    end
    seen = #all
    return table.concat(out, " ")
  end
end

describe("12.2 validation", function()
  local E = "EINVAL"
  local rows = {
    { "V-12", "task", 0x400000, "w", 4, 0x400000, 0x1f5 },
    { "V-13", "task", 0x400004, "w", 4, 0x400000, 0x1e15 },
    { "V-14", "task", 0x400001, "rw", 1, 0x400000, 0x5d },
    { "V-15", "task", 0x400007, "r", 1, 0x400000, 0x100d },
    { "V-16", "task", 0x400002, "r", 2, 0x400000, 0x18d },
    { "V-17", "task", 0x400006, "rw", 2, 0x400000, 0x181d },
    { "V-18", "task", 0x400000, "rw", 8, 0x400000, 0x1ffd },
    { "V-19", "task", 0x400000, "w", 3, 0x400000, 0xf5 },
    { "V-20", "task", 0x400003, "w", 5, 0x400000, 0x1f15 },
    { "V-21", "task", 0x400000, "rw", 6, 0x400000, 0x7fd },
    { "V-22", "task", 0x400001, "w", 7, 0x400000, 0x1fd5 },
    { "V-23", "task", 0x400006, "w", 4, 0x400000, 0x1815, six = E },
    { "V-24", "task", 0x400004, "rw", 8, 0x400000, 0x1e1d, six = E },
    { "V-25", "cpu", K, "rw", 8, K, 0x1ffb },
    { "V-26", "cpu", K, "w", 4, K, 0x1f3 },
    { "V-27", "cpu", K + 4, "r", 4, K, 0x1e0b },
    { "V-28", "cpu", K, "x", 4, K, 0x1e3 },
    { "V-29", "cpu", K, "rw", 8, K, 0x3ffb, vhe = true },
    { "V-30", "task", 0x400580, "x", 8, 0x400580, 0x1e5 },
    { "V-31", "task", 0x400582, "x", 4, 0x400580, 0x785 },
    { "V-32", "task", 0x400580, "x", 0, E },
    { "V-33", "task", 0x400000, "w", 9, E },
    { "V-34", "task", 0x400000, 0, 4, E },
    { "V-35", "task", 0x400000, 5, 4, E },
    { "V-35 full", "task", 0x400000, 5, 4, "ENOSPC", full = true },
    { "V-36", "task", 0x400000, "w", 9, "ENOSPC", full = true },
    { "V-37", "task", K, "rw", 8, E },
    { "V-43", "task", 0x7ffffffffc, "w", 8, 0x7ffffffff8, 0x1e15, six = E },
    { "V-44", "cpu", 0xfffffffffffffffc, "w", 8, 0xfffffffffffffff8, 0x1e15, six = E },
    { "V-45", "cpu", 0xfffffffffffffff8, "w", 8, 0xfffffffffffffff8, 0x1ff3 },
    { "V-46", "t32", 0x10002, "x", 2, 0x10000, 0x185 },
    { "V-47", "t32", 0x10001, "x", 2, 0x10000, 0xc5 },
    { "V-48", "t32", 0x10002, "x", 4, E },
    { "V-48 b", "t32", 0x10000, "x", 8, E },
    { "V-49", "t32", 0x10003, "rw", 1, 0x10000, 0x11d, zero = E },
    { "V-50", "t32", 0x10002, "rw", 1, 0x10000, 0x9d, zero = E },
    { "V-51", "t32", 0x10004, "w", 4, 0x10004, 0x1f5 },
    { "V-52", "t32", 0x10004, "w", 8, E },
    { "V-53", "t32", 0x10003, "rw", 2, E },
  }
  for _, kernel in ipairs(KERNELS) do
    for _, row in ipairs(rows) do
      it(row[1] .. " on " .. kernel, function()
        local m = hw.machine { cpus = 2, va_bits = 39, kernel = kernel, vhe = row.vhe }
        local t
        if row[2] ~= "cpu" then t = m:task { compat = row[2] == "t32" } end
        if row.full then
          for i = 0, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = 0x500000 + 8 * i, len = 8, task = t }) end
        end
        local before = m:slots()
        local want, ctrl = row[6], row[7]
        if row.six and kernel == "6.1.192" then want = row.six end
        if row.zero and kernel == "4.19.0" then want = row.zero end
        local attr = { type = row[4], addr = row[3], len = row[5], pinned = true, task = t, cpu = not t and 0 or nil }
        if type(want) == "string" then
          assert.errno(want, m:perf_event_open(attr))
          assert.same(before, m:slots())
          return
        end
        local ev = assert.succeeds(m:perf_event_open(attr))
        if t then m.cpu[0]:context_switch(t) end
        local vr, cr = m.cpu[0].wvr, m.cpu[0].wcr
        if row[4] == "x" then vr, cr = m.cpu[0].bvr, m.cpu[0].bcr end
        assert.equals(hw.hex(want), hw.hex(vr[0]))
        assert.equals(hw.hex(ctrl), hw.hex(cr[0]))
        if row[1] == "V-31" then
          t:exec(0x400580)
          assert.equals(0, ev.count)
        end
      end)
    end
  end

  it("V-54: the caller's TASK_SIZE counts: a 32-bit caller", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266" }
    local caller, t = m:task { compat = true }, m:task {}
    assert.is_true((m:perf_event_open { type = "w", addr = 0x100000000, len = 4, task = t }) ~= nil)
    m.cpu[0]:context_switch(caller)
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = 0x100000000, len = 4, task = t })
  end)

  it("V-39, V-40: without CAP_SYS_ADMIN", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266", no_cap_sys_admin = true, paranoid = 2 }
    m.cpu[0]:context_switch(m:task { comm = "app" })      -- the script has all capabilities
    assert.errno("EPERM", m:register_wide_hw_breakpoint { type = "w", addr = K, len = 4 })
    assert.errno("EACCES", m:register_wide_hw_breakpoint { type = "w", addr = 0x400000, len = 4 })
  end)
end)

describe("12.3 slots, monitors, scheduling", function()
  local m, trace
  local A, B, C = K, K + 8, K + 16
  local hexA, hexB, hexC = hw.hex(A), hw.hex(B), hw.hex(C)
  local function open(addr, o)
    local attr = { type = "rw", addr = addr, len = 8, cpu = 0, pinned = true }
    for k, v in pairs(o or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  local function start(kernel)
    m = hw.machine { cpus = 2, va_bits = 39, kernel = kernel or "4.19.266" }
    trace = watcher(m, 0)
  end
  before_each(function() start() end)

  for _, kernel in ipairs(KERNELS) do
    it("V-55 to V-62 on " .. kernel, function()
      start(kernel)
      local six = kernel:match "^6"
      local a = open(A)
      assert.equals(("M=0xb000 WVR0=%s WCR0=0x1ffb"):format(hexA), trace())
      local b = open(B)
      local both = ("M=0x1000 M=0xb000 WVR0=%s WCR0=0x1ffb WVR1=%s WCR1=0x1ffb"):format(hexA, hexB)
      assert.equals("WCR0=0x0 " .. both, trace())
      local c = open(C, { disabled = true })
      assert.equals(six and "" or "WCR0=0x0 WCR1=0x0 " .. both, trace())
      a:disable()
      assert.equals("WCR0=0x0", trace())
      assert.regs(m.cpu[0], { wvr = { [0] = A }, mdscr_el1 = 0xb000 })
      c:enable()
      assert.equals(("WCR1=0x0 M=0x1000 M=0xb000 WVR0=%s WCR0=0x1ffb WVR1=%s WCR1=0x1ffb"):format(hexB, hexC), trace())
      assert.equals(0, b.slot)
      assert.equals(1, c.slot)
      a:enable()
      assert.equals(("WCR0=0x0 WCR1=0x0 M=0x1000 M=0xb000 WVR0=%s WCR0=0x1ffb WVR1=%s WCR1=0x1ffb WVR2=%s WCR2=0x1ffb"):format(hexA, hexB, hexC), trace())
      local calls = #m:trace { fn = "event_function_call" }
      a:enable()
      assert.equals("", trace())
      assert.equals(calls, #m:trace { fn = "event_function_call" })
      b:close()
      assert.equals("WCR1=0x0", trace())
      assert.equals(0, a.slot)
      assert.equals(2, c.slot)
      assert.equals(1, m.cpu[0]:hw_breakpoint_slot_setup("wp", open(B, { disabled = true, pinned = false }), "install"))
    end)
  end

  it("V-63: KDE left behind", function()
    local t = m:task {}
    m.cpu[0]:context_switch(t)
    trace()
    local user = assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000, len = 4, cpu = 0 })
    assert.equals("M=0x9000 WVR0=0x400000 WCR0=0x1f5", trace())
    local cpu = m.cpu[0]
    local kern = open(K, { disabled = true, pinned = false })
    trace()
    cpu:hw_breakpoint_control(kern, "install")
    assert.equals(("M=0xb000 WVR1=%s WCR1=0x1ffb"):format(hexA), trace())
    cpu:hw_breakpoint_control(kern, "uninstall")
    assert.equals("WCR1=0x0", trace())
    user:disable()
    assert.equals("WCR0=0x0 M=0x3000", trace())
  end)

  it("V-64: nodebugmon", function()
    m = hw.machine { cpus = 2, kernel = "4.19.266", nodebugmon = true }
    trace = watcher(m, 0)
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000, len = 4, cpu = 0, pinned = true })
    assert.equals("WVR0=0x400000 WCR0=0x1f5", trace())
    ev:disable()
    assert.equals("WCR0=0x0 M=0x1000", trace())
  end)

  it("V-65, V-66: switches", function()
    local t = m:task {}
    assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000, len = 4, task = t, pinned = true })
    trace()
    m.cpu[0]:context_switch(t)
    assert.equals("M=0x9000 WVR0=0x400000 WCR0=0x1f5", trace())
    m.cpu[0]:context_switch()
    assert.equals("WCR0=0x0 M=0x1000", trace())
    open(A)
    trace()
    m.cpu[0]:context_switch(t)
    assert.equals("WVR1=0x400000 WCR1=0x1f5", trace())
    -- V-67
    open(B)
    assert.equals(("WCR1=0x0 WCR0=0x0 M=0x1000 M=0xb000 WVR0=%s WCR0=0x1ffb WVR1=%s WCR1=0x1ffb WVR2=0x400000 WCR2=0x1f5"):format(hexA, hexB), trace())
  end)

  it("V-68: another event of the running task", function()
    local t = m:task {}
    assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000, len = 4, task = t, pinned = true })
    open(A)
    m.cpu[0]:context_switch(t)
    trace()
    assert.succeeds(m:perf_event_open { type = "w", addr = 0x400008, len = 4, task = t, pinned = true })
    assert.equals("WCR1=0x0 WVR1=0x400000 WCR1=0x1f5 WVR2=0x400008 WCR2=0x1f5", trace())
  end)

  it("V-71, V-73", function()
    for i = 0, 3 do open(K + 8 * i) end
    local ev, message, errno = m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 }
    assert.is_nil(ev)
    assert.equals("ENOSPC", errno)
    start()
    local t, u = m:task {}, m:task {}
    for _, x in ipairs { t, u } do
      for i = 0, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000 + 8 * i, len = 8, task = x }) end
    end
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
  end)

  it("V-78: coming online", function()
    m:cpu_down(1)
    local one = watcher(m, 1)
    m:cpu_up(1)
    local want = {}
    for i = 0, 5 do want[#want + 1] = ("BCR%d=0x0 BVR%d=0x0"):format(i, i) end
    for i = 0, 3 do want[#want + 1] = ("WCR%d=0x0 WVR%d=0x0"):format(i, i) end
    assert.equals(table.concat(want, " "), one())
  end)

  it("V-79: resume", function()
    open(A)
    m:cpu_suspend(0)
    trace()
    m:cpu_resume(0)
    local want = {}
    for i = 0, 5 do want[#want + 1] = ("BCR%d=0x0 BVR%d=0x0"):format(i, i) end
    want[#want + 1] = ("WVR0=%s WCR0=0x1ffb"):format(hexA)
    for i = 1, 3 do want[#want + 1] = ("WCR%d=0x0 WVR%d=0x0"):format(i, i) end
    assert.equals(table.concat(want, " "), trace())
    assert.equals(0xb000, m.cpu[0].mdscr_el1)
  end)
end)

describe("12.4 hits", function()
  local m, t, trace
  local function start(o)
    o = o or {}
    o.cpus, o.kernel = 2, o.kernel or "4.19.266"
    m = hw.machine(o)
    t = m:task {}
    m.cpu[0]:context_switch(t)
    trace = watcher(m, 0)
  end
  before_each(function() start() end)
  local function watch(addr, len, type, o)
    local attr = { type = type or "w", addr = addr, len = len, task = t, pinned = true }
    for k, v in pairs(o or {}) do attr[k] = v end
    local ev = assert.succeeds(m:perf_event_open(attr))
    trace()
    return ev
  end

  it("V-80 to V-82", function()
    local ev = watch(0x1004, 4)
    t:store(0x1005, 1)
    assert.equals("WCR0=0x1e14 WCR0=0x1e15", trace())
    assert.equals(1, ev.count)
    t:store(0x1003, 1)
    t:load(0x1004, 4)
    assert.equals("", trace())
    assert.equals(1, ev.count)
  end)

  it("V-83 to V-86: inexact addresses", function()
    start { far = "start" }
    local a = watch(0x1007, 1)
    t:store(0x1000, 16)
    assert.equals(1, a.count)
    start { far = "start" }
    local s0, s1 = watch(0x1010, 1), watch(0x1004, 1)
    t:store(0x1008, 16)
    assert.equals(0, s0.count)
    assert.equals(1, s1.count)                    -- distances 8 and 4
    start { far = "start" }
    s0, s1 = watch(0x100c, 1), watch(0x1004, 1)
    t:store(0x1008, 8)
    assert.equals(1, s0.count)
    assert.equals(0, s1.count)
    start { far = "start" }
    s0, s1 = watch(0x2000, 1, "r"), watch(0x100f, 1, "w")
    t:store(0x1000, 16)
    assert.equals(0, s0.count)
    assert.equals(1, s1.count)
  end)

  it("V-90: period 0, default handler", function()
    local ev = watch(0x1000, 8)
    assert.equals(0, ev.attr.sample_period)
    t:store(0x1000, 8)
    assert.equals(1, ev.count)
    assert.equals(0, #m:trace { fn = "__perf_event_overflow" })
  end)

  it("V-92: a breakpoint and a watchpoint on one instruction", function()
    local b = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400580, task = t })
    watch(0x1000, 8)
    t:exec(0x400580)
    assert.equals(1, b.count)
  end)

  it("V-94: a kernel watchpoint hit in kernel mode", function()
    local k = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, pinned = true })
    local u = watch(0x1000, 8)
    m.cpu[0]:store(K, 8)
    local out = trace()
    assert.equals(1, k.count)
    assert.equals(0, u.count)
    assert.regs(m.cpu[0], { wcr = { [0] = 0x1ff3, [1] = 0x1ff5 }, mdscr_el1 = 0xb000 })
    assert.matches("WCR1=0x1ff4 .*WCR0=0x1ff2", out)
    assert.matches("WCR0=0x1ff3.*WCR1=0x1ff5", out)
  end)

  it("V-96: user copy with an EL1 event installed", function()
    for kernel, count in pairs { ["4.19.266"] = 0, ["4.19.116"] = 1, ["6.1.192"] = 0, ["6.1.176"] = 0 } do
      start { kernel = kernel, cpu = "cortex-a76" }
      assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, pinned = true })
      local u = watch(0x1000, 8)
      assert.is_true(m.cpu[0]:put_user(0x1000, 8, 3))
      assert.equals(count, u.count, kernel)
      assert.equals(1, #m:trace { fn = "watchpoint_handler" })
      assert.equals(3, t:load(0x1000, 8))
    end
  end)
end)

describe("12.6 inheritance on 6.1.192", function()
  local m, t, cpu
  before_each(function()
    m = hw.machine { cpus = 2, kernel = "6.1.192" }
    t = m:task { comm = "t", cpu = 1 }
    cpu = m.cpu[1]
  end)
  local function open(addr, o)
    local attr = { type = "w", addr = addr, len = 4, task = t, inherit = true }
    for k, v in pairs(o or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end

  it("V-117 to V-119", function()
    for _, pinned in ipairs { true, false } do
      m = hw.machine { cpus = 2, kernel = "6.1.192" }
      t = m:task { comm = "t", cpu = 1 }
      cpu = m.cpu[1]
      local first = {}
      for i = 0, 3 do first[i] = open(0x1000 + 8 * i, { pinned = pinned }) end
      cpu:context_switch(t)
      local u = assert.succeeds(t:fork { comm = "u" })
      cpu:context_switch(u)                              -- the direct switch: they swap
      cpu:context_switch()                               -- and do not swap back
      t:exit()
      local new = {}
      for i = 0, 3 do new[i] = open(0x2000 + 8 * i, { pinned = pinned, task = u, inherit = false }) end
      cpu:context_switch()
      cpu:context_switch(u)
      for i = 0, 3 do
        assert.equals(pinned and "error" or "inactive", new[i].state, "new " .. i)
        assert.equals(0x1000 + 8 * i, cpu.wvr[i])
      end
      assert.equals(1, #m:dmesg("Can't find any breakpoint slot"))
      if not pinned then
        first[0]:close()
        cpu:context_switch()
        cpu:context_switch(u)
        assert.equals(3, new[0].slot)
      end
    end
  end)

  it("V-120", function()
    local ev = open(0x1000)
    ev:disable()
    local u = assert.succeeds(t:fork {})
    ev:enable()
    t:store(0x1000, 4)
    u:store(0x1000, 4)
    u:store(0x1000, 4)
    assert.equals(3, ev:read())
  end)
end)

describe("rules most easily missed", function()
  it("R-VAL-23: a failed modify starts and stops", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266" }
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    ev:disable()
    assert.equals("off", ev.state)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { len = 9 }))
    assert.equals("active", ev.state)
    local of = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, disabled = true })
    of:enable()
    assert.equals("active", of.state)
    assert.errno("EINVAL", m:modify_user_hw_breakpoint(of, { len = 9 }))
    assert.equals("off", of.state)
  end)

  it("R-CON-7's table", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266" }
    local t, u = m:task {}, m:task {}
    local U = 0x1000
    local function cpu(n) return m:perf_event_open { type = "w", addr = K, len = 8, cpu = n } end
    local function task(x, n) return m:perf_event_open { type = "w", addr = U, len = 8, task = x, cpu = n } end
    assert.succeeds(cpu(0))
    assert.succeeds(cpu(0))
    assert.succeeds(task(t, -1))
    local four = assert.succeeds(task(t, -1))
    assert.errno("ENOSPC", task(t, -1))
    assert.succeeds(task(t, 1))
    assert.succeeds(task(u, -1))
    assert.errno("ENOSPC", cpu(0))
    assert.succeeds(cpu(1))
    assert.errno("ENOSPC", cpu(1))
    assert.errno("ENOSPC", task(t, 0))
    assert.succeeds(task(u, -1))
    four:close()
    assert.succeeds(cpu(1))
    assert.errno("ENOSPC", cpu(0))
    assert.equals(u, m:why().holders[3].task)
  end)

  it("R-HP-7: offline removes the newest first", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266" }
    for i = 0, 2 do assert.succeeds(m:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 1, pinned = true }) end
    local one = watcher(m, 1)
    m:cpu_down(1)
    assert.equals("WCR2=0x0 WCR1=0x0 WCR0=0x0 M=0x1000", one())
  end)

  it("R-CTX-17, 18: flexible CPU events at a switch to a task with pinned ones", function()
    local m = hw.machine { cpus = 1, kernel = "4.19.266" }
    local t = m:task {}
    local flex = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    local pin = assert.succeeds(m:perf_event_open { type = "w", addr = 0x1000, len = 8, task = t, pinned = true })
    local trace = watcher(m, 0)
    m.cpu[0]:context_switch(t)
    assert.equals(("WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x1000 WCR0=0x1ff5 M=0xb000 WVR1=%s WCR1=0x1ff3"):format(hw.hex(K)), trace())
    assert.equals(0, pin.slot)
    assert.equals(1, flex.slot)
    m.cpu[0]:context_switch()
    assert.equals("WCR0=0x0", trace())
    assert.equals(1, flex.slot)
  end)

  it("V-115, V-116: who runs what after a fork", function()
    for _, third in ipairs { false, true } do
      local m = hw.machine { cpus = 2, kernel = "6.1.192" }
      local t = m:task { cpu = 1 }
      local cpu = m.cpu[1]
      local A, B = 0x1000, 0x2000
      assert.succeeds(m:perf_event_open { type = "w", addr = A, len = 4, task = t, cpu = 1, inherit = true })
      assert.succeeds(m:perf_event_open { type = "w", addr = B, len = 4, task = t, inherit = true })
      if third then assert.succeeds(m:perf_event_open { type = "w", addr = 0x3000, len = 4, task = t }) end
      cpu:context_switch(t)
      local u = assert.succeeds(t:fork {})
      cpu:context_switch(u)
      if third then
        assert.regs(cpu, { wvr = { [0] = B, [1] = A } })
        cpu:context_switch(t)
        assert.regs(cpu, { wvr = { [0] = A, [1] = B, [2] = 0x3000 } })
      else
        assert.regs(cpu, { wvr = { [0] = A, [1] = B } })        -- swapped: u runs the originals
        cpu:context_switch()
        cpu:context_switch(t)
        assert.regs(cpu, { wvr = { [0] = B, [1] = A } })
      end
    end
  end)

  it("V-121: a modify that fails on a child", function()
    local m = hw.machine { cpus = 2, kernel = "6.1.192" }
    local t = m:task { cpu = 1 }
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0x1000, len = 4, task = t, inherit = true })
    m.cpu[1]:context_switch(t)
    local u = assert.succeeds(t:fork {})
    m.cpu[1]:context_switch(u)
    m.cpu[1]:context_switch()
    for i = 0, 5 do assert.succeeds(m:perf_event_open { type = "x", addr = 0x400000 + 4 * i, task = u }) end
    assert.errno("ENOSPC", ev:modify { type = "x", len = 4 })
    assert.equals("x", ev.type)
    m.cpu[1]:context_switch(t)
    assert.regs(m.cpu[1], { wvr = { [0] = 0x1000 }, wcr = { [0] = 0x1f5 } })
  end)
end)
