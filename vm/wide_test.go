// Random programs of 64-bit integers against math/big.

package vm_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// TestWidePrograms runs random expressions of u64s, as constants and through variables, and compares the
// results with math/big. With -programs it goes on with fresh seeds.
func TestWidePrograms(t *testing.T) {
	for seed := range int64(40) {
		wideProgram(t, seed)
	}
	seed := time.Now().UnixNano()
	for end := time.Now().Add(*programsFor / 4); time.Now().Before(end) && !t.Failed(); seed++ {
		wideProgram(t, seed)
	}
}

// wideProgram runs the program of a seed: statements that each set a variable, whose values are returned.
func wideProgram(t *testing.T, seed int64) {
	t.Helper()
	g := &wideGenerator{r: rand.New(rand.NewSource(seed))}
	var src strings.Builder
	var names []string
	for i := range 60 {
		text, value := g.expr(3)
		name := fmt.Sprintf("v%d", i)
		fmt.Fprintf(&src, "local %s = %s\n", name, text)
		g.vars = append(g.vars, wideVar{name, value})
		names = append(names, name)
	}
	src.WriteString("return " + strings.Join(names, ", "))
	rt := newRuntime(t, vm.Config{})
	got, err := rt.Run(context.Background(), must(t, src.String()))
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, src.String())
	}
	for i, v := range g.vars {
		if got[i] == 0.0 {
			got[i] = 0.0 // without the sign that a plain number may have
		}
		if fmt.Sprint(got[i]) != v.want() {
			t.Fatalf("seed %d: %s is %v (%T), want %s\n%s", seed, v.name, got[i], got[i], v.want(),
				src.String())
		}
	}
}

// A wideVar is a variable and its value: one below 2^53 in size, or from 2^53 to 2^64-1.
type wideVar struct {
	name  string
	value *big.Int
}

// want returns the value as fmt prints what Run returns.
func (v wideVar) want() string {
	if v.value.CmpAbs(twoTo53) < 0 {
		return fmt.Sprint(float64(v.value.Int64()))
	}
	return v.value.String()
}

var twoTo53, twoTo64 = big.NewInt(1 << 53), new(big.Int).Lsh(big.NewInt(1), 64)

type wideGenerator struct {
	r    *rand.Rand
	vars []wideVar
}

// expr returns an expression and its value.
func (g *wideGenerator) expr(depth int) (string, *big.Int) {
	if depth == 0 || g.r.Intn(6) == 0 {
		return g.leaf()
	}
	a, x := g.expr(depth - 1)
	if g.r.Intn(10) == 0 && x.CmpAbs(twoTo53) >= 0 {
		return "-(" + a + ")", wrap(new(big.Int).Neg(x))
	}
	b, y := g.expr(depth - 1)
	if name, value := g.bits(x, y); name != "" && g.r.Intn(4) == 0 {
		return "bit." + name + "(" + a + ", " + b + ")", value
	}
	op, value := g.operate(x, y)
	if op == "" {
		return a, x
	}
	return "(" + a + " " + op + " " + b + ")", value
}

// leaf returns a literal or a variable.
func (g *wideGenerator) leaf() (string, *big.Int) {
	if n := len(g.vars); n > 0 && g.r.Intn(2) == 0 {
		v := g.vars[g.r.Intn(n)]
		return v.name, v.value
	}
	u := g.r.Uint64() >> g.r.Intn(64)
	switch g.r.Intn(6) {
	case 0:
		u = 1<<53 - 2 + uint64(g.r.Intn(4))
	case 1:
		u = -uint64(g.r.Intn(5))
	}
	return fmt.Sprintf(pick(g.r, "0x%x", "%d"), u), new(big.Int).SetUint64(u)
}

// operate returns an operator that is exact for x and y, "" for none, and the result. One of them has to be
// a u64: two plain numbers are floats.
func (g *wideGenerator) operate(x, y *big.Int) (string, *big.Int) {
	wide := x.CmpAbs(twoTo53) >= 0 || y.CmpAbs(twoTo53) >= 0
	op, z := pick(g.r, "+", "-", "*", "/", "%"), new(big.Int)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	default:
		d := wrap(y)
		if !wide || d.Sign() == 0 {
			return "", nil
		}
		if op == "/" {
			return op, z.Quo(wrap(x), d)
		}
		return op, z.Rem(wrap(x), d)
	}
	if wide {
		return op, wrap(z)
	}
	if z.CmpAbs(twoTo53) >= 0 {
		return "", nil
	}
	return op, z
}

// bits returns a function of bit and its result.
func (g *wideGenerator) bits(x, y *big.Int) (string, *big.Int) {
	a, b, z := wrap(x), wrap(y), new(big.Int)
	switch name := pick(g.r, "band", "bor", "bxor", "lshift", "rshift"); name {
	case "band":
		return name, z.And(a, b)
	case "bor":
		return name, z.Or(a, b)
	case "bxor":
		return name, z.Xor(a, b)
	case "lshift", "rshift":
		if y.Sign() < 0 || y.Cmp(big.NewInt(70)) > 0 {
			return "", nil
		}
		if name == "lshift" {
			return name, wrap(z.Lsh(a, uint(y.Uint64())))
		}
		return name, z.Rsh(a, uint(y.Uint64()))
	}
	return "", nil
}

// wrap returns x modulo 2^64.
func wrap(x *big.Int) *big.Int { return new(big.Int).Mod(x, twoTo64) }
