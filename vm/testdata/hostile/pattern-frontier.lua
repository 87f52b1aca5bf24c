-- stopped by: deadline
return string.find(('a '):rep(30000), '.*.*.*%f[b]x')
