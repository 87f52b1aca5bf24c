-- Section 2 and 5 of the contract: what users of the field met, with the right values. FL-n are reports and modules of users.
local hw = require "hw"
local A, U = 0xffffff8008c5a000, 0x7000001000

for _, kernel in ipairs(hw.kernels) do
  local old = kernel:match "^4%." or kernel:match "^5%."        -- one mutex for reservations (D-12)
  describe(kernel, function()
    it("FL-03: registering in a hit handler warns once, or would hang", function()
      local m, result, message = hw.machine { cpus = 2, kernel = kernel }, nil, nil
      local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8, on_hit = function(ev, hit)
        result, message = pcall(m.register_wide_hw_breakpoint, m, { type = "w", addr = A + 64, len = 8 })
        hit.skip = true
      end })
      m.cpu[0]:store(A, 8, 1)
      assert.equals(old and true or false, result)
      assert.equals(old and 1 or 0, #m:dmesg "WARNING: .* at kernel/smp.c")
      if not old then assert.matches("the machine would hang", message) end
      assert.equals(1, w[0].count)
    end)

    it("FL-08: a tagged heap pointer is called that", function()
      local m = hw.machine { cpus = 1, kernel = kernel }
      local _, message, e = m:register_user_hw_breakpoint { type = "w", addr = 0xb400007123456788, len = 8, task = m:task {} }
      assert.equals("EINVAL", e)
      assert.matches("user address 0x0000007123456788 with the tag 0xb4", message)
    end)

    it("FL-09: the log of unequal cores", function()
      local m = hw.machine { cpus = 3, brps = { 6, 6, 4 }, wrps = { 4, 4, 2 }, kernel = kernel }
      local line = "CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1. Boot CPU: 0x00000010305106, CPU2: 0x00000010103106"
      assert.matches("] " .. line:gsub("[%.%-]", "%%%0") .. "$", m:dmesg("SANITY")[1])
      m:cpu_down(2) m:cpu_up(2)
      assert.equals(2, #m:dmesg "SANITY")
      assert.equals(1, #m:dmesg "CPU features: Unsupported CPU feature variation detected%.$")
    end)

    it("FL-10: paranoid 3 refuses an app everything on Debian's kernels", function()
      local m = hw.machine { kernel = kernel, paranoid = 3, no_cap_sys_admin = true }
      local app = m:task { comm = "app" }
      m.cpu[0]:context_switch(app)
      local ev, _, e = m:perf_event_open { type = "w", addr = U, len = 8, task = app, exclude_kernel = true, exclude_hv = true }
      assert.equals(not kernel:match "^4%." and "EACCES" or nil, e)
    end)

    it("FL-11: a driver's work has the capability that the app lacks", function()
      local m, got = hw.machine { cpus = 2, kernel = kernel }, {}
      local function try() local w, _, e = m:register_wide_hw_breakpoint { type = "w", addr = A, len = 8 } return w and "ok" or e end
      m.cpu[0]:context_switch(m:task { comm = "app", cap_sys_admin = false })
      got[1] = try()
      m.cpu[0]:context_switch(nil)
      got[2] = try()
      m:schedule_work_on(1, m:work("probe", function() got[3] = try() end))
      m:run()
      assert.same({ "EPERM", "ok", "ok" }, got)
    end)

    it("FL-12: a refusal by TASK_SIZE names the caller", function()
      local m = hw.machine { cpus = 1, kernel = kernel }
      local t64, app32 = m:task { comm = "app64" }, m:task { comm = "app32", compat = true }
      app32:load(0x1000, 4)
      assert(t64:ptrace_set("watch", 0, U, 0x1f5))                 -- by the script, which is a 64-bit tracer
      assert.errno("EINVAL", t64:ptrace_set("watch", 0, 0x1000, 0x1f5, { tracer = app32 }))
      local _, message, e = m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t64 }
      assert.equals("EINVAL", e)
      assert.matches("of the caller, task app32 %(pid %d+%), which is a 32%-bit task", message)
    end)
  end)
end
