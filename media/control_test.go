//go:build linux && !portable

package media

import (
	"net/netip"
	"testing"
	"time"

	"partyline/media/report"
	"partyline/media/udp"
)

// controlled is a phone that also has RTCP, on the port above as SDP implies
// unless an attribute says otherwise.
type controlled struct {
	*phone
	rtcp *udp.Socket
	to   udp.Dest
	far  report.Session
}

func (r *rig) controlled() *controlled {
	r.t.Helper()
	p := r.phone(tone(1000, -10))
	s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { s.Close() })
	leg := p.leg.LocalAddr()
	c := &controlled{phone: p, rtcp: s, to: s.Dest(netip.AddrPortFrom(leg.Addr(), leg.Port()+1))}
	c.far.SSRC = p.ssrc
	p.accept("sendrecv", "rtcp:"+portText(s))
	return c
}

// reports are those that have come, handled as the far end would.
func (c *controlled) reports() []report.Compound {
	c.t.Helper()
	var b [1500]byte
	var all []report.Compound
	for {
		n, _, ok := c.rtcp.Read(b[:])
		if !ok {
			return all
		}
		got, err := report.Parse(b[:n], c.ssrc)
		if err != nil {
			c.t.Fatal(err)
		}
		c.far.Receiver.Packet(c.last.ssrc, c.last.seq, c.last.ts, c.rig.n*tick)
		if _, err := c.far.Handle(b[:n], c.rig.n*tick); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, got)
	}
}

func (c *controlled) report() []byte {
	now := c.rig.n * tick
	return c.far.AppendReport(nil, "phone", c.rig.e.clock.wall(now), now)
}

func TestReportsGoOutEveryFiveSeconds(t *testing.T) {
	r := newRig(t, 1)
	c := r.controlled()
	var reports []report.Compound
	for range 60 {
		r.ticks(second)
		reports = append(reports, c.reports()...)
	}
	if n := len(reports); n < 8 || n > 16 {
		t.Errorf("%d reports in 60 s", n)
	}
	for _, got := range reports {
		if got.SSRC != c.last.ssrc || !got.HasNTP || !got.HasBlock || got.Block.Lost != 0 || got.Bye {
			t.Errorf("report %+v", got)
		}
	}
	c.leg.Close()
	r.ticks(1)
	if last := c.reports(); len(last) != 1 || !last[0].Bye {
		t.Errorf("at the end the leg says %+v", last)
	}
}

func TestFarEndsReportsFeedTheQualityRecord(t *testing.T) {
	r := newRig(t, 1)
	c := r.controlled()
	r.e.NewRoom().Update(Change{c.leg.ID(), talks}) // whose every packet is seen
	c.seq += 3                                      // three of the phone's packets are lost on the way
	r.ticks(10)
	c.seq += 3
	for range 12 {
		r.ticks(second)
		if len(c.reports()) > 0 {
			r.ticks(2) // 40 ms on the way and back
			b := c.report()
			c.rtcp.Write(b, &c.to)
		}
	}
	r.ticks(second)
	got := c.leg.Stats()
	if got.RoundTrip <= 0 || got.RoundTrip > 1200*time.Millisecond {
		t.Errorf("round trip %s", got.RoundTrip)
	}
	if got.Lost != 3 {
		t.Errorf("%d packets lost, want 3", got.Lost)
	}
}

// RTCP alone shows that a far end lives; forged RTCP shows nothing, and a
// goodbye from a stranger ends nothing.
func TestRTCPKeepsACallAlive(t *testing.T) {
	for name, want := range map[string]bool{"far end": true, "wrong address": false, "wrong SSRC": false, "short": false} {
		r := newRig(t, 1)
		c := r.controlled()
		r.ticks(second)
		c.voice = nil
		send := func(b []byte) { c.rtcp.Write(b, &c.to) }
		switch name {
		case "wrong address":
			s, err := udp.Listen(netip.MustParseAddrPort("127.0.0.9:0"))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			send = func(b []byte) { s.Write(b, &c.to) }
		case "wrong SSRC":
			c.far.SSRC++
		case "short":
			send = func(b []byte) { c.rtcp.Write(b[:4], &c.to) }
		}
		for range 30 {
			now := r.n * tick
			send(c.far.AppendBye(nil, "phone", r.e.clock.wall(now), now))
			r.ticks(second)
		}
		events := r.kinds(c.phone)
		if alive := events[EventTimeout] == 0; alive != want {
			t.Errorf("%s: alive is %v after 30 s", name, alive)
		}
		if got := r.e.Stats(); !want && got.Strangers+got.Malformed < 29 {
			t.Errorf("%s: only %d packets counted", name, got.Strangers+got.Malformed)
		}
		before := c.packets
		r.ticks(1)
		if c.packets != before+1 {
			t.Errorf("%s: the leg does not send any more", name)
		}
	}
}

// A flood of RTCP costs the tick no more than a few reads.
func TestRTCPFloodIsReadSlowly(t *testing.T) {
	r := newRig(t, 1)
	c := r.controlled()
	r.ticks(second)
	for range 200 {
		c.rtcp.Write([]byte{1, 2, 3, 4}, &c.to)
	}
	before := r.e.Stats().Malformed
	r.ticks(second)
	if got := r.e.Stats().Malformed - before; got != controlReads {
		t.Errorf("%d packets of a flood read in a second, want %d", got, controlReads)
	}
}
