-- KWatch takes every watchpoint register of the machine with dummies, re-points one to arm it, and lets a hotplug callback
-- release and make the events of one CPU. Does the pool survive a CPU that goes and comes?
-- Source: KWatch (LKML 2026), and KStackWatch v3, "Handle CPU hotplug for watchpoints"
-- tags: module, hotplug, wide
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local DUMMY, X = 0xffffff8008000000, 0xffffff8008c5a010
local m, pool, hits
local function handler(ev, hit)
  hits[#hits + 1] = hit.cpu
  hit.skip = true
end

before_each(function()
  m = hw.machine { cpus = 3 }
  pool, hits = {}, {}
  while true do
    local w, _, errno = m:register_wide_hw_breakpoint { type = "w", addr = DUMMY, len = 8, on_hit = handler }
    if not w then
      assert.equals("ENOSPC", errno)
      break
    end
    pool[#pool + 1] = { wide = w, event = { [0] = w[0], w[1], w[2] }, addr = DUMMY }
  end
end)

local function arm(entry, addr)
  entry.addr = addr
  m:on_each_cpu(function()
    local ev = entry.event[m:smp_processor_id()]
    if ev then assert(m:modify_user_hw_breakpoint(ev, { addr = addr })) end
  end)
end

it("re-points one entry on every CPU, by a cross call", function()
  assert.equals(4, #pool)
  arm(pool[2], X)
  for cpu = 0, 2 do m.cpu[cpu]:store(X, 8) end
  assert.same({ 0, 1, 2 }, hits)
end)

it("without callbacks a CPU that was away watches nothing, though every event is still there", function()
  arm(pool[2], X)
  m:cpu_down(2)
  m:cpu_up(2)
  m.cpu[2]:store(X, 8)
  assert.same({}, hits)
  assert.equals("off", pool[2].event[2].state)
  assert.equals(4, m:slots(2).wp.cpu_pinned)       -- and nobody else can have its registers
end)

it("with callbacks each CPU that comes up gets its events, at the addresses that are armed now", function()
  local first = true
  local state = m:cpuhp_setup_state("kwatch:online", function(cpu)
    if first then return end                       -- the CPUs that are online have their events
    for _, entry in ipairs(pool) do
      entry.event[cpu] = assert(m:perf_event_create_kernel_counter {
        type = "w", addr = entry.addr, len = 8, cpu = cpu, on_hit = handler })
    end
  end, function(cpu)
    for _, entry in ipairs(pool) do
      m:unregister_hw_breakpoint(entry.event[cpu])
      entry.event[cpu] = nil
    end
  end)
  first = false
  m:cpu_down(2)
  assert.equals(0, m:slots(2).wp.cpu_pinned)
  arm(pool[2], X)                                  -- while it is away
  m:cpu_up(2)
  m.cpu[2]:store(X, 8)
  assert.same({ 2 }, hits)
  m:cpuhp_remove_state(state)                      -- teardown everywhere
  for _, entry in ipairs(pool) do m:unregister_wide_hw_breakpoint(entry.wide) end
  assert.no_leaks(m)
end)

it("a callback that fails keeps the CPU down, and leaves nothing", function()
  for _, entry in ipairs(pool) do m:unregister_wide_hw_breakpoint(entry.wide) end
  local made, refuse = {}, false
  m:cpuhp_setup_state("kwatch:online", function(cpu)
    if refuse then return m:perf_event_create_kernel_counter { type = "w", addr = X, len = 9, cpu = cpu } end
    made[cpu] = assert(m:perf_event_create_kernel_counter { type = "w", addr = X, len = 8, cpu = cpu })
  end, function(cpu) m:unregister_hw_breakpoint(made[cpu]) end)
  m:cpu_down(1)
  refuse = true
  assert.errno("EINVAL", m:cpu_up(1))
  assert.is_false(m.cpu[1].online)
  assert.equals(0, m:slots(1).wp.cpu_pinned)
end)
