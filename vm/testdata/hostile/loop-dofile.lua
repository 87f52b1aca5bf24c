-- stopped by: deadline
while true do pcall(dofile, 'nothing.lua') pcall(require, 'nothing') end
