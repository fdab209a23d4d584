package sms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// maxAnswer bounds what is read of one answer, bytes. A page of 200 messages
// is about 200 kB.
const maxAnswer = 4 << 20

// maxRetryAfter bounds a provider's wish to be left alone.
const maxRetryAfter = time.Hour

// exchange is one request to Twilio. twilio-go knows no contexts, a fixed host
// and no Retry-After; as the transport of its HTTP client an exchange adds all
// three, and remembers whether the request left this machine.
type exchange struct {
	ctx  context.Context
	base *url.URL
	next http.RoundTripper

	wrote      atomic.Bool // some of the request may have reached the far end
	status     int         // of the answer, 0 when there was none
	retryAfter time.Duration
}

func (t *Twilio) exchange(ctx context.Context) (*exchange, *api.ApiService) {
	x := &exchange{ctx: ctx, base: t.base, next: t.transport}
	c := &client.Client{
		Credentials: client.NewCredentials(t.cfg.AccountSID, t.cfg.AuthToken),
		HTTPClient: &http.Client{
			Transport: x,
			// A redirect would carry the token to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.SetAccountSid(t.cfg.AccountSID)
	// Not NewRequestHandler: that one reads the environment.
	return x, api.NewApiService(&client.RequestHandler{Client: c})
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(x.ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { x.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { x.wrote.Store(true) },
	})
	r = r.Clone(ctx)
	r.URL.Scheme, r.URL.Host, r.Host = x.base.Scheme, x.base.Host, x.base.Host
	r.URL.Path, r.URL.RawPath = strings.TrimSuffix(x.base.Path, "/")+r.URL.Path, ""
	resp, err := x.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.status = resp.StatusCode
	x.retryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, errRedirect
	}
	// twilio-go leaves the body of an error open, which would cost the connection.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

var errRedirect = errors.New("redirected")

// retryAfter reads a Retry-After header (RFC 9110 §10.2.3): seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	var d time.Duration
	if s, err := strconv.ParseInt(value, 10, 32); err == nil {
		d = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
