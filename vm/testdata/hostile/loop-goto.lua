-- stopped by: deadline
::top:: goto top
