package load

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"partyline/cmd/partyline/bench/plan"
)

// farEnd answers every call at once: ringing and a 200 in one go. One
// goroutine does all of it.
type farEnd struct {
	conn *net.UDPConn
	addr netip.AddrPort
	done chan struct{}

	mu    sync.Mutex
	legs  []*leg
	calls map[string]*answered // by Call-ID
	up    int
	stats Signalling
}

// answered is a call whose 200 has gone out.
type answered struct {
	leg   *leg
	reply []byte
	acked bool
	ended bool
}

// Signalling is what the far end saw.
type Signalling struct {
	Invites  int     `json:"invites"`  // calls, without repeats
	Repeats  int     `json:"repeats"`  // INVITEs that came again
	Answered int     `json:"answered"` // acknowledged
	Refused  int     `json:"refused"`  // that made no sense
	Ended    int     `json:"ended"`    // by BYE
	Up       int     `json:"up"`
	Seconds  float64 `json:"seconds"` // from the first INVITE to the last ACK
	first    time.Time
}

func listenSIP() (*farEnd, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(8 << 20) // a thousand calls may come in one burst
	_ = conn.SetWriteBuffer(8 << 20)
	f := &farEnd{conn: conn, addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), done: make(chan struct{}), calls: map[string]*answered{}}
	go f.receive()
	return f, nil
}

func (f *farEnd) close() {
	_ = f.conn.Close()
	<-f.done
}

func (f *farEnd) staff(legs []*leg) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.legs = legs
}

func (f *farEnd) signalling() Signalling {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Up = f.up
	return s
}

func (f *farEnd) receive() {
	defer close(f.done)
	buf := make([]byte, 64<<10)
	for {
		n, from, err := f.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m, ok := parse(buf[:n])
		if !ok {
			continue
		}
		f.mu.Lock()
		f.handle(&m, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		f.mu.Unlock()
	}
}

func (f *farEnd) send(b []byte, to netip.AddrPort) { _, _ = f.conn.WriteToUDPAddrPort(b, to) }

func (f *farEnd) contact() string { return "sip:load@" + f.addr.String() }

func (f *farEnd) handle(m *message, from netip.AddrPort) {
	k := f.calls[m.callID]
	reply := func(code int, phrase, sdp string) []byte {
		b := m.answer(code, phrase, "t"+m.callID, f.contact(), from, sdp)
		f.send(b, from)
		return b
	}
	switch {
	case m.method == "ACK":
		f.acknowledged(k)
	case m.method == "INVITE" && !m.inDialog:
		f.invited(m, k, from, reply)
	case k == nil && m.method == "OPTIONS":
		reply(200, "OK", "")
	case k == nil:
		reply(481, "Call/Transaction Does Not Exist", "")
	case m.method == "BYE":
		f.hungUp(k)
		reply(200, "OK", "")
	case m.method == "INVITE" || m.method == "UPDATE" && len(m.body) > 0:
		if to, ok := target(m.body); ok {
			dest := k.leg.rtp.Dest(to)
			if cur := k.leg.dest.Load(); cur == nil || *cur != dest {
				k.leg.dest.Store(&dest)
			}
		}
		reply(200, "OK", describe(k.leg.rtp.Local(), m.body))
	default: // CANCEL comes too late: the call was answered at once
		reply(200, "OK", "")
	}
}

func (f *farEnd) invited(m *message, k *answered, from netip.AddrPort, reply func(int, string, string) []byte) {
	if k != nil {
		f.stats.Repeats++
		f.send(k.reply, from)
		return
	}
	i := plan.Index(m.user)
	to, ok := target(m.body)
	if i < 0 || i >= len(f.legs) || !ok {
		f.stats.Refused++
		reply(488, "Not Acceptable Here", "")
		return
	}
	if f.stats.Invites++; f.stats.Invites == 1 {
		f.stats.first = time.Now()
	}
	k = &answered{leg: f.legs[i]}
	f.calls[m.callID] = k
	reply(180, "Ringing", "")
	k.reply = reply(200, "OK", describe(k.leg.rtp.Local(), m.body))
	dest := k.leg.rtp.Dest(to)
	k.leg.dest.Store(&dest)
}

func (f *farEnd) acknowledged(k *answered) {
	if k == nil || k.acked {
		return
	}
	k.acked = true
	f.up++
	f.stats.Answered++
	f.stats.Seconds = time.Since(f.stats.first).Seconds()
}

func (f *farEnd) hungUp(k *answered) {
	if k.ended {
		return
	}
	k.ended = true
	f.stats.Ended++
	if k.acked {
		f.up--
	}
	k.leg.dest.Store(nil)
}
