package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"partyline/cmd/partyline/carrier"
	"partyline/sms/smstest"
)

// A conference with PINs of both kinds, right and wrong, and everything else
// that is secret: none of it is in the log (at level debug), the metrics, the
// store's file or what the API shows.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	twilio := smstest.New(smstest.Config{})
	t.Cleanup(twilio.Close)
	web := httptest.NewServer(twilio)
	t.Cleanup(web.Close)
	const conferencePIN = "739154"
	s := newHouseWith(t, carrier.Options{Texts: inbox{twilio}}, fmt.Sprintf(
		"sms: {provider: twilio, twilio: {account_sid: %s, auth_token: %s, from: %q, base_url: %q}}\n",
		smstest.AccountSID, smstest.AuthToken, smstest.From, web.URL)).serve()
	key := strings.TrimSpace(s.run("key", "create").want(t, 0).out)

	conf := "/v2/conferences/" + s.do("POST", "/v2/conferences", `{"name":"Closed","require_pin":true,"pin":"`+conferencePIN+`"}`)["id"].(string)
	call(t, key, "POST", s.url+conf+"/participants", `{"phone_number":"+12025550213","name":"Jane","send_pin_via_sms":true}`)
	call(t, key, "POST", s.url+conf+"/participants", `{"phone_number":"+12025550214","name":"Mallory"}`)
	call(t, "pl_aaaaaaaaaaaaa_"+strings.Repeat("b", 52), "GET", s.url+conf, "")
	var shown string
	until(t, "one let in and one sent away", func() bool {
		shown = fmt.Sprint(s.do("GET", conf+"/participants", ""))
		return strings.Contains(shown, "status:connected") && strings.Contains(shown, "reason:wrong_pin")
	})
	texts := twilio.Texts("+12025550213")
	pins := regexp.MustCompile(`\b\d{6}\b`).FindAllString(texts[0].Body, -1)
	if len(texts) != 1 || len(pins) == 0 {
		t.Fatalf("texts %v", texts)
	}
	shown += fmt.Sprint(s.do("GET", conf, ""), s.do("GET", conf+"/report", ""))
	metrics := s.text("/metrics")
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	stored, err := os.ReadFile(s.store)
	if err != nil {
		t.Fatal(err)
	}

	secrets := append(slices.Clone(pins), conferencePIN, key, strings.Split(key, "_")[2], adminKey, smstest.AuthToken, strings.Repeat("b", 52))
	numbers := []string{"12025550213", "12025550214", "2025550213", "2025550214"}
	for place, tt := range map[string]struct {
		text  string
		hides []string
	}{
		"the log":     {s.log.String(), append(numbers, secrets...)},
		"the metrics": {metrics, append(numbers, secrets...)},
		"the store":   {string(stored), append(numbers, secrets...)},
		"the API":     {shown, secrets},
	} {
		if len(tt.text) < 200 {
			t.Errorf("%s says too little for this test: %q", place, tt.text)
		}
		for _, secret := range tt.hides {
			if found := alone(tt.text, secret); found != "" {
				t.Errorf("%s shows %q: …%s…", place, secret, found)
			}
		}
	}
}

// alone finds a word that is not part of a longer number, as six digits may
// be by chance, and shows it among its neighbours.
func alone(text, word string) string {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return ""
		}
		i += from
		if from = i + len(word); !digit(i-1) && !digit(from) {
			return text[max(0, i-80):min(len(text), from+80)]
		}
	}
}

func TestAlone(t *testing.T) {
	for text, want := range map[string]bool{"": false, "123456": true, "1234567": false, "0123456": false, "x123456y": true, "1234567 pin=123456": true} {
		if got := alone(text, "123456") != ""; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
