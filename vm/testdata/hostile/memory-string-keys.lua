-- stopped by: memory
local t = {}
local i = 0
while true do i = i + 1 t[('x'):rep(1000) .. i] = nil t[('x'):rep(1000) .. i] = true end
