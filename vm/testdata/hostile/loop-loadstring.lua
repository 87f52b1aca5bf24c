-- stopped by: deadline
local src = ('local x = 1 '):rep(150)
while true do loadstring(src) end
