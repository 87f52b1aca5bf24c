-- stopped by: deadline
while true do setmetatable({}, {__gc = function() end, __mode = 'k'}) end
