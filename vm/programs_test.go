// Random programs, in lua5.1 and here: go test ./vm -run Lua51RandomPrograms; with -programs 10m for as
// long from fresh seeds.

package vm_test

import (
	"bytes"
	"flag"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/hwlua/hwlua/vm"
)

var programsFor = flag.Duration("programs", 0,
	"how long TestLua51RandomPrograms runs programs of fresh seeds")

// batch is how many programs one process of lua5.1 runs.
const batch = 200

// TestLua51RandomPrograms runs random programs here and in lua5.1. What they say has to be the same. The
// seeds in testdata/lua51/seeds.txt failed once.
func TestLua51RandomPrograms(t *testing.T) {
	var seeds []int64
	kept, err := os.ReadFile("testdata/lua51/seeds.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(kept)) {
		seed, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, seed)
	}
	for seed := range int64(20 * batch) {
		if testing.Short() && seed >= 2*batch {
			break
		}
		seeds = append(seeds, seed)
	}
	bad := runPrograms(t, seeds)
	if *programsFor == 0 {
		return
	}
	first := time.Now().UnixNano()
	t.Logf("fresh seeds from %d on", first)
	for end := time.Now().Add(*programsFor); time.Now().Before(end) && bad < 10; first += batch {
		seeds = seeds[:0]
		for i := range int64(batch) {
			seeds = append(seeds, first+i)
		}
		bad += runPrograms(t, seeds)
	}
}

// runPrograms compares the programs of seeds and returns how many differ.
func runPrograms(t *testing.T, seeds []int64) (bad int) {
	t.Helper()
	prelude, err := os.ReadFile("testdata/lua51/prelude.lua")
	if err != nil {
		t.Fatal(err)
	}
	for len(seeds) > 0 {
		n := min(batch, len(seeds))
		cases := make([]string, n)
		for i, seed := range seeds[:n] {
			cases[i] = "run(function(...) " + program(seed) + " end)"
		}
		source := string(prelude) + script(t, cases)
		want, got := lua51(t, source), oursLimited(t, source)
		for i := range n {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				if bad++; bad <= 5 {
					t.Errorf("seed %d:\n%s\n got  %s\n want %s (lua5.1)", seeds[i], cases[i],
						lineAt(got, i), lineAt(want, i))
				}
			}
		}
		seeds = seeds[n:]
	}
	return bad
}

// oursLimited runs source in a runtime with limits and returns what it printed.
func oursLimited(t *testing.T, source string) []string {
	t.Helper()
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out, Limits: vm.Limits{Steps: 100_000_000, Memory: 256 << 20}})
	if err := run(t, rt, source); err != nil {
		t.Error(err)
	}
	return lines(out.String())
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// program returns the program of a seed.
func program(seed int64) string {
	g := &generator{r: rand.New(rand.NewSource(seed)), vararg: true}
	var b strings.Builder
	b.WriteString("local a, b, c = ... local n, m = 1, 2 local t = { 10, 20, x = 5 }\n")
	g.vars, g.nums, g.tables = []string{"a", "b", "c"}, []string{"n", "m"}, []string{"t"}
	g.budget = 40
	b.WriteString(g.block(4))
	return b.String()
}

// A generator writes programs that end. Variables that hold a number, a table or anything are apart.
type generator struct {
	r                  *rand.Rand
	vars, nums, tables []string
	made               int // variables so far
	budget             int // statements left
	loop               bool
	vararg             bool
	coroutine          bool
	inner              bool // in a function
}

func (g *generator) pick(of ...string) string { return of[g.r.Intn(len(of))] }

func (g *generator) fresh() string {
	g.made++
	return "v" + strconv.Itoa(g.made)
}

// scope calls f and then forgets the variables that it declared.
func (g *generator) scope(f func() string) string {
	v, n, t := len(g.vars), len(g.nums), len(g.tables)
	defer func() { g.vars, g.nums, g.tables = g.vars[:v], g.nums[:n], g.tables[:t] }()
	return f()
}

// block returns statements, of which the last may leave the block.
func (g *generator) block(depth int) string {
	return g.scope(func() string {
		var b strings.Builder
		for range g.r.Intn(5) + depth/4 {
			if g.budget--; g.budget < 0 {
				break
			}
			b.WriteString(g.statement(depth) + "\n")
		}
		switch g.r.Intn(14) {
		case 0:
			if g.loop {
				b.WriteString("do break end ")
			}
		case 1:
			if g.inner {
				b.WriteString("do return " + g.list(2) + " end ")
			}
		}
		return b.String()
	})
}

func (g *generator) statement(depth int) string {
	if depth <= 0 {
		return g.simple()
	}
	switch g.r.Intn(20) {
	case 0, 1, 2:
		return "if " + g.condition(2) + " then " + g.block(depth-1) + g.otherwise(depth) + "end"
	case 3:
		return g.inLoop(func() string {
			return "while " + g.condition(1) + " do " + g.block(depth-1) + " if tick() then break end end"
		})
	case 4:
		return g.inLoop(func() string {
			return g.scope(func() string {
				return "repeat " + g.block(depth-1) + " until tick() or " + g.condition(1)
			})
		})
	case 5, 6:
		return g.inLoop(func() string { return g.numericFor(depth) })
	case 7, 8:
		return g.inLoop(func() string { return g.genericFor(depth) })
	case 9:
		return "do " + g.block(depth-1) + "end"
	case 10, 11:
		return g.localFunction(depth)
	case 12:
		if g.coroutine {
			return "say(coroutine.yield(" + g.list(1) + "))"
		}
		return "say(pcall(" + g.function(depth-1) + ", " + g.list(2) + "))"
	case 13:
		return g.wrap(depth)
	}
	return g.simple()
}

func (g *generator) otherwise(depth int) string {
	switch g.r.Intn(4) {
	case 0:
		return "else " + g.block(depth-1)
	case 1:
		return "elseif " + g.condition(1) + " then " + g.block(depth-1) + "else " + g.block(depth-1)
	}
	return ""
}

func (g *generator) inLoop(f func() string) string {
	outer := g.loop
	g.loop = true
	defer func() { g.loop = outer }()
	return f()
}

func (g *generator) numericFor(depth int) string {
	bounds := g.pick("1, 3", "3, 1, -1", "N(n), N(n) + 2", "1, N("+g.value(1)+") % 4", "'1', 2", "0.5, 2",
		"1, 0", "N(m), N(m)", "-1, 1, 0.5")
	return g.scope(func() string {
		name := g.fresh()
		g.nums = append(g.nums, name)
		return "for " + name + " = " + bounds + " do " + g.block(depth-1) + "end"
	})
}

func (g *generator) genericFor(depth int) string {
	in := g.pick("ipairs{1, 2}", "ipairs(t)", "pairs{"+g.value(1)+"}", "next, {7}",
		"string.gmatch('a b', '%a')",
		"(function() return function(s, i) if i < 2 then return i + 1, s end end, 'state', 0 end)()",
		"pairs{k = "+g.value(1)+"}")
	return g.scope(func() string {
		k, v := g.fresh(), g.fresh()
		g.vars = append(g.vars, k, v)
		return "for " + g.pick(k+", "+v, k+", "+v+", "+g.fresh()) + " in " + in + " do " +
			g.block(depth-1) + "end"
	})
}

// function returns a function expression.
func (g *generator) function(depth int) string {
	loop, vararg, co, inner := g.loop, g.vararg, g.coroutine, g.inner
	defer func() { g.loop, g.vararg, g.coroutine, g.inner = loop, vararg, co, inner }()
	g.loop, g.coroutine, g.inner = false, false, true
	return "function" + g.body(depth)
}

func (g *generator) body(depth int) string {
	return g.scope(func() string {
		p, q := g.fresh(), g.fresh()
		params := g.pick("", p, p+", "+q, "...", p+", ...", p+", "+q)
		g.vararg = strings.HasSuffix(params, "...")
		for _, name := range []string{p, q} {
			if strings.Contains(params, name) {
				g.vars = append(g.vars, name)
			}
		}
		text := "(" + params + ") " + g.block(depth)
		if !strings.Contains(text[max(0, len(text)-40):], "return") && g.r.Intn(3) > 0 {
			return text + " do return " + g.list(2) + " end end"
		}
		return text + " end"
	})
}

func (g *generator) localFunction(depth int) string {
	name := g.fresh()
	shown := g.pick(g.pick(g.vars...), name)
	f := g.pick("local function "+name+g.function(0)[len("function"):],
		"local "+name+" = "+g.function(depth-1))
	g.vars = append(g.vars, name)
	if shown != name && g.r.Intn(3) == 0 {
		return f + " " + shown + " = " + name
	}
	return f + " say(pcall(" + name + ", " + g.list(2) + "))"
}

func (g *generator) wrap(depth int) string {
	if g.coroutine {
		return g.simple()
	}
	name := g.fresh()
	loop, vararg, inner := g.loop, g.vararg, g.inner
	g.loop, g.vararg, g.coroutine, g.inner = false, true, true, true
	body := g.block(depth - 1)
	g.loop, g.vararg, g.coroutine, g.inner = loop, vararg, false, inner
	return "do local " + name + " = coroutine.wrap(function(...) " + body +
		" end) for i = 1, 3 do say(pcall(" + name +
		", " + g.list(1) + ")) end end"
}

// simple returns a statement without blocks.
func (g *generator) simple() string {
	switch g.r.Intn(16) {
	case 0, 1:
		e := g.value(3)
		name := g.fresh()
		g.vars = append(g.vars, name)
		return "local " + name + " = " + e
	case 2:
		e := g.number(3)
		name := g.fresh()
		g.nums = append(g.nums, name)
		return "local " + name + " = " + e
	case 3:
		e := g.constructor(2)
		name := g.fresh()
		g.tables = append(g.tables, name)
		return "local " + name + " = " + e
	case 4, 5, 6:
		return g.pick(g.vars...) + " = " + g.value(3)
	case 7:
		return g.pick(g.nums...) + " = " + g.number(3)
	case 8:
		return g.pick(g.tables...) + g.pick(".x", ".y", "[1]", "["+g.key()+"]") + " = " + g.value(3)
	case 9:
		return g.pick("G1", "G2", "G3") + " = " + g.value(3)
	case 10:
		return g.targets() + " = " + g.list(3)
	case 11:
		name, other := g.fresh(), g.fresh()
		s := "local " + name + ", " + other + " = " + g.list(3)
		g.vars = append(g.vars, name, other)
		return s
	case 12:
		return g.pick(g.vars...) + " = (" + g.call(2) + ")"
	}
	return "say(" + g.list(3) + ")"
}

func (g *generator) targets() string {
	target := func() string {
		return g.pick(g.pick(g.vars...), g.pick(g.tables...)+".x", g.pick(g.tables...)+"["+g.key()+"]",
			"G1")
	}
	return target() + ", " + target() + g.pick("", "", ", "+target())
}

func (g *generator) key() string {
	return g.pick("1", "2", "'x'", "N("+g.pick(g.vars...)+") % 1000", g.pick(g.nums...)+" % 5", "'y'")
}

// list returns one to three expressions, of which the last may have several values.
func (g *generator) list(depth int) string {
	var parts []string
	for range g.r.Intn(3) {
		parts = append(parts, g.value(depth))
	}
	last := g.value(depth)
	switch g.r.Intn(4) {
	case 0:
		last = g.call(depth - 1)
	case 1:
		if g.vararg {
			last = g.pick("...", "(...)", "select('#', ...)")
		}
	}
	return strings.Join(append(parts, last), ", ")
}

// condition returns an expression that is often constant.
func (g *generator) condition(depth int) string {
	switch g.r.Intn(10) {
	case 0, 1, 2:
		return g.pick("true", "false", "nil", "1", "'s'", "not true", "not nil")
	case 3, 4:
		return g.condition(depth-1) + g.pick(" and ", " or ") + g.condition(depth-1)
	case 5:
		return "not (" + g.condition(depth-1) + ")"
	case 6, 7:
		return g.number(1) + g.pick(" < ", " <= ", " > ", " >= ", " == ", " ~= ") + g.number(1)
	}
	return g.value(depth)
}

func (g *generator) value(depth int) string {
	if depth <= 0 {
		return g.pick("nil", "true", "false", "1", "2.5", "'s'", "'10'", g.pick(g.vars...),
			g.pick(g.nums...),
			g.pick(g.tables...)+".x", g.pick(g.tables...)+".z", "G1", "G2", "G3")
	}
	switch g.r.Intn(16) {
	case 0, 1, 2, 3:
		return g.value(depth-1) + g.pick(" and ", " or ") + g.value(depth-1)
	case 4:
		return "(" + g.value(depth-1) + g.pick(" and ", " or ") + g.value(depth-1) + ")" +
			g.pick(" and ", " or ") + g.value(depth-1)
	case 5:
		return "not " + g.value(0)
	case 6:
		return "(" + g.number(depth-1) + g.pick(" < ", " <= ", " > ", " >= ", " == ", " ~= ") +
			g.number(depth-1) + ")"
	case 7:
		return "(" + g.value(0) + g.pick(" == ", " ~= ") + g.value(0) + ")"
	case 8, 9:
		return g.number(depth)
	case 10:
		return g.text(depth - 1)
	case 11:
		return g.call(depth - 1)
	case 12:
		return g.constructor(depth - 1)
	case 13:
		return g.pick("V(1)", "V(nil)", "V('s')", "V(false)") + g.pick(" + 1", " .. 'x'", " == V(1)",
			" < V(2)", ".y", "(4)",
			" and 5", " % 2", "")
	case 14:
		return g.pick("'10'", "'0x10'", "' 5 '", "'1e2'", "'010'", "'abc'", "''", "'0b1'", "'1_0'",
			"'5.'", "'.5'", "nil") +
			g.pick(" + 1", " - '2'", " * 2", " / 2", " % 7")
	}
	return g.value(0)
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.pick("1", "2", "3", "0.5", "10", "0", "-1", "100", "1e3", "0x1F", g.pick(g.nums...),
			g.pick(g.nums...),
			"N("+g.pick(g.vars...)+")")
	}
	switch g.r.Intn(8) {
	case 0, 1, 2:
		return g.arithmetic(depth)
	case 3:
		return "(" + g.number(0) + ")" + g.pick("^2", " * 2 - 1", " + 1 - 3", " / 2 / 2", " - 1")
	case 4:
		return "-" + g.pick(g.nums...)
	case 5:
		return "#" + g.pick("'abc'", "{1, 2}", "{"+g.value(0)+", 1}", "'x'")
	}
	return g.number(0)
}

// arithmetic returns an operation on two numbers. A product or a quotient of constants may be -0, which
// lua5.1 stores in the place of 0: it is not constant.
func (g *generator) arithmetic(depth int) string {
	a := g.number(depth - 1)
	op := g.pick(" + ", " - ", " * ", " / ", " % ")
	b := g.number(depth - 1)
	if (op == " * " || op == " / ") && isConstant(a) && isConstant(b) {
		a = "N(" + a + ")"
	}
	return "(" + a + op + b + ")"
}

func isConstant(number string) bool {
	rest := strings.NewReplacer("0x1F", "", "1e3", "").Replace(number)
	return !strings.ContainsFunc(rest, unicode.IsLetter)
}

func (g *generator) text(depth int) string {
	switch g.r.Intn(7) {
	case 0, 1:
		return "('a' .. T(" + g.number(0) + ") .. 'b' .. " +
			g.pick("'c'", "T("+g.number(0)+")", "('d' .. 'e')") + ")"
	case 2:
		return "string.rep('ab', N(" + g.value(0) + ") % 4)"
	case 3:
		return "('hello world'):" + g.pick("sub(2, 4)", "upper()", "find('o')", "gsub('o', '0')",
			"match('(h)(e)')", "byte(1, 2)",
			"sub(-"+g.pick("1", "3")+")", "rep(0)", "len()")
	case 4:
		return "string.format('%s %d %q', " + g.pick("'s'", "1") + ", " + g.pick("3", "7") + ", 'x\\n')"
	case 5:
		return "tostring(" + g.pick("nil", "true", "1", "'s'") + ")"
	}
	return "type(" + g.value(0) + ")"
}

func (g *generator) call(depth int) string {
	depth = max(depth, 0)
	switch g.r.Intn(8) {
	case 0:
		return "say(" + g.value(depth) + ")"
	case 1:
		return "select(" + g.pick("1", "2", "-1") + ", " + g.list(depth) + ")"
	case 2:
		return "(function(...) return ... end)(" + g.list(depth) + ")"
	case 3:
		return "unpack({" + g.list(depth) + "}, 1, " + g.pick("1", "2", "3") + ")"
	case 4:
		return "(function() end)()"
	case 5:
		return "tonumber(" + g.text(0) + ")"
	case 6:
		return "rawget(" + g.pick(g.tables...) + ", " + g.key() + ")"
	}
	return "math.max(" + g.number(depth) + ", " + g.number(0) + ")"
}

// constructor returns a table constructor, often of a size at which it may go wrong.
func (g *generator) constructor(depth int) string {
	var fields []string
	switch g.r.Intn(6) {
	case 0:
		for range g.r.Intn(2)*50 + []int{0, 49, 50, 51, 99, 250}[g.r.Intn(6)] {
			fields = append(fields, g.pick("1", "1", "2", "1", "2", "n"))
		}
	}
	for range g.r.Intn(4) {
		fields = append(fields, g.field(depth))
	}
	switch g.r.Intn(5) {
	case 0:
		fields = append(fields, g.call(depth-1))
	case 1:
		fields = append(fields, "k = "+g.call(depth-1))
	case 2:
		if g.vararg {
			fields = append(fields, g.pick("...", "k = ...", "(...)"))
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func (g *generator) field(depth int) string {
	switch g.r.Intn(4) {
	case 0:
		return g.pick("x", "y", "z") + " = " + g.value(depth)
	case 1:
		return "[" + g.pick("1", "3", "'x'", "'w' .. 1", g.pick(g.nums...)+" % 1000", "51", "true") + "] = " +
			g.value(depth)
	}
	return g.value(depth)
}
