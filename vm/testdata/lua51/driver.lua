-- Runs each case and prints one line of what it gave. Both lua5.1 and the runtime execute this file;
-- what they print is compared. CASES is put before it: an array of source texts.
local loadstring, pcall, type, tostring, print = loadstring, pcall, type, tostring, print
local format, byte, gsub, concat, select = string.format, string.byte, string.gsub, table.concat, select

local function text(s)
  return '"' .. gsub(s, '[%c"\\\127-\255]', function(c) return format("\\%03d", byte(c)) end) .. '"'
end

local function show(v)
  if type(v) == "string" then return text(v) end
  if type(v) == "number" then
    if v ~= v then return "nan" end
    return format("%.17g", v)
  end
  if type(v) == "boolean" or v == nil then return tostring(v) end
  return type(v)
end

local function all(ok, ...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = show((select(i, ...))) end
  return (ok and "ok " or "error ") .. concat(out, " ")
end

for _, case in ipairs(CASES) do
  local fn, message = loadstring("return " .. case, "=case")
  if not fn then fn, message = loadstring(case, "=case") end
  if fn then print(all(pcall(fn))) else print("syntax") end
end
