package sms_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"partyline/sms"
	"partyline/sms/smstest"
	"partyline/state"
)

// carrier is a Twilio on loopback.
type carrier struct {
	*smstest.Server
	url string
}

func newCarrier(t testing.TB, cfg smstest.Config) carrier {
	t.Helper()
	s := smstest.New(cfg)
	web := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); web.Close() })
	return carrier{s, web.URL}
}

// twilio is the provider under test, talking to c.
func (c carrier) twilio(t testing.TB, edit func(*sms.TwilioConfig)) *sms.Twilio {
	t.Helper()
	cfg := sms.TwilioConfig{AccountSID: smstest.AccountSID, AuthToken: smstest.AuthToken, From: smstest.From, BaseURL: c.url}
	if edit != nil {
		edit(&cfg)
	}
	p, err := sms.NewTwilio(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func text(m state.Message) sms.Text {
	return sms.Text{To: m.To, Body: m.Body, ID: m.ID, ExpiresAt: m.ExpiresAt}
}

func TestTwilioSends(t *testing.T) {
	c := newCarrier(t, smstest.Config{Reports: []string{}})
	p := c.twilio(t, func(cfg *sms.TwilioConfig) { cfg.StatusCallback = "https://bridge.example/sms/status?node=1" })
	m := message(1)
	m.Body = "PIN: 123456 & more – ünïcode +1"
	r, err := p.Send(t.Context(), text(m))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Texts(m.To)
	if len(got) != 1 || got[0].SID != r.ProviderID || got[0].Body != m.Body || got[0].From != smstest.From {
		t.Fatalf("receipt %+v, taken %+v", r, got)
	}
	want := "https://bridge.example/sms/status?m=" + strings.TrimPrefix(m.ID, "msg_") + "&node=1"
	if got[0].Callback != want {
		t.Errorf("callback %q, want %q", got[0].Callback, want)
	}
	if v := got[0].Validity; v < 3500 || v > 3600 {
		t.Errorf("validity %d s, want the hour the text is worth something", v)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func TestTwilioMessagingService(t *testing.T) {
	c := newCarrier(t, smstest.Config{})
	service := "MG" + strings.Repeat("0a", 16)
	p := c.twilio(t, func(cfg *sms.TwilioConfig) { cfg.From, cfg.MessagingServiceSid = "", service })
	m := message(1)
	if _, err := p.Send(t.Context(), text(m)); err != nil {
		t.Fatal(err)
	}
	if got := c.Texts(m.To); got[0].From != service || got[0].Callback != "" {
		t.Errorf("taken %+v", got)
	}
}

func TestTwilioErrors(t *testing.T) {
	const (
		retry = iota
		unreachable
		permanent
		configuration
		unknown
	)
	tests := []struct {
		name  string
		step  smstest.Step
		edit  func(*sms.TwilioConfig)
		to    string
		kind  int
		after time.Duration
		code  int
		says  string
	}{
		{name: "429", step: smstest.TooMany(7 * time.Second), kind: retry, after: 7 * time.Second},
		{name: "429 without Retry-After", step: smstest.TooMany(0), kind: retry},
		{name: "503", step: smstest.Fail(503, 20503), kind: retry},
		{name: "500", step: smstest.Fail(500, 20500), kind: unknown},
		{name: "504", step: smstest.Fail(504, 0), kind: unknown},
		{name: "hang", step: smstest.Hang(), kind: unknown},
		{name: "lost answer", step: smstest.Lose(), kind: unknown},
		{name: "too slow", step: smstest.Slow(time.Minute), kind: unknown},
		{name: "nobody listens", edit: func(c *sms.TwilioConfig) { c.BaseURL = closedPort(t) }, kind: unreachable, says: "cannot be reached"},
		{name: "invalid number", to: "+0123", kind: permanent, code: 21211, says: "not valid"},
		{name: "unverified", step: smstest.Fail(400, 21608), kind: permanent, code: 21608, says: "trial account"},
		{name: "unsubscribed", step: smstest.Fail(400, 21610), kind: permanent, code: 21610, says: "unsubscribed"},
		{name: "unknown code", step: smstest.Fail(400, 21999), kind: permanent, code: 21999, says: "docs/api/errors/21999"},
		{name: "no code", step: smstest.Fail(400, 0), kind: permanent, says: "(400)"},
		{name: "wrong token", edit: func(c *sms.TwilioConfig) { c.AuthToken = "wrong" }, kind: configuration, code: 20003, says: "credentials"},
		{name: "wrong account", edit: func(c *sms.TwilioConfig) { c.AccountSID = "AC" + strings.Repeat("f", 32) }, kind: configuration, code: 20003},
		{name: "wrong path", edit: func(c *sms.TwilioConfig) { c.BaseURL += "/elsewhere" }, kind: configuration, code: 20404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, smstest.Config{})
			p := c.twilio(t, func(cfg *sms.TwilioConfig) {
				cfg.Timeout = 2 * time.Second
				if tt.edit != nil {
					tt.edit(cfg)
				}
			})
			c.Script(tt.step)
			m := message(1)
			if tt.to != "" {
				m.To = tt.to
			}
			_, err := p.Send(t.Context(), text(m))
			var re *sms.RetryError
			var pe *sms.PermanentError
			got := unknown
			switch {
			case err == nil:
				t.Fatal("no error")
			case errors.As(err, &re) && re.Unreachable:
				got = unreachable
			case errors.As(err, &re):
				got = retry
				if re.After != tt.after {
					t.Errorf("after %v, want %v", re.After, tt.after)
				}
			case errors.As(err, &pe):
				got = permanent
				if pe.Configuration {
					got = configuration
				}
				if pe.Code != tt.code {
					t.Errorf("code %d, want %d", pe.Code, tt.code)
				}
			}
			if got != tt.kind {
				t.Errorf("kind %d, want %d: %v", got, tt.kind, err)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
			clean(t, err.Error(), m)
		})
	}
}

// closedPort is a base URL where nobody listens.
func closedPort(t *testing.T) string {
	web := httptest.NewServer(http.NotFoundHandler())
	web.Close()
	return web.URL
}

func TestTwilioStrangeAnswers(t *testing.T) {
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		refused bool
	}{
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, true},
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.Write([]byte("<html>")) }, false},
		{"no SID", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.Write([]byte("{}")) }, false},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(201)
			w.Write([]byte(`{"sid":"SM1"`))
		}, false},
		{"failed at once", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			w.Write([]byte(`{"sid":"SM1","status":"failed","error_code":30007}`))
		}, true},
		{"a login page", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403); w.Write([]byte("<html>")) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls++; tt.answer(w, r) }))
			defer web.Close()
			p := carrier{url: web.URL}.twilio(t, nil)
			m := message(1)
			_, err := p.Send(t.Context(), text(m))
			var pe *sms.PermanentError
			var re *sms.RetryError
			if err == nil || errors.As(err, &re) || errors.As(err, &pe) != tt.refused {
				t.Errorf("error %v", err)
			}
			if calls != 1 {
				t.Errorf("%d requests for one Send", calls)
			}
			clean(t, err.Error(), m)
		})
	}
}

func TestTwilioFind(t *testing.T) {
	c := newCarrier(t, smstest.Config{Reports: []string{}})
	p := c.twilio(t, func(cfg *sms.TwilioConfig) { cfg.Timeout = 2 * time.Second })
	m := message(1)
	since := time.Now()
	find := func(x sms.Text, since time.Time) (sms.Receipt, bool) {
		t.Helper()
		r, found, err := p.Find(t.Context(), x, since)
		if err != nil {
			t.Fatal(err)
		}
		return r, found
	}
	if _, found := find(text(m), since); found {
		t.Error("found before it was sent")
	}
	c.Script(smstest.Lose())
	if _, err := p.Send(t.Context(), text(m)); err == nil {
		t.Fatal("the answer was not lost")
	}
	sid := c.Texts(m.To)[0].SID
	if r, found := find(text(m), since); !found || r.ProviderID != sid {
		t.Errorf("%v %v, want %s", r, found, sid)
	}
	other := text(m)
	other.Body = "Your PIN is 000000"
	if _, found := find(other, since); found {
		t.Error("took another text for this one")
	}
	known := text(m)
	known.Known = []string{sid}
	if _, found := find(known, since); found {
		t.Error("took a text that belongs to another message")
	}
	if _, found := find(text(m), since.Add(10*time.Minute)); found {
		t.Error("took a text from long before")
	}
	if _, err := c.Report(t.Context(), sid, "undelivered", 0); err == nil {
		t.Error("reported without a callback")
	}
	var pe *sms.PermanentError
	if _, _, err := p.Find(t.Context(), text(m), since); !errors.As(err, &pe) {
		t.Errorf("an undelivered text: %v", err)
	}
	c.Script(smstest.Fail(500, 0).OnList(), smstest.Hang().OnList())
	for range 2 {
		_, _, err := p.Find(t.Context(), text(m), since)
		if err == nil {
			t.Error("no error")
			continue
		}
		clean(t, err.Error(), m)
	}
}

// More texts than Find looks at: it does not pretend to know.
func TestTwilioFindCannotTell(t *testing.T) {
	c := newCarrier(t, smstest.Config{})
	p := c.twilio(t, nil)
	m := message(1)
	for range 200 {
		if _, err := p.Send(t.Context(), text(m)); err != nil {
			t.Fatal(err)
		}
	}
	m.Body = "another"
	if _, _, err := p.Find(t.Context(), text(m), time.Now()); !errors.Is(err, sms.ErrCannotTell) {
		t.Errorf("error %v", err)
	}
}

func TestTwilioEndsWithItsContext(t *testing.T) {
	c := newCarrier(t, smstest.Config{})
	p := c.twilio(t, nil)
	c.Script(smstest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Send(ctx, text(message(1))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestTwilioConfig(t *testing.T) {
	good := sms.TwilioConfig{AccountSID: smstest.AccountSID, AuthToken: smstest.AuthToken, From: smstest.From}
	tests := []struct {
		name string
		edit func(*sms.TwilioConfig)
		says string // "": accepted
	}{
		{"as it should be", func(*sms.TwilioConfig) {}, ""},
		{"no account", func(c *sms.TwilioConfig) { c.AccountSID = "" }, "account_sid"},
		{"an API key", func(c *sms.TwilioConfig) { c.AccountSID = "SK" + strings.Repeat("0", 32) }, "account_sid"},
		{"no token", func(c *sms.TwilioConfig) { c.AuthToken = "" }, "auth_token"},
		{"odd token", func(c *sms.TwilioConfig) { c.AuthToken = "a b" }, "auth_token"},
		{"no sender", func(c *sms.TwilioConfig) { c.From = "" }, "messaging_service_sid"},
		{"two senders", func(c *sms.TwilioConfig) { c.MessagingServiceSid = "MG" + strings.Repeat("0", 32) }, "not both"},
		{"odd service", func(c *sms.TwilioConfig) { c.From, c.MessagingServiceSid = "", "MG1" }, "messaging_service_sid"},
		{"plain http", func(c *sms.TwilioConfig) { c.BaseURL = "http://api.example" }, "https"},
		{"plain http on loopback", func(c *sms.TwilioConfig) { c.BaseURL = "http://127.0.0.1:1234" }, ""},
		{"plain http on IPv6 loopback", func(c *sms.TwilioConfig) { c.BaseURL = "http://[::1]:1234" }, ""},
		{"a host only", func(c *sms.TwilioConfig) { c.BaseURL = "api.example" }, "base_url"},
		{"credentials in the URL", func(c *sms.TwilioConfig) { c.BaseURL = "https://a:b@api.example" }, "base_url"},
		{"callback", func(c *sms.TwilioConfig) { c.StatusCallback = "https://bridge.example/s" }, ""},
		{"callback by http", func(c *sms.TwilioConfig) { c.StatusCallback = "http://bridge.example/s" }, "https"},
		{"callback path only", func(c *sms.TwilioConfig) { c.StatusCallback = "/s" }, "status_callback_url"},
		{"callback with m", func(c *sms.TwilioConfig) { c.StatusCallback = "https://bridge.example/s?m=1" }, "parameter m"},
		{"callback with underscore", func(c *sms.TwilioConfig) { c.StatusCallback = "https://b_r.example/s" }, "underscore"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.edit(&cfg)
			p, err := sms.NewTwilio(cfg)
			if (err == nil) != (tt.says == "") {
				t.Fatalf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
			if p != nil {
				p.Close()
			}
		})
	}
}
