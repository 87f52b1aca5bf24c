-- A watchpoint of a task is in a register only while the task runs. What does a context switch write, and what does it
-- leave alone?
-- tags: sched
local hw = require "hw"

local K, U = 0xffffff8008080000, 0x400000
local on = 0x1ffb

describe("a context switch", function()
  local m, cpu, t
  local function kernel_event(addr, extra)
    local attr = { type = "rw", addr = addr, len = 8, cpu = 0, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  local function task_event(addr, task, extra)
    local attr = { type = "w", addr = addr, len = 4, task = task or t, pinned = true }
    for k, v in pairs(extra or {}) do attr[k] = v end
    return assert.succeeds(m:perf_event_open(attr))
  end
  -- The writes that fn causes, as "register=value".
  local names = { [0] = "BVR", [16] = "BCR", [32] = "WVR", [48] = "WCR" }
  local function written(fn)
    local n = #m:trace { fn = "write_wb_reg" }
    fn()
    local list, all = {}, m:trace { fn = "write_wb_reg" }
    for i = n + 1, #all do
      local a = all[i].args
      list[#list + 1] = ("%s%d=%s"):format(names[a[1]], a[2], hw.hex(a[3]))
    end
    return list
  end
  before_each(function()
    m = hw.machine { cpus = 2 }
    cpu = m.cpu[0]
    t = m:task { comm = "t", cpu = 0 }
  end)

  it("writes value and control on the way in, control alone on the way out", function()
    local ev = task_event(U)
    assert.equals("inactive", ev.state)
    assert.same({ "WVR0=0x400000", "WCR0=0x1f5" }, written(function() cpu:context_switch(t) end))
    assert.equals("active", ev.state)
    assert.equals("running", t.state)
    assert.same({ "WCR0=0x0" }, written(function() cpu:context_switch(nil) end))
    assert.equals("inactive", ev.state)
    assert.regs_exactly(cpu, { wvr = { [0] = U }, mdscr_el1 = 0x1000 })
  end)

  it("does not touch the CPU's own pinned events", function()
    kernel_event(K)
    task_event(U)
    assert.same({ "WVR1=0x400000", "WCR1=0x1f5" }, written(function() cpu:context_switch(t) end))
    assert.regs_exactly(cpu, { wvr = { [0] = K, [1] = U }, wcr = { [0] = on, [1] = 0x1f5 }, mdscr_el1 = 0xb000 })
  end)

  it("puts the CPU's flexible events behind a task's pinned ones", function()
    local k = kernel_event(K, { pinned = false })
    local e = task_event(U)
    assert.equals(0, k.slot)
    assert.same({ "WCR0=0x0", "WVR0=0x400000", "WCR0=0x1f5", "WVR1=0xffffff8008080000", "WCR1=0x1ffb" },
      written(function() cpu:context_switch(t) end))
    assert.same({ 0, 1 }, { e.slot, k.slot })
    assert.same({ "WCR0=0x0" }, written(function() cpu:context_switch(nil) end))
    assert.equals(1, k.slot)                                  -- and they stay there
  end)

  it("takes one task's events out before it puts the next one's in", function()
    local u = m:task { comm = "u", cpu = 0 }
    task_event(U)
    task_event(U + 0x100, u)
    cpu:context_switch(t)
    assert.same({ "WCR0=0x0", "WVR0=0x400100", "WCR0=0x1f5" }, written(function() cpu:context_switch(u) end))
    assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "arch_install_hw_breakpoint", "hw_breakpoint_add",
      "event_sched_in", "group_sched_in", not m.kernel:match "^4" and "merge_sched_in" or "pinned_sched_in", "visit_groups_merge",
      "ctx_pinned_sched_in", "ctx_sched_in", "perf_event_sched_in", "perf_event_context_sched_in",
      "__perf_event_task_sched_in", "...", }, m:callchain("write_wb_reg", { view = "full" }))
  end)

  it("writes nothing between tasks that watch nothing", function()
    kernel_event(K)
    local u = m:task { comm = "u", cpu = 0 }
    assert.same({}, written(function()
      cpu:context_switch(t)
      cpu:context_switch(u)
      cpu:context_switch(nil)
    end))
  end)

  it("skips an event that waits for its task on another CPU", function()
    local here, there = task_event(U, t, { cpu = 0 }), task_event(U + 8, t, { cpu = 1 })
    cpu:context_switch(t)
    assert.same({ 0, "inactive" }, { here.slot, there.state })
    t:migrate(1)
    m.cpu[1]:context_switch(t)
    assert.same({ "inactive", 0 }, { here.state, there.slot })
    assert.regs_exactly(m.cpu[1], { wvr = { [0] = U + 8 }, wcr = { [0] = 0x1f5 }, mdscr_el1 = 0x9000 })
    assert.regs_exactly(cpu, { wvr = { [0] = U }, mdscr_el1 = 0x1000 })
  end)

  it("happens by itself when a task's access needs its CPU", function()
    local ev = task_event(U)
    t:store(U, 4)
    assert.equals(t, cpu.current)
    assert.equals(1, ev.count)
  end)

  it("gives the task's registers to a kernel thread's work and back", function()
    task_event(U)
    cpu:context_switch(t)
    local during
    m:schedule_work_on(0, m:work("look", function() during = cpu.wcr[0] end))
    m:run()
    assert.equals(0, during)                                   -- kworker/0:0 ran: the task was out
    assert.equals(0x1f5, cpu.wcr[0])
  end)
end)

describe("a pinned event that arrives", function()
  local m, cpu, t, task_ev
  before_each(function()
    m = hw.machine { cpus = 1 }
    cpu = m.cpu[0]
    t = m:task { comm = "t" }
    assert.succeeds(m:perf_event_open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true })
    task_ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 4, task = t, pinned = true })
    cpu:context_switch(t)
  end)

  it("for the CPU, moves the running task's events up", function()
    assert.equals(1, task_ev.slot)
    assert.succeeds(m:perf_event_open { type = "rw", addr = K + 8, len = 8, cpu = 0, pinned = true })
    assert.equals(2, task_ev.slot)
    assert.regs_exactly(cpu, { wvr = { [0] = K, [1] = K + 8, [2] = U }, wcr = { [0] = on, [1] = on, [2] = 0x1f5 }, mdscr_el1 = 0xb000 })
  end)

  it("for the task, leaves the CPU's alone", function()
    local n = #m:trace { fn = "write_wb_reg" }
    assert.succeeds(m:perf_event_open { type = "w", addr = U + 8, len = 4, task = t, pinned = true })
    assert.equals(1 + 4, #m:trace { fn = "write_wb_reg" } - n)  -- one control word cleared, two pairs written
    assert.regs_exactly(cpu, { wvr = { [0] = K, [1] = U, [2] = U + 8 }, wcr = { [0] = on, [1] = 0x1f5, [2] = 0x1f5 } })
  end)
end)
