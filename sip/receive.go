package sip

import (
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// arrived sees every message in the order the sockets gave them, before sipgo
// hands each to a goroutine of its own. Answers to INVITEs are taken here: in
// order, however many, and whether or not a transaction still waits for them.
// Final refusals come through the transaction, which acknowledges them.
func (a *Agent) arrived(msg sip.Message) {
	defer a.survive(nil)
	res, ok := msg.(*sip.Response)
	if !ok || res.StatusCode >= 300 {
		return
	}
	cseq, callID := res.CSeq(), res.CallID()
	if cseq == nil || callID == nil || cseq.MethodName != sip.INVITE {
		return
	}
	c := a.call(callID.Value())
	if c == nil {
		if res.IsSuccess() {
			a.stray(res, "")
		}
		return
	}
	if !c.box.put(func() { c.inviteAnswered(res) }) {
		a.stats.dropped.Add(1) // a 2xx comes again until it is acknowledged
	}
}

// request takes a request from the wire to its call.
func (a *Agent) request(req *sip.Request, tx *sip.ServerTx) {
	defer a.survive(func() { a.respond(tx, req, 500, "Server Internal Error", nil) })
	callID, to := req.CallID(), req.To()
	if callID == nil || to == nil || req.From() == nil || req.CSeq() == nil {
		a.stats.malformed.Add(1)
		a.respond(tx, req, 400, "Bad Request", nil)
		return
	}
	if tag, _ := to.Params.Get("tag"); tag == "" {
		a.outOfDialog(req, tx)
		return
	}
	c := a.call(callID.Value())
	switch {
	case c == nil:
		a.noDialog(req, tx)
	case !c.box.put(func() { c.requested(req, tx) }):
		a.stats.dropped.Add(1)
		a.respond(tx, req, 500, "Server Internal Error", nil, sip.NewHeader("Retry-After", "1"))
	}
}

// noDialog answers a request in a dialog we do not have.
func (a *Agent) noDialog(req *sip.Request, tx *sip.ServerTx) {
	switch req.Method {
	case sip.ACK:
		tx.Terminate()
	case sip.REFER:
		a.respond(tx, req, 603, "Decline", nil)
	case sip.INVITE, sip.BYE, sip.UPDATE, sip.PRACK, sip.INFO, sip.OPTIONS, sip.CANCEL:
		a.respond(tx, req, 481, "Call/Transaction Does Not Exist", nil)
	default:
		a.refuseMethod(req, tx)
	}
}

// outOfDialog answers a request that begins something.
func (a *Agent) outOfDialog(req *sip.Request, tx *sip.ServerTx) {
	switch req.Method {
	case sip.INVITE:
		a.invited(req, tx)
	case sip.OPTIONS:
		a.respond(tx, req, 200, "OK", nil, sip.NewHeader("Allow", allowed),
			sip.NewHeader("Accept", contentSDP), sip.NewHeader("Supported", "timer, 100rel"))
	default:
		a.noDialog(req, tx)
	}
}

func (a *Agent) refuseMethod(req *sip.Request, tx *sip.ServerTx) {
	a.respond(tx, req, 405, "Method Not Allowed", nil, sip.NewHeader("Allow", allowed))
}

// respond sends a response with headers of ours; false when it did not go out
// or the far end has canceled its request meanwhile.
func (a *Agent) respond(tx *sip.ServerTx, req *sip.Request, code int, phrase string, body []byte, headers ...sip.Header) bool {
	if req.IsAck() {
		tx.Terminate()
		return false
	}
	if errors.Is(tx.Err(), sip.ErrTransactionCanceled) {
		return false // it has its 487, which sipgo would repeat as what is said here
	}
	res := sip.NewResponseFromRequest(req, code, phrase, nil)
	res.SipVersion = "SIP/2.0"
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if len(body) > 0 {
		ct := sip.ContentTypeHeader(contentSDP)
		res.AppendHeader(&ct)
	}
	res.SetBody(body)
	if safe(res) != nil {
		tx.Terminate()
		return false
	}
	if !sip.IsReliable(res.Transport()) && len(res.String()) > maxUDP {
		return a.respondLong(tx, res)
	}
	return tx.Respond(res) == nil
}

// respondLong sends a response that sipgo refuses for its length. A response
// goes back the way its request came, however long it is (RFC 3261 §18.2.2);
// that of a carrier whose request came over ten proxies has all their Vias.
// Where the short header names do not help it leaves without its transaction,
// which then has nothing more to do.
func (a *Agent) respondLong(tx *sip.ServerTx, res *sip.Response) bool {
	res.CompactHeaders = true
	if len(res.String()) <= maxUDP {
		return tx.Respond(res) == nil
	}
	defer tx.Terminate()
	to, err := netip.ParseAddrPort(res.Destination())
	if err != nil {
		return false
	}
	for _, s := range a.sockets {
		if pc, ok := s.closer.(net.PacketConn); ok && s.bound.Addr().Is4() == to.Addr().Unmap().Is4() {
			_, err := pc.WriteTo([]byte(res.String()), net.UDPAddrFromAddrPort(to))
			return err == nil
		}
	}
	return false
}

// survive keeps a fault in the handling of one message from ending the rest.
func (a *Agent) survive(after func()) {
	p := recover()
	if p == nil {
		return
	}
	a.stats.panics.Add(1)
	a.log.Error("a fault while handling a SIP message; the message is lost, other calls go on",
		"fault", p, "stack", string(debug.Stack()))
	if after != nil {
		defer func() { _ = recover() }()
		after()
	}
}

// header is the first value of a header of a message, "" without one.
func header(m interface {
	GetHeader(string) sip.Header
}, name string) string {
	if h := m.GetHeader(name); h != nil {
		return strings.TrimSpace(h.Value())
	}
	return ""
}
