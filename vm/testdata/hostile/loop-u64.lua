-- stopped by: deadline
local x = 0xffffffffffffffff
while true do x = x * 3 + 7 end
