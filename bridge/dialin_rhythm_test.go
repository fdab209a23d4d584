package bridge_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
)

var eightDigits = regexp.MustCompile(`\b\d{8}\b`)

// TestCallersCannotTellWhatIsThere calls numbers of every kind and types what
// is wrong everywhere: what is heard, and when, is the same to the last digit.
func TestCallersCannotTellWhatIsThere(t *testing.T) {
	kinds := map[string]func(*bridge.ConferenceSpec, *[]func(*world)){
		"existing":  func(*bridge.ConferenceSpec, *[]func(*world)) {},
		"missing":   func(s *bridge.ConferenceSpec, _ *[]func(*world)) { s.DialIn = bridge.DialInSpec{} },
		"locked":    func(s *bridge.ConferenceSpec, _ *[]func(*world)) { s.Locked = true },
		"scheduled": func(s *bridge.ConferenceSpec, _ *[]func(*world)) { s.ScheduledFor = ptr(time.Now().Add(time.Hour)) },
		"Spanish":   func(s *bridge.ConferenceSpec, _ *[]func(*world)) { s.Sound.Language = ptr("es") },
		"full": func(s *bridge.ConferenceSpec, then *[]func(*world)) {
			s.MaxParticipants = ptr(1)
			*then = append(*then, func(w *world) { w.add(1, bridge.ParticipantSpec{}) })
		},
		"ended": func(_ *bridge.ConferenceSpec, then *[]func(*world)) {
			*then = append(*then, func(w *world) { _, _ = w.EndConference(w.t.Context(), tenant, w.cid) })
		},
		"slow disk": func(_ *bridge.ConferenceSpec, then *[]func(*world)) {
			*then = append(*then, func(w *world) { w.Store.Slow(200 * time.Millisecond) })
		},
		"a caller who guessed": func(_ *bridge.ConferenceSpec, then *[]func(*world)) {
			*then = append(*then, func(w *world) { w.guessing(bridgeNumber, number(99), 0, 12) })
		},
		"guessed out": func(_ *bridge.ConferenceSpec, then *[]func(*world)) {
			*then = append(*then, func(w *world) {
				for i := range 35 {
					in := w.dial(number(200 + i))
					types(in, "000001#000002#000003#")
					time.Sleep(time.Minute)
				}
			})
		},
	}
	behave := []struct {
		name string
		does func(*bridgetest.Inbound)
	}{
		{"wrong three times", func(in *bridgetest.Inbound) {
			for range 3 {
				time.Sleep(3 * time.Second)
				in.Line().Press("123123#")
			}
		}},
		{"all at once", func(in *bridgetest.Inbound) { in.Line().Press("1231#1232#1233#") }},
		{"silent", func(*bridgetest.Inbound) {}},
		{"stops in the middle", func(in *bridgetest.Inbound) { in.Line().Press("47") }},
		{"very long", func(in *bridgetest.Inbound) { in.Line().Press("1234567890123456789012345678901234567890") }},
	}
	for _, b := range behave {
		t.Run(b.name, func(t *testing.T) {
			heard := map[string][]string{}
			for kind, change := range kinds {
				synctest.Test(t, func(t *testing.T) {
					spec := openHouse()
					var then []func(*world)
					change(&spec, &then)
					w := newWorld(t, bridge.Config{}, spec)
					for _, f := range then {
						f(w)
					}
					in := w.dial(number(99))
					begin := time.Now()
					b.does(in)
					time.Sleep(3 * time.Minute)
					for _, h := range in.Line().Heard() {
						heard[kind] = append(heard[kind], fmt.Sprint(h.At.Sub(begin), " ", h.Name))
					}
					if !in.Ended() {
						t.Errorf("%s: the call goes on", kind)
					}
				})
			}
			if len(heard["missing"]) < 4 {
				t.Errorf("heard %q", heard["missing"])
			}
			for kind, got := range heard {
				if !slices.Equal(got, heard["missing"]) {
					t.Errorf("%s:\n%q\nmissing:\n%q", kind, got, heard["missing"])
				}
			}
		})
	}
}
