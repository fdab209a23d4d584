package source_test

import (
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
