// Package edge is the fence between the network and the call layer.
//
// Filter knows whose bytes are looked at: the trunks' addresses and those the
// configuration adds. Everybody else meets silence. Guard judges requests by
// the rules of RFC 3261 before anything is kept for them, and is stricter and
// more correct on the torture messages of RFC 4475 than the parser behind it.
// Gate is both in front of a socket. The rest of the package is the one place
// where text from outside becomes part of a SIP message.
package edge
