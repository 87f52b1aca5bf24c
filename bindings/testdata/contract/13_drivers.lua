-- Section 13 of the contract: what drivers do besides.
local hw = require "hw"

local K = 0xffffff8008c5a000
local U = 0x7000001000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

for _, kernel in ipairs(hw.kernels) do
  describe("signals on " .. kernel, function()
    local m, t
    before_each(function()
      m = hw.machine { cpus = 2, kernel = kernel }
      t = m:task { comm = "victim" }
    end)

    it("end the endless trap of a handler that only sends one", function()
      local n = 0
      assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(ev, hit)
        n = n + 1
        assert.is_true(m:send_sig(hit.task, "SIGTRAP"))
      end })
      assert.errno("SIGTRAP", t:store(U, 8, 1))
      assert.equals(1, n)
      assert.equals("dead", t.state)
      assert.same({ signo = 5, name = "SIGTRAP", code = 0, code_name = "SI_USER", errno = 0, pid = t.pid }, t.siginfo)
      assert.callchain({ "do_exit", "do_group_exit", "get_signal", "do_notify_resume", "..." }, m:callchain("do_exit"))
    end)

    it("take their arguments in both orders, by name or number", function()
      for _, pair in ipairs { { t, "SIGUSR1" }, { "SIGUSR1", t }, { 10, t }, { t, 10 } } do
        assert.is_true(m:send_sig(pair[1], pair[2]))
      end
      assert.same({ "SIGUSR1" }, t:sigpending())
      assert.is_nil(t.siginfo)
      assert.is_true(t:store(U, 8, 7))
      assert.equals(7, t:load(U, 8))
      assert.equals("SIGUSR1", t.siginfo.name)
      assert.same({}, t:sigpending())
    end)

    it("count a hit twice where they arrive before the step", function()
      local ev = assert(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
      local seen = {}
      t:sigaction("SIGALRM", function(task, info) seen[#seen + 1] = task.comm .. " " .. info.name end)
      t:store(U, 8)
      assert.equals(1, ev.count)
      local other = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t,
        on_hit = function(e)
          m:send_sig(t, "SIGALRM")
          m:perf_event_disable(e)
        end })
      t:store(U, 8)
      assert.same({ "victim SIGALRM" }, seen)
      assert.equals(3, ev.count)
      m:unregister_hw_breakpoint(other)
    end)

    it("do what the task has set for them", function()
      t:sigaction("SIGTERM", "ignore")
      t:signal("SIGTERM")
      assert.same({}, t:sigpending())
      t:sigaction("SIGALRM", "default")
      t:signal("SIGALRM")
      assert.errno("SIGALRM", t:load(U, 8))
      assert.errno("ESRCH", t:signal("SIGALRM"))
      assert.errno("EINVAL", m:task {}:sigaction("SIGKILL", "ignore"))
    end)

    it("kill a task that is current, a body at its next call, and no kernel thread", function()
      m.cpu[1]:context_switch(nil)
      local u = m:task { cpu = 1 }
      m.cpu[1]:context_switch(u)
      u:signal("SIGKILL")
      assert.equals("dead", u.state)
      local turns = 0
      local b = m:task { cpu = 1, body = function() while true do turns = turns + 1 m:msleep(10) end end }
      m:msleep(25)
      b:signal("SIGTERM")
      m:run()
      assert.equals(3, turns)
      assert.equals("dead", b.state)
      assert.is_true(m:send_sig(m.cpu[1].current, "SIGKILL"))
      assert.equals("swapper/1", m.cpu[1].current.comm)
    end)
  end)
end

it("names of signals are checked", function()
  local m = hw.machine { cpus = 1 }
  local t = m:task {}
  raises("'SIGTRP' is not a signal; did you mean 'SIGTRAP'", t.signal, t, "SIGTRP")
  raises("a signal's number is 1 to 64", m.send_sig, m, t, 65)
  t:signal("SIGRTMIN+3")
  assert.same({ "SIGRTMIN+3" }, t:sigpending())
end)
