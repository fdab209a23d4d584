package srtp

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const inline = "inline:"

// MaxText is the longest text of a key that ParseKey reads, in bytes.
const MaxText = 256

// Inline is the key as the key parameters of an a=crypto line (RFC 4568
// §6.1), "inline:" and all. It is a secret. The zero Key has none.
func (k Key) Inline() string {
	if k.IsZero() {
		return ""
	}
	m := k.material()
	text := inline + base64.StdEncoding.EncodeToString(m.secret[:m.size()])
	if m.mkiSize > 0 {
		text += fmt.Sprintf("|%d:%d", binary.BigEndian.Uint64(m.mki[:]), m.mkiSize)
	}
	return text
}

// ParseKey reads the key parameters of an a=crypto line: one inline key with
// or without padding of its base64, with an optional lifetime, which is
// checked and otherwise left to the far end, who alone is bound by it, and
// an optional key identifier of at most MaxMKI bytes. More than one key is
// ErrKey, as is everything else.
func ParseKey(s Suite, text string) (Key, error) {
	if !s.valid() {
		return Key{}, fmt.Errorf("%w: no such suite", ErrKey)
	}
	if len(text) > MaxText {
		return Key{}, fmt.Errorf("%w: longer than %d bytes", ErrKey, MaxText)
	}
	if len(text) < len(inline) || !strings.EqualFold(text[:len(inline)], inline) {
		return Key{}, fmt.Errorf("%w: not inline", ErrKey)
	}
	if strings.Contains(text, ";") {
		return Key{}, fmt.Errorf("%w: more than one", ErrKey)
	}
	parts := strings.Split(text[len(inline):], "|")
	m := material{suite: s}
	if !m.decode(parts[0]) {
		return Key{}, fmt.Errorf("%w: not the base64 of %d bytes", ErrKey, m.size())
	}
	rest := parts[1:]
	if len(rest) > 0 && !strings.Contains(rest[0], ":") {
		if !isLifetime(rest[0]) {
			return Key{}, fmt.Errorf("%w: lifetime", ErrKey)
		}
		rest = rest[1:]
	}
	if len(rest) > 0 && m.identify(rest[0]) {
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return Key{}, fmt.Errorf("%w: key identifier", ErrKey)
	}
	return keyOf(m), nil
}

// decode reads the base64 of key and salt. RFC 4568 §6.1 has the padding
// discarded, and some leave it out.
func (m *material) decode(text string) bool {
	text = strings.TrimRight(text, "=")
	if strings.ContainsAny(text, "\r\n") || base64.RawStdEncoding.DecodedLen(len(text)) != m.size() {
		return false
	}
	_, err := base64.RawStdEncoding.Decode(m.secret[:m.size()], []byte(text))
	return err == nil
}

// isLifetime reads a number of packets, decimal or as a power of two.
func isLifetime(text string) bool {
	if power, ok := strings.CutPrefix(text, "2^"); ok {
		n, err := strconv.ParseUint(power, 10, 8)
		return err == nil && n <= 48 // RFC 3711 §9.2
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n > 0 && n <= 1<<48
}

// identify reads "value:length", the length in bytes.
func (m *material) identify(text string) bool {
	value, length, _ := strings.Cut(text, ":")
	size, err := strconv.ParseUint(length, 10, 8)
	if err != nil || size < 1 || size > MaxMKI {
		return false
	}
	n, err := strconv.ParseUint(value, 10, int(size)*8)
	if err != nil {
		return false
	}
	binary.BigEndian.PutUint64(m.mki[:], n)
	m.mkiSize = uint8(size)
	return true
}

// identifier is the key identifier as packets carry it, or nothing.
func (m *material) identifier() []byte { return m.mki[MaxMKI-int(m.mkiSize):] }
