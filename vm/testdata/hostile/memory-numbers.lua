-- stopped by: memory
local t = {}
local i = 0
while true do
  i = i + 1
  local x = i * 1.5
  for k = 1, 31 do x = x + 0.25 end
  t[i] = x
end
