-- stopped by: depth
local function f() return coroutine.wrap(f)() end
return f()
