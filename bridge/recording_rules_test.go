package bridge_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

var errDisk = errors.New("no space left on device")

func (s *stage) recordings() []state.Recording {
	s.t.Helper()
	synctest.Wait()
	list, err := s.Recordings(s.t.Context(), tenant, s.cid)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *stage) stopTape() {
	s.t.Helper()
	if _, err := s.StopRecording(s.t.Context(), tenant, s.cid); err != nil {
		s.t.Fatal(err)
	}
	s.settle()
}

// What goes on after a crash hears the room that the calls come back to.
func TestAContinuedRecordingHearsTheRoom(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.start(bridge.RecordingSpec{Tracks: true})
		s.Crash(t)
		s.settle()
		if takes := s.Tapes.Takes(); len(takes) != 1 || s.Mixer.Taps() != 1 || len(takes[0].Tracks()) != 1 {
			t.Errorf("%d takes, %d rooms tapped", len(takes), s.Mixer.Taps())
		}
		if list := s.recordings(); list[1].StartedBy != "api" {
			t.Errorf("started by %q, which was by hand", list[1].StartedBy)
		}
		if c, _ := s.Conference(t.Context(), tenant, s.cid); c.Record {
			t.Error("the conference is recorded always from now on")
		}
	})
}

// Nothing goes on when nobody is left.
func TestNothingGoesOnWithoutPeople(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		r := s.start(bridge.RecordingSpec{})
		s.Phones.Forget(true)
		s.Crash(t)
		s.settle()
		s.join("A", unmarked)
		if n := len(s.Tapes.Takes()); n != 0 || s.wasTold("A", "being_recorded") {
			t.Errorf("%d recordings of people who never asked for one", n)
		}
		if got := s.recording(r.ID); got.Status != state.RecordingReady || !got.Interrupted {
			t.Errorf("the old one is %+v", got)
		}
	})
}

// Whoever stops or pauses a recording has the last word, crash or no crash.
func TestACrashRecordsNobodyAgain(t *testing.T) {
	t.Run("stopped", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := studio(t, bridge.ConferenceSpec{Record: true})
			s.join("M", marked)
			s.stopTape()
			s.Crash(t)
			s.settle()
			s.join("A", unmarked)
			if n := len(s.Tapes.Takes()); n != 0 || s.wasTold("A", "being_recorded") {
				t.Errorf("%d recordings after it was stopped", n)
			}
			if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{Record: ptr(true)}); err != nil {
				t.Fatal(err)
			}
			s.settle()
			if n := len(s.Tapes.Takes()); n != 1 {
				t.Errorf("%d recordings after somebody asked for one", n)
			}
		})
	})
	t.Run("paused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := studio(t, bridge.ConferenceSpec{Record: true})
			s.join("M", marked)
			if _, err := s.PauseRecording(t.Context(), tenant, s.cid, true); err != nil {
				t.Fatal(err)
			}
			for range 2 { // and a crash before anybody is back
				s.Crash(t)
			}
			s.settle()
			list := s.recordings()
			if last := list[len(list)-1]; last.Status != state.RecordingPaused || last.Continues == "" {
				t.Errorf("it is %s and continues %q", last.Status, last.Continues)
			}
			if takes := s.Tapes.Takes(); len(takes) != 1 || !takes[0].Paused() {
				t.Errorf("what was to be left out is recorded: %d takes", len(takes))
			}
			s.join("A", unmarked)
			if s.wasTold("A", "being_recorded") {
				t.Error("told of a recording that pauses")
			}
		})
	})
}

// A stop is for those who are there: the next meeting is recorded again.
func TestTheNextMeetingIsRecordedAgain(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.join("M", marked)
		s.stopTape()
		s.join("A", unmarked)
		s.leave("M")
		if n := len(s.Tapes.Takes()); n != 1 || s.wasTold("A", "being_recorded") {
			t.Errorf("%d recordings after it was stopped", n)
		}
		s.leave("A")
		s.join("B", unmarked)
		s.told("B", "being_recorded")
		if n := len(s.Tapes.Takes()); n != 2 {
			t.Errorf("%d recordings", n)
		}
	})
}

// What an earlier run lost does not keep this one from recording.
func TestALostRecordingIsNoReasonNotToRecord(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.join("M", marked)
		s.Tapes.Lose(true)
		s.Crash(t)
		s.settle()
		s.join("A", unmarked)
		list := s.recordings()
		if len(list) != 2 || list[0].Status != state.RecordingFailed || list[1].Status != state.RecordingRunning {
			t.Fatalf("recordings %+v", list)
		}
		s.told("A", "being_recorded")
		for _, name := range []string{"M", "A"} {
			s.do(s.ids[name], bridge.Disconnect)
		}
		s.settle()
		s.join("B", unmarked)
		if n := len(s.Tapes.Takes()); n != 2 {
			t.Errorf("%d recordings", n)
		}
	})
}

// A database that hiccups when the first person joins does not leave the
// conference unrecorded.
func TestRecordingWaitsForTheStore(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.Phones.Script(number(1), bridgetest.Callee{Answer: bridgetest.Never})
		s.add(1, marked)
		synctest.Wait()
		s.Store.Fail(errDisk)
		s.Phones.Last(number(1)).Answer()
		s.settle()
		if n := len(s.Tapes.Takes()); n != 0 {
			t.Fatalf("%d recordings that nobody could know of", n)
		}
		s.Store.Fail(nil)
		time.Sleep(11 * time.Second)
		if list := s.recordings(); len(list) != 1 || list[0].Status != state.RecordingRunning || s.Mixer.Taps() != 1 {
			t.Errorf("recordings %+v", list)
		}
	})
}

// One that was never written is not told of, even if it ended in the same
// breath.
func TestNoEventOfARecordingThatNeverWas(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.Phones.Script(number(1), bridgetest.Callee{Answer: bridgetest.Never})
		s.add(1, marked)
		synctest.Wait()
		s.Store.Fail(errDisk)
		s.Store.Slow(time.Second)
		go func() { _, _ = s.tryAdd(2, unmarked) }() // keeps the owner busy
		synctest.Wait()
		call := s.Phones.Last(number(1))
		call.Answer()
		call.FarHangUp()
		time.Sleep(10 * time.Second)
		s.Store.Fail(nil)
		time.Sleep(20 * time.Second)
		if list := s.recordings(); len(list) != 0 {
			t.Errorf("recordings %+v", list)
		}
		for _, e := range s.events() {
			if strings.HasPrefix(e.Type, "recording.") {
				t.Errorf("%s of none: %s", e.Type, e.Data)
			}
		}
		s.expect(s.people()[0].ID, state.Disconnected, "", state.ReasonHangup)
	})
}

func (s *stage) people() []bridge.ParticipantView {
	s.t.Helper()
	page, err := s.Participants(s.t.Context(), tenant, s.cid, bridge.ParticipantFilter{})
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Participants
}

// A pause holds at once, and is not promised to outlive a crash before it is
// written.
func TestPauseWhileTheStoreIsDown(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.start(bridge.RecordingSpec{})
		s.Store.Fail(errDisk)
		_, err := s.PauseRecording(t.Context(), tenant, s.cid, true)
		wantCode(t, err, bridge.Unavailable, "storage_unavailable")
		if !s.Tapes.Takes()[0].Paused() {
			t.Error("it goes on")
		}
	})
}

func TestBeepsFollowTheConference(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{MemberNotification: ptr(false)})
		s.join("M", marked)
		s.start(bridge.RecordingSpec{})
		beeps := func(every time.Duration) int {
			t.Helper()
			sound := bridge.ConferenceSound{RecordBeep: &every}
			if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{Sound: sound}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			before := len(s.Mixer.Played())
			time.Sleep(time.Minute)
			synctest.Wait()
			return len(s.Mixer.Played()) - before
		}
		if n := beeps(20 * time.Second); n != 3 {
			t.Errorf("%d beeps in a minute, every 20 s", n)
		}
		if n := beeps(0); n != 0 {
			t.Errorf("%d beeps in a minute, after they were turned off", n)
		}
	})
}

// People who were told that they are recorded are told when they are not.
func TestPeopleAreToldThatRecordingFailed(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.Tapes.Fail(errDisk)
		s.join("M", marked)
		if said := s.Mixer.Said(); !slices.Contains(said, "en: recording_stopped") {
			t.Errorf("said %q", said)
		}
		if list := s.recordings(); len(list) != 1 || list[0].Status != state.RecordingFailed || s.Mixer.Taps() != 0 {
			t.Errorf("recordings %+v", list)
		}
	})
}
