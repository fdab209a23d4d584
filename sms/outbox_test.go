package sms_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/sms"
	"partyline/state"
)

// full is the longest jitter; none is the shortest.
func full() float64 { return 1 }
func none() float64 { return 0 }

func TestSendsAndForgetsTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p, h := newMemory(), &provider{}, &history{}
		o := sms.NewOutbox(store, p, sms.OutboxConfig{Changed: h.changed})
		stop := start(t, o)
		defer stop()
		m := message(1)
		put(t, store, m)
		o.Wake()
		synctest.Wait()

		got := get(t, store, m.ID)
		if got.Status != state.MessageSent || got.ProviderID != "SM"+m.ID || got.Tries != 1 || got.TriedAt == nil {
			t.Errorf("stored: %+v", got)
		}
		if got.Body != "" {
			t.Errorf("the body is still there: %q", got.Body)
		}
		if want := []state.MessageStatus{"sending", "sent"}; !slices.Equal(h.statuses(m.ID), want) {
			t.Errorf("told %v, want %v", h.statuses(m.ID), want)
		}
		if len(p.took) != 1 || p.took[0].To != m.To || p.took[0].Body != m.Body {
			t.Errorf("sent %+v", p.took)
		}
		if s := o.Stats(); s.Sent != 1 || s.Tries != 1 || s.Failed != 0 || s.Flying != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestFindsWhatWasQueuedBeforeStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newMemory(), &provider{}
		m := message(1)
		put(t, store, m)
		o := sms.NewOutbox(store, p, sms.OutboxConfig{})
		defer start(t, o)()
		synctest.Wait()
		if got := get(t, store, m.ID); got.Status != state.MessageSent {
			t.Errorf("status %s without a Wake", got.Status)
		}
		late := message(2) // and nobody calls Wake
		put(t, store, late)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if got := get(t, store, late.ID); got.Status != state.MessageSent {
			t.Errorf("status %s after the periodic search", got.Status)
		}
	})
}

func TestRetries(t *testing.T) {
	limited := &sms.RetryError{Detail: "429"}
	tests := []struct {
		name   string
		rand   func() float64
		script []verdict
		waits  []time.Duration // between tries
		status state.MessageStatus
		reason string
	}{
		{name: "full jitter doubles", rand: full,
			script: []verdict{{err: limited}, {err: limited}, {err: limited}, {take: true}},
			waits:  []time.Duration{4 * time.Second, 8 * time.Second, 16 * time.Second}, status: state.MessageSent},
		{name: "half of it", rand: func() float64 { return 0.5 },
			script: []verdict{{err: limited}, {err: limited}, {take: true}},
			waits:  []time.Duration{2 * time.Second, 4 * time.Second}, status: state.MessageSent},
		{name: "Retry-After is waited for in full", rand: none,
			script: []verdict{{err: &sms.RetryError{After: 90 * time.Second}}, {take: true}},
			waits:  []time.Duration{90 * time.Second}, status: state.MessageSent},
		{name: "five tries", rand: full, script: []verdict{{err: limited}},
			waits:  []time.Duration{4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second},
			status: state.MessageFailed, reason: "given up after 5 tries"},
		{name: "ten minutes", rand: none,
			script: []verdict{{err: &sms.RetryError{After: 4 * time.Minute}}},
			waits:  []time.Duration{4 * time.Minute, 4 * time.Minute},
			status: state.MessageFailed, reason: "given up after 3 tries"},
		{name: "permanent", rand: full,
			script: []verdict{{err: &sms.PermanentError{Code: 21610, Detail: "the person has unsubscribed"}}},
			status: state.MessageFailed, reason: "refused (21610): the person has unsubscribed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, p := newMemory(), &provider{decide: script(tt.script...)}
				m := message(1)
				put(t, store, m)
				defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{Rand: tt.rand}))()
				time.Sleep(30 * time.Minute)
				synctest.Wait()
				got := get(t, store, m.ID)
				if got.Status != tt.status || !strings.HasPrefix(got.Error, tt.reason) || got.Body != "" {
					t.Errorf("stored %+v, want %s %q", got, tt.status, tt.reason)
				}
				var waits []time.Duration
				for i := 1; i < len(p.times); i++ {
					waits = append(waits, p.times[i].Sub(p.times[i-1]).Round(10*time.Millisecond))
				}
				if !slices.Equal(waits, tt.waits) {
					t.Errorf("waited %v, want %v", waits, tt.waits)
				}
			})
		})
	}
}

// An hour without a provider costs no message a try, one probe at a time goes
// out, and the queue comes out whole afterwards; with one slot, in order.
func TestProviderDownForAnHour(t *testing.T) {
	for _, slots := range []int{1, 8} {
		t.Run(fmt.Sprint(slots, " slots"), func(t *testing.T) { downForAnHour(t, slots) })
	}
}

func downForAnHour(t *testing.T, slots int) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		store := newMemory()
		p := &provider{decide: func(sms.Text) verdict {
			if down {
				return verdict{err: &sms.RetryError{Unreachable: true, Detail: "connection refused"}}
			}
			return verdict{take: true}
		}}
		var want []string
		for i := range 300 {
			m := message(i)
			m.ExpiresAt = m.CreatedAt.Add(3 * time.Hour)
			put(t, store, m)
			want = append(want, m.ID)
		}
		o := sms.NewOutbox(store, p, sms.OutboxConfig{Slots: slots, Rand: full})
		defer start(t, o)()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := p.sends(); n > 50 { // every 2 min once the backoff has grown
			t.Errorf("%d requests to a provider that is down for an hour", n)
		}
		if o.Stats().PausedUntil.IsZero() {
			t.Error("no pause shown")
		}
		p.mu.Lock()
		down = false
		p.mu.Unlock()
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		got := p.taken()
		if slots > 1 {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d texts went out, want %d in order", len(got), len(want))
		}
		if m := get(t, store, want[0]); m.Tries != 1 {
			t.Errorf("%d tries counted", m.Tries)
		}
		if !o.Stats().PausedUntil.IsZero() {
			t.Error("still paused")
		}
	})
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, h := newMemory(), &history{}
		p := &provider{decide: script(verdict{err: &sms.RetryError{Unreachable: true}})}
		var all []state.Message
		for i := range 3 {
			m := message(i)
			m.ExpiresAt = m.CreatedAt.Add(time.Duration(i+1) * 7 * time.Minute)
			all = append(all, m)
		}
		behind := message(0) // waits behind the first one
		behind.ExpiresAt = behind.CreatedAt.Add(5 * time.Minute)
		put(t, store, append(all, behind)...)
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{Rand: full, Changed: h.changed}))()
		for _, m := range append(all, behind) {
			time.Sleep(time.Until(m.ExpiresAt.Add(-time.Millisecond)))
			synctest.Wait()
			if got := get(t, store, m.ID); m.ID != behind.ID && got.Status == state.MessageFailed {
				t.Errorf("failed before it expired")
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if got := get(t, store, m.ID); got.Status != state.MessageFailed || got.Error != sms.ErrorExpired || got.Body != "" {
				t.Errorf("after expiry: %+v", got)
			}
		}
	})
}

// A text whose answer was lost is looked for before it is sent again.
func TestUnknownOutcome(t *testing.T) {
	tests := []struct {
		name    string
		script  []verdict
		findErr error
		took    int
		status  state.MessageStatus
		reason  string
	}{
		{name: "it went out", script: []verdict{{take: true, err: errLost}}, took: 1, status: state.MessageSent},
		{name: "it did not", script: []verdict{{err: errLost}, {take: true}}, took: 1, status: state.MessageSent},
		{name: "hang, it went out", script: []verdict{{take: true, hang: true}}, took: 1, status: state.MessageSent},
		{name: "the provider cannot tell", script: []verdict{{take: true, err: errLost}, {take: true}},
			findErr: sms.ErrCannotTell, took: 2, status: state.MessageSent},
		{name: "never taken", script: []verdict{{err: errLost}}, took: 0, status: state.MessageFailed, reason: "given up after 5 tries"},
		{name: "no word ever", script: []verdict{{take: true, err: errLost}}, findErr: errors.New("500"),
			took: 1, status: state.MessageFailed, reason: "given up: the provider never said"},
		{name: "taken, then given up", script: []verdict{{take: true, err: errLost}},
			findErr: &sms.PermanentError{Code: 30003, Detail: "switched off"}, took: 1, status: state.MessageFailed, reason: "refused (30003)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				p := &provider{decide: script(tt.script...), findErr: func(sms.Text) error { return tt.findErr }}
				m := message(1)
				put(t, store, m)
				defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{}))()
				time.Sleep(30 * time.Minute)
				synctest.Wait()
				got := get(t, store, m.ID)
				if got.Status != tt.status || !strings.HasPrefix(got.Error, tt.reason) || got.Body != "" {
					t.Errorf("stored %+v", got)
				}
				if len(p.took) != tt.took {
					t.Errorf("%d texts went out, want %d", len(p.took), tt.took)
				}
			})
		})
	}
}

func TestHangBlocksOnlyItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		stuck := message(0)
		p := &provider{decide: func(x sms.Text) verdict { return verdict{take: x.ID != stuck.ID, hang: x.ID == stuck.ID} }}
		put(t, store, stuck)
		for i := range 400 {
			put(t, store, message(i+1))
		}
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{Slots: 2}))()
		synctest.Wait() // no time passes
		if n := len(p.taken()); n != 400 {
			t.Errorf("%d of 400 texts went out beside the one that hangs", n)
		}
	})
}

func TestOneNumberOneTextAtATimeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		p := &provider{decide: func(sms.Text) verdict { return verdict{take: true, after: time.Second} }}
		want := map[string][]string{}
		for i := range 60 {
			m := message(i % 4)
			put(t, store, m)
			want[m.To] = append(want[m.To], m.ID)
		}
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{PerNumberHour: -1}))()
		time.Sleep(time.Minute)
		synctest.Wait()
		got := map[string][]string{}
		for _, x := range p.took {
			got[x.To] = append(got[x.To], x.ID)
		}
		for number, ids := range want {
			if !slices.Equal(got[number], ids) {
				t.Errorf("out of order or lost: got %d of %d", len(got[number]), len(ids))
			}
		}
		if p.clash {
			t.Error("two texts to one number at once")
		}
	})
}

func TestStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newMemory(), &provider{}
		m := message(1)
		put(t, store, m)
		store.fail(func([]state.Op) error { return fmt.Errorf("%w: disk full", state.ErrUnavailable) })
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{}))()
		time.Sleep(time.Minute)
		synctest.Wait()
		if p.sends() != 0 {
			t.Fatal("sent without a durable claim")
		}
		// The claim gets through, the receipt does not for a while.
		writes := 0
		store.fail(func([]state.Op) error {
			if writes++; writes > 1 && writes < 20 {
				return state.ErrUnavailable
			}
			return nil
		})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := get(t, store, m.ID); got.Status != state.MessageSent || p.sends() != 1 {
			t.Errorf("status %s after %d sends", got.Status, p.sends())
		}
	})
}

func TestOldMessagesAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newMemory(), &provider{}
		o := sms.NewOutbox(store, p, sms.OutboxConfig{Retention: 24 * time.Hour})
		defer start(t, o)()
		old := message(1)
		put(t, store, old)
		o.Wake()
		time.Sleep(24 * time.Hour)
		fresh := message(2)
		put(t, store, fresh)
		o.Wake()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if _, err := store.Get(context.Background(), state.MessageKey(old.ID)); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("old message: %v", err)
		}
		get(t, store, fresh.ID)
	})
}

func TestRunsOnceAndStopsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newMemory(), &provider{decide: script(verdict{hang: true})}
		put(t, store, message(1))
		o := sms.NewOutbox(store, p, sms.OutboxConfig{})
		stop := start(t, o)
		synctest.Wait()
		if err := o.Run(context.Background()); err == nil {
			t.Error("a second Run was let in")
		}
		begin := time.Now()
		stop()
		if d := time.Since(begin); d > 3*time.Second {
			t.Errorf("stopping took %v with a provider that hangs", d)
		}
	})
}
