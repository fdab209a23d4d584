//go:build linux && !portable

package media

import (
	"fmt"
	"testing"
	"time"

	"partyline/media/codec"
)

// Keys come by the clock of the audio, and by another where a far end has
// only that (RFC 4733 §2.1): found once, as long as they were pressed.
func TestDigitsAtOtherClocks(t *testing.T) {
	for _, c := range []struct {
		codec codec.Codec
		clock int
	}{{codec.PCMU, 8000}, {codec.PCMU, 16000}, {codec.G722, 8000}, {codec.G722, 16000}, {codec.PCMA, 48000}} {
		r := newRigWith(t, Config{Workers: 1, Codecs: []string{"PCMU", "PCMA", "G722"}})
		p := r.phone(tone(1000, -20))
		p.speaks(c.codec)
		body := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
			"m=audio %s RTP/AVP %d 101\r\na=rtpmap:101 telephone-event/%d\r\n", portText(p.rtp), c.codec.PT(), c.clock)
		if _, err := p.leg.Accept([]byte(body)); err != nil {
			t.Fatal(err)
		}
		if !p.leg.Digits() {
			t.Errorf("%v at %d: no way for keys", c.codec, c.clock)
		}
		r.ticks(20)
		p.press('7', true) // 800 units of its clock
		r.ticks(10)
		want := 100 * time.Millisecond * 8000 / time.Duration(c.clock)
		if v := p.event(EventDigit); v.Digit != '7' || v.Tone || v.Duration != want {
			t.Errorf("%v at %d: event %+v, want %v", c.codec, c.clock, v, want)
		}
		if n := p.count(EventDigit); n != 0 {
			t.Errorf("%v at %d: %d presses too many", c.codec, c.clock, n)
		}
	}
}

// A leg's first description may be the far end's offer, of a call to us.
func TestAnswerAsTheFirstDescription(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(tone(1000, -10))
	answer, dir, err := p.leg.Answer(p.answer("sendrecv"))
	if err != nil || dir != SendRecv || len(answer) == 0 {
		t.Fatalf("%v, %v", dir, err)
	}
	q := r.call(nil)
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks}, Change{q.leg.ID(), listens})
	r.ticks(30)
	q.forget()
	r.ticks(20)
	if got := q.hears(1000); got < -10.5 {
		t.Errorf("the caller is heard at %.1f dBFS", got)
	}
	if !p.leg.Digits() {
		t.Error("no way for keys")
	}
}
