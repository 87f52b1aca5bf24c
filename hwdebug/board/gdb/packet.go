// Packets: the framing of the protocol, written and read.

package gdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Limits of what a stub can make the client hold.
const (
	maxPayload = 64 << 10 // bytes of one packet, after run lengths are expanded
	maxNoise   = 64 << 10 // bytes between two packets
)

// encode returns the packet that carries payload.
func encode(payload string) []byte {
	packet := make([]byte, 0, len(payload)+4)
	packet = append(packet, '$')
	for i := range len(payload) {
		switch b := payload[i]; b {
		case '#', '$', '*', '}':
			packet = append(packet, '}', b^0x20)
		default:
			packet = append(packet, b)
		}
	}
	return fmt.Appendf(packet, "#%02x", checksum(packet[1:]))
}

// checksum returns the sum of the bytes of a packet between '$' and '#'.
func checksum(raw []byte) (sum uint8) {
	for _, b := range raw {
		sum += b
	}
	return sum
}

// A mark is one thing that a stub sends: an acknowledgement, or a packet.
type mark uint8

const (
	acknowledged mark = iota // "+"
	rejected                 // "-": the last packet was damaged
	payload                  // "$...#xx"
	damaged                  // a packet with the wrong checksum, or an invalid run length
)

// Errors of a stream in which no packet can be found any more.
var (
	errNoise = errors.New("the stream has no packet in it")
	errLong  = fmt.Errorf("a packet is longer than %d bytes", maxPayload)
)

// A packetReader takes acknowledgements and packets off a stream. What it holds is bounded by maxPayload,
// whatever the stream contains.
type packetReader struct {
	r    *bufio.Reader
	data []byte // of the last packet, reused
}

func newPacketReader(r io.Reader) *packetReader {
	return &packetReader{r: bufio.NewReaderSize(r, 4096)}
}

// next returns the next acknowledgement, or the next packet with its payload, which is valid until the
// next call. It skips bytes between packets, and notifications ("%...#xx"), which are never acknowledged.
// After an error of its own the stream cannot be read further.
func (p *packetReader) next() (mark, []byte, error) {
	for range maxNoise {
		b, err := p.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		switch b {
		case '+':
			return acknowledged, nil, nil
		case '-':
			return rejected, nil, nil
		case '$':
			m, err := p.body()
			return m, p.data, err
		case '%':
			if _, err := p.body(); err != nil {
				return 0, nil, err
			}
		}
	}
	return 0, nil, errNoise
}

// body reads the rest of a packet into data. Escaped bytes ("}x") and run lengths ("x*n") are replaced by
// the bytes that they stand for; the checksum is that of the bytes sent.
func (p *packetReader) body() (mark, error) {
	p.data = p.data[:0]
	var sum uint8
	ok := true
	read := func() (b byte, err error) {
		if b, err = p.r.ReadByte(); err == nil {
			sum += b
		}
		return b, err
	}
	for raw := 0; ; raw++ {
		b, err := p.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b == '#' {
			break
		}
		if raw > maxPayload {
			return 0, errLong
		}
		sum += b
		switch b {
		case '}':
			if b, err = read(); err != nil {
				return 0, err
			}
			p.data = append(p.data, b^0x20)
		case '*':
			if b, err = read(); err != nil {
				return 0, err
			}
			ok = p.repeat(b) && ok
		default:
			p.data = append(p.data, b)
		}
		if len(p.data) > maxPayload {
			return 0, errLong
		}
	}
	want, err := p.hexByte()
	if err != nil {
		return 0, err
	}
	if !ok || want != int(sum) {
		return damaged, nil
	}
	return payload, nil
}

// repeat appends the last byte as often as the run length n says. It reports whether n is one.
func (p *packetReader) repeat(n byte) bool {
	if len(p.data) == 0 || n < ' ' || n > '~' {
		return false
	}
	last := p.data[len(p.data)-1]
	for range n - ' ' + 3 {
		p.data = append(p.data, last)
	}
	return true
}

// hexByte reads the two digits of a checksum. It returns -1 for other bytes.
func (p *packetReader) hexByte() (int, error) {
	value := 0
	for range 2 {
		b, err := p.r.ReadByte()
		if err != nil {
			return 0, err
		}
		d := hexDigit(b)
		if d < 0 || value < 0 {
			value = -1
			continue
		}
		value = value<<4 | d
	}
	return value, nil
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}
