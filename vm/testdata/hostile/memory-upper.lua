-- stopped by: memory
local t = {}
local s = ('x'):rep(100000)
while true do t[#t + 1] = s:upper() .. #t end
