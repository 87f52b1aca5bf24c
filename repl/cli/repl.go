// What the prompt needs to know of the command line: the machine that a recorded session begins with.

package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// recordHead is Lua source that makes the m that the options have put there, for scenarios that are recorded at
// the prompt: run finds no m.
func (o *machineOptions) recordHead() string {
	var fields []string
	add := func(name, value string) { fields = append(fields, name+" = "+value) }
	count := func(name string, c counts) {
		switch {
		case len(c.per) > 0:
			var ns []string
			for _, n := range c.per {
				ns = append(ns, strconv.Itoa(n))
			}
			add(name, "{ "+strings.Join(ns, ", ")+" }")
		case c.all > 0:
			add(name, strconv.Itoa(c.all))
		}
	}
	if o.cpus > 0 {
		add("cpus", strconv.Itoa(o.cpus))
	}
	count("brps", o.brps)
	count("wrps", o.wrps)
	if o.cpu != "" {
		add("cpu", strconv.Quote(o.cpu))
	}
	if o.kernel != "" {
		add("kernel", strconv.Quote(o.kernel))
	}
	if o.seed != 0 {
		add("seed", fmt.Sprint(o.seed))
	}
	made := "{}"
	if len(fields) > 0 {
		made = "{ " + strings.Join(fields, ", ") + " }"
	}
	return "local hw = require \"hw\"\nm = hw.machine " + made + "\n"
}
