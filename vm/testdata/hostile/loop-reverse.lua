-- stopped by: deadline
local s = ('x'):rep(2000000)
while true do s:reverse() s:upper() s:byte(1, 1000) end
