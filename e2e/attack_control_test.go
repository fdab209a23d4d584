package e2e

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// TestForgedControl sends ten thousand RTCP packets a second to a hundred
// calls, on the ports of RTCP and RTP: goodbyes, sender reports that claim
// huge losses, and pieces of four bytes, from a stranger under the phones'
// SSRCs and from the phones' own host under others. No call may end or fall
// silent, and no figure may be what was forged.
func TestForgedControl(t *testing.T) {
	x := startExchange(t, voiceTone)
	x.answer.Store(true)
	d := startTarget(t, x, attackedCalls+10)
	conf := d.conference(fields{"member_notification": false, "max_participants": attackedCalls})
	x.prepare(func(p *phone) { p.talk() })
	d.rings(x, conf, attackedCalls)
	d.allBecome(conf, "connected", attackedCalls)
	phones := x.all()
	phones[0].say(voiceOf(voiceTone))
	x.hears(3)

	stranger, neighbour := d.attacker(someAddress(), attackedCalls), d.attacker(x.address, attackedCalls)
	forge := launch(10000, func(i int) {
		p := phones[i%attackedCalls]
		to := *p.bridge.Load()
		if i/attackedCalls%4 < 3 {
			to = netip.AddrPortFrom(to.Addr(), to.Port()+1)
		}
		if i/attackedCalls%2 == 0 {
			stranger.send(i, forgedReport(rand.IntN(3), p.stream.ssrc, p.ear.source()), to)
		} else {
			neighbour.send(i, forgedReport(rand.IntN(3), rand.Uint32(), p.ear.source()), to)
		}
	})
	defer forge.stop()
	for i, h := range x.hears(30) {
		if i > 0 && h.loudest[0] < -18 {
			t.Errorf("%s hears the speaker at %.1f dBFS only", phones[i].number, h.loudest[0])
		}
	}
	sent := forge.sent.Load()
	d.allBecome(conf, "connected", attackedCalls)
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
	d.allBecome(conf, "disconnected", attackedCalls)
	until(t, "every phone is hung up", 10*time.Second, func() bool {
		for _, p := range phones {
			if !p.ended.Load() {
				return false
			}
		}
		return true
	})
	var page struct {
		Participants []struct {
			PhoneNumber string `json:"phone_number"`
			Quality     struct {
				Received uint64  `json:"received"`
				Lost     uint64  `json:"lost"`
				FarLost  uint64  `json:"far_lost"`
				RTT      float64 `json:"rtt_ms"`
			} `json:"quality"`
		} `json:"participants"`
	}
	d.call("GET", "/v2/conferences/"+conf+"/participants?limit=1000", nil, &page)
	for _, p := range page.Participants {
		if q := p.Quality; q.Received < 100 || q.Lost > q.Received/100 || q.FarLost != 0 || q.RTT != 0 {
			t.Errorf("%s: %+v", p.PhoneNumber, q)
		}
	}
	if n := stranger.got.Load() + neighbour.got.Load(); n > 0 {
		t.Errorf("%d packets were sent to the attacker", n)
	}
	t.Logf("%d control packets were forged", sent)
}

// forgedReport is RTCP by one source about another (RFC 3550 §6.4, §6.6).
func forgedReport(kind int, by, about uint32) []byte {
	word := binary.BigEndian.AppendUint32
	const sr, rr, bye = 200, 201, 203
	block := func(b []byte) []byte {
		b = word(b, about)
		b = word(b, 0xFF7FFFFF) // all lost, and 8,388,607 of them
		b = word(b, rand.Uint32())
		b = word(b, 1<<20)
		b = word(b, rand.Uint32()) // some sender report of a while ago
		return word(b, 1)
	}
	switch kind {
	case 0: // a goodbye, behind the report that must come first
		b := word([]byte{0x81, rr, 0, 7}, by)
		return word(append(block(b), 0x81, bye, 0, 1), by)
	case 1:
		b := word([]byte{0x81, sr, 0, 12}, by)
		for range 5 {
			b = word(b, rand.Uint32())
		}
		return block(b)
	}
	return []byte{0x81, bye, 0, 1}
}
