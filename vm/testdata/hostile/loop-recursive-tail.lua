-- stopped by: deadline
local function f() return f() end
f()
