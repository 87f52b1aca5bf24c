-- stopped by: deadline
local t = {}
local s = ('x'):rep(2000000)
while true do local v = t[s] end
