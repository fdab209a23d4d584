package api

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// checkText says what is wrong with a text that will be shown to people, put
// into SIP headers and texts: "" when nothing is. Lengths are in characters.
func checkText(s string, limit int) string {
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Sprintf("has %d characters; at most %d are allowed", n, limit)
	}
	for _, r := range s {
		switch {
		case r == utf8.RuneError: // what a broken \u escape decodes to
			return "contains a character that was lost in encoding (U+FFFD)"
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return fmt.Sprintf("contains the control character U+%04X", r)
		case unicode.Is(unicode.Bidi_Control, r):
			return fmt.Sprintf("contains the text direction character U+%04X", r)
		case r == '\uFEFF', unicode.Is(unicode.Noncharacter_Code_Point, r):
			return fmt.Sprintf("contains U+%04X, which is not a character", r)
		}
	}
	return ""
}

// validID tells whether an id from outside may become part of a store key.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 80 {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
