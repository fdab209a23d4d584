//go:build linux && !portable

package media

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"partyline/media/sdp"
	"partyline/media/srtp"
)

// secured gives the phone's answer to an offer with keys: its own key for one
// suite of those offered.
func (p *phone) secured(suite srtp.Suite, mine srtp.Key, profile string) {
	p.t.Helper()
	offer, err := p.leg.Offer()
	if err != nil {
		p.t.Fatal(err)
	}
	var tag int
	var theirs srtp.Key
	for _, l := range strings.Split(string(offer), "\r\n") {
		var n int
		var name, inline string
		if _, err := fmt.Sscanf(l, "a=crypto:%d %s %s", &n, &name, &inline); err != nil || name != suite.String() {
			continue
		}
		if theirs, err = srtp.ParseKey(suite, inline); err != nil {
			p.t.Fatal(err)
		}
		tag = n
	}
	if tag == 0 {
		p.t.Fatalf("%s is not offered in\n%s", suite, strings.ReplaceAll(string(offer), "inline:", "inline: "))
	}
	if p.secure == nil {
		if p.secure, err = srtp.New(mine, theirs); err != nil {
			p.t.Fatal(err)
		}
	} else if err := p.secure.RekeySending(mine); err != nil {
		p.t.Fatal(err)
	}
	answer := strings.Replace(string(p.answer("sendrecv")), "RTP/AVP", profile, 1)
	answer += fmt.Sprintf("a=crypto:%d %s %s\r\n", tag, suite, mine.Inline())
	if _, err := p.leg.Accept([]byte(answer)); err != nil {
		p.t.Fatal(err)
	}
}

func keyFor(t *testing.T, suite srtp.Suite) srtp.Key {
	t.Helper()
	k, err := srtp.NewKey(suite, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Calls under each suite and a plain one hear each other in one room; the
// listener under SRTP gets the shared payload under a key of its own. A
// re-INVITE with the phone's new key goes on without a break of our stream.
func TestEncryptedAndPlainCallsInOneRoom(t *testing.T) {
	for _, suite := range srtp.Suites() {
		r := newRig(t, 1)
		a, b, plain := r.phone(tone(1000, -10)), r.phone(nil), r.call(tone(1600, -10))
		room := r.e.NewRoom()
		for _, p := range []*phone{a, b} {
			if err := p.leg.Secure(SRTPRequired); err != nil {
				t.Fatal(err)
			}
			p.secured(suite, keyFor(t, suite), "RTP/SAVP")
		}
		room.Update(Change{a.leg.ID(), talks}, Change{b.leg.ID(), listens}, Change{plain.leg.ID(), talks})
		check := func() {
			t.Helper()
			r.settle()
			r.ticks(50)
			if x, y := b.hears(1000), b.hears(1600); x < -11 || y < -11 {
				t.Errorf("%s: the listener hears %.1f and %.1f dBFS", suite, x, y)
			}
			if x, y := plain.hears(1000), a.hears(1600); x < -11 || y < -11 {
				t.Errorf("%s: the speakers hear each other at %.1f and %.1f dBFS", suite, x, y)
			}
			if x := a.hears(1000); x > deaf {
				t.Errorf("%s: a speaker hears itself at %.1f dBFS", suite, x)
			}
		}
		check()
		if got := a.leg.Stats().Cipher; got != suite.String() {
			t.Errorf("the record says %q, want %s", got, suite)
		}
		a.secured(suite, keyFor(t, suite), "RTP/SAVP")
		check()
	}
}

// Packets that are not authentic change nothing, and none is ever sent in the
// clear.
func TestForgedPacketsUnderSRTP(t *testing.T) {
	r := newRig(t, 1)
	p, listener := r.phone(tone(1000, -10)), r.call(nil)
	if err := p.leg.Secure(SRTPRequired); err != nil {
		t.Fatal(err)
	}
	p.secured(srtp.AES128GCM, keyFor(t, srtp.AES128GCM), "RTP/SAVP")
	r.e.NewRoom().Update(Change{p.leg.ID(), talks}, Change{listener.leg.ID(), listens})
	forged := &phone{voice: tone(1600, -6), ssrc: p.ssrc, seq: p.seq, ts: p.ts}
	r.ticks(5)
	for range 200 {
		for range 5 {
			p.rtp.Write(forged.next(frame), &p.to)
		}
		r.ticks(1)
	}
	if got := listener.hears(1600); got > deaf {
		t.Errorf("forged sound is heard at %.0f dBFS", got)
	}
	listener.forget()
	r.ticks(50)
	if got := listener.hears(1000); got < -11 {
		t.Errorf("after them the speaker is heard at %.1f dBFS", got)
	}
}

func TestPlainAnswersWhereKeysAreRequired(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(nil)
	if err := p.leg.Secure(SRTPRequired); err != nil {
		t.Fatal(err)
	}
	if _, err := p.leg.Offer(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.leg.Accept(p.answer("sendrecv")); !errors.Is(err, ErrNotEncrypted) {
		t.Errorf("a plain answer: %v", err)
	}
	if _, _, err := p.leg.Answer(p.answer("sendrecv")); !errors.Is(err, ErrNotEncrypted) {
		t.Errorf("a plain offer: %v", err)
	}
	r.ticks(10)
	if p.listen(); p.packets > 0 {
		t.Errorf("%d packets were sent all the same", p.packets)
	}
	if err := p.leg.Secure(SRTPOptional); err != nil {
		t.Fatal(err)
	}
	p.accept("sendrecv")
	r.ticks(10)
	if p.packets == 0 {
		t.Error("where keys are optional a plain answer gets no sound")
	}
	if got := p.leg.Stats().Cipher; got != "" {
		t.Errorf("the record says %q of a plain call", got)
	}
}

// Keys that have been used once are not offered again after plain sound: the
// numbers would begin anew under them.
func TestKeysAreNotUsedTwice(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(nil)
	if err := p.leg.Secure(SRTPOptional); err != nil {
		t.Fatal(err)
	}
	p.secured(srtp.AES256GCM, keyFor(t, srtp.AES256GCM), "RTP/AVP")
	first, again := p.leg.local.Crypto, []sdp.Crypto(nil)
	p.secured(srtp.AES256GCM, keyFor(t, srtp.AES256GCM), "RTP/AVP")
	if again = p.leg.local.Crypto; again[0].Key != first[0].Key {
		t.Error("a re-INVITE of an encrypted call offers another key")
	}
	p.accept("sendrecv")
	if again = p.leg.local.Crypto; again[0].Key == first[0].Key {
		t.Error("after plain sound the used key is offered again")
	}
	p.secure = nil
	p.secured(srtp.AES128GCM, keyFor(t, srtp.AES128GCM), "RTP/SAVP")
	if _, _, err := p.leg.Answer(p.answer("sendrecv")); !errors.Is(err, ErrNotEncrypted) {
		t.Errorf("a call that was agreed to be encrypted is talked out of it: %v", err)
	}
}
