package live

// ParseCPUs reads a list of CPUs.
var ParseCPUs = parseCPUs
