-- stopped by: deadline
string.gsub(('x'):rep(100), 'x', function() while true do end end)
