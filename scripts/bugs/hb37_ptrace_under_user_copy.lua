-- HB-37: A debugger watches a buffer, a profiler watches a kernel variable, and the program calls read(2) into the buffer.
-- On some 4.19 phones the CPU never comes back. Which core is it, and what is missing?
--
-- Source: measured on a 4.19.118 kernel: 9 of 9 cases on a core with UAO, none on a cortex-a57, whose recordings are A.uaccess;
-- R-EXC-11, R-PTR-16, R-EXC-17
-- tags: bug, ptrace, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U, K = 0x400000, 0xffffff8008080000
local m, t, cpu, k

local function setup(core)
  m = hw.machine { cpus = 1, cpu = core }
  cpu = m.cpu[0]
  t = m:task { comm = "tracee" }
  local ctrl = hw.ctrl.encode { type = "w", len = 8, privilege = "el0", enabled = true }
  assert.succeeds(t:ptrace_set("watch", 0, U, ctrl))
  cpu:context_switch(t)
end

local function teardown()
  if k then k:close() k = nil end
  t:exit()
  assert.no_leaks(m)
end

-- D-1: the kernels that look at the privilege of the access before they report it step over this one.
local function steps_over() return m.kernel ~= "4.19.0" and m.kernel ~= "4.19.116" end

it("without an EL1 event MDSCR_EL1.KDE is clear, and the copy does not trap", function()
  setup "cortex-a76"
  assert.regs(cpu, { mdscr_el1 = 0x9000 })
  assert.succeeds(cpu:put_user(U, 8, 1))
  assert.equals(0, #m:trace { fn = "watchpoint_handler" })
  teardown()
end)

it("with one the unprivileged store of a core with UAO matches the EL0 watchpoint, and nobody steps over it", function()
  setup "cortex-a76"
  k = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
  assert.regs(cpu, { mdscr_el1 = 0xb000 })
  local done, message = pcall(cpu.put_user, cpu, U, 8, 1)
  if steps_over() then
    assert.is_true(done, message)
    assert.equals(1, #m:trace { fn = "watchpoint_handler" })
  else
    assert.is_false(done)
    assert.matches("traps again", tostring(message))
  end
  teardown()
end)

it("a core without UAO copies with ordinary EL1 stores up to 5.10, which an EL0 watchpoint does not match", function()
  setup "cortex-a57"
  k = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
  assert.succeeds(cpu:put_user(U, 8, 1))
  local unprivileged = not (m.kernel:match "^4" or m.kernel:match "^5")    -- on every core since 5.11
  assert.equals(unprivileged and 1 or 0, #m:trace { fn = "watchpoint_handler" })
  teardown()
end)
