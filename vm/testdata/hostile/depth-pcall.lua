-- stopped by: depth
local function f() return select(2, pcall(f)) end
local function g() local ok, e = pcall(g) if not ok then error(e, 0) end end
g()
error('stack overflow')
