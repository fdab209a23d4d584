package bridge_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media/record"
	"partyline/state"
)

// studio is a conference that can be recorded.
func studio(t *testing.T, spec bridge.ConferenceSpec) *stage {
	return newStageWith(t, bridge.Config{Recorder: bridgetest.NewRecorder()}, spec)
}

func (s *stage) start(spec bridge.RecordingSpec) state.Recording {
	s.t.Helper()
	r, err := s.StartRecording(s.t.Context(), tenant, s.cid, spec)
	if err != nil {
		s.t.Fatalf("start: %v", err)
	}
	synctest.Wait()
	return r
}

func (s *stage) recording(id string) state.Recording {
	s.t.Helper()
	synctest.Wait()
	r, err := s.Recording(s.t.Context(), tenant, s.cid, id)
	if err != nil {
		s.t.Fatalf("recording: %v", err)
	}
	return r
}

func TestRecordingByHand(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.join("A", unmarked)
		r := s.start(bridge.RecordingSpec{Name: "Board", Quality: "high", Stereo: true, Tracks: true})
		take := s.Tapes.Takes()[0]
		if take.Spec != (record.Spec{ID: r.ID, Format: "wav", Rate: 16000, Stereo: true, Tracks: true}) {
			t.Errorf("begun with %+v", take.Spec)
		}
		if said := s.Mixer.Said(); !slices.Contains(said, "en: recording_started") {
			t.Errorf("said %q", said)
		}
		left, tracks := 0, take.Tracks()
		for _, tr := range tracks {
			if tr.Left {
				left++
			}
		}
		if len(tracks) != 2 || left != 1 {
			t.Errorf("tracks %+v", tracks)
		}
		s.join("late", unmarked)
		s.told("late", "being_recorded")
		if len(take.Tracks()) != 3 {
			t.Error("who comes late has no track")
		}
		if _, err := s.PauseRecording(t.Context(), tenant, s.cid, true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := s.recording(r.ID); got.Status != state.RecordingPaused || !take.Paused() {
			t.Errorf("paused: %s, %v", got.Status, take.Paused())
		}
		s.join("later", unmarked)
		if s.wasTold("later", "being_recorded") {
			t.Error("told of a recording that pauses")
		}
		_, _ = s.PauseRecording(t.Context(), tenant, s.cid, false)
		if _, err := s.RecordingFileOf(r.ID); err == nil {
			t.Error("a file of a recording that runs")
		}
		if _, err := s.StopRecording(t.Context(), tenant, s.cid); err != nil {
			t.Fatal(err)
		}
		got := s.recording(r.ID)
		if got.Status != state.RecordingReady || got.StoppedAt == nil || got.DurationMS != 1000 || s.Mixer.Taps() != 0 {
			t.Errorf("stopped: %+v, %d taps", got, s.Mixer.Taps())
		}
		if _, err := s.RecordingFileOf(r.ID); err != nil {
			t.Errorf("its file: %v", err)
		}
		if err := s.RemoveRecording(t.Context(), tenant, s.cid, r.ID); err != nil || !s.Tapes.Removed(r.ID) {
			t.Errorf("removed: %v", err)
		}
		types := s.kinds("")
		for _, want := range []string{"started", "paused", "resumed", "stopped", "ready", "deleted"} {
			if count(types, "recording."+want) != 1 {
				t.Errorf("%d times %s in %v", count(types, "recording."+want), want, types)
			}
		}
	})
}

// RecordingFileOf opens the mix of a recording.
func (s *stage) RecordingFileOf(id string) (state.RecordingFile, error) {
	f, file, err := s.RecordingFile(s.t.Context(), tenant, s.cid, id, "")
	if err == nil {
		_ = f.Close()
	}
	return file, err
}

func TestRecordingThatCannotBegin(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		s.Tapes.Fail(record.ErrFull)
		_, err := s.StartRecording(t.Context(), tenant, s.cid, bridge.RecordingSpec{})
		wantCode(t, err, bridge.Unavailable, "recording_failed")
		synctest.Wait()
		list, _ := s.Recordings(t.Context(), tenant, s.cid)
		if len(list) != 1 || list[0].Status != state.RecordingFailed || list[0].Error != "the disk is full" {
			t.Errorf("recordings %+v", list)
		}
		if v := s.get(s.ids["M"]); v.Status != state.Connected {
			t.Errorf("the call is %s", v.Status)
		}
		s.Tapes.Fail(nil)
		s.start(bridge.RecordingSpec{})
	})
}

// A recording that fails says so and is not tried again by itself.
func TestRecordingThatBreaks(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{Record: true})
		s.join("M", marked)
		s.told("M", "being_recorded")
		if n := len(s.Tapes.Takes()); n != 1 {
			t.Fatalf("%d recordings", n)
		}
		s.Tapes.Takes()[0].Break(errors.New("write: no space left"))
		s.settle()
		s.join("A", unmarked)
		if n := len(s.Tapes.Takes()); n != 1 {
			t.Errorf("%d recordings were tried", n)
		}
		if said := s.Mixer.Said(); !slices.Contains(said, "en: recording_stopped") {
			t.Errorf("people were not told: %q", said)
		}
		if s.wasTold("A", "being_recorded") {
			t.Error("A is told of a recording that failed")
		}
		list, _ := s.Recordings(t.Context(), tenant, s.cid)
		if list[0].Status != state.RecordingFailed || len(list[0].Files) != 1 {
			t.Errorf("%+v", list[0])
		}
	})
}

// After a crash what was recorded is finished, and recording goes on.
func TestRecordingThroughACrash(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		r := s.start(bridge.RecordingSpec{Quality: "high"})
		s.Crash(t)
		s.settle()
		old := s.recording(r.ID)
		if old.Status != state.RecordingReady || !old.Interrupted || !slices.Contains(s.Tapes.Salvaged(), r.ID) {
			t.Errorf("the old one: %+v", old)
		}
		list, _ := s.Recordings(t.Context(), tenant, s.cid)
		if len(list) != 2 || list[1].Continues != r.ID || list[1].Quality != "high" || list[1].Status != state.RecordingRunning {
			t.Fatalf("recordings %+v", list)
		}
		s.events() // without a gap
	})
}

func TestRecordingsOfAnEndedConferenceAreFinishedAfterACrash(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{})
		s.join("M", marked)
		r := s.start(bridge.RecordingSpec{})
		if _, err := s.EndConference(t.Context(), tenant, s.cid); err != nil {
			t.Fatal(err)
		}
		s.Crash(t)
		s.settle()
		if got := s.recording(r.ID); got.Status != state.RecordingReady {
			t.Errorf("it is %s", got.Status)
		}
	})
}

func TestRetention(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := newStageWith(t, bridge.Config{Recorder: bridgetest.NewRecorder(), Retention: 48 * time.Hour}, bridge.ConferenceSpec{})
		s.join("M", marked)
		r := s.start(bridge.RecordingSpec{})
		if _, err := s.EndConference(t.Context(), tenant, s.cid); err != nil {
			t.Fatal(err)
		}
		time.Sleep(47 * time.Hour)
		if got := s.recording(r.ID); got.Status != state.RecordingReady {
			t.Errorf("it is %s", got.Status)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		_, err := s.Recording(t.Context(), tenant, s.cid, r.ID)
		wantCode(t, err, bridge.NotFound, "not_found")
		if !s.Tapes.Removed(r.ID) {
			t.Error("its files are there still")
		}
	})
}

func TestRecordBeep(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		s := studio(t, bridge.ConferenceSpec{MemberNotification: ptr(false), Sound: bridge.ConferenceSound{RecordBeep: ptr(15 * time.Second)}})
		s.join("M", marked)
		s.start(bridge.RecordingSpec{})
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(s.Mixer.Played()); n != 1+4 {
			t.Errorf("%d beeps in a minute", n)
		}
	})
}

// Whatever happens in whatever order: a recording ends once, and no room keeps
// a tap when nothing is recorded.
func TestRecordingsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{
			"start", "start", "stop", "pause", "resume", "join", "leave", "crash", "break", "full", "room", "store down", "store up", "auto", "time",
		}), 1, 20).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			s := studio(t, bridge.ConferenceSpec{})
			ctx := t.Context()
			var here []string
			for i, step := range steps {
				switch step {
				case "start":
					_, _ = s.StartRecording(ctx, tenant, s.cid, bridge.RecordingSpec{})
				case "stop":
					_, _ = s.StopRecording(ctx, tenant, s.cid)
				case "pause", "resume":
					_, _ = s.PauseRecording(ctx, tenant, s.cid, step == "pause")
				case "join":
					if v, err := s.tryAdd(100+i, bridge.ParticipantSpec{}); err == nil {
						here = append(here, v.ID)
					}
				case "leave":
					if len(here) > 0 {
						_ = s.Remove(ctx, tenant, s.cid, here[0])
						here = here[1:]
					}
				case "crash":
					s.Store.Fail(nil)
					s.Crash(t)
				case "break":
					if takes := s.Tapes.Takes(); len(takes) > 0 {
						takes[len(takes)-1].Break(record.ErrFull)
					}
				case "full":
					s.Tapes.Fail(record.ErrFull)
				case "room":
					s.Tapes.Fail(nil)
				case "store down":
					s.Store.Fail(errors.New("no space left on device"))
				case "store up":
					s.Store.Fail(nil)
				case "auto":
					_, _ = s.UpdateConference(ctx, tenant, s.cid, bridge.ConferencePatch{Record: ptr(true)})
				case "time":
					time.Sleep(20 * time.Second)
				}
				synctest.Wait()
			}
			s.Store.Fail(nil)
			_, _ = s.EndConference(ctx, tenant, s.cid)
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := s.Mixer.Taps(); n != 0 {
				rt.Fatalf("%d rooms are tapped still", n)
			}
			list, err := s.Recordings(ctx, tenant, s.cid)
			if err != nil {
				rt.Fatal(err)
			}
			ends := map[string]int{}
			for _, e := range s.events() {
				if e.Type == "recording.ready" || e.Type == "recording.failed" {
					ends[string(e.Data)]++
				}
			}
			if len(ends) != len(list) {
				rt.Fatalf("%d recordings have %d ends: %v", len(list), len(ends), ends)
			}
			for data, n := range ends {
				if n != 1 {
					rt.Fatalf("%d ends of %s", n, data)
				}
			}
			for _, r := range list {
				if r.Status != state.RecordingReady && r.Status != state.RecordingFailed {
					rt.Fatalf("a recording is %s in the end", r.Status)
				}
			}
		})
	})
}
