package sdp

import (
	"net/netip"
	"strconv"
)

const voipMetrics = "a=rtcp-xr:voip-metrics\r\n"

// Offer is our description with all codecs, as an offer. Keys are in it
// unless Security is Plain.
func (l Local) Offer() []byte {
	proto := "RTP/AVP"
	if l.Security == Required {
		proto = "RTP/SAVP"
	}
	b := l.audio(l.head(), proto, l.Codecs, EventPT, 8000, false, l.Direction)
	if l.VoIPMetrics {
		b = append(b, voipMetrics...)
	}
	if l.Security != Plain {
		for _, c := range l.Crypto {
			b = c.append(b)
		}
	}
	return b
}

// head is the session part.
func (l Local) head() []byte {
	b := make([]byte, 0, 512)
	b = append(b, "v=0\r\no=- "...)
	b = strconv.AppendUint(b, l.SessionID, 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, l.Version, 10)
	b = append(b, " IN "...)
	b = appendAddr(b, l.Addr)
	b = append(b, "\r\ns=-\r\nc=IN "...)
	b = appendAddr(b, l.Addr)
	return append(b, "\r\nt=0 0\r\n"...)
}

// audio is the media part of our one stream.
func (l Local) audio(b []byte, proto string, codecs []Codec, eventPT uint8, eventRate int, noise bool, d Direction) []byte {
	b = append(b, "m=audio "...)
	b = strconv.AppendInt(b, int64(l.Port), 10)
	b = append(b, ' ')
	b = append(b, proto...)
	for _, c := range codecs {
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(c.PT), 10)
	}
	if noise {
		b = append(b, " 13"...)
	}
	if eventRate > 0 {
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(eventPT), 10)
	}
	b = append(b, "\r\n"...)
	for _, c := range codecs {
		b = appendMap(b, c.PT, c.Name, c.Rate)
	}
	if noise {
		b = appendMap(b, 13, "CN", 8000)
	}
	if eventRate > 0 {
		b = appendMap(b, eventPT, "telephone-event", eventRate)
		b = append(b, "a=fmtp:"...)
		b = strconv.AppendUint(b, uint64(eventPT), 10)
		b = append(b, " 0-16\r\n"...)
	}
	ptime := l.Ptime
	if ptime == 0 {
		ptime = 20
	}
	b = append(b, "a=ptime:"...)
	b = strconv.AppendInt(b, int64(ptime), 10)
	b = append(b, "\r\na=maxptime:60\r\na="...)
	b = append(b, d.String()...)
	b = append(b, "\r\n"...)
	if l.RTCPPort != 0 && l.RTCPPort != l.Port+1 {
		b = append(b, "a=rtcp:"...)
		b = strconv.AppendInt(b, int64(l.RTCPPort), 10)
		b = append(b, "\r\n"...)
	}
	return b
}

func appendAddr(b []byte, addr netip.Addr) []byte {
	if addr.Unmap().Is4() {
		b = append(b, "IP4 "...)
	} else {
		b = append(b, "IP6 "...)
	}
	return addr.Unmap().WithZone("").AppendTo(b)
}

func appendMap(b []byte, pt uint8, name string, rate int) []byte {
	b = append(b, "a=rtpmap:"...)
	b = strconv.AppendUint(b, uint64(pt), 10)
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(rate), 10)
	return append(b, "\r\n"...)
}
