package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Session timers (RFC 4028): both sides notice a far end that vanished without
// a BYE, and one of them refreshes the session before it expires.
const (
	sessionOffer = 1800      // seconds we propose (§4.2)
	sessionMin   = 90        // seconds we accept (§5)
	sessionMax   = 24 * 3600 // seconds of a Min-SE that we believe
)

// sessionHeaders of a request of ours that may refresh the session.
func (d *dialog) sessionHeaders(seconds int) []sip.Header {
	value := strconv.Itoa(seconds)
	if d.Expires > 0 && d.Refresher != "" {
		if d.Refresher == refreshUs {
			value += ";refresher=uac"
		} else {
			value += ";refresher=uas"
		}
	}
	hs := []sip.Header{sip.NewHeader("Session-Expires", value)}
	if d.MinSE > sessionMin { // 90 is what no Min-SE means
		hs = append(hs, sip.NewHeader("Min-SE", strconv.Itoa(d.MinSE)))
	}
	return hs
}

// sessionExpires reads a Session-Expires header, also in its compact form.
func sessionExpires(m interface {
	GetHeader(string) sip.Header
}) (seconds int, refresher string) {
	value := header(m, "Session-Expires")
	if value == "" {
		value = header(m, "x")
	}
	head, params, _ := strings.Cut(value, ";")
	n, err := strconv.Atoi(strings.TrimSpace(head))
	if err != nil || n <= 0 {
		return 0, ""
	}
	for p := range strings.SplitSeq(params, ";") {
		if k, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return min(n, sessionMax), refresher
}

func minSE(m interface {
	GetHeader(string) sip.Header
}) int {
	head, _, _ := strings.Cut(header(m, "Min-SE"), ";")
	n, err := strconv.Atoi(strings.TrimSpace(head))
	if err != nil {
		return 0
	}
	return n
}

// session takes what a 2xx to a request of ours says about the timer. Without
// a word of it there is none (§7.2).
func (c *Call) session(res *sip.Response) {
	d := c.dialog
	n, refresher := sessionExpires(res)
	d.Expires, d.Refresher = n, ""
	if n > 0 {
		d.Refresher = refreshUs
		if refresher == "uas" {
			d.Refresher = refreshThem
		}
	}
	c.armSession()
}

// armSession starts the interval anew.
func (c *Call) armSession() {
	c.ticker.clear(alarmRefresh)
	c.ticker.clear(alarmExpiry)
	n := c.dialog.Expires
	if n == 0 {
		return
	}
	whole := time.Duration(n) * time.Second
	if c.dialog.Refresher == refreshUs {
		c.ticker.set(alarmRefresh, whole/2, c.refresh)
	}
	// §10: BYE a little before the end: 32 s or a third of the interval.
	c.ticker.set(alarmExpiry, whole-min(32*time.Second, whole/3), c.lost)
}

// refresh shows the far end that we are still here: with UPDATE where it is
// taken, else by offering the same session again.
func (c *Call) refresh() {
	if c.phase != up {
		return
	}
	d := c.dialog
	if !d.Updates {
		c.offer(offerOut{sdp: c.lastSDP, refresh: true})
		return
	}
	c.ask(sip.UPDATE, nil, func(res *sip.Response, err error) {
		switch {
		case c.phase != up:
		case dead(res, err):
			c.lost()
		case err == nil && res.StatusCode < 300:
			if e := d.retarget(res.Contact()); e != nil {
				c.agent.stats.malformed.Add(1)
			}
			c.session(res)
			c.tell(Event{Kind: EventDialog, Dialog: d.snapshot()})
		case err == nil && res.StatusCode == 422 && minSE(res) > d.Expires && minSE(res) <= sessionMax:
			d.Expires, d.MinSE = minSE(res), minSE(res)
			c.refresh()
		case err == nil && (res.StatusCode == 405 || res.StatusCode == 501):
			d.Updates = false
			c.refresh()
		default:
			c.refreshLater()
		}
	}, d.sessionHeaders(d.Expires)...)
}

// refreshLater tries a refresh again that was refused for the moment: the far
// end may have been busy with an offer of its own.
func (c *Call) refreshLater() {
	if d := c.dialog; c.phase == up && d.Expires > 0 && d.Refresher == refreshUs {
		c.ticker.set(alarmRefresh, max(time.Duration(d.Expires)*time.Second/20, refreshPause), c.refresh)
	}
}

// refreshPause is the shortest time between two tries.
const refreshPause = 2 * time.Second

// agreeSession refuses an interval below our limit; false when it did.
func (c *Call) agreeSession(req *sip.Request, tx *sip.ServerTx) bool {
	n, _ := sessionExpires(req)
	if n == 0 || n >= sessionMin {
		return true
	}
	c.agent.respond(tx, req, 422, "Session Interval Too Small", nil, sip.NewHeader("Min-SE", strconv.Itoa(sessionMin)))
	return false
}

// sessionAnswer is what our 2xx to the far end's request says: its wish, or
// the old interval with ourselves as the refresher, which it may ignore.
func (d *dialog) sessionAnswer(req *sip.Request) (seconds int, refresher string) {
	n, want := sessionExpires(req)
	switch {
	case n == 0:
		return d.Expires, "uas"
	case want == "uas" || !supports(req, "timer"):
		return n, "uas"
	default:
		return n, "uac"
	}
}

// sessionAgreed takes over what was answered.
func (c *Call) sessionAgreed(req *sip.Request) {
	n, refresher := c.dialog.sessionAnswer(req)
	c.dialog.Expires, c.dialog.Refresher = n, ""
	if n > 0 {
		c.dialog.Refresher = refreshThem
		if refresher == "uas" {
			c.dialog.Refresher = refreshUs
		}
	}
	if allows(req, "UPDATE") {
		c.dialog.Updates = true
	}
	c.armSession()
}

// replyHeaders of our 2xx to a re-INVITE or UPDATE.
func (c *Call) replyHeaders(in *offerIn) []sip.Header {
	hs := []sip.Header{sip.NewHeader("Allow", allowed), sip.NewHeader("Supported", "timer")}
	to := c.agent.nextHop(c.dialog, in.req.Recipient)
	if _, host, port, err := c.agent.local(to); err == nil {
		hs = append(hs, c.agent.contact(to, host, port))
	}
	if n, refresher := c.dialog.sessionAnswer(in.req); n > 0 {
		hs = append(hs, sip.NewHeader("Session-Expires", strconv.Itoa(n)+";refresher="+refresher))
		if refresher == "uac" {
			hs = append(hs, sip.NewHeader("Require", "timer"))
		}
	}
	return hs
}

func supports(m sip.Message, option string) bool {
	for _, name := range []string{"Supported", "k", "Require"} {
		for _, h := range m.GetHeaders(name) {
			if hasToken(h.Value(), option) {
				return true
			}
		}
	}
	return false
}

// hasToken looks for a word in a comma separated header.
func hasToken(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(w), word) {
			return true
		}
	}
	return false
}
