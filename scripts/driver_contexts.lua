-- A driver wants to switch a watchpoint off when it has fired: in the handler, in a timer, in an irq_work, on another CPU,
-- in a work item. Which call may it make where?
-- tags: module, hits, timers
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local K = 0xffffff8008c5a000
local m
before_each(function() m = hw.machine { cpus = 2 } end)

local function watch(on_hit)
  return assert(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = on_hit })
end

it("in the handler: perf_event_disable_inatomic, which takes effect before the store is tried again", function()
  local w = watch(function(ev) m:perf_event_disable_inatomic(ev) end)
  m.cpu[1]:store(K, 8, 7)
  assert.same({ 1, "off", 7 }, { w[1].count, w[1].state, m.cpu[1]:load(K, 8) })
  assert.same({}, m:dmesg("WARNING"))
  assert.callchain({ "perf_event_disable_inatomic", "__perf_event_overflow", "..." },
    m:callchain("perf_event_disable_inatomic"))
end)

it("in an irq_work that the handler queues: the local event is disabled there, and nothing sleeps", function()
  local w
  local off = m:irq_work("switch_off", function() m:perf_event_disable_inatomic(w[m:smp_processor_id()]) end)
  w = watch(function(ev, hit)
    m:irq_work_queue(off)
    hit.skip = true
  end)
  m.cpu[1]:store(K, 8)
  assert.equals("off", w[1].state)
  assert.equals("active", w[0].state)
end)

it("in a timer: msleep raises, and so does what waits", function()
  local w = watch(function(ev, hit) hit.skip = true end)
  local refused = {}
  local t = m:timer_setup("poll", function()
    refused[1] = select(2, pcall(m.msleep, m, 1))
    refused[2] = select(2, pcall(m.cpuhp_setup_state, m, "x", nil))
    m:perf_event_disable_inatomic(w[0])
  end)
  m:mod_timer(t, "10ms")
  m:run()
  assert.matches("softirq must not sleep", refused[1])
  assert.matches("softirq must not sleep", refused[2])
  assert.equals("off", w[0].state)
end)

it("in a work item that the handler queues: there everything may be called, even the release", function()
  local w
  local release = m:work("release", function() m:unregister_wide_hw_breakpoint(w) end)
  w = watch(function(ev, hit)
    m:schedule_work(release)
    hit.skip = true
  end)
  m.cpu[1]:store(K, 8)
  m:run()
  assert.is_true(w.closed)
  assert.no_leaks(m)
end)
