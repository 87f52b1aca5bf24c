m:perf_event_open { type = "w", addr = 0x1000, len = "four", cpu = 0 }
m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0, disable = true }
m:perf_event_open { type = "ww", addr = 0x1000 }
m:perf_event_open { type = "w", addr = 0x1000, on_hit = print }
m:perf_event_open { addr = 2 ^ 63 + 1 }
m:perf_event_open { addr = -8 }
m:perf_event_open { addr = 1.5 }
m:perf_event_open { task = m }
m:perf_event_open { "w", 0x1000 }
m:perf_event_open { disabled = 1 }
m:perf_event_open()
m:perf_event_open("w", 0x1000)
m.perf_event_open { type = "w" }
m:perf_event_opn {}
m.perf_event_opn {}
m:register_wide_hw_breakpont {}
m:register_wide_hw_breakpoint { cpu = 1 }
m:unregister_wide_hw_breakpoint(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 })
hw.machine {}:perf_event_enable(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0, name = "boss" })
return m.jifies
m.now = 1
m.foo = 1
return m.cpu[2]
return m.cpu[0].wcr[4]
return m.cpu[0].wcr[1.5]
return m.cpu[0].wcr.x
return m.cpu[0].wp_on_reg[9]
return m[1]
return hw.machne
return hw.errno.ENSPC
hw.machine { cpus = 1025 }
hw.machine { cpu_count = 3 }
hw.machine { cpus = "4" }
hw.machine { cpu = "cortex-a75x" }
hw.machine { kernel = "mainline" }
hw.machine { brps = { 6, 6, 4 }, cpus = 2 }
hw.machine { brps = 17 }
hw.machine { brps = {} }
hw.machine { far = "exct" }
hw.machine(4)
hw.u64(2 ^ 53)
hw.u64 "zz"
hw.u64 "0x10000000000000000"
hw.u64()
hw.hex("0x10")
hw.hex(1, 99)
hw.lt("1", 2)
hw.type()
hw.explain(0xffffffffff)
hw.explain(0, "WRC")
hw.ctrl.encode { type = "w" }
hw.ctrl.encode { len = 4 }
hw.ctrl.encode { type = "w", len = 8, offset = 1 }
hw.ctrl.encode { type = "w", len = 4, bas = 3 }
hw.ctrl.encode { type = "w", bas = -1 }
hw.ctrl.encode { type = "w", len = -1 }
hw.ctrl.encode { type = "w", len = 4, offset = -1 }
hw.ctrl.encode { type = "w", bas = 15, offset = 4 }
hw.ctrl.encode { type = "q", len = 4 }
hw.ctrl.encod { type = "r", len = 4 }
hw.ctrl.decode(0x100000000)
m.cpu[0]:write_wb_reg("WVRR", 0, 1)
m.cpu[0]:write_wb_reg("WVR", 0, 2 ^ 60)
m.cpu[0]:write_wb_reg("WVR", 0)
m.cpu[0]:write_wb_reg("WVR", 5, 1)
m.cpu[0]:hw_breakpoint_slot_setup("wq", m:task {}, "install")
m.cpu[0]:hw_breakpoint_control(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 }, "instal")
m.cpu[0]:context_switch(7)
m.cpu[0]:load(0x1000, "8")
m.cpu[0]:run(7)
m:msleep(-1)
m:msleep(0 / 0)
m:msleep "1s"
m:schedule_delayed_work(m:delayed_work("x", print), "28")
m:schedule_delayed_work(m:delayed_work("x", print), "28 sec")
m:schedule_delayed_work(m:delayed_work("x", print), -1)
m:work(print)
m:work("x", "y")
m:task { comm = 7 }
m:task { body = true }
m:task { comm = "t" }:ptrace_set("wach", 0, 0, 0)
m:task { comm = "t" }:ptrace_set("watch", 0, 0, 0x100000000)
m:callchain("write_wb_regs")
m:callchain("write_wb_reg", { veiw = "full" })
m:callchain("write_wb_reg", { view = "ful" })
m:trace { fn = "write_wb_regs" }
m:trace { fn = "perf_event_open" }
m:trace { cpu = 2 }
m:dump_stack_in "write_wb_regs"
m:dmesg(7)
m:dmesg "["
local ev = m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 } ev:close() ev:enable()
local ev = m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 } ev:close() m:perf_event_enable(ev)
local t = m:task {} m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t, on_hit = function(ev, hit) hit.skip = 1 end } t:store(0x1000, 8)
assert.regs(m, { wcr = { [0] = 0x1f5 } })
assert.regs(m.cpu[0], { wcr = { [0] = 0x1f5 }, mdscr_el1 = 0x9000, wvr = { [0] = 0xffffff8008c5a000 } }, "after the switch")
m.cpu[0]:write_wb_reg("WCR", 0, 0x1f5) assert.regs(m.cpu[0], { wcr = { [0] = 0x1f3 } })
m.cpu[0]:write_wb_reg("BCR", 1, 0x1e5) assert.regs_exactly(m, {})
assert.regs(m, { wcrs = {} })
assert.regs(m, { wcr = { [16] = 0 } })
assert.regs(m, { wcr = { [9] = 0 } })
assert.regs(m, { wcr = 5 })
assert.regs(7, {})
assert.errno("ENOSPC", m:cpu_down(0))
assert.errno("ENOSPC", m:cpu_down(1))
assert.errno("ENSPC", nil)
assert.errno("ENOSPC")
assert.succeeds(m:cpu_down(0))
assert.callchain({ "write_wb_reg", "hw_breakpoint_contrl", "..." }, m:callchain("write_wb_reg"))
m.cpu[0]:write_wb_reg("WVR", 0, 4) assert.callchain({ "write_wb_reg", "hw_breakpoint_control" }, m:callchain("write_wb_reg"))
assert.dmesg(m, "found 7")
assert.dmesg(m)
assert.dmesg(m, "%")
assert.dmesg(m, "(found")
for cpu in pairs(m.cpu) do end
m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 } assert.no_leaks(m)
m.cpu[0].wcr[0] = 5
m.cpu[0].wp_on_reg[0] = nil
m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 }.addr = 0x1008
m:task {}.cpu = 1
m.cpu[1].online = false
m:perf_event_open { type = "wr", addr = 0x1000 }
assert(m:task { comm = "t", compat = true }:ptrace_set("watch", 1, 0x1001, hw.ctrl.encode { type = "w", len = 1, privilege = "el0", enabled = true }))
m.cpu[0]:write_wb_reg("WVR", 0, 4) assert.callchain({ "...", "kthread", "idle" }, m:callchain("write_wb_reg"))
m.cpu[0]:write_wb_reg("WVR", 0, 4) assert.callchain({ "write_wb_reg", "...", "idle" }, m:callchain("write_wb_reg"))
for n, v in ipairs(m.cpu[0].wcr) do end
for n, ev in pairs(m.cpu[0].wp_on_reg) do end
for cpu, ev in pairs(m:register_wide_hw_breakpoint { type = "w", addr = 0x1000, len = 8 }) do end
hw.u64 "0x"
hw.u64 "1x10"
hw.hex()
hw.hex(nil)
hw.machine { brps = "6" }
hw.machine { brps = 0xffffffffffffffff }
m[("x"):rep(65)] = 1
m[("x"):rep(64)]()
assert.regs(m, { mdscr_el1 = "0x9000" })
assert.regs(m, { wcr = { [0] = 0x1f3, [1] = true } })
assert.regs(m, { bvr = { [0] = 4, 4, 4, 4, 4, 4 }, bcr = { [0] = 1, 1, 1, 1, 1, 1 }, wvr = { [0] = 8 } })
m.cpu[0]:write_wb_reg("WVR", 0, 8) assert.regs(m, { bvr = { [0] = 4, 4, 4, 4, 4, 4 }, bcr = { [0] = 1, 1, 1, 1, 1, 1 }, wvr = { [0] = 8 } })
assert.callchain({ "write_wb_reg", 7 }, m:callchain("write_wb_reg"))
assert.callchain({ "write_wb_reg" }, 7)
m.cpu[0]:write_wb_reg("WVR", 0, 4) assert.callchain({ "write_wb_reg", "..." , "...", "idle", "..." }, m:callchain("write_wb_reg"))
m:callchain("hw_breakpoint")
assert.callchain({ "a", "b", "...", "...", "c" }, { "a", "b" })
assert.callchain({ "a", "...", "b" }, { "a", "x", "b", "y" })
assert.callchain({ "a" }, { "a", "b" })
for i = 1, 11 do m.cpu[0]:write_wb_reg(7, 64 + i, 0) end assert.dmesg(m, "WVR")
for i = 1, 12 do m.cpu[0]:write_wb_reg(7, 64 + i, 0) end assert.dmesg(m, "WVR")
m.cpu["0"]:load(0x1000, 8)
m.cpu[0].wcr[0.5]()
m.cpu[true]()
m.cpu[0].load(7)
m.cpu[0].load()
assert.regs(m)
assert.regs(m, 7)
assert.callchain({ "a" }, { "b" }, "the chain of a")
assert.callchain({ "a" }, nil, "the chain of a")
assert.dmesg(m, "WVR", "a line of the register")
m.cpu[0] = 7
m:register_wide_hw_breakpoint { type = "w", addr = 0x1000, len = 8 }[0] = 7
assert.succeeds()
m:unregister_hw_breakpoint(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:unregister_wide_hw_breakpoint(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }[0])
