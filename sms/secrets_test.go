package sms_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/sms"
	"partyline/sms/smstest"
	"partyline/state"
)

// clean fails when a text for people holds what it must not.
func clean(t testing.TB, what string, m state.Message) {
	t.Helper()
	for _, secret := range []string{pin, m.Body, m.To, m.To[1:], "%2B" + m.To[1:], smstest.AuthToken} {
		if secret != "" && strings.Contains(what, secret) {
			t.Errorf("%q holds a secret: %q", what, secret)
		}
	}
}

// page is a log that can be read while it is written.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// Every way a text can go, at debug level: no PIN, token or number in the log,
// in the stored error or in the statistics.
func TestNothingSecretIsLogged(t *testing.T) {
	steps := map[string][]smstest.Step{
		"sent":         nil,
		"limited":      {smstest.TooMany(0)},
		"server error": {smstest.Fail(500, 0)},
		"lost":         {smstest.Lose()},
		"hang":         {smstest.Hang(), smstest.Hang().OnList()},
		"refused":      {smstest.Fail(400, 21211)},
		"account":      {smstest.Fail(401, 20003)},
		"strange":      {smstest.Fail(418, 0)},
		"down":         {smstest.Fail(503, 0), smstest.Fail(503, 0), smstest.Fail(503, 0), smstest.Fail(503, 0), smstest.Fail(503, 0)},
	}
	for name, list := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, smstest.Config{})
			c.Script(list...)
			p := c.twilio(t, func(cfg *sms.TwilioConfig) { cfg.Timeout = time.Second })
			log, store, m := &page{}, newMemory(), message(1)
			put(t, store, m)
			cfg := quick()
			cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			o := sms.NewOutbox(store, p, cfg)
			stop := start(t, o)
			got := settled(t, store, m.ID)
			stop()
			if log.String() == "" {
				t.Error("nothing logged at all: people want to know")
			}
			if !strings.Contains(log.String(), "+1202•••0001") {
				t.Errorf("the log does not tell which number: %s", log)
			}
			clean(t, log.String(), m)
			clean(t, got.Error, m)
		})
	}
}

// quick is a configuration for tests over real sockets.
func quick() sms.OutboxConfig {
	return sms.OutboxConfig{Backoff: time.Millisecond, LookupDelay: time.Millisecond, ScanEvery: 50 * time.Millisecond, SendTimeout: 5 * time.Second}
}

// settled waits until a message is sent, delivered or failed.
func settled(t testing.TB, store state.Store, id string) state.Message {
	t.Helper()
	return reaches(t, store, id, state.MessageSent, state.MessageDelivered, state.MessageFailed)
}

// reaches polls for a status, for at most 20 s.
func reaches(t testing.TB, store state.Store, id string, statuses ...state.MessageStatus) state.Message {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		m := get(t, store, id)
		for _, s := range statuses {
			if m.Status == s {
				return m
			}
		}
	}
	t.Fatalf("the message never got to %v: %+v", statuses, get(t, store, id))
	return state.Message{}
}

func TestLogProviderWritesForTheOperatorOnly(t *testing.T) {
	terminal, log := &page{}, &page{}
	store, m := newMemory(), message(1)
	m.Body += "\x1b[2J\r\n"
	put(t, store, m)
	o := sms.NewOutbox(store, sms.NewLog(terminal), sms.OutboxConfig{Log: slog.New(slog.NewTextHandler(log, nil))})
	stop := start(t, o)
	got := settled(t, store, m.ID)
	stop()
	if got.Status != state.MessageSent || got.Body != "" {
		t.Errorf("stored %+v", got)
	}
	line := terminal.String()
	if !strings.Contains(line, pin) || !strings.Contains(line, "+1202•••0001") {
		t.Errorf("the operator sees %q", line)
	}
	if strings.ContainsAny(line, "\x1b\r") || strings.Count(line, "\n") != 1 {
		t.Errorf("control characters reach the terminal: %q", line)
	}
	clean(t, log.String(), m)

	var re *sms.RetryError
	if _, err := sms.NewLog(broken{}).Send(t.Context(), text(m)); !errors.As(err, &re) {
		t.Errorf("a terminal that is gone: %v", err)
	}
	if _, _, err := sms.NewLog(terminal).Find(t.Context(), text(m), time.Time{}); !errors.Is(err, sms.ErrCannotTell) {
		t.Errorf("Find: %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }
