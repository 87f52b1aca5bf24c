-- Section 11: what is a race and what orders threads, what a run may leave behind, and what a result says.
local hw = require "hw"

-- The races of a scenario on two CPUs, as one text.
local function races(fn, options)
  options = options or {}
  options.machine = options.machine or { cpus = 2 }
  local r = hw.explore(options, fn)
  assert.is_true(r.ok, r.failure and r.failure.message)
  assert.is_true(r.complete)
  local names = {}
  for i, race in ipairs(r.races) do
    assert.matches("15_explore.lua:%d+$", race.write)
    assert.matches("15_explore.lua:%d+$", race.other)
    names[i] = race.name
  end
  return table.concat(names, " ")
end

local function tasks(m, ...)
  for cpu, body in ipairs { ... } do m:task { cpu = (cpu - 1) % m.nr_cpus, body = body } end
  m:run()
end

describe("a race", function()
  it("is an upvalue, a global's field, a field by name or by number", function()
    assert.equals("n", races(function(m)
      local n = 0
      tasks(m, function() n = 1 end, function() return n end)
    end))
    assert.equals("dev.hits", races(function(m)
      local dev = { hits = 0 }
      tasks(m, function() dev.hits = 1 end, function() return dev.hits end)
    end))
    assert.equals("own[2]", races(function(m)
      local own = { 0, 0 }
      tasks(m, function() own[2] = 1 end, function() own[1] = own[2] end)
    end))
  end)

  it("is the length of a table, or a walk over it, beside a new key", function()
    assert.equals("#list", races(function(m)
      local list = {}
      tasks(m, function() list[1] = 1 end, function() return #list end)
    end))
    assert.equals("#list", races(function(m)
      local list = { 1 }
      tasks(m, function() table.insert(list, 2) end, function() for _ in pairs(list) do end end)
    end))
    assert.equals("", races(function(m)
      local list = { 1 }
      tasks(m, function() list[1] = 2 end, function() return #list end)
    end))
  end)

  it("is none where nobody writes, or one thread alone uses the variable", function()
    assert.equals("", races(function(m)
      local n, own = 0, { 0, 0 }
      tasks(m, function() own[1] = n end, function() own[2] = n end)
    end))
  end)

  it("is found through different names of one table", function()
    local r = hw.explore({ machine = { cpus = 2 } }, function(m)
      local dev = { n = 0 }
      local alias = dev
      tasks(m, function() dev.n = dev.n + 1 end, function() alias.n = alias.n + 1 end)
      return dev.n
    end)
    assert.is_true(r.complete)
    assert.is_truthy(r.outcomes["1"])
    assert.is_truthy(r.outcomes["2"])
  end)
end)

describe("order comes from", function()
  it("a mutex", function()
    assert.equals("", races(function(m)
      local n, lock = 0, m:mutex("lock")
      local function bump() m:mutex_lock(lock) n = n + 1 m:mutex_unlock(lock) end
      tasks(m, bump, bump)
      assert.equals(2, n)
    end))
  end)

  it("a completion", function()
    assert.equals("", races(function(m)
      local n, ready = 0, m:completion("ready")
      tasks(m, function() n = 1 m:complete(ready) end, function() m:wait_for_completion(ready) assert.equals(1, n) end)
    end))
  end)

  it("queueing, and the end of a function before whoever flushed or cancelled it", function()
    for _, wait in ipairs { "flush_work", "cancel_work_sync" } do
      assert.equals("", races(function(m)
        local n = 0
        local w = m:work("w", function() n = n + 1 end)
        tasks(m, function()
          n = 5
          m:schedule_work_on(1, w)
          m[wait](m, w)
          n = n + 1
        end)
      end))
    end
  end)

  it("starting and joining a task, and run", function()
    assert.equals("", races(function(m)
      local n = 0
      tasks(m, function()
        n = 1
        local child = m:task { cpu = 1, body = function() n = n + 1 end }
        child:wait()
        n = n + 1
      end)
      n = n + 1
      tasks(m, function() n = n + 1 end)
      assert.equals(5, n)
    end))
  end)
end)

describe("an exploration", function()
  it("finds the lost update, and not without points at variables", function()
    local function bump(m)
      local n = 0
      local function body() n = n + 1 end
      tasks(m, body, body)
      assert.equals(2, n)
    end
    local r = hw.explore({ machine = { cpus = 2 } }, bump)
    assert.equals("assert", r.failure.kind)
    assert.equals(1, r.failure.choices)
    local again = hw.explore({ machine = { cpus = 2 }, schedule = r.failure.schedule }, bump)
    assert.same({ 1, r.failure.message }, { again.runs, again.failure.message })
    assert.is_true(hw.explore({ machine = { cpus = 2 }, lua = "off" }, bump).ok)
  end)

  it("refuses a run that writes what the next one would see", function()
    local seen, list = 0, {}
    for _, fn in ipairs {
      function(m) seen = seen + 1 end,
      function(m) list[#list + 1] = 1 end,
      function(m) tasks(m, function() list.x = 1 end) end,
      function(m) leaked_global = 1 end,
    } do
      assert.matches("outlives a run", select(2, pcall(hw.explore, {}, fn)))
    end
  end)

  it("cannot run inside of another, nor with a seed for its machine", function()
    assert.matches("inside of another", select(2, pcall(hw.explore, {}, function(m)
      hw.explore({}, function() end)
    end)))
    assert.matches("seed", select(2, pcall(hw.explore, { machine = { seed = 1 } }, function() end)))
    assert.matches("bound", select(2, pcall(hw.explore, { bound = 1, reduce = true }, function() end)))
    assert.matches("strategy", select(2, pcall(hw.explore, { strategy = "bfs" }, function() end)))
  end)

  it("counts outcomes as text, and none where nothing is returned", function()
    local r = hw.explore({ machine = { cpus = 1 } }, function(m) m:run() return 1, "a", nil end)
    assert.same({ ["1, a, nil"] = 1 }, r.outcomes)
    assert.same({}, hw.explore({}, function(m) m:run() end).outcomes)
  end)

  it("says at which slack a later timer would have been a possibility", function()
    local function timers(m)
      local dw = m:delayed_work("late", function() end)
      m:schedule_delayed_work_on(1, dw, "40ms")
      tasks(m, function(t) t:store(0x1000, 8, 1) end)
    end
    local r = hw.explore({ machine = { cpus = 2 } }, timers)
    assert.equals(0.044, r.near)
    assert.is_nil(hw.explore({ machine = { cpus = 2 }, slack = "50ms" }, timers).near)
  end)

  it("reports a kernel BUG, a livelock and a deadlock by kind", function()
    local r = hw.explore({ machine = { cpus = 1 }, max_points = 100 }, function(m)
      tasks(m, function() while true do m:cpu_relax() end end)
    end)
    assert.equals("restless", r.failure.kind)
    assert.matches("15_explore.lua:%d+", r.failure.message)
    r = hw.explore({ machine = { cpus = 2 } }, function(m)
      local lock = m:mutex("lock")
      tasks(m, function() m:mutex_lock(lock) end, function() m:mutex_lock(lock) end)
    end)
    assert.equals("deadlock", r.failure.kind)
    assert.matches("lock", r.failure.message)
  end)
end)

describe("it.explore", function()
  local machine
  before_each(function() machine = "set" end)
  it.explore("runs its hooks once for each schedule", { machine = { cpus = 2 } }, function(m)
    assert.equals("set", machine)
    tasks(m, function(t) t:store(0x1000, 8, 1) end, function(t) t:store(0x1000, 8, 1) end)
  end)
end)

describe("reduction", function()
  -- The outcomes of a scenario with and without it are the same; what a thread looks at counts as read.
  local scenarios = {
    ["a look at a work"] = function(m)
      local seen = "never"
      local w = m:work("w", function() end)
      tasks(m, function() m:schedule_work_on(0, w) end, function(t)
        t:store(0x1000, 8, 1)
        seen = tostring(w.pending) .. w.runs
      end)
      return seen
    end,
    ["a look at what is reserved"] = function(m)
      local seen
      tasks(m, function() m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 } end, function(t)
        t:store(0x1000, 8, 1)
        seen = m:slots(0).wp.cpu_pinned + m:slots(1).wp.cpu_pinned
      end)
      return seen
    end,
    ["a mutex that is tried"] = function(m)
      local lock, got = m:mutex("lock"), ""
      local function try(name)
        return function() if m:mutex_trylock(lock) then got = got .. name m:cond_resched() m:mutex_unlock(lock) end end
      end
      tasks(m, try "a", try "b")
      return got
    end,
    ["timers and a thread that reads the time"] = function(m)
      local at
      m:schedule_delayed_work_on(1, m:delayed_work("late", function() end), 1)
      tasks(m, function(t) t:store(0x1000, 8, 1) at = m.now end)
      return at
    end,
    ["cancelling what another CPU runs"] = function(m)
      local ran, was = 0, nil
      local w = m:work("w", function() m.cpu[1]:load(0xffffff8000000000, 8) ran = ran + 1 end)
      m:schedule_work_on(1, w)
      tasks(m, function() was = m:cancel_work_sync(w) end)
      return ran .. tostring(was)
    end,
    ["a task that another waits for"] = function(m)
      local order = ""
      local a = m:task { cpu = 1, body = function(t) t:store(0x1000, 8, 1) order = order .. "a" end }
      tasks(m, function() a:wait() order = order .. "w" end, function() order = order .. "b" end)
      return order
    end,
  }
  -- The drivers whose orders are counted elsewhere.
  local addr = 0xffffff8008c5a000
  local function wide(m, on_hit)
    return m:register_wide_hw_breakpoint { type = "w", addr = addr, len = 8, on_hit = on_hit }
  end

  local function exit_race(cancel)
    return function(m)
      local ev, was, closed
      local dw = m:delayed_work("late", function() ev = wide(m) end)
      local t = m:task { cpu = 0, body = function(t) t:load(0x1000, 8) end }
      t:on_exit("release", function()
        was = m[cancel](m, dw)
        if ev then m:unregister_wide_hw_breakpoint(ev) closed = true end
      end)
      m:schedule_delayed_work_on(1, dw, 1)
      m:run()
      return was and "cancelled" or closed and "closed" or "left registered"
    end
  end
  scenarios["exit beside a work that registers"] = exit_race "cancel_delayed_work"
  scenarios["exit that waits for the work"] = exit_race "cancel_delayed_work_sync"

  scenarios["a CPU that goes down and up beside a wide registration"] = function(m)
    local hits = 0
    tasks(m, function() wide(m, function(_, hit) hits, hit.skip = hits + 1, true end) end)
    m:task { cpu = 0, body = function() m:cpu_down(1) m:cpu_up(1) end }
    m:task { cpu = 0, body = function() wide(m, function(_, hit) hits, hit.skip = hits + 10, true end) end }
    m:run()
    m.cpu[1]:store(addr, 8, 1)
    return hits
  end

  for wrps = 1, 2 do
    scenarios["a look, then a registration, " .. wrps .. " of them left"] = function(m)
      for _ = wrps + 1, 4 do wide(m) end
      local armed
      local function arm()
        if not armed then armed = wide(m) or "refused" end
      end
      m:schedule_work_on(0, m:work("from_ioctl", arm))
      m:schedule_work_on(1, m:work("from_irq", arm))
      m:run()
      return m:slots(1).wp.cpu_pinned .. tostring(armed == "refused")
    end
  end

  scenarios["two releases"] = function(m)
    local ev, refused = wide(m), 0
    local function release()
      local w = ev
      if w then
        if not pcall(m.unregister_wide_hw_breakpoint, m, w) then refused = refused + 1 end
        ev = nil
      end
    end
    m:task { cpu = 0, body = release }
    m:schedule_work_on(1, m:work("cancel_func", release))
    m:run()
    return refused
  end

  scenarios["a change of an event beside a store"] = function(m)
    local hits = 0
    local ev = m:register_wide_hw_breakpoint {
      type = "w", addr = addr, len = 4, on_hit = function(_, hit) hits, hit.skip = hits + 1, true end }
    tasks(m, function() m:modify_user_hw_breakpoint(ev[1], { type = "w", addr = addr, len = 8 }) end,
      function() m.cpu[1]:store(addr, 4, 1) end)
    return hits
  end

  for name, scenario in pairs(scenarios) do
    it("loses no outcome: " .. name, function()
      local options = { machine = { cpus = 2 }, strategy = "dfs", reduce = false, max_runs = 0, timeout = 0 }
      local full = hw.explore(options, scenario)
      options.reduce = true
      local less = hw.explore(options, scenario)
      assert.is_true(full.complete and less.complete)
      assert.is_true(less.schedules <= full.schedules)
      local function ends(r)
        local list = {}
        for what in pairs(r.outcomes) do list[#list + 1] = what end
        table.sort(list)
        return table.concat(list, ", ")
      end
      assert.equals(ends(full), ends(less))
    end)
  end
end)
