package sms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/twilio/twilio-go/client"
	// Of twilio-go only this one package: its root package pulls in the
	// generated code of every Twilio product (276,000 lines), this one builds
	// in a few seconds.
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// TwilioConfig is a Twilio account and how to use it.
type TwilioConfig struct {
	AccountSID string // "AC" and 32 hex digits
	AuthToken  string
	// From is the sender, a number or sender id of the account.
	// MessagingServiceSid ("MG…") lets a messaging service choose one instead.
	// Exactly one of the two is given.
	From                string
	MessagingServiceSid string
	// BaseURL replaces https://api.twilio.com, for another region or a test
	// server. Plain http only on loopback.
	BaseURL string
	// StatusCallback is the public URL of Outbox.StatusCallback, exactly as
	// Twilio will call it (scheme, host and path before any proxy of ours).
	// Empty: no delivery reports.
	StatusCallback string
	// Timeout bounds one request, answer included; 10 s by default.
	Timeout time.Duration
}

const (
	twilioBaseURL = "https://api.twilio.com"
	twilioTimeout = 10 * time.Second

	// maxValidity is Twilio's limit for the ValidityPeriod of a text.
	maxValidity = 36000 * time.Second
)

var (
	accountSIDPattern = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	serviceSIDPattern = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	tokenPattern      = regexp.MustCompile(`^[0-9A-Za-z]+$`) // what twilio-go accepts
)

// Twilio is the Provider in service. Make it with NewTwilio.
type Twilio struct {
	cfg       TwilioConfig
	base      *url.URL
	callback  *url.URL // nil: no reports
	transport *http.Transport
	validator client.RequestValidator
}

// NewTwilio checks the configuration; it does not talk to Twilio (Check does).
func NewTwilio(cfg TwilioConfig) (*Twilio, error) {
	if !accountSIDPattern.MatchString(cfg.AccountSID) {
		return nil, errors.New("sms: twilio account_sid must be AC and 32 hex digits, as the Twilio console shows it")
	}
	if !tokenPattern.MatchString(cfg.AuthToken) {
		return nil, errors.New("sms: twilio auth_token must be the letters and digits the Twilio console shows")
	}
	if (cfg.From == "") == (cfg.MessagingServiceSid == "") {
		return nil, errors.New("sms: give either twilio from or twilio messaging_service_sid, and not both")
	}
	if s := cfg.MessagingServiceSid; s != "" && !serviceSIDPattern.MatchString(s) {
		return nil, errors.New("sms: twilio messaging_service_sid must be MG and 32 hex digits, as the Twilio console shows it")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = twilioBaseURL
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = twilioTimeout
	}
	base, err := parseBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	t := &Twilio{cfg: cfg, base: base, validator: client.NewRequestValidator(cfg.AuthToken)}
	if cfg.StatusCallback != "" {
		if t.callback, err = parseCallbackURL(cfg.StatusCallback); err != nil {
			return nil, err
		}
	}
	t.transport = http.DefaultTransport.(*http.Transport).Clone()
	t.transport.MaxConnsPerHost = 32
	return t, nil
}

// Close drops idle connections.
func (t *Twilio) Close() { t.transport.CloseIdleConnections() }

func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("sms: twilio base_url must look like https://api.twilio.com")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return u, nil
	}
	return nil, errors.New("sms: twilio base_url must be https, or http on loopback: the account's token travels there")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send creates a Message resource at Twilio.
func (t *Twilio) Send(ctx context.Context, text Text) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	p := &api.CreateMessageParams{To: &text.To, Body: &text.Body}
	if t.cfg.From != "" {
		p.From = &t.cfg.From
	} else {
		p.MessagingServiceSid = &t.cfg.MessagingServiceSid
	}
	if t.callback != nil {
		u := t.callbackURL(text.ID)
		p.StatusCallback = &u
	}
	if left := time.Until(text.ExpiresAt); !text.ExpiresAt.IsZero() && left < maxValidity {
		seconds := max(1, int(left/time.Second))
		p.ValidityPeriod = &seconds
	}
	x, service := t.exchange(ctx)
	m, err := service.CreateMessage(p)
	if err != nil {
		return Receipt{}, x.classify(err)
	}
	if m.Sid == nil || *m.Sid == "" {
		return Receipt{}, fmt.Errorf("sms: twilio answered %d without a message SID; is base_url right?", x.status)
	}
	return receipt(m)
}

// receipt turns a Message resource into what the outbox wants to know.
func receipt(m *api.ApiV2010Message) (Receipt, error) {
	switch deref(m.Status) {
	case "failed", "undelivered", "canceled":
		code := 0
		if m.ErrorCode != nil {
			code = *m.ErrorCode
		}
		return Receipt{}, refusal(code)
	}
	return Receipt{ProviderID: deref(m.Sid)}, nil
}

// Check asks Twilio whether the account exists, is active and accepts the
// token: nil when texts can be sent as far as Twilio says.
func (t *Twilio) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	x, service := t.exchange(ctx)
	account, err := service.FetchAccount(t.cfg.AccountSID)
	if err != nil {
		return x.classify(err)
	}
	if s := deref(account.Status); s != "active" {
		return &PermanentError{Configuration: true, Detail: fmt.Sprintf("the Twilio account is %q, not active; see the Twilio console", s)}
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
