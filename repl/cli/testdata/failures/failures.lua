-- How does a failure explain itself? Every case here fails, each in its own way.
-- tags: failures
local hw = require "hw"
local helper = require "_lib.helper"

local ADDR = 0xffffff8008c5a000

describe("plain assertions", function()
  it("equals", function() assert.equals(4, 2 + 3) end)
  it("equals with text", function() assert.equals("found 6 breakpoint and 4 watchpoint registers", "found 6 breakpoint and 2 watchpoint registers") end)
  it("equals with a message", function() assert.equals(1, 2, "one event was expected") end)
  it("equals with exact integers", function() assert.equals(0xffffff8008c5a004, ADDR + 5) end)
  it("equals of different types that print alike", function() assert.equals("5", 5) end)
  it("same with nested tables", function()
    assert.same({ slots = { 0, 1, 2 }, state = "active", cpu = 0 }, { slots = { 0, 2 }, state = "off", cpu = 0 })
  end)
  it("is_nil", function() assert.is_nil(false) end)
  it("matches", function() assert.matches("4 of 4", "2 of 4 watchpoint slots reserved") end)
  it("near", function() assert.near(28.0, 28.5, 0.25) end)
  it("has_error without one", function() assert.has_error(function() return 1 end) end)
  it("has_error with another text", function() assert.has_error(function() error("closed", 0) end, "is closed") end)
  it("long text", function()
    assert.equals("first\nsecond\nthird\nfourth\nfifth\n", "first\nsecond\n3rd\nfourth\nfifth\n")
  end)
  it("long texts that differ near the end", function()
    local line = ("found 6 breakpoint and 4 watchpoint registers; "):rep(60)
    assert.equals(line .. "4 slots", line .. "5 slots")
  end)
  it("one of 60 numbers", function()
    local expected, found = {}, {}
    for i = 1, 60 do expected[i], found[i] = i, i end
    found[55] = 0
    assert.same(expected, found)
  end)
end)

describe("lua's own assert", function()
  it("without a message", function() assert(nil) end)
  it("with a comparison", function()
    local runs, expected = 3, 4
    assert(runs == expected)
  end)
  it("with a comparison and a message", function()
    local late = 9
    assert(late <= 8, "the timer was late")
  end)
end)

describe("checks", function()
  it("go on after each other", function()
    check.equals(1, 2)
    check.is_true(false, "the second one too")
    print("still here")
    assert.equals("b", "a")
  end)
end)

describe("registers", function()
  local m
  before_each(function() m = hw.machine { cpus = 2, wrps = 2 } end)

  it("one bit of a control register", function()
    assert(m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8, disabled = false })
    assert.regs(m.cpu[0], { wcr = { [0] = 0x1ff2 } })
  end)
  it("on every CPU, and nothing else", function()
    assert(m:register_wide_hw_breakpoint { type = "rw", addr = ADDR + 4, len = 4 })
    assert.regs_exactly(m, { wvr = { [0] = ADDR + 8 }, wcr = { [0] = 0x1ff3 }, mdscr_el1 = 0x1000 })
  end)
  it("a slot too many", function()
    for i = 0, 2 do
      assert(m:register_wide_hw_breakpoint { type = "w", addr = ADDR + 8 * i, len = 8 })
    end
  end)
  it("another errno", function()
    assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = ADDR, len = 9, cpu = 0 })
  end)
  it("no refusal where one was expected", function()
    assert.errno("EINVAL", m:perf_event_open { type = "w", addr = ADDR, len = 8, cpu = 1 })
  end)
  it("a call chain", function()
    assert(m:perf_event_open { type = "w", addr = ADDR, len = 8, cpu = 0 })
    assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "hw_breakpoint_del", "..." }, m:callchain("write_wb_reg"))
  end)
  it("a line that is not in the log", function() assert.dmesg(m, "found 16 breakpoint") end)
  it("something is left", function()
    assert(m:perf_event_open { type = "w", addr = ADDR, len = 8, cpu = 1, name = "forgotten" })
    m:queue_delayed_work_on(1, m:delayed_work("late", function() end), "1s")
    assert.no_leaks(m)
  end)
end)

describe("errors", function()
  it("raised by the script", function() error("the board is on fire") end)
  it("raised in a helper", function() helper.open(hw.machine {}) end)
  it("a name that was misspelt", function() hw.machine {}:register_wide_hw_breakpont {} end)
  it("a value that is nil", function()
    local ev
    return ev.slot
  end)
  it("an object that is closed", function()
    local ev = assert(hw.machine {}:perf_event_open { type = "w", addr = ADDR, len = 8, cpu = 0 })
    ev:close()
    ev:enable()
  end)
  it("a number that lost its low bits", function()
    hw.machine {}:perf_event_open { type = "w", addr = 2 ^ 63 + 1, len = 8, cpu = 0 }
  end)
  it("a table that was raised", function() error({ code = 5 }) end)
  it("no snapshot yet", function() assert.snapshot("slots", { 0, 1 }) end)
  it("a word of describe inside of a case", function() it("another", function() end) end)
end)
