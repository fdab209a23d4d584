//go:build linux && !portable

package media

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func line(body []byte, prefix string) string {
	for l := range strings.SplitSeq(string(body), "\r\n") {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	return ""
}

func TestOfferIsOneSessionWithGrowingVersions(t *testing.T) {
	r := newRig(t, 1)
	p := r.phone(nil)
	offer := func() []byte {
		b, err := p.leg.Offer()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := offer()
	if !bytes.Equal(first, offer()) {
		t.Error("an unchanged offer differs")
	}
	if got, want := line(first, "m="), fmt.Sprintf("m=audio %d RTP/AVP 0 8 101", p.leg.LocalAddr().Port()); got != want {
		t.Errorf("offer says %q, want %q", got, want)
	}
	p.leg.Hold(true)
	held := offer()
	if line(held, "a=sendonly") == "" {
		t.Errorf("an offer of a hold says %s", held)
	}
	p.leg.Hold(false)
	answer, dir, err := p.leg.Answer(p.answer("sendonly"))
	if err != nil || dir != RecvOnly || line(answer, "a=recvonly") == "" {
		t.Errorf("to sendonly: %v %v %s", dir, err, answer)
	}
	var id, last string
	for i, b := range [][]byte{first, held, answer, offer()} {
		o := strings.Fields(line(b, "o="))
		if i > 0 && (o[1] != id || o[2] <= last) {
			t.Errorf("origin %v after session %s version %s", o, id, last)
		}
		id, last = o[1], o[2]
	}
}

func TestDirections(t *testing.T) {
	tests := []struct {
		theirs string
		hold   bool
		want   Direction
	}{
		{"sendrecv", false, SendRecv}, {"sendonly", false, RecvOnly}, {"recvonly", false, SendOnly}, {"inactive", false, Inactive},
		{"sendrecv", true, SendOnly}, {"recvonly", true, SendOnly}, {"sendonly", true, Inactive}, {"inactive", true, Inactive},
	}
	r := newRig(t, 1)
	for _, test := range tests {
		p := r.phone(nil)
		p.leg.Hold(test.hold)
		answer, dir, err := p.leg.Answer(p.answer(test.theirs))
		if err != nil || dir != test.want || line(answer, "a="+test.want.String()) == "" {
			t.Errorf("offer %s, hold %v: %v %v\n%s", test.theirs, test.hold, dir, err, answer)
		}
		if dir, err := p.leg.Accept(p.answer(test.theirs)); err != nil || dir != test.want {
			t.Errorf("answer %s, hold %v: %v %v", test.theirs, test.hold, dir, err)
		}
	}
}

// What cannot be used is refused and changes nothing.
func TestBadDescriptionsChangeNothing(t *testing.T) {
	r := newRig(t, 1)
	p := r.call(nil)
	r.ticks(5)
	good := string(p.answer("sendrecv"))
	tests := map[string]error{
		"":    ErrBadSDP,
		"xxx": ErrBadSDP,
		strings.Replace(good, "RTP/AVP 0", "RTP/AVP 18", 1):        ErrNoCodec,
		strings.ReplaceAll(good, "IN IP4 127.0.0.1", "IN IP6 ::1"): ErrBadSDP,
	}
	for body, want := range tests {
		if _, err := p.leg.Accept([]byte(body)); !errors.Is(err, want) {
			t.Errorf("answer %.40q: %v, want %v", body, err, want)
		}
		if answer, _, err := p.leg.Answer([]byte(body)); !errors.Is(err, want) || answer != nil {
			t.Errorf("offer %.40q: %v, want %v", body, err, want)
		}
	}
	before := p.packets
	r.ticks(5)
	if p.packets != before+5 {
		t.Error("the stream did not go on")
	}
}

// The port in SDP moves: our packets go there at once.
func TestNewAddressInSDP(t *testing.T) {
	r := newRig(t, 1)
	p, q := r.call(tone(1000, -10)), r.phone(nil)
	r.ticks(5)
	if _, err := p.leg.Accept(q.answer("sendrecv")); err != nil {
		t.Fatal(err)
	}
	p.voice, q.hearsLeg = nil, p.leg.LocalAddr()
	old := p.packets
	r.ticks(5)
	q.ssrc, q.to, q.voice = 77, q.rtp.Dest(p.leg.LocalAddr()), tone(1000, -10)
	q.speak()
	r.step()
	if got := p.leg.stream.in.ssrc; got != q.ssrc {
		t.Errorf("SSRC %d from the new address is not believed at once", q.ssrc)
	}
	if q.packets != 5 || p.packets != old {
		t.Errorf("%d packets to the new address and %d to the old", q.packets, p.packets-old)
	}
}

func TestClosedLeg(t *testing.T) {
	r := newRig(t, 2)
	p := r.call(tone(1000, -10))
	room := r.e.NewRoom()
	room.Update(Change{p.leg.ID(), talks})
	r.ticks(5)
	p.leg.Close()
	p.leg.Close()
	if _, err := p.leg.Offer(); !errors.Is(err, ErrClosed) {
		t.Errorf("Offer: %v", err)
	}
	if _, err := p.leg.Accept(p.answer("sendrecv")); !errors.Is(err, ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
	if _, _, err := p.leg.Answer(p.answer("sendrecv")); !errors.Is(err, ErrClosed) {
		t.Errorf("Answer: %v", err)
	}
	p.leg.SetAudio(talks)
	p.leg.Hold(true)
	r.ticks(1)
	sent := p.packets
	r.ticks(5)
	if p.packets != sent {
		t.Error("a closed leg sends")
	}
	if len(room.shares[room.home.id].members) != 0 {
		t.Error("a closed leg is still in its room")
	}
	if got := p.leg.Stats(); got.Sent != uint64(sent) || got.Received == 0 {
		t.Errorf("a closed leg says %+v, its phone got %d", got, sent)
	}
}

func TestClosedEngine(t *testing.T) {
	r := newRig(t, 2)
	p := r.call(nil)
	room := r.e.NewRoom()
	r.e.Close()
	r.e.Close()
	if _, err := r.e.NewLeg(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("NewLeg: %v", err)
	}
	p.leg.SetAudio(talks)
	p.leg.Close()
	room.Update(Change{p.leg.ID(), talks})
	room.Close()
	r.e.NewRoom().Update(Change{1, talks})
}

func TestConfigIsChecked(t *testing.T) {
	addr := netip.MustParseAddr
	bad := map[string]Config{
		"codec":     {Codecs: []string{"G729"}},
		"twice":     {Codecs: []string{"PCMU", "pcmu"}},
		"ports":     {PortMin: 20000, PortMax: 20000},
		"reversed":  {PortMin: 20000, PortMax: 10000},
		"low":       {PortMin: 80, PortMax: 90},
		"one pair":  {PortMin: 20001, PortMax: 20002},
		"workers":   {Workers: -1},
		"timeout":   {Timeout: -time.Second},
		"families":  {Address: addr("127.0.0.1"), Advertise: addr("2001:db8::1")},
		"advertise": {Advertise: addr("0.0.0.0")},
	}
	for name, cfg := range bad {
		if e, err := NewEngine(cfg); err == nil {
			e.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	e, err := NewEngine(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if a := e.cfg.Advertise; !a.Is4() || a.IsUnspecified() {
		t.Errorf("the zero Config advertises %s", a)
	}
}
