-- stopped by: depth
local function h() return h() + 1 end
local ok, e = xpcall(function() local function f() return 1 + f() end return f() end, h)
error('stack overflow')
