package smstest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/sms/smstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const messages = "/2010-04-01/Accounts/" + smstest.AccountSID + "/Messages.json"

func call(t *testing.T, s *smstest.Server, method, target, token string, form url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.SetBasicAuth(smstest.AccountSID, token)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, body
}

func TestForm(t *testing.T) {
	good := url.Values{"To": {"+12025550100"}, "From": {smstest.From}, "Body": {"hello"}}
	tests := []struct {
		name, field, value string
		status, code       int
	}{
		{"good", "Body", "hello", 201, 0},
		{"no recipient", "To", "", 400, 21604},
		{"odd recipient", "To", "5550100", 400, 21211},
		{"no sender", "From", "", 400, 21603},
		{"to itself", "From", "+12025550100", 400, 21266},
		{"no body", "Body", "", 400, 21602},
		{"long body", "Body", strings.Repeat("x", 1601), 400, 21617},
		{"odd service", "MessagingServiceSid", "MG1", 400, 21705},
		{"odd callback", "StatusCallback", "nowhere", 400, 21609},
		{"odd validity", "ValidityPeriod", "36001", 400, 20001},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := smstest.New(smstest.Config{})
			defer s.Close()
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			form.Set(tt.field, tt.value)
			status, body := call(t, s, http.MethodPost, messages, smstest.AuthToken, form)
			code, _ := body["code"].(float64)
			if status != tt.status || int(code) != tt.code {
				t.Errorf("answered %d %v, want %d %d", status, body, tt.status, tt.code)
			}
			if taken := len(s.All()); (taken == 1) != (tt.status == 201) {
				t.Errorf("%d texts taken", taken)
			}
		})
	}
	s := smstest.New(smstest.Config{})
	defer s.Close()
	if status, body := call(t, s, http.MethodPost, messages, "guess", good); status != 401 || body["code"] != 20003.0 {
		t.Errorf("a wrong token: %d %v", status, body)
	}
	if status, _ := call(t, s, http.MethodGet, "/2010-04-01/Accounts", smstest.AuthToken, nil); status != 404 {
		t.Errorf("an unknown path: %d", status)
	}
}

func TestList(t *testing.T) {
	s := smstest.New(smstest.Config{})
	defer s.Close()
	for _, body := range []string{"one", "two", "three"} {
		call(t, s, http.MethodPost, messages, smstest.AuthToken,
			url.Values{"To": {"+12025550100"}, "From": {smstest.From}, "Body": {body}})
	}
	first := s.All()[0]
	if _, err := s.Report(t.Context(), first.SID, "sent", 0); err == nil {
		t.Error("a report without a callback")
	}
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.DateOnly)
	tests := []struct {
		name  string
		query url.Values
		want  string
	}{
		{"all, newest first", url.Values{}, "three two one"},
		{"another number", url.Values{"To": {"+12025550101"}}, ""},
		{"a page", url.Values{"PageSize": {"2"}}, "three two"},
		{"the next", url.Values{"PageSize": {"2"}, "Page": {"1"}}, "one"},
		{"those passed on", url.Values{"DateSent>": {"2020-01-01"}}, "one"},
		{"those of tomorrow", url.Values{"DateSent>": {tomorrow}}, ""},
		{"those before tomorrow", url.Values{"DateSent<": {tomorrow}}, "one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := call(t, s, http.MethodGet, messages+"?"+tt.query.Encode(), smstest.AuthToken, nil)
			var got []string
			for _, m := range body["messages"].([]any) {
				got = append(got, m.(map[string]any)["body"].(string))
			}
			if status != 200 || strings.Join(got, " ") != tt.want {
				t.Errorf("%d %q, want %q", status, got, tt.want)
			}
		})
	}
	if status, _ := call(t, s, http.MethodGet, messages+"?DateSent=yesterday", smstest.AuthToken, nil); status != 400 {
		t.Errorf("an odd date: %d", status)
	}
}
