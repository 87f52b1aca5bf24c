-- The words of a scenario file for the one case that hwlua run --pdb runs again: describe runs its function at once,
-- and it keeps the case that is wanted.
local host = require "hwlua.pdb.host"
local locals = require "hwlua.pdb.locals"
local root = { hooks = {}, names = {} }
local at, wanted = root, nil
local S, pdb = {}, {}

for _, word in ipairs {
  "setup", "lazy_setup", "before_each", "lazy_teardown", "teardown", "after_each", "left",
} do
  S[word] = function(fn)
    at.hooks[word] = at.hooks[word] or {}
    table.insert(at.hooks[word], fn)
  end
end

local function path(block, name)
  local names = {}
  for _, n in ipairs(block.names) do names[#names + 1] = n end
  names[#names + 1] = name
  return names
end

function S.describe(name, fn)
  local outer = at
  at = { hooks = {}, names = path(outer, name), outer = outer }
  fn()
  at = outer
end

function S.it(name, fn, ...)
  if not wanted and table.concat(path(at, name), "\0") == host.path then
    wanted = { fn = fn, block = at, args = { ... }, n = select("#", ...) }
  end
end

-- What comes after a failure is not run, and snapshots are not compared.
function S.pending() end
function S.finally() end
function S.snapshot(_, value) return value end
function S.explorer() end
function S.explores() return "", "" end
function S.schedule() end
function S.explored(name, fn)
  S.it(name, function() error("an explored case runs under --schedule; rerun it with the schedule of its failure", 0) end)
end

local function hooks(list, block, word)
  if not block then return end
  hooks(list, block.outer, word)
  for _, fn in ipairs(block.hooks[word] or {}) do list[#list + 1] = fn end
end

-- The first function runs the hooks before the case, and the case. It raises what the case raises. Neither it nor
-- what it calls is called by a name, as names would stand in call chains.
pdb[1] = function()
  if not wanted then return end
  local calls = {}
  hooks(calls, wanted.block, "setup")
  hooks(calls, wanted.block, "lazy_setup")
  hooks(calls, wanted.block, "before_each")
  for i = 1, #calls do calls[i]() end
  calls[1] = wanted.fn
  calls[1](unpack(wanted.args, 1, wanted.n))
end

-- stopped makes globals of the local variables at the failure. m is the machine among them, if m is none of them.
function pdb.stopped()
  local hw, machine = require "hw", nil
  locals.each(function(name, value)
    if rawget(_G, name) == nil then rawset(_G, name, value) end
    if hw.type(value) == "machine" then machine = value end
  end)
  if machine and (rawget(_G, "m") == nil or hw.type(m) ~= "machine") then m = machine end
end

package.loaded["hwlua.scenario"] = S
package.loaded["hwlua.pdb"] = pdb
