-- Hotplug beside registrations that are under way, where a seed draws the order, and workers that it moves.
local hw = require "hw"

it("hotplug waits for the registrations that are under way", function()
  local K = 0xffffff8008080000
  for seed = 1, 60 do
    local m = hw.machine { cpus = 3, seed = seed, kernel = "4.19.266" }
    local function register()
      for i = 1, 6 do
        local w = m:register_wide_hw_breakpoint { type = "w", addr = K + 8 * i, len = 8 }
        if w then m:unregister_wide_hw_breakpoint(w) end
      end
    end
    m:task { comm = "a", cpu = 0, body = register }
    m:task { comm = "b", cpu = 2, body = register }
    m:task { comm = "plug", cpu = 0, body = function() for i = 1, 4 do m:cpu_down(1) m:cpu_up(1) end end }
    m:run()
    assert.no_leaks(m)
    assert.regs(m, { wcr = { [0] = 0, [1] = 0 }, mdscr_el1 = 0x1000 })
  end
end)

it("R-WQ-19: a worker that brings its own CPU up goes there when it has done its item, and not before", function()
  local m = hw.machine { cpus = 2 }
  m:cpu_down(1)
  local seen = {}
  local function where(name)
    local t = m.current
    assert.equals(t, m.cpu[t.cpu].current)
    assert.equals("running", t.state)
    seen[#seen + 1] = name .. " in " .. t.comm .. " on " .. t.cpu
  end
  m:schedule_work_on(1, m:work("up", function()
    where "up"
    m:cpu_up(1)
    where "still"
  end))
  m:schedule_work_on(1, m:work("next", function() where "next" end))
  m:run()
  assert.same({ "up in kworker/1:0 on 0", "still in kworker/1:0 on 0", "next in kworker/1:0 on 1" }, seen)
  for cpu in m:cpus() do assert.equals(cpu.id, cpu.current.cpu) end
  assert.no_leaks(m)
end)

it("a body migrates itself, and takes its own CPU down", function()
  for seed = 0, 20 do
    local m = hw.machine { seed = seed }
    local seen, ev = {}, nil
    local t = m:task { comm = "mover", cpu = 2, body = function(t)
      ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 4, task = t })
      local function here()
        t:store(0x1000, 4, 1)
        seen[#seen + 1] = t.cpu
        assert.is_true(m.current == t and m.cpu[t.cpu].current == t)
        assert.equals(ev, m.cpu[t.cpu].wp_on_reg[ev.slot])
      end
      here()
      assert.succeeds(t:migrate(1))
      here()
      assert.equals("swapper/2", m.cpu[2].current.comm)
      assert.errno("EINVAL", t:migrate(4))
      assert.succeeds(t:migrate(1))                            -- it is there
      here()
      assert.succeeds(m:cpu_down(1))                           -- R-HP-11: its task moves, the event goes with it
      here()
      assert.is_false(m.cpu[1].online)
      assert.errno("EBUSY", m:cpu_down(0))
      assert.succeeds(m:cpu_up(0))
      m:unregister_hw_breakpoint(ev)
    end }
    m:run()
    assert.same({ 2, 1, 1, 0 }, seen)
    assert.equals(4, ev.count)
    assert.equals("dead", t.state)
    assert.no_leaks(m)
  end
  local m = hw.machine {}
  m:task { cpu = 1, body = function() m:cpu_suspend(1) end }
  assert.matches("cpu_suspend of cpu1 cannot be called from", select(2, pcall(m.run, m)))
end)

it("a body that is moved in the middle of a call is current where it goes on", function()
  local K = 0xffffff8008080000
  local function walk(seed)
    local m, r = hw.machine { seed = seed, kernel = seed % 2 == 0 and "4.19" or "6.1" }, seed
    local function draw(n) r = (r * 1103515245 + 12345) % 2147483648 return math.floor(r / 65536) % n end
    local trail = {}
    local function move(t)
      local what = draw(4)
      if what == 0 then t:migrate(draw(4)) elseif what == 1 then m:cpu_down(draw(4)) elseif what == 2 then m:cpu_up(draw(4)) else m:msleep(draw(3)) end
    end
    local function settled(t)
      trail[#trail + 1] = t.pid .. " on " .. t.cpu
      assert.equals(t, m.current)
      assert.equals(t, m.cpu[t.cpu].current)
    end
    for i = 0, 4 do
      m:task { cpu = i % 4, body = function(t)
        t:on_exit("hook", function() m:msleep(draw(3)) settled(t) end)
        local ev = m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t }
        for _ = 1, 25 do
          local what = draw(3)
          if what == 0 then move(t) elseif what == 1 then t:store(0x1000 + 8 * draw(2), 8, 1)
          else
            local w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
            if w then m:unregister_wide_hw_breakpoint(w) end
          end
          settled(t)
        end
        if ev then m:unregister_hw_breakpoint(ev) end
      end }
    end
    m:run()
    assert.no_leaks(m)
    assert.regs(m, { wcr = { [0] = 0, [1] = 0, [2] = 0, [3] = 0 } })
    return table.concat(trail, " ")
  end
  for seed = 0, 19 do assert.equals(walk(seed), walk(seed)) end
end)
