// What a script sees differently here and in lua5.1, as a table that hwlua doc, DIFFERENCES.md and the tests
// read.

package vm

// A Difference is something that differs from Lua 5.1.
type Difference struct {
	Name    string // what differs, in one line
	Why     string
	Instead string // what to write so that it does not matter, "" if there is nothing to do

	Code        string // expressions that show it
	Here, Lua51 string // their values here and in Debian's lua5.1; Lua51 is "" if they vary there
}

// Differences returns what differs from Lua 5.1.
func Differences() []Difference { return append([]Difference(nil), differences...) }

var differences = []Difference{
	{
		Name: "Integers are exact to 2^64-1: a literal of 2^53 and above is a u64",
		Why: "Addresses and registers have 64 bits, and a float has 53. A u64 is one value " +
			"for each number, " +
			"of type \"userdata\".",
		Code:  `0xffffff8008c5a004 + 4 == 0xffffff8008c5a008, 9007199254740993 == 9007199254740992`,
		Here:  `true false`,
		Lua51: `true true`,
	},
	{
		Name: "The result of two plain numbers that crosses 2^53 is a float, not a u64",
		Why: "Two plain numbers follow Lua, so that arithmetic costs what it costs in Lua. " +
			"Such a float is " +
			"refused where an address or a register value is expected, and == of it and a u64 raises.",
		Instead: "Write the literal, bit.lshift(1, 53), or keep a u64 on one side: " +
			"0x8000000000000000 + a + b - 0x8000000000000000.",
		Code:  `type(0x1fffffffffffff + 1), type(0x20000000000000), type(bit and bit.lshift(1, 53))`,
		Here:  `"number" "userdata" "userdata"`,
		Lua51: `"number" "number" "nil"`,
	},
	{
		Name: "A comparison by < or <= of a number with a variable that holds a u64 raises",
		Why: "Lua calls no metamethod for values of two types. With a literal of 2^53 and " +
			"above on one side " +
			"the comparison is exact.",
		Instead: "hw.lt(a, b) and hw.le(a, b) take any mixture.",
		Code: `pcall(function(x) return x > 1 end, 0xffffffffffffffff) == true, 1 < ` +
			`0xffffffffffffffff`,
		Here:  `false true`,
		Lua51: `true true`,
	},
	{
		Name:  "Integers below 2^53 are written with all their digits, NaN and infinity in one way",
		Why:   "lua5.1 writes 14 digits, and what printf makes of a NaN differs from host to host.",
		Code:  `tostring(123456789012345), 1e15 .. "", tostring(0/0)`,
		Here:  `"123456789012345" "1000000000000000" "nan"`,
		Lua51: `"1.2345678901234e+14" "1e+15" "-nan"`,
	},
	{
		Name:  "The constants 0 and -0 of one function are apart",
		Why:   "lua5.1 keeps one of them, which stands for both.",
		Code:  `(function() local a, b = 0, 0 / -1 return 1 / a, 1 / b end)()`,
		Here:  `inf -inf`,
		Lua51: `inf inf`,
	},
	{
		Name:    "Texts of numbers have Lua's form only: no hexadecimal fraction, no \"inf\", no \"nan\"",
		Why:     "lua5.1 passes them to C's strtod, whose extensions differ from host to host.",
		Instead: "math.huge and 0/0; math.ldexp(m, e) for m * 2^e.",
		Code:    `tonumber("0x1p4"), tonumber("inf"), tonumber("-ff", 16)`,
		Here:    `nil nil -255`,
		Lua51:   `16 inf 1.8446744073709552e+19`,
	},
	{
		Name: "What C leaves undefined has a definite answer",
		Why: "string.format of a number that does not fit an integer raises; zero bytes " +
			"are ordinary bytes " +
			"in patterns, %s and %c.",
		Code:  `pcall(string.format, "%d", 2^64) == true, #("%s"):format("a\0b"), ("%c"):format(0)`,
		Here:  `false 3 "\000"`,
		Lua51: `true 1 ""`,
	},
	{
		Name: "tostring numbers tables, functions, threads and userdata instead of showing addresses",
		Why:  "The same script prints the same bytes in every run.",
		Code: `tonumber(tostring({}):match("0x(%x+)"), 16) < 1000`,
		Here: `true`, Lua51: `false`,
	},
	{
		Name: "pairs and next go through the keys of a table in the order in which they were added",
		Why: "The same script does the same in every run. In lua5.1 the order is " +
			"that of hashes and addresses.",
		Instead: "Sort the keys where another Lua shall agree.",
		Code: `(function() local s = "" for k in pairs { zeta = 1, alpha = 1, mu = ` +
			`1, beta = 1 } do s = s .. k end return s end)()`,
		Here: `"zetaalphamubeta"`,
	},
	{
		Name: "math.random draws from the seed of the runtime (--seed, Config.Seed)",
		Why:  "A run can be repeated. math.randomseed works as in Lua.",
		Code: `math.random(1e9)`,
		Here: `4013157`,
	},
	{
		Name: "No file, process, environment or clock is there unless it is opened by name",
		Why:  "A script that is not trusted may run. io.write and io.read use the standard streams.",
		Instead: "--allow fs,env,exec,clock or Config.Allow; os.time{...} and " +
			"os.date(format, time) work without " +
			"a clock.",
		Code:  `type(io.open), type(os.getenv), type(os.clock), type(os.exit), pcall(os.time) == true`,
		Here:  `"nil" "nil" "nil" "nil" false`,
		Lua51: `"function" "function" "function" "function" true`,
	},
	{
		Name: "require and dofile find files of the script's folder only, and no C modules",
		Why:  "What a script can load is bounded. Symbolic links do not lead out of the folder.",
		Code: `package.path, package.cpath, type(package.loadlib), pcall(dofile, "/dev/null") == true`,
		Here: `"?.lua;?/init.lua" "" "nil" false`,
	},
	{
		Name:  "There is no bytecode: string.dump is missing and load refuses it",
		Why:   "Bytecode that was not made by the compiler can break any runtime.",
		Code:  `type(string.dump), (select(2, loadstring("\27Lua", "=x")))`,
		Here:  `"nil" "x: compiled code (bytecode) cannot be loaded; pass the source text"`,
		Lua51: `"function" "x: unexpected end in precompiled chunk"`,
	},
	{
		Name:    "module is missing",
		Why:     "It makes globals, and changes the environment of its caller.",
		Instead: "local M = {} ... return M",
		Code:    `type(module), type(package.seeall)`,
		Here:    `"nil" "function"`,
		Lua51:   `"function" "function"`,
	},
	{
		Name: "debug has getinfo (without f and L) and traceback; newproxy is missing",
		Why: "The rest of debug reaches other functions' variables, the registry " +
			"and the metatables of all values.",
		Code:  `type(debug.getlocal), type(debug.sethook), type(debug.getregistry), type(newproxy)`,
		Here:  `"nil" "nil" "nil" "nil"`,
		Lua51: `"function" "function" "function" "function"`,
	},
	{
		Name: "assert is a table, which can be called; check is one too, and bit a library",
		Why: "assert holds the assertions of luassert in every runtime, and check " +
			"the same without the raise.",
		Instead: "Test whether a value can be called by calling it.",
		Code:    `type(assert), type(check), type(bit)`,
		Here:    `"table" "table" "table"`,
		Lua51:   `"function" "nil" "nil"`,
	},
	{
		Name: "Weak tables hold their entries; __gc is not called",
		Why: "What a script can see depends on nothing that Go's collector does. Dropped " +
			"files and coroutines " +
			"are closed all the same.",
		Instead: "Remove what a cache should forget.",
		Code: `(function() local t = setmetatable({}, {__mode = "k"}) t[{}] = 1 ` +
			`collectgarbage() return next(t) ~= nil end)()`,
		Here:  `true`,
		Lua51: `false`,
	},
	{
		Name: "# calls the metamethod __len of a table",
		Why:  "As in Lua 5.2; it is gopher-lua's instruction.",
		Instead: "Leave __len out of metatables of tables, or use table.getn(t) for " +
			"the length without it.",
		Code:  `#setmetatable({ 1, 2 }, { __len = function() return 7 end }), table.getn({ 1, 2 })`,
		Here:  `7 2`,
		Lua51: `2 2`,
	},
	{
		Name: "# of a table with holes is another of its borders",
		Why: "Lua says only that t[#t] is not nil and t[#t + 1] is. Which border it is " +
			"depends on how a table is " +
			"stored.",
		Instead: "Count the items in a field, or use table.maxn(t).",
		Code:    `(function() local t = { 1, 2, 3 } t[6] = "x" return #t, table.maxn(t) end)()`,
		Here:    `6 6`,
		Lua51:   `3 6`,
	},
	{
		Name: "A positive integer key below 2^26 takes memory for all items up to it",
		Why:  "A table keeps its items in an array without gaps; it is gopher-lua's table.",
		Instead: "Use addresses of 2^26 and above, text, or tostring(k) as keys where only few of them are " +
			"there.",
		Code: `(function() local t = {} local a = collectgarbage("count") t[1e5] = 1 ` +
			`return collectgarbage("count") - a > 1000 end)()`,
		Here:  `true`,
		Lua51: `false`,
	},
	{
		Name: "A function may have any number of upvalues",
		Why:  "lua5.1 allows 60. Everything that lua5.1 compiles compiles here too.",
		Code: `loadstring((function() local s = {} for i = 1, 70 do s[i] = "local v" .. i ` +
			`.. " " end local names = ` +
			`(table.concat(s):gsub("local ", ""):gsub(" $", ""):gsub(" ", ",")) return ` +
			`table.concat(s) .. ` +
			`"return function() return " .. names .. " end" end)()) ~= nil`,
		Here:  `true`,
		Lua51: `false`,
	},
	{
		Name:    "goto and labels are there, so goto is a reserved word",
		Why:     "As in Lua 5.2; it is gopher-lua's grammar.",
		Instead: "Give a variable another name.",
		Code: `loadstring("local goto = 1") ~= nil, ` +
			`loadstring("goto done ::done::") ~= nil`,
		Here:  `false true`,
		Lua51: `true false`,
	},
	{
		Name:    "A call whose ( begins a line is no error, and ; may stand alone",
		Why:     "As in Lua 5.2: f, a line end and (x) are the call f(x).",
		Instead: "End the statement before with a semicolon.",
		Code:    `loadstring("local f = print\n(f)(1)") ~= nil, loadstring(";; x = 1") ~= nil`,
		Here:    `true true`,
		Lua51:   `false false`,
	},
	{
		Name: "A coroutine may yield anywhere, and may run any function",
		Why:  "Each runs on a stack of its own: pcall, metamethods, iterators, sort and gsub may yield.",
		Code: `coroutine.wrap(function() return pcall(function() return coroutine.yield(1) ` +
			`end) end)(), ` +
			`pcall(coroutine.create, print) == true`,
		Here:  `1 true`,
		Lua51: `false false`,
	},
	{
		Name: "From later versions of Lua",
		Why: "load takes text, xpcall arguments for the function; table.pack, table.unpack, rawlen and " +
			"coroutine.isyieldable are there.",
		Code: `pcall(load, "return 1") == true, select(2, xpcall(function(x) return x end, print, 1)), ` +
			`type(table.pack), type(table.unpack), type(rawlen), type(coroutine.isyieldable)`,
		Here:  `true 1 "function" "function" "function" "function"`,
		Lua51: `false nil "nil" "nil" "nil" "nil"`,
	},
	{
		Name: "More is said in errors",
		Why: "A function of the library raises with the position of the script and its own " +
			"name; misspelt names " +
			"are suggested; [Go] stands for lua5.1's [C] in a traceback.",
		Instead: "Compare errors that a program tells apart by a table or by io's " +
			"errno, not by their text.",
		Code: `select(2, pcall(function() table.sort { 1, "x" } end)), select(2, pcall(string.rep))`,
		Here: `"case:1: attempt to compare string with number" "bad argument #1 to ` +
			`'rep' (string expected, got no value)"`,
		Lua51: `"attempt to compare string with number" "bad argument #1 to '?' ` +
			`(string expected, got no value)"`,
	},
	{
		Name: "Mistakes that lua5.1 overlooks raise: order functions that " +
			"contradict themselves, conversions that do not exist",
		Why: "Their result would depend on the host.",
		Instead: "An order function returns false for equal items. os.date has the " +
			"conversions of C99, io.open the modes of C89.",
		Code: `pcall(table.sort, { 3, 1, 2 }, function() return true end) == true, ` +
			`pcall(os.date, "%Q", 0) == true`,
		Here:  `false false`,
		Lua51: `true true`,
	},
	{
		Name: "os.setlocale knows the C locale only; os.date without a clock is in UTC",
		Why:  "Nothing depends on the host's settings.",
		Code: `os.setlocale(), os.setlocale("C.UTF-8")`,
		Here: `"C" nil`, Lua51: `"C" "C.UTF-8"`,
	},
	{
		Name: "collectgarbage counts what the script can reach, and its settings do nothing",
		Why:  "Go collects. The count is the same in every run.",
		Code: `collectgarbage("setpause", 100), collectgarbage("step")`,
		Here: `0 true`, Lua51: `200 false`,
	},
	{
		Name:    "dofile and loadfile need the name of a file",
		Why:     "Standard input belongs to io.read.",
		Instead: `assert(loadstring(io.read "*a"))()`,
		Code:    `(select(2, pcall(dofile, nil)))`,
		Here:    `"bad argument #1 to 'dofile' (string expected, got nil)"`,
		Lua51:   `nil`,
	},
	{
		Name: "Source is at most 1 MiB and nested at most 200 deep",
		Why:  "Any text gives a program or an error, within bounds.",
		Code: `loadstring("return 1" .. (" "):rep(2^20)) ~= nil`,
		Here: `false`, Lua51: `true`,
	},
}
