// Package sip rings telephones: our own call layer on sipgo's transports and
// transactions. An Agent owns the sockets and the trunks, a Call is one person
// being rung and then talked to. Session descriptions pass through as bytes;
// who hears whom is decided elsewhere.
//
// Every call has one goroutine, which applies everything that happens to it,
// in order: answers and requests from the wire, the caller's wishes, its own
// timers. Nothing that is called from outside waits for it.
package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"partyline/sip/trunk"
)

// Trunk is one way to the telephone network.
type Trunk = trunk.Trunk

// Config of an Agent.
type Config struct {
	Listen    []string // "udp:0.0.0.0:5060", "tcp:…", "tls:…"; port 0 takes a free one
	Advertise string   // host or host:port in Via and Contact; empty: the listener's own
	TLSCert   string   // files, for tls: listeners
	TLSKey    string
	TLSRoots  string // file with roots for outgoing TLS; empty: the system's
	Trunks    []Trunk
	Allow     []netip.Prefix // besides the trunks' own addresses
	UserAgent string         // empty: "partyline"
}

// ErrConfig is wrapped by everything Listen refuses in a Config.
var ErrConfig = errors.New("sip configuration")

// splitListen takes "udp:127.0.0.1:5060" apart.
func splitListen(s string) (network, address string, err error) {
	network, address, ok := strings.Cut(s, ":")
	if ok {
		switch network {
		case "udp", "tcp", "tls":
			return network, address, nil
		}
	}
	return "", "", fmt.Errorf("%w: listen %q: want udp:, tcp: or tls: before host:port", ErrConfig, s)
}
