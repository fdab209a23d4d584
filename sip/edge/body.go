package edge

import (
	"bytes"
	"strings"
)

// body: session descriptions are SDP, whole, and of a size people use. Bodies
// of other methods are nobody's business and are left to the call.
func body(r *request) *Refusal {
	switch r.method {
	case "INVITE", "UPDATE", "PRACK", "ACK":
	default:
		return nil
	}
	if len(r.body) == 0 || optional(r.first("content-disposition")) {
		return nil
	}
	for _, e := range r.list("content-encoding") {
		if e != "identity" {
			return &Refusal{Code: 415, Phrase: "Unsupported Media Type", Headers: []string{"Accept-Encoding: identity"}, Why: "Content-Encoding"}
		}
	}
	kind, _, _ := strings.Cut(r.first("content-type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/sdp") {
		return &Refusal{Code: 415, Phrase: "Unsupported Media Type", Headers: []string{"Accept: application/sdp"}, Why: "Content-Type"}
	}
	if len(r.body) > maxSDP {
		return &Refusal{Code: 413, Phrase: "Request Entity Too Large", Why: "SDP size"}
	}
	if !modest(r.body) {
		return &Refusal{Code: 488, Phrase: "Not Acceptable Here", Why: "SDP media lines"}
	}
	return nil
}

// optional says that the sender does not mind a body nobody understands
// (RFC 3261 §20.11).
func optional(disposition string) bool {
	v, ok := param(disposition, "handling")
	return ok && strings.EqualFold(v, "optional")
}

// modest says that SDP has no more media and formats than a person's phone.
func modest(sdp []byte) bool {
	media := 0
	for line := range bytes.Lines(sdp) {
		if !bytes.HasPrefix(line, []byte("m=")) {
			continue
		}
		if media++; media > maxMedia || len(bytes.Fields(line))-3 > maxFormats {
			return false
		}
	}
	return true
}
