-- stopped by: memory
local t = {}
local x = 0x8000000000000000
while true do x = x + 1 t[#t + 1] = x end
