-- stopped by: deadline
local s = ('('):rep(200000)
return s:find('%b()'), s:gsub('%b()', '')
