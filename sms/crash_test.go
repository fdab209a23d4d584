package sms_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/sms"
	"partyline/state"
)

// The process dies between the claim and the record of what came of it.
func TestCrashWhileSending(t *testing.T) {
	tests := []struct {
		name    string
		took    bool // the provider took the text before the crash
		findErr error
		sends   int // in all
	}{
		{name: "taken: found, not sent again", took: true, sends: 1},
		{name: "not taken: sent again", took: false, sends: 2},
		{name: "taken, and the provider cannot tell: sent again", took: true, findErr: sms.ErrCannotTell, sends: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory()
				p := &provider{findErr: func(sms.Text) error { return tt.findErr }}
				p.decide = script(verdict{take: tt.took, hang: true}, verdict{take: true})
				var left *memory
				p.onSend = func(sms.Text) {
					if left == nil {
						left = store.crash()
					}
				}
				m := message(1)
				put(t, store, m)
				stop := start(t, sms.NewOutbox(store, p, sms.OutboxConfig{}))
				synctest.Wait()
				stop()
				if got := get(t, left, m.ID); got.Status != state.MessageSending || got.Tries != 1 {
					t.Fatalf("the provider heard of the text before the claim was durable: %+v", got)
				}

				defer start(t, sms.NewOutbox(left, p, sms.OutboxConfig{}))()
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := get(t, left, m.ID); got.Status != state.MessageSent || got.ProviderID == "" || got.Body != "" {
					t.Errorf("after the restart: %+v", got)
				}
				if p.sends() != tt.sends {
					t.Errorf("handed over %d times, want %d", p.sends(), tt.sends)
				}
			})
		})
	}
}

// plan is one life of a provider and of the processes that use it.
type plan struct {
	seed     uint64
	messages int
	numbers  int
	crashes  int
}

// Whatever fails and whenever the process dies: with a provider that can look
// texts up nobody gets a text twice, every message ends, its history goes
// forward, and what is called sent was taken.
func TestNothingTwiceNothingLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := plan{
			seed:     rapid.Uint64().Draw(rt, "seed"),
			messages: rapid.IntRange(1, 30).Draw(rt, "messages"),
			numbers:  rapid.IntRange(1, 12).Draw(rt, "numbers"),
			crashes:  rapid.IntRange(0, 6).Draw(rt, "crashes"),
		}
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = c.run(t) })
		if len(faults) > 0 {
			rt.Fatalf("%v", faults)
		}
	})
}

func (c plan) run(t *testing.T) (faults []string) {
	dice := rand.New(rand.NewPCG(c.seed, 1))
	store, p, h := newMemory(), &provider{}, &history{}
	luck := rand.New(rand.NewPCG(c.seed, 2)) // the provider's, under its lock
	p.decide = func(sms.Text) verdict {
		switch luck.IntN(8) {
		case 0:
			return verdict{err: &sms.RetryError{After: time.Duration(luck.IntN(20)) * time.Second}}
		case 1:
			return verdict{err: &sms.RetryError{Unreachable: true}}
		case 2:
			return verdict{take: luck.IntN(2) == 0, err: errLost}
		case 3:
			return verdict{take: luck.IntN(2) == 0, hang: true}
		case 4:
			return verdict{take: true, after: time.Duration(luck.IntN(5000)) * time.Millisecond}
		case 5:
			return verdict{err: &sms.PermanentError{Detail: "no"}}
		}
		return verdict{take: true}
	}
	var ids []string
	life := func(d time.Duration) { // a process, killed after d
		mine := store
		o := sms.NewOutbox(mine, p, sms.OutboxConfig{Changed: h.changed, PerNumberHour: -1, Slots: 3, Grace: time.Nanosecond})
		stop := start(t, o)
		for range c.messages / (c.crashes + 1) {
			m := message(dice.IntN(c.numbers))
			put(t, mine, m)
			ids = append(ids, m.ID)
			o.Wake()
			time.Sleep(time.Duration(dice.IntN(2000)) * time.Millisecond)
		}
		time.Sleep(d)
		store = mine.crash()
		// The old process may not reach its disk any more.
		mine.fail(func([]state.Op) error { return state.ErrUnavailable })
		stop()
	}
	for range c.crashes {
		life(time.Duration(dice.IntN(20_000)) * time.Millisecond)
	}
	life(2 * time.Hour)

	took := map[string]int{}
	for _, id := range p.taken() {
		took[id]++
	}
	for _, id := range ids {
		m := get(t, store, id)
		if took[id] > 1 {
			faults = append(faults, fmt.Sprintf("%s went out %d times", id, took[id]))
		}
		if m.Status != state.MessageSent && m.Status != state.MessageFailed {
			faults = append(faults, fmt.Sprintf("%s never ended: %+v", id, m))
		}
		if m.Status == state.MessageSent && took[id] != 1 {
			faults = append(faults, fmt.Sprintf("%s is called sent and never went out", id))
		}
		if m.Body != "" {
			faults = append(faults, id+" still has its body")
		}
		if fault := forward(h.statuses(id)); fault != "" {
			faults = append(faults, id+": "+fault)
		}
	}
	return faults
}

// forward checks a history: settled once, and nothing after.
func forward(statuses []state.MessageStatus) string {
	for i, s := range statuses {
		if (s == state.MessageSent || s == state.MessageFailed) && i != len(statuses)-1 {
			return fmt.Sprintf("history goes on after its end: %v", statuses)
		}
	}
	return ""
}
