// Nothing of a machine outlives its runtime.

package bindings_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestCloseEndsThreads(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	before := must(t, `
for i = 1, 40 do m:task { body = function() pcall(function() while true do m:msleep(1000) end end) end } end
m:task { body = function() coroutine.wrap(function() m:msleep(1e6) end)() end }
m:schedule_delayed_work(m:delayed_work("d", function() m:msleep(1e6) end), "1s")
local other = hw.machine { cpus = 8 }
other:schedule_work(other:work("w", function() end))
other:run()
m:msleep(5000)
print(#m:tasks() > 40)`)
	if before != "true\n" {
		t.Error(before)
	}
	_, _, err := run(`
m:task { body = function() while true do m:msleep(1) end end }
m:msleep(5)
error("stop")`)
	if err == nil {
		t.Error("got no error, want the script's own")
	}
}
