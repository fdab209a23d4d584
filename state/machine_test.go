package state_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"partyline/state"
)

// legal is the drawing of the machine, one arrow a line: "from->trigger->to".
// Every pair that is not drawn here must be refused.
var legal = map[string]bool{
	"pending->dial->dialing":        true,
	"pending->attach->connected":    true,
	"pending->end->rejected":        true,
	"dialing->retry->dialing":       true,
	"dialing->defer->pending":       true,
	"dialing->join->connected":      true,
	"dialing->end->rejected":        true,
	"connected->hold->held":         true,
	"connected->end->disconnected":  true,
	"held->resume->connected":       true,
	"held->end->disconnected":       true,
	"disconnected->redial->dialing": true,
	"rejected->redial->dialing":     true,
}

func TestNextFullMatrix(t *testing.T) {
	froms := append(state.Statuses(), "", "recovering", "PENDING")
	triggers := append(state.Triggers(), "", "dialling")
	seen := 0
	for _, from := range froms {
		for _, trigger := range triggers {
			to, err := state.Next(from, trigger)
			arrow := string(from) + "->" + string(trigger) + "->" + string(to)
			if err == nil {
				if !legal[arrow] {
					t.Errorf("%s is allowed, but it is not in the drawing", arrow)
				}
				seen++
				continue
			}
			if to != from {
				t.Errorf("%s: a refused trigger changed the status", arrow)
			}
			var illegal *state.IllegalTransition
			if !errors.As(err, &illegal) {
				t.Errorf("%s: refused with %T, want *IllegalTransition", arrow, err)
			} else if illegal.From != from || illegal.Trigger != trigger {
				t.Errorf("%s: the refusal speaks of %q in %q", arrow, illegal.Trigger, illegal.From)
			}
		}
	}
	if seen != len(legal) {
		t.Errorf("%d arrows are allowed, the drawing has %d", seen, len(legal))
	}
}

func TestStatusWords(t *testing.T) {
	terminal := map[state.Status]bool{state.Disconnected: true, state.Rejected: true}
	for _, s := range state.Statuses() {
		if !s.Valid() {
			t.Errorf("%q is not valid", s)
		}
		if s.Terminal() != terminal[s] {
			t.Errorf("%q: terminal is %v", s, s.Terminal())
		}
	}
	for _, s := range []state.Status{"", "ended", "Pending", "pending "} {
		if s.Valid() || s.Terminal() {
			t.Errorf("%q passes for a status", s)
		}
	}
}

// Whatever happens in whatever order, an attempt ends at most once, it ends
// in the word that fits (rejected before it connected, disconnected after),
// and nothing but a redial begins another.
func TestOneTerminalEntryPerAttempt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		status := state.Pending
		ends, connected := 0, false
		for _, trigger := range rapid.SliceOfN(rapid.SampledFrom(state.Triggers()), 1, 200).Draw(t, "triggers") {
			next, err := state.Next(status, trigger)
			if err != nil {
				if next != status {
					t.Fatalf("%q in %q was refused and still led to %q", trigger, status, next)
				}
				continue
			}
			if status.Terminal() {
				if trigger != state.Redial {
					t.Fatalf("%q led out of %q", trigger, status)
				}
				ends, connected = 0, false
			}
			switch next {
			case state.Connected:
				connected = true
			case state.Disconnected, state.Rejected:
				ends++
				if want := map[bool]state.Status{true: state.Disconnected, false: state.Rejected}[connected]; next != want {
					t.Fatalf("ended in %q, connected before: %v", next, connected)
				}
			}
			status = next
			if ends > 1 || status.Terminal() != (ends == 1) {
				t.Fatalf("%d terminal entries in one attempt, now %q", ends, status)
			}
		}
	})
}
