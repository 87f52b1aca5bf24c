// Reading: the registers of every CPU, and memory.

package gdb

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// A CPU holds the registers that were read of one CPU.
type CPU struct {
	ID     int // the kernel's number of the CPU: the id of the thread less one
	values map[string]uint64
}

// Value returns the value of a register, under the name of the manual ("DBGWCR0_EL1"). It reports false
// for a register that the stub does not describe or did not give.
func (c *CPU) Value(name string) (uint64, bool) {
	v, ok := c.values[name]
	return v, ok
}

// banks are the names of the debug registers, without their numbers.
var banks = [...]string{"DBGBVR", "DBGBCR", "DBGWVR", "DBGWCR"}

// extra are registers that add to the picture: the OS lock, the kernel's pointers to the data of a CPU
// and to its task, and the address of its vectors.
var extra = [...]string{
	"ID_AA64DFR0_EL1", "OSLSR_EL1", "HCR_EL2", "TPIDR_EL1", "TPIDR_EL2", "SP_EL0", "VBAR_EL1",
	"VBAR_EL2", "pc",
}

// bankSize is how many registers of a kind the architecture has at most.
const bankSize = 16

// NumCPUs returns the number of threads of the stub.
func (c *Client) NumCPUs() int { return len(c.threads) }

// ReadCPUs reads the debug registers of every CPU. It fails if one of them cannot be read, or if the stub
// describes none.
func (c *Client) ReadCPUs() ([]CPU, error) {
	regs := c.debugRegisters()
	if len(regs) == 0 {
		return nil, fmt.Errorf("the stub describes %d registers, but no DBGBVR0_EL1: it shows no debug "+
			"registers of arm64", len(c.regs))
	}
	cpus := make([]CPU, len(c.threads))
	for i, t := range c.threads {
		cpus[i] = CPU{ID: t.id - 1, values: make(map[string]uint64, len(regs)+len(extra))}
		if err := c.read(t, regs, cpus[i].values); err != nil {
			return nil, err
		}
	}
	return cpus, nil
}

// ReadExtra adds to cpus the registers that not every stub has. It leaves out one that the stub refuses;
// an error means that the connection failed.
func (c *Client) ReadExtra(cpus []CPU) error {
	for i, t := range c.threads {
		for _, name := range extra {
			r, ok := c.find(name)
			if !ok {
				continue
			}
			err := c.read(t, []named{{name, r}}, cpus[i].values)
			if err != nil && c.broken != nil {
				return err
			}
		}
	}
	return nil
}

// A named register is one of the description under the name of the manual.
type named struct {
	name string
	reg  register
}

// debugRegisters returns the banks that the stub describes, and MDSCR_EL1.
func (c *Client) debugRegisters() []named {
	var list []named
	for _, bank := range banks {
		for n := range bankSize {
			name := fmt.Sprintf("%s%d_EL1", bank, n)
			if r, ok := c.find(name); ok {
				list = append(list, named{name, r})
			}
		}
	}
	if r, ok := c.find("MDSCR_EL1"); ok && len(list) > 0 {
		list = append(list, named{"MDSCR_EL1", r})
	}
	return list
}

// find returns the register of that name. Stubs write names with and without the exception level, and in
// either case.
func (c *Client) find(name string) (register, bool) {
	short, _ := strings.CutSuffix(name, "_EL1")
	for _, want := range []string{name, short} {
		for _, r := range c.regs {
			if strings.EqualFold(r.name, want) {
				return r, true
			}
		}
	}
	return register{}, false
}

// read reads registers of a thread into values.
func (c *Client) read(t thread, regs []named, values map[string]uint64) error {
	if err := c.selectThread(t); err != nil {
		return err
	}
	for _, r := range regs {
		request := fmt.Sprintf("p%x", r.reg.number)
		answer, err := c.ask(request)
		if err != nil {
			return err
		}
		v, ok := littleEndian(answer)
		if !ok {
			return &StubError{Request: request, For: r.name + " of thread " + t.name, Answer: answer}
		}
		values[r.name] = v
	}
	return nil
}

// selectThread selects t for the requests that read registers and memory.
func (c *Client) selectThread(t thread) error {
	if c.current == t.name {
		return nil
	}
	request := "Hg" + t.name
	answer, err := c.ask(request)
	if err != nil {
		return err
	}
	if answer != "OK" {
		return &StubError{Request: request, For: "select a CPU", Answer: answer}
	}
	c.current = t.name
	return nil
}

// littleEndian returns the value of a register of at most 64 bits. It reports false for anything else, such
// as "E01" or the x's of a register that is not available.
func littleEndian(digits string) (uint64, bool) {
	var buf [8]byte
	if len(digits) == 0 || len(digits) > 2*len(buf) {
		return 0, false
	}
	if _, err := hex.Decode(buf[:], []byte(digits)); err != nil {
		return 0, false
	}
	return binary.LittleEndian.Uint64(buf[:]), true
}

// ReadMemory reads memory at a virtual address as the CPUs see it, into buf. A CPU in user mode may not map
// the kernel's memory, so it tries each of them before it fails.
func (c *Client) ReadMemory(addr uint64, buf []byte) error {
	for len(buf) > 0 {
		n := min(len(buf), (c.most-8)/2)
		if err := c.readPiece(addr, buf[:n]); err != nil {
			return err
		}
		addr, buf = addr+uint64(n), buf[n:]
	}
	return nil
}

// readPiece reads what fits into one packet, through the thread that was used last or any other.
func (c *Client) readPiece(addr uint64, buf []byte) error {
	request := fmt.Sprintf("m%x,%x", addr, len(buf))
	var last error
	for i := -1; i < len(c.threads); i++ {
		if i >= 0 {
			if c.threads[i].name == c.current {
				continue
			}
			if err := c.selectThread(c.threads[i]); err != nil {
				return err
			}
		}
		answer, err := c.ask(request)
		if err != nil {
			return err
		}
		if len(answer) == 2*len(buf) {
			if _, err := hex.Decode(buf, []byte(answer)); err == nil {
				return nil
			}
		}
		last = &StubError{Request: request, For: fmt.Sprintf("memory at 0x%016x", addr), Answer: answer}
	}
	return last
}
