-- stopped by: depth
local t = setmetatable({}, {})
getmetatable(t).__tostring = tostring
return tostring(t)
