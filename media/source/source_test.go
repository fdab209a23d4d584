package source_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/source"
)

var (
	phone    = netip.MustParseAddrPort("192.0.2.10:40000")
	nat      = netip.MustParseAddrPort("192.0.2.10:51234") // same host, another port
	gateway  = netip.MustParseAddrPort("203.0.113.7:20000")
	attacker = netip.MustParseAddrPort("198.51.100.66:6666")
	third    = netip.MustParseAddrPort("192.0.2.10:51236")
	moved    = netip.MustParseAddrPort("192.0.2.99:30000")
)

const ms = int64(time.Millisecond)

// step is one thing that happens to a lock.
type step struct {
	expect netip.AddrPort // new SDP, if valid
	from   netip.AddrPort // else a packet
	ssrc   uint32
	seq    uint16
	at     int64 // ms
	accept bool
	dest   netip.AddrPort // afterwards
}

func packets(from netip.AddrPort, ssrc uint32, seq uint16, at int64, dest netip.AddrPort, accept ...bool) []step {
	var steps []step
	for i, ok := range accept {
		steps = append(steps, step{from: from, ssrc: ssrc, seq: seq + uint16(i), at: at + int64(i)*20, accept: ok, dest: dest})
	}
	return steps
}

// burst is n packets at once, none of which is believed.
func burst(from netip.AddrPort, ssrc uint32, seq uint16, at int64, dest netip.AddrPort, n int) []step {
	var steps []step
	for i := range n {
		steps = append(steps, step{from: from, ssrc: ssrc, seq: seq + uint16(i), at: at, dest: dest})
	}
	return steps
}

func join(parts ...[]step) (steps []step) {
	for _, p := range parts {
		steps = append(steps, p...)
	}
	return steps
}

func sdp(addr netip.AddrPort, at int64) []step {
	return []step{{expect: addr, at: at, dest: addr}}
}

func TestPhases(t *testing.T) {
	var nowhere netip.AddrPort
	tests := map[string]struct {
		anyIP bool
		steps []step
	}{
		"before the answer nobody is believed": {steps: packets(attacker, 1, 1, 0, nowhere, false, false, false, false, false, false)},
		"the SDP address is believed at once":  {steps: join(sdp(phone, 0), packets(phone, 7, 100, 10, phone, true, true, true))},
		"a stranger while nothing has come": {steps: join(sdp(phone, 0),
			packets(attacker, 1, 1, 10, phone, false, false, false, false, false, false, false, false))},
		"a stranger while the SDP address sends": {anyIP: true, steps: join(sdp(phone, 0),
			packets(attacker, 1, 1, 5, phone, false, false, false), packets(phone, 7, 100, 10, phone, true),
			packets(attacker, 1, 4, 65, phone, false, false, false, false))},
		"locked": {anyIP: true, steps: join(sdp(phone, 0), packets(phone, 7, 100, 10, phone, true),
			packets(attacker, 7, 101, 20, phone, false, false, false, false, false),
			packets(nat, 7, 101, 20, phone, false, false, false, false, false),
			packets(phone, 7, 101, 130, phone, true))},
		"another port of the same host after four in order": {steps: join(sdp(phone, 0),
			packets(nat, 7, 65534, 10, phone, false, false, false),
			[]step{{from: nat, ssrc: 7, seq: 1, at: 70, accept: true, dest: nat}},
			packets(phone, 7, 2, 90, nat, false, false))},
		"another port, out of order": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 7, 20, 70, phone, false, false, false),
			packets(nat, 7, 20, 130, phone, false))},
		"another port, two sources": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 8, 13, 70, phone, false))},
		"another port however late": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 60_000, phone, false, false, false), packets(nat, 7, 13, 60_060, nat, true))},
		"another host is not believed": {steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false, false, false, false))},
		"another host where allowed": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true, true),
			packets(phone, 9, 1, 200, gateway, false))},
		"another host too late": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 2001, phone, false, false, false, false, false, false))},
		"another host just in time": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 1940, phone, false, false, false), packets(gateway, 7, 13, 2000, gateway, true))},
		"another host just too late": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 1941, phone, false, false, false, false, false))},
		"another host in less time than a telephone takes": {anyIP: true, steps: join(sdp(phone, 0),
			burst(gateway, 7, 10, 10, phone, 5), burst(gateway, 7, 15, 15, phone, 30), burst(gateway, 7, 45, 20, phone, 1000))},
		"another host whose line has bunched its packets": {anyIP: true, steps: join(sdp(phone, 0),
			burst(gateway, 7, 10, 10, phone, 5), packets(gateway, 7, 15, 30, phone, false, false),
			packets(gateway, 7, 17, 70, gateway, true))},
		"the SDP address after another port was learned": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 7, 13, 70, nat, true),
			packets(phone, 8, 1, 80, nat, false, false, false), packets(nat, 7, 14, 130, nat, true),
			packets(phone, 8, 4, 140, phone, true), packets(nat, 7, 15, 150, phone, false, false, false, false, false))},
		"the SDP address long after another port was learned": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 7, 13, 70, nat, true),
			packets(phone, 8, 1, 2071, nat, false, false, false, false, false))},
		"the SDP host after another host was learned": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true),
			packets(nat, 8, 1, 80, gateway, false, false, false), packets(nat, 8, 4, 140, nat, true),
			packets(gateway, 7, 14, 150, nat, false, false, false, false, false))},
		"a third port after another port was learned": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 7, 13, 70, nat, true),
			packets(third, 7, 14, 80, nat, false, false, false, false, false))},
		"two hosts at a time": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true),
			packets(attacker, 8, 1, 75, gateway, false, false, false),
			packets(gateway, 7, 14, 130, gateway, true),
			packets(attacker, 8, 4, 135, phone, false, false, false, false, false),
			packets(gateway, 7, 15, 150, phone, false, false, false, false, false, false),
			packets(phone, 9, 1, 300, phone, true))},
		"two hosts, the second later": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true, true, true, true, true, true, true, true, true, true, true, true, true),
			packets(attacker, 8, 1, 315, gateway, false, false, false), packets(attacker, 8, 4, 375, phone, false, false))},
		"new SDP after two hosts at a time": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true),
			packets(attacker, 8, 1, 75, gateway, false, false, false), packets(attacker, 8, 4, 135, phone, false),
			sdp(moved, 200), packets(gateway, 7, 15, 210, moved, false, false, false), packets(gateway, 7, 18, 270, gateway, true))},
		"one host after another": {anyIP: true, steps: join(sdp(phone, 0),
			packets(gateway, 7, 10, 10, phone, false, false, false), packets(gateway, 7, 13, 70, gateway, true),
			packets(moved, 8, 1, 300, gateway, false, false, false), packets(moved, 8, 4, 360, moved, true))},
		"after hold with the same address the lock stays": {steps: join(sdp(phone, 0),
			packets(nat, 7, 10, 10, phone, false, false, false), packets(nat, 7, 13, 70, nat, true),
			[]step{{expect: phone, at: 1000, dest: nat}},
			packets(attacker, 7, 14, 1010, nat, false, false, false, false, false), packets(nat, 7, 14, 1100, nat, true))},
		"new SDP moves at once and forgets the old": {steps: join(sdp(phone, 0), packets(phone, 7, 10, 10, phone, true),
			sdp(moved, 1000), packets(phone, 7, 11, 1010, moved, false, false, false, false, false),
			packets(moved, 8, 1, 1100, moved, true))},
		"no address": {steps: join(sdp(phone, 0), packets(phone, 7, 10, 10, phone, true),
			[]step{{expect: netip.AddrPortFrom(netip.Addr{}, 1), at: 500, dest: nowhere}})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			lock := source.Lock{AllowAnyIP: test.anyIP}
			rejected := uint64(0)
			for i, s := range test.steps {
				if s.expect != (netip.AddrPort{}) {
					lock.Expect(s.expect, s.at*ms)
				} else {
					if got := lock.Check(s.from, s.ssrc, s.seq, s.at*ms); got != s.accept {
						t.Errorf("step %d: accept is %v, want %v", i, got, s.accept)
					}
					if !s.accept {
						rejected++
					}
				}
				if got := lock.Dest(); got != s.dest && (got.IsValid() || s.dest.IsValid()) {
					t.Errorf("step %d: destination is %v, want %v", i, got, s.dest)
				}
			}
			if got := lock.Rejected(); got != rejected {
				t.Errorf("%d rejected, want %d", got, rejected)
			}
		})
	}
}

// A socket may be connected only to an address that cannot change any more.
func TestFinal(t *testing.T) {
	var lock source.Lock
	want := func(what string, at int64, final bool) {
		t.Helper()
		if lock.Final(at*ms) != final {
			t.Errorf("%s: final is %v", what, !final)
		}
	}
	want("nothing known", 0, false)
	lock.Expect(phone, 0)
	want("nothing heard", 5000, false)
	lock.Check(phone, 1, 1, 10*ms)
	want("the SDP address", 10, true)
	lock.Expect(moved, 20*ms)
	want("new SDP", 20, false)
	lock.Expect(phone, 30*ms)
	for i := range int64(4) {
		lock.Check(nat, 1, uint16(i), (40+20*i)*ms)
	}
	if !lock.Locked() {
		t.Fatal("another port is not learned")
	}
	want("another port, just learned", 2100, false)
	want("another port, learned long ago", 2101, true)
}

// NAT learning, the far end behind an address that SDP does not tell, and an
// attacker who knows the port and has been sending before the answer came: of
// no pace it can choose more than four packets are believed, and no more than
// four of ours are sent to it.
func TestNATLearningUnderAttack(t *testing.T) {
	for _, pps := range []int64{10, 25, 50, 51, 80, 100, 115, 120, 125, 133, 150, 200, 1000, 5000} {
		random := rand.New(rand.NewPCG(1, uint64(pps)))
		heard, sent := 0, 0
		for range 100 {
			believed, leaked := attack(random, int64(time.Second)/pps)
			heard, sent = max(heard, believed), max(sent, leaked)
		}
		if heard > 4 || sent > 4 {
			t.Errorf("at %d packets a second %d of the attacker were believed and %d sent to it", pps, heard, sent)
		}
	}
}

// attack is one such call of three seconds.
func attack(random *rand.Rand, each int64) (believed, leaked int) {
	lock := source.Lock{AllowAnyIP: true}
	answer := 100 * ms
	phoneAt, attackAt, sendAt := answer+random.Int64N(20*ms), random.Int64N(each), answer+random.Int64N(20*ms)
	var phoneSeq, attackSeq uint16
	expected := false
	for now := int64(0); now < 3000*ms; now = min(phoneAt, attackAt, sendAt) {
		if now >= answer && !expected {
			lock.Expect(phone, answer)
			expected = true
		}
		switch now {
		case phoneAt:
			phoneSeq, phoneAt = phoneSeq+1, phoneAt+20*ms
			lock.Check(gateway, 7, phoneSeq, now)
		case attackAt:
			attackSeq, attackAt = attackSeq+1, attackAt+each
			if lock.Check(attacker, 8, attackSeq, now) {
				believed++
			}
		case sendAt:
			sendAt += 20 * ms
			if lock.Dest() == attacker {
				leaked++
			}
		}
	}
	return believed, leaked
}

// The same attacker cannot keep the far end from being learned: not by a
// flood from as many ports as it likes, nor when the far end only has another
// port of the host in SDP.
func TestFloodDoesNotPreventLearning(t *testing.T) {
	for _, far := range []netip.AddrPort{nat, gateway} {
		lock := source.Lock{AllowAnyIP: true}
		lock.Expect(phone, 0)
		for i := range int64(2000) {
			if i%100 == 0 { // 50 among 5,000 packets a second
				lock.Check(far, 7, uint16(i/100), i*ms/5)
			}
			from := attacker
			if far == nat {
				from = netip.AddrPortFrom(attacker.Addr(), uint16(1024+i%7))
			}
			if lock.Check(from, 8, uint16(i), i*ms/5) {
				t.Fatal("a flood was believed")
			}
		}
		if lock.Dest() != far {
			t.Errorf("%v was not learned", far)
		}
	}
}

func TestMappedAddressIsTheSame(t *testing.T) {
	var lock source.Lock
	lock.Expect(phone, 0)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(phone.Addr().As16()), phone.Port())
	if !lock.Check(mapped, 1, 1, 0) || lock.Dest() != phone {
		t.Errorf("the IPv6 form of the address is not believed; destination %v", lock.Dest())
	}
}

func TestRTCP(t *testing.T) {
	var lock source.Lock
	if lock.CheckRTCP(phone) {
		t.Error("RTCP believed before SDP")
	}
	lock.Expect(phone, 0)
	if !lock.CheckRTCP(netip.AddrPortFrom(phone.Addr(), 40001)) {
		t.Error("RTCP of the far end's host not believed")
	}
	if lock.CheckRTCP(attacker) || lock.Locked() {
		t.Error("a stranger's RTCP believed, or it taught an address")
	}
}

// Whatever a stranger sends, and whenever, nothing of it is believed and
// nothing is sent to it.
func TestStrangerIsNeverBelieved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lock source.Lock
		now := int64(0)
		seq := rapid.Uint16().Draw(t, "seq")
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += rapid.Int64Range(0, 100*ms).Draw(t, "pass")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				lock.Expect(rapid.SampledFrom([]netip.AddrPort{phone, moved, nat}).Draw(t, "sdp"), now)
			case 1:
				from := rapid.SampledFrom([]netip.AddrPort{phone, nat, moved}).Draw(t, "from")
				lock.Check(from, 7, rapid.Uint16().Draw(t, "its seq"), now)
			default:
				seq++
				if lock.Check(attacker, 7, seq, now) {
					t.Fatal("a stranger's packet was believed")
				}
			}
			if lock.Dest().Addr() == attacker.Addr() {
				t.Fatal("our sound goes to a stranger")
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	lock := source.Lock{}
	lock.Expect(phone, 0)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		lock.Check(phone, 1, seq, 0)
		lock.Check(attacker, 1, seq, 0)
		lock.CheckRTCP(phone)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
