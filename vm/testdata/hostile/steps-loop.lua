-- stopped by: steps
while true do end
