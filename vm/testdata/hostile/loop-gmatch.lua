-- stopped by: deadline
local s = ('x'):rep(100000)
while true do for c in s:gmatch('.') do end end
