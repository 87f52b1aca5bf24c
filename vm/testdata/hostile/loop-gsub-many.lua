-- stopped by: deadline
local s = ('x'):rep(100000)
while true do s:gsub('x', '%0') end
