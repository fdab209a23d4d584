package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// person is a participant as the API shows one.
type person struct {
	ID          string `json:"id"`
	PhoneNumber string `json:"phone_number"`
	Role        string `json:"role"`
	Status      string `json:"status"`
	Phase       string `json:"phase"`
	Reason      string `json:"reason"`
	Muted       bool   `json:"muted"`
	Inbound     bool   `json:"inbound"`
	HeldBy      string `json:"held_by"`
	SMS         string `json:"sms"`
	SIP         *struct {
		Code   int    `json:"code"`
		Phrase string `json:"phrase"`
	} `json:"sip"`
	Quality *struct {
		Received uint64 `json:"received"`
	} `json:"quality"`
}

func (p person) ended() bool { return p.Status == "disconnected" || p.Status == "rejected" }

// try calls the API and returns the status code; out may be nil.
func (d *daemon) try(ctx context.Context, method, path string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-Auth-Token", adminKey)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode >= 300 {
		return res.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	if out != nil {
		return res.StatusCode, json.Unmarshal(text, out)
	}
	return res.StatusCode, nil
}

func (d *daemon) call(method, path string, in, out any) {
	d.t.Helper()
	if _, err := d.try(d.t.Context(), method, path, in, out); err != nil {
		d.t.Fatal(err)
	}
}

type fields = map[string]any

func (d *daemon) conference(more fields) string {
	d.t.Helper()
	body := fields{"name": "e2e"}
	for k, v := range more {
		body[k] = v
	}
	var c struct {
		ID string `json:"id"`
	}
	d.call("POST", "/v2/conferences", body, &c)
	return c.ID
}

func (d *daemon) add(conf, number string, more fields) person {
	d.t.Helper()
	body := fields{"phone_number": number, "role": "participant"}
	for k, v := range more {
		body[k] = v
	}
	var p person
	d.call("POST", "/v2/conferences/"+conf+"/participants", body, &p)
	return p
}

func (d *daemon) act(conf, id, action string) person {
	d.t.Helper()
	var p person
	d.call("POST", "/v2/conferences/"+conf+"/participants/"+id+"/"+action, fields{}, &p)
	return p
}

func (d *daemon) person(conf, id string) person {
	d.t.Helper()
	var p person
	d.call("GET", "/v2/conferences/"+conf+"/participants/"+id, nil, &p)
	return p
}

func (d *daemon) people(conf string) []person {
	d.t.Helper()
	var page struct {
		Participants []person `json:"participants"`
	}
	d.call("GET", "/v2/conferences/"+conf+"/participants?limit=1000", nil, &page)
	return page.Participants
}

// until asks again and again, at most for the given time, until ok.
func until(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %v", what, limit)
		case <-again.C:
		}
	}
}

// becomes waits for a participant's status.
func (d *daemon) becomes(conf, id, status string, limit time.Duration) person {
	d.t.Helper()
	var p person
	deadline := time.Now().Add(limit)
	until(d.t, "participant "+id+" becomes "+status, limit, func() bool {
		p = d.person(conf, id)
		if p.ended() && p.Status != status && time.Now().Before(deadline) {
			d.t.Fatalf("participant %s is %s (%s), wanted %s", id, p.Status, p.Reason, status)
		}
		return p.Status == status
	})
	return p
}
