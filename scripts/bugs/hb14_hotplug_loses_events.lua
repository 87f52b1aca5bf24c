-- HB-14: A watchpoint of CPU 1 counts, until CPU 1 was off and on again. The file can still be read, enabling it says 0.
-- Why does the number never move again?
--
-- Source: measured on Debian's 6.1.192; KStackWatch v3 "Handle CPU hotplug for watchpoints"
-- tags: bug, hotplug
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 2, va_bits = 48 }
  t = m:task { comm = "t", cpu = 1 }
end)
local function five_stores()
  if m.cpu[1].online and t.cpu ~= 1 then t:migrate(1) end
  for _ = 1, 5 do t:store(U, 8) end
end

for _, pinned in ipairs { false, true } do
  it(("the measured phases, pinned %s: 5, 5, 5, 5 of the CPU, 5, 10, 15 of the task"):format(tostring(pinned)), function()
    local of_cpu = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, cpu = 1, pinned = pinned, exclude_kernel = true })
    local of_task = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, pinned = pinned, exclude_kernel = true })
    five_stores()
    assert.same({ 5, 5 }, { of_cpu:read(), of_task:read() })
    m:cpu_down(1)
    five_stores()
    assert.same({ 5, 10 }, { of_cpu:read(), of_task:read() })
    m:cpu_up(1)
    five_stores()
    assert.same({ 5, 15 }, { of_cpu:read(), of_task:read() })
    assert.is_true(of_cpu:enable())
    five_stores()
    assert.equals(5, of_cpu:read())
    assert.equals("inactive", of_cpu.state)

    local free = {}                                -- 2 of 4, with both still open
    while true do
      local ev = m:perf_event_open { type = "w", addr = U + 0x100, len = 8, cpu = 1 }
      if not ev then break end
      free[#free + 1] = ev
    end
    assert.equals(2, #free)
    for _, ev in ipairs(free) do ev:close() end
    of_cpu:close()
    of_task:close()
    assert.no_leaks(m)
  end)
end

it("the right use: close it and open it again when the CPU is back", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, cpu = 1, exclude_kernel = true })
  m:cpu_down(1)
  m:cpu_up(1)
  ev:close()
  ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, cpu = 1, exclude_kernel = true })
  five_stores()
  assert.equals(5, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
