-- stopped by: deadline
repeat until false
