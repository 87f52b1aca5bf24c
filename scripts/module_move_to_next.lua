-- A phone module watches a game's variable. Its handler turns the watchpoint into a breakpoint on the next instruction, and
-- the breakpoint back into the watchpoint. Does the game lose a store, or the module a hit?
-- Source: the hit handler of rwProcMem33 (github.com/abcz316/rwProcMem33), in its mode "move to next"
-- tags: module, hits, modify
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local A = 0x7000001000
local m, t, ev, hits, next_pc
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "game" }
  hits, next_pc = {}, nil
  ev = assert(m:register_user_hw_breakpoint { type = "w", addr = A, len = 4, task = t, exclude_kernel = true,
    on_hit = function(e, hit)
      if hit.pc ~= next_pc then
        hits[#hits + 1] = hit.pc
        next_pc = hit.pc + 4
        assert(m:modify_user_hw_breakpoint(e, { type = "x", addr = next_pc, len = 4, disabled = false }))
      else
        next_pc = nil
        assert(m:modify_user_hw_breakpoint(e, { type = "w", addr = A, len = 4, disabled = false }))
      end
    end })
end)

it("each store is performed once and hit once: the move takes the watchpoint away, so the store gets through", function()
  for i = 1, 3 do
    t:store(A, 4, i, { pc = 0x401000 })
    assert.equals("x", ev.type)
    t:exec(0x401004)                               -- the instruction behind it turns the event back
    assert.equals("w", ev.type)
  end
  assert.same({ 0x401000, 0x401000, 0x401000 }, hits)
  assert.equals(3, t:load(A, 4))
  assert.equals(6, ev.count)                       -- the event counts its own breakpoint hits too
end)

it("a store whose next instruction is not behind it is the last one seen: after a branch nothing turns it back", function()
  t:store(A, 4, 1, { pc = 0x401000 })
  t:exec(0x402000)                                 -- the store was the last instruction before a branch
  t:store(A, 4, 2, { pc = 0x403000 })
  assert.same({ 0x401000 }, hits)
  assert.equals("x", ev.type)
end)

it("another thread of the same address space is watched by its own event only", function()
  local u = t:fork { comm = "worker" }
  u:store(A, 4, 9)
  assert.same({}, hits)
  assert.equals(9, t:load(A, 4))
end)
