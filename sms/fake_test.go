package sms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"partyline/sms"
	"partyline/state"
)

// verdict is what the fake provider does with one text.
type verdict struct {
	take  bool  // the text goes out
	err   error // what the caller hears; nil: a receipt
	hang  bool  // no answer until the caller gives up
	after time.Duration
}

var errLost = errors.New("connection reset")

// provider is a scripted sms.Provider that remembers every text it took.
type provider struct {
	decide   func(sms.Text) verdict // nil: take everything
	findErr  func(sms.Text) error   // nil: it can tell
	onSend   func(sms.Text)
	mu       sync.Mutex
	took     []sms.Text
	times    []time.Time // of every Send
	finds    int
	inflight map[string]int
	clash    bool // two texts to one number at once
}

func (p *provider) Send(ctx context.Context, t sms.Text) (sms.Receipt, error) {
	p.mu.Lock()
	if p.inflight == nil {
		p.inflight = map[string]int{}
	}
	p.inflight[t.To]++
	p.clash = p.clash || p.inflight[t.To] > 1
	p.times = append(p.times, time.Now())
	v := verdict{take: true}
	if p.decide != nil {
		v = p.decide(t)
	}
	if v.take {
		p.took = append(p.took, t)
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.inflight[t.To]--
		p.mu.Unlock()
	}()
	if p.onSend != nil {
		p.onSend(t)
	}
	if v.hang {
		<-ctx.Done()
		return sms.Receipt{}, ctx.Err()
	}
	if v.after > 0 {
		select {
		case <-time.After(v.after):
		case <-ctx.Done():
			return sms.Receipt{}, ctx.Err()
		}
	}
	if v.err != nil {
		return sms.Receipt{}, v.err
	}
	return sms.Receipt{ProviderID: "SM" + t.ID}, nil
}

func (p *provider) Find(_ context.Context, t sms.Text, since time.Time) (sms.Receipt, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finds++
	if p.findErr != nil {
		if err := p.findErr(t); err != nil {
			return sms.Receipt{}, false, err
		}
	}
	i := slices.IndexFunc(p.took, func(x sms.Text) bool { return x.ID == t.ID })
	return sms.Receipt{ProviderID: "SM" + t.ID}, i >= 0, nil
}

func (p *provider) sends() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.times)
}

func (p *provider) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]string, len(p.took))
	for i, t := range p.took {
		ids[i] = t.ID
	}
	return ids
}

// script hands out verdicts one by one, the last one for ever.
func script(list ...verdict) func(sms.Text) verdict {
	return func(sms.Text) verdict {
		v := list[0]
		if len(list) > 1 {
			list = list[1:]
		}
		return v
	}
}

// history collects what Changed told.
type history struct {
	mu      sync.Mutex
	changes map[string][]state.Message
}

func (h *history) changed(m state.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes == nil {
		h.changes = map[string][]state.Message{}
	}
	h.changes[m.ID] = append(h.changes[m.ID], m)
}

func (h *history) statuses(id string) []state.MessageStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	var s []state.MessageStatus
	for _, m := range h.changes[id] {
		s = append(s, m.Status)
	}
	return s
}

const pin = "493817"

// message is a queued one, valid for an hour.
func message(number int) state.Message {
	now := time.Now()
	return state.Message{
		ID: state.NewID(state.MessageID), TenantID: state.DefaultTenant,
		ConferenceID: "conf_1", ParticipantID: "part_1",
		To: fmt.Sprintf("+1202555%04d", number), Body: "Your PIN is " + pin,
		Status: state.MessageQueued, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// start runs an outbox until the returned function is called, which waits for it.
func start(t testing.TB, o *sms.Outbox) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}
