package sdp

import "strings"

// Offer is the far end's offer and what it asks of us.
type Offer struct {
	Remote
	media []mediaLine
	taken int // which of media is our audio
}

// mediaLine is what an answer repeats of an offer's media line.
type mediaLine struct {
	kind, proto, formats string
}

// ParseOffer reads the far end's offer, an INVITE's or a re-INVITE's. Of
// several common codecs the first of l.Codecs is taken, and of several common
// suites that of the first of l.Crypto.
func (l Local) ParseOffer(body []byte) (*Offer, error) {
	session, err := parse(body)
	if err != nil {
		return nil, err
	}
	remote, taken, err := choose(session, l.offered, func(formats []format) (Codec, bool) {
		for _, c := range l.Codecs {
			for _, f := range formats {
				if f.is(c) {
					return Codec{Name: c.Name, PT: f.pt, Rate: c.Rate}, true
				}
			}
		}
		return Codec{}, false
	})
	if err != nil {
		return nil, err
	}
	offer := &Offer{Remote: remote, taken: taken}
	for _, m := range session.MediaDescriptions {
		offer.media = append(offer.media, mediaLine{
			kind:    m.MediaName.Media,
			proto:   strings.Join(m.MediaName.Protos, "/"),
			formats: strings.Join(m.MediaName.Formats, " "),
		})
	}
	return offer, nil
}

// Answer is our answer: the one codec taken, telephone events and VoIP metrics
// if offered, our key for the suite taken, the direction that both sides
// allow, and every other media line refused.
func (o *Offer) Answer(l Local) []byte {
	b := l.head()
	for i, m := range o.media {
		if i != o.taken {
			b = append(b, "m="+m.kind+" 0 "+m.proto+" "+m.formats+"\r\n"...)
			continue
		}
		b = l.audio(b, m.proto, []Codec{o.Codec}, o.EventPT, o.EventRate, o.HasNoise, o.Direction.And(l.Direction))
		if l.VoIPMetrics && o.VoIPMetrics {
			b = append(b, voipMetrics...)
		}
		if o.Encrypted() {
			b = Crypto{o.Crypto.Tag, o.Sending}.append(b)
		}
	}
	return b
}
