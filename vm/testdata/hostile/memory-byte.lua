-- stopped by: memory
local s = ('x'):rep(100000)
local t = {}
while true do t[#t + 1] = {s:byte(1, 5000)} end
