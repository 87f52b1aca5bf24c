// The session: connecting, one request and its answer, detaching.

// Package gdb looks at a machine through a gdb stub: QEMU's, or any other that describes its registers.
//
// It models a client of the gdb remote protocol that reads: registers by name, memory, threads. The machine
// is halted while a client is connected, so a session is short, every answer has a time limit, and Close
// detaches on every way out, after errors too. Nothing is ever written to the target: QEMU answers OK to a
// write of a system register and ignores it, so a tool could not tell whether a write happened.
//
//	c, err := gdb.Dial(ctx, "localhost:1234", gdb.Config{})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	cpus, err := c.ReadCPUs()
//	if err != nil {
//		return err
//	}
//	wcr0, ok := cpus[0].Value("DBGWCR0_EL1")
//
// Left out: running and stepping the target, breakpoints, several processes, mode without acknowledgements.
package gdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// DefaultAddress is where QEMU's -s option listens.
const DefaultAddress = "localhost:1234"

// defaultTimeout is how long a stub may take for one answer.
const defaultTimeout = 3 * time.Second

// maxLate is how many packets may come that answer no request.
const maxLate = 1000

// A Conn is a connection to a stub. A read or write after the deadline returns an error that wraps
// os.ErrDeadlineExceeded; the deadline can be moved while one is in progress.
type Conn interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
}

// A Config sets the limits of a session.
type Config struct {
	Timeout time.Duration // of connecting, and of one answer; 0: three seconds
}

// A Client is a session with a stub. The machine is halted until Close. A Client is used by one goroutine
// at a time.
type Client struct {
	conn    Conn
	packets *packetReader
	ctx     context.Context
	unwatch func() // stops watching ctx
	timeout time.Duration
	broken  error // of the connection; no further request can be answered
	unasked int   // stop packets that answer no request; QEMU 7.2 sends one after the connection

	regs    []register
	threads []thread
	most    int    // bytes of one packet, by the stub's PacketSize
	current string // the thread of the last Hg
}

// A StubError reports a request that the stub refused or did not answer as the protocol says.
type StubError struct {
	Request string // "p65"
	For     string // what was read, "DBGBVR0_EL1 of thread 01"
	Answer  string // "E01", empty if the stub does not know the request
}

// Error returns the request, its purpose and the answer.
func (e *StubError) Error() string {
	s := fmt.Sprintf("the stub answers %.40q to %.60q", e.Answer, e.Request)
	if e.Answer == "" {
		s = fmt.Sprintf("the stub does not know %.60q", e.Request)
	}
	if e.For != "" {
		s += " (" + e.For + ")"
	}
	return s
}

// Dial connects to the stub at address (HOST:PORT, :PORT or unix:PATH), learns its registers and threads,
// and leaves the machine halted. Cancelling ctx ends the request in progress; Close detaches even then.
func Dial(ctx context.Context, address string, cfg Config) (*Client, error) {
	network, where, err := split(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: cfg.limit()}
	conn, err := d.DialContext(ctx, network, where)
	if err != nil {
		return nil, fmt.Errorf("%w; fix: start the machine with a stub there (qemu-system-aarch64 -s) and "+
			"end other debuggers", err)
	}
	return New(ctx, conn, cfg)
}

// split returns the network and the address in text.
func split(text string) (network, where string, err error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok && path != "" {
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" || strings.HasPrefix(text, "unix:") {
		return "", "", fmt.Errorf("invalid address '%s' (want HOST:PORT, :PORT or unix:PATH)", text)
	}
	if host == "" {
		host = "localhost"
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

// New starts a session on an open connection, as Dial does. It closes conn if it fails.
func New(ctx context.Context, conn Conn, cfg Config) (*Client, error) {
	c := &Client{
		conn: conn, packets: newPacketReader(conn), ctx: ctx, timeout: cfg.limit(), most: 512,
	}
	c.watch()
	if err := c.greet(); err != nil {
		if closing := c.Close(); closing != nil {
			err = fmt.Errorf("%w; %w", err, closing)
		}
		return nil, err
	}
	return c, nil
}

// watch ends the request in progress when ctx ends, by moving the deadline into the past.
func (c *Client) watch() {
	moved := make(chan struct{})
	stop := context.AfterFunc(c.ctx, func() {
		c.conn.SetDeadline(time.Unix(1, 0))
		close(moved)
	})
	c.unwatch = func() {
		if !stop() {
			<-moved
		}
	}
}

func (cfg Config) limit() time.Duration {
	if cfg.Timeout > 0 {
		return cfg.Timeout
	}
	return defaultTimeout
}

// greet asks for the limits of the stub, for the reason of the halt, for the registers and the threads.
func (c *Client) greet() error {
	features, err := c.ask("qSupported:multiprocess-;swbreak+;hwbreak+;qRelocInsn-;" +
		"xmlRegisters=aarch64;vContSupported+")
	if err != nil {
		return err
	}
	c.most = packetSize(features)
	if _, err := c.ask("?"); err != nil {
		return err
	}
	if c.regs, err = c.describe(); err != nil {
		return err
	}
	c.threads, err = c.listThreads()
	return err
}

// Close detaches, so that the machine runs on, and closes the connection. It sends the request even after
// an error or when ctx is done, and returns an error if the stub did not confirm it: the machine may be
// halted then.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	c.unwatch()
	err := c.detach()
	closing := c.conn.Close()
	c.conn = nil
	switch {
	case err == nil:
		return closing
	case c.broken != nil: // and reported
		return errors.New("not detached, the machine may still be halted")
	}
	return fmt.Errorf("not detached, the machine may still be halted: %w", err)
}

// detach sends the request and waits until it is confirmed. Answers to an earlier request may come first.
// They are read, because closing a connection with unread bytes can lose what was sent on it.
func (c *Client) detach() error {
	c.conn.SetDeadline(time.Now().Add(c.timeout))
	if _, err := c.conn.Write(encode("D")); err != nil {
		return err
	}
	answer := ""
	for range maxLate {
		m, data, err := c.packets.next()
		if err != nil {
			return err
		}
		if m != payload {
			continue
		}
		if answer = string(data); answer == "OK" {
			_, err := c.conn.Write([]byte("+"))
			return err
		}
		if c.broken == nil && !stopPacket(data) {
			break
		}
	}
	return &StubError{Request: "D", Answer: answer}
}

// ask sends a request and returns the payload of its answer. Once the connection has failed no further
// request is sent: what arrives may answer an earlier one.
func (c *Client) ask(request string) (string, error) {
	if c.broken != nil {
		return "", c.broken
	}
	c.conn.SetDeadline(time.Now().Add(c.timeout))
	err := c.ctx.Err() // looked at after the deadline is set, which the end of ctx may have moved before
	answer := ""
	if err == nil {
		answer, err = c.exchange(request)
	}
	if err != nil {
		c.broken = c.explain(request, err)
		return "", c.broken
	}
	return answer, nil
}

// exchange sends a packet until the stub has acknowledged it and reads the answer. A damaged packet is sent
// again three times, by either side.
func (c *Client) exchange(request string) (string, error) {
	packet := encode(request)
	if _, err := c.conn.Write(packet); err != nil {
		return "", err
	}
	sent := false // and acknowledged
	for tries := 0; tries < 8; {
		m, data, err := c.packets.next()
		switch {
		case err != nil:
			return "", err
		case m == acknowledged:
			sent = true
			continue
		case m == rejected, m == damaged:
			tries++
			again := packet
			if m == damaged {
				again = []byte("-")
			}
			if _, err := c.conn.Write(again); err != nil {
				return "", err
			}
			continue
		}
		if _, err := c.conn.Write([]byte("+")); err != nil {
			return "", err
		}
		if sent && (request == "?" || !stopPacket(data)) {
			return string(data), nil
		}
		if c.unasked++; c.unasked > maxLate {
			return "", errors.New("stop packets without end")
		}
	}
	return "", errors.New("every packet is damaged")
}

// stopPacket reports whether a payload says why the machine stopped. No other answer looks like it.
func stopPacket(data []byte) bool {
	return len(data) >= 3 && (data[0] == 'T' || data[0] == 'S') &&
		hexDigit(data[1]) >= 0 && hexDigit(data[2]) >= 0
}

// explain adds to an error of the connection what was asked and, for a time-out, how long.
func (c *Client) explain(request string, err error) error {
	switch {
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no answer to %.60q within %v: %w", request, c.timeout, err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the stub closed the connection, asked for %.60q: %w", request, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("asked for %.60q: %w", request, err)
}
