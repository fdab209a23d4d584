package sms_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"partyline/sms"
	"partyline/sms/smstest"
	"partyline/state"
)

// The whole way: outbox, twilio-go, HTTP, and back through the status callback.
func TestOutboxOverTwilio(t *testing.T) {
	tests := []struct {
		name    string
		steps   []smstest.Step
		reports []string
		status  state.MessageStatus
		texts   int
		posts   int
		lists   int // -1: any
	}{
		{name: "delivered", status: state.MessageDelivered, texts: 1, posts: 1},
		{name: "no reports", reports: []string{}, status: state.MessageSent, texts: 1, posts: 1},
		{name: "undelivered", reports: []string{"sent", "undelivered"}, status: state.MessageFailed, texts: 1, posts: 1},
		{name: "429 twice", steps: []smstest.Step{smstest.TooMany(0), smstest.TooMany(0)}, status: state.MessageDelivered, texts: 1, posts: 3},
		{name: "500, not taken", steps: []smstest.Step{smstest.Fail(500, 0)}, status: state.MessageDelivered, texts: 1, posts: 2, lists: 1},
		{name: "hang, not taken", steps: []smstest.Step{smstest.Hang()}, status: state.MessageDelivered, texts: 1, posts: 2, lists: 1},
		{name: "taken, answer lost", steps: []smstest.Step{smstest.Lose()}, reports: []string{}, status: state.MessageSent, texts: 1, posts: 1, lists: 1},
		{name: "taken, answer lost, lists fail", steps: []smstest.Step{smstest.Lose(), smstest.Fail(500, 0).OnList(), smstest.Hang().OnList()},
			reports: []string{}, status: state.MessageSent, texts: 1, posts: 1, lists: 3},
		{name: "taken, answer lost, report comes", steps: []smstest.Step{smstest.Lose()}, status: state.MessageDelivered, texts: 1, posts: 1, lists: -1},
		{name: "refused", steps: []smstest.Step{smstest.Fail(400, 21610)}, status: state.MessageFailed, posts: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, smstest.Config{Reports: tt.reports})
			c.Script(tt.steps...)
			web := httptest.NewUnstartedServer(nil)
			callback := "http://" + web.Listener.Addr().String() + "/sms/status"
			p := c.twilio(t, func(cfg *sms.TwilioConfig) {
				cfg.StatusCallback = callback
				cfg.Timeout = 2 * time.Second
			})
			store, h, m := newMemory(), &history{}, message(213)
			cfg := quick()
			cfg.Changed = h.changed
			o := sms.NewOutbox(store, p, cfg)
			web.Config.Handler = o.StatusCallback()
			web.Start()
			defer web.Close()
			defer start(t, o)()
			put(t, store, m)
			o.Wake()
			got := reaches(t, store, m.ID, tt.status)
			if got.Body != "" {
				t.Error("the body is still there")
			}
			if n := len(c.Texts(m.To)); n != tt.texts {
				t.Errorf("the phone got %d texts, want %d", n, tt.texts)
			}
			if c.Posts() != tt.posts || tt.lists >= 0 && c.Lists() != tt.lists {
				t.Errorf("%d posts and %d lists, want %d and %d", c.Posts(), c.Lists(), tt.posts, tt.lists)
			}
			if tt.texts > 0 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				x, err := c.Wait(ctx, m.To, 1)
				if err != nil || x.Body != m.Body || x.SID != got.ProviderID {
					t.Errorf("the phone got %+v %v, stored %+v", x, err, got)
				}
			}
			top := 0
			for _, s := range h.statuses(m.ID) {
				if r := ranks[s]; r >= top || r < ranks[state.MessageSent] && top < ranks[state.MessageSent] {
					top = max(top, r)
				} else {
					t.Errorf("history goes back: %v", h.statuses(m.ID))
				}
			}
		})
	}
}

var ranks = map[state.MessageStatus]int{
	state.MessageQueued: 0, state.MessageSending: 1, state.MessageSent: 2, state.MessageDelivered: 3, state.MessageFailed: 3,
}
