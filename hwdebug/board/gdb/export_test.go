package gdb

import "io"

// Payloads returns the payloads of the packets in a stream, until it ends or cannot be read further.
func Payloads(r io.Reader) (list []string, err error) {
	p := newPacketReader(r)
	for {
		m, data, err := p.next()
		if err != nil {
			return list, err
		}
		if m == payload {
			list = append(list, string(data))
		}
	}
}

// Encode returns the packet of a payload.
func Encode(payload string) []byte { return encode(payload) }

// MaxPayload bounds what is kept of a packet.
const MaxPayload = maxPayload
