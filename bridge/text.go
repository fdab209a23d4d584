package bridge

import (
	"unicode"
	"unicode/utf8"
)

const maxName = 100 // characters

// checkText refuses what must not travel on into a SIP header, a log or a
// page: control characters, invalid UTF-8, marks that reorder text.
func checkText(param, s string, limit int) *Error {
	switch {
	case !utf8.ValidString(s):
		return refuse(Invalid, "invalid_text", param, "the text is not UTF-8")
	case utf8.RuneCountInString(s) > limit:
		return refuse(Invalid, "too_long", param, "at most %d characters", limit)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return refuse(Invalid, "invalid_text", param, "control characters are not allowed")
		}
	}
	return nil
}
