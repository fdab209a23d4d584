package edge

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"
)

// Gate looks at every message before the SIP parser's owner does. One Gate
// stands before all sockets; it is safe for concurrent use.
type Gate struct {
	Filter *Filter
	Guard  Guard

	key   []byte // of the To tags of stateless answers
	stats [countersLen]atomic.Uint64
}

// NewGate makes a Gate for the addresses of f.
func NewGate(f *Filter) *Gate {
	g := &Gate{Filter: f, key: make([]byte, 32)}
	_, _ = rand.Read(g.key) // never fails (crypto/rand)
	return g
}

// Decision about one message. With neither Pass nor Reply it is dropped in
// silence.
type Decision struct {
	Pass    []byte         // the message to go on with: the bytes given, or a plainer form of them
	Reply   []byte         // to be sent back at once
	ReplyTo netip.AddrPort // where Reply goes over UDP; over TCP and TLS it takes its connection
	Why     string         // it did not pass; holds nothing the sender wrote
}

// Admit judges one whole message: a datagram, or what the length of the
// message says on a stream. network is "UDP", "TCP" or "TLS". A fault while
// doing so costs this message and is counted.
func (g *Gate) Admit(network string, from netip.AddrPort, b []byte) (d Decision) {
	defer func() {
		if p := recover(); p != nil {
			g.count(panics)
			d = Decision{Why: "fault"}
		}
	}()
	if !g.Filter.Allowed(from.Addr()) {
		g.count(refused)
		return Decision{Why: "source"}
	}
	if !g.Filter.message(from.Addr()) {
		g.count(flooded)
		return Decision{Why: "flood"}
	}
	b = bytes.TrimLeft(b, "\r\n")            // RFC 3261 §7.5
	if len(bytes.Trim(b, "\r\n\x00")) == 0 { // keep-alive (RFC 5626 §3.5.1)
		return Decision{Why: "keep-alive"}
	}
	limit := MaxStream
	if strings.EqualFold(network, "UDP") {
		limit = MaxDatagram
	}
	tooLong := len(b) > limit
	m, err := take(b[:min(len(b), limit)])
	if strings.HasPrefix(strings.ToUpper(m.start), "SIP/") {
		return g.response(m, err, tooLong, b)
	}
	return g.request(m, err, tooLong, from, b)
}

func (g *Gate) request(m *message, err error, tooLong bool, from netip.AddrPort, b []byte) Decision {
	method, _, _ := strings.Cut(m.start, " ")
	if !isToken(method) {
		g.count(malformed)
		return Decision{Why: "not SIP"}
	}
	r := &request{message: m}
	_, inDialog := param(m.first("to"), "tag")
	var f *Refusal
	switch {
	case method != "ACK" && method != "CANCEL" && !inDialog && !g.Filter.call(from.Addr()):
		f = &Refusal{Code: 503, Phrase: "Service Unavailable", Headers: []string{"Retry-After: 1"}, Why: "flood"}
	case tooLong:
		f = &Refusal{Code: 413, Phrase: "Request Entity Too Large", Why: "message size"}
	default:
		f = g.Guard.check(r, err)
	}
	if f == nil {
		good := r.normal(b, from)
		if err := parse(good); err == nil {
			g.count(passed)
			return Decision{Pass: good}
		}
		f = bad("parser")
	}
	d := Decision{Why: f.Why}
	if method != "ACK" { // an ACK is never answered
		d.Reply, d.ReplyTo = m.reply(f, from, g.key), m.replyTo(from)
	}
	switch {
	case f.Code == 503:
		g.count(flooded)
	case d.Reply == nil || f.Code == 400:
		g.count(malformed)
	}
	if d.Reply != nil {
		g.count(answered)
	}
	return d
}

var errParser = errors.New("parser fault")

// parse asks the parser behind whether it will understand the message too, so
// that it never complains later, with the message in its log.
func parse(b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errParser, p)
		}
	}()
	_, err = sip.ParseMessage(b)
	return err
}

// response passes what can be an answer to one of our requests: it has one
// Via, ours (RFC 3261 §8.1.3.3).
func (g *Gate) response(m *message, err error, tooLong bool, b []byte) Decision {
	if !tooLong && err == nil && validResponse(m) {
		if good := m.normal(b); parse(good) == nil {
			g.count(passed)
			return Decision{Pass: good}
		}
	}
	g.count(malformed)
	return Decision{Why: "response"}
}

func validResponse(m *message) bool {
	version, rest, _ := strings.Cut(m.start, " ")
	code, _, space := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if !strings.EqualFold(version, "SIP/2.0") || !space || len(code) != 3 || err != nil || n < 100 || n > 699 {
		return false
	}
	r := &request{message: m}
	if sizes(r) != nil || mandatory(r) != nil || length(r) != nil || addresses(r) != nil || len(m.vias) != 1 {
		return false
	}
	f := words(m.first("cseq"))
	if len(f) != 2 || !isToken(f[1]) {
		return false
	}
	_, err = strconv.ParseUint(f[0], 10, 31)
	return err == nil
}
