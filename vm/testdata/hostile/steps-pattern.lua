-- stopped by: steps
return string.find(('a'):rep(30000), '.-.-.-.-b')
