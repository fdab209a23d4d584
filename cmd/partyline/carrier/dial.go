package carrier

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Dial is a phone that calls: it lets a number of the peer's ring, and once
// that is answered it speaks its tone, types keys at their times and stays on
// the line.
type Dial struct {
	// Peer is the UDP address of whoever is called.
	Peer netip.AddrPort
	// To is the number that is dialled: digits, perhaps after a plus.
	To string
	// From is the phone's own number, which also chooses its tone. Empty: the
	// caller withholds it (RFC 3323, Privacy: id).
	From string
	// Keys are typed at their times, as RFC 4733 events.
	Keys []Keys
	// Ring is for how long the phone waits for an answer before it gives up; 0: a minute.
	Ring time.Duration
	// Stay is how long after the answer the phone hangs up; 0: Options.Patience.
	Stay time.Duration
}

// Keys is a run of keys that a phone types.
type Keys struct {
	After time.Duration // since the answer; at once when the run before takes longer
	Keys  string        // of 0123456789*#ABCD
}

const (
	defaultRing  = time.Minute
	maxDialled   = 5000 // calls of a carrier under way, of either direction
	maxKeyRuns   = 100
	maxKeysInRun = 100
)

// ErrBusy is returned for a phone too many.
var ErrBusy = errors.New("carrier: too many calls at once")

var (
	dialable = regexp.MustCompile(`^\+?[0-9]{1,20}$`)
	typeable = regexp.MustCompile(`^[0-9*#A-D]*$`)
)

func (d Dial) check() error {
	switch {
	case !d.Peer.IsValid() || d.Peer.Port() == 0:
		return errors.New("carrier: peer: an address and a port are needed")
	case !dialable.MatchString(d.To):
		return errors.New("carrier: to: a number is digits, perhaps after a plus sign")
	case d.From != "" && !dialable.MatchString(d.From):
		return errors.New("carrier: from: a number is digits, perhaps after a plus sign")
	case len(d.Keys) > maxKeyRuns:
		return fmt.Errorf("carrier: keys: at most %d runs", maxKeyRuns)
	case d.Ring < 0 || d.Stay < 0:
		return errors.New("carrier: a time below zero")
	}
	for _, k := range d.Keys {
		if k.After < 0 || len(k.Keys) > maxKeysInRun || !typeable.MatchString(k.Keys) {
			return fmt.Errorf("carrier: keys: at most %d of 0-9, *, # and A-D, at a time from zero on", maxKeysInRun)
		}
	}
	return nil
}

// Dial makes a phone call and returns its Call-ID at once; Calls tells what
// becomes of it. The error says what is wrong with d, or is ErrBusy.
func (c *Carrier) Dial(d Dial) (callID string, err error) {
	if err := d.check(); err != nil {
		return "", err
	}
	d.Peer = netip.AddrPortFrom(d.Peer.Addr().Unmap(), d.Peer.Port())
	d.Keys = slices.SortedStableFunc(slices.Values(d.Keys), func(a, b Keys) int { return int(a.After - b.After) })
	if d.Ring == 0 {
		d.Ring = defaultRing
	}
	if d.Stay == 0 {
		d.Stay = c.opts.Patience
	}
	k := dialled(c, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return "", errors.New("carrier: closed")
	}
	if len(c.calls) >= maxDialled {
		return "", ErrBusy
	}
	c.calls[k.id] = k
	c.wg.Go(func() { k.runDialled(d) })
	return k.id, nil
}

// dialled is the calling side of a call before anybody has answered it.
func dialled(c *Carrier, d Dial) *call {
	k := &call{
		c:      c,
		id:     sip.GenerateTagN(16) + "@carrier",
		number: d.From,
		tag:    sip.GenerateTagN(12),
		from:   d.Peer,
		in:     make(chan packet, 64),
		cseq:   100,
		final:  true, // there is nothing of theirs to answer
	}
	self := fmt.Sprintf("<sip:%s@%s>", d.From, c.addr)
	if d.From == "" {
		self = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	}
	k.dialog = dialog{
		local:  self + ";tag=" + k.tag,
		remote: fmt.Sprintf("<sip:%s@%s>", d.To, d.Peer),
		target: fmt.Sprintf("sip:%s@%s", d.To, d.Peer),
	}
	k.rec = Record{CallID: k.id, Number: d.From, Dialled: d.To, Script: "calls in", InvitedAt: time.Now()}
	return k
}

// runDialled is the whole of a call that a phone makes.
func (k *call) runDialled(d Dial) {
	defer k.c.finish(k)
	defer k.mute()
	p, err := openPhone(k)
	if err != nil {
		k.c.opts.Log.Warn("phone cannot call", "err", err)
		k.end("no audio")
		return
	}
	k.take(p)
	k.invitePeer(d)
	answered := time.Now()
	for _, t := range d.Keys {
		k.stay(time.Until(answered.Add(t.After)))
		k.press(t.Keys)
	}
	k.stay(time.Until(answered.Add(d.Stay)))
	k.bye()
	k.linger(2 * time.Second)
}

// invitePeer rings the peer until there is an answer or the phone gives up.
// Afterwards the call is up, or over.
func (k *call) invitePeer(d Dial) {
	var headers []string
	if d.From == "" {
		headers = append(headers, "Privacy: id")
	} else {
		headers = append(headers, "P-Asserted-Identity: "+strings.TrimSuffix(k.dialog.local, ";tag="+k.tag))
	}
	q := k.begin("INVITE", k.phone.describe("sendrecv"), headers...)
	for end := time.Now().Add(d.Ring); !q.done && k.turn(end); {
	}
	if !q.done && !k.over() {
		k.cancel(q)
	}
	switch {
	case k.over():
	case q.code >= 200 && q.code < 300 && q.canceled: // it crossed the CANCEL
		k.ask("BYE", "")
		k.end("gave up")
	case q.code >= 200 && q.code < 300:
		if err := k.phone.agree(q.body); err != nil {
			k.c.opts.Log.Warn("phone cannot take the answer", "err", err)
			k.ask("BYE", "")
			k.end("no audio")
			return
		}
		k.set(func(r *Record) { r.AnsweredAt = time.Now() })
		k.c.choir.join(k.phone)
	case q.canceled:
		k.set(func(r *Record) { r.Refused = q.code })
		k.end("gave up")
	default:
		k.set(func(r *Record) { r.Refused = q.code })
		k.end("refused")
	}
}

// cancel gives up an INVITE and waits for its final answer. A CANCEL may only
// go out once the peer has said something (RFC 3261 §9.1), and it repeats
// like any request until it is answered itself.
func (k *call) cancel(q *pending) {
	end := time.Now().Add(giveUpAt)
	for !q.done && !q.heard && k.turn(end) {
	}
	if q.done || k.over() {
		return
	}
	q.canceled = true
	k.canceling = &pending{method: "CANCEL", cseq: q.cseq}
	k.canceling.resend = newResend(k.compose("CANCEL", k.branch("INVITE", q.cseq), q.cseq, ""))
	k.c.send(k.canceling.text, k.from)
	for end := time.Now().Add(giveUpAt); !q.done && k.turn(end); {
	}
	k.canceling = nil
}
