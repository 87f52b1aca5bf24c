-- stopped by: deadline
local t = {}
for i = 1, 7000 do t[i] = i end
while true do unpack(t) end
