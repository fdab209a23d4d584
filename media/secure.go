package media

import (
	"crypto/rand"
	"fmt"

	"partyline/media/sdp"
	"partyline/media/srtp"
)

// Security of a leg's sound: RTP in the clear, or SRTP by keys in SDP, which
// is as safe as the signalling that carries them (RFC 4568 §7).
type Security = sdp.Security

const (
	SRTPOff      = sdp.Plain    // never
	SRTPOptional = sdp.Optional // if the far end can
	SRTPRequired = sdp.Required // or no sound
)

// ErrNotEncrypted is a far end that would send in the clear where that is not
// allowed.
var ErrNotEncrypted = sdp.ErrNotEncrypted

// Secure says what the next Offer or Answer wants. A leg keeps its keys for
// life: offering them anew changes nothing.
func (l *Leg) Secure(wanted Security) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.local.Security = wanted
	if wanted == SRTPOff || l.local.Crypto != nil {
		return nil
	}
	return l.newKeys(srtp.Key{})
}

// newKeys makes our key lines, but for the one key that is in use.
func (l *Leg) newKeys(used srtp.Key) error {
	var lines []sdp.Crypto
	for i, suite := range srtp.Suites() {
		key, err := used, error(nil)
		if used.IsZero() || used.Suite() != suite {
			key, err = srtp.NewKey(suite, rand.Reader)
		}
		if err != nil {
			return fmt.Errorf("media: keys for leg %d: %w", l.id, err)
		}
		lines = append(lines, sdp.Crypto{Tag: i + 1, Key: key})
	}
	l.local.Crypto = lines
	return nil
}

// keys are what an exchange of descriptions agreed on; zero is plain RTP.
type keys struct {
	sending, receiving srtp.Key
	session            *srtp.Session // by these keys, should there be none yet
}

// keysOf makes the session outside of the tick, which has no time for it. A
// key that was left is never used again: its numbers would begin anew.
func (l *Leg) keysOf(r sdp.Remote) (keys, error) {
	k := keys{sending: r.Sending, receiving: r.Crypto.Key}
	if was := l.agreed.sending; !was.IsZero() && was != k.sending {
		if err := l.newKeys(k.sending); err != nil {
			return keys{}, err
		}
	}
	if !r.Encrypted() {
		return keys{}, nil
	}
	if r.Secure { // and is not talked out of it by a later offer
		l.local.Security = sdp.Required
	}
	if k.sending == l.agreed.sending && k.receiving == l.agreed.receiving {
		return k, nil
	}
	var err error
	if k.session, err = srtp.New(k.sending, k.receiving); err != nil {
		return keys{}, fmt.Errorf("media: leg %d: %w", l.id, err)
	}
	return k, nil
}

// rekey puts keys into effect. A direction whose key is still the same goes
// on where it was: to begin its numbers anew under one key would give both
// streams away.
func (s *stream) rekey(k keys) {
	switch was := s.keyed; {
	case k.sending.IsZero():
		s.secure = nil
	case s.secure == nil || k.sending != was.sending && k.receiving != was.receiving:
		s.secure = k.session
	case k.receiving != was.receiving:
		if s.secure.RekeyReceiving(k.receiving) != nil {
			s.secure = k.session
		}
	case k.sending != was.sending:
		if s.secure.RekeySending(k.sending) != nil {
			s.secure = k.session
		}
	}
	k.session = nil
	s.keyed = k
}

// seal encrypts the packet of n bytes in b and gives its new length; 0 when
// it must not be sent.
func (s *stream) seal(b []byte, n int) int {
	sealed, err := s.secure.Protect(b[:0], b[:n])
	if err != nil {
		return 0
	}
	return len(sealed)
}
