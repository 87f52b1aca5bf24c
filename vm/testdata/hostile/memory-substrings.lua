-- stopped by: deadline
local t = {}
while true do
  local big = ('x'):rep(100000) .. #t
  t[#t + 1] = big:sub(1, 1)
  t[#t + 1] = big:match('^.')
  if #t > 2000000 then break end
end
