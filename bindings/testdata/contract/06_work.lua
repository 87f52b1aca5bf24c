-- Section 6 of the contract: work, delayed work, and time.
local hw = require "hw"

local K = 0xffffff8008080000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

local m
before_each(function() m = hw.machine { cpus = 2, kernel = "4.19.266" } end)

local function nop() end

describe("queueing", function()
  it("every call, true when queued, false when pending", function()
    local w, dw = m:work("w", nop), m:delayed_work("dw", nop)
    assert.is_true(m:schedule_work(w))
    assert.is_false(m:schedule_work(w))
    assert.is_false(m:schedule_work_on(1, w))
    assert.is_false(m:queue_work_on(1, w))
    assert.is_true(w.pending)
    assert.is_false(w.running)
    assert.equals(0, w.runs)
    m:run()
    assert.equals(1, w.runs)
    assert.is_false(w.pending)
    assert.is_true(m:schedule_work_on(1, w))
    m:run()
    assert.is_true(m:queue_work_on(0, w))
    m:run()
    assert.equals(3, w.runs)
    assert.is_true(m:schedule_delayed_work(dw, 10))
    assert.is_false(m:schedule_delayed_work(dw, 10))
    assert.is_false(m:schedule_delayed_work_on(1, dw, 1))
    assert.is_false(m:queue_delayed_work_on(1, dw, 0))
    assert.is_true(dw.pending)
    m:run()
    assert.equals(1, dw.runs)
    assert.is_true(m:schedule_delayed_work_on(1, dw, 1))
    m:run()
    assert.is_true(m:queue_delayed_work_on(0, dw, 0))
    m:run()
    assert.equals(3, dw.runs)
    assert.equals("w", w.name)
  end)

  it("mod, cancel, flush", function()
    local w, dw = m:work("w", nop), m:delayed_work("dw", nop)
    assert.is_false(m:mod_delayed_work_on(0, dw, 5))
    assert.is_true(m:mod_delayed_work_on(1, dw, 50))
    assert.is_true(m:cancel_delayed_work(dw))
    assert.is_false(m:cancel_delayed_work(dw))
    assert.is_false(m:cancel_delayed_work_sync(dw))
    m:schedule_delayed_work(dw, 5)
    assert.is_true(m:cancel_delayed_work_sync(dw))
    m:schedule_work(w)
    assert.is_true(m:cancel_work_sync(w))
    assert.is_false(m:cancel_work_sync(w))
    m:run()
    assert.equals(0, dw.runs + w.runs)
    assert.is_false(m:flush_work(w))
    m:schedule_work(w)
    assert.is_true(m:flush_work(w))
    assert.equals(1, w.runs)
    m:schedule_delayed_work(dw, 5000)
    local now = m.now
    assert.is_true(m:flush_delayed_work(dw))
    assert.equals(1, dw.runs)
    assert.is_true(m.now - now < 1)
    assert.is_false(m:flush_delayed_work(dw))
  end)

  it("a delay is jiffies or text with a unit, rounded up", function()
    local function fires(delay)
      local b = hw.machine { kernel = "4.19.266", cpus = 2 }
      local at
      local dw = b:delayed_work("p", function() at = b.jiffies end)
      local j = b.jiffies
      b:schedule_delayed_work(dw, delay)
      b:run()
      return at - j
    end
    assert.equals(fires(25), fires("100ms"))
    assert.equals(fires(1), fires("1ms"))
    assert.equals(fires(1), fires("4ms"))
    assert.equals(fires(2), fires("5ms"))
    assert.equals(fires(250), fires("1s"))
    assert.equals(fires(7000), fires("28s"))
    assert.equals(fires(1), fires("10us"))
    assert.equals(fires(375), fires("1.5s"))
    assert.equals(fires(15000), fires("1min"))
    local dw = m:delayed_work("x", nop)
    for _, bad in ipairs { "28", "s", "x", "-1s", "", "1 s s", -1, 1.5, 0/0, 2^60, true, {} } do
      raises("bad argument #2 to 'schedule_delayed_work'", function() m:schedule_delayed_work(dw, bad) end)
    end
    raises("bad argument #2 to 'schedule_delayed_work'", function() m:schedule_delayed_work(dw) end)
    raises("bad argument #3 to 'queue_delayed_work_on'", function() m:queue_delayed_work_on(0, dw) end)
  end)

  it("misuse", function()
    local w, dw = m:work("w", nop), m:delayed_work("dw", nop)
    raises("bad argument #1", function() m:schedule_work() end)
    raises("bad argument #1", function() m:schedule_work(5) end)
    raises("delayed", function() m:schedule_delayed_work(w, 5) end)
    assert.errno("EINVAL", m:queue_work_on(2, w))
    assert.errno("EINVAL", m:queue_delayed_work_on(-1, dw, 1))
    assert.errno("EINVAL", m:mod_delayed_work_on(64, dw, 1))
    assert.is_false(dw.pending)
    raises("bad argument #1 to 'work'", function() m:work() end)
    raises("bad argument #2 to 'work'", function() m:work("x") end)
    raises("bad argument #1 to 'delayed_work'", function() m:delayed_work(nop, "x") end)
    raises("", function() w.runs = 1 end)
    raises("did you mean 'pending'", function() return w.pendin end)
  end)

  it("a plain queue call may take a delayed work's own item", function()
    local dw = m:delayed_work("dw", nop)
    local ok = pcall(function() return m:flush_work(dw) end)
    assert.equals("boolean", type(ok))
  end)
end)

describe("timers", function()
  it("V-105 to V-107 of 12.5 at jiffies 1000", function()
    local b = hw.machine { kernel = "4.19.266", cpus = 2, hz = 250 }
    -- to a multiple of 4096 jiffies and 1000 behind, so that the levels are as in the vectors
    for _, c in ipairs { { 25, 26 }, { 63, 64 }, { 64, 72 }, { 100, 104 }, { 500, 504 }, { 750, 792 } } do
      local x = hw.machine { kernel = "4.19.266", cpus = 2, hz = 250 }
      local at
      local dw = x:delayed_work("p", function() at = x.jiffies end)
      while bit.band(x.jiffies, 4095) ~= 1000 do x:msleep(4) end
      local j = x.jiffies
      x:queue_delayed_work_on(0, dw, c[1])
      x:run()
      assert.equals(c[2], at - j, "delay " .. c[1])
    end
  end)

  it("V-108: two of one bucket: last armed first", function()
    local order = {}
    local x = m:delayed_work("X", function() order[#order + 1] = "X" end)
    local y = m:delayed_work("Y", function() order[#order + 1] = "Y" end)
    m:queue_delayed_work_on(0, x, 10)
    m:queue_delayed_work_on(0, y, 10)
    m:run()
    assert.same({ "Y", "X" }, order)
  end)

  it("V-109: a pending one keeps its delay", function()
    local at
    local dw = m:delayed_work("p", function() at = m.jiffies end)
    local j = m.jiffies
    m:queue_delayed_work_on(0, dw, 25)
    assert.is_false(m:queue_delayed_work_on(1, dw, 1))
    m:run()
    assert.is_true(at - j >= 25)
    assert.equals(0, m:trace { fn = "process_one_work" }[1].cpu)
  end)
end)

describe("workers", function()
  it("V-110: the first work ever runs in kworker/1:0, and kworker/1:1 then exists", function()
    local who = {}
    local w = m:work("w", function()
      who[#who + 1] = m.cpu[1].current.comm
      local n = 0
      for _, t in ipairs(m:tasks()) do if t.comm == "kworker/1:1" then n = n + 1 end end
      who.second = n
    end)
    m:schedule_work_on(1, w)
    m:run()
    assert.equals("kworker/1:0", who[1])
    assert.equals(1, who.second)
    m:schedule_work_on(1, w)
    m:run()
    assert.equals("kworker/1:1", who[2])
  end)

  it("the function is given the item, may sleep, queue itself again", function()
    local got, runs = nil, 0
    local w
    w = m:work("self", function(x)
      got = x
      assert.is_true(x.running)
      assert.is_false(x.pending)
      m:msleep(20)
      runs = runs + 1
      if runs < 3 then assert.is_true(m:schedule_work(x)) end
    end)
    m:schedule_work(w)
    m:run()
    assert.equals(w, got)
    assert.equals(3, runs)
    assert.equals(3, w.runs)
    assert.is_false(w.running)
  end)

  it("a work that raises: the error reaches the script", function()
    m:schedule_work(m:work("bad", function() error("boom in work") end))
    raises("boom in work", function() m:run() end)
  end)

  it("whoever waits or is told of an error goes on as who was current before", function()
    local function same(who, what)
      assert.equals(who, m.current, what)
      assert.equals(who, m.cpu[0].current, what)
    end
    local hwlua = m.current
    local w = m:work("w", function() end)
    local bad = m:work("bad", function() error("boom in work") end)
    for _ = 1, 3 do                                          -- the first item ever wakes a second worker
      m:schedule_work(w)
      assert.is_true(m:flush_work(w))
      same(hwlua, "after flush_work")
      m:schedule_work(bad)
      raises("boom in work", function() m:run() end)
      same(hwlua, "after an error out of run")
      m:schedule_work(bad)
      raises("boom in work", function() m:msleep(1) end)
      same(hwlua, "after an error out of msleep")
      m:schedule_work(bad)
      raises("boom in work", function() m:step() end)
      same(hwlua, "after an error out of step")
    end
    assert.is_false(bad.pending or bad.running)
    m:run()
    assert.no_leaks(m)
  end)

  it("and so in every order of things", function()
    for seed = 1, 60 do
      local m = hw.machine { cpus = 3, seed = seed }
      local function check(what) assert.equals("hwlua", m.cpu[0].current.comm, ("%s, seed %d"):format(what, seed)) end
      local works, tasks = {}, {}
      for i = 0, 5 do
        works[i] = m:work("w" .. i, function()
          local w = m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 }
          if i % 2 == 0 then m:msleep(3) end
          if w then m:unregister_wide_hw_breakpoint(w) end
          if i == 5 then error("five") end
        end)
        m:schedule_work_on(i % 3, works[i])
      end
      for i = 0, 2 do
        tasks[i] = m:task { cpu = i, body = function()
          for _ = 1, 3 do m:msleep(i) end
          if i == 2 then error("two") end
        end }
      end
      for i = 0, 4 do
        pcall(m.flush_work, m, works[i])
        check("after flush_work")
      end
      pcall(m.msleep, m, 2)
      check("after msleep")
      pcall(tasks[1].wait, tasks[1])
      check("after wait")
      while not pcall(m.run, m) do check("after an error") end
      check("at rest")
      assert.no_leaks(m)
    end
  end)

  it("a task that waits for work while it exits goes on exiting as itself", function()
    local wide = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
    local w = m:work("w", function() end)
    local t = m:task { comm = "owner" }
    t:on_exit("release", function()
      m:schedule_work(w)
      assert.is_true(m:flush_work(w))
      assert.equals(t, m.current)
      m:unregister_wide_hw_breakpoint(wide)
    end)
    t:exit()
    assert.callchain({ "unregister_wide_hw_breakpoint", "release", "exit_files", "do_exit", "..." },
      m:callchain "unregister_wide_hw_breakpoint")
    assert.equals("hwlua", m.current.comm)
    m:run()
    assert.no_leaks(m)
  end)

  it("queue any: the CPU the queueing code runs on", function()
    local where
    local w = m:work("w", function() where = m.cpu[1].current.comm end)
    m.cpu[1]:run(function() m:schedule_work(w) end)
    m:run()
    assert.matches("^kworker/1:", where)
  end)

  it("flush in a task body waits", function()
    local order = {}
    local w = m:work("w", function() m:msleep(10) order[#order + 1] = "work" end)
    m:task { body = function() m:schedule_work_on(1, w) m:flush_work(w) order[#order + 1] = "task" end }
    m:run()
    assert.same({ "work", "task" }, order)
  end)

  it("cancel_work_sync from its own function is named a deadlock", function()
    local w
    w = m:work("own", function() m:cancel_work_sync(w) end)
    m:schedule_work(w)
    raises("own", function() m:run() end)
  end)

  it("dump_stack in a worker shows the Workqueue line", function()
    m:dump_stack_in("write_wb_reg")
    local dw = m:delayed_work("watch_point_delayed_work_func", function()
      m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 } end)
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    assert.dmesg(m, "Workqueue: events watch_point_delayed_work_func$")
    assert.dmesg(m, "CPU: 1 PID: %d+ Comm: kworker/1:0 Not tainted 4%.19%.266")
    assert.dmesg(m, "^%[   2[89]%.%d%d%d%d%d%d%] Hardware name: test_mach %(DT%)$")
    assert.dmesg(m, "Call trace:$")
    assert.dmesg(m, "%]  dump_backtrace%+0x0/0x%x+$")
    assert.dmesg(m, "%]  write_wb_reg%+0x%x+/0x%x+$")
    assert.dmesg(m, "%]  ret_from_fork%+0x%x+/0x%x+$")
  end)

  it("work queued on an offline CPU runs elsewhere in its kworker", function()
    m:cpu_down(1)
    local who
    m:queue_work_on(1, m:work("w", function() who = m.cpu[0].current.comm end))
    m:run()
    assert.matches("^kworker/1:", who)
  end)
end)

describe("a machine that never rests", function()
  it("names what is still going, and goes on afterwards", function()
    local dw
    dw = m:delayed_work("for_ever", function() m:schedule_delayed_work(dw, "1s") end)
    m:schedule_delayed_work(dw, "1s")
    raises("for_ever", function() m:run() end)
    assert.is_true(m:cancel_delayed_work_sync(dw))
    m:run()
    assert.no_leaks(m)
  end)

  it("a task that sleeps for ever in a loop", function()
    m:task { comm = "insomniac", body = function() while true do m:msleep(10) end end }
    raises("insomniac", function() m:run() end)
  end)
end)
