package bridge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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
			"start", "start", "start", "stop", "pause", "resume", "join", "join", "join", "leave", "crash", "crash", "break", "full", "room", "store down", "store up", "auto", "time", "remove", "forget", "know",
		}), 1, 30).Draw(rt, "steps")
		var f findings // a failure within the bubble could not be made smaller
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
				case "remove":
					if list, _ := s.Recordings(ctx, tenant, s.cid); len(list) > 0 {
						_ = s.RemoveRecording(ctx, tenant, s.cid, list[0].ID)
					}
				case "forget", "know":
					s.Phones.Forget(step == "forget")
				}
				synctest.Wait()
				s.tapes(&f)
			}
			s.Store.Fail(nil)
			_, _ = s.EndConference(ctx, tenant, s.cid)
			time.Sleep(time.Minute)
			synctest.Wait()
			s.finalTapes(&f)
		})
		if len(f) > 0 {
			rt.Fatalf("%s", f[0])
		}
	})
}

// findings are what is wrong.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// tapes holds what is recorded against what is said of it.
func (s *stage) tapes(f *findings) {
	c, err := s.Conference(s.t.Context(), tenant, s.cid)
	if err != nil {
		f.add("%v", err)
	}
	var runs *bridgetest.Take
	for _, take := range s.Tapes.Takes() {
		switch {
		case take.Ended():
		case take.Spec.ID != c.Recording || runs != nil:
			f.add("%s is recorded, %q is said to be", take.Spec.ID, c.Recording)
		default:
			runs = take
		}
	}
	if (runs != nil) != (s.Mixer.Taps() == 1) || (runs == nil) != (c.Recording == "") {
		f.add("%d rooms are tapped, the recording that runs is %q", s.Mixer.Taps(), c.Recording)
	}
	if runs == nil {
		return
	}
	r, err := s.Recording(s.t.Context(), tenant, s.cid, c.Recording)
	if err != nil {
		f.add("%v", err)
	}
	if (r.Status == state.RecordingPaused) != runs.Paused() {
		f.add("a recording is %s, and pauses: %v", r.Status, runs.Paused())
	}
}

// finalTapes is what must hold in the end.
func (s *stage) finalTapes(f *findings) {
	if n := s.Mixer.Taps(); n != 0 {
		f.add("%d rooms are tapped still", n)
	}
	list, err := s.Recordings(s.t.Context(), tenant, s.cid)
	if err != nil {
		f.add("%v", err)
	}
	ends, gone := map[string]int{}, 0
	for _, e := range s.events() {
		if !strings.HasPrefix(e.Type, "recording.") {
			continue
		}
		var data struct {
			ID string `json:"recording_id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			f.add("%v", err)
		}
		switch e.Type {
		case "recording.ready", "recording.failed":
			ends[data.ID]++
		case "recording.deleted":
			gone++
		default:
			if ends[data.ID] > 0 {
				f.add("%s after the end of %s", e.Type, data.ID)
			}
		}
	}
	if len(ends) != len(list)+gone {
		f.add("%d recordings have %d ends, %d were deleted", len(list), len(ends), gone)
	}
	for id, n := range ends {
		if n != 1 {
			f.add("%d ends of %s", n, id)
		}
	}
	for _, r := range list {
		if r.Status != state.RecordingReady && r.Status != state.RecordingFailed {
			f.add("a recording is %s in the end", r.Status)
		}
	}
}
