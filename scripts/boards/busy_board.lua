-- Two wide watchpoints that nobody releases, three programs that watch their own variables, and five requests that fail
-- on a machine that has a register free. Who holds the slots on a real board, and does the model say the same?
--
-- Source: hwlua trace --scenario of a recording: Debian 6.1.176, four Cortex-A57 CPUs; at the seven marks the registers
-- were read through a debugger and were these.
-- tags: board, slots
local hw = require "hw"

it("does on the model what the board did", function()
  local m = hw.machine { cpus = 4, brps = 6, wrps = 4, kernel = "6.1.176", va_bits = 48 }
  local e, w, t = {}, {}, {} -- events, wide registrations, tasks
  -- hwlua-point 0
  w[2] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffff800000d097c0, len = 8 })
  w[1] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffff800000d097c8, len = 8 })
  -- hwlua-point 1
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  t[1] = m:task { comm = "alpha", pid = 133 }
  e[9] = assert(m:perf_event_open { type = "w", addr = 0x10000040, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  t[1]:migrate(1)
  m.cpu[1]:context_switch(t[1])
  e[10] = assert(m:perf_event_open { type = "w", addr = 0x10000048, len = 2, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  e[12] = assert(m:perf_event_open { type = "x", addr = 0x10000080, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[1] })
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000043, len = 4,
    exclude_kernel = true, exclude_hv = true, cpu = 2 })
  t[2] = m:task { comm = "beta", pid = 134 }
  e[13] = assert(m:perf_event_open { type = "r", addr = 0x10000050, len = 1, exclude_kernel = true,
    exclude_hv = true, cpu = -1, task = t[2] })
  -- hwlua-point 2
  t[2]:migrate(2)
  m.cpu[2]:context_switch(t[2])
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x10000080 },
    bcr = { [0] = 0x1e5, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000040, [3] = 0x10000048 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x1f5, [3] = 0x75 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000050 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000040, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = 3 })
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000048, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = 3 })
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x10000050, len = 8,
    exclude_kernel = true, exclude_hv = true, cpu = 3 })
  e[17] = assert(m:perf_event_open { type = "x", addr = 0x10000080, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = 3 })
  e[18] = assert(m:perf_event_open { type = "x", addr = 0x10000084, len = 4, exclude_kernel = true,
    exclude_hv = true, cpu = 3 })
  assert.errno("ENOSPC", m:register_wide_hw_breakpoint { type = "w", addr = 0xffff800000d097e0, len = 8 })
  -- hwlua-point 3
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bvr = { [0] = 0x10000080 },
    bcr = { [0] = 0x1e5, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000040, [3] = 0x10000048 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x1f5, [3] = 0x75 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000050 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bvr = { [0] = 0x10000080, [1] = 0x10000084 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 }, wcr = { [2] = 0x0, [3] = 0x0 } })
  e[12]:close()
  e[10]:close()
  e[9]:close()
  -- hwlua-point 4
  m.cpu[1]:context_switch(nil)
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000050 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bvr = { [0] = 0x10000080, [1] = 0x10000084 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 }, wcr = { [2] = 0x0, [3] = 0x0 } })
  -- hwlua-point 5
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8, [2] = 0x10000050 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x2d, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bvr = { [0] = 0x10000080, [1] = 0x10000084 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 }, wcr = { [2] = 0x0, [3] = 0x0 } })
  e[13]:close()
  -- hwlua-point 6
  m.cpu[2]:context_switch(nil)
  assert.regs(m.cpu[0], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[1], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[2], { bcr = { [0] = 0x0, [1] = 0x0, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 },
    wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0x0, [3] = 0x0 } })
  assert.regs(m.cpu[3], { bvr = { [0] = 0x10000080, [1] = 0x10000084 },
    bcr = { [0] = 0x1e5, [1] = 0x1e5, [2] = 0x0, [3] = 0x0, [4] = 0x0, [5] = 0x0 },
    wvr = { [0] = 0xffff800000d097c0, [1] = 0xffff800000d097c8 }, wcr = { [2] = 0x0, [3] = 0x0 } })
  e[18]:close()
  e[17]:close()
end)
