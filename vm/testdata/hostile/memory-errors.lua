-- stopped by: memory
local t = {}
while true do local ok, e = pcall(error, ('x'):rep(1000) .. #t) t[#t + 1] = e end
