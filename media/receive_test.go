//go:build linux && !portable

package media

import (
	"net/netip"
	"testing"
	"time"

	"partyline/media/dtmf"
	"partyline/media/udp"
)

// stranger is somebody who sends to a leg's port from another address.
func stranger(t *testing.T, p *phone, addr string) func(b []byte) {
	t.Helper()
	s, err := udp.Listen(netip.MustParseAddrPort(addr + ":0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var b [2048]byte
		if _, from, ok := s.Read(b[:]); ok {
			t.Errorf("%s was sent something by %s", addr, from)
		}
		s.Close()
	})
	to := s.Dest(p.leg.LocalAddr())
	return func(b []byte) { s.Write(b, &to) }
}

// Somebody sends well-made sound to the leg's port from another port of the
// phone's address and from another address, while the call is on and while
// the phone is silent. None of it is mixed, and nothing goes to them.
func TestInjectionIsNotMixed(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "127.0.0.9"} {
		r := newRig(t, 1)
		p, listener := r.call(tone(1000, -10)), r.call(nil)
		r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
		r.settle()
		inject := stranger(t, p, addr)
		forged := &phone{voice: tone(1600, -6), ssrc: 4711, seq: 9}
		before := r.e.Stats().In
		for i := range 200 {
			switch {
			case i == 50: // the phone's own SSRC and sequence
				forged.ssrc, forged.seq, forged.ts = p.ssrc, p.seq, p.ts
			case i == 100: // the phone holds the line but says nothing
				p.voice = nil
			}
			inject(forged.next(frame))
			r.ticks(1)
		}
		if got := listener.hears(1600); got > deaf {
			t.Errorf("%s: injected sound is heard at %.0f dBFS", addr, got)
		}
		if in := r.e.Stats().In - before; in > 100 {
			t.Errorf("%s: %d packets reached the program, more than the phone's 100", addr, in)
		}
	}
}

// A packet from the right address with a forged SSRC is not heard while the
// real stream runs; a far end that changes its SSRC for good is.
func TestSSRCChangesOnlyWhenTheOldOneIsSilent(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.call(tone(1000, -10)), r.call(nil)
	r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.settle()
	rival := &phone{voice: tone(1600, -6), ssrc: 4711}
	for i := range 50 {
		p.send(rival.next(frame))
		if i%5 == 0 { // and a burst between two packets of the first
			for range 4 {
				p.send(rival.next(frame))
			}
		}
		r.ticks(1)
	}
	if got := listener.hears(1600); got > deaf {
		t.Errorf("the second SSRC is heard at %.0f dBFS beside the first", got)
	}
	p.ssrc, p.seq, p.ts = 99, 7, 123456
	r.ticks(20)
	listener.forget()
	r.ticks(50)
	if got := listener.hears(1000); got < -11 {
		t.Errorf("after a change of SSRC the phone is heard at %.1f dBFS", got)
	}
}

// The far end may send from another port than SDP said; then our packets
// follow it there, but only after enough of them.
func TestFarEndBehindAnotherPort(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(nil)
	other, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p.accept("sendrecv")
	r.ticks(5)
	named := p.rtp
	to := other.Dest(p.leg.LocalAddr())
	source := &phone{voice: tone(1000, -10), ssrc: 5}
	for range 3 {
		other.Write(source.next(frame), &to)
		r.ticks(1)
	}
	var b [2048]byte
	if _, _, ok := other.Read(b[:]); ok {
		t.Fatal("our packets moved before the source was believed")
	}
	other.Write(source.next(frame), &to)
	p.rtp = other
	p.heard, p.packets = nil, 0
	r.ticks(5)
	if p.packets != 5 {
		t.Errorf("%d packets at the port the far end really uses, want 5", p.packets)
	}
	if _, _, ok := named.Read(b[:]); ok {
		t.Error("packets still go to the port in SDP")
	}
	p.rtp = named
}

func TestMalformedAndUnknownPacketsAreCountedAndHarmless(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.call(tone(1000, -10)), r.call(nil)
	r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.settle()
	good := (&phone{voice: tone(1600, -6), ssrc: p.ssrc}).next(frame)
	with := func(change func(b []byte)) []byte {
		b := append([]byte(nil), good...)
		change(b)
		return b
	}
	malformed := [][]byte{
		{}, {0x80}, good[:11],
		with(func(b []byte) { b[0] = 0x40 }),              // version 1
		with(func(b []byte) { b[0] = 0x00 }),              // STUN
		with(func(b []byte) { b[0] |= 0x20; b[171] = 0 }), // no padding where it is said
		with(func(b []byte) { b[0] |= 0x20; b[171] = 255 }),
		with(func(b []byte) { b[0] |= 0x10; b[14], b[15] = 0xFF, 0xFF }), // endless extension
		good[:12],                           // no sound
		append(good, make([]byte, 1900)...), // longer than any packet of sound
	}
	unknown := [][]byte{
		with(func(b []byte) { b[1] = 96 }),
		with(func(b []byte) { b[1] = 0x80 | 72 }), // RTCP on the RTP port
	}
	before := r.e.Stats()
	for range 10 {
		for _, b := range malformed {
			p.send(b)
			r.ticks(1)
		}
		for _, b := range unknown {
			p.send(b)
			r.ticks(1)
		}
	}
	after := r.e.Stats()
	if got := after.Malformed - before.Malformed; got != uint64(10*len(malformed)) {
		t.Errorf("%d malformed packets counted, want %d", got, 10*len(malformed))
	}
	if got := after.Unknown - before.Unknown; got != uint64(10*len(unknown)) {
		t.Errorf("%d packets of unknown types counted, want %d", got, 10*len(unknown))
	}
	if n := discontinuities(listener.heard, 1000, 10362); n > 0 {
		t.Errorf("%d discontinuities in the tone beside them", n)
	}
}

// Early media: what comes before the answer is thrown away.
func TestNothingIsHeardBeforeTheAnswer(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.phone(tone(1000, -10)), r.call(nil)
	r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	r.ticks(50)
	if level(listener.heard) > -100 {
		t.Error("early media is heard")
	}
	if p.packets > 0 {
		t.Error("packets went out before there was an address")
	}
	p.voice = tone(1600, -10)
	p.accept("sendrecv")
	r.ticks(50)
	if got := listener.hears(1000); got > deaf {
		t.Errorf("early media is heard after the answer at %.0f dBFS", got)
	}
	if got := listener.hears(1600); got < -20 {
		t.Errorf("sound after the answer is heard at %.0f dBFS", got)
	}
}

// Each press is one event, muted or not, whatever SSRC its packets have, and
// leaves no noise in the mix.
func TestDigits(t *testing.T) {
	for _, own := range []bool{true, false} {
		r := newRig(t, 1)
		p, listener := r.call(tone(1000, -10)), r.call(nil)
		room := r.e.NewRoom()
		room.Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
		r.settle()
		for i, digit := range []byte("159#") {
			if i == 2 {
				room.Update(Change{p.leg.ID(), Audio{}})
			}
			p.press(digit, own)
			r.ticks(filteredIn)
			if v := p.event(EventDigit); v.Digit != digit || v.Duration != 100*time.Millisecond {
				t.Errorf("own SSRC %v: event %+v, want digit %c", own, v, digit)
			}
			r.ticks(10)
		}
		for len(p.events) > 0 {
			if v := <-p.events; v.Kind == EventDigit {
				t.Errorf("own SSRC %v: one press counted twice: %+v", own, v)
			}
		}
		if got := p.leg.Stats().Digits; got != 4 {
			t.Errorf("own SSRC %v: %d digits in the statistics", own, got)
		}
	}
}

// press sends a key as telephone events in place of the voice for 100 ms.
func (p *phone) press(digit byte, ownSSRC bool) {
	p.t.Helper()
	voice := p.voice
	p.voice = nil
	for _, k := range dtmf.Packets(digit, p.ts, 100*time.Millisecond, 0) {
		b := make([]byte, headerSize+4)
		ssrc := p.ssrc
		if !ownSSRC {
			ssrc++
		}
		putHeader(b, k.Marker, 101, p.seq, k.TS, ssrc)
		copy(b[headerSize:], k.Payload[:])
		if ownSSRC {
			p.seq++
		}
		p.send(b)
		p.rig.ticks(1)
	}
	p.ts += 800
	p.at += 800
	p.voice = voice
}
