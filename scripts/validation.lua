-- Type, address and length go in, two register values come out, or EINVAL. What does the kernel accept, what does it
-- silently cut down, and where did 4.19.0, 4.19.116, 4.19.266, 6.1.176 and 6.1.192 change their minds?
-- tags: validation
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local K = 0xffffff8008080000
local m, cpu, t
local v6192, v4190

before_each(function()
  m = hw.machine { cpus = 2 }
  cpu = m.cpu[0]
  t = m:task { comm = "t" }
  cpu:context_switch(t)
  v6192, v4190 = m.kernel == "6.1.192", m.kernel == "4.19.0"
end)

-- One event, opened, looked at in its registers, and closed: "VALUE CONTROL" or the errno.
local function becomes(kind, addr, len, extra)
  local attr = { type = kind, addr = addr, len = len, pinned = true, task = t }
  if extra and extra.cpu then attr.task = nil end
  for k, v in pairs(extra or {}) do attr[k] = v end
  local ev, _, errno = m:perf_event_open(attr)
  if not ev then return errno end
  local at = attr.cpu and m.cpu[attr.cpu] or m.cpu[ev.task.cpu]
  if ev.task and at.current ~= ev.task then at:context_switch(ev.task) end
  local bank = kind == "x" and { at.bvr[0], at.bcr[0] } or { at.wvr[0], at.wcr[0] }
  ev:close()
  return hw.hex(bank[1]) .. " " .. hw.hex(bank[2])
end

it("a length is a mask of bytes, shifted to where the address lies in its doubleword", function()
  assert.equals("0x400000 0x1f5", becomes("w", 0x400000, 4))
  assert.equals("0x400000 0x1e15", becomes("w", 0x400004, 4))
  assert.equals("0x400000 0x5d", becomes("rw", 0x400001, 1))
  assert.equals("0x400000 0x100d", becomes("r", 0x400007, 1))
  assert.equals("0x400000 0x18d", becomes("r", 0x400002, 2))
  assert.equals("0x400000 0xf5", becomes("w", 0x400000, 3))
  assert.equals("0x400000 0x1f15", becomes("w", 0x400003, 5))
  assert.equals("0x400000 0x1fd5", becomes("w", 0x400001, 7))
  assert.equals("0x400000 0x1ffd", becomes("rw", 0x400000, 8))
end)

it("what reaches beyond the doubleword is cut off without a word, and refused from 6.1.192 on", function()
  assert.equals(v6192 and "EINVAL" or "0x400000 0x1815", becomes("w", 0x400006, 4))    -- 2 bytes of 4
  assert.equals(v6192 and "EINVAL" or "0x400000 0x1e1d", becomes("rw", 0x400004, 8))   -- 4 of 8
  assert.equals(v6192 and "EINVAL" or "0x400000 0x1015", becomes("w", 0x400007, 8))    -- 1 of 8
end)

it("lengths other than 1 to 8 are EINVAL, 0 among them", function()
  for _, len in ipairs { 0, 9, 16, 0xffffffffffffffff } do
    assert.equals("EINVAL", becomes("w", 0x400000, len))
    assert.equals("EINVAL", becomes("x", 0x400580, len))
  end
end)

it("any length from 1 to 8 will do for a breakpoint, and becomes 4", function()
  for len = 1, 8 do assert.equals("0x400580 0x1e5", becomes("x", 0x400580, len)) end
end)

it("a breakpoint between two instructions is accepted and useless", function()
  assert.equals("0x400580 0x785", becomes("x", 0x400582, 4))
  local ev = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400582, len = 4, task = t })
  t:exec(0x400580)
  t:exec(0x400584)
  assert.equals(0, ev.count)
end)

it("a kernel address is for CPUs, not for tasks", function()
  assert.equals("EINVAL", becomes("rw", K, 8))
  assert.equals("0xffffff8008080000 0x1ffb", becomes("rw", K, 8, { cpu = 0 }))
  assert.equals("EINVAL", becomes("rw", K, 8, { cpu = 0, exclude_kernel = true }))
end)

it("who is the kernel is judged on a range that may wrap: the last bytes of memory count as the user's", function()
  assert.equals("0xfffffffffffffff8 0x1ff3", becomes("w", 0xfffffffffffffff8, 8, { cpu = 0 }))
  assert.equals(v6192 and "EINVAL" or "0xfffffffffffffff8 0x1e15", becomes("w", 0xfffffffffffffffc, 8, { cpu = 0 }))
end)

it("so a task may have a breakpoint at the last three addresses of memory, but not with exclude_kernel", function()
  assert.equals("EINVAL", becomes("x", 0xfffffffffffffffc, 4))
  for offset, word in ipairs { 0x3c5, 0x785, 0xf05 } do
    assert.equals("0xfffffffffffffffc " .. hw.hex(word), becomes("x", 0xfffffffffffffffc + offset, 4))
    assert.equals("EINVAL", becomes("x", 0xfffffffffffffffc + offset, 4, { exclude_kernel = true }))
  end
end)

it("a range that begins below TASK_SIZE is the user's", function()
  assert.equals(v6192 and "EINVAL" or "0x7ffffffff8 0x1e15", becomes("w", 0x7ffffffffc, 8))
  assert.equals("0x8000000000 0x1ff3", becomes("w", 0x8000000000, 8, { cpu = 0 }))
end)

it("types are a mask that only four values of fit", function()
  assert.equals("EINVAL", becomes(0, 0x400000, 4))             -- nothing
  assert.equals("EINVAL", becomes(5, 0x400000, 4))             -- read and execute
  assert.equals("EINVAL", becomes(6, 0x400000, 4))             -- write and execute
  assert.equals("EINVAL", becomes(7, 0x400000, 4))             -- all
  assert.equals("0x400000 0x1f5", becomes(2, 0x400000, 4))     -- write, by its number
end)

it("a bad request on a full machine is ENOSPC: room is counted before the request is read", function()
  local held = {}
  for i = 1, 4 do held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = 0x400000 + 8 * i, len = 8, task = t }) end
  assert.equals("ENOSPC", becomes("w", 0x400000, 9))
  assert.equals("ENOSPC", becomes(5, 0x400000, 4))             -- counted as data
  assert.equals("EINVAL", becomes(0, 0x400000, 4))             -- this is looked at before
  assert.equals("EINVAL", becomes("x", 0x400580, 9))           -- breakpoints are not full
  for i = 1, 4 do held[i]:close() end
  assert.equals("EINVAL", becomes("w", 0x400000, 9))
  assert.no_leaks(m)
end)

describe("a 32-bit task", function()
  before_each(function() t = m:task { comm = "t32", compat = true } end)

  it("has words of four bytes", function()
    assert.equals("0x10004 0x1f5", becomes("w", 0x10004, 4))
    assert.equals("EINVAL", becomes("w", 0x10004, 8))
    assert.equals("EINVAL", becomes("rw", 0x10003, 2))
  end)

  it("may watch single bytes at every offset, except in 4.19.0", function()
    assert.equals("0x10000 0x5d", becomes("rw", 0x10001, 1))
    assert.equals(v4190 and "EINVAL" or "0x10000 0x9d", becomes("rw", 0x10002, 1))
    assert.equals(v4190 and "EINVAL" or "0x10000 0x11d", becomes("rw", 0x10003, 1))
  end)

  it("has Thumb breakpoints of two bytes", function()
    assert.equals("0x10000 0x185", becomes("x", 0x10002, 2))
    assert.equals("EINVAL", becomes("x", 0x10002, 4))
    assert.equals("EINVAL", becomes("x", 0x10000, 8))
  end)
end)

it("a kernel at EL2 sets HMC for its own events", function()
  m = hw.machine { cpus = 1, vhe = true }
  cpu = m.cpu[0]
  t = m:task { comm = "t" }
  assert.equals("0xffffff8008080000 0x3ffb", becomes("rw", K, 8, { cpu = 0 }))
  assert.equals("0xffffff8008080000 0x21e3", becomes("x", K, 4, { cpu = 0 }))
  cpu:context_switch(t)
  assert.equals("0x400000 0x1f5", becomes("w", 0x400000, 4))
end)

it("control words can be read without a machine", function()
  for _, w in ipairs { 0x1f5, 0x1e15, 0x18d, 0x5d, 0x1ffd, 0x1f3, 0x1ffb, 0x1e3, 0x1e5, 0x3ffb, 0x21e3 } do
    assert.equals(w, hw.ctrl.encode(hw.ctrl.decode(w)))
  end
end)
