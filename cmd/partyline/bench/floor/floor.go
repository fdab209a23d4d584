// Package floor is the least that a program can do for a benchmark's packets:
// one bare receive and one bare send for each leg every 20 ms, on one locked
// thread that sleeps by the clock. What the bridge costs is held against it,
// in the same run, with the same number of sockets and the same far end.
package floor

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"partyline/cmd/partyline/bench/clock"
	"partyline/cmd/partyline/bench/ear"
)

// Ready is the one line that the process says.
type Ready struct {
	Ports []uint16 `json:"ports"`
	// HotNS is what one packet costs, received or sent, in nanoseconds, when
	// the same sockets are used without a pause.
	HotNS float64 `json:"hot_ns"`
}

const (
	tick  = int64(20e6)
	drain = 50 // ticks after which what has piled up in a socket is thrown away
)

// Run is the floor process for a number of legs. Each socket sends to whoever
// has sent to it. It ends when its input does.
func Run(legs int, in io.Reader, out io.Writer) error {
	var r Ready
	sockets := make([]*socket, legs)
	for i := range sockets {
		s, err := listen()
		if err != nil {
			return err
		}
		defer s.close()
		sockets[i] = s
		r.Ports = append(r.Ports, s.port())
	}
	var err error
	if r.HotNS, err = hot(200 * time.Millisecond); err != nil {
		return err
	}
	var stop atomic.Bool
	done := make(chan struct{})
	go func() { defer close(done); pace(sockets, &stop) }()
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	stop.Store(true)
	<-done
	return err
}

func newPacket() (packet [12 + ear.FrameSize]byte) {
	packet[0] = 0x80
	copy(packet[12:], ear.Voice(0)[:])
	return packet
}

// pace is the loop that is measured.
func pace(sockets []*socket, stop *atomic.Bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	packet := newPacket()
	var buf [2048]byte
	next := clock.Now()
	for n := uint32(0); !stop.Load(); n++ {
		next += tick
		clock.Sleep(next)
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		binary.BigEndian.PutUint32(packet[4:], n*ear.FrameSize)
		for i, s := range sockets {
			got := s.receive(buf[:])
			for got && n%drain == 0 {
				got = s.receive(buf[:])
			}
			if s.known() {
				binary.BigEndian.PutUint32(packet[8:], uint32(i))
				s.send(packet[:])
			}
		}
	}
}

// hot measures two sockets that send to each other without a pause.
func hot(long time.Duration) (perPacket float64, err error) {
	a, err := listen()
	if err != nil {
		return 0, err
	}
	defer a.close()
	b, err := listen()
	if err != nil {
		return 0, err
	}
	defer b.close()
	a.aim(b.port())
	packet := newPacket()
	var buf [2048]byte
	used, err := clock.Used(os.Getpid())
	if err != nil {
		return 0, err
	}
	began, packets := clock.Now(), 0
	for clock.Now()-began < int64(long) {
		for range 100 {
			a.send(packet[:])
			b.receive(buf[:])
		}
		packets += 200
	}
	now, err := clock.Used(os.Getpid()) // not the time by the clock: others may run meanwhile
	return float64(now-used) / float64(packets), err
}
