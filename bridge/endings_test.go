package bridge_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

// times is how often something was said.
func times(said []string, what string) (n int) {
	for _, x := range said {
		if strings.Contains(x, what) {
			n++
		}
	}
	return n
}

// saidCount is how often something was said to the room.
func (s *stage) saidCount(what string) int { return times(s.Mixer.Said(), what) }

// takenUp is the call of somebody as it was taken up after a restart.
func (s *stage) takenUp(name string) *bridgetest.Call {
	s.t.Helper()
	call := s.phone(s.num[name])
	if call == nil {
		s.t.Fatalf("the call of %s was not taken up", name)
	}
	return call
}

func TestWarningsAreNotRepeatedAfterARestart(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{MaxDuration: time.Hour})
		spec := unmarked
		spec.MaxDuration = 50 * time.Minute
		s.join("A", spec)
		s.join("B", unmarked)
		time.Sleep(44 * time.Minute)
		if n := times(s.Phones.Last(number(1)).Heard(), "ends_in"); n != 1 {
			t.Errorf("A was warned %d times before the restart", n)
		}
		s.Crash(t)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := times(s.takenUp("A").Heard(), "ends_in"); n != 0 {
			t.Errorf("A was warned %d times at the restart", n)
		}
		time.Sleep(30 * time.Second) // 45 minutes and a little: five are left
		synctest.Wait()
		if heard := s.takenUp("A").Heard(); times(heard, "ends_in, 5, minutes") != 1 {
			t.Errorf("A was told %q", heard)
		}
		time.Sleep(5 * time.Minute)
		s.gone("A", state.ReasonTimeLimit)
		if n := s.saidCount("ends_in, ten"); n != 1 {
			t.Errorf("the room was warned %d times of the last ten minutes", n)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if c := s.conference(); c.Status != state.ConferenceEnded {
			t.Errorf("the conference is %s after an hour", c.Status)
		}
	})
}

// A warning says how long is left: one whose time has passed, because the end
// was moved, would say something wrong.
func TestStaleWarningsAreNotGiven(t *testing.T) {
	scenario(t, "the end is moved", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		s.join("B", unmarked)
		time.Sleep(22 * time.Minute)
		if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{MaxDuration: ptr(30 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		s.settle()
		if said := s.Mixer.Said(); s.saidCount("ends_in") != 0 {
			t.Errorf("said %q with eight minutes left", said)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if s.saidCount("ends_in, 5, minutes") != 1 {
			t.Errorf("said %q", s.Mixer.Said())
		}
	})
	scenario(t, "a grace is over", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{MaxDuration: 30 * time.Minute, EndOnPresenterExit: true, PresenterGrace: 5 * time.Minute})
		s.join("M", marked)
		s.join("A", unmarked)
		time.Sleep(19 * time.Minute)
		s.leave("M")
		time.Sleep(2 * time.Minute) // over the tenth from the end
		s.join("M2", marked)
		if s.saidCount("ends_in, ten") != 0 {
			t.Errorf("said %q", s.Mixer.Said())
		}
	})
}

// Who waits, is on hold or has music for being alone does not hear the mix,
// and is told of the end all the same.
func TestTheEndIsToldToThoseOutsideTheMix(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{WaitForPresenter: true, EndOnPresenterExit: true, PresenterGrace: time.Minute})
		s.join("W", bridge.ParticipantSpec{})
		s.join("N", unmarked)
		s.join("H", unmarked)
		s.join("M", marked)
		s.do(s.ids["H"], bridge.Hold)
		s.leave("M")
		for _, name := range []string{"W", "H"} {
			s.told(name, "presenter_left, ends_in, one_minute")
		}
		if s.wasTold("N", "presenter_left") {
			t.Error("N is told twice: by the room, and alone")
		}
		if s.saidCount("presenter_left, ends_in, one_minute") != 1 {
			t.Errorf("said %q", s.Mixer.Said())
		}
		time.Sleep(55 * time.Second)
		for _, name := range []string{"W", "H"} {
			s.told(name, "ending_now")
		}
		s.gone("W", state.ReasonPresenterLeft)
	})
}

// The music of somebody who is alone is in place of the mix: it gives way
// while the mix has something to tell.
func TestMusicOfOneAloneGivesWayToWhatIsSaid(t *testing.T) {
	for name, say := range map[string]func(s *stage){
		"announcement": func(s *stage) { s.all(bridge.BulkAction{Kind: bridge.Announce, Sound: "prompt:welcome"}) },
		"tone":         func(s *stage) { s.all(bridge.BulkAction{Kind: bridge.Announce, Sound: "chime"}) },
		"recording": func(s *stage) {
			if _, err := s.StartRecording(s.t.Context(), tenant, s.cid, bridge.RecordingSpec{}); err != nil {
				s.t.Fatal(err)
			}
		},
	} {
		scenario(t, name, func(t *testing.T) {
			s := newStageWith(t, bridge.Config{Recorder: bridgetest.NewRecorder()}, bridge.ConferenceSpec{})
			s.join("A", unmarked)
			s.music("A")
			say(s)
			synctest.Wait()
			s.music()
			s.settle()
			s.music("A")
		})
	}
}

// What is said of a grace is how long there really is.
func TestTheGraceIsToldAsItIs(t *testing.T) {
	for _, c := range []struct {
		grace, most time.Duration
		want        string
	}{
		{10 * time.Minute, 0, "presenter_left, ends_in, ten, minutes"},
		{90 * time.Second, 0, "presenter_left, ends_in, one_minute"},
		{30 * time.Second, 0, "presenter_left, ends_in, thirty, seconds"},
		{3 * time.Second, 0, "presenter_left, ending_now"},
		{10 * time.Minute, 3 * time.Minute, "presenter_left, ends_in, 2, minutes"},
	} {
		scenario(t, c.grace.String()+" of "+c.most.String(), func(t *testing.T) {
			s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: c.grace, MaxDuration: c.most})
			s.join("M", marked)
			s.join("A", unmarked)
			s.join("B", unmarked)
			s.leave("M")
			if s.saidCount(c.want) != 1 {
				t.Errorf("said %q, want %q", s.Mixer.Said(), c.want)
			}
		})
	}
}

func TestAffectedAreThoseWhoHear(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("W", waitMarked)
		s.join("H", unmarked)
		s.join("N", unmarked)
		s.do(s.ids["H"], bridge.Hold)
		if n := s.all(bridge.BulkAction{Kind: bridge.Announce}); n != 1 {
			t.Errorf("%d hear it, want N alone", n)
		}
	})
}

func TestWaitingBegunByAChangeBlamesNobody(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", bridge.ParticipantSpec{})
		if _, err := s.UpdateConference(t.Context(), tenant, s.cid, bridge.ConferencePatch{WaitForPresenter: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		s.settle()
		s.told("A", "waiting_presenter")
		if s.wasTold("A", "presenter_left") {
			t.Error("A was told that a presenter has left; none was there")
		}
	})
}

func TestPresenterLostInARestart(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: 10 * time.Minute})
		s.join("M", marked)
		s.join("W", waitMarked)
		s.join("E", endMarked)
		rec, err := state.Load[map[string]any](t.Context(), s.Store, state.ParticipantKey(s.cid, s.ids["M"]))
		if err != nil {
			t.Fatal(err)
		}
		s.Bench.Bridge.Stop()
		delete(rec.Value, "dialog") // answered, and the machine died before that was known
		op, err := state.UpdateOp(state.ParticipantKey(s.cid, s.ids["M"]), rec.Value, rec.Rev)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Store.Apply(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		s.Crash(t)
		s.settle()
		s.gone("M", state.ReasonNodeRestart)
		s.gone("E", state.ReasonPresenterLeft)
		if v := s.get(s.ids["W"]); !v.Waiting {
			t.Error("W does not wait though no presenter is left")
		}
		if a := s.takenUp("W").Leg().Audio(); a.Play == nil || !a.Play.Loop {
			t.Errorf("W has %+v", a)
		}
	})
}

func TestGraceHoldsThroughARestart(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: 10 * time.Minute})
		s.join("M", marked)
		s.join("A", unmarked)
		s.join("B", unmarked)
		s.leave("M")
		time.Sleep(6 * time.Minute)
		s.Crash(t)
		time.Sleep(3 * time.Minute)
		if v := s.get(s.ids["A"]); v.Status != state.Connected {
			t.Fatalf("A is %s (%s) before the end of the grace", v.Status, v.Reason)
		}
		time.Sleep(time.Minute)
		s.gone("A", state.ReasonPresenterLeft)
	})
	scenario(t, "cancelled", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: 10 * time.Minute})
		s.join("M", marked)
		s.join("A", unmarked)
		s.leave("M")
		s.join("M2", marked)
		s.Crash(t)
		time.Sleep(time.Hour)
		if v := s.get(s.ids["A"]); v.Status != state.Connected {
			t.Errorf("A is %s (%s)", v.Status, v.Reason)
		}
	})
}

// Talk that a restart cuts off has its end told, before any other begins.
func TestTalkEndsWithTheProgram(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStage(t, bridge.ConferenceSpec{})
		s.join("A", unmarked)
		s.talks("A", true)
		s.Crash(t)
		s.settle()
		s.takenUp("A").Media(media.EventSpeaking)
		synctest.Wait()
		talk := slices.DeleteFunc(s.kinds("A"), func(x string) bool { return x != "speaking" && x != "silent" && x != "recovered" })
		if want := []string{"speaking", "silent", "recovered", "speaking"}; !slices.Equal(talk, want) {
			t.Errorf("told %v, want %v", talk, want)
		}
	})
}
