package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partyline/sip/siptest"
)

// exchange is a carrier whose phones are in this process, down to their RTP
// sockets: the tests that attack a call must know where its sound goes and
// speak in the phone's name.
type exchange struct {
	t       *testing.T
	address string // of the phones
	peer    *siptest.Peer
	tones   []float64   // what every phone listens for
	answer  atomic.Bool // at once; otherwise they ring
	moves   atomic.Bool // every other phone takes another port when it is re-invited

	mu     sync.Mutex
	ready  func(*phone) // each before it rings
	phones []*phone
	calls  map[string]*phone
	stop   chan struct{}
	wg     sync.WaitGroup
}

// startExchange puts phones behind a trunk's address. They speak and listen
// until the end of the test.
func startExchange(t *testing.T, tones ...float64) *exchange {
	t.Helper()
	address := someAddress()
	sip, err := net.ListenPacket("udp4", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, address: address, peer: siptest.On(t, sip), tones: tones, calls: map[string]*phone{}, stop: make(chan struct{})}
	x.peer.Handle(x.handle)
	x.wg.Go(x.speak)
	t.Cleanup(func() {
		close(x.stop)
		x.peer.Close()
		x.mu.Lock()
		for _, p := range x.phones {
			p.close()
		}
		x.mu.Unlock()
		x.wg.Wait()
	})
	return x
}

// prepare says what is done to each phone before it rings.
func (x *exchange) prepare(ready func(*phone)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready = ready
}

// all are the phones that were rung so far, in that order.
func (x *exchange) all() []*phone {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]*phone(nil), x.phones...)
}

// handle takes a SIP request.
func (x *exchange) handle(in *siptest.Incoming) bool {
	if !in.IsRequest() {
		return true
	}
	x.mu.Lock()
	p := x.calls[in.Get("Call-ID")]
	x.mu.Unlock()
	switch in.Method() {
	case "INVITE":
		switch {
		case p == nil:
			x.ring(in)
		case in.Param("To", "tag") == "": // again
		default:
			p.reinvited(in)
		}
	case "ACK":
		if p != nil {
			p.acked.Store(true)
		}
	case "BYE":
		in.Reply(200)
		if p != nil {
			p.ended.Store(true)
		}
	default:
		in.Reply(200)
	}
	return true
}

func (x *exchange) ring(in *siptest.Incoming) {
	bridge, err := soundOf(in.Body)
	if err != nil {
		x.t.Errorf("the bridge's offer: %v", err)
		return
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(in.URI(), "sip:"), "@")
	p := &phone{x: x, number: number, invite: in, ear: newEar(x.tones), stream: newStream()}
	p.bridge.Store(&bridge)
	p.say(silence())
	if err := p.listen(); err != nil {
		x.t.Errorf("no port for a phone: %v", err)
		return
	}
	x.mu.Lock()
	if x.ready != nil {
		x.ready(p)
	}
	x.calls[in.Get("Call-ID")] = p
	x.phones = append(x.phones, p)
	x.mu.Unlock()
	in.Reply(180)
	if x.answer.Load() {
		p.pickUp()
	}
}

// speak sends a frame of every phone that is off the hook each 20 ms, and an
// answer again that was not acknowledged.
func (x *exchange) speak() {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 1; ; n++ {
		select {
		case <-x.stop:
			return
		case <-timer.C:
		}
		for _, p := range x.all() {
			if p.speaks(time.Now()) {
				p.speak()
			}
			if n%25 == 0 && p.answered.Load() && !p.acked.Load() {
				p.invite.Reply(200, siptest.Body(p.describe("sendrecv")))
			}
		}
		next = next.Add(20 * time.Millisecond)
		timer.Reset(time.Until(next))
	}
}

// soundOf finds the address in a session description, and its direction must
// not matter for that.
func soundOf(sdp string) (netip.AddrPort, error) {
	var addr netip.Addr
	port := 0
	for line := range strings.Lines(sdp) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			addr, _ = netip.ParseAddr(rest)
		}
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok {
			port, _ = strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	if !addr.IsValid() || port <= 0 || port > 65535 {
		return netip.AddrPort{}, fmt.Errorf("no address in %q", sdp)
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// someAddress is an address of the loopback, which has 16 million of them,
// that no other test uses: what is sent to a port on 127.0.0.1 may be meant for
// who had that port before.
func someAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

func listenOn(address string, port int) (*net.UDPConn, error) {
	return net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(address), Port: port})
}

// pair opens sockets for RTP and RTCP, one port above.
func pair(address string) (rtp, rtcp *net.UDPConn, err error) {
	for range 100 {
		if rtp, err = listenOn(address, 0); err != nil {
			return nil, nil, err
		}
		if rtcp, err = listenOn(address, rtp.LocalAddr().(*net.UDPAddr).Port+1); err == nil {
			return rtp, rtcp, nil
		}
		_ = rtp.Close()
	}
	return nil, nil, err
}
