package record

import (
	"encoding/binary"
	"fmt"
	"net"

	"partyline/media"
	"partyline/media/g711"
)

// line is a phone on loopback: a leg and its far end, which speaks PCMU.
type line struct {
	leg  *media.Leg
	conn *net.UDPConn
	seq  uint16
	ts   uint32
}

func dial(engine *media.Engine) (*line, error) {
	leg, err := engine.NewLeg(nil)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(leg.LocalAddr()))
	if err != nil {
		return nil, err
	}
	_, err = leg.Accept(fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 0\r\na=sendrecv\r\n", conn.LocalAddr().(*net.UDPAddr).Port))
	return &line{leg: leg, conn: conn}, err
}

// say sends 20 ms.
func (l *line) say(pcm []int16) error {
	b := make([]byte, 12+len(pcm))
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], l.seq)
	binary.BigEndian.PutUint32(b[4:], l.ts)
	binary.BigEndian.PutUint32(b[8:], uint32(l.leg.ID())*7919)
	l.seq++
	l.ts += uint32(len(pcm))
	g711.Mu.Encode(b[12:], pcm)
	_, err := l.conn.Write(b)
	return err
}
