-- stopped by: deadline
local s = ('1'):rep(2000000)
while true do tonumber(s) end
