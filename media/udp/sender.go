package udp

import "errors"

// PacketSize is the room for one packet in bytes: 60 ms of G.711 with every
// header and tag of secure RTP is 522, and some remain.
const PacketSize = 640

// ErrNoRing tells that there is no Ring here: another system, an older kernel,
// or one that forbids it. A Plain does the same work.
var ErrNoRing = errors.New("udp: the kernel gives no ring")

// Sender sends a tick's packets over many connected sockets. A packet is
// written into the memory that Packet gives and then handed to Send with its
// length:
//
//	n := write(sender.Packet())
//	sender.Send(socket, n)
//	...
//	refused := sender.Flush()
//
// Every Send needs a Packet of its own. A Sender belongs to one goroutine at a time. A socket is not closed and not
// disconnected between its Send and the next Flush.
type Sender interface {
	// Packet is memory for the next packet, PacketSize bytes; it is valid
	// until Send. What is in it is nobody's.
	Packet() []byte
	// Send takes the first n bytes of the last Packet as a packet to the far
	// end the socket is connected to.
	Send(s *Socket, n int)
	// Flush returns when every packet has left and tells how many, since the
	// last Flush, the kernel would not take.
	Flush() (refused int)
}

// Plain is the Sender that makes a call for each packet.
type Plain struct {
	packet  [PacketSize]byte
	refused int
}

// NewPlain makes a Plain.
func NewPlain() *Plain { return new(Plain) }

// Packet is memory for the next packet.
func (p *Plain) Packet() []byte { return p.packet[:] }

// Send sends at once.
func (p *Plain) Send(s *Socket, n int) {
	if !s.Send(p.packet[:n]) {
		p.refused++
	}
}

// Flush tells how many packets the kernel would not take since the last one.
func (p *Plain) Flush() (refused int) {
	refused, p.refused = p.refused, 0
	return refused
}
