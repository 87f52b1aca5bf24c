package live

// ParseCPUs reads a list of CPUs.
var ParseCPUs = parseCPUs

// Level returns the exception level of the kernel.
var Level = level
