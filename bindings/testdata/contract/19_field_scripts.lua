-- Sections 2 to 6 and 13 of the contract: scripts of the field, FL-n, as they are said in the API's own names.
local hw = require "hw"
local A, U = 0xffffff8008c5a000, 0x7000001000

local function everywhere(name, fn)
  it(name, function()
    for _, kernel in ipairs(hw.kernels) do fn(kernel) end
  end)
end

local function skip(_, hit) hit.skip = true end

everywhere("FL-01: a handler turns its watchpoint into a breakpoint at pc + 4, and back", function(kernel)
  local m = hw.machine { cpus = 2, kernel = kernel }
  local t, pcs, next_pc = m:task { comm = "game" }, {}, nil
  local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 4, task = t, exclude_kernel = true,
    on_hit = function(ev, hit)
      if hit.pc ~= next_pc then
        pcs[#pcs + 1], next_pc = hit.pc, hit.pc + 4
        assert(m:modify_user_hw_breakpoint(ev, { type = "x", addr = next_pc, len = 4, disabled = false }))
      else
        next_pc = nil
        assert(m:modify_user_hw_breakpoint(ev, { type = "w", addr = U, len = 4, disabled = false }))
      end
    end })
  for i = 1, 3 do
    t:store(U, 4, i, { pc = 0x401000 + 16 * i })
    t:exec(next_pc)
  end
  assert.same({ 0x401010, 0x401020, 0x401030 }, pcs)
  assert.same({ "w", 3 }, { ev.type, t:load(U, 4) })
end)

everywhere("FL-02: a handler clears the enable bit itself, and is blind until the next switch", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local t, other, n = m:task {}, m:task {}, 0
  assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, exclude_kernel = true,
    on_hit = function(_, hit)
      n = n + 1
      local cpu = m.cpu[hit.cpu]
      cpu:write_wb_reg("WCR", hit.slot, bit.band(cpu:read_wb_reg("WCR", hit.slot), bit.bnot(1)))
    end })
  for i = 1, 3 do t:store(U, 8, i) end
  assert.same({ 1, 0x1ff4 }, { n, m.cpu[0].wcr[0] })
  m.cpu[0]:context_switch(other)
  m.cpu[0]:context_switch(t)
  t:store(U, 8, 4)
  assert.same({ 2, 0x1ff4 }, { n, m.cpu[0].wcr[0] })
end)

everywhere("FL-04: a handler sends SIGTRAP to current, which ends the endless trap", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local t, n = m:task { comm = "victim" }, 0
  assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, pinned = false, exclude_kernel = true,
    exclude_hv = true, on_hit = function()
      n = n + 1
      m:send_sig("SIGTRAP", m.current)
    end })
  assert.errno("SIGTRAP", t:store(U, 8, 1))
  assert.same({ 1, "dead", "SI_USER" }, { n, t.state, t.siginfo.code_name })
end)

everywhere("FL-05: a pool of dummies, one re-pointed, and hotplug callbacks for one CPU's events", function(kernel)
  local m, pool = hw.machine { cpus = 3, kernel = kernel }, {}
  local dummy, X = 0xffffff8008000000, A + 16
  repeat
    local w, _, errno = m:register_wide_hw_breakpoint { type = "w", addr = dummy, len = 8, on_hit = skip }
    if w then pool[#pool + 1] = { wide = w, [0] = w[0], w[1], w[2] } else assert.equals("ENOSPC", errno) end
  until not w
  assert.equals(4, #pool)
  m:on_each_cpu(function(cpu) assert(m:modify_user_hw_breakpoint(pool[2][cpu], { addr = X })) end)
  m:cpuhp_setup_state("kwatch:online", function(cpu)
    for _, p in ipairs(pool) do
      p[cpu] = p[cpu] or assert(m:perf_event_create_kernel_counter { type = "w", addr = p == pool[2] and X or dummy, len = 8,
        cpu = cpu, on_hit = skip })
    end
  end, function(cpu)
    for _, p in ipairs(pool) do
      m:unregister_hw_breakpoint(p[cpu])
      p[cpu] = nil
    end
  end)
  m:cpu_down(2)
  m:cpu_up(2)
  m.cpu[2]:store(X, 8)
  assert.same({ 1, 0 }, { pool[2][2].count, pool[1][2].count })
  assert.is_nil(pool[2].wide[2])
end)

everywhere("FL-06: a watchpoint re-pointed in its register, until the next reschedule", function(kernel)
  local m, X, hits = hw.machine { cpus = 2, kernel = kernel }, A + 16, {}
  local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8, on_hit = function(_, hit)
    hits[#hits + 1] = hit.addr
    hit.skip = true
  end })
  m:smp_call_function_single(1, function() m.cpu[1]:write_wb_reg("WVR", 0, X) end, true)
  m.cpu[1]:store(X, 8)
  m.cpu[1]:store(A, 8)
  m.cpu[0]:store(X, 8)
  assert.same({ { X }, 1 }, { hits, w[1].count })
  assert(m:register_wide_hw_breakpoint { type = "w", addr = A + 64, len = 8, on_hit = skip })
  assert.equals(A, m.cpu[1].wvr[0])
end)

it("FL-07: Android's test of ptrace watchpoints and breakpoints, on CPUs with fewer registers too", function()
  for _, far in ipairs { "exact", "start", "floor16" } do
    local m = hw.machine { cpus = 4, brps = { 6, 6, 4, 4 }, wrps = { 4, 4, 2, 2 }, far = far }
    local function stopped(t, _, _, signal)
      assert.same({ "SIGTRAP", "TRAP_HWBKPT" }, { signal, t.siginfo.code_name })
      t:exit()
    end
    for cpu = 0, 3 do
      for _, size in ipairs { 1, 2, 4, 8 } do
        local t = m:task { cpu = cpu }
        assert(t:ptrace_set("watch", 0, 0x7ffc000010, bit.bor(bit.lshift(bit.lshift(1, size) - 1, 5), 0x11)))
        stopped(t, t:store(0x7ffc000010, size, 1))
      end
      local t = m:task { cpu = cpu }
      assert(t:ptrace_set("watch", 0, 0x7ffc000018, 0x1ff1))
      stopped(t, t:store(0x7ffc000010, 16))
      t = m:task { cpu = cpu }
      assert(t:ptrace_set("break", 0, 0x400580, 0x1e1))
      stopped(t, t:exec(0x400580))
    end
    assert.no_leaks(m)
  end
end)

everywhere("FL-13, FL-14: masks and addresses that debuggers send", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local function set(addr, ctrl)
    local t = m:task {}
    local ok, _, errno = t:ptrace_set("watch", 0, addr, ctrl)
    return ok and select(2, t:ptrace_get("watch", 0)) or errno
  end
  assert.equals(0xd5, set(0x1000, bit.bor(bit.lshift(0x06, 5), 0x15)))
  assert.equals(0x1e15, set(0x1000, bit.bor(bit.lshift(0xff0, 5), 0x15)))        -- the upper four bytes fall off
  assert.equals(0x1ff5, set(0x1000, bit.bor(0x1ff5, bit.lshift(12, 24))))        -- and so does MASK
  local cut = set(0x1005, 0x35)                    -- one byte at +5, but a fresh entry has length 4 (D-4)
  local refused = { ["6.1.192"] = true, ["6.12.117"] = true, ["7.3.4"] = true }
  assert.equals(refused[kernel] and "EINVAL" or 0x415, cut)
end)

it("FL-15: the reported address may lie above the watched bytes", function()
  local m = hw.machine { cpus = 1, far = "above" }
  local t = m:task {}
  assert(t:ptrace_set("watch", 0, 0x1000, 0x1f5))
  assert.errno("SIGTRAP", t:store(0x1000, 16))
  assert.equals(0x100f, t.siginfo.addr)
end)

everywhere("FL-16: a breakpoint on a system call stops before it, until it is off", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local t = m:task {}
  assert(t:ptrace_set("break", 0, 0x400580, 0x1e5))
  for _ = 1, 2 do
    assert.errno("SIGTRAP", t:exec(0x400580, { svc = true }))
    assert.equals(0x400580, t.siginfo.addr)
  end
  assert(t:ptrace_set("break", 0, 0x400580, 0x1e4))
  assert(t:exec(0x400580, { svc = true }))
end)

everywhere("FL-17: perf stat -e mem:ADDR:w -- PROG", function(kernel)
  local m = hw.machine { cpus = 2, kernel = kernel }
  local t = m:task { comm = "perf" }
  local ev = assert(m:perf_event_open { type = "w", addr = 0x1000, len = 4, task = t, disabled = true, enable_on_exec = true,
    inherit = true, exclude_kernel = true })
  local function count(task) task:store(0x1000, 4) return ev:read() end
  assert.equals(0, count(t))
  local early = assert(t:fork())
  t:execve()
  assert.equals(1, count(t))
  assert.equals(2, count(assert(t:fork())))
  assert.equals(2, count(early))                                     -- waits for an exec of its own
  early:execve()
  assert.equals(3, count(early))
  ev:disable()
  t:execve()
  assert.equals(3, count(t))                                         -- once only
end)

everywhere("FL-18: sigtrap, refresh, reset, period", function(kernel)
  local m = hw.machine { cpus = 2, kernel = kernel }
  local t, seen = m:task {}, {}
  local since513 = not (kernel:match "^4" or kernel:match "^5")
  local ev, _, errno = m:perf_event_open { type = "rw", addr = 0x1000, len = 1, task = t, sample_period = 1, sigtrap = true,
    remove_on_exec = true, inherit = true, inherit_thread = true, exclude_kernel = true }
  assert.equals(not since513 and "E2BIG" or nil, errno)
  if ev then
    t:sigaction("SIGTRAP", function(task, info)
      seen[#seen + 1] = info.code_name
      ev:disable()
    end)
    t:store(0x1000, 1, 7)
    assert.same({ { "TRAP_PERF" }, 7 }, { seen, t:load(0x1000, 1) })
    ev:close()
  end
  ev = assert(m:perf_event_open { type = "rw", addr = 0x1000, len = 1, task = t, sample_period = 1, disabled = true })
  assert.is_true(ev:refresh(2))
  for i = 1, 4 do t:store(0x1000, 1, i) end
  assert.equals(2, ev:read())
  assert.is_true(ev:reset())
  assert.is_true(ev:period(3))
  assert.equals(0, ev:read())
end)

everywhere("FL-19: a watched lock never gets through with exclusives, and does with an atomic", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local ev = assert(m:perf_event_open { type = "w", addr = A, len = 4, cpu = 0 })
  local function ldxr_stxr()
    m.cpu[0]:load(A, 4, { exclusive = true })
    return m.cpu[0]:store(A, 4, 1, { exclusive = true })
  end
  for _ = 1, 3 do assert.is_false(ldxr_stxr()) end
  assert.equals(0, m.cpu[0]:atomic("add", A, 4, 1))
  assert.same({ 1, 4 }, { m.cpu[0]:load(A, 4), ev.count })
  m.cpu[0]:store(A, 64, 0, { zva = true })
  assert.same({ 0, 5 }, { m.cpu[0]:load(A, 4), ev.count })
end)

everywhere("FL-20: what an external debugger has set, the kernel's reset wipes", function(kernel)
  local m = hw.machine { cpus = 2, kernel = kernel }
  m.cpu[1]:write_mdscr { hde = true }
  m.cpu[1]:write_wb_reg("WCR", 3, 0x1ff3)
  m:cpu_down(1)
  m:cpu_up(1)
  assert.equals(0, m.cpu[1].wcr[3])
end)

everywhere("FL-21: an open that fails leaves nothing reserved", function(kernel)
  local m = hw.machine { cpus = 2, kernel = kernel }
  local t, dead, errnos = m:task {}, m:task {}, {}
  dead:exit()
  m:cpu_down(1)
  for _, a in ipairs { { addr = A, len = 9, cpu = 0 }, { addr = A, len = 8, cpu = 1 }, { addr = A, len = 8, task = t },
    { addr = A, len = 8, cpu = 0, exclude_kernel = true }, { type = 5, addr = A, len = 8, cpu = 0 },
    { addr = 0x1000, len = 8, task = dead }, { addr = A, len = 8, cpu = 0, inherit = true, sample_read = true } } do
    a.type = a.type or "w"
    errnos[#errnos + 1] = select(3, m:perf_event_open(a)) or "opened"
  end
  assert.equals("EINVAL ENODEV EINVAL EINVAL EINVAL ESRCH EINVAL", table.concat(errnos, " "))
  assert.no_leaks(m)
end)

everywhere("FL-22: a read watchpoint does not see the fetch of an instruction", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local t = m:task {}
  local r = assert(m:perf_event_open { type = "rw", addr = 0x400580, len = 8, task = t })
  local x = assert(m:perf_event_open { type = "x", addr = 0x400580, len = 4, task = t })
  t:exec(0x400580)
  assert.same({ 0, 1 }, { r.count, x.count })
  t:load(0x400580, 4)
  assert.same({ 1, 1 }, { r.count, x.count })
end)

everywhere("FL-23: a debugger stops, switches off, steps, switches on; a new thread has nothing", function(kernel)
  local m = hw.machine { cpus = 1, kernel = kernel }
  local t = m:task {}
  assert(t:ptrace_set("watch", 0, 0x1000, 0x1e15))
  assert.errno("SIGTRAP", t:store(0x1004, 4, 42))
  assert.equals(0, t:load(0x1004, 4))
  assert(t:ptrace_set("watch", 0, 0x1000, 0x1e14))
  t:ptrace_singlestep(true)
  t:store(0x1004, 4, 42)
  assert.equals("TRAP_TRACE", t.siginfo.code_name)
  t:ptrace_singlestep(false)
  assert(t:ptrace_set("watch", 0, 0x1000, 0x1e15))
  assert.equals(42, t:load(0x1004, 4))
  assert.errno("SIGTRAP", t:store(0x1004, 4, 43))
  local thread = assert(t:fork())
  assert.equals(0, (thread:ptrace_get("watch", 0)))
  assert(thread:store(0x1004, 4, 44))
end)

everywhere("FL-24: what a handler registers and releases counts in the same exception", function(kernel)
  local m, log = hw.machine { cpus = 1, kernel = kernel }, {}
  local function note(name) return function(_, hit) log[#log + 1] = name .. hit.slot hit.skip = true end end
  local first
  first = assert(m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8, on_hit = function(ev, hit)
    note "A" (ev, hit)
    m:unregister_wide_hw_breakpoint(first)
    assert(m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8, on_hit = note "C" })
  end })
  assert(m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8, on_hit = note "B" })
  m.cpu[0]:store(A, 8)
  assert.same({ "A0", "C1" }, log)                                   -- B moved to slot 0 and was passed over
end)

everywhere("FL-25: the kernel's sample: its handler reads the variable, prints, and dumps the stack", function(kernel)
  local m, n = hw.machine { cpus = 2, kernel = kernel }, 0
  assert(m:register_wide_hw_breakpoint { type = "rw", addr = A, len = 8, on_hit = function(_, hit)
    n = n + 1
    m:printk(("jiffies value is changed to %d"):format(m.cpu[0]:load(A, 8)))
    m:dump_stack()
    m:printk "Dump stack from sample_hbp_handler"
    hit.skip = true
  end })
  m.cpu[0]:store(A, 8, 1)
  assert.same({ 1, 1, 1, 1 }, { n, #m:dmesg "value is changed to 0$", #m:dmesg "Call trace:", #m:dmesg "Dump stack from" })
end)
