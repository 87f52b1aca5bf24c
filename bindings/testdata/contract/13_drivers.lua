-- Section 13 of the contract: what drivers do besides.
local hw = require "hw"

local K = 0xffffff8008c5a000
local U = 0x7000001000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

for _, kernel in ipairs(hw.kernels) do
  describe("signals on " .. kernel, function()
    local m, t
    before_each(function()
      m = hw.machine { cpus = 2, kernel = kernel }
      t = m:task { comm = "victim" }
    end)

    it("end the endless trap of a handler that only sends one", function()
      local n = 0
      assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev, hit)
        n = n + 1
        assert.is_true(m:send_sig(hit.task, "SIGTRAP"))
      end })
      assert.errno("SIGTRAP", t:store(U, 8, 1))
      assert.equals(1, n)
      assert.equals("dead", t.state)
      assert.same({ signo = 5, name = "SIGTRAP", code = 0, code_name = "SI_USER", errno = 0, pid = t.pid }, t.siginfo)
      local path = { "do_exit", "do_group_exit", "get_signal", "do_signal", "do_notify_resume", "..." }
      if kernel:match "^7%." then path[4], path[5] = "arch_do_signal_or_restart", "exit_to_user_mode_loop" end
      assert.callchain(path, m:callchain("do_exit", { view = "full" }))
    end)

    it("take their arguments in both orders, by name or number", function()
      for _, pair in ipairs { { t, "SIGUSR1" }, { "SIGUSR1", t }, { 10, t }, { t, 10 } } do
        assert.is_true(m:send_sig(pair[1], pair[2]))
      end
      assert.same({ "SIGUSR1" }, t:sigpending())
      assert.is_nil(t.siginfo)
      assert.is_true(t:store(U, 8, 7))
      assert.equals(7, t:load(U, 8))
      assert.equals("SIGUSR1", t.siginfo.name)
      assert.same({}, t:sigpending())
    end)

    it("count a hit twice where they arrive before the step", function()
      local ev = assert(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
      local seen = {}
      t:sigaction("SIGALRM", function(task, info) seen[#seen + 1] = task.comm .. " " .. info.name end)
      t:store(U, 8)
      assert.equals(1, ev.count)
      local other = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t,
        on_hit = function(e)
          m:send_sig(t, "SIGALRM")
          m:perf_event_disable(e)
        end })
      t:store(U, 8)
      assert.same({ "victim SIGALRM" }, seen)
      assert.equals(3, ev.count)
      m:unregister_hw_breakpoint(other)
    end)

    it("do what the task has set for them", function()
      t:sigaction("SIGTERM", "ignore")
      t:signal("SIGTERM")
      assert.same({}, t:sigpending())
      t:sigaction("SIGALRM", "default")
      t:signal("SIGALRM")
      assert.errno("SIGALRM", t:load(U, 8))
      assert.errno("ESRCH", t:signal("SIGALRM"))
      assert.errno("EINVAL", m:task {}:sigaction("SIGKILL", "ignore"))
    end)

    it("kill a task that is current, a body at its next call, and no kernel thread", function()
      m.cpu[1]:context_switch(nil)
      local u = m:task { cpu = 1 }
      m.cpu[1]:context_switch(u)
      u:signal("SIGKILL")
      assert.equals("dead", u.state)
      local turns = 0
      local b = m:task { cpu = 1, body = function() while true do turns = turns + 1 m:msleep(10) end end }
      m:msleep(25)
      b:signal("SIGTERM")
      m:run()
      assert.equals(3, turns)
      assert.equals("dead", b.state)
      assert.is_true(m:send_sig(m.cpu[1].current, "SIGKILL"))
      assert.equals("swapper/1", m.cpu[1].current.comm)
    end)
  end)
end

for _, kernel in ipairs(hw.kernels) do
  describe("kernel events on " .. kernel, function()
    local m
    before_each(function() m = hw.machine { cpus = 3, kernel = kernel } end)

    it("belong to a CPU, to a task, or to both", function()
      local t, hits = m:task {}, 0
      local function on_hit(ev, hit) hits = hits + 1 hit.skip = true end
      local ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = K, len = 8, cpu = 1, on_hit = on_hit })
      assert.same({ 1, true, 1 }, { ev.cpu, ev.attr.pinned, ev.attr.sample_period })
      m.cpu[1]:store(K, 8)
      m.cpu[0]:store(K, 8)
      assert.equals(1, hits)
      assert.is_true(m:perf_event_release_kernel(ev))
      raises("is closed", m.perf_event_release_kernel, m, ev)
      ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = U, len = 8, task = t, on_hit = on_hit })
      assert.equals(t, ev.task)
      t:store(U, 8)
      assert.equals(2, hits)
      assert.is_true(m:unregister_hw_breakpoint(ev))
      ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = U, len = 8, task = t, cpu = 2 })
      t:store(U, 8)
      t:migrate(2)
      t:store(U, 8)
      assert.equals(1, ev.count)
      m:perf_event_release_kernel(ev)
      assert.no_leaks(m)
      assert.errno("EINVAL", m:perf_event_create_kernel_counter { type = "w", addr = K, len = 8 })
      m:cpu_down(2)
      assert.errno("ENODEV", m:perf_event_create_kernel_counter { type = "w", addr = K, len = 8, cpu = 2 })
      raises("close it", m.perf_event_release_kernel, m,
        assert(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 }))
    end)

    it("of a wide registration are released one by one", function()
      local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
      local ev = w[1]
      assert.is_true(m:unregister_hw_breakpoint(w[1]))
      assert.is_nil(w[1])
      assert.is_true(ev.closed)
      assert.is_false(w.closed)
      assert.equals("active", w[2].state)
      local own = assert(m:perf_event_create_kernel_counter { type = "w", addr = K, len = 8, cpu = 1 })
      assert.is_true(m:unregister_wide_hw_breakpoint(w))
      assert.equals("active", own.state)
      m:unregister_hw_breakpoint(own)
      assert.no_leaks(m)
    end)

    it("come back with a hotplug state", function()
      local ev, log = {}, {}
      local s = m:cpuhp_setup_state("mydriver:online", function(cpu)
        log[#log + 1] = m.current.comm
        ev[cpu] = assert(m:perf_event_create_kernel_counter { type = "w", addr = K, len = 8, cpu = cpu })
      end, function(cpu)
        log[#log + 1] = "-" .. m.current.comm .. " " .. ev[cpu].state
        m:unregister_hw_breakpoint(ev[cpu])
      end)
      assert.equals("cpuhp/0 cpuhp/1 cpuhp/2", table.concat(log, " "))
      log = {}
      m:cpu_down(1)
      m:cpu_up(1)
      assert.equals("-cpuhp/1 active,cpuhp/1", table.concat(log, ","))
      m.cpu[1]:store(K, 8)
      assert.equals(1, ev[1].count)
      assert.is_true(m:cpuhp_remove_state(s))
      assert.no_leaks(m)
    end)

    it("roll back with a startup that raises or is refused", function()
      local log = {}
      raises("13_drivers.lua:%d+: no", m.cpuhp_setup_state, m, "a", function(cpu)
        log[#log + 1] = cpu
        if cpu == 2 then error("no") end
      end, function(cpu) log[#log + 1] = -cpu end)
      assert.equals("0 1 2 0 -1", table.concat(log, " "):gsub("%-0", "0"))
      assert.errno("EINVAL", m:cpuhp_setup_state("b", function(cpu)
        return m:perf_event_create_kernel_counter { type = "w", addr = K, len = 9, cpu = cpu }
      end))
      assert.equals("R-VAL-8", m:why().rule)
    end)

    it("are counted in timers, which run in softirq context", function()
      local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
      local fired = {}
      local t
      t = m:timer_setup("poll", function(timer)
        assert.equals(t, timer)
        fired[#fired + 1] = m.jiffies
        raises("must not sleep", m.msleep, m, 1)
        m.cpu[2]:store(K, 8)
        if #fired < 3 then m:mod_timer(timer, 10) end
      end)
      assert.equals("timer", hw.type(t))
      assert.is_false(m.cpu[2]:run(function() return m:mod_timer(t, "40ms") end))
      assert.same({ "poll", true, 0, 2 }, { t.name, t.pending, t.runs, t.cpu })
      raises("timer poll is pending", assert.no_leaks, m)
      m:run()
      assert.same({ 11, 22, 33 }, fired)
      assert.equals(3, w[2].count)
      assert.callchain({ "watchpoint_handler", "...", "poll", "call_timer_fn", "..." },
        m:callchain("watchpoint_handler"))
      m:mod_timer(t, 1)
      assert.is_true(m:mod_timer(t, 2))
      assert.is_true(m:del_timer(t))
      assert.is_false(m:del_timer_sync(t))
    end)
  end)
end

for _, kernel in ipairs(hw.kernels) do
  describe("interrupts on " .. kernel, function()
    local m
    before_each(function() m = hw.machine { cpus = 3, kernel = kernel } end)

    it("disable an event in its handler, without a warning", function()
      local w
      w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = function(ev)
        assert.is_true(m:perf_event_disable_inatomic(ev))
        assert.equals("active", ev.state)
      end })
      m.cpu[1]:store(K, 8, 7)
      assert.same({ 1, "off", "active", 7 }, { w[1].count, w[1].state, w[0].state, m.cpu[1]:load(K, 8) })
      assert.same({}, m:dmesg("WARNING"))
      assert.same({}, m:dmesg("BUG"))
    end)

    it("are where an irq_work runs", function()
      local log = {}
      local w
      w = m:irq_work("poke", function(work)
        assert.equals(w, work)
        log[#log + 1] = "cpu" .. m:smp_processor_id()
        raises("must not sleep", m.msleep, m, 1)
      end)
      assert.equals("irq_work", hw.type(w))
      assert.is_true(m:irq_work_queue(w))
      local u = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = function(ev, hit)
        assert.is_true(m:irq_work_queue(w))
        assert.is_false(m:irq_work_queue(w))
        log[#log + 1] = "pending " .. tostring(w.pending)
        hit.skip = true
      end })
      m.cpu[2]:store(K, 8)
      assert.equals("cpu0 pending true cpu2", table.concat(log, " "))
      assert.equals(2, w.runs)
      assert.callchain({ "irq_work_run", "..." }, m:callchain("irq_work_run"))
    end)

    it("run functions on other CPUs", function()
      local on = {}
      assert.is_true(m:smp_call_function_single(2, function() on[#on + 1] = m:smp_processor_id() end))
      assert.is_true(m:smp_call_function_single(0, function() on[#on + 1] = m:smp_processor_id() end, true))
      assert.is_true(m:on_each_cpu(function(cpu)
        assert.equals(cpu, m:smp_processor_id())
        on[#on + 1] = cpu
      end))
      assert.equals("2 0 1 2 0", table.concat(on, " "))
      raises("must not sleep", m.smp_call_function_single, m, 1, function() m:msleep(1) end)
      assert.errno("ENXIO", m:smp_call_function_single(3, function() end))
      assert.same({}, m:dmesg("WARNING"))
      local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = function(ev, hit)
        m:smp_call_function_single(0, function() on[#on + 1] = "handler" end)
        hit.skip = true
      end })
      m.cpu[2]:store(K, 8)
      assert.equals("handler", on[#on])
      assert.dmesg(m, m.kernel:match "^7%." and "WARNING: kernel/smp%.c.*, CPU#2: " or "WARNING: CPU: 2 .*kernel/smp%.c")
    end)
  end)
end

for _, kernel in ipairs(hw.kernels) do
  it("a tracer has its own width on " .. kernel, function()
    local m = hw.machine { cpus = 2, kernel = kernel }
    local t64, t32 = m:task { comm = "t64" }, m:task { comm = "t32", compat = true }
    local gdb64, gdb32 = m:task { comm = "gdb64", cpu = 1 }, m:task { comm = "gdb32", cpu = 1, compat = true }
    t32:load(0x1000, 4)                                 -- a 32-bit task is current on CPU 0
    assert.is_true(t64:ptrace_set("watch", 0, U, 0x1f5))
    assert.is_true(t64:ptrace_set("watch", 0, U, 0x1f5, { tracer = gdb64 }))
    assert.errno("EINVAL", t64:ptrace_set("watch", 0, 0x1000, 0x1f5, { tracer = gdb32 }))
    assert.errno("EINVAL", t32:ptrace_set("watch", 0, 0x1000, 0x1f5, { tracer = gdb32 }))
    assert.equals("R-PTR-19", m:why().rule)
    assert.errno("EIO", t32:ptrace_sethbpregs(-1, 0x1000, { tracer = gdb64 }))
    assert.errno("EIO", t32:ptrace_gethbpregs(0, { tracer = gdb64 }))
    assert.is_true(t32:ptrace_sethbpregs(-1, 0x1000, { tracer = gdb32 }))
    assert.is_true(t32:ptrace_sethbpregs(-2, 0x1f5))
    assert.equals(0x1000, t32:ptrace_gethbpregs(-1))
    assert.equals(0x1f5, t32:ptrace_gethbpregs(-2, { tracer = gdb32 }))
    assert.errno("SIGTRAP", t32:store(0x1000, 4))
    assert.equals(-1, t32.siginfo.errno)
    assert.is_true(t32:ptrace_sethbpregs(0, 7))
  end)
end

for _, kernel in ipairs(hw.kernels) do
  describe("accesses on " .. kernel, function()
    local m, t
    before_each(function()
      m = hw.machine { cpus = 2, kernel = kernel }
      t = m:task {}
    end)

    it("have up to 64 bytes, and block stores", function()
      local ev = assert(m:perf_event_open { type = "w", addr = K + 56, len = 8, cpu = 0 })
      m.cpu[0]:store(K + 56, 8, 5)
      assert.equals(1, ev.count)
      m.cpu[0]:store(K, 32, 1)
      assert.equals(1, ev.count)
      assert.is_true(m.cpu[0]:store(K + 20, 64, 0, { zva = true }))
      assert.equals(2, ev.count)
      assert.equals(0, m.cpu[0]:load(K + 56, 8))
      raises("64 bytes", m.cpu[0].store, m.cpu[0], K, 8, 0, { zva = true })
      raises("1, 2, 4, 8, 16, 32 or 64", m.cpu[0].store, m.cpu[0], K, 48)
      raises("unknown field 'exclusiv'; did you mean 'exclusive'", t.load, t, U, 8, { exclusiv = true })
    end)

    it("in exclusive pairs fail where a trap comes in between", function()
      local function lock()
        t:load(U, 4, { exclusive = true })
        return t:store(U, 4, 1, { exclusive = true })
      end
      assert.is_true(lock())
      assert.is_false(t:store(U, 4, 1, { exclusive = true }))
      local ev = assert(m:perf_event_open { type = "w", addr = U, len = 4, task = t })
      for _ = 1, 3 do assert.is_false(lock()) end
      assert.equals(3, ev.count)
      ev:disable()
      assert.is_true(lock())
    end)

    it("by atomic instructions return the old value", function()
      for _, who in ipairs { m.cpu[0], t } do
        assert.same({ 0, 5, 3, 7, 6 }, { who:atomic("add", U, 4, 5), who:atomic("swp", U, 4, 3),
          who:atomic("set", U, 4, 4), who:atomic("clr", U, 4, 1), who:atomic("eor", U, 4, 6) })
        assert.equals(0, who:load(U, 4))
      end
      raises("unknown value \"ad\"", t.atomic, t, "ad", U, 4, 1)
    end)

    it("name their pc, or get one of their line", function()
      local seen = {}
      assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev, hit)
        seen[#seen + 1] = { hit.pc, hit.pc_made_up }
        hit.pc = hit.pc + 4
      end })
      t:store(U, 8, 1, { pc = 0x401000 })
      for _ = 1, 2 do t:store(U, 8, 1) end
      t:store(U, 8, 1)
      assert.same({ 0x401000, false }, seen[1])
      assert.same(seen[2], seen[3])
      assert.is_true(seen[2][2] and seen[2][1] ~= 0 and seen[2][1] ~= seen[4][1])
      assert.equals(0, t:load(U, 8))                     -- passed over each time
    end)

    it("of a system call meet a pseudo step", function()
      local ev = assert(m:perf_event_open { type = "x", addr = 0x400580, task = t, exclude_kernel = true })
      local ok, _, sig = t:exec(0x400580, { svc = true })
      assert.equals(1, ev.count)
      if kernel == "4.19.0" or kernel == "4.19.116" then        -- before 4.19.134
        assert.is_true(ok)
        assert.equals("running", t.state)
      else
        assert.equals("SIGTRAP", sig)
        assert.equals("dead", t.state)
        assert.equals("TRAP_TRACE", t.siginfo.code_name)
      end
    end)
  end)
end

describe("cores", function()
  it("are chosen for each CPU", function()
    local m = hw.machine { cpu = { "cortex-a55", "cortex-a55", "cortex-a78" } }
    assert.equals(3, m.nr_cpus)
    assert.equals(0x10305408, m.cpu[0].id_aa64dfr0_el1)
    assert.equals(hw.presets["cortex-a78"].id_aa64dfr0_el1, m.cpu[2].id_aa64dfr0_el1)
    m = hw.machine { cpu = { [0] = "cortex-a57", "max" }, wrps = 2 }
    assert.same({ 16, 2, 6 }, { #m.cpu[1].bcr, #m.cpu[1].wcr, m.core_num_brps })
    raises("field 'cpu'.*2.*3 cores, one for each CPU", hw.machine, { cpus = 3, cpu = { "cortex-a55", "cortex-a78" } })
    raises("one of cortex%-a35", hw.machine, { cpu = { "cortex-a99" } })
    raises("string expected", hw.machine, { cpu = { 7 } })
  end)

  it("are set by an external debugger", function()
    local m = hw.machine { cpus = 2 }
    m.cpu[1]:write_mdscr { hde = true }
    assert.equals(0x5000, m.cpu[1].mdscr_el1)
    local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    assert.equals(0xf000, m.cpu[1].mdscr_el1)
    raises("halts in Debug state", m.cpu[1].store, m.cpu[1], K, 8)
    m.cpu[1]:write_mdscr { hde = false }
    m.cpu[1]:write_oslar(1)
    m.cpu[1]:store(K, 8)
    assert.equals(0xa, m.cpu[1].oslsr_el1)
    assert.equals(0, w[1].count)
    m.cpu[1]:write_oslar(0)
    m.cpu[1]:store(K, 8)
    assert.equals(1, w[1].count)
    raises("unknown field 'hd'", m.cpu[1].write_mdscr, m.cpu[1], { hd = true })
  end)

  it("may report an address above the watched bytes", function()
    local m = hw.machine { cpus = 1, far = "above" }
    local t = m:task {}
    assert(t:ptrace_set("watch", 0, 0x1000, 0x1f5))
    assert.errno("SIGTRAP", t:store(0x1000, 16))
    assert.equals(0x100f, t.siginfo.addr)
  end)
end)

it("names of signals are checked", function()
  local m = hw.machine { cpus = 1 }
  local t = m:task {}
  raises("'SIGTRP' is not a signal; did you mean 'SIGTRAP'", t.signal, t, "SIGTRP")
  raises("a signal's number is 1 to 64", m.send_sig, m, t, 65)
  t:signal("SIGRTMIN+3")
  assert.same({ "SIGRTMIN+3" }, t:sigpending())
end)
