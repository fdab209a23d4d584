package media

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"partyline/media/sound"
)

// live is a running engine with phones that speak and listen in real time.
func live(t *testing.T, workers int) *rig {
	t.Helper()
	return liveWith(t, Config{Workers: workers})
}

func liveWith(t *testing.T, cfg Config) *rig {
	t.Helper()
	cfg.Address = netip.MustParseAddr("127.0.0.1")
	e, err := NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &rig{t: t, e: e}
}

// talk has the phones speak and listen until each has heard n samples.
func (r *rig) talk(n int) {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	spoken := time.Now()
	for {
		if time.Since(spoken) >= 20*time.Millisecond {
			spoken = spoken.Add(20 * time.Millisecond)
			for _, p := range r.phones {
				p.speak()
			}
		}
		done := true
		for _, p := range r.phones {
			p.listen()
			done = done && len(p.heard) >= n
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the phones did not hear enough in 20 s")
		}
		runtime.Gosched()
	}
}

func TestRunningEngineMixesTwoCalls(t *testing.T) {
	r := live(t, 2)
	a, b := r.call(tone(1000, -10)), r.call(tone(1600, -10))
	room := r.e.NewRoom()
	room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), talks})
	r.talk(8000)
	a.event(EventFlowing)
	last := a.heard[len(a.heard)-4000:]
	if got := sound.Goertzel(last, 8000, 1600); got < -13 {
		t.Errorf("a hears b at %.1f dBFS", got)
	}
	if got := sound.Goertzel(last, 8000, 1000); got > -50 {
		t.Errorf("a hears itself at %.1f dBFS", got)
	}
	if s := r.e.Stats(); s.Legs != 2 || s.Rooms != 1 || s.Ticks == 0 || s.In == 0 || s.Out == 0 {
		t.Errorf("engine says %+v", s)
	}
	if s := a.leg.Stats(); s.Codec != "PCMU" || s.Received == 0 || s.Sent == 0 || s.LastPacket.IsZero() {
		t.Errorf("leg says %+v", s)
	}
}

// Legs and rooms come and go on a running engine from many goroutines; at
// the end nothing is left.
func TestChurnOnARunningEngine(t *testing.T) {
	r := live(t, 2)
	rooms := []*Room{r.e.NewRoom(), r.e.NewRoom()}
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range 50 {
				l, err := r.e.NewLeg(func(Event) {})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := l.Offer(); err != nil {
					t.Error(err)
				}
				if _, err := l.Accept(discard); err != nil {
					t.Error(err)
				}
				rooms[(i+g)%2].Update(Change{l.ID(), talks})
				rooms[i%2].Update(Change{l.ID(), listens})
				rooms[i%2].Play(&Clip{PCM: make([]int16, 400)})
				_ = l.Stats()
				_ = r.e.Stats()
				l.Close()
			}
		})
	}
	wait.Wait()
	for end := time.Now().Add(10 * time.Second); ; {
		r.e.mu.Lock()
		open := len(r.e.open)
		r.e.mu.Unlock()
		if open == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d closed legs keep their sockets", open)
		}
		runtime.Gosched()
	}
	if s := r.e.Stats(); s.Legs != 0 || s.Rooms != 2 {
		t.Errorf("engine says %+v", s)
	}
}

// discard is an answer whose RTP goes to the discard port.
var discard = []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n")

// Workers that run by themselves share a room while legs come and go.
func TestSharedRoomOnARunningEngine(t *testing.T) {
	r := liveWith(t, Config{Workers: 2, Share: 2})
	room := r.e.NewRoom()
	speaker := r.call(tone(1000, -10))
	room.Update(Change{speaker.leg.ID(), talks})
	for range 7 {
		room.Update(Change{r.call(nil).leg.ID(), listens})
	}
	r.talk(4000)
	for range 5 {
		room.Update(Change{r.call(nil).leg.ID(), listens})
		for _, p := range r.phones {
			p.forget()
		}
		r.talk(800)
	}
	for _, p := range r.phones {
		p.forget()
	}
	r.talk(8000)
	for _, p := range r.phones[1:] {
		if got := p.hears(1000); got < -13 {
			t.Errorf("leg %d hears the speaker at %.1f dBFS", p.leg.id, got)
		}
	}
}
