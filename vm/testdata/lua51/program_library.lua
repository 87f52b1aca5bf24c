-- What the library answers where gopher-lua's does not: dates, the end of gmatch, nested coroutines, getinfo.
for _, start in ipairs { 0, 1e9, 1577836799, 1577836800, 1609459200, 1451606400, 1483228799, 951782400 } do
  for k = 0, 400, 37 do
    local at = start + k * 86400 + k * 3671
    for c in ("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"):gmatch "." do
      io.write(c, os.date("!%" .. c, at), " ", os.date("%" .. c, at), " ")
    end
    io.write "\n"
  end
end
print(os.date("*tx", 0), os.date("x%", 0), os.date("!*t", 0).yday)
print(os.setlocale(), os.setlocale "C", os.setlocale("POSIX", "time"), os.setlocale(nil, "ctype"), os.setlocale "xx")
print(pcall(os.setlocale, "C", "x") == false, pcall(os.setlocale, {}) == false)

print(select("#", ("a"):gmatch("b")()))
local words = ("one two"):gmatch "%a+"
print(words(), words())
print(select("#", words()))

local function wrapped(n) if n == 0 then return 0 end return 1 + coroutine.wrap(wrapped)(n - 1) end
local function resumed(n)
  if n == 0 then return 0 end
  local ok, v = coroutine.resume(coroutine.create(resumed), n - 1)
  if not ok then error(v, 0) end
  return 1 + v
end
for _, n in ipairs { 50, 100, 150, 190, 195 } do print(n, wrapped(n), resumed(n)) end
print(pcall(wrapped, 1000) == false, pcall(resumed, 1000) == false)

local function from(f) local i = debug.getinfo(f, "S") return i.source, i.short_src, i.what end
print(from(loadstring "return 1"))
local nested = loadstring "return function()\n local a, b = 1 return function() return a, b end end" ()
print(from(nested))
print(from(nested()))
print(from(loadstring("return 1", "=x")))
print(from(loadstring("return 1", "@x.lua")))
print(from(loadstring("return 1", "some name")))
print(from(load(function() return nil end)))
print(from(print))
print(debug.getinfo(1).nups, debug.getinfo(nested()).nups)
local co = coroutine.create(function() local x = 1 coroutine.yield() end)
coroutine.resume(co)
print(debug.getinfo(co, 0, "l").currentline, debug.getinfo(co, 1, "l").currentline, debug.getinfo(co, 2))
print(debug.getinfo(co, from, "S").linedefined)
