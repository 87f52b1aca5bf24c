-- A driver registers its watchpoint a second late, by delayed work. When does the timer fire, on which CPU does the work
-- run, and what if the driver goes away first and forgets cancel_delayed_work_sync?
-- tags: work
local hw = require "hw"

local ADDR = 0xffffff8008c5a000

describe("delayed work", function()
  local m
  before_each(function() m = hw.machine { cpus = 2, hz = 250 } end)

  it("is queued once while it is pending, and the first delay stands", function()
    local dw = m:delayed_work("probe", function() end)
    assert.is_true(m:queue_delayed_work_on(1, dw, 25))
    assert.is_false(m:queue_delayed_work_on(0, dw, 1))
    assert.is_true(dw.pending)
    m:run()
    assert.equals(1, dw.runs)
    assert.equals(26, m.jiffies)
  end)

  it("never fires early: the wheel rounds up, the coarser the longer the delay", function()
    for _, case in ipairs { { 1, 2 }, { 25, 26 }, { 63, 64 }, { 64, 72 }, { 100, 104 }, { 500, 504 }, { 750, 768 }, { 7000, 7168 } } do
      m = hw.machine { cpus = 1 }
      local at
      m:schedule_delayed_work(m:delayed_work("probe", function() at = m.jiffies end), case[1])
      m:run()
      assert.equals(case[2], at, "delay " .. case[1])
    end
  end)

  it("takes a delay in words too", function()
    local dw = m:delayed_work("probe", function() end)
    m:schedule_delayed_work(dw, "100ms")                       -- 25 jiffies
    m:run()
    assert.equals(26, m.jiffies)
  end)

  it("runs in a kworker of the CPU it was queued on: first 1:0, then the one that was made meanwhile", function()
    m = hw.machine { cpus = 2, seed = 0 }
    local who = {}
    local w = m:work("who", function() who[#who + 1] = m.current.comm end)
    for i = 1, 2 do
      m:schedule_work_on(1, w)
      m:run()
    end
    assert.same({ "kworker/1:0", "kworker/1:1" }, who)
  end)

  it("of one jiffy and one CPU goes last armed first", function()
    local order = {}
    for _, name in ipairs { "X", "Y" } do
      m:queue_delayed_work_on(1, m:delayed_work(name, function(w) order[#order + 1] = w.name end), 10)
    end
    m:run()
    assert.same({ "Y", "X" }, order)
  end)

  it("can queue itself again while it runs", function()
    local dw
    dw = m:delayed_work("again", function()
      assert.is_true(dw.running)
      assert.is_false(dw.pending)
      if dw.runs < 3 then m:schedule_delayed_work(dw, 10) end
    end)
    m:schedule_delayed_work(dw, 10)
    m:run()
    assert.equals(3, dw.runs)
  end)

  it("can be put off, brought forward and flushed", function()
    local dw = m:delayed_work("probe", function() end)
    assert.is_false(m:mod_delayed_work_on(0, dw, 10))          -- it was not pending
    assert.is_true(m:mod_delayed_work_on(0, dw, 5000))
    m:msleep(1000)
    assert.equals(0, dw.runs)
    assert.is_true(m:flush_delayed_work(dw))                   -- at once, and waited for
    assert.equals(1, dw.runs)
    assert.is_false(m:flush_delayed_work(dw))
    assert.is_false(m:cancel_delayed_work_sync(dw))
  end)

  it("sleeps without holding up the work behind it", function()
    local order = {}
    m:schedule_work_on(1, m:work("slow", function()
      m:msleep(100)
      order[#order + 1] = "slow"
    end))
    m:schedule_work_on(1, m:work("quick", function() order[#order + 1] = "quick" end))
    m:run()
    assert.same({ "quick", "slow" }, order)
  end)
end)

describe("an owner that exits before its delayed work", function()
  local m, w, dw, t
  before_each(function()
    m = hw.machine { cpus = 2 }
    w = nil
    dw = m:delayed_work("watch_point_delayed_work_func", function()
      w = m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8 }
    end)
    t = m:task { comm = "owner", cpu = 0 }
    m:schedule_delayed_work(dw, "1s")
  end)

  it("leaks a watchpoint that nobody can unregister when it forgets to cancel", function()
    t:on_exit("release", function() if w then m:unregister_wide_hw_breakpoint(w) end end)
    t:exit()
    m:run()
    assert.equals(1, dw.runs)
    assert.regs(m, { wvr = { [0] = ADDR }, wcr = { [0] = 0x1ff3 } })
    local ok, message = pcall(assert.no_leaks, m)
    assert.is_false(ok)
    assert.matches("0xffffff8008c5a000", tostring(message))
    m:unregister_wide_hw_breakpoint(w)
    assert.no_leaks(m)
  end)

  it("is clean when it cancels first", function()
    t:on_exit("release", function()
      assert.is_true(m:cancel_delayed_work_sync(dw))
      if w then m:unregister_wide_hw_breakpoint(w) end
    end)
    t:exit()
    m:run()
    assert.equals(0, dw.runs)
    assert.regs_exactly(m, { mdscr_el1 = 0x1000 })
    assert.no_leaks(m)
  end)

end)

describe("an owner that exits while its delayed work runs", function()
  local m, w, dw, t
  before_each(function()
    m = hw.machine { cpus = 2 }
    dw = m:delayed_work("slow_func", function()
      m:msleep(100)
      w = m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8 }
    end)
    t = m:task { comm = "owner", cpu = 0 }
    m:queue_delayed_work_on(1, dw, 10)
    m:msleep(60)
    assert.is_true(dw.running)
    assert.is_false(dw.pending)
  end)

  it("is unclean with cancel_delayed_work, which does not wait for it", function()
    t:on_exit("release", function()
      assert.is_false(m:cancel_delayed_work(dw))
      if w then m:unregister_wide_hw_breakpoint(w) end
    end)
    t:exit()
    m:run()
    assert.is_false((pcall(assert.no_leaks, m)))
    m:unregister_wide_hw_breakpoint(w)
    assert.no_leaks(m)
  end)

  it("is clean with cancel_delayed_work_sync, which does", function()
    t:on_exit("release", function()
      assert.is_false(m:cancel_delayed_work_sync(dw))          -- nothing was pending, but it has ended now
      if w then m:unregister_wide_hw_breakpoint(w) end
    end)
    t:exit()
    assert.equals(1, dw.runs)
    assert.no_leaks(m)
  end)
end)
