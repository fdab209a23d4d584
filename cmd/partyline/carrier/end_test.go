package carrier

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"partyline/media/g711"
)

// end is where a phone's audio goes in a test.
type end struct {
	t    *testing.T
	conn *net.UDPConn
}

func newEnd(t *testing.T) *end {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &end{t, conn}
}

// answer is a description with these payload types.
func (e *end) answer(payloads, direction string) string {
	return fmt.Sprintf("v=0\r\no=b 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
		e.conn.LocalAddr().(*net.UDPAddr).Port, payloads, direction)
}

// hear reads A-law until so many keys have come, and a second's half of audio.
func (e *end) hear(keys int) (typed string, spoken []int16) {
	e.t.Helper()
	_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 2048)
	last := uint32(0)
	for len(typed) < keys || len(spoken) < 4000 {
		n, err := e.conn.Read(buf)
		if err != nil {
			e.t.Fatalf("typed %q, %d samples: %v", typed, len(spoken), err)
		}
		switch pt := buf[1] & 0x7f; {
		case pt == eventPT && n == 16:
			ts := uint32(buf[4])<<24 | uint32(buf[5])<<16 | uint32(buf[6])<<8 | uint32(buf[7])
			if typed == "" || ts != last {
				typed += strings.Split("0 1 2 3 4 5 6 7 8 9 * # A B C D", " ")[buf[12]]
			}
			last = ts
		case pt == 8:
			pcm := make([]int16, n-12)
			g711.DecodeA(pcm, buf[12:n])
			spoken = append(spoken, pcm...)
		}
	}
	return typed, spoken
}
