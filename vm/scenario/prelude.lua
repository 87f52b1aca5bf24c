-- The words of a scenario file, made of the runner's own functions.
local S = require "hwlua.scenario"

-- saved returns a function that sets the globals and the loaded modules to what they are now.
local function saved()
  local tables = {}
  for _, t in ipairs { _G, package.loaded } do
    tables[t] = {}
    for k, v in pairs(t) do tables[t][k] = v end
  end
  return function()
    for t, old in pairs(tables) do
      for k in pairs(t) do
        if old[k] == nil then t[k] = nil end
      end
      for k, v in pairs(old) do t[k] = v end
    end
  end
end

describe, context, expose = S.describe, S.describe, S.describe

-- insulate is a describe whose globals and modules are gone after it.
function insulate(name, fn) S.describe(name, fn, function() S.left(saved()) end) end

setup, teardown, before_each, after_each, finally = S.setup, S.teardown, S.before_each, S.after_each, S.finally
strict_setup, strict_teardown, lazy_setup, lazy_teardown = setup, teardown, S.lazy_setup, S.lazy_teardown

-- it.each { {row}, {row} } (name, fn): a case for each row. In the name, %s and the like take the row's values in
-- order, and {field} its fields. fn gets the values of a row that is a list, else the row.
local function title(name, row)
  if type(row) ~= "table" then row = { row } end
  name = name:gsub("{([%w_]+)}", function(key)
    local v = row[key]
    if v == nil then v = row[tonumber(key)] end
    if v ~= nil then return tostring(v) end
  end)
  local n = 0
  return (name:gsub("%%(.?)([^%%]*)", function(spec, rest)
    if spec == "%" then return "%" .. rest end
    n = n + 1
    local v = row[n]
    if v == nil then return "%" .. spec .. rest end
    local flags, conversion, tail = (spec .. rest):match "^([-+ #0]*%d*%.?%d*)([cdiouxXeEfgGqs])(.*)$"
    if not conversion then return "%" .. spec .. rest end
    if conversion == "s" or conversion == "q" then v = tostring(v) end
    return ("%" .. flags .. conversion):format(v) .. tail
  end))
end

local function each(rows)
  if type(rows) ~= "table" then error("it.each takes a table of rows", 2) end
  return function(name, fn)
    for _, row in ipairs(rows) do
      if type(row) == "table" and row[1] ~= nil then
        S.it(title(name, row), fn, unpack(row, 1, table.maxn(row)))
      else
        S.it(title(name, row), fn, row)
      end
    end
  end
end

local function line(level)
  local here = debug.getinfo(level + 1, "l")
  return here and here.currentline or 0
end

-- A case without a function is not written yet.
local function case(_, name, fn)
  if fn == nil and name ~= nil and type(name) ~= "function" then S.pending(name, line(2)) else S.it(name, fn) end
end

-- it.explore(name [, options], fn): a case that passes when no schedule of fn fails.
local function explore(name, options, fn)
  if fn == nil then options, fn = {}, options end
  S.explored(name, fn, options)
end

-- How such a case runs: the first n hooks run before fn in each schedule, the others after it.
S.explorer(function(options, fn, n, ...)
  local module, explores = S.explores()
  if module == "" then error("it.explore: no module of this runner can explore", 0) end
  local all = { before = {}, after = {}, flags = true }
  for k, v in pairs(options) do all[k] = v end
  for i, hook in ipairs { ... } do table.insert(i <= n and all.before or all.after, hook) end
  local r = require(module)[explores](all, fn)
  if not r.ok then error(r.failure.message, 0) end
end)

it = setmetatable({ each = each, explore = explore }, { __call = case })
spec, test = it, it

function pending(name) S.pending(name == nil and "" or name, line(2)) end

-- What luassert has beyond the runtime's assertions is made when a script first uses it.
local A = require "hwlua.assert"
local lazy, parts = {}, {}

local function load_spies()
  if lazy then
    lazy = nil
    require "hwlua.spies" (parts)
  end
end

function lazy.__index(t, name)
  load_spies()
  return t[name]
end

function lazy.__call(t, ...)
  load_spies()
  return t(...)
end

for _, name in ipairs { "spy", "stub", "mock", "match", "say" } do parts[name] = setmetatable({}, lazy) end
spy, stub, mock, match = parts.spy, parts.stub, parts.mock, parts.match

A.otherwise(function(...)
  load_spies()
  return parts.otherwise(...)
end)

function assert.snapshot(...)
  local name, value = ...
  if name == assert then
    load_spies()
    return parts.snapshot()
  end
  return S.snapshot(name, value, select("#", ...))
end

-- Specs that say where the words come from.
package.loaded.busted = {
  describe = describe, context = context, insulate = insulate, expose = expose, it = it, spec = spec, test = test,
  pending = pending, assert = assert, setup = setup, teardown = teardown, strict_setup = setup, lazy_setup = lazy_setup,
  strict_teardown = teardown, lazy_teardown = lazy_teardown, before_each = before_each, after_each = after_each,
  finally = finally, spy = spy, stub = stub, mock = mock, match = match,
}
package.loaded.luassert, package.loaded["luassert.assert"], package.loaded.say = assert, assert, parts.say
for _, name in ipairs { "spy", "stub", "mock", "match" } do package.loaded["luassert." .. name] = parts[name] end
package.loaded["busted.runner"] = function() end
