-- Section 4 of the contract: tasks, bodies, accesses, fork, exec, exit, ptrace.
local hw = require "hw"

local K = 0xffffff8008080000
local U = 0x1000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

local m
before_each(function() m = hw.machine { cpus = 2, kernel = "4.19.266" } end)

describe("m:task", function()
  it("gives pid and comm where they are left out", function()
    local a, b, c = m:task(), m:task {}, m:task { cpu = 1 }
    assert.equals("number", type(a.pid))
    assert.is_true(a.pid ~= b.pid and b.pid ~= c.pid)
    assert.is_true(#a.comm > 0)
    assert.equals(0, a.cpu)
    assert.equals(1, c.cpu)
    assert.is_false(a.compat)
    assert.is_true(m:task { compat = true }.compat)
    assert.equals("runnable", a.state)
    assert.is_nil(a.siginfo)
  end)

  it("takes what it is given", function()
    local t = m:task { comm = "mali-cmar-backe", pid = 3237, cpu = 0 }
    assert.equals("mali-cmar-backe", t.comm)
    assert.equals(3237, t.pid)
    assert.not_equals(3237, m:task {}.pid)
    raises("did you mean 'comm'", function() m:task { com = "x" } end)
    raises("cpu", function() m:task { cpu = 2 } end)
    raises("cpu", function() m:task { cpu = -1 } end)
    raises("pid", function() m:task { pid = "x" } end)
    raises("pid", function() m:task { pid = 3237 } end)
    raises("pid", function() m:task { pid = -5 } end)
    raises("pid", function() m:task { pid = 0 } end)
    raises("body", function() m:task { body = 4 } end)
    raises("comm", function() m:task { comm = 4 } end)
  end)

  it("no number is taken twice, and the kernel's own threads give way", function()
    local t = m:task { pid = 3, comm = "three" }
    assert.equals(3, t.pid)
    m:task { pid = 9 }
    m:task { pid = 1000 }
    raises("1", function() m:task { pid = 1 } end)
    for i = 1, 3 do
      m:task {}
      m:schedule_work(m:work("w" .. i, function() m:msleep(10) end))     -- makes kworkers
    end
    m:run()
    local seen = {}
    for _, t in ipairs(m:tasks()) do
      assert.is_nil(t.pid ~= 0 and seen[t.pid] or nil)
      seen[t.pid] = t
    end
    assert.equals("three", seen[3].comm)
  end)

  it("a comm is cut at 15 characters as the kernel does", function()
    assert.equals("mali-cmar-backe", m:task { comm = "mali-cmar-backend" }.comm)
  end)

  it("fields cannot be assigned to", function()
    local t = m:task {}
    raises("pid", function() t.pid = 4 end)
    raises("did you mean 'state'", function() return t.stat end)
  end)
end)

describe("a body", function()
  it("runs when its CPU's turn comes", function()
    local seen = {}
    local t = m:task { comm = "b", cpu = 1, body = function(self)
      seen[#seen + 1] = m.cpu[1].current
      seen[#seen + 1] = self
      seen[#seen + 1] = self.state
    end }
    assert.equals(0, #seen)
    assert.equals("runnable", t.state)
    m:run()
    assert.equals(t, seen[1])
    assert.equals(t, seen[2])
    assert.equals("running", seen[3])
    assert.equals("dead", t.state)
    assert.equals("swapper/1", m.cpu[1].current.comm)
  end)

  it("sleeps itself, and the CPU goes back", function()
    local order = {}
    local t = m:task { comm = "s", body = function(t)
      order[#order + 1] = "a"
      m:msleep(20)
      order[#order + 1] = "b"
    end }
    m:step()
    while t.state ~= "sleeping" do assert(m:step()) end
    assert.equals("hwlua", m.cpu[0].current.comm)
    m:run()
    assert.same({ "a", "b" }, order)
    assert.is_true(m.now >= 0.02)
  end)

  it("registers for itself and is hit", function()
    local n = 0
    local t = m:task { cpu = 1, body = function(t)
      local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev)
        n = n + 1
        m:perf_event_disable(ev)
      end })
      assert(t:store(U, 8, 5))
      assert(t:load(U, 8) == 5)
      m:unregister_hw_breakpoint(ev)
    end }
    t:wait()
    assert.equals(1, n)
    assert.equals("dead", t.state)
    assert.no_leaks(m)
  end)

  it("an error in a body reaches the script, and the task is gone", function()
    local left = 0
    local t = m:task { comm = "bad", body = function() error("boom in body") end }
    t:on_exit("count", function() left = left + 1 end)
    raises("boom in body", function() m:run() end)
    assert.equals("dead", t.state)
    assert.equals(1, left)
    assert.is_true(t:wait())
    assert.equals("hwlua", m.cpu[0].current.comm)
    assert.equals(0, m:run())
  end)

  it("any number of bodies sleep at once, and there is no end of them", function()
    local n = 0
    for i = 1, 300 do m:task { cpu = i % 2, body = function() m:msleep(10) n = n + 1 end } end
    m:run()
    assert.equals(300, n)
    for _ = 1, 300 do
      local w = m:work("w", function() m:msleep(5) end)
      m:schedule_work(w)
      m:task { body = function() m:cancel_work_sync(w) end }
      m:run()
    end
    assert.no_leaks(m)
  end)

  it("t:wait waits until it has exited", function()
    local t = m:task { body = function() m:msleep(10) end }
    assert.is_true(t:wait())
    assert.equals("dead", t.state)
    assert.is_true(t:wait())
  end)

  it("t:wait for a task without a body raises rather than hang", function()
    local t = m:task { comm = "still" }
    raises("still", function() t:wait() end)
  end)

  it("one task waits for another", function()
    local order = {}
    local a = m:task { comm = "a", cpu = 1, body = function() m:msleep(10) order[#order + 1] = "a" end }
    local b = m:task { comm = "b", body = function() a:wait() order[#order + 1] = "b" end }
    m:run()
    assert.same({ "a", "b" }, order)
  end)

  it("t:exit in a body ends it there", function()
    local after = false
    local t
    t = m:task { body = function(t) t:exit() after = true end }
    m:run()
    assert.equals("dead", t.state)
    assert.is_false(after)
  end)
end)

describe("accesses", function()
  it("switch to it first and stay there", function()
    local t = m:task { cpu = 1 }
    assert.equals(0, t:load(U, 4))
    assert.equals(t, m.cpu[1].current)
    assert.equals("running", t.state)
    local u = m:task { cpu = 1 }
    assert.is_true(u:store(U, 4, 7))
    assert.equals(u, m.cpu[1].current)
    assert.equals("runnable", t.state)
    assert.equals(0, t:load(U, 4))                    -- memory is a task's own
    assert.equals(7, u:load(U, 4))
    assert.is_true(t:exec(0x400580))
  end)

  it("memory below TASK_SIZE is shared with what it forks", function()
    local t = m:task {}
    t:store(U, 8, 0x1122334455667788)
    local c = assert.succeeds(t:fork {})
    assert.equals(0x1122334455667788, c:load(U, 8))
    c:store(U, 1, 0)
    assert.equals(0x1122334455667700, t:load(U, 8))
  end)

  it("a dead task does none", function()
    local t = m:task {}
    t:exit()
    assert.errno("ESRCH", t:load(U, 8))
    assert.errno("ESRCH", t:store(U, 8))
    assert.errno("ESRCH", t:exec(U))
    assert.errno("ESRCH", t:fork {})
    assert.errno("ESRCH", t:execve())
    assert.errno("ESRCH", t:exit())
    assert.errno("ESRCH", t:migrate(1))
    assert.errno("ESRCH", t:ptrace_set("watch", 0, U, 0x1f5))
    assert.errno("ESRCH", m:perf_event_open { type = "w", addr = U, len = 8, task = t })
    assert.errno("ESRCH", m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  end)

  it("are at EL0", function()
    local t = m:task { comm = "hitter" }
    local el, task
    m:register_user_hw_breakpoint { type = "r", addr = U, len = 4, task = t, on_hit = function(ev, hit)
      el, task = hit.el, hit.task m:perf_event_disable(ev) end }
    t:load(U, 4)
    assert.equals(0, el)
    assert.equals(t, task)
  end)
end)

describe("migrate", function()
  it("a current task leaves its CPU and is current nowhere", function()
    local t = m:task {}
    m.cpu[0]:context_switch(t)
    assert.is_true(t:migrate(1))
    assert.equals(1, t.cpu)
    assert.equals("hwlua", m.cpu[0].current.comm)
    assert.equals("swapper/1", m.cpu[1].current.comm)
    assert.equals("runnable", t.state)
    assert.errno("EINVAL", t:migrate(2))
    assert.errno("EINVAL", t:migrate(-1))
    local ev = m:perf_event_open { type = "w", addr = U, len = 8, task = t }
    t:store(U, 8)
    assert.equals(0x1ff5, m.cpu[1].wcr[0])
    t:migrate(0)
    assert.equals(0, m.cpu[1].wcr[0])
    t:store(U, 8)
    assert.equals(0x1ff5, m.cpu[0].wcr[0])
    assert.equals(2, ev.count)
  end)
end)

describe("fork, execve, exit", function()
  it("fork gives a child on the same CPU, not current", function()
    local t = m:task { cpu = 1, comm = "parent" }
    m.cpu[1]:context_switch(t)
    local c = assert.succeeds(t:fork { comm = "child", pid = 555 })
    assert.equals("child", c.comm)
    assert.equals(555, c.pid)
    assert.equals(1, c.cpu)
    assert.equals(t, m.cpu[1].current)
    local d = assert.succeeds(t:fork())
    assert.equals("parent", d.comm)
    raises("did you mean", function() t:fork { com = "x" } end)
  end)

  it("inherited events have reservations of their own (V-114)", function()
    local t = m:task {}
    assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    for i = 0, 2 do assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t, inherit = true }) end
    local c = assert.succeeds(t:fork {})
    assert.equals(3, m:slots(0).wp.task_pinned)
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = c, cpu = 1 })
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = U, len = 8, task = c })
  end)

  it("a fork whose copies do not fit fails", function()
    local t = m:task {}
    for i = 0, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t, inherit = true }) end
    local c = assert.succeeds(t:fork {})
    c:exit()
  end)

  it("counts of children are read through the parent's file", function()
    local t = m:task {}
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, inherit = true })
    local c = assert.succeeds(t:fork {})
    t:store(U, 8)
    c:store(U, 8)
    c:store(U, 8)
    assert.equals(3, ev:read())
    c:exit()
    assert.equals(3, ev:read())
  end)

  it("execve releases ptrace events and enables enable_on_exec ones", function()
    local t = m:task {}
    assert.is_true(t:ptrace_set("watch", 0, U, 0x1f5))
    assert.equals(1, m:slots(0).wp.task_pinned)
    assert.is_true(t:execve())
    assert.equals(0, m:slots(0).wp.task_pinned)
    local addr, ctrl = t:ptrace_get("watch", 0)
    assert.equals(0, addr)
    assert.equals(0, ctrl)
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, disabled = true, enable_on_exec = true })
    t:execve()
    t:store(U, 8)
    assert.equals(1, ev.count)
  end)

  it("exit switches to it and goes the whole way, on_exit inside exit_files", function()
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 })
    local t = m:task { comm = "mali-cmar-backe", pid = 3237, cpu = 1 }
    local who, arg
    assert.is_true(t:on_exit("_unregister_wp_bp", function(self) who, arg = m.cpu[1].current, self m:unregister_wide_hw_breakpoint(w) end))
    assert.is_true(t:exit())
    assert.equals(t, who)
    assert.equals(t, arg)
    assert.equals("dead", t.state)
    local chain = m:callchain("unregister_wide_hw_breakpoint")
    assert.same({ "unregister_wide_hw_breakpoint", "_unregister_wp_bp", "exit_files", "do_exit", "do_group_exit", "__se_sys_exit",
      "el0_svc_common", "el0_svc_handler", "el0_svc" }, chain)
    assert.no_leaks(m)
    raises("bad argument #2 to 'on_exit'", function() m:task{}:on_exit("x") end)
    raises("bad argument #1 to 'on_exit'", function() m:task{}:on_exit(print, "x") end)
  end)

  it("several on_exit functions run in the order they were given", function()
    local order = {}
    local t = m:task {}
    t:on_exit("a", function() order[#order + 1] = "a" end)
    t:on_exit("b", function() order[#order + 1] = "b" end)
    t:exit()
    assert.same({ "a", "b" }, order)
  end)

  it("events of an exited task stay reserved (V-74)", function()
    local t = m:task {}
    local evs = {}
    for i = 0, 3 do evs[i] = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t }) end
    t:exit()
    assert.equals("exit", evs[0].state)
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
    assert.same({ evs[0], evs[1], evs[2], evs[3] }, m:why().holders)
    assert.is_true(evs[0]:enable())
    assert.equals("exit", evs[0].state)
    for i = 0, 3 do evs[i]:close() end
    assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
  end)
end)

describe("ptrace", function()
  it("V-97 to V-103", function()
    local t = m:task {}
    assert.equals(0x604, t:ptrace_info("watch"))
    assert.equals(0x606, t:ptrace_info("break"))
    for i = 0, 15 do
      local a, c = t:ptrace_get("watch", i)
      assert.equals(0, a) assert.equals(0, c)
    end
    assert.is_true(t:ptrace_set("watch", 0, 0x1004, 0x1f5))
    local a, c = t:ptrace_get("watch", 0)
    assert.equals(0x1000, a)
    assert.equals(0x1e15, c)
    assert.is_true(t:ptrace_set("watch", 0, a, 0))                       -- V-101
    a, c = t:ptrace_get("watch", 0)
    assert.equals(0x1000, a)
    assert.errno("EINVAL", t:ptrace_set("watch", 0, 0x1000, 0xa5))         -- V-100
    assert.errno("EINVAL", t:ptrace_set("break", 0, 0x1000, 0x1f5))        -- V-103
    assert.errno("EINVAL", t:ptrace_set("watch", 16, 0, 0))
    assert.errno("EINVAL", t:ptrace_get("watch", 16))
    raises("bad argument #1", function() t:ptrace_set("w", 0, 0, 0) end)
    raises("bad argument #4", function() t:ptrace_set("watch", 0, 0) end)
    raises("bad argument #4", function() t:ptrace_set("watch", 0, 0, 0x100000000) end)
    assert.errno("EINVAL", t:ptrace_set("watch", 0, K, 0))
  end)

  it("V-102: all 16 with zeros: ENOSPC, entries 0 to 3 made", function()
    local t = m:task {}
    assert.errno("ENOSPC", t:ptrace_set("watch", 15, 0, 0))
    assert.equals(4, m:slots(0).wp.task_pinned)
    local a, c = t:ptrace_get("watch", 3)
    assert.equals(0x1fc, c)
    a, c = t:ptrace_get("watch", 4)
    assert.equals(0, c)
    t = m:task {}
    assert.is_true(t:ptrace_set("break", 5, 0, 0))
    a, c = t:ptrace_get("break", 0)
    assert.equals(0x1e4, c)
  end)

  it("a user copy of an old kernel that hits an entry never gets past it (D-1)", function()
    for kernel, stuck in pairs { ["4.19.116"] = true, ["4.19.266"] = false } do
      local b = hw.machine { cpus = 1, kernel = kernel, cpu = "cortex-a76" }
      local u = b:task {}
      assert.is_true(u:ptrace_set("watch", 0, U, 0x1f5))
      assert.succeeds(b:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })   -- sets KDE
      b.cpu[0]:context_switch(u)
      local ok, message = pcall(b.cpu[0].put_user, b.cpu[0], U, 4, 5)
      assert.equals(not stuck, ok)
      if stuck then assert.matches("traps again.*ptrace", message) end
    end
  end)

  it("an access that an entry stops is not performed", function()
    local t = m:task {}
    t:store(U, 4, 1)
    assert.is_true(t:ptrace_set("watch", 0, U, 0x1f5))
    assert.errno("SIGTRAP", t:store(U + 2, 1, 9))
    assert.equals(4, t.siginfo.code)
    assert.equals(U + 2, t.siginfo.addr)
    assert.equals(0, t.siginfo.errno)
    assert.equals(1, t:load(U, 4))
    local v, message, errno = t:store(U, 4, 2)
    assert.is_nil(v)
    assert.equals("string", type(message))
    assert.equals("SIGTRAP", errno)
    assert.is_true(t:ptrace_set("break", 0, 0x400580, 0x1e5))
    assert.errno("SIGTRAP", t:exec(0x400580))
    assert.equals(0x400580, t.siginfo.addr)
    local c = m:task { compat = true }
    assert.is_true(c:ptrace_set("watch", 1, U, 0x1f5))
    assert.errno("SIGTRAP", c:store(U, 4))
    assert.equals(-3, c.siginfo.errno)
    assert.is_true(c:ptrace_set("break", 2, 0x400580, 0x1e5))
    assert.errno("SIGTRAP", c:exec(0x400580))
    assert.equals(5, c.siginfo.errno)
  end)
end)

describe("a thread that acts through a task of its own CPU", function()
  it("lends it the CPU and goes on", function()
    local m = hw.machine { cpus = 2 }
    local t, seen = m:task { comm = "t", cpu = 1 }, {}
    local function note() seen[#seen + 1] = m.current.comm end
    local hits = 0
    local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(_, hit)
      hits = hits + 1
      assert.equals(t, hit.task)
      hit.skip = true
    end })
    m:schedule_work_on(1, m:work("probe", function(w)
      assert.is_true(t:store(U, 8, 1))
      assert.is_true(t:store(U + 8, 8, 5))
      note()
      assert.equals("runnable", t.state)
      local kid = assert(t:fork { comm = "kid" })
      assert.equals(5, kid:load(U + 8, 8))
      t:on_exit("hook", function() note() m:msleep(5) note() end)
      assert.is_true(t:exit())
      assert.is_true(kid:exit())
      note()
    end))
    m:run()
    assert.equals(1, hits)
    assert.same({ "kworker/1:0", "t", "t", "kworker/1:0" }, seen)
    assert.equals("swapper/1", m.cpu[1].current.comm)
    assert.equals("exit", ev.state)
    m:unregister_hw_breakpoint(ev)
    assert.no_leaks(m)
  end)
end)

describe("a tracer that is a thread", function()
  it("may run on the tracee's CPU, which it gives up for the moment", function()
    for cpu = 0, 1 do
      local m = hw.machine { cpus = 2 }
      local t, seen = m:task { cpu = 1 }, {}
      m:task { comm = "tracer", cpu = cpu, body = function(me)
        assert(t:ptrace_set("watch", 0, 0x1004, 0x1f5))
        seen[1] = m.current
        seen[2] = { t:ptrace_get("watch", 0) }
        raises("cannot trace itself", function() me:ptrace_get("watch", 0) end)
        assert.equals(me, seen[1])
      end }
      m:run()
      assert.same({ 0x1000, 0x1e15 }, seen[2])
      assert.equals("swapper/1", m.cpu[1].current.comm)
      assert.regs_exactly(m.cpu[1], { wvr = { [0] = 0x1000 } })       -- it ran for a moment (R-PTR-18)
      assert.errno("SIGTRAP", t:store(0x1004, 4))
      t:exit()
      assert.no_leaks(m)
    end
  end)
end)

it("two tracers and one who lets the tracee exit leave nothing behind, in any order", function()
  for seed = 1, 40 do
    local m = hw.machine { cpus = 3, seed = seed }
    local t = m:task { cpu = 1 }
    local function trace() for i = 0, 3 do t:ptrace_set("watch", i, U, 0x1f5) m:msleep(1) end end
    m:task { cpu = 0, body = trace }
    m:task { cpu = 2, body = trace }
    m:task { cpu = 2, body = function() m:msleep(seed % 5) t:exit() end }
    m:run()
    assert.equals("dead", t.state)
    assert.no_leaks(m)
  end
end)

describe("what a task cannot do meanwhile", function()
  it("is exit, fork, exec or move in a handler that interrupts it", function()
    local t = m:task { cpu = 1 }
    local calls = { exit = {}, fork = {}, execve = {}, migrate = { 0 } }
    local hits = 0
    local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(_, hit)
      hits = hits + 1
      for name, args in pairs(calls) do
        raises(name .. " of task .* handler", function() t[name](t, unpack(args)) end)
      end
      hit.skip = true
    end })
    assert(t:store(U, 8))
    assert.equals(1, hits)
    assert.equals(t, m.cpu[1].current)
    assert.equals(0x1ff5, m.cpu[1].wcr[0])
    m:unregister_hw_breakpoint(ev)
    t:exit()
    assert.no_leaks(m)
  end)

  it("is anything but its way out when it exits", function()
    local t, seen = m:task {}, 0
    t:on_exit("hook", function()
      seen = seen + 1
      for name, args in pairs { exit = {}, fork = {}, execve = {}, migrate = { 1 }, on_exit = { "late", print } } do
        raises("exiting already", function() t[name](t, unpack(args)) end)
      end
      assert.errno("ESRCH", t:ptrace_get("watch", 0))
      raises("is exiting there", function() m.cpu[0]:context_switch(nil) end)
      raises("script's alone", function() m:run() end)
      raises("script's alone", function() m:step() end)
      assert.equals(t, m.current)
      m:msleep(10)
      assert.equals(t, m.current)
    end)
    assert.is_true(t:exit())
    assert.equals(1, seen)
    assert.equals("dead", t.state)
    assert.equals("hwlua", m.current.comm)
  end)

  it("is on its own CPU, whoever lets it exit and however long that takes", function()
    for _, kernel in ipairs(hw.kernels) do
      local m = hw.machine { cpus = 3, kernel = kernel }
      local t = m:task { comm = "t", cpu = 1 }
      local ev = assert(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
      local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
      local who = {}
      t:on_exit("hook", function()
        who[#who + 1] = m.current.comm
        m:msleep(10)
        who[#who + 1] = m.current.comm
        m:unregister_wide_hw_breakpoint(w)
      end)
      m:schedule_work_on(2, m:work("reaper", function() t:exit() who[#who + 1] = m.current.comm end))
      m:run()
      assert.same({ "t", "t", "kworker/2:0" }, who)
      assert.equals("exit", ev.state)
      assert.regs_exactly(m.cpu[1], { wvr = { [0] = K, U } })
      ev:close()
      assert.no_leaks(m)
    end
  end)

  it("has an effective user ID, which a dump shows from 6.12 on", function()
    local m = hw.machine { cpus = 2, kernel = "6.12", taint = "O" }
    local t = m:task { comm = "app", cpu = 1, uid = 10123 }
    assert.same({ 10123, 10123, 0 }, { t.uid, t:fork().uid, m.current.uid })
    m.cpu[1]:context_switch(t)
    m.cpu[1]:run(function() m:dump_stack() end)
    assert.equals(1, #m:dmesg "CPU: 1 UID: 10123 PID: 1000 Comm: app Tainted: G           O ")
    assert.equals(1, #m:dmesg "Tainted: %[O%]=OOT_MODULE$")
    raises("invalid uid %-1", m.task, m, { uid = -1 })
  end)

  it("a kernel thread has neither an image nor an exit", function()
    raises("kernel thread", function() m.current:execve() end)
    raises("kernel thread", function() m.current:on_exit("hook", print) end)
  end)
end)
