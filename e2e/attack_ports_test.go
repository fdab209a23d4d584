package e2e

import (
	"net/netip"
	"testing"
	"time"
)

// TestPortsRestAfterACall ends calls and has their phones go on sending. The
// bridge has few ports, so that new calls would like those to have again: they
// must get others as long as there are any, and then none, and nobody may hear
// the calls that are over. Nothing is sent to them either.
func TestPortsRestAfterACall(t *testing.T) {
	const calls, pairs = 4, 8
	x := startExchange(t, voiceTone, markerTone)
	x.answer.Store(true)
	d := startTarget(t, x, pairs)
	x.prepare(func(p *phone) { p.say(voiceOf(markerTone)); p.talk() })
	old := d.conference(fields{"member_notification": false})
	d.rings(x, old, calls)
	d.allBecome(old, "connected", calls)
	used := map[netip.AddrPort]bool{}
	for _, p := range x.all() {
		used[*p.bridge.Load()] = true
	}
	if len(used) != calls {
		t.Fatalf("%d calls have %d ports", calls, len(used))
	}
	heard := x.hears(5)
	if heard[0].loudest[1] < -30 {
		t.Fatalf("the phones hear each other at %.0f dBFS", heard[0].loudest[1])
	}
	d.call("POST", "/v2/conferences/"+old+"/end", fields{}, nil)
	d.allBecome(old, "disconnected", calls)
	late := x.all()
	marker := voiceOf(markerTone)
	linger := launch(50*calls, func(i int) {
		p := late[i%calls]
		p.mu.Lock()
		defer p.mu.Unlock()
		_, _ = p.conn.WriteToUDPAddrPort(p.stream.next(&marker), *p.bridge.Load())
	})
	defer linger.stop()
	until(t, "the last packets have come", 5*time.Second, func() bool { return settled(late) })

	x.prepare(func(p *phone) { p.say(voiceOf(voiceTone)); p.talk() })
	conf := d.conference(fields{"member_notification": false})
	d.addMany(conf, pairs, func(i int) fields { return called(10 + i) })
	until(t, "all new calls are up or refused", 20*time.Second, func() bool {
		up, over := 0, 0
		for _, p := range d.people(conf) {
			if p.Status == "connected" {
				up++
			} else if p.ended() {
				over++
			}
		}
		return up+over == pairs
	})
	fresh := x.all()[calls:]
	if len(fresh) != pairs-calls {
		t.Errorf("%d phones were rung over %d ports that are free", len(fresh), pairs-calls)
	}
	for _, p := range fresh {
		if used[*p.bridge.Load()] {
			t.Errorf("%v is used again at once", *p.bridge.Load())
		}
		p.ear.anew()
	}
	until(t, "the new calls are heard for a while", 10*time.Second, func() bool {
		for _, p := range fresh {
			if !p.ended.Load() && p.ear.sofar().windows < 20 {
				return false
			}
		}
		return true
	})
	for _, p := range fresh {
		if h := p.ear.sofar(); h.loudest[1] > -16-margin || h.loudest[0] < -30 {
			t.Errorf("%s hears the calls that are over at %.1f dBFS and its own at %.1f dBFS", p.number, h.loudest[1], h.loudest[0])
		}
	}
	if !settled(late) {
		t.Error("the bridge sends to phones whose calls are over")
	}
	t.Logf("%d packets were sent to ports that rest", linger.sent.Load())
}

// settled tells whether phones have got nothing since this was asked before.
func settled(phones []*phone) bool {
	for _, p := range phones {
		if p.ear.taken() > 0 {
			return false
		}
	}
	return true
}
