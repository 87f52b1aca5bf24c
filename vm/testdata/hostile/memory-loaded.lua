-- stopped by: memory
local t = {}
while true do t[#t + 1] = loadstring('return ' .. #t) end
