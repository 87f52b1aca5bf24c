-- stopped by: memory
return ('x'):rep(3e9)
