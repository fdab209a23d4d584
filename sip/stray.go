package sip

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Bounds of the strangers remembered.
const (
	strayMemory = 64 * time.Second // twice the time a 2xx is repeated (RFC 3261 §13.3.1.4)
	strayLimit  = 16384
	strayGrace  = 10 * time.Second // after the start: calls are being recovered
)

// strays are answers that nobody waits for: the second phone of a fork, a 200
// that crossed our CANCEL, one that came after another trunk was tried, one to
// an INVITE of the process before. Each costs money until it is hung up.
type strays struct {
	mu    sync.Mutex
	seen  map[ackKey]*strayCall
	ended map[string]time.Time // Call-IDs of calls that are over, until when
	purge time.Time            // when to look for old ones next
}

type strayCall struct {
	ack   *sip.Request
	until time.Time
}

// stray takes a 2xx with ACK and hangs up with BYE; when it comes again, with
// ACK alone. All it needs is in the answer itself. trunk is "" for an answer
// to a call we know nothing of.
func (a *Agent) stray(res *sip.Response, trunk string) {
	d, err := strayDialog(res, trunk)
	if err != nil {
		a.stats.malformed.Add(1)
		return
	}
	ack, err := a.compose(d, sip.ACK, d.CSeq, nil, "")
	if err != nil {
		a.stats.malformed.Add(1)
		return
	}
	key := ackKey{callID: d.CallID, tag: d.Remote.Tag, cseq: d.CSeq}
	if old := a.strays.enter(key, ack); old != nil {
		a.stats.retransmits.Add(1)
		a.write(old, "")
		return
	}
	if trunk == "" && time.Since(a.started) < strayGrace && !a.strays.over(d.CallID) {
		a.strays.forget(key)
		return
	}
	a.stats.strays.Add(1)
	a.log.Warn("an answer nobody waited for is hung up", "trunk", trunk, "call_id", d.CallID)
	a.write(ack, "")
	a.strayBye(d, &credentials{})
}

// enter remembers a stranger; it returns the ACK of one that is known.
func (s *strays) enter(key ackKey, ack *sip.Request) *sip.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.seen[key]; old != nil {
		return old.ack
	}
	s.add(key, ack)
	return nil
}

// inherit takes over a call that is done: the answers it acknowledged, for
// when one comes again, and its Call-IDs, for when a new one comes.
func (s *strays) inherit(callIDs []string, acks map[ackKey]*sip.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, ack := range acks {
		s.add(key, ack)
	}
	if s.ended == nil {
		s.ended = map[string]time.Time{}
	}
	s.sweep()
	for _, id := range callIDs {
		s.ended[id] = time.Now().Add(strayMemory)
	}
}

// over says that a call of that Call-ID was ours and has ended.
func (s *strays) over(callID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.ended[callID]
	return ok
}

func (s *strays) add(key ackKey, ack *sip.Request) {
	if s.seen == nil {
		s.seen = map[ackKey]*strayCall{}
	}
	s.sweep()
	s.seen[key] = &strayCall{ack: ack, until: time.Now().Add(strayMemory)}
}

// sweep forgets what is old, now and then; and whatever comes first where
// there is too much.
func (s *strays) sweep() {
	now := time.Now()
	if now.Before(s.purge) && len(s.seen) < strayLimit && len(s.ended) < strayLimit {
		return
	}
	for k, c := range s.seen {
		if c.until.Before(now) || len(s.seen) >= strayLimit {
			delete(s.seen, k)
		}
	}
	for id, until := range s.ended {
		if until.Before(now) || len(s.ended) >= strayLimit {
			delete(s.ended, id)
		}
	}
	s.purge = now.Add(strayMemory)
}

func (s *strays) forget(key ackKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, key)
}

func (a *Agent) strayBye(d *dialog, creds *credentials) {
	d.CSeq++
	req, err := a.compose(d, sip.BYE, d.CSeq, nil, "")
	if err != nil {
		return
	}
	creds.sign(req)
	a.parting.begin()
	a.exchange(req, d.Host, nil, func(res *sip.Response, err error) {
		if err == nil && res.IsProvisional() {
			return
		}
		defer a.parting.end()
		if err != nil || (res.StatusCode != 401 && res.StatusCode != 407) {
			return
		}
		if t, ok := a.trunks.Get(d.Trunk); ok && creds.answer(res, t) {
			a.strayBye(d, creds)
		}
	})
}

// strayDialog reads our side of a dialog out of an answer.
func strayDialog(res *sip.Response, trunk string) (*dialog, error) {
	from, to, callID, cseq := res.From(), res.To(), res.CallID(), res.CSeq()
	if from == nil || to == nil || callID == nil || cseq == nil {
		return nil, errors.New("answer without its headers")
	}
	src, err := netip.ParseAddrPort(res.Source())
	if err != nil {
		return nil, err
	}
	tag, _ := from.Params.Get("tag")
	d := &dialog{
		Trunk: trunk, Network: strings.ToLower(res.Transport()), Hop: unmap(src),
		CallID: callID.Value(), CSeq: cseq.SeqNo,
		Local:  party{URI: from.Address.String(), Tag: tag},
		Remote: party{URI: to.Address.String()},
		Target: to.Address.String(),
	}
	return d.establish(res)
}

// write sends a request that has no transaction: the ACK of a 2xx.
func (a *Agent) write(req *sip.Request, host string) {
	to, err := destination(req, host)
	if err != nil || safe(req) != nil {
		return
	}
	if to.network == "udp" {
		_ = a.tpl.WriteMsg(req) // lost or not, the 2xx comes again
		return
	}
	a.wg.Go(func() {
		if a.connect(a.ctx, to) == nil {
			_ = a.tpl.WriteMsg(req)
		}
	})
}
