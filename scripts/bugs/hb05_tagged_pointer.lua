-- HB-05: The program stores through a tagged pointer. The debugger gets an address that it never asked for, decides that
-- the stop is not its own, continues, and stops again. How does it get out?
--
-- Source: GDB commit 19007d955670 "Fix TBI handling for watchpoints"; LLDB D101361
-- tags: bug, hits, tags
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local TAGGED = 0x5a00000000400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
end)

-- A debugger: it recognises a stop by its address, steps over its own, and continues what it does not know.
local function debugger(is_mine)
  local rounds, mine = 0, 0
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(_, hit)
    rounds = rounds + 1
    if is_mine(hit.addr) then
      mine = mine + 1
      hit.skip = true
    elseif rounds == 100 then
      hit.skip = true                              -- somebody pulls the plug
    end
  end })
  t:store(TAGGED, 8)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
  return rounds, mine
end

it("spins: the reported address carries the tag", function()
  local rounds, mine = debugger(function(addr) return addr == U end)
  assert.same({ 100, 0 }, { rounds, mine })
end)

it("the right use: take the tag off before comparing", function()
  local rounds, mine = debugger(function(addr) return bit.band(addr, 0x00ffffffffffffff) == U end)
  assert.same({ 1, 1 }, { rounds, mine })
end)

it("the hardware itself has ignored the tag: a counting event is exact", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  t:store(TAGGED, 8)
  t:store(U, 8)
  assert.equals(2, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
