local M = {}

function M.open(m)
  return m:perf_event_open { type = "w", addr = 0x1000, len = "eight", cpu = 0 }
end

return M
