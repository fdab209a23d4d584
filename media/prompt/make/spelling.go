package main

import "strings"

// spelling is a text as a voice must be given it to be heard as it is meant.
func spelling(text string) string {
	// In capitals it would be spelled out.
	text = strings.ReplaceAll(text, "PIN", "pin")
	// A phrase that others follow is left open, as in the middle of a
	// sentence; so is a number, which the next may follow.
	if !strings.HasSuffix(text, ".") {
		text = strings.TrimSuffix(text, ":") + ","
	}
	return text
}
