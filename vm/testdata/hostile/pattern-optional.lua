-- stopped by: deadline
return string.find(('a'):rep(200), ('a?'):rep(200) .. ('a'):rep(200) .. 'b')
