-- stopped by: deadline
local x = 0x8000000000000000
while true do x = x + 1 end
