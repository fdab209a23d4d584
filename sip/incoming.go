package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/edge"
)

// Incoming is a call to us that rings. One of Answer and Refuse is called
// once; both return at once and may be called from any goroutine. An owner
// that does neither within half a minute has refused.
type Incoming struct {
	Trunk  string // whose address it came from; "" of one that sip.allow alone lets in
	Called string // the number that was dialled, as the carrier writes it; E.164 with its plus where that is sure
	Caller string // E.164 where that is sure; "" is anonymous
	Offer  []byte // the far end's description; nil: it wants ours
	// Gone is closed when the caller has given up before an answer.
	Gone <-chan struct{}
	// Answer picks up with a description: an answer, or an offer where Offer is
	// nil. Events come as those of Dial: EventAnswered follows when the far end
	// has acknowledged, with its answer where we made the offer.
	Answer func(sdp []byte, sink func(Event)) *Call
	// Refuse rejects with a final code from 400 on.
	Refuse func(code int)
}

// WithIncoming says who takes calls to us. It must not block; without it every
// number is unavailable.
func WithIncoming(f func(Incoming)) Option { return func(a *Agent) { a.incoming = f } }

const (
	decideTimeout = 30 * time.Second // for Answer or Refuse
	maxUnanswered = 100              // calls to us that ring at the same time
	busyRetry     = "5"              // seconds: Retry-After of a 503
)

// invited is an INVITE that begins a call. No number is known here: each rings
// in the same way, and in the same time.
func (a *Agent) invited(req *sip.Request, tx *sip.ServerTx) {
	if a.incoming == nil || a.deaf.Load() {
		a.respond(tx, req, 480, "Temporarily Unavailable", nil)
		return
	}
	if bad := unsupported(req); bad != "" { // RFC 3261 §8.2.2.3
		a.respond(tx, req, 420, "Bad Extension", nil, sip.NewHeader("Unsupported", bad))
		return
	}
	if n, _ := sessionExpires(req); n > 0 && n < sessionMin {
		a.respond(tx, req, 422, "Session Interval Too Small", nil, sip.NewHeader("Min-SE", strconv.Itoa(sessionMin)))
		return
	}
	d, err := a.invitedDialog(req)
	if err != nil {
		a.stats.malformed.Add(1)
		a.respond(tx, req, 400, "Bad Request", nil)
		return
	}
	full := func() {
		a.respond(tx, req, 503, "Service Unavailable", nil, sip.NewHeader("Retry-After", busyRetry))
		tx.Terminate() // a flood of them is not remembered
	}
	if a.ringing.Add(1) > maxUnanswered {
		a.ringing.Add(-1)
		full()
		return
	}
	slot, ok := a.takeTrunk(d)
	if !ok {
		a.ringing.Add(-1)
		full()
		return
	}
	c := a.newCall(func(Event) {})
	c.slot, c.dialog = slot, d
	c.trunk, _ = a.trunks.Get(d.Trunk)
	c.callIDs = []string{d.CallID}
	if !a.enterNew(d.CallID, c) { // RFC 3261 §8.2.2.2: it came by another way before
		a.ringing.Add(-1)
		if slot != nil {
			slot.Release()
		}
		c.finis()
		a.stats.active.Add(-1)
		a.respond(tx, req, 482, "Loop Detected", nil)
		return
	}
	in := &offerIn{req: req, tx: tx, first: true, ours: len(req.Body()) == 0, gone: make(chan struct{})}
	req.To().Params.Add("tag", d.Local.Tag) // all our answers have it
	a.wg.Go(func() { c.run(func() { c.ring(in) }) })
}

// enterNew is enter for a Call-ID that must not be there.
func (a *Agent) enterNew(callID string, c *Call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls[callID] != nil {
		return false
	}
	a.calls[callID] = c
	return true
}

// invitedDialog is our side of the dialog that an INVITE begins
// (RFC 3261 §12.1.1): the route set is in the order of the message.
func (a *Agent) invitedDialog(req *sip.Request) (*dialog, error) {
	source, err := netip.ParseAddrPort(req.Source())
	if err != nil {
		return nil, err
	}
	source = unmap(source)
	from, to := req.From(), req.To()
	tag, _ := from.Params.Get("tag")
	d := &dialog{
		Network: strings.ToLower(req.Transport()), Hop: source,
		CallID: req.CallID().Value(), CSeq: 1, RemoteCSeq: req.CSeq().SeqNo,
		Local:   party{URI: to.Address.String(), Tag: token()},
		Remote:  party{URI: from.Address.String(), Tag: tag},
		Target:  from.Address.String(),
		Updates: allows(req, "UPDATE"),
	}
	if tag == "" {
		return nil, errSnapshot
	}
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.Routes = append(d.Routes, rr.Address.String())
		}
	}
	if err := d.retarget(req.Contact()); err != nil {
		return nil, err
	}
	if n, _ := sessionExpires(req); n == 0 {
		d.Expires = sessionOffer // ours is the wish then, and the refreshing (RFC 4028 §9)
	}
	return parseDialog(d.snapshot()) // whatever could not be written later is refused now
}

// takeTrunk finds the trunk that a call comes over, and takes a channel of it:
// of several at the same address one that has a channel free. An address that
// sip.allow alone lets in belongs to no trunk, and is not counted.
func (a *Agent) takeTrunk(d *dialog) (slot *Slot, ok bool) {
	owners := a.trunksAt(d.Hop.Addr())
	for _, name := range owners {
		if slot, ok = a.trunks.Take(name); ok {
			d.Trunk = name
			return slot, true
		}
	}
	return nil, len(owners) == 0
}

// trunksAt are the trunks that an address belongs to.
func (a *Agent) trunksAt(ip netip.Addr) []string {
	if owners := a.gate.Filter.Owners(ip); len(owners) > 0 {
		return owners
	}
	var owners []string
	for _, t := range a.cfg.Trunks {
		for _, p := range t.AllowFrom {
			if p.Contains(ip) {
				owners = append(owners, t.Name)
				break
			}
		}
	}
	return owners
}

// unsupported lists what a request requires and we do not do. A carrier that
// requires reliable provisional answers (100rel) learns that we send none
// that need it.
func unsupported(req *sip.Request) string {
	var bad []string
	for _, h := range req.GetHeaders("Require") {
		for w := range strings.SplitSeq(h.Value(), ",") {
			if w = strings.TrimSpace(w); w != "" && !strings.EqualFold(w, "timer") && edge.ValidHeaderValue(w) == nil {
				bad = append(bad, w)
			}
		}
	}
	return strings.Join(bad, ", ")
}
