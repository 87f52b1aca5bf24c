-- stopped by: deadline
return string.match(('a'):rep(2000), ('(.-)'):rep(20) .. 'b')
