-- stopped by: deadline
while true do bit.band(0xffffffffffffffff, bit.bnot(0)) end
