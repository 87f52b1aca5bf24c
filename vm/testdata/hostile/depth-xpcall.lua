-- stopped by: depth
local function f() local ok, e = xpcall(f, function(e) return e end) if not ok then error(e, 0) end end
f()
error('stack overflow')
