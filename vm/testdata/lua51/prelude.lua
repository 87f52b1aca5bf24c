-- What the random programs of TestLua51RandomPrograms use. Each program is the body of a function.
local format, concat, sort = string.format, table.concat, table.sort
local type, select, tostring = type, select, tostring
local out, fuel

-- show writes a value; of a table it writes the items and the fields, in order, two levels deep.
local function show(v, depth)
  if type(v) == "number" then return v ~= v and "nan" or format("%.14g", v) end
  if type(v) == "string" then return format("%q", v) end
  if type(v) ~= "table" then return type(v) == "boolean" and tostring(v) or type(v) end
  if depth > 2 then return "{...}" end
  local keys, text = {}, {}
  for k in next, v do keys[#keys + 1] = k end
  sort(keys, function(a, b)
    if type(a) ~= type(b) then return type(a) < type(b) end
    if type(a) == "number" or type(a) == "string" then return a < b end
    return false
  end)
  for i = 1, #keys do
    text[i] = show(keys[i], 3) .. "=" .. show(rawget(v, keys[i]), depth + 1)
  end
  return "{" .. concat(text, ",") .. "}"
end

-- say notes what a program did.
function say(...)
  local text = {}
  for i = 1, select("#", ...) do text[i] = show((select(i, ...)), 1) end
  out[#out + 1] = concat(text, " ")
  if #out > 300 then error("enough", 0) end
  return ...
end

-- tick ends loops: it becomes true after some calls, and raises after more.
function tick()
  fuel = fuel - 1
  if fuel < -60 then error("out of fuel", 0) end
  return fuel < 0
end

-- N makes a number of anything.
function N(v)
  if type(v) == "number" and v == v and v > -1e6 and v < 1e6 then return v end
  return type(v) == "string" and #v or 7
end

-- T makes a number of v that has the same text here and in lua5.1: neither NaN nor long.
function T(v)
  return v == v and (v ~= math.floor(v) or v > -1e14 and v < 1e14) and v or 7
end

-- V is an object with all metamethods.
local mt = {}
function V(v) return setmetatable({ v = v }, mt) end
local function val(x)
  if type(x) == "table" and getmetatable(x) == mt then return rawget(x, "v") end -- not x: __eq would not end
  return x
end
for _, event in ipairs { "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__concat" } do
  mt[event] = function(a, b) say(event, val(a), val(b)) return val(a) and event end
end
mt.__unm = function(a) say("__unm", val(a)) return val(a) end
mt.__eq = function(a, b) say "__eq" return val(a) == val(b) end
mt.__lt = function(a, b) say "__lt" return N(val(a)) < N(val(b)) end
mt.__le = function(a, b) say "__le" return N(val(a)) <= N(val(b)) end
mt.__index = function(t, k) return k == "y" and val(t) or nil end
mt.__newindex = function(t, k, v) rawset(t, k, v) end
mt.__call = function(self, ...) return val(self), ... end

-- run runs one program.
function run(program)
  out, fuel = {}, 12
  G1, G2, G3 = 1, "two", nil
  local ok, e = pcall(program, 3, "x", nil)
  return ok and "ok" or "error " .. type(e), concat(out, "\n")
end
