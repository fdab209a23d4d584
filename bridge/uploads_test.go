package bridge_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
)

// upload keeps a sound whose clip bears this name.
func (s *stage) upload(name string) string {
	s.t.Helper()
	sound, err := s.AddSound(s.t.Context(), tenant, name, strings.NewReader(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return sound.ID
}

// Music of one's own goes on, however many other sounds are played elsewhere,
// and gives way to the built-in one when it is deleted.
func TestMusicOfOnesOwn(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStageWith(t, bridge.Config{Shelf: &bridgetest.Shelf{}}, bridge.ConferenceSpec{})
		music := s.upload("waltz")
		if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{HoldMusicID: &music}); err != nil {
			t.Fatal(err)
		}
		s.join("M", marked)
		s.join("A", unmarked)
		s.do(s.ids["A"], bridge.Hold)
		s.settle()
		hears := func() string {
			synctest.Wait()
			if p := s.Phones.Last(number(s.num["A"])).Leg().Audio().Play; p != nil {
				return p.Clip.Name
			}
			return "nothing"
		}
		if got := hears(); got != "waltz" {
			t.Fatalf("hears %s", got)
		}
		heard := len(s.Phones.Last(number(s.num["A"])).Leg().Heard())
		for i := range 100 {
			id := s.upload(fmt.Sprint("gong ", i))
			s.all(bridge.BulkAction{Kind: bridge.Announce, Sound: id})
		}
		if got := hears(); got != "waltz" {
			t.Errorf("hears %s", got)
		}
		if now := len(s.Phones.Last(number(s.num["A"])).Leg().Heard()); now != heard {
			t.Errorf("the music changed %d times", now-heard)
		}
		if err := s.RemoveSound(t.Context(), tenant, music); err != nil {
			t.Fatal(err)
		}
		s.join("B", unmarked)
		if got := hears(); got == "waltz" || got == "nothing" {
			t.Errorf("after the deletion hears %s", got)
		}
	})
}
