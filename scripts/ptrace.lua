-- A debugger writes its hardware breakpoints through PTRACE_SETREGSET. What does it read back, which slots does it hold
-- without knowing, and why does an address with low bits set together with a mask watch something else?
-- tags: ptrace
local hw = require "hw"

local A = 0x1000

describe("the register sets", function()
  local m, t, cpu
  before_each(function()
    m = hw.machine { cpus = 1, brps = 6, wrps = 4 }
    t = m:task { comm = "tracee" }
    cpu = m.cpu[0]
  end)
  local function get(idx, which) return { t:ptrace_get(which or "watch", idx) } end

  it("say how many there are, and 0 for the rest", function()
    assert.equals(0x604, t:ptrace_info "watch")
    assert.equals(0x606, t:ptrace_info "break")
    for i = 0, 15 do assert.same({ 0, 0 }, get(i)) end
  end)

  it("give back the aligned address and the shifted mask", function()
    assert.succeeds(t:ptrace_set("watch", 0, 0x1004, 0x1f5))
    assert.same({ 0x1000, 0x1e15 }, get(0))
    cpu:context_switch(t)
    assert.regs_exactly(cpu, { wvr = { [0] = 0x1000 }, wcr = { [0] = 0x1e15 }, mdscr_el1 = 0x9000 })
  end)

  it("make an event on the first touch, which is reserved even while it is off", function()
    assert.succeeds(t:ptrace_set("watch", 0, A, 0))
    assert.equals(1, m:slots(0).wp.task_pinned)
    assert.equals("off", m:events()[1].state)
    for i = 1, 3 do assert.succeeds(m:perf_event_open { type = "w", addr = 0x2000 + 8 * i, len = 8, task = t }) end
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x3000, len = 8, task = t })
  end)

  it("keep type, length and address when the control word says only: off", function()
    t:ptrace_set("watch", 0, 0x1004, 0x1f5)
    assert.succeeds(t:ptrace_set("watch", 0, 0x1004, 0))
    assert.same({ 0x1000, 0x1e14 }, get(0))
    assert.succeeds(t:ptrace_set("watch", 0, 0x1000, 0))      -- the address is written first, with the length of before
    assert.same({ 0x1000, 0x1f4 }, get(0))
  end)

  it("add the mask's offset to the address: both together go on to the next doubleword", function()
    t:ptrace_set("watch", 0, A, 0x1e15)                       -- bytes 4 to 7 of 0x1000
    assert.same({ 0x1000, 0x1e15 }, get(0))
    t:ptrace_set("watch", 0, 0x1004, 0x1e15)                  -- "address 4 higher, bytes 4 to 7"
    assert.same({ 0x1008, 0x1f5 }, get(0))                    -- is bytes 0 to 3 of the next doubleword
  end)

  it("add both offsets of an unaligned address with a mask of one byte", function()
    t:ptrace_set("watch", 0, 0x1003, 0x35)
    assert.same({ 0x1000, 0x115 }, get(0))
  end)

  it("refuse masks with holes, kernel addresses and types of the other set", function()
    assert.errno("EINVAL", t:ptrace_set("watch", 0, A, 0x1035))       -- 0x81
    assert.errno("EINVAL", t:ptrace_set("watch", 0, A, 0x15))         -- no byte at all
    assert.errno("EINVAL", t:ptrace_set("watch", 0, 0xffffff8008080000, 0x1ff5))
    assert.errno("EINVAL", t:ptrace_set("break", 0, A, 0x1f5))
    assert.errno("EINVAL", t:ptrace_set("watch", 0, A, 0x1e5))        -- execute
    assert.errno("EINVAL", t:ptrace_set("watch", 16, A, 0x1f5))
  end)

  it("ignore the privilege bits: a tracer cannot watch the kernel, and is not told", function()
    assert.succeeds(t:ptrace_set("watch", 0, A, 0x1f3))
    assert.same({ A, 0x1f5 }, get(0))
  end)

  it("fill up at the entry that does not fit", function()
    assert.errno("ENOSPC", t:ptrace_set("watch", 4, A, 0x1f5))
    assert.equals(4, m:slots(0).wp.task_pinned)               -- entries 0 to 3 were made on the way
    assert.errno("ENOSPC", t:ptrace_set("break", 6, A, 0x1e5))
    assert.equals(6, m:slots(0).bp.task_pinned)
  end)

  it("stop the access before it happens", function()
    assert.succeeds(t:ptrace_set("watch", 0, A, 0x1ff5))
    local done, _, why = t:store(A + 2, 1, 0xff)
    assert.is_nil(done)
    assert.equals("SIGTRAP", why)
    assert.same({ 4, A + 2, 0 }, { t.siginfo.code, t.siginfo.addr, t.siginfo.errno })
    assert.succeeds(t:ptrace_set("watch", 0, A, 0))
    assert.equals(0, t:load(A + 2, 1))
  end)

  it("tell a 32-bit tracee's debugger the index, in si_errno", function()
    t = m:task { comm = "t32", compat = true }
    assert.succeeds(t:ptrace_set("watch", 1, A, 0x1f5))
    assert.errno("SIGTRAP", t:store(A, 4))
    assert.equals(-3, t.siginfo.errno)                        -- -(2i+1): watchpoint index 1
    assert.succeeds(t:ptrace_set("break", 0, 0x10580, 0x1e5))
    assert.errno("SIGTRAP", t:exec(0x10580))
    assert.equals(1, t.siginfo.errno)
  end)

  it("are emptied by exec and by exit, and not inherited", function()
    t:ptrace_set("watch", 0, A, 0x1f5)
    local child = assert.succeeds(t:fork { comm = "child" })
    assert.same({ 0, 0 }, { child:ptrace_get("watch", 0) })
    assert.succeeds(t:execve())
    assert.same({ 0, 0 }, get(0))
    assert.no_leaks(m)
    t:ptrace_set("watch", 0, A, 0x1f5)
    t:exit()
    assert.no_leaks(m)
  end)
end)

it("the info word names the debug architecture of the core", function()
  for _, c in ipairs { { "cortex-a53", 0x604, 0x606 }, { "cortex-a57", 0x604, 0x606 }, { "cortex-a76", 0x804, 0x806 } } do
    local m = hw.machine { cpus = 1, cpu = c[1] }
    local t = m:task {}
    assert.same({ c[2], c[3] }, { t:ptrace_info "watch", t:ptrace_info "break" }, c[1])
  end
end)
