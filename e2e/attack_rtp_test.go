package e2e

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partyline/media/g711"
)

// voice is 100 ms of sound to repeat, in µ-law frames.
type voice [5][160]byte

// tones must have whole periods in 100 ms.
func voiceOf(freq float64) voice {
	var v voice
	pcm := tone(freq, 1)
	for i := range v {
		g711.EncodeMu(v[i][:], pcm[160*i:160*(i+1)])
	}
	return v
}

func silence() voice {
	var v voice
	g711.EncodeMu(v[0][:], make([]int16, 160))
	for i := range v {
		v[i] = v[0]
	}
	return v
}

// stream makes RTP packets of a voice, one after another.
type stream struct {
	ssrc uint32
	seq  uint16
	ts   uint32
	n    int
	buf  [172]byte
}

func newStream() *stream {
	return &stream{ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), ts: rand.Uint32()}
}

func (s *stream) next(v *voice) []byte {
	s.seq++
	s.ts += 160
	s.n++
	s.buf[0], s.buf[1] = 0x80, 0
	binary.BigEndian.PutUint16(s.buf[2:], s.seq)
	binary.BigEndian.PutUint32(s.buf[4:], s.ts)
	binary.BigEndian.PutUint32(s.buf[8:], s.ssrc)
	copy(s.buf[12:], v[s.n%len(v)][:])
	return s.buf[:]
}

// attacker is somebody who knows the ports of our calls: one socket and one
// stream for each of them.
type attacker struct {
	conns   []*net.UDPConn
	streams []*stream
	got     atomic.Int64 // packets that the bridge sent to it
	wg      sync.WaitGroup
}

// newAttacker attacks a bridge that has the ports from low on for its RTP.
func newAttacker(t *testing.T, address string, n, low, ports int) *attacker {
	t.Helper()
	a := &attacker{}
	for range n {
		c, err := listenOn(address, 0)
		if err != nil {
			t.Fatal(err)
		}
		a.conns = append(a.conns, c)
		a.streams = append(a.streams, newStream())
		a.wg.Go(func() {
			b := make([]byte, 2048)
			for {
				_, from, err := c.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				if int(from.Port()) >= low && int(from.Port()) < low+ports {
					a.got.Add(1)
				}
			}
		})
	}
	t.Cleanup(func() {
		for _, c := range a.conns {
			_ = c.Close()
		}
		a.wg.Wait()
	})
	return a
}

func (a *attacker) send(i int, b []byte, to netip.AddrPort) {
	_, _ = a.conns[i%len(a.conns)].WriteToUDPAddrPort(b, to)
}

// speak sends the i-th target the next packet of a stream of its own.
func (a *attacker) speak(i int, v *voice, to netip.AddrPort) {
	a.send(i, a.streams[i%len(a.streams)].next(v), to)
}

// attack calls send at a rate until it is stopped.
type attack struct {
	sent atomic.Int64
	end  chan struct{}
	done chan struct{}
}

func launch(perSecond int, send func(i int)) *attack {
	a := &attack{end: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		last, due := time.Now(), 0.0
		for i := 0; ; {
			select {
			case <-a.end:
				return
			case now := <-tick.C:
				// What a stall has cost is not made up.
				due = math.Min(due+now.Sub(last).Seconds()*float64(perSecond), float64(perSecond)/20)
				last = now
			}
			for ; due >= 1; due-- {
				send(i)
				i++
			}
			a.sent.Store(int64(i))
		}
	}()
	return a
}

func (a *attack) stop() int64 {
	close(a.end)
	<-a.done
	return a.sent.Load()
}

// reaches waits until so many packets were sent.
func (a *attack) reaches(t *testing.T, packets int64) {
	t.Helper()
	goal := a.sent.Load() + packets
	until(t, "the attack goes on", 20*time.Second, func() bool { return a.sent.Load() >= goal })
}
