-- HB-17: The big cores of this phone have four watchpoints. Linux says two, on every core. And then it lets four events
-- be registered?
--
-- Source: cpufeature.c takes the lower value of ID_AA64DFR0_EL1.WRPs; the constraints are set up before other CPUs start
-- tags: bug, big.LITTLE, constraints
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local K = 0xffffff8008080000
local m, held
before_each(function() m, held = hw.machine { cpus = 2, brps = { 6, 4 }, wrps = { 4, 2 } }, {} end)
after_each(function()
  for _, ev in ipairs(held) do ev:close() end
  assert.no_leaks(m)
end)
local function open(i, extra)
  local attr = { type = "w", addr = K + 8 * i, len = 8, cpu = 0, pinned = true }
  for k, v in pairs(extra or {}) do attr[k] = v end
  local ev, message, errno = m:perf_event_open(attr)
  held[#held + 1] = ev
  return ev, message, errno
end

it("two registers of the big core are never used", function()
  assert.equals(2, m.core_num_wrps)
  assert.equals(4, #m.cpu[0].wcr)
  for i = 0, 3 do assert.succeeds(open(i)) end
  assert.regs(m.cpu[0], { wcr = { [0] = 0x1ff3, [1] = 0x1ff3, [2] = 0, [3] = 0 } })
end)

it("four are promised where two can be kept: the third event registers well and is dead", function()
  for i = 0, 3 do assert.succeeds(open(i)) end
  assert.same({ "active", "active", "error", "error" }, { held[1].state, held[2].state, held[3].state, held[4].state })
  for i = 0, 3 do m.cpu[0]:store(K + 8 * i, 8) end
  assert.same({ 1, 1, 0, 0 }, { held[1].count, held[2].count, held[3].count, held[4].count })
  assert.dmesg(m, "Can't find any breakpoint slot$")
  assert.errno("ENOSPC", open(4))                  -- the fifth is refused
end)

it("the right use: trust the count in the log, or look at the state after registering", function()
  local found = tonumber(m:dmesg("hw%-breakpoint: found")[1]:match "and (%d+) watchpoint")
  for i = 0, found - 1 do assert.equals("active", (assert.succeeds(open(i))).state) end
  local one_more = assert.succeeds(open(found))
  assert.equals("error", one_more.state)
  assert.is_nil((one_more:read()))                 -- a read of 0 bytes tells a program of user space
end)
