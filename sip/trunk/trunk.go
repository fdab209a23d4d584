// Package trunk says which way to the telephone network the next call takes,
// and when: each trunk has a rate (calls a second), a number of channels, a
// health and a place in the order of preference.
package trunk

import "net/netip"

// Trunk is one way to the telephone network.
type Trunk struct {
	Name      string
	URI       string         // "sip:carrier.example:5060;transport=udp" or sips:; host may be a name (RFC 3263) or an address
	Username  string         // digest; empty: challenges are refused
	Password  string         // never logged
	Realm     string         // when set, only this realm is answered
	CallerIDs []string       // E.164; the first is the default
	CPS       float64        // INVITEs a second; 0: 10
	Channels  int            // calls at once; 0: 1000
	Priority  int            // smaller first
	Weight    int            // among equals; 0: 1
	AllowFrom []netip.Prefix // further addresses its requests come from
}

// Defaults of a Trunk's zero fields.
const (
	DefaultCPS      = 10
	DefaultChannels = 1000
	DefaultWeight   = 1
)
