// Package siptest is a scripted far end for tests: it speaks SIP from text, on
// sockets of its own, and shares no code with what it tests.
package siptest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Message is one SIP message as text.
type Message struct {
	At      time.Time
	Sent    bool   // by the peer
	From    string // address it came from
	Again   bool   // the same request came before
	Start   string // request or status line
	Headers []Header
	Body    string
	Raw     string
}

// Header is one line of a Message.
type Header struct{ Name, Value string }

var errNoSIP = errors.New("siptest: not a SIP message")

// Parse takes a message apart.
func Parse(raw []byte) (*Message, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, errNoSIP
	}
	lines := strings.Split(string(head), "\r\n")
	m := &Message{At: time.Now(), Start: lines[0], Body: string(body), Raw: string(raw)}
	if !strings.Contains(m.Start, "SIP/2.0") {
		return nil, errNoSIP
	}
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			return nil, fmt.Errorf("%w: header %q", errNoSIP, l)
		}
		m.Headers = append(m.Headers, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m, nil
}

// Get is the first value of a header, "" without one.
func (m *Message) Get(name string) string {
	for _, h := range m.Headers {
		if h.is(name) {
			return h.Value
		}
	}
	return ""
}

// compact header names (RFC 3261 §7.3.3).
var compact = map[string]string{
	"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact",
	"c": "content-type", "l": "content-length", "k": "supported", "x": "session-expires",
}

func (h Header) is(name string) bool {
	have := strings.ToLower(h.Name)
	if long, ok := compact[have]; ok {
		have = long
	}
	return have == strings.ToLower(name)
}

// All values of a header.
func (m *Message) All(name string) []string {
	var out []string
	for _, h := range m.Headers {
		if h.is(name) {
			out = append(out, h.Value)
		}
	}
	return out
}

// IsRequest says whether it is one.
func (m *Message) IsRequest() bool { return !strings.HasPrefix(m.Start, "SIP/2.0 ") }

// Method of a request, or of the request that a response answers.
func (m *Message) Method() string {
	if m.IsRequest() {
		method, _, _ := strings.Cut(m.Start, " ")
		return method
	}
	_, method, _ := strings.Cut(m.Get("CSeq"), " ")
	return method
}

// URI is a request's Request-URI.
func (m *Message) URI() string {
	f := strings.Fields(m.Start)
	if len(f) < 2 || !m.IsRequest() {
		return ""
	}
	return f[1]
}

// Code of a response; 0 of a request.
func (m *Message) Code() int {
	if m.IsRequest() {
		return 0
	}
	f := strings.Fields(m.Start)
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(f[1])
	return n
}

// CSeq number.
func (m *Message) CSeq() int {
	n, _, _ := strings.Cut(m.Get("CSeq"), " ")
	v, _ := strconv.Atoi(n)
	return v
}

// Param is a parameter of a header value: Param("To", "tag").
func (m *Message) Param(header, name string) string {
	v := m.Get(header)
	if i := strings.LastIndex(v, ">"); i >= 0 {
		v = v[i+1:]
	}
	for p := range strings.SplitSeq(v, ";") {
		if k, val, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, name) {
			return val
		}
	}
	return ""
}

// Address is what stands between < and > in a header.
func (m *Message) Address(header string) string {
	v := m.Get(header)
	if i := strings.Index(v, "<"); i >= 0 {
		v = v[i+1:]
		v, _, _ = strings.Cut(v, ">")
		return v
	}
	v, _, _ = strings.Cut(v, ";")
	return v
}

// transaction names what a repeated request repeats.
func (m *Message) transaction() string {
	return m.Method() + " " + m.Get("CSeq") + " " + m.Param("Via", "branch") + " " + m.Get("Call-ID")
}

// String is the message in one line, for a failed test.
func (m *Message) String() string {
	way := "<-"
	if m.Sent {
		way = "->"
	}
	return fmt.Sprintf("%s %s %s | CSeq %s | Call-ID %.8s | to-tag %s", m.At.Format("05.000"), way, m.Start, m.Get("CSeq"), m.Get("Call-ID"), m.Param("To", "tag"))
}
