package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client calls the demo's own API the way anyone would.
type client struct {
	url, key string
	http     http.Client
}

func newClient(url, key string) *client {
	return &client{url: url, key: key, http: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
}

func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", c.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// row is what the roster shows of a participant.
type row struct {
	ID          string `json:"id"`
	PhoneNumber string `json:"phone_number"`
	Name        string `json:"name"`
	Role        string `json:"role"`
	Status      string `json:"status"`
	Phase       string `json:"phase"`
	Reason      string `json:"reason"`
	Inbound     bool   `json:"inbound"`
	Duration    int    `json:"duration"`
	SIP         *struct {
		Code   int    `json:"code"`
		Phrase string `json:"phrase"`
	} `json:"sip"`
	Effective struct {
		Speaks bool `json:"speaks"`
		Hears  bool `json:"hears"`
	} `json:"effective"`
}

// state is the status with its reason, in a few words.
func (r row) state() string {
	s := r.Status
	switch {
	case r.Reason != "":
		s += ": " + r.Reason
	case r.Phase != "" && r.Phase != r.Status:
		s += " (" + r.Phase + ")"
	}
	if r.SIP != nil && r.SIP.Code >= 300 {
		s += fmt.Sprintf(" [%d]", r.SIP.Code)
	}
	return s
}

func (c *client) roster(ctx context.Context, conference string) ([]row, error) {
	var page struct {
		Participants []row  `json:"participants"`
		Next         string `json:"next"`
	}
	var all []row
	for after := ""; ; after = page.Next {
		path := "/v2/conferences/" + conference + "/participants?limit=1000"
		if after != "" {
			path += "&after=" + after
		}
		page.Next = ""
		if err := c.call(ctx, "GET", path, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Participants...)
		page.Participants = nil
		if page.Next == "" {
			return all, nil
		}
	}
}
