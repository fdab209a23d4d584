package carrier

import (
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// resend is a message repeated at doubling intervals until it is acknowledged.
type resend struct {
	text     []byte
	next     time.Time
	interval time.Duration
	until    time.Time
}

func newResend(text []byte) resend {
	now := time.Now()
	return resend{text: text, interval: t1, next: now.Add(t1), until: now.Add(giveUpAt)}
}

// pending is a request of ours that waits for its final answer.
type pending struct {
	method string
	cseq   int
	resend
	heard    bool // a provisional answer came: it is not repeated any more
	canceled bool
	done     bool
	code     int
	body     []byte // of the final answer
}

// begin sends a request of ours, and repeats it while the call takes turns.
func (k *call) begin(method, body string, headers ...string) *pending {
	k.cseq++
	q := &pending{method: method, cseq: k.cseq}
	q.resend = newResend(k.compose(method, k.branch(method, k.cseq), k.cseq, body, headers...))
	k.asked = q
	k.c.send(q.text, k.from)
	return q
}

// ask sends a request of ours and waits for its final answer.
func (k *call) ask(method, body string) int {
	if k.over() {
		return 0
	}
	q := k.begin(method, body)
	for end := time.Now().Add(giveUpAt); !q.done && k.turn(end); {
	}
	return q.code
}

// handleResponse takes an answer to a request of ours.
func (k *call) handleResponse(m *sip.Response) {
	cseq := m.CSeq()
	if cseq == nil || m.To() == nil {
		return
	}
	if q := k.canceling; q != nil && cseq.MethodName == sip.CANCEL {
		q.done = q.done || m.StatusCode >= 200
		return
	}
	q := k.asked
	if q == nil || int(cseq.SeqNo) != q.cseq || string(cseq.MethodName) != q.method {
		return
	}
	switch {
	case q.done:
		if q.method == "INVITE" && m.StatusCode >= 200 { // our ACK was lost
			k.c.send(k.ack, k.from)
		}
		return
	case m.StatusCode < 200:
		if q.method == "INVITE" {
			q.heard = true
			if m.StatusCode > 100 {
				k.set(func(r *Record) {
					if r.RangAt.IsZero() {
						r.RangAt = time.Now()
					}
				})
			}
		}
		return
	}
	q.done, q.code, q.body = true, m.StatusCode, m.Body()
	if q.method == "INVITE" {
		k.acknowledge(q, m)
	}
}

// acknowledge sends the ACK of a final answer. That of a success begins the
// dialog, or moves it, and is a request of its own; that of a refusal belongs
// to the INVITE's transaction (RFC 3261 §13.2.2.4, §17.1.1.3).
func (k *call) acknowledge(q *pending, m *sip.Response) {
	branch := k.branch("INVITE", q.cseq)
	if k.invite == nil && !k.dialog.up {
		k.dialog.remote = m.To().Value()
	}
	if m.StatusCode < 300 {
		branch = k.branch("ACK", q.cseq)
		if contact := m.Contact(); contact != nil {
			k.dialog.target = contact.Address.String()
		}
		if k.invite == nil && !k.dialog.up { // RFC 3261 §12.1.2
			for _, h := range m.GetHeaders("Record-Route") {
				k.dialog.routes = append(k.dialog.routes, h.Value())
			}
			slices.Reverse(k.dialog.routes)
		}
		k.dialog.up = true
	}
	k.ack = k.compose("ACK", branch, q.cseq, "")
	k.c.send(k.ack, k.from)
}
