package sdp

import (
	"fmt"
	"strconv"
	"strings"

	psdp "github.com/pion/sdp/v3"
)

// format is one payload type of a media line and what it is mapped to.
type format struct {
	pt   uint8
	name string // upper case; empty when unknown
	rate int
}

func (f format) is(c Codec) bool {
	return f.rate == c.Rate && f.name == strings.ToUpper(c.Name)
}

// formatsOf reads the payload types of a media line in order. Those without
// a=rtpmap have their meaning from RFC 3551.
func formatsOf(m *psdp.MediaDescription) ([]format, error) {
	if len(m.MediaName.Formats) > MaxFormats {
		return nil, fmt.Errorf("%w: more than %d formats", ErrBadSDP, MaxFormats)
	}
	formats := make([]format, 0, len(m.MediaName.Formats))
	for _, text := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(text, 10, 7)
		if err != nil {
			return nil, fmt.Errorf("%w: payload type %.20q", ErrBadSDP, text)
		}
		formats = append(formats, static(uint8(pt)))
	}
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		pt, name, rate, ok := rtpmap(a.Value)
		if !ok {
			continue
		}
		for i := range formats {
			if formats[i].pt == pt {
				formats[i].name, formats[i].rate = name, rate
			}
		}
	}
	return formats, nil
}

func static(pt uint8) format {
	switch pt {
	case 0:
		return format{pt, "PCMU", 8000}
	case 8:
		return format{pt, "PCMA", 8000}
	case 9:
		return format{pt, "G722", 8000}
	case 13:
		return format{pt, "CN", 8000}
	}
	return format{pt: pt}
}

// rtpmap reads "0 PCMU/8000" or "0 PCMU/8000/1"; stereo is nothing we know.
func rtpmap(value string) (pt uint8, name string, rate int, ok bool) {
	number, mapping, found := strings.Cut(value, " ")
	if !found {
		return 0, "", 0, false
	}
	n, err := strconv.ParseUint(number, 10, 7)
	if err != nil {
		return 0, "", 0, false
	}
	parts := strings.Split(strings.TrimSpace(mapping), "/")
	if len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && parts[2] != "1" {
		return 0, "", 0, false
	}
	r, err := strconv.ParseUint(parts[1], 10, 31)
	if err != nil {
		return 0, "", 0, false
	}
	return uint8(n), strings.ToUpper(parts[0]), int(r), true
}
