package media

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"partyline/media/g711"
)

// BenchmarkMouthToEar measures how long sound takes through a running engine
// on loopback: from sending the packet with it to receiving the packet with
// it. Ten calls speak, each 2 ms after the one before, so that all phases
// between their clock and the engine's come up; each is heard by one.
func BenchmarkMouthToEar(b *testing.B) {
	for range b.N {
		took := mouthToEar(b, 10, 3*time.Second)
		slices.Sort(took)
		b.ReportMetric(ms(took[len(took)/2]), "ms-median")
		b.ReportMetric(ms(took[len(took)*99/100]), "ms-p99")
		b.ReportMetric(ms(took[len(took)-1]), "ms-max")
	}
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

func mouthToEar(tb testing.TB, pairs int, length time.Duration) []time.Duration {
	e, err := NewEngine(Config{Address: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		tb.Fatal(err)
	}
	defer e.Close()
	var mu sync.Mutex
	var all []time.Duration
	var wait sync.WaitGroup
	began := time.Now().Add(100 * time.Millisecond)
	for i := range pairs {
		room := e.NewRoom()
		mouth, speaker := handset(tb, e)
		ear, listener := handset(tb, e)
		room.Update(Change{speaker.ID(), talks}, Change{listener.ID(), listens})
		packets := int(length / (20 * time.Millisecond))
		sent := make([]time.Time, packets)
		var clock sync.Mutex // of sent
		to := net.UDPAddrFromAddrPort(speaker.LocalAddr())
		wait.Go(func() {
			at := began.Add(time.Duration(i) * 2 * time.Millisecond)
			var p [headerSize + frame]byte
			for n := range packets {
				time.Sleep(time.Until(at))
				at = at.Add(20 * time.Millisecond)
				putHeader(p[:], n == 0, ptPCMU, uint16(n), uint32(n*frame), uint32(i+1))
				for j := range frame {
					p[headerSize+j] = mark(n)
				}
				clock.Lock()
				sent[n] = time.Now()
				clock.Unlock()
				if _, err := mouth.WriteTo(p[:], to); err != nil {
					tb.Error(err)
				}
			}
		})
		wait.Go(func() {
			var p [2048]byte
			heard := -1
			_ = ear.SetReadDeadline(began.Add(length + 500*time.Millisecond))
			for heard < packets-1 {
				n, err := ear.Read(p[:])
				if err != nil {
					break
				}
				now := time.Now()
				if got := p[headerSize+frame/2]; n == headerSize+frame && got != g711.Mu.Silence() {
					for k := heard + 1; k < min(heard+10, packets); k++ {
						if mark(k) == got {
							heard = k
							break
						}
					}
					clock.Lock()
					if heard >= 0 && mark(heard) == got && !sent[heard].IsZero() {
						mu.Lock()
						all = append(all, now.Sub(sent[heard]))
						mu.Unlock()
					}
					clock.Unlock()
				}
			}
		})
	}
	wait.Wait()
	if len(all) < pairs*10 {
		tb.Fatalf("only %d packets were heard", len(all))
	}
	return all
}

// mark is the µ-law byte the nth packet is full of: far from silence, below
// what is limited, and not soon the same again.
func mark(n int) byte { return 0x98 + byte(n%32) }

// handset is a far end with blocking reads.
func handset(tb testing.TB, e *Engine) (*net.UDPConn, *Leg) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	l, err := e.NewLeg(nil)
	if err != nil {
		tb.Fatal(err)
	}
	answer := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n",
		conn.LocalAddr().(*net.UDPAddr).Port)
	if _, err := l.Accept([]byte(answer)); err != nil {
		tb.Fatal(err)
	}
	return conn, l
}
