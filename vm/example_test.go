package vm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// A program is compiled once and run with arguments; its results come back as Go values.
func Example() {
	prog, err := vm.Compile("sum.lua", `
		local base, count = ...
		print("adding", count)
		return base + 8 * count, 0xffffff8008c5a000 > base`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := vm.New(vm.Config{Stdout: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	results, err := rt.Run(context.Background(), prog, uint64(0xffffff8008c50000), 4)
	fmt.Printf("%#x %v %v\n", results[0], results[1], err)
	// Output:
	// adding	4
	// 0xffffff8008c50020 true <nil>
}

// Limits stop a script wherever it is; it cannot catch them.
func ExampleLimits() {
	rt, err := vm.New(vm.Config{Limits: vm.Limits{Steps: 100_000, Memory: 1 << 20}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	for _, src := range []string{
		`while true do pcall(function() while true do end end) end`,
		`local s = "x" while true do s = s .. s end`,
		`string.find(("a"):rep(5000), ".-.-.-b")`,
	} {
		prog, err := vm.Compile("script.lua", src)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = rt.Run(context.Background(), prog)
		fmt.Println(errors.Is(err, vm.ErrSteps), errors.Is(err, vm.ErrMemory), err)
	}
	// Output:
	// true false step limit of 100000 reached
	// false true memory limit of 1048576 bytes reached
	// true false step limit of 100000 reached
}

// The deadline of the context holds as well.
func ExampleRuntime_Run() {
	prog, _ := vm.Compile("loop.lua", "while true do end")
	rt, err := vm.New(vm.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = rt.Run(ctx, prog)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// A module of plain Go functions: the context first and an error last if they are wanted, integers exact.
func ExampleModule() {
	board := vm.Module{Name: "board", Funcs: map[string]any{
		"reset": func(ctx context.Context, line uint64) error {
			if line > 3 {
				return fmt.Errorf("board has no line %d", line)
			}
			return nil
		},
		"base": func() uint64 { return 0xffffff8008c5a000 },
	}}
	rt, err := vm.New(vm.Config{Stdout: os.Stdout, Modules: []vm.Module{board}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	prog, _ := vm.Compile("board.lua", `
		local board = require "board"
		print(board.base() + 4)
		print(pcall(board.reset, 1.5))
		board.reset(7)`)
	_, err = rt.Run(context.Background(), prog)
	fmt.Println(err)
	// Output:
	// 0xffffff8008c5a004
	// false	board.lua:4: bad argument #1 to 'reset' (integer expected, got 1.5)
	// board.lua:5: board has no line 7
}

// A pool runs a program for each request in a runtime that is as new.
func ExamplePool() {
	pool := vm.NewPool(vm.Config{Limits: vm.Limits{Steps: 1_000_000}}, 4)
	defer pool.Close()
	prog, _ := vm.Compile("count.lua", "n = (n or 0) + 1 return n, ...")
	for i := range 3 {
		results, err := pool.Run(context.Background(), prog, i)
		fmt.Println(results, err)
	}
	// Output:
	// [1 0] <nil>
	// [1 1] <nil>
	// [1 2] <nil>
}

// Sensor is a Go value that scripts use through its exported fields and methods.
type Sensor struct {
	Name    string
	Counter uint64
}

// Add counts up.
func (s *Sensor) Add(n uint64) uint64 { s.Counter += n; return s.Counter }

func ExampleRuntime_Set() {
	rt, err := vm.New(vm.Config{Stdout: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	sensor := &Sensor{Name: "temperature", Counter: 1<<63 + 1}
	if err := rt.Set("sensor", sensor); err != nil {
		fmt.Println(err)
		return
	}
	prog, _ := vm.Compile("sensor.lua", `
		print(sensor.name, sensor:add(0x10), sensor.counter)
		sensor.nmae = "x"`)
	_, err = rt.Run(context.Background(), prog)
	fmt.Println(err)
	// Output:
	// temperature	0x8000000000000011	0x8000000000000011
	// sensor.lua:3: *vm_test.Sensor has no such field or method: 'nmae' (did you mean 'name'?)
}

// An error says where, what, and what was probably meant.
func ExampleError() {
	rt, err := vm.New(vm.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	prog, _ := vm.Compile("demo.lua", "local function show(v)\n  print(string.formt('%x', "+
		"v))\nend\nshow(255)")
	_, err = rt.Run(context.Background(), prog)
	var e *vm.Error
	if errors.As(err, &e) {
		fmt.Println(e.Message)
		fmt.Println(e.Excerpt())
		fmt.Println(strings.ReplaceAll(e.Traceback, "\t", "  "))
	}
	// Output:
	// demo.lua:2: attempt to call field 'formt' (a nil value) (did you mean 'format'?)
	//     2 |   print(string.formt('%x', v))
	//                        ^
	// stack traceback:
	//   demo.lua:2: in function 'show'
	//   demo.lua:4: in main chunk
}
