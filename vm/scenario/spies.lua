-- What luassert adds to assert: spies, stubs, mocks, matchers, snapshots of them, and what a script registers.
local A = require "hwlua.assert"

local known = { assertion = {}, modifier = {}, matcher = {} } -- what is registered, by namespace and name
local spy_mt, matcher_mt, level_mt = {}, {}, {}
local parts = ... -- tables of the prelude, which are filled
local spy, stub, mock, match, say = parts.spy, parts.stub, parts.mock, parts.match, parts.say
for _, name in ipairs { "spy", "stub", "mock", "match", "say" } do setmetatable(parts[name], nil) end

local function pack(...) return { n = select("#", ...), ... } end

local function metafield(v, name)
  local mt = getmetatable(v)
  return type(mt) == "table" and mt[name]
end

local function callable(v) return type(v) == "function" or metafield(v, "__call") and true or false end

-- here returns the level of the function that called into this file, for error.
local function here()
  local level, file = 1, debug.getinfo(1, "S").source
  while true do
    local info = debug.getinfo(level + 1, "S")
    if not info or info.what ~= "C" and info.source ~= file then return level end
    level = level + 1
  end
end

local function misuse(text, ...) error(text:format(...), here()) end

local function is_matcher(v) return type(v) == "table" and getmetatable(v) == matcher_mt end
local function is_spy(v) return type(v) == "table" and getmetatable(v) == spy_mt end

-- The state of assert: what is undone by revert of a snapshot, the last one first.

local snapshots = { { spies = {}, formatters = {}, parameters = {} } }
local snapshot_mt = { __call = function(self) self:revert() end }

local function top() return snapshots[#snapshots] end

local function revert(self)
  local depth
  for i, s in ipairs(snapshots) do if s == self and i > 1 then depth = i end end
  if not depth then misuse "Value provided is not a valid snapshot" end
  for i = #snapshots, depth, -1 do
    for _, s in ipairs(snapshots[i].spies) do s:revert() end
    snapshots[i] = nil
  end
end

function parts.snapshot()
  local s = setmetatable({ spies = {}, formatters = {}, parameters = {}, revert = revert }, snapshot_mt)
  snapshots[#snapshots + 1] = s
  return s
end

function assert:add_spy(s) table.insert(top().spies, s) end
function assert:add_formatter(fn) table.insert(top().formatters, 1, fn) end
function assert:set_parameter(name, value) top().parameters[name] = { value } end

function assert:remove_formatter(fn)
  for _, s in ipairs(snapshots) do
    for i, f in ipairs(s.formatters) do
      if f == fn then table.remove(s.formatters, i) break end
    end
  end
end

function assert:get_parameter(name)
  for i = #snapshots, 1, -1 do
    local p = snapshots[i].parameters[name]
    if p then return p[1] end
  end
end

local function format(v)
  for i = #snapshots, 1, -1 do
    for _, f in ipairs(snapshots[i].formatters) do
      local text = f(v)
      if text ~= nil then return text end
    end
  end
  return A.show(v)
end

function assert:format(args)
  for i = 1, args.n or #args do
    if not (args.nofmt and args.nofmt[i]) then args[i] = format(args[i]) end
  end
  return args
end

function assert:level(n) return setmetatable({ level = n }, level_mt) end
function assert:get_level(v) return getmetatable(v) == level_mt and v.level or nil end

-- Names: register adds them, and parse finds them in the words of assert.was_not.called_with and the like.

function assert:register(space, name, callback, positive, negative)
  name = name:lower()
  known[space] = known[space] or {}
  known[space][name] = { name = name, callback = callback, positive = positive, negative = negative }
end

function assert:unregister(space, name) known[space][name:lower()] = nil end

-- parse returns what the words name: modifiers in order, and the last entry of the namespace. It returns nil if a
-- word is left over. A name may have several words; the longest one counts.
local function parse(space, words)
  local modifiers, found, i = {}, nil, 1
  while i <= #words do
    local last
    for j = #words, i, -1 do
      local name = table.concat(words, "_", i, j)
      local entry, modifier = known[space][name], known.modifier[name]
      if entry or modifier then
        found = entry or found
        if not entry then table.insert(modifiers, modifier) end
        last = j
        break
      end
    end
    if not last then return nil end
    i = last + 1
  end
  return modifiers, found
end

local function words(list, name)
  local out = { unpack(list) }
  for word in tostring(name):lower():gmatch "[^_]+" do out[#out + 1] = word end
  return out
end

-- The message of a failure: text, the name of one that say knows, with the arguments formatted.
local function message(entry, positive, args, extra)
  local name = positive and entry.positive or not positive and entry.negative
  local text = name and say(name, assert:format(args))
  if extra ~= nil then
    extra = (type(extra) == "string" or metafield(extra, "__tostring")) and tostring(extra) or format(extra)
  end
  return text and extra and extra .. "\n" .. text or text or extra
end

-- How many arguments the assertions of the runtime take before a message, if not one.
local arity = {
  equals = 2, equal = 2, eq = 2, same = 2, matches = 2, match = 2, near = 3, near_to = 3, error = 2, errors = 2,
  error_matches = 2, error_match = 2, matches_error = 2, match_error = 2,
}

-- native calls an assertion of the runtime, with the message that came before it.
local function native(self, ...)
  local name, args = table.concat(self.words, "_"), pack(...)
  local fn = assert[self.mod and "is" or "is_not"][name]
  if type(fn) ~= "function" then return fn end
  local text = rawget(self, "failure_message")
  for i = #self.words, 1, -1 do
    local n = arity[table.concat(self.words, "_", i)]
    if n or i == 1 then
      n = n or 1
      if text ~= nil and args[n + 1] == nil then args[n + 1], args.n = text, math.max(args.n, n + 1) end
      break
    end
  end
  return fn(unpack(args, 1, args.n))
end

local state_mt = {}

-- A state is what stands between assert and the call of an assertion. It is not changed, but copied.
local function state(from, list)
  local new = {}
  for k, v in pairs(from) do new[k] = v end
  new.words = list
  return setmetatable(new, state_mt)
end

function state_mt:__index(name) return state(self, words(self.words, name)) end

function state_mt:__call(...)
  local modifiers, entry = parse("assertion", self.words)
  if not modifiers then return native(self, ...) end
  local new, args = state(self, {}), pack(...)
  for _, m in ipairs(modifiers) do
    if entry then m.callback(new) else m.callback(new, args, here()) end
  end
  if not entry then return new end
  local holds, results = entry.callback(new, args, here())
  if not holds == new.mod then
    local fail = rawget(new, "fail") or {}
    fail.assertion, fail.message = entry.name, message(entry, new.mod, args, rawget(new, "failure_message"))
    if not new.mod then fail.assertion = "is_not " .. entry.name end
    A.fail(fail)
  end
  if results then return unpack(results, 1, results.n or table.maxn(results)) end
  return ...
end

function parts.otherwise(name, negated)
  local list = words({}, name)
  if parse("assertion", list) then return state({ mod = not negated }, list) end
  return rawget(assert, name)
end

local function none() end
local function negate(self) self.mod = not self.mod end
for _, word in ipairs { "is", "are", "was", "were", "has", "have", "does", "be" } do
  assert:register("modifier", word, none)
end
assert:register("modifier", "not", negate)
assert:register("modifier", "no", negate)

-- Lists of arguments, of which a spy keeps copies, as they were, and the values themselves.

local function copy(v, seen)
  if type(v) ~= "table" or is_spy(v) or is_matcher(v) then return v end
  seen = seen or {}
  if seen[v] then return seen[v] end
  local new = {}
  seen[v] = new
  for k, x in next, v do rawset(new, k, copy(x, seen)) end
  local mt = getmetatable(v)
  if type(mt) == "table" then pcall(setmetatable, new, mt) end
  return new
end

local function kept(list)
  local values = { n = list.n }
  for i = 1, list.n do values[i] = copy(list[i]) end
  return { values = values, refs = list }
end

-- accepts compares a list with what is wanted of it.
local function accepts(call, wanted)
  for i = 1, math.max(call.values.n, wanted.n) do
    local want = wanted[i]
    if is_matcher(want) then
      if not want(want.name == "ref" and call.refs[i] or want.name ~= "ref" and call.values[i] or nil) then
        return false
      end
    elseif not A.same(want, call.values[i]) then
      return false
    end
  end
  return true
end

-- last returns the last of the calls whose list is as wanted.
local function last(calls, wanted)
  for i = #calls, 1, -1 do
    if accepts(calls[i], wanted) then return calls[i] end
  end
end

-- Spies.

function spy_mt:__call(...)
  table.insert(self.calls, kept(pack(...)))
  local results = pack(self.callback(...))
  table.insert(self.returnvals, kept(results))
  return unpack(results, 1, results.n)
end

local function with(calls, wanted)
  local found = last(calls, wanted)
  local shown = found or calls[#calls]
  return found ~= nil, shown and { unpack(shown.values, 1, shown.values.n) }
end

local spy_methods = {
  called = function(self, times, compare)
    if not times and not compare then return #self.calls > 0, #self.calls end
    return (compare or rawequal)(#self.calls, times), #self.calls
  end,
  called_with = function(self, wanted) return with(self.calls, wanted) end,
  returned_with = function(self, wanted) return with(self.returnvals, wanted) end,
  clear = function(self)
    self.calls, self.returnvals = {}, {}
    return self
  end,
  revert = function(self)
    if not self.reverted and self.target_table then self.target_table[self.target_key] = self.original end
    self.reverted = true
    return self.original
  end,
}

function spy.new(fn)
  if fn == nil then fn = none end
  if not callable(fn) then
    misuse("Cannot spy on type '%s', only on functions or callable elements", type(fn))
  end
  local s = { calls = {}, returnvals = {}, callback = fn, original = fn }
  for name, method in pairs(spy_methods) do s[name] = method end
  assert:add_spy(setmetatable(s, spy_mt))
  return s
end

function spy.on(object, key)
  local s = spy.new(object[key])
  object[key], s.target_table, s.target_key = s, object, key
  return s
end

spy.is_spy = is_spy

-- Stubs: spies whose results are given.

-- answers sets what a list of results or a function makes of a call.
local function answers(set, owner)
  return {
    returns = function(...)
      local results = pack(...)
      set(function() return unpack(results, 1, results.n) end)
      return owner
    end,
    invokes = function(fn)
      set(fn)
      return owner
    end,
  }
end

function stub.new(object, key, ...)
  if object == nil and key == nil then object, key = {}, "" end
  if type(object) ~= "table" or key == nil then
    misuse "stub.new(): Can only create stub on a table key, call with 2 params; table, key"
  end
  local original, results, special = object[key], pack(...), {}
  if original ~= nil and not callable(original) then
    misuse "stub.new(): The element for which to create a stub must either be callable, or be nil"
  end
  local default = results.n == 1 and callable(results[1]) and results[1]
    or function() return unpack(results, 1, results.n) end
  object[key] = function(...)
    local args = pack(...)
    for _, s in ipairs(special) do
      if accepts({ values = args, refs = args }, s.wanted) then return s.answer(...) end
    end
    return default(...)
  end
  local s = spy.on(object, key)
  s.original = original
  s.by_default = answers(function(fn) default = fn end, s)
  s.returns, s.invokes = s.by_default.returns, s.by_default.invokes
  function s.on_call_with(...)
    local wanted = kept(pack(...)).values
    return answers(function(fn) table.insert(special, { wanted = wanted, answer = fn }) end, s)
  end
  return s
end

-- Mocks: tables whose functions are spies, or stubs.

function mock.new(object, stubbed, result, owner, key)
  local seen = {}
  local function visit(v, owner, key)
    if type(v) == "function" then
      if stubbed then return stub.new(owner, key, result) end
      return owner == nil and spy.new(v) or spy.on(owner, key)
    end
    if type(v) == "table" and not is_spy(v) and not seen[v] then
      seen[v] = true
      local keys = {}
      for k in pairs(v) do keys[#keys + 1] = k end
      for _, k in ipairs(keys) do v[k] = visit(v[k], v, k) end
    end
    return v
  end
  return visit(object, owner, key)
end

local function each(object, action, seen)
  if type(object) ~= "table" or seen[object] then return object end
  seen[object] = true
  if is_spy(object) then return object[action](object) end
  for _, v in pairs(object) do each(v, action, seen) end
  return object
end

function mock.clear(object) return each(object, "clear", {}) end
function mock.revert(object) return each(object, "revert", {}) end

setmetatable(spy, { __call = function(_, ...) return spy.new(...) end })
setmetatable(stub, { __call = function(_, ...) return stub.new(...) end })
setmetatable(mock, { __call = function(_, ...) return mock.new(...) end })

-- The assertions on spies.

local function set_spy(self, args)
  self.payload = args and args[1]
  if args and args[2] ~= nil then self.failure_message = args[2] end
end
assert:register("modifier", "spy", set_spy)
assert:register("modifier", "stub", set_spy)
assert:register("modifier", "message", function(self, args) self.failure_message = args and args[1] end)

local function spied(self, word)
  local s = rawget(self, "payload")
  if is_spy(s) then return s end
  if type(s) == "function" then
    misuse("When calling 'spy(aspy)', 'aspy' must not be the original function, but the spy function replacing " ..
      "the original")
  end
  misuse("'%s' must be chained after 'spy(aspy)'", word)
end

for _, word in ipairs { "called_with", "returned_with" } do
  assert:register("assertion", word, function(self, args)
    local holds, shown = spied(self, word)[word](self.payload, args)
    self.fail = { sides = "values", expected = { unpack(args, 1, args.n) }, found = shown }
    return holds
  end)
end

local function times(n) return n == 1 and "1 call" or tostring(n) .. " calls" end

for word, c in pairs {
  called = { "", rawequal },
  called_at_least = { "at least ", function(a, b) return a >= b end },
  called_at_most = { "at most ", function(a, b) return a <= b end },
  called_more_than = { "more than ", function(a, b) return a > b end },
  called_less_than = { "less than ", function(a, b) return a < b end },
} do
  local text, compare = unpack(c)
  assert:register("assertion", word, function(self, args)
    local s, n = spied(self, word), args[1]
    local any = n == nil and word == "called"
    self.fail = { sides = "words", expected = any and "a call" or text .. times(n), found = times(#s.calls) }
    if not self.mod then self.fail.expected = "not " .. self.fail.expected end
    if any then return #s.calls > 0 end
    return (s:called(n, compare))
  end)
end

-- Other assertions of luassert.

local function unique(list, deep)
  for k, v in pairs(list) do
    for k2, v2 in pairs(list) do
      if k ~= k2 and (v == v2 or deep and A.same(v, v2)) then return false end
    end
  end
  return true
end

assert:register("assertion", "unique", function(self, args)
  local deep, text = args[2], args[3]
  if type(deep) ~= "boolean" and (deep ~= nil or args.n <= 2) then
    deep, text = type(args[3]) == "boolean" and args[3], args[2]
  end
  if text ~= nil then self.failure_message = text end
  return unique(args[1], deep)
end)

assert:register("assertion", "returned_arguments", function(self, args)
  self.fail = { sides = "values", expected = args[1], found = args.n - 1 }
  return args[1] == args.n - 1
end)

assert:register("modifier", "array", function(self, args) rawset(self, "array", args[1]) end)
assert:register("assertion", "holes", function(self, args)
  local list, n = rawget(self, "array"), args[1]
  if list == nil then misuse "No array set, please use the array modifier to set the array to validate" end
  if n == nil then
    n = 0
    for i in pairs(list) do
      if type(i) == "number" and i > n and i % 1 == 0 then n = i end
    end
  end
  for i = 1, n do
    if list[i] == nil then return true, { i } end
  end
  return false
end)

-- Matchers.

function matcher_mt:__call(value) return not self.callback(value) ~= self.mod end

match._ = setmetatable({ mod = true, callback = function() return true end }, matcher_mt)
match.is_matcher = is_matcher
function match.is_ref_matcher(v) return is_matcher(v) and v.name == "ref" end

local match_mt = {}
function match_mt:__index(name) return setmetatable({ words = words(self.words, name) }, match_mt) end
function match_mt:__call(...)
  local modifiers, entry = parse("matcher", self.words)
  if not modifiers then misuse("luassert: unknown modifier/matcher: '%s'", table.concat(self.words, "_")) end
  local new, args = { mod = true }, pack(...)
  for _, m in ipairs(modifiers) do m.callback(new, not entry and args or nil, here()) end
  if not entry then return setmetatable({ words = {} }, match_mt) end
  return setmetatable({
    name = entry.name, mod = new.mod, arguments = args, callback = entry.callback(new, args, here()),
  }, matcher_mt)
end
setmetatable(match, {
  __index = function(_, name) return setmetatable({ words = words({}, name) }, match_mt) end,
})

-- matcher registers a matcher that takes at least n arguments: holds(value, its arguments).
local function matcher(name, n, holds)
  assert:register("matcher", name, function(_, args)
    if args.n < n then
      misuse("the '%s' function requires a minimum of %d arguments, got: %d", name, n, args.n)
    end
    return function(value) return holds(value, unpack(args, 1, args.n)) end
  end)
end

for _, name in ipairs { "nil", "boolean", "number", "string", "table", "function", "userdata", "thread" } do
  matcher(name, 0, function(v) return type(v) == name end)
end
for _, name in ipairs { "equals", "equal", "ref" } do matcher(name, 1, function(v, want) return v == want end) end
for _, name in ipairs { "matches", "match" } do
  matcher(name, 1, function(v, pattern, init, plain)
    local text = (type(v) == "string" or type(v) == "number" or metafield(v, "__tostring")) and tostring(v)
    return text and text:find(pattern, init, plain) ~= nil or false
  end)
end
matcher("true", 0, function(v) return v == true end)
matcher("false", 0, function(v) return v == false end)
matcher("truthy", 0, function(v) return v ~= nil and v ~= false end)
matcher("falsy", 0, function(v) return v == nil or v == false end)
matcher("same", 1, function(v, want) return A.same(want, v) end)
matcher("unique", 0, unique)
matcher("near", 2, function(v, want, tolerance)
  v = tonumber(v)
  return v ~= nil and v >= want - tolerance and v <= want + tolerance
end)

-- composite registers a matcher of matchers, which holds if it has found one that answers yes, or none that does.
local function composite(name, yes, found)
  matcher(name, 1, function(v, ...)
    for i, m in ipairs { ... } do
      if not is_matcher(m) then
        misuse("bad argument #%d to '%s' (matcher expected, got %s)", i, name, type(m))
      end
      if m(v) == yes then return found end
    end
    return not found
  end)
end
composite("any_of", true, true)
composite("all_of", false, false)
composite("none_of", true, false)

-- say keeps the texts of messages.

local texts = {}
function say:set(name, text) texts[name] = text end
function say:set_namespace() end
function say:set_fallback() end
setmetatable(say, {
  __index = texts,
  __call = function(_, name, values)
    local text = texts[name]
    if type(text) ~= "string" then return text end
    values = values or {}
    local shown = {}
    for i = 1, values.n or #values do shown[i] = tostring(values[i]) end
    for _ in text:gsub("%%%%", ""):gmatch "%%" do shown[#shown + 1] = "" end
    return text:format(unpack(shown))
  end,
})
