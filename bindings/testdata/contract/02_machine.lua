-- Section 2 of the contract: options, fields, presets, who acts, time.
local hw = require "hw"

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
  return message
end

local K = 0xffffff8008080000

describe("options", function()
  it("have the defaults of the table", function()
    local m = hw.machine {}
    assert.equals(4, m.nr_cpus)
    assert.equals(6, m.core_num_brps)
    assert.equals(4, m.core_num_wrps)
    assert.equals("4.19.116", m.kernel)
    assert.equals(6, #m.cpu[0].bvr)
    assert.equals(4, #m.cpu[3].wvr)
    assert.dmesg(m, "hw%-breakpoint: found 6 breakpoint and 4 watchpoint registers%.$")
    m = hw.machine()
    assert.equals(4, m.nr_cpus)
  end)

  it("hz gives the length of a jiffy", function()
    for _, hz in ipairs { 100, 250, 300, 1000 } do
      local m = hw.machine { hz = hz }
      local j, t = m.jiffies, m.now
      m:msleep(1000)
      assert.near(hz, m.jiffies - j, 2)
    end
    -- 300 does not divide a second: a tick is TICK_NSEC, 3333333 ns, and 10 ms are still 3 jiffies, not 4 (R-TMR-1, 2).
    local m, at = hw.machine { hz = 300 }, nil
    m:schedule_delayed_work(m:delayed_work("probe", function() at = m.jiffies end), "10ms")
    m:run()
    assert.equals(4, at)
    assert.equals(4 * 3333333, m.now * 1e9)
    m:schedule_delayed_work(m:delayed_work("probe", function() at = m.jiffies end), "11ms")
    m:run()
    assert.equals(4 + 5, at)
  end)

  it("name, release, version, taint stand in dump_stack headers", function()
    local m = hw.machine { name = "xxx_mach", release = "4.19.116+", version = "#49 SMP PREEMPT", taint = "PO" }
    m:dump_stack_in("write_wb_reg")
    m.cpu[0]:write_wb_reg("WVR", 0, 8)
    assert.dmesg(m, "Hardware name: xxx_mach %(DT%)$")
    assert.dmesg(m, "CPU: 0 PID: 1 Comm: hwlua Tainted: P           O      4%.19%.116%+ #49$")
    m = hw.machine {}
    m:dump_stack_in("write_wb_reg")
    m.cpu[0]:write_wb_reg("WVR", 0, 8)
    assert.dmesg(m, "Hardware name: test_mach %(DT%)$")
    assert.dmesg(m, "CPU: 0 PID: 1 Comm: hwlua .*4%.19%.116")
  end)

  it("kernel takes the names of the profiles, and any release means the nearest of them", function()
    local names = { "4.19.0", "4.19.116", "4.19.266", "5.10.223", "6.1.176", "6.1.192", "6.12.117", "6.18.15", "7.3.4" }
    assert.same(names, { unpack(hw.kernels) })
    for _, k in ipairs(names) do
      assert.equals(k, hw.machine { kernel = k }.kernel)
    end
    for short, full in pairs { ["4.19"] = "4.19.116", ["5.4"] = "4.19.266", ["5.10"] = "5.10.223", ["5.15"] = "6.1.176",
      ["6.1"] = "6.1.192", ["6.6"] = "6.1.192", ["6.12"] = "6.12.117", ["6.18"] = "6.18.15", ["7.3"] = "7.3.4",
      ["6.1.179-1-arm64"] = "6.1.176", ["7.0.13"] = "6.18.15" } do
      assert.equals(full, hw.machine { kernel = short }.kernel)
    end
    raises("4%.19%.116", hw.machine, { kernel = "mainline" })
    raises("", hw.machine, { kernel = 4.19 })
  end)

  it("counts per CPU", function()
    local m = hw.machine { cpus = 4, brps = { 6, 6, 4, 4 }, wrps = { 4, 4, 2, 2 } }
    assert.equals(4, m.core_num_brps)
    assert.equals(2, m.core_num_wrps)
    assert.equals(6, #m.cpu[0].bcr)
    assert.equals(4, #m.cpu[0].wcr)
    assert.equals(4, #m.cpu[2].bcr)
    assert.equals(2, #m.cpu[3].wvr)
    assert.dmesg(m, "found 4 breakpoint and 2 watchpoint registers")
    assert.dmesg(m, "SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1")
    assert.equals(6, m:slots(0).bp.limit)
    assert.equals(4, m:slots(0).bp.usable)
    assert.equals(4, m:slots(0).wp.limit)
    assert.equals(2, m:slots(0).wp.usable)
    raises("brps", hw.machine, { cpus = 2, brps = { 6 } })
    raises("wrps", hw.machine, { cpus = 2, wrps = { 4, 4, 4 } })
    raises("wrps", hw.machine, { cpus = 2, wrps = { 4, 17 } })
    raises("wrps", hw.machine, { cpus = 2, wrps = { 4, 0 } })
    raises("wrps", hw.machine, { cpus = 2, wrps = { 4, "x" } })
  end)

  it("bounds", function()
    assert.equals(65, hw.machine { cpus = 65 }.nr_cpus)
    assert.equals(1024, hw.machine { cpus = 1024 }.nr_cpus)
    local counts = {}
    for i = 1, 70 do counts[i] = 4 + i % 3 end
    assert.equals(70, hw.machine { wrps = counts }.nr_cpus)
    assert.equals(1, hw.machine { cpus = 1 }.nr_cpus)
    assert.equals(16, hw.machine { brps = 16 }.core_num_brps)
    assert.equals(1, hw.machine { wrps = 1 }.core_num_wrps)
    raises("cpus", hw.machine, { cpus = 0 })
    raises("cpus", hw.machine, { cpus = 1025 })
    raises("va_bits", hw.machine, { va_bits = 0 })
    raises("cpus", hw.machine, { cpus = 1.5 })
    raises("cpus", hw.machine, { cpus = "4" })
    raises("brps", hw.machine, { brps = 0 })
    raises("brps", hw.machine, { brps = 17 })
    raises("wrps", hw.machine, { wrps = 0 })
    raises("wrps", hw.machine, { wrps = 17 })
    raises("va_bits", hw.machine, { va_bits = 5 })
    raises("hz", hw.machine, { hz = 0 })
    raises("hz", hw.machine, { hz = 1001 })
    raises("far", hw.machine, { far = "middle" })
    raises("vhe", hw.machine, { vhe = 1 })
    raises("trace_size", hw.machine, { trace_size = -1 })
    raises("table", hw.machine, 4)
    raises("", hw.machine, "x")
    raises("cpu", hw.machine, { cpu = "cortex-a57x" })
    raises("did you mean 'kernel'", hw.machine, { kernal = "4.19" })
    raises("did you mean 'wrps'", hw.machine, { wrp = 3 })
    raises("did you mean 'brps'", hw.machine, { brp = 3 })
    raises("bad argument #1 to 'machine' %(field 'cpus'", hw.machine, { cpus = "four" })
  end)

  it("va_bits decides what is a kernel address", function()
    for _, va in ipairs { 36, 39, 42, 47, 48 } do
      local m = hw.machine { va_bits = va }
      local top = bit.lshift(1, va)
      local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = top - 4, len = 4 })
      assert.equals("el0", hw.ctrl.decode(m.cpu[0].wcr[0]).privilege)
      local v = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = top, len = 4 })
      assert.equals("el1", hw.ctrl.decode(m.cpu[0].wcr[1]).privilege)
    end
  end)

  it("vhe sets HMC for the kernel's own", function()
    local m = hw.machine { vhe = true }
    assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 })
    assert.equals(0x3ffb, m.cpu[0].wcr[0])
  end)

  it("nodebugmon leaves MDSCR alone", function()
    local m = hw.machine { nodebugmon = true }
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 })
    assert.equals(0x1000, m.cpu[0].mdscr_el1)
    assert.equals(0x1ffb, m.cpu[0].wcr[0])
  end)

  it("trace_size keeps the newest", function()
    local m = hw.machine { trace_size = 10 }
    for i = 0, 3 do m:register_wide_hw_breakpoint { type = "rw", addr = K + 8 * i, len = 8 } end
    assert.is_true(#m:trace {} <= 10)
    assert.is_true(#m:trace {} >= 1)
    m = hw.machine { trace_size = 0 }
    m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 }
    assert.equals(0, #m:trace {})
  end)

  it("presets", function()
    assert.equals("table", type(hw.presets))
    assert.is_not_nil(hw.presets["cortex-a57"])
    local m = hw.machine { cpu = "cortex-a57" }
    assert.equals(6, m.core_num_brps)
    assert.equals(4, m.core_num_wrps)
    m = hw.machine { cpu = "cortex-a57", brps = 2 }
    assert.equals(2, m.core_num_brps)
    assert.equals(4, m.core_num_wrps)
    local n = 0
    for _, p in ipairs(hw.presets) do
      n = n + 1
      assert.equals(p, hw.presets[p.name])
      local pm = hw.machine { cpu = p.name, cpus = 1 }
      assert.equals(p.brps, pm.core_num_brps)
      assert.equals(p.wrps, pm.core_num_wrps)
    end
    assert.is_true(n >= 2)
  end)
end)

describe("fields", function()
  it("read only, unknown raise", function()
    local m = hw.machine { cpus = 2 }
    raises("nr_cpus", function() m.nr_cpus = 3 end)
    raises("did you mean 'nr_cpus'", function() return m.nr_cpu end)
    raises("did you mean 'core_num_brps'", function() return m.core_num_brp end)
    raises("", function() return m.cpu[2] end)
    raises("", function() return m.cpu[-1] end)
    raises("", function() return m.cpu[64] end)
    raises("", function() return m.cpu.x end)
    raises("", function() return m.cpu[0.5] end)
    raises("", function() return m.cpu["0"] end)
    raises("", function() m.cpu[0] = 1 end)
    assert.equals(m.cpu[0], m.cpu[0])
    local ids = {}
    for cpu in m:cpus() do ids[#ids + 1] = cpu.id end
    assert.same({ 0, 1 }, ids)
    local t = { [m.cpu[0]] = 1 }
    for cpu in m:cpus() do t[cpu] = (t[cpu] or 0) + 1 end
    assert.equals(2, t[m.cpu[0]])
    assert.equals("number", type(m.now))
    assert.equals("number", type(m.jiffies))
  end)

  it("errnos", function()
    assert.equals(28, hw.errno.ENOSPC)
    assert.equals(22, hw.errno.EINVAL)
    assert.equals(1, hw.errno.EPERM)
    assert.equals(2, hw.errno.ENOENT)
    assert.equals(3, hw.errno.ESRCH)
    assert.equals(6, hw.errno.ENXIO)
    assert.equals(11, hw.errno.EAGAIN)
    assert.equals(12, hw.errno.ENOMEM)
    assert.equals(13, hw.errno.EACCES)
    assert.equals(16, hw.errno.EBUSY)
    assert.equals(19, hw.errno.ENODEV)
    assert.equals(95, hw.errno.EOPNOTSUPP)
    raises("did you mean 'ENOSPC'", function() return hw.errno.ENOSPCC end)
  end)

  it("hw is a global and a module", function()
    assert.equals(hw, _G.hw)
    assert.equals(hw, require "hw")
    assert.equals(hw, package.loaded.hw)
  end)
end)

describe("misuse", function()
  it("names the method, with '.' for ':'", function()
    local m = hw.machine {}
    raises("did you mean 'm:msleep'", function() m.msleep(5) end)
    raises("m:why", function() m.why() end)
    raises("did you mean 'cpu:load'", function() m.cpu[0].load(8, 8) end)
    local t = m:task {}
    raises("'t:exit'", function() t.exit() end)
    local ev = m:perf_event_open { type = "w", addr = 8, len = 8, task = t }
    raises("'ev:enable'", function() ev.enable() end)
    raises("did you mean 'register_wide_hw_breakpoint'", function() m:register_wide_hw_breakpiont {} end)
    raises("did you mean 'enable'", function() ev:enabel() end)
    raises("did you mean 'context_switch'", function() m.cpu[0]:context_swich(t) end)
  end)

  it("says file and line, argument and field", function()
    local m = hw.machine {}
    raises("02_machine%.lua:%d+: bad argument #1 to 'perf_event_open' %(field 'len': number expected, got string%)", function()
      m:perf_event_open { type = "w", addr = 8, len = "four", cpu = 0 }
    end)
    raises("02_machine%.lua:%d+: bad argument #1 to 'msleep' %(number expected, got string%)", function() m:msleep("x") end)
    raises("02_machine%.lua:%d+: bad argument #1 to 'msleep' %(number expected, got no value%)", function() m:msleep() end)
    raises("02_machine%.lua:%d+: bad argument #1 to 'msleep' %(number expected, got nil%)", function() m:msleep(nil) end)
    raises("bad argument #1 to 'perf_event_open' %(table expected, got no value%)", function() m:perf_event_open() end)
    raises("bad argument #1 to 'perf_event_open' %(table expected, got number%)", function() m:perf_event_open(4) end)
    raises("bad argument #2 to 'schedule_work_on' %(work expected, got table%)", function() m:schedule_work_on(0, {}) end)
    raises("bad argument #1 to 'unregister_hw_breakpoint' %(event expected, got", function() m:unregister_hw_breakpoint(m.cpu[0]) end)
    raises("bad argument #1 to 'unregister_wide_hw_breakpoint' %(wide expected, got", function() m:unregister_wide_hw_breakpoint(5) end)
    raises("field 'type'", function() m:perf_event_open { type = "q", addr = 8, len = 8, cpu = 0 } end)
    raises("field 'task'", function() m:perf_event_open { type = "w", addr = 8, len = 8, task = 3 } end)
    raises("field 'disabled'", function() m:perf_event_open { type = "w", addr = 8, len = 8, cpu = 0, disabled = 1 } end)
    raises("field 'on_hit'", function() m:perf_event_open { type = "w", addr = 8, len = 8, cpu = 0, on_hit = function() end } end)
    raises("field 'cpu'", function() m:register_wide_hw_breakpoint { type = "w", addr = 8, len = 8, cpu = 0 } end)
    raises("field 'task'", function() m:register_wide_hw_breakpoint { type = "w", addr = 8, len = 8, task = m:task{} } end)
  end)

  it("objects of another machine are refused", function()
    local a, b = hw.machine {}, hw.machine {}
    local t = a:task {}
    raises("another machine", function() b.cpu[0]:context_switch(t) end)
    raises("another machine", function() b:perf_event_open { type = "w", addr = 8, len = 8, task = t } end)
  end)
end)

describe("who acts", function()
  it("the script is hwlua, pid 1, on CPU 0; elsewhere swapper/N, pid 0", function()
    local m = hw.machine { cpus = 3 }
    assert.equals("hwlua", m.cpu[0].current.comm)
    assert.equals(1, m.cpu[0].current.pid)
    assert.equals("swapper/1", m.cpu[1].current.comm)
    assert.equals(0, m.cpu[1].current.pid)
    assert.equals("swapper/2", m.cpu[2].current.comm)
    local t = m:task { comm = "a" }
    m.cpu[0]:context_switch(t)
    assert.equals(t, m.cpu[0].current)
    m.cpu[0]:context_switch(nil)
    assert.equals("hwlua", m.cpu[0].current.comm)
    local u = m:task { comm = "u", cpu = 1 }
    m.cpu[1]:context_switch(u)
    assert.equals(u, m.cpu[1].current)
    m.cpu[1]:context_switch()
    assert.equals("swapper/1", m.cpu[1].current.comm)
  end)

  it("calls in a task's name have its pid and comm in the trace, at EL1", function()
    local m = hw.machine { cpus = 2 }
    local t = m:task { comm = "actor", pid = 77 }
    m.cpu[0]:context_switch(t)
    local w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
    local r = m:trace { fn = "register_wide_hw_breakpoint" }[1]
    assert.equals(77, r.pid)
    assert.equals("actor", r.comm)
    assert.equals(0, r.cpu)
  end)

  it("no call costs virtual time", function()
    local m = hw.machine {}
    local now = m.now
    local t = m:task {}
    m.cpu[0]:context_switch(t)
    for i = 1, 100 do
      local w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
      m:unregister_wide_hw_breakpoint(w)
    end
    m:cpu_down(1) m:cpu_up(1)
    assert.equals(now, m.now)
  end)

  it("cpu:run runs on that CPU as its current thread and returns what it returns", function()
    local m = hw.machine { cpus = 4 }
    local a, b, c = m.cpu[2]:run(function(x, y) return x + y, m.cpu[2].current.comm, nil end, 3, 4)
    assert.equals(7, a)
    assert.equals("swapper/2", b)
    assert.equals(3, select("#", m.cpu[2]:run(function() return 1, nil, nil end)))
    m.cpu[2]:run(function() m:perf_event_open { type = "w", addr = K, len = 8, cpu = 2 } end)
    local rec = m:trace { fn = "__perf_install_in_context" }
    assert.equals(2, rec[1].cpu)
    assert.equals("swapper/2", rec[1].comm)
    local chain = m:callchain("write_wb_reg")
    local seen = {}
    for _, n in ipairs(chain) do seen[n] = true end
    assert.is_nil(seen.handle_IPI)
    assert.is_true(seen.smp_call_function_single)
    local t = m:task { comm = "t2", cpu = 2 }
    m.cpu[2]:context_switch(t)
    assert.equals("t2", m.cpu[2]:run(function() return m.cpu[2].current.comm end))
    raises("boom", function() m.cpu[2]:run(function() error("boom") end) end)
    assert.equals("hwlua", m.cpu[0].current.comm)
    raises("function expected", function() m.cpu[2]:run(5) end)
    local e = { }
    local ok, got = pcall(function() m.cpu[1]:run(function() error(e) end) end)
    assert.equals(e, got)
    -- nested
    assert.equals(9, m.cpu[1]:run(function() return m.cpu[2]:run(function() return 9 end) end))
  end)
end)

describe("time", function()
  it("msleep passes time", function()
    local m = hw.machine {}
    local t0 = m.now
    m:msleep(100)
    assert.is_true(m.now - t0 >= 0.1)
    assert.is_true(m.now - t0 < 0.11)
    m:msleep(0)
    raises("", function() m:msleep(-1) end)
    raises("", function() m:msleep(0/0) end)
  end)

  it("run returns the steps, step a description or nil", function()
    local m = hw.machine {}
    local n = m:run()
    assert.equals("number", type(n))
    assert.is_nil(m:step())
    local ran = 0
    m:schedule_delayed_work(m:delayed_work("probe", function() ran = ran + 1 end), 10)
    local steps = {}
    for what in function() return (m:step()) end do steps[#steps + 1] = what end
    assert.equals(1, ran)
    assert.is_true(#steps >= 2)
    assert.matches("probe", table.concat(steps, "\n"))
    m = hw.machine {}
    m:schedule_delayed_work(m:delayed_work("probe", function() ran = ran + 1 end), 10)
    assert.equals(#steps, m:run())
    assert.equals(0, m:run())
  end)

  it("run of a machine that never rests names what is still going", function()
    local m = hw.machine {}
    local dw
    dw = m:delayed_work("again_and_again", function() m:schedule_delayed_work(dw, 1) end)
    m:schedule_delayed_work(dw, 1)
    raises("again_and_again", function() m:run() end)
  end)

  it("run names a body that calls for ever and never sleeps", function()
    local m = hw.machine { cpus = 2 }
    m:task { comm = "spinner", body = function(t) while true do t:load(0x1000, 8) end end }
    raises("spinner", function() m:run() end)
  end)

  it("a body that spins on something lets the others have a turn", function()
    for _, seed in ipairs { 0, 3 } do
      local m = hw.machine { cpus = 1, seed = seed }
      local flag, seen
      m:task { comm = "waiter", body = function(t) while not flag do t:load(0x1000, 8) end seen = true end }
      m:task { comm = "setter", body = function() flag = true end }
      m:run()
      assert.is_true(seen)
    end
  end)

  it("run and step are the script's alone", function()
    local m = hw.machine {}
    local seen = {}
    m:task { body = function() seen[1] = select(2, pcall(m.run, m)) seen[2] = select(2, pcall(m.step, m)) end }
    m:run()
    assert.matches("script", seen[1])
    assert.matches("script", seen[2])
    m:schedule_work(m:work("w", function() seen[3] = select(2, pcall(m.run, m)) end))
    m:run()
    assert.matches("script", seen[3])
  end)

  it("dmesg filters by Lua pattern", function()
    local m = hw.machine {}
    local all = m:dmesg()
    assert.equals("table", type(all))
    local some = m:dmesg("hw%-breakpoint: found %d")
    assert.equals(1, #some)
    assert.matches("^%[ *%d+%.%d%d%d%d%d%d%] hw%-breakpoint: found", some[1])
    assert.same({}, m:dmesg("no such line"))
    raises("02_machine.lua:%d+: unfinished capture", function() m:dmesg("(") end)
    raises("02_machine.lua:%d+: malformed pattern", function() m:dmesg("%") end)
    raises("02_machine.lua:%d+: malformed pattern", function() assert.dmesg(m, "[") end)
    raises("02_machine.lua:%d+: bad argument #1 to 'dmesg'", function() m:dmesg(5) end)
  end)

  it("printk writes lines with the stamp of the call", function()
    local m = hw.machine { cpus = 2 }
    local before = #m:dmesg()
    local function logged() return { unpack(m:dmesg(), before + 1) } end
    m:msleep(28808)
    assert.is_true(m:printk("probe: 100% armed\n"))
    m:task { comm = "t", cpu = 1, body = function() m:msleep(4) m:printk("one\n\n two") end }
    m:run()
    assert.same({
      "[   28.808000] probe: 100% armed",
      "[   28.812000] one", "[   28.812000] ", "[   28.812000]  two",
    }, logged())
    before = #m:dmesg()
    assert.is_true(m:printk("cut\0here"))
    assert.is_true(m:printk(""))
    assert.same({ "[   28.812000] cut" }, logged())       -- 6.1 logs an empty message (D-18)
    assert.is_true(m:printk(("x"):rep(5000)))
    assert.equals("[   28.812000] " .. ("x"):rep(991), m:dmesg()[#m:dmesg()])
    raises("02_machine.lua:%d+: bad argument #1 to 'printk' %(string expected, got number%)", function() m:printk(5) end)
    raises("bad argument #1 to 'printk'", function() m:printk() end)
  end)

  it("printk may be called in a handler, and in a machine without a trace", function()
    local m = hw.machine { trace_size = 0 }
    local t = m:task {}
    m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
      on_hit = function(ev, hit) m:printk("hit at " .. hw.hex(hit.addr)) m:perf_event_disable(ev) end }
    t:store(0x1000, 8)
    assert.dmesg(m, "%] hit at 0x0*1000$")
  end)

  it("the same seed gives the same bytes", function()
    local function play(seed)
      local m = hw.machine { cpus = 3, seed = seed }
      for i = 0, 2 do
        m:task { comm = "t" .. i, cpu = i, body = function(t)
          for j = 1, 3 do
            local w = m:register_wide_hw_breakpoint { type = "w", addr = K + 64 * i + 8 * j, len = 8 }
            m:msleep(j)
            if w then m:unregister_wide_hw_breakpoint(w) end
          end
        end }
      end
      m:run()
      local out = {}
      for _, r in ipairs(m:trace {}) do
        out[#out + 1] = ("%s %d %.9f %d %s %s"):format(r.fn, r.cpu, r.t, r.pid, r.comm, tostring(r.ret))
      end
      return table.concat(out, "\n")
    end
    for _, seed in ipairs { 0, 1, 99 } do assert.equals(play(seed), play(seed)) end
    local differ = false
    for seed = 3, 6 do if play(seed) ~= play(0) then differ = true end end
    assert.is_true(differ)
  end)
end)

it("no message has an address of the host", function()
  local m = hw.machine {}
  local K = 0xffffff8008080000
  local said = {}
  for _, fn in ipairs {
    function() m:cpu_down(K) end, function() m:perf_event_open { cpu = K } end, function() m:perf_event_open { [{}] = 1 } end,
    function() m:perf_event_open { [print] = 1 } end, function() m:perf_event_open { [m] = 1 } end, function() m:perf_event_open { [K] = 1 } end,
    function() assert.errno("ENOSPC", nil, K, {}) end, function() assert.errno("ENOSPC", {}) end, function() assert.errno("ENOSPC", print) end,
    function() assert.regs(m, { [print] = 1 }) end, function() assert.regs(m, { wcr = { [{}] = 1 } }) end,
    function() assert.same({ [m] = print }, { {} }) end, function() m:schedule_delayed_work(m:delayed_work("x", print), K) end,
  } do
    local ok, message = pcall(fn)
    assert.is_false(ok)
    said[#said + 1] = tostring(message):gsub("0xffffff8008080000", "K"):gsub(": 0x0000%x%x%x%x", "")
  end
  assert.not_matches("0x%x%x%x%x%x%x", table.concat(said, "\n"))
end)
