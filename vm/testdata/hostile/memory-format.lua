-- stopped by: memory
local s = ('x'):rep(1000000)
return string.format(('%s'):rep(1000), s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)
