-- stopped by: deadline
local src = 'x = 1' .. (' + 1'):rep(3000)
while true do loadstring(src) end
