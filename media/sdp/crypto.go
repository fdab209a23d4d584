package sdp

import (
	"fmt"
	"strconv"
	"strings"

	psdp "github.com/pion/sdp/v3"

	"partyline/media/srtp"
)

// Security says whether the audio is to be encrypted.
type Security uint8

const (
	// Plain offers and takes RTP/AVP, and looks at no key.
	Plain Security = iota
	// Optional offers RTP/AVP with keys, which a far end that does not know
	// them ignores (draft-kaplan-mmusic-best-effort-srtp), and takes either.
	Optional
	// Required offers and takes RTP/SAVP, never anything else.
	Required
)

// String is the word of the configuration.
func (s Security) String() string {
	switch s {
	case Optional:
		return "optional"
	case Required:
		return "required"
	}
	return "off"
}

// Crypto is an a=crypto line (RFC 4568 §4).
type Crypto struct {
	Tag int
	Key srtp.Key // by which whoever says it sends
}

// append writes the line.
func (c Crypto) append(b []byte) []byte {
	b = append(b, "a=crypto:"...)
	b = strconv.AppendInt(b, int64(c.Tag), 10)
	b = append(b, ' ')
	b = append(b, c.Key.Suite().String()...)
	b = append(b, ' ')
	b = append(b, c.Key.Inline()...)
	return append(b, "\r\n"...)
}

// protection is what both sides agreed on; zero is plain RTP.
type protection struct {
	theirs Crypto
	ours   srtp.Key
}

// profile tells whether a media line is RTP by a profile we know, and whether
// by a secure one (RFC 3711 §12, RFC 5124). That of DTLS is none of ours.
func profile(m *psdp.MediaDescription) (secure, ok bool) {
	switch strings.Join(m.MediaName.Protos, "/") {
	case "RTP/AVP", "RTP/AVPF":
		return false, true
	case "RTP/SAVP", "RTP/SAVPF":
		return true, true
	}
	return false, false
}

// offered takes of the keys of an offer the one whose suite we like best.
// Lines that cannot be used are passed over (RFC 4568 §5.1.2).
func (l Local) offered(m *psdp.MediaDescription, secure bool) (protection, error) {
	if l.Security == Plain || !secure && l.Security == Required {
		return protection{}, l.bare(secure)
	}
	lines, err := keyLines(m)
	if err != nil {
		return protection{}, err
	}
	var theirs []Crypto
	for _, line := range lines {
		if c, err := parseCrypto(line); err == nil {
			theirs = append(theirs, c)
		}
	}
	for _, ours := range l.Crypto {
		for _, c := range theirs {
			if c.Key.Suite() == ours.Key.Suite() && c.Key != ours.Key {
				return protection{theirs: c, ours: ours.Key}, nil
			}
		}
	}
	return protection{}, l.bare(secure)
}

// answered takes the key of an answer, which must be for one of our offer's.
func (l Local) answered(m *psdp.MediaDescription, secure bool) (protection, error) {
	if l.Security == Plain || !secure && l.Security == Required {
		return protection{}, l.bare(secure)
	}
	lines, err := keyLines(m)
	if err != nil {
		return protection{}, err
	}
	if len(lines) == 0 {
		return protection{}, l.bare(secure)
	}
	if len(lines) > 1 {
		return protection{}, fmt.Errorf("%w: %d crypto lines in an answer", ErrBadSDP, len(lines))
	}
	theirs, err := parseCrypto(lines[0])
	if err != nil {
		return protection{}, fmt.Errorf("%w: crypto line: %w", ErrBadSDP, err)
	}
	for _, ours := range l.Crypto {
		if ours.Tag != theirs.Tag || ours.Key.Suite() != theirs.Key.Suite() {
			continue
		}
		if ours.Key == theirs.Key {
			return protection{}, fmt.Errorf("%w: our own key came back", ErrBadSDP)
		}
		return protection{theirs: theirs, ours: ours.Key}, nil
	}
	return protection{}, fmt.Errorf("%w: crypto tag %d with suite %v was not offered", ErrBadSDP, theirs.Tag, theirs.Key.Suite())
}

// bare is what becomes of a media line without a key that we look at.
func (l Local) bare(secure bool) error {
	switch {
	case l.Security == Plain && secure:
		return ErrNotPlain
	case secure || l.Security == Required:
		return ErrNotEncrypted
	}
	return nil
}

// keyLines are the values of a media line's a=crypto lines.
func keyLines(m *psdp.MediaDescription) ([]string, error) {
	var lines []string
	for _, a := range m.Attributes {
		if a.Key != "crypto" {
			continue
		}
		if len(lines) == MaxCrypto {
			return nil, fmt.Errorf("%w: more than %d crypto lines", ErrBadSDP, MaxCrypto)
		}
		lines = append(lines, a.Value)
	}
	return lines, nil
}

// parseCrypto reads "1 AES_CM_128_HMAC_SHA1_80 inline:…". No error repeats
// anything of the line, not even what stands where no key should.
func parseCrypto(value string) (Crypto, error) {
	words := strings.Fields(value)
	if len(words) < 3 {
		return Crypto{}, fmt.Errorf("%w: incomplete", srtp.ErrKey)
	}
	tag, err := strconv.ParseUint(words[0], 10, 30)
	if err != nil || len(words[0]) > 9 {
		return Crypto{}, fmt.Errorf("%w: tag", srtp.ErrKey)
	}
	suite, ok := srtp.ParseSuite(words[1])
	if !ok {
		return Crypto{}, fmt.Errorf("%w: unknown suite", srtp.ErrKey)
	}
	key, err := srtp.ParseKey(suite, words[2])
	if err != nil {
		return Crypto{}, err
	}
	for _, parameter := range words[3:] {
		if !harmless(parameter) {
			return Crypto{}, fmt.Errorf("%w: session parameter", srtp.ErrKey)
		}
	}
	return Crypto{Tag: int(tag), Key: key}, nil
}

// harmless tells whether a session parameter of RFC 4568 §6.3 changes nothing
// for us: a hint at the window, or one that its sender lets us pass over.
// The others switch protection off or derive keys in another way.
func harmless(parameter string) bool {
	return strings.HasPrefix(parameter, "WSH=") || strings.HasPrefix(parameter, "-")
}
