package sip

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"partyline/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const offerSDP = "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

// rig is an agent and the far ends of its trunks.
type rig struct {
	t     *testing.T
	agent *Agent
	peers []*siptest.Peer
	net   *siptest.Network // in virtual time only
}

// watched is a call and what it told.
type watched struct {
	*Call
	t      *testing.T
	events chan Event
}

// virtual runs a test in virtual time on a network in memory, with one trunk
// for each of n peers: "a", "b", …
func virtual(t *testing.T, n int, f func(*rig), change ...func(*Config)) {
	t.Helper()
	virtualWith(t, n, func(_ *rig, c *Config) {
		for _, f := range change {
			f(c)
		}
	}, f)
}

func virtualWith(t *testing.T, n int, change func(*rig, *Config), f func(*rig), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := siptest.NewNetwork()
		r := &rig{t: t, net: network}
		var trunks []Trunk
		for i := range n {
			pc, err := network.ListenPacket("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			p := siptest.On(t, pc)
			r.peers = append(r.peers, p)
			trunks = append(trunks, Trunk{Name: string(rune('a' + i)), URI: p.URI(), Priority: i, CallerIDs: []string{"+12025550000"}})
		}
		cfg := Config{Listen: []string{"udp:127.0.0.1:0"}, Trunks: trunks}
		change(r, &cfg)
		r.start(cfg, nil, append(opts, WithPacketListener(network.ListenPacket))...)
		t.Cleanup(r.stop)
		f(r)
	})
}

// real runs a test with sockets of the system.
func real(t *testing.T, peer *siptest.Peer, listen string, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, peers: []*siptest.Peer{peer}}
	r.start(Config{Listen: []string{listen}, Trunks: []Trunk{{Name: "a", URI: peer.URI(), CPS: 100000, Channels: 100000, CallerIDs: []string{"+12025550000"}}}}, change)
	t.Cleanup(r.stop)
	return r
}

func (r *rig) start(cfg Config, change []func(*Config), opts ...Option) {
	r.t.Helper()
	for _, f := range change {
		f(&cfg)
	}
	if testing.Verbose() && os.Getenv("SIP_LOG") != "" {
		opts = append(opts, WithLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	a, err := Listen(cfg, opts...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.agent = a
}

func (r *rig) stop() {
	if err := r.agent.Close(); err != nil {
		r.t.Error(err)
	}
	for _, p := range r.peers {
		p.Close()
	}
}

func (r *rig) peer() *siptest.Peer { return r.peers[0] }

func (r *rig) watch() (*watched, func(Event)) {
	w := &watched{t: r.t, events: make(chan Event, 100)}
	return w, func(e Event) { w.events <- e }
}

// dial places a call to +12025550100.
func (r *rig) dial(change ...func(*Request)) *watched {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := r.agent.Reserve(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	req := Request{Number: "+12025550100", Offer: func(string) ([]byte, error) { return []byte(offerSDP), nil }}
	for _, f := range change {
		f(&req)
	}
	w, sink := r.watch()
	w.Call = r.agent.Dial(s, req, sink)
	return w
}

// next event, whatever it is.
func (w *watched) next() Event {
	w.t.Helper()
	t := time.NewTimer(2 * time.Hour)
	if w.agentIsReal() {
		t.Reset(10 * time.Second)
	}
	defer t.Stop()
	select {
	case e := <-w.events:
		return e
	case <-t.C:
		w.t.Fatal("no event came")
		return Event{}
	}
}

func (w *watched) agentIsReal() bool { return w.Call != nil && w.agent.listenPacket == nil }

// want the next events to be of these kinds; the last is returned.
func (w *watched) want(kinds ...EventKind) Event {
	w.t.Helper()
	var e Event
	for _, k := range kinds {
		if e = w.next(); e.Kind != k {
			w.t.Fatalf("event %d (cause %s, code %d %s), want %d", e.Kind, e.Cause, e.Code, e.Phrase, k)
		}
	}
	return e
}

// ended wants the end, with its cause, and nothing after it.
func (w *watched) ended(c Cause) Event {
	w.t.Helper()
	e := w.want(EventEnded)
	if e.Cause != c {
		w.t.Fatalf("ended with %s (%d %s), want %s", e.Cause, e.Code, e.Phrase, c)
	}
	select {
	case late := <-w.events:
		w.t.Fatalf("event %d after the end", late.Kind)
	default:
	}
	return e
}

// quiet wants no event for d.
func (w *watched) quiet(d time.Duration) {
	w.t.Helper()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case e := <-w.events:
		w.t.Fatalf("unexpected event %d (cause %s)", e.Kind, e.Cause)
	case <-t.C:
	}
}

// up brings a call to the answer; it returns the peer's side of it.
func (r *rig) up(w *watched, parts ...siptest.Part) *siptest.Dialog {
	r.t.Helper()
	inv := r.peer().Expect("INVITE")
	inv.Reply(200, append([]siptest.Part{siptest.Body(siptest.SDP)}, parts...)...)
	r.peer().Expect("ACK")
	w.want(EventTrying, EventAnswered)
	return inv.Dialog()
}

// bye expects the call's BYE and takes it.
func (r *rig) bye() *siptest.Incoming {
	r.t.Helper()
	b := r.peer().Expect("BYE")
	b.Reply(200)
	return b
}

// idle waits until no call works any more.
func (r *rig) idle() {
	r.t.Helper()
	for range 200 {
		if r.agent.Stats().Active == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	r.t.Fatalf("%d calls still work", r.agent.Stats().Active)
}
