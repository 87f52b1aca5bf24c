-- The part of the prompt that runs in the runtime: it shows values and keeps the commands. It holds the
-- functions that it uses in locals, so that no entry can replace them.
local host = require "repl.host"
local type, tostring, tonumber, next, pairs, ipairs = type, tostring, tonumber, next, pairs, ipairs
local rawget, rawequal, select, pcall, getmetatable = rawget, rawequal, select, pcall, getmetatable
local error, print, require, unpack = error, print, require, unpack
local format, gsub, find, sub, byte = string.format, string.gsub, string.find, string.sub, string.byte
local match, gmatch, concat, sort, floor, huge =
  string.match, string.gmatch, table.concat, table.sort, math.floor, math.huge
local G = _G

-- classes maps the name of a described class to its fields in order, {name, hex}, and to how its objects
-- are labelled and indexed.
local classes = {}
host.classes(function(name, label, indexed, counted, hex)
  classes[name] = { label = label and "label", indexed = indexed, counted = counted, hex = hex }
end, function(class, field, hex)
  local c = classes[class]
  c[#c + 1] = { field, hex }
end)
-- typeof is the type function of the described modules, or that of Lua.
local typeof = type
for _, name in host.typers()() do
  local ok, mod = pcall(require, name)
  if ok and type(mod) == "table" and type(rawget(mod, "type")) == "function" then
    typeof = rawget(mod, "type")
  end
end

-- hexnames holds the names of fields whose numbers print in hexadecimal.
local hexnames = {}
for _, name in host.hexnames()() do hexnames[name] = true end

local MAX_DEPTH, MAX_ITEMS, MAX_INNER, MAX_STRING = 5, 100, 20, 200

local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }
local function quote(s, limit)
  local cut = ""
  if #s > limit then
    cut = "..(" .. #s .. " bytes)"
    s = sub(s, 1, limit)
    while #s > 0 and byte(s, #s) >= 128 and byte(s, #s) < 192 do s = sub(s, 1, -2) end
    if #s > 0 and byte(s, #s) >= 192 then s = sub(s, 1, -2) end
  end
  return '"' .. gsub(s, '[%c"\\]', function(c) return escapes[c] or format("\\%d", byte(c)) end) .. '"' .. cut
end

local function hex(v, digits)
  return format("0x%0" .. (digits or 1) .. "x", v)
end

-- text converts any value to text, even if its __tostring fails.
local function text(v)
  local ok, s = pcall(tostring, v)
  if ok and type(s) == "string" then return s end
  return "<" .. type(v) .. ">"
end

-- label returns an object in a word or two.
local function label(v)
  local class = classes[typeof(v)]
  if class and class.label then
    local ok, s = pcall(function() return v[class.label] end)
    if ok and type(s) == "string" then return s end
  end
  return (gsub(match(text(v), "^[^\n]*"), " %(.*$", ""))
end

local function key(k)
  if type(k) == "string" then
    if host.isname(k) then return k .. " = " end
    return "[" .. quote(k, MAX_STRING) .. "] = "
  end
  return "[" .. text(k) .. "] = "
end

local rank = { number = 1, string = 2, boolean = 3 }
local function before(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return (rank[ta] or 4) < (rank[tb] or 4) end
  if ta == "number" or ta == "string" then return a < b end
  return text(a) < text(b)
end

-- items returns the entries of a table, {prefix, value, key, hex}: its list first, then the others in the order
-- of their keys, at most limit, and the number of those left out. A list that begins at 0 shows its indices.
local function items(t, limit, ishex)
  local list, keys, n = {}, {}, 0
  while n < limit and rawget(t, 0) == nil and rawget(t, n + 1) ~= nil do
    n = n + 1
    list[n] = { "", rawget(t, n), n, ishex }
  end
  local left = 0
  for k in next, t do
    if not (type(k) == "number" and k >= 1 and k <= n and k == floor(k)) then
      keys[#keys + 1] = k
    end
  end
  sort(keys, before)
  for _, k in ipairs(keys) do
    if #list >= limit then
      left = left + 1
    else
      list[#list + 1] = { key(k), rawget(t, k), k, ishex or hexnames[k] }
    end
  end
  return list, left
end

-- fields returns the fields of an object and its elements, as items does. It leaves out fields that are
-- nil or false, and those that the object's name shows.
local function fields(v, class, ishex)
  local list = {}
  for _, f in ipairs(class) do
    local ok, x = pcall(function() return v[f[1]] end)
    if ok and x ~= nil and x ~= false and not (f[1] == "id" or f[1] == class.label) then
      list[#list + 1] = { f[1] .. " = ", x, f[1], f[2] or ishex }
    end
  end
  if class.indexed then
    local last = 63
    if class.counted then last = #v - 1 end
    for i = 0, last do
      local ok, x = pcall(function() return v[i] end)
      if ok and x ~= nil then
        list[#list + 1] = { "[" .. i .. "] = ", x, i, class.hex }
      end
    end
  end
  return list, 0
end

local show

local function scalar(v, ishex)
  local t = type(v)
  if t == "string" then return quote(v, MAX_STRING) end
  if t == "number" and ishex and v >= 0 and v == floor(v) then return hex(v) end
  return text(v)
end

-- body returns entries in braces, on one line if they fit. With fill, the number of columns before the brace,
-- it puts as many on a line as fit; without, one.
local function body(list, left, indent, width, depth, path, fill)
  local parts, long, total = {}, false, 2
  for i, item in ipairs(list) do
    local s = show(item[2], indent .. "  ", width, depth + 1, path, item[4])
    parts[i] = item[1] .. s
    total = total + #parts[i] + 2
    if find(s, "\n", 1, true) then long = true end
  end
  if left > 0 then
    parts[#parts + 1] = "... " .. left .. " more"
    total = total + 12
  end
  if #parts == 0 then return "{}" end
  if not long and #indent + total + (fill or 0) <= width then
    return "{" .. concat(parts, ", ") .. "}"
  end
  if fill and not long then
    local lines, col = {}, #indent + fill
    local line = "{"
    for i, part in ipairs(parts) do
      if i < #parts then part = part .. "," end
      local behind = i == #parts and indent ~= "" and 1 or 0 -- the comma after the brace
      if #line > 2 and col + #line + #part + 1 + behind >= width then
        lines[#lines + 1] = line
        line, col = indent .. "  " .. part, 0
      else
        line = line .. (line == "{" and "" or " ") .. part
      end
    end
    lines[#lines + 1] = line
    return concat(lines, "\n") .. "}"
  end
  return "{\n" .. indent .. "  " .. concat(parts, ",\n" .. indent .. "  ") .. "\n" .. indent .. "}"
end

-- wrapped breaks the lines of a text that are wider than the terminal.
local function wrapped(s, width)
  return (gsub(s, "[^\n]+", function(line)
    if host.columns(line) <= width then return line end
    local indent = match(line, "^ *")
    return indent .. host.wrap(line, width - #indent - 2, indent .. "  ")
  end))
end

-- show returns any value as text of at most width columns where it can be broken. path holds the tables and
-- objects that contain v.
function show(v, indent, width, depth, path, ishex)
  local t = type(v)
  if t == "table" then
    local meta = getmetatable(v)
    if type(meta) == "table" and rawget(meta, "__tostring") ~= nil then return text(v) end
    if path[v] then return "<cycle>" end
    if depth > MAX_DEPTH then return next(v) == nil and "{}" or "{...}" end
    path[v] = true
    local list, left = items(v, depth == 0 and MAX_ITEMS or MAX_INNER, ishex)
    local fill = true -- strings of a list get lines of their own
    for _, item in ipairs(list) do
      local t = type(item[2])
      if t == "table" or t == "userdata" and depth == 0 or t == "string" and item[1] == "" then
        fill = false
      end
    end
    local s = body(list, left, indent, width, depth, path, fill and 0 or nil)
    path[v] = nil
    return s
  end
  if t == "userdata" then
    local class = classes[typeof(v)]
    if class == nil then return text(v) end
    local name = text(v)
    if depth == 0 and find(name, "\n", 1, true) then return wrapped(name, width) end
    if depth > 1 or path[v] then return label(v) end
    path[v] = true
    name = gsub(match(name, "^[^\n]*"), " %(.*$", "")
    local list, left = fields(v, class, ishex)
    local s = #list > 0 and body(list, left, indent, width, MAX_DEPTH, path, #name + 1) or ""
    path[v] = nil
    return name .. (s ~= "" and " " .. s or "")
  end
  return scalar(v, ishex)
end

-- values returns the results of an expression as text. The letters of how say which of them print in
-- hexadecimal.
local function values(width, how, ...)
  local parts, long, total = {}, false, 0
  for i = 1, select("#", ...) do
    local v = (select(i, ...))
    local s = type(v) == "string" and v or show(v, "", width, 0, {}, sub(how, i, i) == "x")
    parts[i] = s
    total = total + #s + 8
    if find(s, "\n", 1, true) then long = true end
  end
  return concat(parts, (long or total > width) and "\n" or "\t")
end

-- why describes the last refusal of a machine if it was with this errno.
local function why(m, errno)
  local ok, r = pcall(function() return m:why() end)
  if not ok or r == nil or r.errno ~= errno then return "" end
  local s = r.rule ~= "" and r.rule or ""
  if r.fn and r.fn ~= "" then s = s .. (s ~= "" and ", " or "") .. "refused by " .. r.fn end
  local names = {}
  for i, ev in ipairs(r.holders or {}) do
    local task = ev.task and " of " .. ev.task.comm or ""
    names[i] = label(ev) .. " at " .. hex(ev.addr, 16) .. task
  end
  if #names > 0 then s = s .. "; held by " .. concat(names, ", ") end
  return s
end

-- commands maps names to {run, doc, code, pure}.
local commands = {}
local repl = {}

-- repl.command(name, doc, fn) adds the command :name. fn gets the rest of the line; its results are shown.
function repl.command(name, doc, fn)
  if type(name) ~= "string" or not find(name, "^[%a][%w_-]*$") then
    error("bad argument #1 to 'command' (a name of letters, digits, - and _ expected)", 2)
  end
  if type(doc) == "function" and fn == nil then
    fn = doc
    doc = ""
  end
  if type(fn) ~= "function" then
    error("bad argument #3 to 'command' (function expected, got " .. type(fn) .. ")", 2)
  end
  if host.reserved(name) then
    error("bad argument #1 to 'command' (':" .. name .. "' is a command of the prompt)", 2)
  end
  commands[name] = { run = fn, doc = tostring(doc or "") }
end

G.repl = repl

function G.help(x)
  local name = x
  if x == nil then name = "" end
  if type(name) ~= "string" then
    name = typeof(x)
    if name == type(x) and name ~= "function" and name ~= "string" then
      print("a " .. name)
      return
    end
    for _, path in host.functions()() do
      local v = G
      for part in gmatch(path, "[^.]+") do v = type(v) == "table" and rawget(v, part) or nil end
      if name == "function" and rawequal(v, x) then name = path end
    end
    if name == "function" then
      print("a function without a description")
      return
    end
  end
  print((gsub(host.help(name), "\n$", "")))
end

function G.apropos(word)
  if type(word) ~= "string" then
    error("bad argument #1 to 'apropos' (string expected, got " .. type(word) .. ")", 2)
  end
  print((gsub(host.apropos(word), "\n$", "")))
end

local M = { values = values, why = why, classof = typeof, label = label }

-- keep makes a result the global _. Those before it are _1, _2 and so on.
local results, MAX_RESULTS = {}, 9
function M.keep(v)
  for i = MAX_RESULTS, 1, -1 do results[i] = results[i - 1] end
  results[0] = v
  G._ = v
  for i = 1, MAX_RESULTS do
    if results[i] ~= nil or rawget(G, "_" .. i) ~= nil then G["_" .. i] = results[i] end
  end
end

-- add adds a command of the prompt. A pure one changes nothing. Any other makes the Lua call in code, once or
-- more, and returns a list of the results and their number.
function M.add(name, doc, pure, code, fn)
  commands[name] = { run = fn, doc = doc, pure = pure, code = code }
end

-- command returns whether a command is pure, and its code.
function M.command(name)
  local c = commands[name]
  return c.pure == true, c.code or ""
end

local literal

-- run runs a command. It shows what a command of the user's returns. Of a command of the prompt it returns
-- the calls as a list of {code, result}, both as source text.
function M.run(width, name, rest)
  local c = commands[name]
  local results = { c.run(rest) }
  if c.code == nil then
    if #results > 0 then print(values(width, "", unpack(results))) end
    return
  end
  local did = {}
  for i = 1, results[2] or 0 do did[i] = { c.code, literal(results[1][i], 0) } end
  return did
end

-- list returns the commands as a list of {name, doc}.
function M.list()
  local names = {}
  for name in next, commands do names[#names + 1] = name end
  sort(names)
  local rows = {}
  for i, name in ipairs(names) do rows[i] = { name, (gsub(commands[name].doc, "%s+", " ")) } end
  return rows
end

-- literal returns a value as source text, or nil if it has none.
function literal(v, depth)
  local t = type(v)
  if v == nil or t == "boolean" then return tostring(v) end
  if t == "number" then
    if v ~= v or v == huge or v == -huge then return nil end
    local s
    for digits = 14, 17 do -- the fewest that give the same number
      s = format("%." .. digits .. "g", v)
      if tonumber(s) == v then break end
    end
    return (gsub(s, "^(-?%d+)%.0$", "%1"))
  end
  if t == "string" then return #v <= 10000 and quote(v, huge) or nil end
  if typeof(v) == "u64" then return tostring(v) end
  if t ~= "table" or depth > MAX_DEPTH or getmetatable(v) ~= nil then return nil end
  local list, left = items(v, 200)
  if left > 0 or rawget(v, 201) ~= nil then return nil end
  local parts = {}
  for i, item in ipairs(list) do
    local k = item[3]
    if k ~= nil and type(k) ~= "string" and type(k) ~= "number" and type(k) ~= "boolean" then return nil end
    local s = literal(item[2], depth + 1)
    if s == nil then return nil end
    parts[i] = item[1] .. s
  end
  return "{" .. concat(parts, ", ") .. "}"
end
function M.literal(v) return literal(v, 0) end

-- facts returns what a scenario can check of a value without a literal, as a list of {path, value}.
function M.facts(root)
  local out, seen = {}, {}
  local function walk(v, path, depth)
    if #out >= 200 then return end
    local t = type(v)
    local class = classes[typeof(v)]
    if class then
      if depth > 0 then
        if class.label then out[#out + 1] = { path .. "." .. class.label, quote(label(v), huge) } end
        return
      end
      for _, f in ipairs(class) do
        local ok, x = pcall(function() return v[f[1]] end)
        local s = ok and x ~= nil and type(x) ~= "table" and literal(x, 0)
        if s then out[#out + 1] = { path .. "." .. f[1], s } end
      end
    elseif t == "table" and depth < MAX_DEPTH and not seen[v] and getmetatable(v) == nil then
      seen[v] = true
      for i, item in ipairs((items(v, 50))) do
        local k = item[3]
        local ks = k ~= nil and literal(k, 0) or nil
        if type(k) == "string" and host.isname(k) then
          walk(item[2], path .. "." .. k, depth + 1)
        elseif ks and type(k) ~= "table" then
          walk(item[2], path .. "[" .. ks .. "]", depth + 1)
        elseif k == nil then
          walk(item[2], path .. "[" .. i .. "]", depth + 1)
        end
      end
    elseif t ~= "table" then
      local s = literal(v, 0)
      if s then out[#out + 1] = { path, s } end
    end
  end
  walk(root, "", 0)
  return out
end

return M
