-- A driver's remove takes the device's lock and cancels the polling work, which takes the same lock. What does the machine
-- do when the work is just about to take it?
-- tags: explore, races, work
local hw = require "hw"

local function driver(m, unlock_first)
  local lock, polls = m:mutex("dev->lock"), 0
  local poll = m:work("poll_func", function()
    m:mutex_lock(lock)
    polls = polls + 1
    m:mutex_unlock(lock)
  end)
  m:schedule_work_on(1, poll)
  m:task { comm = "remove", cpu = 0, body = function()
    m:mutex_lock(lock)
    if unlock_first then m:mutex_unlock(lock) end
    m:cancel_work_sync(poll)
    if not unlock_first then m:mutex_unlock(lock) end
  end }
  m:run()
end

it("it stands still: remove waits for the work, and the work for the lock that remove holds", function()
  local r = hw.explore({ machine = { cpus = 2 } }, function(m) driver(m, false) end)
  assert.equals("deadlock", r.failure.kind)
  assert.matches("remove %(pid %d+%) waits for work poll_func", r.failure.message)
  assert.matches("poll_func%) waits for mutex dev%->lock, held by remove", r.failure.message)
end)

it.explore("the lock goes first, then the work is cancelled", { machine = { cpus = 2 } }, function(m) driver(m, true) end)
