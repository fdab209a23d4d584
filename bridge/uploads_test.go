package bridge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// A sound that cannot be read gives way to the default and is tried again
// after a while, not with every word that is said.
func TestASoundThatCannotBeRead(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		shelf := &bridgetest.Shelf{}
		s := newStageWith(t, bridge.Config{Shelf: shelf}, bridge.ConferenceSpec{MemberNotification: ptr(false)})
		music := s.upload("waltz")
		shelf.Fail(errDisk)
		if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{HoldMusicID: &music}); err != nil {
			t.Fatal(err)
		}
		s.join("M", marked)
		s.join("A", unmarked)
		s.do(s.ids["A"], bridge.Hold)
		s.settle()
		for range 10 {
			s.do(s.ids["M"], bridge.Mute)
			s.do(s.ids["M"], bridge.Unmute)
			synctest.Wait()
		}
		if n := shelf.Reads(); n != 1 {
			t.Errorf("it was tried %d times", n)
		}
		s.music("A")
		shelf.Fail(nil)
		time.Sleep(2 * time.Minute)
		s.do(s.ids["M"], bridge.Mute)
		synctest.Wait()
		if p := s.Phones.Last(number(s.num["A"])).Leg().Audio().Play; p == nil || p.Clip.Name != "waltz" {
			t.Errorf("hears %+v", p)
		}
	})
}

func TestSoundsOfATenant(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		shelf := &bridgetest.Shelf{}
		s := newStageWith(t, bridge.Config{Shelf: shelf}, bridge.ConferenceSpec{})
		ctx, stranger := t.Context(), bridge.Caller{TenantID: "other"}
		add := func(name, content string) error {
			_, err := s.AddSound(ctx, tenant, name, strings.NewReader(content))
			return err
		}
		wantCode(t, add("noise", "bad noise"), bridge.Invalid, "bad_sound")
		wantCode(t, add(" ", "x"), bridge.Invalid, "required")
		shelf.Fail(errDisk)
		wantCode(t, add("gong", "gong"), bridge.Unavailable, "storage_unavailable")
		shelf.Fail(nil)
		s.Store.Fail(errDisk)
		wantCode(t, add("gong", "gong"), bridge.Unavailable, "storage_unavailable")
		s.Store.Fail(nil)
		if n := shelf.Kept(); n != 0 {
			t.Errorf("%d files are left of sounds that were refused", n)
		}
		var ids []string
		for i := range 500 {
			ids = append(ids, s.upload(fmt.Sprint("gong ", i)))
		}
		wantCode(t, add("one too many", "x"), bridge.Conflict, "too_many_sounds")
		var seen []string
		for after, first := "", true; first || after != ""; first = false {
			page, next, err := s.Sounds(ctx, tenant, after, 99)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page {
				seen = append(seen, x.ID)
			}
			after = next
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("%d sounds are listed, of %d", len(seen), len(ids))
		}
		_, err := s.Sound(ctx, stranger, ids[0])
		wantCode(t, err, bridge.NotFound, "not_found")
		_, err = s.SoundFile(ctx, stranger, ids[0])
		wantCode(t, err, bridge.NotFound, "not_found")
		wantCode(t, s.RemoveSound(ctx, stranger, ids[0]), bridge.NotFound, "not_found")
		_, err = s.CreateConference(ctx, stranger, bridge.ConferenceSpec{Name: "a", HoldMusicID: ids[0]})
		wantCode(t, err, bridge.Invalid, "unknown_hold_music")
		if err := s.RemoveSound(ctx, tenant, ids[0]); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveSound(ctx, tenant, ids[0]), bridge.NotFound, "not_found")
		if err := add("again", "x"); err != nil {
			t.Errorf("there is a place again: %v", err)
		}
		s.Crash(t)
		if _, err := s.Sound(ctx, tenant, ids[1]); err != nil {
			t.Errorf("after a restart: %v", err)
		}
		wantCode(t, add("one too many", "x"), bridge.Conflict, "too_many_sounds")
	})
}
