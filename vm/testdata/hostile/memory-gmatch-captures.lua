-- stopped by: memory
local t = {}
local s = ('x'):rep(100000)
while true do for c in s:gmatch('.+') do t[#t + 1] = c .. #t end end
