-- stopped by: deadline
local a = ('x'):rep(2000000) .. 'a'
local b = ('x'):rep(2000000) .. 'b'
while true do local c = a < b end
