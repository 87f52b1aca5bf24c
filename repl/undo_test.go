package repl

import (
	"context"
	"testing"
)

// TestLooks tells the entries that :undo skips from those that it takes back.
func TestLooks(t *testing.T) {
	const setup = `
ev = m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 }
device = { n = 0, reset = function(self) self.n = 0 end }
function probe() return m end`
	for _, c := range []struct {
		entry        string
		look, traced bool
	}{
		{"m.cpu[0].wcr[0]", true, false},
		{"1 + 1, 'text', { a = 1, { b = 2 } }", true, false},
		{"m:events()[1].addr, #m:trace { fn = 'write_wb_reg', cpu = 0 }", true, false},
		{"for _, e in ipairs(m:events()) do local a, b = e.addr, 1 if b == 1 then print(a) end end", true,
			false},
		{"for i = 1, 3 do io.write(i) end", true, false},
		{"('x'):rep(3) .. string.format('%d', 3) .. hw.hex(255)", true, false},
		{"tostring(ev), ev.attr.len, hw.ctrl.decode(0x1ff3)", true, false},
		{"local x = m.now return x == 0", true, false},
		{"m.cpu[0]:read_wb_reg('WCR', 0)", true, true},
		{"ev:read()", true, true},
		{"m:nothing_like_it {}", true, false},
		{"m:perf_event_open { type = 'w', addr = 0x1000, len = 9, cpu = 0 }", false, false},
		{"ev:disable()", false, false},
		{"m:msleep(1)", false, false},
		{"x = 1", false, false},
		{"local a b = 1", false, false},
		{"device.n = 1", false, false},
		{"local t = { f = function() device = nil end }", false, false},
		{"function named() end", false, false},
		{"device:reset()", false, false},
		{"probe()", false, false},
		{"probe 'text'", false, false},
		{"table.insert(device, 1)", false, false},
		{"math.random()", false, false},
		{"hw.machine {}", false, false},
		{"(function() device = 1 end)()", false, false},
	} {
		s, _ := newTestSession(t, setup)
		s.run(context.Background(), c.entry)
		if in := s.inputs[len(s.inputs)-1]; in.look != c.look || in.traced != c.traced {
			t.Errorf("%s: look %t, traced %t, want %t, %t", c.entry, in.look, in.traced, c.look, c.traced)
		}
	}
}
