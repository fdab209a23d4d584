package carrier

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// SIP timers (RFC 3261 §17.1.1.1): first and longest retransmission interval,
// and how long to go on.
const (
	t1       = 500 * time.Millisecond
	t2       = 4 * time.Second
	giveUpAt = 64 * t1
)

type packet struct {
	msg  sip.Message
	from netip.AddrPort
}

// call is one phone being rung, or ringing us: its script runs in one
// goroutine, which also does the signalling whenever the script waits.
type call struct {
	c      *Carrier
	id     string
	number string
	tag    string
	invite *sip.Request // nil in a call that the phone makes
	dialog dialog
	from   netip.AddrPort // where the other side is
	in     chan packet
	phone  *phone
	sing   voiceKind
	cseq   int    // of our own requests
	byeSeq uint32 // of the BYE received, to tell a second one from a retransmission

	reply  []byte   // last answer to the INVITE, sent again when it comes again
	final  bool     // reply is final
	resend resend   // of a final answer until the ACK
	asked  *pending // our own request under way, or the last one
	ack    []byte   // of our last INVITE

	canceling *pending // the CANCEL of our INVITE under way

	mu  sync.Mutex // guards rec, which other goroutines read
	rec Record
}

func newCall(c *Carrier, invite *sip.Request, from netip.AddrPort) *call {
	k := &call{
		c:      c,
		id:     invite.CallID().Value(),
		number: invite.Recipient.User,
		tag:    sip.GenerateTagN(12),
		invite: invite,
		from:   from,
		in:     make(chan packet, 64),
		cseq:   100,
	}
	k.dialog = answering(invite, from, k.tag)
	k.rec = Record{CallID: k.id, Number: k.number, Script: ScriptFor(k.number).Name, InvitedAt: time.Now()}
	return k
}

func (k *call) run() {
	defer k.c.finish(k)
	defer k.mute()
	k.c.send(respond(k.invite, k.from, 100, "Trying", "").text(), k.from)
	ScriptFor(k.number).play(k)
	k.bye() // the script has nothing more to do; was the call still there?
	k.reject(480, "Temporarily Unavailable")
	// Linger for retransmissions of whatever ended the call.
	k.linger(2 * time.Second)
}

func (k *call) set(f func(*Record)) {
	k.mu.Lock()
	f(&k.rec)
	k.mu.Unlock()
}

func (k *call) record() Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rec
	if k.phone != nil {
		r.Heard = k.phone.ear.report()
		r.Sent = k.phone.sent.Load()
	}
	return r
}

func (k *call) up() bool   { r := k.record(); return r.Up() }
func (k *call) over() bool { r := k.record(); return r.End != "" }

// stay does the signalling for d, or until the call is over.
func (k *call) stay(d time.Duration) {
	end := time.Now().Add(d)
	for !k.over() {
		if !k.turn(end) {
			return
		}
	}
}

// linger answers stragglers after the end.
func (k *call) linger(d time.Duration) {
	end := time.Now().Add(d)
	for k.turn(end) {
	}
}

// turn handles one message or timer; false when the time is up.
func (k *call) turn(end time.Time) bool {
	next := end
	for _, r := range k.resends() {
		if r.next.Before(next) {
			next = r.next
		}
	}
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	select {
	case <-k.c.stop:
		k.end("power cut")
		return false
	case p := <-k.in:
		k.handle(p)
	case now := <-timer.C:
		k.repeat(now)
	}
	return time.Now().Before(end)
}

func (k *call) resends() []*resend {
	var rs []*resend
	if k.resend.text != nil {
		rs = append(rs, &k.resend)
	}
	if k.asked != nil && !k.asked.done && !k.asked.heard {
		rs = append(rs, &k.asked.resend)
	}
	if k.canceling != nil && !k.canceling.done {
		rs = append(rs, &k.canceling.resend)
	}
	return rs
}

func (k *call) repeat(now time.Time) {
	for _, r := range k.resends() {
		if now.Before(r.next) {
			continue
		}
		if now.After(r.until) {
			switch {
			case k.asked != nil && r == &k.asked.resend:
				k.asked.done, k.asked.code = true, 408
			case k.canceling != nil && r == &k.canceling.resend:
				k.canceling.done = true
			default:
				r.text = nil
				k.set(func(rec *Record) { rec.NoACK = true })
			}
			continue
		}
		k.c.send(r.text, k.from)
		r.interval = min(2*r.interval, t2)
		r.next = now.Add(r.interval)
	}
}

func (k *call) handle(p packet) {
	switch m := p.msg.(type) {
	case *sip.Request:
		k.handleRequest(m, p.from)
	case *sip.Response:
		k.handleResponse(m)
	}
}

func (k *call) handleRequest(m *sip.Request, from netip.AddrPort) {
	switch {
	case m.Method == sip.ACK:
		k.resend.text = nil
		k.set(func(r *Record) { r.ACKs++ })
		return
	case !tagged(m) && k.invite == nil: // our own INVITE, back from a loop
		k.c.send(respond(m, from, 482, "Loop Detected", k.tag).text(), from)
		return
	case m.Method == sip.INVITE && !tagged(m) && m.CSeq().SeqNo == k.invite.CSeq().SeqNo:
		k.c.send(k.reply, from) // a retransmission
		return
	case m.Method == sip.CANCEL:
		k.set(func(r *Record) { r.Cancels = 1 }) // a retransmission is no other one
		k.c.send(respond(m, from, 200, "OK", k.tag).text(), from)
		if !k.final {
			k.reject(487, "Request Terminated")
		}
		return
	case m.Method == sip.BYE:
		if cseq := m.CSeq().SeqNo; cseq != k.byeSeq {
			k.byeSeq = cseq
			k.set(func(r *Record) { r.BYEs++ })
		}
		k.end("bye")
		k.c.send(respond(m, from, 200, "OK", k.tag).text(), from)
		return
	case m.Method == sip.INVITE || m.Method == sip.UPDATE:
		k.reoffered(m, from)
		return
	}
	k.c.send(respond(m, from, 200, "OK", k.tag, k.contact()).text(), from)
}

// reoffered answers the bridge's own re-INVITE: hold, resume, session refresh,
// or a call taken up again after a restart.
func (k *call) reoffered(m *sip.Request, from netip.AddrPort) {
	k.from = from
	body := ""
	if k.phone != nil && (m.Method == sip.INVITE || len(m.Body()) > 0) {
		if len(m.Body()) > 0 {
			k.phone.retarget(m.Body())
		}
		body = k.phone.describe(mirror(string(m.Body())))
	}
	k.set(func(r *Record) { r.Reoffers++ })
	k.c.send(respond(m, from, 200, "OK", k.tag, k.contact()).sdp(body).text(), from)
}

func mirror(sdp string) string {
	switch {
	case strings.Contains(sdp, "a=sendonly"):
		return "recvonly"
	case strings.Contains(sdp, "a=recvonly"):
		return "sendonly"
	case strings.Contains(sdp, "a=inactive"):
		return "inactive"
	}
	return "sendrecv"
}

func (k *call) end(how string) {
	k.set(func(r *Record) {
		if r.End == "" {
			r.End, r.EndedAt = how, time.Now()
		}
	})
	k.mute()
}

func (k *call) mute() {
	if k.phone != nil {
		k.c.choir.leave(k.phone)
		k.phone.close()
	}
}
