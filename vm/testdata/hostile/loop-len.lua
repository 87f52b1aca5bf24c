-- stopped by: deadline
local t = {}
t[200000] = 1
t[200000] = nil
while true do local n = #t end
