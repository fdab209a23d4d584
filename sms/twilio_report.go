package sms

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"partyline/state"
)

// messageParam is the query parameter of the callback URL that names the
// message. Its value has no "msg_": Twilio warns of underscores in callback
// URLs.
const messageParam = "m"

// SignatureHeader is where Twilio puts the signature of a callback.
const SignatureHeader = "X-Twilio-Signature"

func parseCallbackURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Fragment != "" {
		return nil, errors.New("sms: status_callback_url must be the full public URL, like https://bridge.example/sms/status")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, errors.New("sms: status_callback_url must be https, or http on loopback: phone numbers travel there")
	}
	if strings.Contains(u.Hostname(), "_") {
		return nil, errors.New("sms: status_callback_url: Twilio accepts no underscore in a host name")
	}
	if u.Query().Has(messageParam) {
		return nil, errors.New("sms: status_callback_url: the query parameter m is used to name the message")
	}
	return u, nil
}

// callbackURL is what Twilio is told to call for one message, and thus what it
// signs.
func (t *Twilio) callbackURL(messageID string) string {
	u := *t.callback
	q := u.Query()
	q.Set(messageParam, strings.TrimPrefix(messageID, state.MessageID))
	u.RawQuery = q.Encode()
	return u.String()
}

// ReadReport checks the signature of a status callback and reads it. The
// signature (HMAC-SHA1 with the auth token over the URL as configured and the
// sorted form) is checked in constant time before anything else is believed;
// https://www.twilio.com/docs/usage/security.
func (t *Twilio) ReadReport(r *http.Request) (Report, error) {
	if t.callback == nil {
		return Report{}, ErrForged // we asked for none
	}
	message := r.URL.Query().Get(messageParam)
	form := make(map[string]string, len(r.PostForm))
	for key, values := range r.PostForm {
		if len(values) != 1 { // only the first would be signed
			return Report{}, ErrForged
		}
		form[key] = values[0]
	}
	if !t.validator.Validate(t.callbackURL(message), form, r.Header.Get(SignatureHeader)) {
		return Report{}, ErrForged
	}
	if message == "" || form["MessageSid"] == "" || form["AccountSid"] != t.cfg.AccountSID {
		return Report{}, ErrBadReport
	}
	report := Report{
		MessageID:  state.MessageID + message,
		ProviderID: form["MessageSid"],
		Status:     reportStatus(form["MessageStatus"]),
	}
	if report.Status == state.MessageFailed {
		code, _ := strconv.Atoi(form["ErrorCode"]) // absent or odd: 0, no code
		report.Detail = refusal(code).Error()
	}
	return report, nil
}

// reportStatus maps Twilio's words; a word it may add later means nothing yet.
func reportStatus(word string) state.MessageStatus {
	switch word {
	case "accepted", "scheduled", "queued", "sending", "sent":
		return state.MessageSent
	case "delivered", "read":
		return state.MessageDelivered
	case "failed", "undelivered", "canceled":
		return state.MessageFailed
	}
	return ""
}
