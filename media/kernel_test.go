//go:build linux && !portable

package media

import (
	"slices"
	"testing"
	"time"

	"partyline/media/udp"
)

// Once it is certain whose packets to believe, a listener's sound does not
// reach the program any more; its digits do.
func TestMutedLegsCostNoReading(t *testing.T) {
	probe, err := udp.NewRing(1)
	if err == nil {
		probe.Close()
	}
	for _, plain := range []bool{false, true} {
		r := newRigWith(t, Config{Workers: 1, Plain: plain})
		if _, ring := r.e.workers[0].io.(*udp.Ring); ring != (err == nil && !plain) {
			t.Errorf("plain %v: the packets leave by %T", plain, r.e.workers[0].io)
		}
		p := r.call(tone(1000, -10))
		room := r.e.NewRoom()
		room.Update(Change{p.leg.ID(), listens})
		r.ticks(10)
		if s := p.leg.stream; !s.connected || !s.filtered {
			t.Fatalf("plain %v: connected %v, filtered %v", plain, s.connected, s.filtered)
		}
		before, packets := r.e.Stats().In, p.packets
		r.ticks(256)
		if got := r.e.Stats().In - before; got < 3 || got > 5 {
			t.Errorf("plain %v: %d packets of 256 reached the program, want 4", plain, got)
		}
		if got := p.packets - packets; got != 256 {
			t.Errorf("plain %v: %d packets in 256 ticks", plain, got)
		}
		p.press('7', false)
		r.ticks(filteredIn)
		if v := p.event(EventDigit); v.Digit != '7' {
			t.Errorf("plain %v: digit %q, want 7", plain, v.Digit)
		}
		p.press('8', true)
		r.ticks(filteredIn)
		if v := p.event(EventDigit); v.Digit != '8' {
			t.Errorf("plain %v: digit %q from another SSRC, want 8", plain, v.Digit)
		}
		if got := p.leg.Stats().Lost; got != 0 {
			t.Errorf("plain %v: %d packets lost, but none was", plain, got)
		}
		if got := r.e.Stats().Filtered; got != 1 {
			t.Errorf("plain %v: %d legs filtered, want 1", plain, got)
		}
	}
}

// After unmute the first word is whole and new: every packet sent from then
// on is heard, and none from before.
func TestFirstWordAfterUnmuteIsWholeAndNew(t *testing.T) {
	for _, packets := range []int{1, 2, 10} { // said between the command and its tick
		r := newRig(t, 1)
		p, listener := r.call(tone(1600, -10)), r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{p.leg.ID(), listens}, Change{listener.leg.ID(), listens})
		r.settle()
		if !p.leg.stream.filtered {
			t.Fatal("not muted in the kernel")
		}
		for range packets {
			p.send(p.next(frame))
		}
		room.Update(Change{p.leg.ID(), talks})
		r.ticks(1) // the old word goes on until its tick
		p.voice, p.at = tone(1000, -10), 0
		const said = 40
		r.ticks(said)
		p.voice = nil
		r.ticks(10)
		if got := listener.hears(1600); got > deaf {
			t.Errorf("what was said while muted is heard at %.0f dBFS", got)
		}
		first := slices.IndexFunc(listener.heard, func(x int16) bool { return x != 0 })
		last := len(listener.heard)
		for last > 0 && listener.heard[last-1] == 0 {
			last--
		}
		if first < 0 || last-first < said*frame-8 {
			t.Errorf("%d samples of the %d said are heard", last-first, said*frame)
		}
	}
}

// The socket is opened again for a far end that moves, and closed to everyone
// else after that.
func TestNewAddressOpensTheSocketAgain(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.call(tone(1000, -10)), r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), listens}, Change{listener.leg.ID(), listens})
	r.settle()
	moved := r.call(nil) // its socket is what we are after
	p.rtp, moved.rtp = moved.rtp, p.rtp
	p.accept("sendrecv")
	room.Update(Change{p.leg.ID(), talks})
	r.settle()
	r.ticks(25)
	if got := listener.hears(1000); got < -11 {
		t.Errorf("the far end is heard at %.1f dBFS from its new address", got)
	}
	if s := p.leg.stream; !s.connected || s.filtered {
		t.Errorf("connected %v, filtered %v", s.connected, s.filtered)
	}
}

// The kernel's part is done when the packets of a tick have gone, and no
// longer than there is time for.
func TestManyChangesTakeTheirTime(t *testing.T) {
	r := newRig(t, 1)
	room := r.e.NewRoom()
	var changes []Change
	for range 64 {
		p := r.call(tone(300, -30))
		changes = append(changes, Change{p.leg.ID(), listens})
	}
	room.Update(changes...)
	clock := r.e.now
	r.e.now = func() int64 { return clock() + r.clock.Add(int64(300*time.Microsecond)) - clock() }
	filtered := func() (n int) {
		for _, p := range r.phones {
			if p.leg.stream.filtered {
				n++
			}
		}
		return n
	}
	r.ticks(1)
	if got := filtered(); got == 0 || got == 64 {
		t.Errorf("%d of 64 legs muted in the kernel on the first tick, want some", got)
	}
	r.ticks(5)
	if got := filtered(); got != 64 {
		t.Errorf("%d of 64 legs muted in the kernel after six ticks", got)
	}
}
