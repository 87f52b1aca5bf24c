-- stopped by: deadline
local s = ('0'):rep(2000000)
while true do local v = s + 1 end
