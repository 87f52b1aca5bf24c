-- Section 13 of the contract, the perf side: groups, periods, limits, sigtrap, exec, values.
local hw = require "hw"

local A, K = 0x1000, 0xffffff8008080000
local m, t

local function refused(errno, ...)
  local v, text, e = ...
  assert.is_nil(v)
  assert.equals("string", type(text))
  assert.equals(errno, e)
end

before_each(function()
  m = hw.machine { cpus = 2, kernel = "6.1.192" }
  t = m:task { cpu = 0 }
end)

local function opened(o)
  o.type, o.addr, o.len, o.task = o.type or "w", o.addr or A, o.len or 4, o.task or t
  return assert(m:perf_event_open(o))
end

describe("groups", function()
  it("are read with the leader first, in place of the value", function()
    local leader = opened { read_format = { "group", "total_time_enabled", "total_time_running" } }
    local member = opened { addr = A + 8, group = leader }
    t:store(A + 8, 4)
    m:msleep(3)
    local v = leader:read_values()
    assert.is_nil(v.value)
    assert.equals(2, #v.group)
    assert.equals(leader, v.group[1][1])
    assert.equals(0, v.group[1][2])
    assert.equals(member, v.group[2].ev)
    assert.equals(1, v.group[2].count)
    assert.equals(3000000, v.total_time_enabled)
    assert.equals(3000000, v.total_time_running)
    assert.same({ value = 1 }, member:read_values())
    assert.equals(leader, member.group)
    assert.is_nil(leader.group)
    assert.same({ "group", "total_time_enabled", "total_time_running" }, { unpack(leader.attr.read_format) })
  end)

  it("are enabled and disabled as a whole", function()
    local leader = opened {}
    local member = opened { addr = A + 8, group = leader }
    m.cpu[0]:context_switch(t)
    assert.is_true(member:disable { group = true })
    assert.equals("off", leader.state)
    assert.is_true(leader:enable { group = true })
    assert.equals("active", member.state)
    assert.is_true(leader:disable())
    assert.equals("inactive", member.state)
    refused("EINVAL", m:perf_event_open { type = "w", addr = A, len = 4, task = t, group = member })
    assert.is_true(leader:close())
    assert.is_nil(member.group)
  end)

  it("that do not fit as a whole are in the error state", function()
    m = hw.machine { cpus = 2, wrps = { 4, 2 } }                    -- two slots are usable, four may be reserved
    local leader = assert(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, pinned = true })
    for i = 1, 2 do assert(m:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 0, group = leader }) end
    assert.equals("error", leader.state)
    assert.is_nil((leader:read()))
    local v, text = leader:read_values()
    assert.is_nil(v)
    assert.matches("error state", text)
  end)
end)

describe("samples", function()
  it("come once in a period, and a limit ends them", function()
    local ev = opened { sample_period = 2 }
    for _ = 1, 4 do t:store(A, 4) end
    assert.equals(2, #m:trace { fn = "__perf_event_overflow" })
    assert.is_true(ev:reset())
    assert.equals(0, ev:read())
    assert.is_true(ev:period(1))
    assert.is_true(ev:refresh(1))
    t:store(A, 4)
    assert.equals("off", ev.state)
    refused("EINVAL", ev:period(0))
    refused("EINVAL", opened { addr = A + 8 }:refresh(1))
  end)

  it("come with a frequency, too", function()
    local ev = opened { freq = 1000 }
    assert.is_true(ev.attr.freq)
    assert.equals(1000, ev.attr.sample_period)
    refused("EINVAL", m:perf_event_open { type = "w", addr = A, len = 4, task = t, freq = true, sample_period = 1e6 })
  end)

  it("send signals", function()
    local ev = opened { sample_period = 1, sigtrap = true, remove_on_exec = true }
    local codes = {}
    t:sigaction("SIGTRAP", function(task, info)
      codes[#codes + 1] = info.code_name
      ev:disable()
    end)
    t:store(A, 4)
    assert.same({ "TRAP_PERF" }, codes)
    refused("EINVAL", m:perf_event_open { type = "w", addr = A, len = 4, task = t, sigtrap = true })
  end)
end)

describe("exec", function()
  it("enables and ends events, and may change the width", function()
    local late = opened { disabled = true, enable_on_exec = true }
    local early = opened { addr = A + 8, remove_on_exec = true }
    assert.is_true(t:execve { compat = true })
    assert.is_true(t.compat)
    assert.equals("active", late.state)
    assert.equals("exit", early.state)
    assert.is_true(t:execve())
    assert.is_true(t.compat)
    assert.is_true(t:execve { compat = false })
    assert.is_false(t.compat)
  end)

  it("is known to kernels from 5.13 on only", function()
    m = hw.machine { kernel = "5.10" }
    t = m:task {}
    refused("EINVAL", m:perf_event_open { type = "w", addr = A, len = 4, task = t, remove_on_exec = true })
    refused("E2BIG", m:perf_event_open { type = "w", addr = A, len = 4, task = t, sigtrap = true })
  end)

  it("keeps inherit and sample_read apart, until 6.12", function()
    local o = { type = "w", addr = A, len = 4, task = t, inherit = true, sample_read = true }
    refused("EINVAL", m:perf_event_open(o))
    o.sample_tid = true
    refused("EINVAL", m:perf_event_open(o))
    m = hw.machine { kernel = "6.12" }
    o.task = m:task {}
    assert(m:perf_event_open(o))
  end)
end)
