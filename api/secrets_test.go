package api_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge/bridgetest"
	"partyline/state"
)

// Planted PINs, keys and numbers are in no log, no metric, no reply but the
// one that shows a number to its owner; PINs and keys not in the store either.
func TestSecretsStaySecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		const pin, patchedPin, number = "739154", "820613", "+12025550147"
		const modPin, patchedModPin = "46028175", "9150362748"
		stored := f.tenantKey("default")
		f = f.as(stored)
		var replies bytes.Buffer
		keep := func(a *answer) *answer { replies.Write(a.body); return a }

		made := keep(f.do("POST", "/v2/conferences", `{"name":"Board","require_pin":true,"pin":"`+pin+`","dial_in":{"moderator_pin":"`+modPin+`"}}`, "Idempotency-Key", "idem-key-text").want(201))
		conf := "/v2/conferences/" + made.text("id")
		keep(f.patch(conf, `{"pin":"`+patchedPin+`"}`).want(200))
		keep(f.patch(conf, `{"dial_in":{"moderator_pin":"`+patchedModPin+`"}}`).want(200))
		keep(f.post("/v2/conferences", `{"name":"x","pin":"`+pin+`9"}`).want(422))
		keep(f.post("/v2/conferences", `{"name":"x","dial_in":{"moderator_pin":"`+modPin+`abc"}}`).want(422))
		keep(f.post("/v2/conferences", `{"name":"x","pin":"`+pin+`",}`).want(400))
		part := f.participant(conf, `{"phone_number":"`+number+`","send_pin_via_sms":true}`)
		wait(t, 3*time.Second)
		keep(f.get(part).want(200))
		keep(f.get(conf).want(200))
		keep(f.get(conf + "/report").want(200))
		f.do("GET", "/v2/conferences?token="+stored+"&pin="+pin, "").want(422)
		f.do("GET", "/v2/conferences/"+strings.TrimPrefix(number, "+"), "").want(404)
		f.as(stored[:len(stored)-3] + "abc").get(conf).want(401)
		f.Bench.Store.Fail(errText("full"))
		f.post(conf+"/participants", `{"phone_number":"`+number+`"}`).want(503)
		f.Bench.Store.Fail(nil)

		var store bytes.Buffer
		if err := f.Bench.Store.Snapshot(t.Context(), &store); err != nil {
			t.Fatal(err)
		}
		texts := f.sentTexts()
		places := map[string]string{"log": f.log.String(), "metrics": string(f.get("/metrics").body), "replies": replies.String(), "store": store.String()}
		if len(places["log"]) < 1000 {
			t.Fatalf("the log has only %d bytes; this test looks at nothing", len(places["log"]))
		}
		secrets := map[string]string{"conference PIN": pin, "changed PIN": patchedPin, "moderator PIN": modPin, "changed moderator PIN": patchedModPin, "API key": stored, "key's secret": stored[18:],
			"admin key": adminKey, "Idempotency-Key": "idem-key-text"}
		for _, p := range texts {
			secrets["personal PIN"] = p
		}
		for place, content := range places {
			for name, secret := range secrets {
				if name == "personal PIN" && place == "store" {
					continue // the text waits there to be sent, in a sealed record
				}
				if strings.Contains(content, secret) {
					t.Errorf("the %s is in the %s", name, place)
				}
			}
			if (place == "log" || place == "metrics") && strings.Contains(content, strings.TrimPrefix(number, "+")) {
				t.Errorf("the full number is in the %s", place)
			}
		}
	})
}

// sentTexts are the personal PINs that wait to be sent.
func (f *face) sentTexts() []string {
	f.t.Helper()
	var pins []string
	for _, m := range bridgetest.All[state.Message](f.Bench.Store, state.MessagePrefix) {
		for _, word := range strings.FieldsFunc(m.Body, func(r rune) bool { return r < '0' || r > '9' }) {
			if len(word) == 6 {
				pins = append(pins, word)
			}
		}
	}
	if len(pins) == 0 {
		f.t.Fatal("no text with a PIN waits to be sent")
	}
	return pins
}
