-- stopped by: deadline
while true do string.format('%99d %99.99f %s', 1, 1e300, ('x'):rep(10000)) end
