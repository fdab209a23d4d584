//go:build linux && !portable

package media

import (
	"math"
	"testing"

	"partyline/media/sound"
)

// count is how many events of a kind came, once the engine's goroutine has
// handed over all there are.
func (p *phone) count(kind EventKind) (n int) {
	p.t.Helper()
	p.leg.SetAudio(p.leg.stream.audio)
	for {
		select {
		case v := <-p.events:
			if v.Kind == kind {
				n++
			}
		default:
			return n
		}
	}
}

// parts is a voice that says one after another, each for so many ticks.
func parts(list ...any) func(int64) int16 {
	return func(n int64) int16 {
		for i := 0; i < len(list); i += 2 {
			long := int64(list[i].(int)) * frame
			if n < long {
				if f, ok := list[i+1].(func(int64) int16); ok {
					return f(n)
				}
				return 0
			}
			n -= long
		}
		return 0
	}
}

// Speech is told of once when it begins and once when it has ended; a pause
// within it, a click and a faint noise are not.
func TestTalkIsToldOnce(t *testing.T) {
	r := newRig(t, 1)
	noise := tone(433, -62)
	p := r.call(parts(50, noise, 100, tone(1000, -20), 15, nil, 60, tone(1000, -20), 100, noise, 1, tone(1000, -10), 100, noise))
	q := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks}, Change{q.leg.ID(), listens})
	r.ticks(60)
	p.event(EventSpeaking)
	r.ticks(400)
	p.event(EventSilent)
	if n := p.count(EventSpeaking); n != 0 {
		t.Errorf("%d more beginnings were told", n)
	}
}

// A steady tone is sound for as long as it lasts.
func TestTalkOfASteadyTone(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(tone(1000, -20))
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks})
	r.ticks(50 * 60)
	p.event(EventSpeaking)
	if n := p.count(EventSilent); n != 0 {
		t.Error("a steady tone was taken for silence")
	}
}

// Whoever speaks and may no longer be heard is silent, at once.
func TestTalkEndsWithTheRightToSpeak(t *testing.T) {
	for name, end := range map[string]func(*Room, *phone){
		"muted":  func(r *Room, p *phone) { r.Update(Change{p.leg.ID(), listens}) },
		"held":   func(r *Room, p *phone) { r.Update(Change{p.leg.ID(), Audio{}}) },
		"closed": func(r *Room, p *phone) { r.Close() },
		"parked": func(r *Room, p *phone) { p.accept("sendonly") },
	} {
		r := newRig(t, 1)
		p := r.call(tone(1000, -20))
		room := r.e.NewRoom()
		room.Update(Change{p.leg.ID(), talks})
		r.ticks(30)
		p.event(EventSpeaking)
		end(room, p)
		r.ticks(2)
		p.event(EventSilent)
		r.ticks(100)
		if n := p.count(EventSpeaking); n != 0 {
			t.Errorf("%s: %d times speaking after that", name, n)
		}
	}
}

// A leg outside any room that is listened to tells of speech, and none of what
// it said before it was let in is heard inside.
func TestListening(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(tone(1000, -20))
	q := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{q.leg.ID(), listens})
	p.leg.SetAudio(Audio{Listen: true})
	r.ticks(60)
	p.event(EventSpeaking)
	if got := q.hears(1000); got > -80 {
		t.Errorf("it is heard at %.1f dBFS", got)
	}
	p.voice = nil
	q.forget()
	room.Update(Change{p.leg.ID(), talks})
	r.ticks(60)
	if got := level(q.heard); got > -80 {
		t.Errorf("%.1f dBFS of what was said before is heard", got)
	}
	p.voice = tone(1600, -20)
	r.ticks(60)
	q.forget()
	r.ticks(20)
	if got := q.hears(1600); got < -20.5 {
		t.Errorf("inside it is heard at %.1f dBFS", got)
	}
}

// dual is a key as a voice.
func dual(a, b float64) func(int64) int16 {
	x, y := tone(a, -13), tone(b, -13)
	return func(n int64) int16 { return x(n) + y(n) }
}

// A key in the sound is taken out of the mix; a leg that has no other way to
// send keys has pressed it.
func TestKeysAsTones(t *testing.T) {
	for _, events := range []bool{true, false} {
		r := newRig(t, 1)
		q := r.call(nil)
		p := r.phone(parts(50, tone(1000, -20), 6, dual(770, 1336), 100, nil))
		if events {
			p.accept("sendrecv")
		} else {
			p.acceptBare()
		}
		if p.leg.Digits() != events {
			t.Errorf("Digits is %v, want %v", p.leg.Digits(), events)
		}
		room := r.e.NewRoom()
		room.Update(Change{p.leg.ID(), talks}, Change{q.leg.ID(), listens})
		r.ticks(51)
		q.forget()
		r.ticks(30)
		over := 0
		for at := 0; at+frame <= len(q.heard); at += frame {
			piece := q.heard[at : at+frame]
			if sound.Goertzel(piece, 8000, 770) > -30 && sound.Goertzel(piece, 8000, 1336) > -30 {
				over++
			}
		}
		if over > 1 {
			t.Errorf("events %v: %d ms of the key are heard", events, over*20)
		}
		if !events {
			if v := p.event(EventDigit); v.Digit != '5' || !v.Tone {
				t.Errorf("event %+v", v)
			}
		}
		if n := p.count(EventDigit); n != 0 {
			t.Errorf("events %v: %d presses too many", events, n)
		}
	}
}

// acceptBare is accept of an answer without telephone events.
func (p *phone) acceptBare() {
	p.t.Helper()
	body := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " + portText(p.rtp) + " RTP/AVP 0\r\n"
	if _, err := p.leg.Accept([]byte(body)); err != nil {
		p.t.Fatal(err)
	}
}

// syllables is speech-like: a tone that comes and goes four times a second.
func syllables(freq, dBFS float64) func(int64) int16 {
	x := tone(freq, dBFS)
	return func(n int64) int16 {
		return int16(float64(x(n)) * (0.6 + 0.4*math.Sin(2*math.Pi*4*float64(n)/8000)))
	}
}

// A quiet caller is raised, a loud one lowered, and one like the others left
// alone to the bit.
func TestLevelling(t *testing.T) {
	for _, c := range []struct{ says, low, high float64 }{
		{-38, -30, -22}, {-35, -27, -21}, {-20, -21, -19}, {-8, -15, -11}, {-60, -61, -59},
	} {
		r := newRig(t, 1)
		p, q := r.call(syllables(1000, c.says+3)), r.call(nil)
		room := r.e.NewRoom()
		level := talks
		level.Level = true
		room.Update(Change{p.leg.ID(), level}, Change{q.leg.ID(), listens})
		r.ticks(50 * 12)
		q.forget()
		r.ticks(50)
		if got := sound.Level(q.heard); got < c.low || got > c.high {
			t.Errorf("speech of %.0f dBFS is heard at %.1f, want %.0f to %.0f", c.says, got, c.low, c.high)
		}
	}
}

// Noise in a quiet caller's pauses is not raised more and more.
func TestLevellingHoldsInSilence(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(parts(50*10, syllables(1000, -33), 50*60, tone(433, -60)))
	room := r.e.NewRoom()
	level := talks
	level.Level = true
	room.Update(Change{p.leg.ID(), level})
	r.ticks(50 * 10)
	before := p.leg.stream.level.db
	r.ticks(50 * 50)
	if after := p.leg.stream.level.db; after != before || before < 6 {
		t.Errorf("the gain went from %.1f to %.1f dB", before, after)
	}
}

// The gain never steps: a tone that is raised has no corner.
func TestLevellingIsSmooth(t *testing.T) {
	var l leveller
	var tk talk
	tk.on, tk.voice = true, meanSquare(-36)
	voice := tone(1000, -36)
	last, n := int16(0), int64(0)
	for range 50 * 6 {
		pcm := make([]int16, frame)
		for i := range pcm {
			pcm[i] = voice(n)
			n++
		}
		l.apply(pcm, &tk)
		for _, x := range pcm {
			if d := int(x) - int(last); d > 2000 || d < -2000 {
				t.Fatalf("a step of %d", d)
			}
			last = x
		}
	}
	if l.db < 11 {
		t.Errorf("the gain came to %.1f dB", l.db)
	}
}
