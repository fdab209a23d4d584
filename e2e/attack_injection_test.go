package e2e

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	attackedCalls = 100
	voiceTone     = annaTone // of who may be heard
	markerTone    = 3130.0   // of who may not: a break in a voice spills little so far away
)

// target is a bridge with few ports for RTP, so that an attacker who does not
// know which are in use needs not guess much.
type target struct {
	*daemon
	low, ports int
}

func startTarget(t *testing.T, x *exchange, pairs int) target {
	t.Helper()
	low := freeRange(t, 2*pairs)
	d := &daemon{
		t: t, dir: t.TempDir(), sip: "127.0.0.1:0", http: "127.0.0.1:0",
		extra: trunk(x.peer.Addr()) + "limits: {adds_per_second: 1000}\n",
		env:   []string{fmt.Sprintf("PARTYLINE_MEDIA_PORTS=%d-%d", low, low+2*pairs-1)},
	}
	d.start()
	t.Cleanup(func() {
		d.kill(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.complaints())
		}
	})
	return target{d, low, 2 * pairs}
}

// attacker is one that sends from the given address to n calls.
func (d target) attacker(address string, n int) *attacker {
	return newAttacker(d.t, address, n, d.low, d.ports)
}

// complaints are the log without what is in order.
func (d *daemon) complaints() string {
	var b strings.Builder
	for line := range strings.Lines(d.logText()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			b.WriteString(line)
		}
	}
	return lastLines(b.String(), 30)
}

// freeRange finds n ports in a row that nobody uses at this moment, below
// those the system chooses by itself.
func freeRange(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		low := 20000 + 2*rand.IntN((12000-n)/2)
		free := 0
		for ; free < n; free++ {
			c, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", low+free))
			if err != nil {
				break
			}
			_ = c.Close()
		}
		if free == n {
			return low
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return 0
}

func called(i int) fields {
	return fields{"phone_number": listener(i), "role": "participant"}
}

// rings adds n people and waits until all their phones ring.
func (d *daemon) rings(x *exchange, conf string, n int) (ids []string) {
	d.t.Helper()
	before := len(x.all())
	ids = d.addMany(conf, n, called)
	until(d.t, "all phones ring", 20*time.Second, func() bool { return len(x.all()) == before+n })
	return ids
}

func (d *daemon) allBecome(conf, status string, n int) {
	d.t.Helper()
	until(d.t, fmt.Sprintf("%d are %s", n, status), 20*time.Second, func() bool {
		count := 0
		for _, p := range d.people(conf) {
			if p.Status == status {
				count++
			}
		}
		return count == n
	})
}

// TestInjectedSoundIsNeverHeard sends sound to the ports of a hundred calls in
// one conference from an address that is neither the bridge's nor a phone's,
// 50 packets a second to each: while the phones ring, after they answered and
// have not spoken, while they speak, and through hold and resume, after which
// half of the phones have moved to another port. Everybody may be heard, one
// phone speaks. No phone may hear any of it, and the attacker nothing of the
// call.
func TestInjectedSoundIsNeverHeard(t *testing.T) {
	x := startExchange(t, voiceTone, markerTone)
	d := startTarget(t, x, attackedCalls+10)
	conf := d.conference(fields{"member_notification": false, "max_participants": attackedCalls})
	ids := d.rings(x, conf, attackedCalls)
	phones, marker := x.all(), voiceOf(markerTone)
	phones[0].say(voiceOf(voiceTone))

	stranger, flooder := d.attacker(someAddress(), attackedCalls), d.attacker(someAddress(), 1)
	neighbour := d.attacker(x.address, attackedCalls)
	defer func() {
		if n := stranger.got.Load() + flooder.got.Load() + neighbour.got.Load(); n > 0 {
			t.Errorf("%d packets were sent to the attackers", n)
		}
	}()
	inject := launch(50*attackedCalls, func(i int) { stranger.speak(i, &marker, *phones[i%attackedCalls].bridge.Load()) })
	defer inject.stop()
	inject.reaches(t, 25*attackedCalls)
	for _, p := range phones {
		p.pickUp()
	}
	d.allBecome(conf, "connected", attackedCalls)
	unheard(t, "before the answer, and before the phones speak", x.hears(10), false)

	for _, p := range phones {
		p.talk()
	}
	x.hears(3) // the conference fills
	unheard(t, "while the phones speak", x.hears(15), true)

	flood := launch(5000, func(int) { flooder.speak(0, &marker, *phones[1].bridge.Load()) })
	unheard(t, "while one call is flooded", x.hears(10), true)
	flood.stop()

	beside := launch(50*attackedCalls, func(i int) { neighbour.speak(i, &marker, *phones[i%attackedCalls].bridge.Load()) })
	unheard(t, "from another port of the phones' host", x.hears(10), true)
	beside.stop()

	unheard(t, "under another SSRC from the phone's own port", forged(x, phones, func(p *phone, s *stream) []byte { return s.next(&marker) }), true)
	unheard(t, "with sequence numbers that are nowhere", forged(x, phones, func(p *phone, s *stream) []byte {
		b := s.next(&marker)
		p.mu.Lock()
		defer p.mu.Unlock()
		binary.BigEndian.PutUint32(b[8:], p.stream.ssrc)
		binary.BigEndian.PutUint16(b[2:], p.stream.seq+uint16(10000+2*rand.IntN(20000)))
		return b
	}), true)

	for _, id := range ids[1:] {
		d.act(conf, id, "hold")
	}
	unheard(t, "while held", x.hears(5), false)
	x.moves.Store(true)
	for _, id := range ids[1:] {
		d.act(conf, id, "resume")
	}
	x.hears(3)
	unheard(t, "after hold", x.hears(15), true)

	t.Logf("%d packets were injected", inject.sent.Load())
	// The ears that heard nothing are not deaf.
	phones[2].say(marker)
	x.hears(3)
	for i, h := range x.hears(3) {
		if i != 2 && h.loudest[1] < -18 {
			t.Errorf("%s hears a phone that says the same at %.0f dBFS", phones[i].number, h.loudest[1])
		}
	}
}

// forged has every phone's own port send 50 packets a second that are not the
// phone's, while the ears listen.
func forged(x *exchange, phones []*phone, packet func(*phone, *stream) []byte) []heardTones {
	streams := make([]*stream, len(phones))
	for i := range streams {
		streams[i] = newStream()
	}
	attack := launch(50*len(phones), func(i int) {
		i %= len(phones)
		phones[i].forge(packet(phones[i], streams[i]))
	})
	defer attack.stop()
	return x.hears(10)
}

// unheard wants no trace of the marker in any ear, and, with spoken, the
// first phone's voice in all others.
func unheard(t *testing.T, phase string, ears []heardTones, spoken bool) {
	t.Helper()
	bad := 0
	worst, faintest := -120.0, 0.0
	for i, h := range ears {
		worst = max(worst, h.loudest[1])
		if spoken && i > 0 {
			faintest = min(faintest, h.loudest[0])
		}
		if h.loudest[1] > -16-margin {
			bad++
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d phones hear the attacker, at worst at %.1f dBFS", phase, bad, len(ears), worst)
	}
	if faintest < -18 {
		t.Errorf("%s: a phone hears the speaker at %.1f dBFS only", phase, faintest)
	}
	t.Logf("%s: the attacker at %.1f dBFS at most, the speaker at %.1f dBFS at least", phase, worst, faintest)
}
