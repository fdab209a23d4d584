package smstest

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// reportAll calls a text's status callback with each configured status.
func (s *Server) reportAll(t Text) {
	for _, status := range s.cfg.Reports {
		if _, err := s.Report(s.ctx, t.SID, status, 0); err != nil {
			return // nobody listens; the real service gives up as well
		}
	}
}

// Report sets the status of a text and calls its status callback, with an
// error code unless it is 0. It returns the HTTP status of the answer.
func (s *Server) Report(ctx context.Context, sid, status string, code int) (int, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.texts, func(t Text) bool { return t.SID == sid })
	if i < 0 {
		s.mu.Unlock()
		return 0, fmt.Errorf("smstest: no text %s", sid)
	}
	s.texts[i].Status = status
	t := s.texts[i]
	s.mu.Unlock()
	req, err := s.Callback(ctx, t, status, code)
	if err != nil {
		return 0, err
	}
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, nil
}

// Callback is the request Report makes, signed.
func (s *Server) Callback(ctx context.Context, t Text, status string, code int) (*http.Request, error) {
	form := url.Values{
		"AccountSid": {s.cfg.AccountSID}, "ApiVersion": {"2010-04-01"},
		"MessageSid": {t.SID}, "SmsSid": {t.SID}, "MessageStatus": {status}, "SmsStatus": {status},
		"To": {t.To}, "From": {t.From},
	}
	if code != 0 {
		form.Set("ErrorCode", fmt.Sprint(code))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Callback, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "TwilioProxy/1.1")
	req.Header.Set("X-Twilio-Signature", Sign(s.cfg.AuthToken, t.Callback, form))
	return req, nil
}

// Sign computes X-Twilio-Signature: HMAC-SHA1 with the auth token over the URL
// and every parameter's name and value, in order of their names
// (https://www.twilio.com/docs/usage/security).
func Sign(token, target string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, target)
	for _, name := range names {
		io.WriteString(mac, name+form.Get(name))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
