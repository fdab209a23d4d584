package bridge

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/state"
)

// TestALineKeepsTheOrder: whenever the other end takes over, it is told
// everything once and in order.
func TestALineKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "told")
		at := rapid.IntRange(0, n).Draw(t, "taken over after")
		every := rapid.IntRange(1, 50).Draw(t, "taken every")
		var got []int
		l := newLine(make(chan struct{}, 1), func(int) bool { return false })
		for i := range n {
			if i == at {
				got = append(got, l.lead(func(i int) { got = append(got, i) })...)
			}
			if l.tell(i); i%every == 0 && i < at {
				got = append(got, l.take()...)
			}
		}
		if at == n {
			got = append(got, l.take()...)
		}
		if len(got) != n || !slices.IsSorted(got) {
			t.Fatalf("%d told, got %v", n, got)
		}
	})
}

// TestALineIsBounded, but for its end.
func TestALineIsBounded(t *testing.T) {
	l := newLine(make(chan struct{}, 1), func(i int) bool { return i < 0 })
	for i := range 10 * maxKept {
		l.tell(i)
	}
	l.tell(-1)
	if kept := l.take(); len(kept) != maxKept+1 || kept[maxKept] != -1 {
		t.Errorf("%d kept", len(kept))
	}
}

// TestGuessesInAnyHourAndDay: however they are laid in time, never more wrong
// ones are let through than the limits say.
func TestGuessesInAnyHourAndDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGuessBook(nil, nil)
		callers := []string{anonymous, ofCaller + "a", ofCaller + "b", ofCaller + "c"}
		past := map[string][]time.Time{}
		now := time.Unix(1_800_000_000, 0)
		count := func(key string, window time.Duration) (n int) {
			for _, at := range past[key] {
				if now.Sub(at) < window {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 500).Draw(t, "guesses") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
			caller := rapid.SampledFrom(callers).Draw(t, "caller")
			known := rapid.IntRange(0, 9).Draw(t, "known") == 0
			at, ok := g.reserve(caller, "conf_x", known, now)
			mine, all := count(caller, callerWindow), count("conf_x", conferenceWindow)
			if want := mine < guessesPerCaller && (known || all < guessesPerConference); ok != want {
				t.Fatalf("compared: %v after %d of the caller and %d in all", ok, mine, all)
			}
			switch {
			case !ok:
			case rapid.IntRange(0, 4).Draw(t, "right") == 0:
				g.right(at)
			default:
				past[caller] = append(past[caller], now)
				if at.counted {
					past["conf_x"] = append(past["conf_x"], now)
				}
			}
		}
	})
}

// TestNumbersLeadToWhoHasThem, the living before the dead.
func TestNumbersLeadToWhoHasThem(t *testing.T) {
	b := &Bridge{numbers: map[string]called{}}
	enter := func(id string, status state.ConferenceStatus) {
		b.enterNumbers(&state.Conference{ID: id, Status: status, DialInNumbers: []string{"+1"}})
	}
	for _, step := range []struct {
		id, want string
		status   state.ConferenceStatus
	}{
		{"a", "a", state.ConferenceEnded}, {"b", "b", state.ConferenceEnded},
		{"c", "c", state.ConferenceOpen}, {"d", "c", state.ConferenceEnded},
	} {
		enter(step.id, step.status)
		if got := b.conferenceOf("+1"); got != step.want {
			t.Errorf("after %s: %s", step.id, got)
		}
	}
	if b.claim("e", []string{"+2", "+1"}) == nil || b.conferenceOf("+2") != "" {
		t.Error("a claim that fails took a number")
	}
	b.closeNumbers("c")
	if err := b.claim("e", []string{"+1"}); err != nil || b.conferenceOf("+1") != "e" {
		t.Error("the number of an ended conference is not to be had")
	}
}

// BenchmarkWhose compares a PIN with those of a thousand people.
func BenchmarkWhose(b *testing.B) {
	br := &Bridge{cfg: Config{PINKey: []byte("0123456789abcdef")}}
	o := &owner{b: br, id: "conf_x"}
	for range 1000 {
		id := state.NewID(state.ParticipantID)
		o.roll = append(o.roll, &member{rec: state.Participant{ID: id, PINHash: br.sealPIN(id, newPIN(personalDigits))}})
	}
	for _, c := range []struct{ name, pin string }{{"right", "12121212"}, {"wrong", "00000000"}} {
		o.roll[0].rec.PINHash = br.sealPIN(o.roll[0].rec.ID, "12121212")
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				o.whose(c.pin)
			}
		})
	}
}
