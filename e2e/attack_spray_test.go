package e2e

import (
	"net/netip"
	"testing"
	"time"
)

// TestSprayOfThePortRange sends a good stream of RTP to every port of the
// bridge while a hundred calls begin, two in each conference. The sprayer may
// hear nothing, and in every call either side must hear the other within a
// second, although one of them takes its time to speak, during which the
// sprayer is all that comes to its port.
func TestSprayOfThePortRange(t *testing.T) {
	const right, marker = 1, 2 // tones; left is 0
	x := startExchange(t, annaTone, berndTone, markerTone)
	x.answer.Store(true)
	d := startTarget(t, x, 2*attackedCalls)
	sprayer := d.attacker(someAddress(), d.ports)
	noise := voiceOf(markerTone)
	spray := launch(10000, func(i int) {
		port := uint16(d.low + i%d.ports)
		sprayer.speak(i, &noise, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port))
	})
	defer spray.stop()
	spray.reaches(t, int64(d.ports))

	voices := [2]voice{voiceOf(annaTone), voiceOf(berndTone)}
	partners := map[string]string{} // numbers
	side := map[string]int{}
	for i := range attackedCalls {
		partners[listener(i)], side[listener(i)] = listener(i^1), i%2
	}
	x.prepare(func(p *phone) {
		p.say(voices[side[p.number]])
		p.talk()
		if side[p.number] == right {
			p.slow = 300 * time.Millisecond
		}
	})
	for i := 0; i < attackedCalls; i += 2 {
		conf := d.conference(fields{"member_notification": false})
		d.addMany(conf, 2, func(k int) fields { return called(i + k) })
	}
	until(t, "all phones are rung", 20*time.Second, func() bool { return len(x.all()) == attackedCalls })
	phones := map[string]*phone{}
	for _, p := range x.all() {
		phones[p.number] = p
	}
	until(t, "every phone hears its partner", 20*time.Second, func() bool {
		for _, p := range phones {
			if p.ear.heardFirst(1 - side[p.number]).IsZero() {
				return false
			}
		}
		return true
	})
	slowest := time.Duration(0)
	for _, p := range phones {
		begin := max(p.answeredAt.Load(), phones[partners[p.number]].answeredAt.Load())
		wait := p.ear.heardFirst(1 - side[p.number]).Sub(time.Unix(0, begin))
		if slowest = max(slowest, wait); wait > time.Second {
			t.Errorf("%s hears its partner only after %v", p.number, wait)
		}
	}
	for i, h := range x.hears(10) {
		p := x.all()[i]
		if h.loudest[marker] > -16-margin || h.loudest[1-side[p.number]] < -18 {
			t.Errorf("%s hears the sprayer at %.1f dBFS and its partner at %.1f dBFS", p.number, h.loudest[marker], h.loudest[1-side[p.number]])
		}
	}
	if n := sprayer.got.Load(); n > 0 {
		t.Errorf("%d packets were sent to the sprayer", n)
	}
	t.Logf("sound both ways %v after the answer at worst, beside %d sprayed packets", slowest, spray.sent.Load())
}
