-- The story in six steps: what is said, and what is done.
return {
  {
    "A machine with four watchpoint registers on each CPU. Four drivers each watch eight bytes of the kernel's data on every CPU.",
    [[m = hw.machine { cpus = 2, brps = 6, wrps = 4 }
w = {}
for i = 1, 4 do
  w[i] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 })
end]],
  },
  {
    "A fifth driver comes. The kernel refuses before any register is touched.",
    [[m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5b000, len = 8 }]],
  },
  {
    "Why? The machine knows which rule it was, who refused, and who holds the slots.",
    [[m:why()]],
  },
  {
    "So one of the four has to go.",
    [[m:unregister_wide_hw_breakpoint(w[1])]],
  },
  {
    "Now a delayed work item on CPU 1 registers the fifth, 28 seconds after boot. Virtual time passes at once.",
    [[function _register_wp_bp()
  w[5] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5b000, len = 8, disabled = true })
  for cpu in m:cpus() do m:perf_event_enable(w[5][cpu.id]) end
end
dw = m:delayed_work("watch_point_delayed_work_func", function() _register_wp_bp() return true end)
m:queue_delayed_work_on(1, dw, "28s")
m:run()]],
  },
  {
    "And this is how the register was written: the chain from write_wb_reg out to the bottom of the worker's stack.",
    [[m:callchain("write_wb_reg")]],
  },
}
