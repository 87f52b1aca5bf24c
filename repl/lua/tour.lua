-- The tour in six steps, each a text and the code to run.
return {
  {
    "A machine with four watchpoint registers on each CPU. Each of four drivers watches eight bytes of "
      .. "kernel data on every CPU.",
    [[m = hw.machine { cpus = 2, brps = 6, wrps = 4 }
w = {}
for i = 1, 4 do
  w[i] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 })
end]],
  },
  {
    "A fifth driver registers a watchpoint. The kernel refuses it before it touches any register.",
    [[m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5b000, len = 8 }]],
  },
  {
    "The machine can explain: which rule was broken, which function refused, and which events hold the "
      .. "slots.",
    [[m:why()]],
  },
  {
    "One of the four drivers releases its watchpoint.",
    [[m:unregister_wide_hw_breakpoint(w[1])]],
  },
  {
    "A delayed work item on CPU 1 registers the fifth one 28 seconds after boot. Virtual time takes no real "
      .. "time.",
    [[function _register_wp_bp()
  w[5] = assert(m:register_wide_hw_breakpoint {
    type = "w", addr = 0xffffff8008c5b000, len = 8, disabled = true
  })
  for cpu in m:cpus() do m:perf_event_enable(w[5][cpu.id]) end
end
dw = m:delayed_work("watch_point_delayed_work_func", function() _register_wp_bp() return true end)
m:queue_delayed_work_on(1, dw, "28s")
m:run()]],
  },
  {
    "The call chain of the register write, from write_wb_reg out to the bottom of the worker's stack.",
    [[m:callchain("write_wb_reg")]],
  },
}
