package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
	"partyline/sms/smstest"
)

// inbox is where the simulated phones read their texts.
type inbox struct{ *smstest.Server }

func (i inbox) TextsTo(number string) (bodies []string) {
	for _, t := range i.Texts(number) {
		bodies = append(bodies, t.Body)
	}
	return bodies
}

// TestPINByTwilio sends PINs through a server that is as strict about method,
// path, credentials and form as Twilio, and that is at first too busy, then
// broken, then hangs. The PIN in the text, typed on the phone's keys, opens the
// conference; a wrong one does not.
func TestPINByTwilio(t *testing.T) {
	t.Parallel()
	twilio := smstest.New(smstest.Config{})
	server := httptest.NewServer(twilio)
	defer server.Close()
	defer twilio.Close()
	phones, err := carrier.Listen(carrier.Options{Texts: inbox{twilio}})
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Close()

	address := freeUDP(t) // the callback's URL must be known before the daemon is
	d := serveAt(t, address, trunk(phones.Addr().String())+fmt.Sprintf(
		"sms: {provider: twilio, status_callback_url: \"http://%s/v2/sms/status\", twilio: {account_sid: %s, auth_token: %q, from: %q, base_url: %q}}\n",
		address, smstest.AccountSID, smstest.AuthToken, smstest.From, server.URL))
	conf := d.conference(fields{"require_pin": true})

	for _, tt := range []struct {
		name  string
		steps []smstest.Step
		limit time.Duration
	}{
		{"at once", nil, 15 * time.Second},
		{"too busy", []smstest.Step{smstest.TooMany(time.Second)}, 30 * time.Second},
		{"broken", []smstest.Step{smstest.Fail(500, 20500)}, 30 * time.Second},
		{"hangs", []smstest.Step{smstest.Hang()}, 60 * time.Second},
		{"answer lost", []smstest.Step{smstest.Lose()}, 60 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			number := fmt.Sprintf("+1303%07d", 5550213+10000*len(tt.name))
			twilio.Script(tt.steps...)
			p := d.add(conf, number, fields{"send_pin_via_sms": true, "dial_after": "sms_sent"})
			if p.Status != "pending" {
				t.Errorf("rung before the text was sent: %s", p.Status)
			}
			d.becomes(conf, p.ID, "connected", tt.limit)
			until(t, "delivered", 10*time.Second, func() bool { return d.person(conf, p.ID).SMS == "delivered" })
			if got := twilio.Texts(number); len(got) != 1 {
				t.Errorf("%d texts were sent", len(got))
			}
		})
	}
	t.Run("wrong PIN", func(t *testing.T) {
		p := d.add(conf, "+12025550214", fields{"send_pin_via_sms": true})
		if p = d.becomes(conf, p.ID, "rejected", 20*time.Second); p.Reason != "wrong_pin" {
			t.Errorf("reason %q", p.Reason)
		}
		if _, err := twilio.Wait(context.Background(), "+12025550214", 1); err != nil {
			t.Error(err)
		}
	})
}
