package edge

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What is wrong with a text that cannot be put into a SIP message.
var (
	ErrControl = errors.New("control characters are not allowed")
	ErrBidi    = errors.New("characters that change the direction of text are not allowed")
	ErrUTF8    = errors.New("not valid UTF-8")
	ErrTooLong = errors.New("too long")
	ErrNumber  = errors.New("not a telephone number: an optional + and up to 15 digits")
)

// Longest texts, in bytes.
const (
	MaxDisplayName = 256
	MaxHeaderValue = 1024
)

// maxDigits of a telephone number (ITU-T E.164 §6).
const maxDigits = 15

// ValidHeaderValue says whether s can be a header's value as it is: no line
// break or other control character (not even a tab, which folds), nothing that
// turns the direction of text, valid UTF-8, and no more than MaxHeaderValue
// bytes.
func ValidHeaderValue(s string) error { return valid(s, MaxHeaderValue) }

// SafeDisplayName makes a name ready for a From header: inside of quotes, with
// quotes and backslashes of its own escaped (RFC 3261 §25.1 quoted-string). A
// library that writes the quotes itself gets the result without its first and
// last byte. Names with control or direction characters, which cannot be
// represented, are refused; the empty name is "".
func SafeDisplayName(s string) (string, error) {
	if err := valid(s, MaxDisplayName); err != nil {
		return "", fmt.Errorf("display name: %w", err)
	}
	if s == "" {
		return "", nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// SafeUser makes a telephone number the user part of a URI: an optional + and
// 1 to 15 digits. Anything else, extensions and separators too, is refused.
func SafeUser(number string) (string, error) {
	digits := strings.TrimPrefix(number, "+")
	if digits == "" || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return "", ErrNumber
	}
	return number, nil
}

// SafeText makes the best of a text that has to go out or be shown, such as a
// reason phrase that came from outside: control and direction characters and
// broken UTF-8 become a space each, and what is beyond limit bytes is cut off
// at a character's end. The result is always a valid header value.
func SafeText(s string, limit int) string {
	limit = min(max(limit, 0), MaxHeaderValue)
	var b strings.Builder
	for _, r := range s {
		if r == utf8.RuneError || unfit(r) != nil {
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func valid(s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%w: %d bytes of %d", ErrTooLong, len(s), limit)
	}
	if !utf8.ValidString(s) {
		return ErrUTF8
	}
	for _, r := range s {
		if err := unfit(r); err != nil {
			return err
		}
	}
	return nil
}

// unfit tells the characters that a SIP header or a person reading it cannot
// bear: C0, DEL, C1 and the line and paragraph separators, and the marks,
// embeddings, overrides and isolates of bidirectional text (UAX #9).
func unfit(r rune) error {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029:
		return ErrControl
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return ErrBidi
	}
	return nil
}
