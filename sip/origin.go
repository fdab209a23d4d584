package sip

import (
	"bytes"
	"hash/fnv"
	"strconv"
	"strings"
)

// origin is the o= line of our session descriptions in a dialog. RFC 3264 §8
// wants the session the same and the version grown by one with each change,
// also when a restarted process makes the description anew; so it is kept with
// the dialog and not left to whoever writes the description.
type origin struct {
	User    string `json:"u,omitempty"`
	Session string `json:"s,omitempty"`
	Version uint64 `json:"v,omitempty"`
	Address string `json:"a,omitempty"` // "IN IP4 192.0.2.1"
	Sum     uint64 `json:"x,omitempty"` // of the rest of the description
}

// stamp returns sdp with the o= line that follows the last one sent, and
// remembers it. Bytes that hold no o= line are returned as they are.
func (o *origin) stamp(sdp []byte) []byte {
	start, end, ok := originLine(sdp)
	if !ok {
		return sdp
	}
	f := strings.Fields(string(sdp[start+2 : end]))
	if len(f) != 6 {
		return sdp
	}
	version, err := strconv.ParseUint(f[2], 10, 64)
	if err != nil {
		return sdp
	}
	h := fnv.New64a()
	_, _ = h.Write(sdp[:start])
	_, _ = h.Write(sdp[end:])
	sum := h.Sum64()
	switch {
	case o.Session == "":
		*o = origin{User: f[0], Session: f[1], Version: version, Address: strings.Join(f[3:], " ")}
	case sum == o.Sum && (f[1] != o.Session || version <= o.Version):
		// nothing changed: the same version again
	case f[1] == o.Session && version > o.Version:
		o.Version = version
	default:
		o.Version++
	}
	o.Sum = sum
	line := "o=" + o.User + " " + o.Session + " " + strconv.FormatUint(o.Version, 10) + " " + o.Address
	return bytes.Join([][]byte{sdp[:start], []byte(line), sdp[end:]}, nil)
}

// originLine finds "o=…" without its line end.
func originLine(sdp []byte) (start, end int, ok bool) {
	start = 0
	if !bytes.HasPrefix(sdp, []byte("o=")) {
		i := bytes.Index(sdp, []byte("\no="))
		if i < 0 {
			return 0, 0, false
		}
		start = i + 1
	}
	n := bytes.IndexAny(sdp[start:], "\r\n")
	if n < 0 {
		return 0, 0, false
	}
	return start, start + n, true
}
