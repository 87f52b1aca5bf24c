-- Three CPUs have work that falls due at one moment. In which order does it run: and if the kernel does not say, can a
-- scenario still be sure to see the same tomorrow?
-- tags: determinism, work
local hw = require "hw"

local K = 0xffffff8008080000

local function order_of(seed)
  local m = hw.machine { cpus = 4, seed = seed }
  local order = {}
  for cpu = 1, 3 do
    m:queue_delayed_work_on(cpu, m:delayed_work("w" .. cpu, function(w)
      order[#order + 1] = w.name
      m:msleep(4)
      order[#order + 1] = w.name:upper()
    end), 10)
  end
  m:run()
  return table.concat(order, " ")
end

it("with seed 0 there is one order, that of the CPUs", function()
  assert.equals("w1 w2 w3 W1 W2 W3", order_of(0))
  assert.equals(order_of(0), order_of(0))
end)

it("other seeds find other orders, each the same every time", function()
  local seen, n = {}, 0
  for seed = 1, 20 do
    local order = order_of(seed)
    assert.equals(order, order_of(seed))
    if not seen[order] then
      seen[order] = true
      n = n + 1
    end
  end
  assert.is_true(n > 5, n .. " orders")
end)

it("what is not open stays as it is: work of one CPU and one jiffy is last armed first", function()
  for seed = 0, 10 do
    local m = hw.machine { cpus = 2, seed = seed }
    local order = {}
    for _, name in ipairs { "X", "Y" } do
      m:queue_delayed_work_on(1, m:delayed_work(name, function(w) order[#order + 1] = w.name end), 10)
    end
    m:run()
    assert.same({ "Y", "X" }, order, "seed " .. seed)
  end
end)

it("the registers are the same in the end, whoever was first: two CPUs race for one machine's last registers", function()
  local winners = {}
  for seed = 0, 10 do
    local m = hw.machine { cpus = 3, wrps = 2, seed = seed }
    assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    local got = {}
    for cpu = 1, 2 do
      m:queue_delayed_work_on(cpu, m:delayed_work("racer" .. cpu, function()
        local w, _, errno = m:register_wide_hw_breakpoint { type = "w", addr = K + 64 * cpu, len = 8 }
        got[cpu] = w and "won" or errno
      end), 10)
    end
    m:run()
    local won = got[1] == "won" and 1 or 2
    assert.same({ "won", "ENOSPC" }, { got[won], got[3 - won] }, "seed " .. seed)
    winners[won] = true
    assert.regs_exactly(m, { wvr = { [0] = K, [1] = K + 64 * won }, wcr = { [0] = 0x1ff3, [1] = 0x1ff3 }, mdscr_el1 = 0xb000 })
  end
  assert.same({ true, true }, winners)             -- each of them once at least
end)
