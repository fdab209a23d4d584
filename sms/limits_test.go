package sms_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/sms"
	"partyline/state"
)

// A thousand texts over 20 numbers in 4 blocks.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := newMemory(), &provider{}
		cfg := sms.OutboxConfig{PerNumberHour: 3, PerBlockHour: 10}
		var all []state.Message
		for i := range 1000 {
			m := message(i % 20)
			m.To = m.To[:7] + string(rune('1'+i%4)) + m.To[8:]
			all = append(all, m)
		}
		put(t, store, all[:500]...)
		o := sms.NewOutbox(store, p, cfg)
		stop := start(t, o)
		time.Sleep(5 * time.Minute)
		stop()

		// A restart forgives nothing.
		store = store.crash()
		put(t, store, all[500:]...)
		o2 := sms.NewOutbox(store, p, cfg)
		defer start(t, o2)()
		time.Sleep(5 * time.Minute)
		synctest.Wait()

		numbers, blocks := map[string]int{}, map[string]int{}
		for _, x := range p.took {
			numbers[x.To]++
			blocks[x.To[:len(x.To)-4]]++
		}
		for number, n := range numbers {
			if n > 3 {
				t.Errorf("%d texts to %s", n, number)
			}
		}
		for block, n := range blocks {
			if n != 10 {
				t.Errorf("%d texts to block %s, want the 10 allowed", n, block)
			}
		}
		if len(blocks) != 4 {
			t.Errorf("texts to %d blocks, want 4", len(blocks))
		}
		refused := 0
		for _, m := range all {
			if got := get(t, store, m.ID); got.Status == state.MessageFailed {
				refused++
				if !strings.Contains(got.Error, "which is the limit") || got.Body != "" {
					t.Fatalf("refused without a reason: %+v", got)
				}
			}
		}
		if refused != 1000-40 {
			t.Errorf("%d refused, want 960", refused)
		}
		if n := o.Stats().Limited + o2.Stats().Limited; n != 960 {
			t.Errorf("%d counted as limited", n)
		}

		// An hour later the number may be texted again.
		time.Sleep(time.Hour)
		m := message(0)
		m.To = all[0].To
		put(t, store, m)
		o2.Wake()
		synctest.Wait()
		if got := get(t, store, m.ID); got.Status != state.MessageSent {
			t.Errorf("an hour later: %+v", got)
		}
	})
}

// A text that is tried three times is one text, and one that never left is none.
func TestLimitCountsTextsNotTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		retry := verdict{err: &sms.RetryError{}}
		gone := verdict{err: &sms.RetryError{Unreachable: true}}
		p := &provider{decide: script(retry, retry, gone, verdict{take: true})}
		first, second, third := message(1), message(1), message(1)
		put(t, store, first, second, third)
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{PerNumberHour: 2}))()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for i, want := range []state.MessageStatus{state.MessageSent, state.MessageSent, state.MessageFailed} {
			id := []string{first.ID, second.ID, third.ID}[i]
			if got := get(t, store, id); got.Status != want {
				t.Errorf("text %d: %s %q, want %s", i+1, got.Status, got.Error, want)
			}
		}
	})
}

// A text that expired while the provider was down leaves its place to the next.
func TestLimitForgetsWhatNeverLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		first, second := message(1), message(1)
		first.ExpiresAt = first.CreatedAt.Add(time.Minute)
		p := &provider{decide: func(x sms.Text) verdict {
			if x.ID == first.ID {
				return verdict{err: &sms.RetryError{Unreachable: true}}
			}
			return verdict{take: true}
		}}
		put(t, store, first, second)
		defer start(t, sms.NewOutbox(store, p, sms.OutboxConfig{PerNumberHour: 1}))()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := get(t, store, second.ID); got.Status != state.MessageSent {
			t.Errorf("second text: %s %q", got.Status, got.Error)
		}
	})
}
