-- A program that uses most of the language; what it prints must be the same everywhere.
local Queue = {}
Queue.__index = Queue
function Queue.new() return setmetatable({ first = 1, last = 0, items = {} }, Queue) end
function Queue:push(v) self.last = self.last + 1; self.items[self.last] = v end
function Queue:pop()
  if self.first > self.last then return nil, "empty" end
  local v = self.items[self.first]
  self.items[self.first] = nil
  self.first = self.first + 1
  return v
end

local q = Queue.new()
for i = 1, 5 do q:push(i * i) end
print(q:pop(), q:pop(), q.first, q.last)
while true do
  local v, why = q:pop()
  if not v then print("stopped:", why) break end
  io.write(v, " ")
end

-- varargs, closures, upvalues
local function counter(step)
  local n = 0
  return function(...) n = n + step; return n, select("#", ...) end
end
local a, b = counter(1), counter(10)
print(a(), a(1, 2), b(nil), a())

-- metatables
local V = {}
V.__index = V
V.__add = function(x, y) return setmetatable({ x = x.x + y.x }, V) end
V.__eq = function(x, y) return x.x == y.x end
V.__lt = function(x, y) return x.x < y.x end
V.__le = function(x, y) return x.x <= y.x end
V.__tostring = function(v) return "V(" .. v.x .. ")" end
V.__call = function(self, k) return self.x * k end
V.__concat = function(x, y) return tostring(x) .. "&" .. tostring(y) end
local v1, v2 = setmetatable({ x = 3 }, V), setmetatable({ x = 4 }, V)
print(tostring(v1 + v2), v1 == v2, v1 < v2, v1 <= v2, v1 > v2, v1(10), v1 .. v2, v1 .. "s", "s" .. v1)

-- generators
local function primes(n)
  return coroutine.wrap(function()
    for i = 2, n do
      local prime = true
      for d = 2, math.floor(math.sqrt(i)) do
        if i % d == 0 then prime = false break end
      end
      if prime then coroutine.yield(i) end
    end
  end)
end
local out = {}
for p in primes(60) do out[#out + 1] = p end
print(table.concat(out, " "))

-- permutations by coroutines in recursion
local function permgen(t, n)
  n = n or #t
  if n <= 1 then coroutine.yield(t) else
    for i = 1, n do
      t[n], t[i] = t[i], t[n]
      permgen(t, n - 1)
      t[n], t[i] = t[i], t[n]
    end
  end
end
for p in coroutine.wrap(function() permgen { "a", "b", "c" } end) do io.write(table.concat(p), " ") end
print()

-- errors with levels and objects
local function check(v) if type(v) ~= "number" then error("number wanted", 2) end return v end
print((select(2, pcall(function() check("x") end)):gsub("^.-:", "")))
print(select(2, pcall(error, setmetatable({}, { __tostring = function() return "object" end }))) ~= nil)
local ok, e = xpcall(function() local t = nil; return t.x end, function(m) return "handled" end)
print(ok, e)

-- strings
local text = "The quick brown fox jumps over the lazy dog"
local freq = {}
for c in text:lower():gmatch("%a") do freq[c] = (freq[c] or 0) + 1 end
local keys = {}
for k in pairs(freq) do keys[#keys + 1] = k end
table.sort(keys, function(x, y) return freq[x] > freq[y] or freq[x] == freq[y] and x < y end)
for i = 1, 5 do io.write(keys[i], "=", freq[keys[i]], " ") end
print()
print((text:gsub("(%a+)", function(w) return #w > 4 and w:upper() or nil end)))
print((text:gsub("%s+", "_")), text:reverse():sub(1, 8), ("%5.1f|%-6s|%03d"):format(3.14159, "ab", 7))

-- sort is not fooled
local words = {}
for w in text:gmatch("%a+") do words[#words + 1] = w end
table.sort(words)
print(table.concat(words, ","))
table.sort(words, function(x, y) return #x < #y or #x == #y and x > y end)
print(table.concat(words, ","))

-- numeric for with steps, nested breaks, repeat scope
for i = 1, 2, 0.5 do io.write(i, " ") end
for i = 3, 1, -1 do for j = 1, 3 do if j == i then break end io.write(i, ":", j, " ") end end
local k = 0
repeat local done = k >= 3; k = k + 1 until done
print(k)

-- environments
local env = setmetatable({ print = print }, { __index = _G })
local chunk = loadstring("x = 10; y = x * 2; return y + #tostring(x)")
setfenv(chunk, env)
print(chunk(), env.x, env.y, x, y)

-- long strings, escapes, comments
local long = [==[
line one
]] still ]=] inside]==]
print(#long, long, "\65\066", '\'"', "tab\tend") --[[ a comment ]] --[==[ another
one ]==]
print(#"\n\r\0", ("a\0b"):byte(1, -1))
print(tostring(1e100), 2^31, 1e13, 0.1 + 0.2, 100 / 3, -1 / 3, 1e-10, 12345678901234)
print(next({}), type(next), rawequal(q, q), #{ 1, 2, 3, nil }, unpack({ 1, 2, 3 }, 2))
