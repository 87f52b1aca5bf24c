-- stopped by: memory
local function f(...) return {...} end
local t = {}
while true do t[#t + 1] = f(1, 2, 3, 4, 5, 6, 7, 8) end
