-- HB-19: A watched task forks and exits, its child lives on. The counts of the dead parent were wrong for years. Today a
-- child can still have eight watchpoints on four registers. How?
--
-- Source: kernel commit 45a73372efe4 on per-task tracking; the swap was checked on Debian's 6.1.176
-- tags: bug, fork, constraints
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, cpu, t
before_each(function()
  m = hw.machine { cpus = 2 }
  cpu = m.cpu[1]
  t = m:task { comm = "t", cpu = 1 }
  cpu:context_switch(t)
end)
local function open(task, i, extra)
  local attr = { type = "w", addr = U + 8 * i, len = 8, task = task }
  for k, v in pairs(extra) do attr[k] = v end
  return assert.succeeds(m:perf_event_open(attr))
end

-- Four inheritable events, a fork, and a direct switch to the child: parent and child have exchanged their contexts.
local function forked(pinned)
  local originals = {}
  for i = 0, 3 do originals[i] = open(t, i, { inherit = true, pinned = pinned }) end
  local u = assert.succeeds(t:fork { comm = "u" })
  cpu:context_switch(u)
  return originals, u
end

for _, pinned in ipairs { true, false } do
  it(("the parent's exit frees what is charged to the child: it gets four more, which are %s"):format(pinned and "in error" or "never in"), function()
    local originals, u = forked(pinned)
    cpu:context_switch(nil)                        -- not straight back, or they would swap once more
    t:exit()
    local more = {}
    for i = 0, 3 do more[i] = open(u, 16 + i, { pinned = pinned }) end
    cpu:context_switch(nil)
    cpu:context_switch(u)
    for i = 0, 3 do
      assert.equals(i, originals[i].slot)
      assert.equals(pinned and "error" or "inactive", more[i].state)
    end
    assert.dmesg(m, "Can't find any breakpoint slot$")
    u:store(U + 8 * 16, 8)
    assert.equals(0, more[0].count)
    for i = 0, 3 do
      originals[i]:close()
      more[i]:close()
    end
    assert.no_leaks(m)
  end)
end

it("without the swap the child is full, as it should be", function()
  local originals = {}
  for i = 0, 3 do originals[i] = open(t, i, { inherit = true, pinned = true }) end
  local u = assert.succeeds(t:fork { comm = "u" })
  cpu:context_switch(nil)                          -- through a third task
  cpu:context_switch(u)
  cpu:context_switch(nil)
  t:exit()
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = U, len = 8, task = u })
  u:exit()
  for i = 0, 3 do originals[i]:close() end
  assert.no_leaks(m)
end)

it("the right use: watch the child by events of its own, opened for it", function()
  local mine = open(t, 0, { pinned = true })
  local u = assert.succeeds(t:fork { comm = "u" })
  local childs = open(u, 0, { pinned = true })
  t:store(U, 8)
  t:exit()
  u:store(U, 8)
  assert.same({ 1, 1 }, { mine:read(), childs:read() })
  mine:close()
  childs:close()
  assert.no_leaks(m)
end)
