package bridge_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/state"
)

// saidAt notes when each sentence was said to all, to the second.
func (s *stage) saidAt(from time.Time, until time.Duration) (list []string) {
	n := len(s.Mixer.Said())
	for time.Since(from) < until {
		time.Sleep(time.Second)
		synctest.Wait()
		said := s.Mixer.Said()
		for _, x := range said[n:] {
			list = append(list, time.Since(from).Truncate(time.Second).String()+" "+strings.TrimPrefix(x, "en: "))
		}
		n = len(said)
	}
	return list
}

func TestTheEndIsTold(t *testing.T) {
	scenario(t, "an hour", func(t *testing.T) {
		began := time.Now()
		s := newStage(t, bridge.ConferenceSpec{MaxDuration: time.Hour})
		s.join("M", marked)
		got := s.saidAt(began, time.Hour+time.Second)
		want := []string{"50m0s ends_in, ten, minutes", "55m0s ends_in, 5, minutes", "59m0s ends_in, one_minute", "59m56s ending_now"}
		if !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
		s.gone("M", state.ReasonTimeLimit)
	})
	scenario(t, "ninety seconds", func(t *testing.T) {
		began := time.Now()
		s := newStage(t, bridge.ConferenceSpec{MaxDuration: 90 * time.Second})
		s.join("M", marked)
		if got, want := s.saidAt(began, 89*time.Second), []string{"1m26s ending_now"}; !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
	})
	scenario(t, "through a restart", func(t *testing.T) {
		began := time.Now()
		s := newStage(t, bridge.ConferenceSpec{MaxDuration: time.Hour})
		s.join("M", marked)
		time.Sleep(56*time.Minute - time.Since(began))
		s.Crash(t)
		s.settle()
		if got, want := s.saidAt(began, time.Hour-time.Second), []string{"59m0s ends_in, one_minute", "59m56s ending_now"}; !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
	})
}

func TestThePresenterLeaves(t *testing.T) {
	scenario(t, "and stays away", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: 2 * time.Minute})
		s.join("M", marked)
		s.join("A", unmarked)
		s.Phones.Last(number(1)).FarHangUp()
		began := time.Now()
		got := s.saidAt(began, 2*time.Minute+time.Second)
		want := []string{"1m0s ends_in, one_minute", "1m56s ending_now"}
		if len(got) != 3 || !strings.Contains(got[0], "presenter_left, ends_in, 2, minutes") || !slices.Equal(got[1:], want) {
			t.Errorf("said %q", got)
		}
		s.gone("A", state.ReasonPresenterLeft)
	})
	scenario(t, "and comes back", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: 2 * time.Minute})
		s.join("M", marked)
		s.join("A", unmarked)
		s.leave("M")
		s.do(s.ids["M"], bridge.Redial)
		time.Sleep(10 * time.Minute)
		if v := s.get(s.ids["A"]); v.Status != state.Connected {
			t.Errorf("A is %s (%s)", v.Status, v.Reason)
		}
	})
	scenario(t, "without grace", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true})
		s.join("M", marked)
		s.join("A", unmarked)
		s.leave("M")
		s.gone("A", state.ReasonPresenterLeft)
	})
}

// A thousand open lines must not write a thousand events a second: the
// twenty-first of a second is not told, and the list is true all the same.
func TestTalkEventsAreBounded(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{MemberNotification: ptr(false)})
		var names []string
		for i := range 30 {
			name := string(rune('A' + i))
			names = append(names, name)
			s.n++
			s.num[name] = s.n
			s.ids[name] = s.add(s.n, unmarked).ID
		}
		s.settle()
		for _, name := range names {
			s.talks(name, true)
		}
		told, speaking := 0, 0
		for _, name := range names {
			told += count(s.kinds(name), "speaking")
			if s.get(s.ids[name]).Speaking {
				speaking++
			}
		}
		if told != 20 || speaking != 30 {
			t.Errorf("%d told, %d speak", told, speaking)
		}
		time.Sleep(2 * time.Second)
		for _, name := range names {
			s.talks(name, false)
		}
		silent := 0
		for _, name := range names {
			silent += count(s.kinds(name), "silent")
			if v := s.get(s.ids[name]); v.Spoken < 2*time.Second {
				t.Errorf("%s spoke for %v", name, v.Spoken)
			}
		}
		if silent != told {
			t.Errorf("%d beginnings and %d ends are told", told, silent)
		}
	})
}
