package smstest

import (
	"net/http"
	"strconv"
	"strings"
)

// parseText reads the form of a new message; code is Twilio's error, 0 for none.
func parseText(r *http.Request) (t Text, code int, why string) {
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/x-www-form-urlencoded") {
		return t, 20001, "unsupported content type"
	}
	if err := r.ParseForm(); err != nil {
		return t, 20001, "malformed form"
	}
	form := r.PostForm
	t = Text{To: form.Get("To"), From: form.Get("From"), Body: form.Get("Body"), Callback: form.Get("StatusCallback")}
	service := form.Get("MessagingServiceSid")
	switch {
	case t.To == "":
		return t, 21604, "A 'To' phone number is required."
	case !e164(t.To):
		return t, 21211, "The 'To' number " + t.To + " is not a valid phone number."
	case t.From == "" && service == "":
		return t, 21603, "A 'From' phone number is required."
	case service != "" && !(strings.HasPrefix(service, "MG") && len(service) == 34):
		return t, 21705, "The Messaging Service Sid is invalid."
	case t.From != "" && t.From == t.To:
		return t, 21266, "'To' and 'From' number cannot be the same."
	case t.Body == "":
		return t, 21602, "Message body is required."
	case len([]rune(t.Body)) > 1600:
		return t, 21617, "The concatenated message body exceeds the 1600 character limit."
	case t.Callback != "" && !strings.HasPrefix(t.Callback, "http"):
		return t, 21609, "The StatusCallback URL is not a valid URL."
	}
	if service != "" {
		t.From = service
	}
	if v := form.Get("ValidityPeriod"); v != "" {
		seconds, err := strconv.Atoi(v)
		if err != nil || seconds < 1 || seconds > 36000 {
			return t, 20001, "The ValidityPeriod must be between 1 and 36000."
		}
		t.Validity = seconds
	}
	return t, 0, ""
}

func e164(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	_, err := strconv.ParseUint(s[1:], 10, 64)
	return err == nil
}
