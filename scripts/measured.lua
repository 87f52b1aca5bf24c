-- A Debian kernel 6.1.192 ran on an emulated Cortex-A57 with two CPUs, and was asked by small programs. Does the model give
-- the same errnos, counts and register contents?
-- tags: measured, validation, hits, ptrace
-- kernel: 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t, cpu
before_each(function()
  m = hw.machine { cpus = 2, cpu = "cortex-a57", va_bits = 48 }
  t = m:task { comm = "probe", cpu = 0 }
  cpu = m.cpu[0]
  cpu:context_switch(t)
end)
after_each(function()
  t:exit()                                         -- releases what ptrace made
  for _, ev in ipairs(m:events()) do ev:close() end
  assert.no_leaks(m)
end)

-- An event of the program itself, as perf_event_open makes it for pid 0.
local function open(kind, addr, len)
  return m:perf_event_open { type = kind, addr = addr, len = len, task = t, exclude_kernel = true }
end
local function counts(...)
  local list = {}
  for i, ev in ipairs { ... } do list[i] = ev:read() end
  return list
end

describe("validation", function()
  it("a write watch succeeds exactly when 1 <= length and offset + length <= 8", function()
    for offset = 0, 7 do
      for len = 0, 9 do
        local ev, _, errno = open("w", U + offset, len)
        local fits = len >= 1 and offset + len <= 8
        assert.equals(not fits and "EINVAL" or nil, errno, ("offset %d length %d"):format(offset, len))
        if ev then ev:close() end
      end
    end
  end)

  it("a breakpoint takes lengths 1 to 8 at offsets 0 to 3", function()
    for offset = 0, 3 do
      for len = 1, 8 do assert.succeeds(open("x", U + offset, len)):close() end
    end
  end)

  it("the fifth watch and the seventh breakpoint are ENOSPC", function()
    for i = 0, 3 do assert.succeeds(open("w", U + 8 * i, 8)) end
    for i = 0, 5 do assert.succeeds(open("x", U + 4 * i, 4)) end
    assert.errno("ENOSPC", open("w", U + 64, 8))
    assert.errno("ENOSPC", open("x", U + 64, 4))
    assert.equals(28, hw.errno.ENOSPC)
  end)
end)

describe("hits out of ten accesses", function()
  local cases = {
    { "8-byte stores, w", "w", U, 8, function() t:store(U, 8) end, 10 },
    { "loads, w", "w", U, 8, function() t:load(U, 8) end, 0 },
    { "loads, r", "r", U, 8, function() t:load(U, 8) end, 10 },
    { "loads and stores, rw", "rw", U, 8, function() t:load(U, 8) t:store(U, 8) end, 20 },
    { "a pair store from 8 below", "w", U + 8, 8, function() t:store(U, 16) end, 10 },
    { "an unaligned store whose last byte is watched", "w", U + 4, 1, function() t:store(U + 1, 4) end, 10 },
    { "an unaligned store into the next doubleword", "w", U + 8, 1, function() t:store(U + 5, 4) end, 10 },
    { "a copy by a system call", "w", U, 8, function() cpu:put_user(U, 8, 1) end, 0 },
  }
  for _, c in ipairs(cases) do
    it(("%s: %d"):format(c[1], c[6]), function()
      local ev = assert.succeeds(open(c[2], c[3], c[4]))
      for _ = 1, 10 do c[5]() end
      assert.equals(c[6], ev:read())
    end)
  end

  it("two watches of one byte in one doubleword and an 8-byte store: 10 and 0", function()
    local a, b = assert.succeeds(open("w", U, 1)), assert.succeeds(open("w", U + 1, 1))
    for _ = 1, 10 do t:store(U, 8) end
    assert.same({ 10, 0 }, counts(a, b))
    local c, d = assert.succeeds(open("w", U + 64 + 2, 1)), assert.succeeds(open("w", U + 64 + 4, 1))
    for _ = 1, 10 do t:store(U + 64, 8) end
    assert.same({ 10, 0 }, counts(c, d))
  end)
end)

describe("the register set of ptrace", function()
  it("has 0x604 as its information", function() assert.equals(0x604, t:ptrace_info "watch") end)

  it("gives back what was written, keeps it when it is switched off, and leaves perf three slots", function()
    assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
    assert.same({ U, 0x1ff5 }, { t:ptrace_get("watch", 0) })
    assert.succeeds(t:ptrace_set("watch", 0, U, 0))
    assert.same({ U, 0x1ff4 }, { t:ptrace_get("watch", 0) })
    for i = 1, 3 do assert.succeeds(open("w", U + 8 * i, 8)) end
    assert.errno("ENOSPC", open("w", U + 64, 8))
  end)

  for _, c in ipairs {
    { "mask 0x81", U, 0x1035, "EINVAL" }, { "mask 0x7e", U, 0xfd5, nil }, { "mask 0", U, 0x15, "EINVAL" },
    { "privilege EL1", U, 0x1ff3, nil }, { "a kernel address", 0xffffff8008080000, 0x1ff5, "EINVAL" },
  } do
    it(("%s: %s"):format(c[1], c[4] or "accepted"), function()
      assert.equals(c[4], (select(3, t:ptrace_set("watch", 0, c[2], c[3]))))
    end)
  end

  it("reads 0 and 0x1fc after a first write that was refused", function()
    assert.errno("EINVAL", t:ptrace_set("watch", 0, 0xffffff8008080000, 0x1ff5))
    assert.same({ 0, 0x1fc }, { t:ptrace_get("watch", 0) })
  end)
end)

it("five events on two CPUs, as the debugger stub of the emulator showed the registers", function()
  local function on(n, kind, addr, len)
    return assert.succeeds(m:perf_event_open { type = kind, addr = addr, len = len, cpu = n, exclude_kernel = true, pinned = true })
  end
  on(0, "w", U, 8)
  on(0, "rw", U + 0x100 + 2, 2)
  assert.succeeds(open("w", U + 0x200 + 3, 3))
  on(1, "r", U + 0x300, 4)
  on(1, "x", U + 0x400, 4)
  assert.regs_exactly(m.cpu[0], { wvr = { [0] = U, [1] = U + 0x100, [2] = U + 0x200 },
    wcr = { [0] = 0x1ff5, [1] = 0x19d, [2] = 0x715 }, mdscr_el1 = 0x9000 })
  assert.regs_exactly(m.cpu[1], { wvr = { [0] = U + 0x300 }, wcr = { [0] = 0x1ed },
    bvr = { [0] = U + 0x400 }, bcr = { [0] = 0x1e5 }, mdscr_el1 = 0x9000 })
end)
