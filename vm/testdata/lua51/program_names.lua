-- What print and getinfo do with names, and old names of functions.
print(string.gfind == string.gmatch, pcall(table.setn, {}, 1), type(gcinfo()))
local old = tostring
tostring = function(x) return "<" .. old(x) .. ">" end print(1, nil) 
tostring = function(x) return {} end local ok, e = pcall(print, 1) tostring = old print(ok, e)
local function kind() local i = debug.getinfo(2, "n") return i.name, i.namewhat end
local function l() return (kind()), (select(2, kind())) end
function g() return (kind()), (select(2, kind())) end
local t = {f = l}
local a, b = l() print(a, b)
local a, b = g() print(a, b)
local a, b = t.f() print(a, b)
local a, b = t:f() print(a, b)
local function up() local a, b = l() return a, b end
local a, b = up() print(a, b)
