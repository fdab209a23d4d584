package api_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge/bridgetest"
)

// What clients written for the Conferences API send, and read.
func TestClientsOfTheConferencesAPI(t *testing.T) {
	bearer := []string{"X-Auth-Token", "", "Authorization", "Bearer " + adminKey}
	for name, tt := range map[string]struct {
		body   string
		header []string
		want   map[string]any
	}{
		"curl": {
			body: "{\n\"phone_number\": \"+12025551234\",\n\"name\": \"John Smith\",\n\"role\": \"presenter\"\n}",
			want: map[string]any{"name": "John Smith", "role": "presenter", "muted": false},
		},
		"axios": {
			body:   `{"phone_number":"+12025551234","name":"John Smith","role":"presenter","muted":false}`,
			header: append([]string{"Content-Type", "application/json", "Accept", "application/json, text/plain, */*", "User-Agent", "axios/1.7.7"}, bearer...),
			want:   map[string]any{"name": "John Smith", "role": "presenter", "muted": false},
		},
		"axios charset": {
			body:   `{"phone_number":"+12025555678","name":"Jane Doe","role":"listener"}`,
			header: append([]string{"Content-Type", "application/json;charset=utf-8"}, bearer...),
			want:   map[string]any{"phone_number": "+12025555678", "role": "listener"},
		},
		"requests": {
			body: `{"phone_number": "+12025551234", "name": "John Smith", "role": "presenter", "muted": false}`,
			want: map[string]any{"role": "presenter"},
		},
		"requests with None": {
			body: `{"phone_number": "+12025551234", "name": null, "role": "listener"}`,
			want: map[string]any{"name": "", "role": "listener"},
		},
		"webinar": {
			body: `{"phone_number":"+12025551234","name":"Participant","role":"listener","muted":true}`,
			want: map[string]any{"muted": true, "role": "listener"},
		},
		"number alone": {
			body: `{"phone_number":"+12025551234"}`,
			want: map[string]any{"name": "", "role": "listener", "muted": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFace(t)
			conf := f.conference()
			got := f.do("POST", conf+"/participants", tt.body, tt.header...).want(200).object()
			if conf != "/v2/conferences/"+got["conference_id"].(string) {
				t.Errorf("conference_id %v of %s", got["conference_id"], conf)
			}
			tt.want["status"], tt.want["duration"], tt.want["joined_at"] = "dialing", 0.0, nil
			for field, want := range tt.want {
				if v, ok := got[field]; !ok || v != want {
					t.Errorf("%s is %v (there: %v), want %v", field, v, ok, want)
				}
			}
			if _, err := time.Parse(time.RFC3339, got["created_at"].(string)); err != nil {
				t.Errorf("created_at: %v", err)
			}
		})
	}
}

// The list after two people joined: the documented fields come first, in the
// documented order, durations are whole seconds, ended people stay listed.
func TestListAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		f.Phones.Script("", bridgetest.Callee{Answer: 2 * time.Second})
		conf := f.conference()
		f.participant(conf, `{"phone_number":"+12025551234","name":"John Smith","role":"presenter"}`)
		f.participant(conf, `{"phone_number":"+12025555678","name":"Jane Doe","role":"listener","muted":true}`)
		wait(t, 247500*time.Millisecond)
		a := f.get(conf + "/participants").want(200)
		if a.number("total") != 2 || a.number("active") != 2 {
			t.Errorf("total %v, active %v", a.number("total"), a.number("active"))
		}
		var list struct{ Participants []json.RawMessage }
		if err := json.Unmarshal(a.body, &list); err != nil {
			t.Fatal(err)
		}
		want := []string{"id", "conference_id", "phone_number", "name", "role", "status", "muted", "duration", "joined_at", "created_at"}
		for i, raw := range list.Participants {
			if got := fieldOrder(t, raw)[:len(want)]; !slices.Equal(got, want) {
				t.Errorf("participant %d has the fields %v first, want %v", i, got, want)
			}
		}
		first := a.items("participants")[0].(map[string]any)
		if first["status"] != "connected" || first["duration"] != 245.0 || first["joined_at"] == nil {
			t.Errorf("status %v, duration %v, joined_at %v", first["status"], first["duration"], first["joined_at"])
		}
		f.delete(conf + "/participants/" + first["id"].(string)).want(204)
		wait(t, time.Second)
		a = f.get(conf + "/participants").want(200)
		if a.number("total") != 2 || a.number("active") != 1 || a.items("participants")[0].(map[string]any)["status"] != "disconnected" {
			t.Errorf("after the removal of one: %s", a.body)
		}
	})
}

func fieldOrder(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return names
}
