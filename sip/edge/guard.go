package edge

import (
	"slices"
	"strconv"
	"strings"
)

// Refusal is the answer to a request that must not reach a call.
type Refusal struct {
	Code    int
	Phrase  string
	Headers []string // further header lines, "Name: value"
	Why     string   // for counters and logs; holds nothing the sender wrote
}

// Methods we take requests of. REFER is declined: nobody sends our calls
// elsewhere. Everything else is not allowed.
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO"

// Guard judges requests by the rules every one has to keep (RFC 3261 §8.2 and
// §16.3 in the order of a UAS), before anything is stored for them. Its zero
// value is ready.
type Guard struct {
	Supported []string // option tags a Require may name; nil: 100rel and timer
}

func bad(why string) *Refusal { return &Refusal{Code: 400, Phrase: "Bad Request", Why: why} }

// request is a message whose start line is a request's.
type request struct {
	*message
	method, uri, version string
	cseq                 uint64
}

// check runs the rules in order; the first that is broken answers.
func (g Guard) check(r *request, framed error) *Refusal {
	if f := r.startLine(); f != nil {
		return f
	}
	if framed != nil {
		return bad(framed.Error())
	}
	for _, rule := range []func(*request) *Refusal{sizes, mandatory, sequence, length, hops, addresses, target, method, g.extensions, body, acceptable} {
		if f := rule(r); f != nil {
			return f
		}
	}
	return nil
}

// startLine: method, URI and version with exactly one space between them.
func (r *request) startLine() *Refusal {
	parts := strings.Split(r.start, " ")
	if len(parts) != 3 || !isToken(parts[0]) || parts[1] == "" {
		return bad("start line")
	}
	r.method, r.uri, r.version = parts[0], parts[1], parts[2]
	if strings.EqualFold(r.version, "SIP/2.0") {
		return nil
	}
	if v, ok := strings.CutPrefix(strings.ToUpper(r.version), "SIP/"); ok && v != "" && strings.Trim(v, "0123456789.") == "" {
		return &Refusal{Code: 505, Phrase: "Version Not Supported", Why: "version"}
	}
	return bad("start line")
}

func sizes(r *request) *Refusal {
	switch {
	case r.many:
		return bad("too many headers")
	case len(r.vias) > maxVias:
		return bad("too many Vias")
	}
	for _, f := range r.fields {
		if len(f.value) > maxLine {
			return bad("header too long")
		}
	}
	return nil
}

// mandatory headers are there, and once.
func mandatory(r *request) *Refusal {
	for _, name := range []string{"from", "to", "call-id", "cseq"} {
		if r.count(name) != 1 || r.first(name) == "" {
			return bad(name + " missing or repeated")
		}
	}
	for _, name := range []string{"max-forwards", "content-length", "content-type"} {
		if r.count(name) > 1 {
			return bad(name + " repeated")
		}
	}
	if len(r.vias) == 0 {
		return bad("no Via")
	}
	for _, v := range r.vias {
		if _, ok := parseVia(v); !ok {
			return bad("Via")
		}
	}
	if strings.ContainsAny(r.first("call-id"), " \t,;") {
		return bad("Call-ID")
	}
	return nil
}

// sequence: CSeq is a number below 2^31 and the request's own method
// (RFC 3261 §8.1.1.5).
func sequence(r *request) *Refusal {
	f := words(r.first("cseq"))
	if len(f) != 2 {
		return bad("CSeq")
	}
	n, err := strconv.ParseUint(f[0], 10, 31)
	if err != nil || f[1] != r.method {
		return bad("CSeq")
	}
	r.cseq = n
	return nil
}

// length: the body is all there. What follows it in a datagram is ignored
// (RFC 3261 §18.3).
func length(r *request) *Refusal {
	if r.count("content-length") == 0 {
		return nil
	}
	n, err := strconv.ParseUint(r.first("content-length"), 10, 31)
	if err != nil || n > uint64(len(r.body)) {
		return bad("Content-Length")
	}
	r.body = r.body[:n]
	return nil
}

func hops(r *request) *Refusal {
	if r.count("max-forwards") == 0 { // RFC 2543 had none
		return nil
	}
	if n, err := strconv.ParseUint(r.first("max-forwards"), 10, 31); err != nil || n > 255 {
		return bad("Max-Forwards")
	}
	return nil
}

func addresses(r *request) *Refusal {
	for _, name := range []string{"from", "to"} {
		if !validAddress(r.first(name)) {
			return bad(name)
		}
	}
	return nil
}

// target: the request URI is a SIP one without headers of its own.
func target(r *request) *Refusal {
	scheme, rest, ok := strings.Cut(r.uri, ":")
	if !ok || !isScheme(scheme) {
		return bad("request URI")
	}
	if s := strings.ToLower(scheme); s != "sip" && s != "sips" {
		return &Refusal{Code: 416, Phrase: "Unsupported URI Scheme", Why: "URI scheme"}
	}
	if strings.ContainsAny(r.uri, "<>\"\t") || !validHostPart(rest[strings.LastIndexByte(rest, '@')+1:]) {
		return bad("request URI")
	}
	return nil
}

func method(r *request) *Refusal {
	switch r.method {
	case "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "INFO":
		return nil
	case "REFER":
		return &Refusal{Code: 603, Phrase: "Decline", Why: "REFER"}
	}
	return &Refusal{Code: 405, Phrase: "Method Not Allowed", Headers: []string{"Allow: " + Allow}, Why: "method"}
}

// extensions: a Require names only what we know (RFC 3261 §8.2.2.3).
func (g Guard) extensions(r *request) *Refusal {
	if r.method == "ACK" || r.method == "CANCEL" {
		return nil
	}
	known := g.Supported
	if known == nil {
		known = []string{"100rel", "timer"}
	}
	var unknown []string
	tags := r.list("require")
	if len(tags) > maxTags {
		return bad("Require")
	}
	for _, tag := range tags {
		if slices.Contains(known, tag) {
			continue
		}
		if !isToken(tag) {
			return bad("Require")
		}
		unknown = append(unknown, tag)
	}
	if len(unknown) == 0 {
		return nil
	}
	return &Refusal{Code: 420, Phrase: "Bad Extension", Headers: []string{"Unsupported: " + strings.Join(unknown, ", ")}, Why: "Require"}
}

// acceptable: who calls takes an SDP answer, which is all we have.
func acceptable(r *request) *Refusal {
	if r.method != "INVITE" && r.method != "UPDATE" || r.count("accept") == 0 {
		return nil
	}
	for _, a := range r.list("accept") {
		kind, _, _ := strings.Cut(a, ";")
		switch strings.TrimSpace(kind) {
		case "application/sdp", "application/*", "*/*":
			return nil
		}
	}
	return &Refusal{Code: 406, Phrase: "Not Acceptable", Why: "Accept"}
}
