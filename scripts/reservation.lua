-- A register is promised long before it is written. With whom does an event compete for it: with every task of the
-- machine, or only with its own? (The nine questions of the kernel's own unit test, for four registers.)
-- tags: constraints
local hw = require "hw"

local next_addr
local function open(m, cpu, task)
  next_addr = next_addr + 8
  local base = task and 0x400000 or 0xffffff8008080000
  return m:perf_event_open { type = "rw", addr = base + next_addr, len = 1, cpu = cpu, task = task, pinned = true, sample_period = 1 }
end
local function fill(m, cpu, task, skip)
  local held = {}
  for i = 1, m.core_num_wrps - skip do held[i] = assert.succeeds(open(m, cpu, task)) end
  return held
end
local function refused(m, cpu, task) assert.errno("ENOSPC", open(m, cpu, task)) end

describe("slot reservation", function()
  local m, me, other
  before_each(function()
    next_addr = 0
    m = hw.machine { cpus = 2 }
    me, other = m:task { comm = "me", cpu = 0 }, m:task { comm = "other", cpu = 1 }
    m.cpu[0]:context_switch(me)
  end)
  after_each(function()
    for _, ev in ipairs(m:events()) do ev:close() end
    assert.no_leaks(m)
  end)

  it("K-1: a full CPU has no room for itself nor for a task that may come by", function()
    fill(m, 0, nil, 0)
    refused(m, -1, me)
    refused(m, 0, nil)
    assert.equals(0, m:slots(1).wp.cpu_pinned)
  end)

  it("K-2: CPUs do not compete with each other", function()
    for cpu in m:cpus() do
      fill(m, cpu.id, nil, 0)
      refused(m, cpu.id, nil)
    end
  end)

  it("K-3: a full task keeps every CPU's last register from the CPUs", function()
    local mine = fill(m, -1, me, 0)
    refused(m, -1, me)
    refused(m, 0, me)
    refused(m, 0, nil)
    mine[1]:close()
    assert.succeeds(open(m, 0, nil))
  end)

  it("K-4: two tasks may both be full, for they never run at once", function()
    local mine = fill(m, -1, me, 0)
    fill(m, -1, other, 0)
    refused(m, -1, me)
    refused(m, -1, other)
    refused(m, 0, me)
    refused(m, 0, other)
    refused(m, 0, nil)
    mine[1]:close()
    refused(m, 0, nil)                             -- the other one is still full
  end)

  it("K-5: a task that is full on one CPU is full wherever it goes", function()
    local mine = fill(m, 0, me, 0)
    refused(m, -1, me)
    refused(m, 0, me)
    refused(m, 0, nil)
    mine[1]:close()
    assert.succeeds(open(m, 0, nil))
  end)

  it("K-6: events that follow a task and events that wait for it on a CPU add up", function()
    local one = assert.succeeds(open(m, 0, me))
    local rest = fill(m, -1, me, 1)
    refused(m, -1, me)
    refused(m, 0, me)
    refused(m, 0, nil)
    one:close()
    rest[1]:close()
    assert.succeeds(open(m, 0, nil))
    assert.succeeds(open(m, 0, nil))
    refused(m, 0, nil)
  end)

  it("K-7: what two tasks hold on CPU 0 leaves CPU 1 free", function()
    fill(m, 0, me, 0)
    fill(m, 0, other, 0)
    refused(m, -1, me)
    refused(m, -1, other)
    refused(m, 0, me)
    refused(m, 0, other)
    refused(m, 0, nil)
    fill(m, 1, nil, 0)
  end)

  it("K-8: but not when one of them may go there", function()
    fill(m, 0, me, 0)
    fill(m, -1, other, 0)
    refused(m, -1, me)
    refused(m, -1, other)
    refused(m, 0, me)
    refused(m, 0, other)
    refused(m, 0, nil)
    refused(m, 1, nil)
  end)

  it("K-9: a task everywhere, once more on CPU 0, beside CPU 1's own", function()
    fill(m, -1, me, 2)
    local a = assert.succeeds(open(m, 0, me))
    assert.succeeds(open(m, -1, me))
    refused(m, -1, me)
    refused(m, 0, me)
    refused(m, 0, nil)
    local b = assert.succeeds(open(m, 1, nil))
    refused(m, 1, nil)
    a:close()
    refused(m, -1, me)
    b:close()
    assert.succeeds(open(m, -1, me))
    refused(m, -1, me)
    refused(m, 0, me)
    refused(m, 0, nil)
    refused(m, 1, nil)
  end)

  it("the CPU's neighbour is the busiest task anywhere, and m:why() says which", function()
    fill(m, -1, other, 0)
    assert.succeeds(open(m, -1, me))
    refused(m, 0, nil)
    local why = m:why()
    assert.equals("R-CON-7", why.rule)
    assert.equals(4, #why.holders)
    for _, ev in ipairs(why.holders) do assert.equals(other, ev.task) end
    assert.matches("other", tostring(why))
  end)

  it("a disabled event, a sleeping task's and a dead task's count like any other", function()
    local held = {}
    for i = 1, 4 do
      held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = 0x500000 + 8 * i, len = 8, task = other, disabled = true })
    end
    refused(m, 1, nil)
    other:exit()
    assert.equals("exit", held[1].state)
    refused(m, 1, nil)
    held[1]:close()
    assert.succeeds(open(m, 1, nil))
  end)

  it("the two kinds never compete", function()
    fill(m, 0, nil, 0)
    assert.equals(0, m:slots(0).bp.cpu_pinned)
    assert.succeeds(m:perf_event_open { type = "x", addr = 0x400000, cpu = 0 })
  end)
end)
