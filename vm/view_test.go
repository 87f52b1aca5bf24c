package vm

import (
	"context"
	"reflect"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// The structs that mirror gopher-lua's own agree with it, and a difference would be refused.
func TestLayout(t *testing.T) {
	if err := checkLayout(); err != nil {
		t.Error(err)
	}
	type twin struct{ A, B int }
	for name, other := range map[string]reflect.Type{
		"name":  reflect.TypeFor[struct{ A, C int }](),
		"size":  reflect.TypeFor[struct{ A, B int32 }](),
		"count": reflect.TypeFor[struct{ A, B, C int }](),
		"kind":  reflect.TypeFor[struct{ A, B uint }](),
		"order": reflect.TypeFor[struct{ B, A int }](),
	} {
		if err := sameLayout(other, reflect.TypeFor[twin]()); err == nil ||
			!strings.Contains(err.Error(), "build with github.com/yuin/gopher-lua") {
			t.Errorf("a different %s: %v", name, err)
		}
	}
	if err := sameLayout(reflect.TypeFor[twin](), reflect.TypeFor[twin]()); err != nil {
		t.Error(err)
	}
}

// The instruction numbers that this package looks at are those of the compiler: code that is made
// of them is seen for what it is.
func TestOpcodes(t *testing.T) {
	for src, op := range map[string]int{
		"x = {}": lua.OP_NEWTABLE, "x = a .. b": lua.OP_CONCAT, "local a a[1] = 2": lua.OP_SETTABLE,
		"local a a.b = 2": lua.OP_SETTABLEKS, "f()": lua.OP_CALL,
		"return f()": lua.OP_TAILCALL, "x = {1}": lua.OP_SETLIST,
		"x = function() end": lua.OP_CLOSURE, "x = ...": lua.OP_VARARG, "x = 1": lua.OP_SETGLOBAL,
		"local a = b + 1": lua.OP_ADD, "for i = 1, 2 do end": lua.OP_FORLOOP,
	} {
		p, err := Compile("op.lua", src)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, inst := range p.chunk.Proto.Code {
			found = found || int(inst>>26) == op
		}
		if !found {
			t.Errorf("%s has no instruction %d", src, op)
		}
	}
}

// What the meter says is live follows what is: it neither grows with garbage nor misses what is kept.
func TestLiveMemory(t *testing.T) {
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	bytes := func(src string) int64 {
		p, err := Compile("m.lua", src)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Run(context.Background(), p); err != nil {
			t.Fatal(src, err)
		}
		return rt.live()
	}
	rt.main.G.Global.RawSetString("filler", lua.LString(strings.Repeat("x",
		libraryBytes))) // so that live does not end at 0
	base := bytes("keep = 0")
	for _, c := range []struct {
		src      string
		min, max int64
	}{
		{src: "keep = ('x'):rep(1000000)", min: 1_000_000, max: 1_010_000},
		{src: "local s = ('x'):rep(1000000) keep = {s, s, s}", min: 1_000_000, max: 1_010_000},
		{src: "keep = {} for i = 1, 10000 do keep[i] = true end", min: 160_000, max: 400_000},
		{src: "keep = {} for i = 1, 1000 do keep['k' .. i] = i end", min: 100_000, max: 200_000},
		{src: "keep = {} for i = 1, 1000 do keep[i] = {} end", min: 112_000, max: 200_000},
		{
			src: "keep = {} local x = 0x8000000000000000 for i = 1, 1000 do keep[i] = x + i end",
			min: 95_000, // 99 were measured
			max: 250_000,
		},
		{
			src: "keep = {} for i = 1, 1000 do keep[i] = function() return i end end",
			min: 100_000,
			max: 250_000,
		},
		{
			src: "keep = {} for i = 1, 100 do keep[i] = coroutine.wrap(function() coroutine.yield() " +
				"end) keep[i]() end",
			min: 200_000,
			max: 3_000_000,
		},
		{
			src: "keep = {} for i = 1, 1000 do local x = i * 1.5 for k = 1, 31 do x = x + 0.25 end " +
				"keep[i] = x end",
			min: 250_000, // two of them may lie in one block
			max: 300_000,
		},
		{src: "keep = {} for i = 1, 3200 do keep[i] = i + 0.5 end", min: 51_200 + 25_600, max: 200_000},
		{src: "keep = setmetatable({}, {__index = {('x'):rep(1000000)}})", min: 1_000_000, max: 1_010_000},
		{src: "local s = ('x'):rep(1000000) function keep() return s end", min: 1_000_000, max: 1_010_000},
		{src: "keep = nil for i = 1, 1000 do local t = {{}, ('x'):rep(1000)} end", min: -1000, max: 1000},
	} {
		if got := bytes(c.src) - base; got < c.min-1024 || got > c.max+
			64<<10 { // threads are kept for the next call
			t.Errorf("%s: %d bytes, want %d to %d", c.src, got, c.min, c.max)
		}
	}
}
