-- A debugger sets, moves, widens, disables and enables the watchpoints of a program that profilers watch too, and ends
-- without taking them back. Which registers does a real board hold at each step, and does the model hold the same?
--
-- Source: hwlua trace --scenario of a recording: Debian 6.1.176, four Cortex-A57 CPUs; at the nine marks the registers
-- were read through a debugger and were these.
-- tags: board, ptrace
local hw = require "hw"

it("does on the model what the board did", function()
  local m = hw.machine { cpus = 4, brps = 6, wrps = 4, kernel = "6.1.176", va_bits = 48 }
  local e, w, t = {}, {}, {} -- events, wide registrations, tasks
  t[1] = m:task { comm = "agent", pid = 97 }
  e[1] = assert(m:perf_event_open { type = "w", addr = 0x10000040, len = 8, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  t[1]:migrate(1)
  m.cpu[1]:context_switch(t[1])
  e[2] = assert(m:perf_event_open { type = "r", addr = 0x10000080, len = 1, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  e[3] = assert(m:perf_event_open { type = "x", addr = 0x20000010, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  t[2] = m:task { comm = "agent", pid = 99 }
  e[4] = assert(m:perf_event_open { type = "rw", addr = 0x10000200, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[2] })
  -- hwlua-point 0
  t[2]:migrate(2)
  m.cpu[2]:context_switch(t[2])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000040, [1] = 0x10000080 },
    wcr = { [0] = 0x1ff5, [1] = 0x2d, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  e[5] = assert(m:register_user_hw_breakpoint { type = "rw", addr = 0x0, len = 4, disabled = true,
    exclude_kernel = true, task = t[1] })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000100, len = 4, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000100, len = 4,
    exclude_kernel = true, disabled = false }))
  e[6] = assert(m:register_user_hw_breakpoint { type = "x", addr = 0x0, len = 4, disabled = true,
    exclude_kernel = true, task = t[1] })
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000020, len = 4, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000020, len = 4,
    exclude_kernel = true, disabled = false }))
  -- hwlua-point 1
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000020, [1] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000100, [1] = 0x10000040, [2] = 0x10000080 },
    wcr = { [0] = 0x1f5, [1] = 0x1ff5, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000100, len = 4,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000100, len = 4,
    exclude_kernel = true, disabled = false }))
  e[7] = assert(m:register_user_hw_breakpoint { type = "rw", addr = 0x0, len = 4, disabled = true,
    exclude_kernel = true, task = t[1] })
  assert(m:modify_user_hw_breakpoint(e[7], { type = "rw", addr = 0x10000140, len = 4, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[7], { type = "rw", addr = 0x10000140, len = 4, disabled = true,
    exclude_kernel = true }))
  -- hwlua-point 2
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000020, [1] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000100, [1] = 0x10000040, [2] = 0x10000080 },
    wcr = { [0] = 0x1f5, [1] = 0x1ff5, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000148, len = 4,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000148, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000148, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000148, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[7], { type = "rw", addr = 0x10000150, len = 4, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[7], { type = "w", addr = 0x10000150, len = 8,
    exclude_kernel = true, disabled = false }))
  -- hwlua-point 3
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000020, [1] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000148, [1] = 0x10000150, [2] = 0x10000040, [3] = 0x10000080 },
    wcr = { [0] = 0x7d, [1] = 0x1ff5, [2] = 0x1ff5, [3] = 0x2d } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000160, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = -1, task = t[1] })
  assert.errno("ENOSPC", m:perf_event_open { type = "rw", addr = 0x10000168, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = 1, task = t[1] })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000148, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000148, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[7], { type = "w", addr = 0x10000150, len = 8,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[7], { type = "w", addr = 0x10000150, len = 8,
    exclude_kernel = true, disabled = false }))
  assert.errno("ENOSPC", m:register_user_hw_breakpoint { type = "rw", addr = 0x0, len = 4,
    disabled = true, exclude_kernel = true, task = t[1] })
  assert(m:modify_user_hw_breakpoint(e[5], { type = "rw", addr = 0x10000149, len = 2,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000149, len = 5,
    exclude_kernel = true, disabled = false }))
  -- hwlua-point 4
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000020, [1] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000148, [1] = 0x10000150, [2] = 0x10000040, [3] = 0x10000080 },
    wcr = { [0] = 0x7d5, [1] = 0x1ff5, [2] = 0x1ff5, [3] = 0x2d } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000148, len = 5,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000148, len = 5, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000030, len = 4,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000030, len = 4,
    exclude_kernel = true, disabled = false }))
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000060, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = -1, task = t[1] })
  e[1]:close()
  e[12] = assert(m:perf_event_open { type = "w", addr = 0x10000060, len = 8, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  -- hwlua-point 5
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000030, [1] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000150, [1] = 0x10000080, [2] = 0x10000060 },
    wcr = { [0] = 0x1ff5, [1] = 0x2d, [2] = 0x1ff5, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  m.cpu[1]:context_switch(nil)
  assert(m:modify_user_hw_breakpoint(e[5], { type = "w", addr = 0x10000178, len = 5, disabled = true,
    exclude_kernel = true }))
  assert(m:modify_user_hw_breakpoint(e[5], { type = "r", addr = 0x1000017c, len = 4,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000030, len = 4,
    exclude_kernel = true, disabled = false }))
  assert(m:modify_user_hw_breakpoint(e[6], { type = "x", addr = 0x20000030, len = 4, disabled = true,
    exclude_kernel = true }))
  m.cpu[1]:context_switch(t[1])
  e[2]:close()
  -- hwlua-point 6
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000178, [1] = 0x10000150, [3] = 0x10000060 },
    wcr = { [0] = 0x1e0d, [1] = 0x1ff5, [2] = 0x0, [3] = 0x1ff5 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  -- hwlua-point 7
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  m.cpu[1]:context_switch(nil)
  m.cpu[1]:context_switch(t[1])
  assert.regs(m.cpu[1], { bvr = { [0] = 0x20000010 },
    bcr = { [0] = 0x1e5, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000178, [1] = 0x10000150, [2] = 0x10000060 },
    wcr = { [0] = 0x1e0d, [1] = 0x1ff5, [2] = 0x1ff5, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  e[3]:close()
  m:unregister_hw_breakpoint(e[6])
  m:unregister_hw_breakpoint(e[5])
  m:unregister_hw_breakpoint(e[7])
  -- hwlua-point 8
  m.cpu[1]:context_switch(nil)
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0x10000200 }, wcr = { [0] = 0x1fd, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0 } })
end)
