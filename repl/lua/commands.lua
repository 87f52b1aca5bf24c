-- The commands about the machine. They use only what every script can use.
local M = ...
local host = require "repl.host"
local typeof, label = M.classof, M.label

local function printf(fmt, ...) print(string.format(fmt, ...)) end

-- row prints a row of a table. If the line is wider than the terminal, its cells continue below, indented by
-- rest. A cell that is wider than the terminal is broken between words.
local function row(line, indent, cells, rest)
  local width = host.room()
  line = line:gsub(" +$", "")
  if host.columns(line) <= width then
    print(line)
    return
  end
  rest = rest or indent .. "  "
  local out = indent
  local fresh = true -- out is only the indent
  local function put(text, gap)
    local taken = fresh and "" or gap
    if not fresh and host.columns(out .. taken .. text) > width then
      print(out)
      out, taken = rest, ""
    end
    out, fresh = out .. taken .. text, false
  end
  for _, cell in ipairs(cells) do
    if cell ~= "" and (host.columns(rest .. cell) <= width or not cell:find(" ", 1, true)) then
      put(cell, "  ")
    else
      local gap = "  "
      for word in cell:gmatch("%S+") do
        put(word, gap)
        gap = " "
      end
    end
  end
  print(out)
end

-- machine returns the global m.
local function machine()
  local m = rawget(_G, "m")
  if typeof(m) ~= "machine" then
    error("m is not a machine; fix: m = hw.machine {}", 0)
  end
  return m
end

-- clock returns the time of the machine, for :time.
function M.clock()
  local m = rawget(_G, "m")
  return typeof(m) == "machine" and m.now or nil
end

-- number returns the argument of a command as a number, or nil without one.
local function number(rest, what)
  if rest == "" then return nil end
  local n = tonumber(rest)
  if not n or n ~= math.floor(n) or n < 0 then
    error(string.format("invalid %s '%s' (want an integer)", what, rest), 0)
  end
  return n
end

-- cpus returns the CPU that the argument names, or all of them, and whether it names one.
local function cpus(m, rest)
  local n = number(rest, "CPU")
  if n == nil then
    local all = {}
    for cpu in m:cpus() do all[#all + 1] = cpu end
    return all, false
  end
  if n >= m.nr_cpus then
    error(string.format("no cpu%d (want cpu0 to cpu%d)", n, m.nr_cpus - 1), 0)
  end
  return { m.cpu[n] }, true
end

local banks = { { "bvr", "bcr", "bp_on_reg" }, { "wvr", "wcr", "wp_on_reg" } }

local regs_doc = "[cpu]  the debug registers of a CPU; without a number, those that are not 0"
M.add("regs", regs_doc, true, "", function(rest)
  local m = machine()
  local some, all = cpus(m, rest)
  for _, cpu in ipairs(some) do
    if not cpu.online then
      printf("cpu%d  offline", cpu.id)
    elseif cpu.suspended then
      printf("cpu%d  suspended", cpu.id)
    else
      local mdscr, fields = hw.hex(cpu.mdscr_el1, 8), host.decode("mdscr_el1", cpu.mdscr_el1)
      local head = string.format("cpu%d  mdscr_el1  %s  %s", cpu.id, mdscr, fields)
      row(head, "", { "cpu" .. cpu.id, "mdscr_el1  " .. mdscr, fields })
      for _, bank in ipairs(banks) do
        local values, controls, events = cpu[bank[1]], cpu[bank[2]], cpu[bank[3]]
        for n = 0, #controls - 1 do
          local v, c = values[n], controls[n]
          if all or v ~= 0 or c ~= 0 then
            local ev = events[n]
            local value = string.format("%s%-2d %s", bank[1], n, hw.hex(v, 16))
            local control = string.format("%s%-2d %s", bank[2], n, hw.hex(c, 8))
            local event, fields = ev and label(ev) or "", host.decode(bank[2], c)
            local gap = ev and "  " or ""
            local line = string.format("      %s  %s  %s%s%s", value, control, event, gap, fields)
            row(line, "      ", { value, control, event, fields })
          end
        end
      end
    end
  end
end)

M.add("slots", "[cpu]  the reserved and installed slots", true, "", function(rest)
  local m = machine()
  for _, cpu in ipairs((cpus(m, rest))) do
    local s = m:slots(cpu.id)
    for i, kind in ipairs { "bp", "wp" } do
      local u = s[kind]
      local on = {}
      for n = 0, u.limit - 1 do on[#on + 1] = u.on_reg[n] and label(u.on_reg[n]) or "-" end
      local head = string.format("%-5s %s", i == 1 and "cpu" .. cpu.id or "", kind)
      local usable = string.format("%d of %d usable,", u.usable, u.limit)
      local pinned = string.format("pinned: %d cpu + %d task", u.cpu_pinned, u.task_pinned)
      local installed = table.concat(on, " ")
      local line = string.format("%s  %s %s   %s", head, usable, pinned, installed)
      row(line, "", { head, usable, pinned, installed }, "        ")
    end
  end
end)

-- where returns the task and the CPU of an event as text.
local function where(ev)
  local s = ev.task and string.format("%s/%d", ev.task.comm, ev.task.pid) or "any task"
  return s, ev.cpu >= 0 and "cpu" .. ev.cpu or "any cpu"
end

M.add("events", "the open events", true, "", function()
  local all = machine():events()
  if #all == 0 then print("no events") end
  for _, ev in ipairs(all) do
    local task, cpu = where(ev)
    local at = string.format("%s len %s", hw.hex(ev.addr, 16), tostring(ev.len))
    local more = "count " .. tostring(ev.count) .. (ev.slot and ", slot " .. ev.slot or "")
    local cells = { label(ev), ev.type, at, ev.state, cpu, task, more }
    row(string.format("%-8s %-2s %-26s %-9s %-8s %-20s %s", unpack(cells)), "", cells)
  end
end)

M.add("tasks", "the tasks", true, "", function()
  for _, t in ipairs(machine():tasks()) do
    printf("%6d  %-16s cpu%-3d %s%s", t.pid, t.comm, t.cpu, t.state, t.compat and ", 32 bit" or "")
  end
end)

M.add("work", "the work items", true, "", function()
  local all = machine():works()
  if #all == 0 then print("no work") end
  for _, w in ipairs(all) do
    local state = w.running and "running" or w.pending and "pending" or "idle"
    row(string.format("%-40s %-8s runs %d", w.name, state, w.runs), "", { w.name, state, "runs " .. w.runs })
  end
end)

M.add("trace", "[n]  the last n modelled calls (default 20)", true, "", function(rest)
  local n = number(rest, "count") or 20
  local all = machine():trace {}
  local first, depth = math.max(1, #all - n + 1), math.huge
  for i = first, #all do depth = math.min(depth, all[i].depth or 0) end
  for i = first, #all do
    local r = all[i]
    printf("cpu%-2d %12.6f  %s%s", r.cpu, r.t, string.rep("  ", r.depth - depth), r.text)
  end
  if #all == 0 then print("no calls") end
end)

M.add("dmesg", "[pattern]  the kernel log", true, "", function(rest)
  local m = machine()
  for _, line in ipairs(rest == "" and m:dmesg() or m:dmesg(rest)) do print(line) end
end)

M.add("chain", "FN  the call chain of the last call of FN", true, "", function(rest)
  if rest == "" then error("no FN given (want one such as :chain write_wb_reg)", 0) end
  local chain = machine():callchain(rest)
  if chain == nil then
    printf("no call of %s", rest)
    return
  end
  for _, name in ipairs(chain) do print("  " .. name) end
end)

M.add("step", "[n]  perform the next n actions (default 1)", false, "m:step()", function(rest)
  local m, did, n = machine(), {}, 0
  while n < (number(rest, "count") or 1) do
    n = n + 1
    did[n] = m:step()
    print(did[n] or "no action left")
    if did[n] == nil then break end
  end
  return did, n
end)

M.add("run", "run until the machine is idle", false, "m:run()", function()
  local m = machine()
  local n = m:run()
  printf("%d step%s, now %.6f s", n, n == 1 and "" or "s", m.now)
  return { n }, 1
end)
