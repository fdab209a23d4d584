package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/twilio/twilio-go/client"
)

// classify turns what twilio-go returned into the errors of a Provider. What
// Twilio says in words is dropped: it quotes the number, and url.Error quotes
// the query.
func (x *exchange) classify(err error) error {
	if errors.Is(err, errRedirect) {
		return &PermanentError{Configuration: true, Detail: "twilio base_url answers with a redirect; it must name the API itself"}
	}
	switch {
	case x.status == 0:
		return x.unanswered(err)
	case x.status == http.StatusTooManyRequests:
		return &RetryError{After: x.retryAfter, Detail: "Twilio limits our rate (429)"}
	case x.status == http.StatusServiceUnavailable:
		return &RetryError{After: x.retryAfter, Detail: "Twilio is overloaded (503)"}
	case x.status >= 500:
		return fmt.Errorf("sms: twilio answered %d: the text may or may not have gone out", x.status)
	case x.status >= 400:
		var rest *client.TwilioRestError
		if errors.As(err, &rest) && rest.Code != 0 {
			return refusal(rest.Code)
		}
		return refusalStatus(x.status)
	}
	return fmt.Errorf("sms: twilio answered %d with a body that makes no sense: the text may or may not have gone out", x.status)
}

// unanswered: no status line came. Whether the text went out depends on
// whether the request did.
func (x *exchange) unanswered(err error) error {
	var rest *client.TwilioRestError
	if errors.As(err, &rest) { // made by twilio-go itself before sending
		return refusal(rest.Code)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if x.wrote.Load() {
		return fmt.Errorf("sms: no answer from twilio: the text may or may not have gone out: %w", err)
	}
	detail := "Twilio cannot be reached: " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		detail = "Twilio cannot be reached: no connection in time"
	}
	return &RetryError{Unreachable: true, Detail: detail}
}

// refusal is the PermanentError for a code of Twilio's error dictionary
// (https://www.twilio.com/docs/api/errors).
func refusal(code int) error {
	if code == 0 {
		return &PermanentError{Detail: "Twilio could not deliver the text and did not say why"}
	}
	if s, ok := accountFaults[code]; ok {
		return &PermanentError{Code: code, Detail: s, Configuration: true}
	}
	if s, ok := textFaults[code]; ok {
		return &PermanentError{Code: code, Detail: s}
	}
	return &PermanentError{Code: code, Detail: fmt.Sprintf("Twilio refused the text; see https://www.twilio.com/docs/api/errors/%d", code)}
}

func refusalStatus(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &PermanentError{Configuration: true, Detail: fmt.Sprintf("Twilio refused the account's credentials (%d)", status)}
	case http.StatusNotFound:
		return &PermanentError{Configuration: true, Detail: "there is no Twilio API at base_url (404)"}
	}
	return &PermanentError{Detail: fmt.Sprintf("Twilio refused the text (%d)", status)}
}

// accountFaults hit every text until the operator acts.
var accountFaults = map[int]string{
	10001: "the Twilio account is not active; see the Twilio console",
	20003: "Twilio refused the account's credentials; check sms.twilio.account_sid and auth_token",
	20005: "the Twilio account is suspended or closed; see the Twilio console",
	20404: "Twilio does not know this account; check sms.twilio.account_sid and base_url",
	21212: "sms.twilio.from is not a valid number",
	21222: "sms.twilio.account_sid holds illegal characters",
	21224: "sms.twilio.auth_token holds illegal characters",
	21603: "Twilio got no sender; set sms.twilio.from or messaging_service_sid",
	21606: "sms.twilio.from is not a number of this account that can send texts",
	21609: "Twilio does not accept sms.status_callback_url; it must be a public URL",
	21659: "sms.twilio.from is not a number of this account",
	21660: "sms.twilio.from does not belong to this account",
	21661: "sms.twilio.from cannot send texts",
	21701: "the messaging service does not exist; check sms.twilio.messaging_service_sid",
	21703: "the messaging service has no sender; add one in the Twilio console",
	21704: "the messaging service has no sender; add one in the Twilio console",
	21705: "sms.twilio.messaging_service_sid is not valid",
	30002: "the Twilio account was suspended after the text was taken",
	30032: "the toll-free sender is not verified; see the Twilio console",
	30034: "the sender is not registered for A2P 10DLC; register a campaign in the Twilio console",
	30037: "texts are blocked because of an unpaid or restricted account; see the Twilio console",
}

// textFaults concern one text or one phone.
var textFaults = map[int]string{
	21211: "the number is not valid",
	21214: "the number cannot be reached by text",
	21217: "the number is not valid",
	21266: "sender and recipient are the same number",
	21408: "the Twilio account may not text this country; allow it under Geo Permissions in the Twilio console",
	21604: "Twilio got no recipient",
	21608: "a Twilio trial account may only text verified numbers; verify this one or upgrade the account",
	21610: "the person has unsubscribed (STOP); they can text START to the sender",
	21612: "Twilio has no route from this sender to this number",
	21614: "the number is not a mobile phone",
	21617: "the text is too long",
	21635: "the number is a landline",
	30003: "the phone is switched off or out of reach",
	30004: "the phone or its carrier blocks texts from this sender",
	30005: "the number is unknown or no longer in use",
	30006: "the number is a landline or its carrier cannot be reached",
	30007: "the carrier filtered the text as unwanted",
	30008: "the carrier reported an unknown error",
	30036: "the text expired before the carrier took it",
	30410: "the carrier timed out",
}
