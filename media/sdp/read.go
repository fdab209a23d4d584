package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	psdp "github.com/pion/sdp/v3"
)

// ParseAnswer reads the far end's answer to l.Offer. Of several codecs in the
// answer the far end's first is taken (RFC 3264 §7).
func (l Local) ParseAnswer(body []byte) (Remote, error) {
	session, err := parse(body)
	if err != nil {
		return Remote{}, err
	}
	remote, _, err := choose(session, l.answered, func(formats []format) (Codec, bool) {
		for _, f := range formats {
			for _, c := range l.Codecs {
				if f.is(c) {
					return Codec{Name: c.Name, PT: f.pt, Rate: c.Rate}, true
				}
			}
		}
		return Codec{}, false
	})
	return remote, err
}

// parse reads a body within the limits.
func parse(body []byte) (*psdp.SessionDescription, error) {
	if len(body) > MaxBytes {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrBadSDP, MaxBytes)
	}
	if !bytes.HasPrefix(body, []byte("v=")) {
		return nil, fmt.Errorf("%w: it does not begin with its version", ErrBadSDP)
	}
	session := new(psdp.SessionDescription)
	if err := session.Unmarshal(body); err != nil {
		if bytes.Contains(body, []byte("inline:")) {
			// The library's error may repeat any part of a body with keys.
			return nil, fmt.Errorf("%w: a line is malformed", ErrBadSDP)
		}
		return nil, fmt.Errorf("%w: %.80q", ErrBadSDP, err.Error())
	}
	if len(session.MediaDescriptions) > MaxMedia {
		return nil, fmt.Errorf("%w: more than %d media lines", ErrBadSDP, MaxMedia)
	}
	return session, nil
}

// choose finds the first audio stream that is as secure as it shall be and
// has a codec, and otherwise tells what came nearest.
func choose(session *psdp.SessionDescription, agree func(*psdp.MediaDescription, bool) (protection, error),
	pick func([]format) (Codec, bool)) (Remote, int, error) {
	var failure error = ErrRefused
	for i, m := range session.MediaDescriptions {
		if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 {
			continue
		}
		secure, ok := profile(m)
		if !ok {
			failure = nearer(failure, ErrNotPlain)
			continue
		}
		by, err := agree(m, secure)
		if errors.Is(err, ErrBadSDP) {
			return Remote{}, 0, err
		}
		if err != nil {
			failure = nearer(failure, err)
			continue
		}
		formats, err := formatsOf(m)
		if err != nil {
			return Remote{}, 0, err
		}
		codec, ok := pick(formats)
		if !ok {
			failure = nearer(failure, ErrNoCodec)
			continue
		}
		remote, err := remoteOf(session, m, codec, formats)
		if err != nil {
			return Remote{}, 0, err
		}
		remote.Secure, remote.Crypto, remote.Sending = secure, by.theirs, by.ours
		return remote, i, nil
	}
	return Remote{}, 0, failure
}

// nearer keeps the first reason that is better than "no audio at all".
func nearer(have, reason error) error {
	if have == ErrRefused {
		return reason
	}
	return have
}

// remoteOf reads what one media line asks of us.
func remoteOf(session *psdp.SessionDescription, m *psdp.MediaDescription, codec Codec, formats []format) (Remote, error) {
	port := m.MediaName.Port.Value
	if port < 1 || port > 65535 {
		return Remote{}, fmt.Errorf("%w: port %d", ErrBadSDP, port)
	}
	addr, err := connection(session, m)
	if err != nil {
		return Remote{}, err
	}
	remote := Remote{Codec: codec, Ptime: 20, Direction: directionOf(session, m).Mirror(), VoIPMetrics: metrics(session, m)}
	for _, f := range formats {
		switch {
		case f.name == "TELEPHONE-EVENT" && f.rate > 0 && (!remote.HasEvents || f.rate == codec.Rate && remote.EventRate != codec.Rate):
			// The clock of the audio is the right one (RFC 4733 §2.5.1.1); a
			// far end that has another only is understood all the same.
			remote.HasEvents, remote.EventPT, remote.EventRate = true, f.pt, f.rate
		case f.pt == 13:
			remote.HasNoise = true
		}
	}
	if n, ok := number(m, "ptime"); ok && n >= 10 && n <= 60 {
		remote.Ptime = n
	}
	if n, ok := number(m, "maxptime"); ok && n > 0 {
		remote.MaxPtime = n
	}
	if addr.IsUnspecified() {
		// RFC 3264 §8.4: the old way to say that nothing shall be sent.
		remote.Direction = remote.Direction.And(RecvOnly)
		return remote, nil
	}
	remote.Addr = netip.AddrPortFrom(addr, uint16(port))
	remote.RTCP = rtcpOf(m, addr, port)
	return remote, nil
}

// connection is the address of a media line, its own or the session's.
func connection(session *psdp.SessionDescription, m *psdp.MediaDescription) (netip.Addr, error) {
	c := m.ConnectionInformation
	if c == nil {
		c = session.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.Addr{}, fmt.Errorf("%w: no connection address", ErrBadSDP)
	}
	return address(c.Address.Address)
}

func address(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("%w: connection address %.60q is not the IP address of one host", ErrBadSDP, text)
	}
	return addr.Unmap(), nil
}

// rtcpOf reads RFC 3605; anything odd means the port above.
func rtcpOf(m *psdp.MediaDescription, addr netip.Addr, port int) netip.AddrPort {
	value, _ := m.Attribute("rtcp")
	words := strings.Fields(value)
	if len(words) > 0 {
		if n, err := strconv.ParseUint(words[0], 10, 16); err == nil && n > 0 {
			if len(words) == 4 {
				if other, err := address(words[3]); err == nil && !other.IsUnspecified() {
					addr = other
				}
			}
			return netip.AddrPortFrom(addr, uint16(n))
		}
	}
	if port == 65535 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, uint16(port+1))
}

func directionOf(session *psdp.SessionDescription, m *psdp.MediaDescription) Direction {
	for _, attributes := range [][]psdp.Attribute{m.Attributes, session.Attributes} {
		for _, a := range attributes {
			for d := SendRecv; d <= Inactive; d++ {
				if a.Key == d.String() {
					return d
				}
			}
		}
	}
	return SendRecv
}

// metrics reads RFC 3611 §5.1; what a media line says stands for all that the
// session says.
func metrics(session *psdp.SessionDescription, m *psdp.MediaDescription) bool {
	value, ok := m.Attribute("rtcp-xr")
	if !ok {
		value, _ = session.Attribute("rtcp-xr")
	}
	return slices.Contains(strings.Fields(value), "voip-metrics")
}

func number(m *psdp.MediaDescription, key string) (int, bool) {
	value, ok := m.Attribute(key)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16)
	return int(n), err == nil
}
