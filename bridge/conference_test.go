package bridge_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func (w *world) conference() bridge.ConferenceView {
	w.t.Helper()
	synctest.Wait()
	c, err := w.Conference(w.t.Context(), tenant, w.cid)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) conferenceTypes() []string {
	var out []string
	for _, e := range w.events() {
		if e.ParticipantID == "" {
			out = append(out, e.Type[len("conference."):])
		}
	}
	return out
}

func TestEndOfALargeConference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := bridge.Config{}
		cfg.Limits.ParticipantsPerConference = 1200
		w := newWorld(t, cfg, bridge.ConferenceSpec{})
		w.Store.Slow(5 * time.Millisecond)
		w.Phones.Channels(1100)
		specs := make([]bridge.ParticipantSpec, 1000)
		for i := range specs {
			specs[i] = bridge.ParticipantSpec{PhoneNumber: number(i), Role: state.RoleListener}
		}
		before := w.Store.Applied()
		if _, err := w.AddMany(t.Context(), tenant, w.cid, specs); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := w.Store.Applied() - before; n > 100 {
			t.Errorf("1000 phones took %d transactions", n)
		}
		w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
		for i := range 150 {
			w.add(1000+i, bridge.ParticipantSpec{})
		}
		time.Sleep(time.Second)
		if c := w.conference(); c.Active != 1000 || c.Ringing != 100 {
			t.Fatalf("%d connected, %d ringing", c.Active, c.Ringing)
		}
		c, err := w.EndConference(t.Context(), tenant, w.cid)
		if err != nil || c.Status != state.ConferenceEnded || c.Active+c.Ringing != 0 {
			t.Fatalf("ended: %+v, %v", c, err)
		}
		time.Sleep(time.Minute)
		calls := w.Phones.Calls("")
		if len(calls) != 1100 {
			t.Errorf("%d calls were placed, want 1100", len(calls))
		}
		for _, call := range calls {
			if call.Hangups() != 1 || !call.Ended() {
				t.Fatalf("%s was hung up %d times", call.Request().Number, call.Hangups())
			}
		}
		ends := map[string]int{}
		for _, e := range w.events() {
			if e.Type == "participant.disconnected" || e.Type == "participant.rejected" {
				ends[e.ParticipantID]++
			}
		}
		if len(ends) != 1150 {
			t.Errorf("%d participants ended, want 1150", len(ends))
		}
		for id, n := range ends {
			if n != 1 {
				t.Errorf("%s ended %d times", id, n)
			}
		}
		if w.Mixer.Legs() != 0 || w.Mixer.Rooms() != 0 || w.Phones.InUse() != 0 {
			t.Errorf("left behind: %d legs, %d rooms, %d places", w.Mixer.Legs(), w.Mixer.Rooms(), w.Phones.InUse())
		}
		_, err = w.tryAdd(1, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Conflict, "conference_ended")
		time.Sleep(time.Minute)
		if s := w.Stats(); s.Loaded != 0 {
			t.Errorf("%d conferences are kept in memory", s.Loaded)
		}
		if again, err := w.EndConference(t.Context(), tenant, w.cid); err != nil || again.Seq != c.Seq {
			t.Errorf("ending it again: seq %d, %v", again.Seq, err)
		}
	})
}

func TestWaitForPresenter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{WaitForPresenter: true, Sound: bridge.ConferenceSound{AloneMusic: ptr(false)}})
		a, b := w.add(1, bridge.ParticipantSpec{}), w.add(2, bridge.ParticipantSpec{Role: state.RoleListener})
		waits := func(n int, want bool) {
			t.Helper()
			time.Sleep(2 * time.Second) // what they are told is over
			synctest.Wait()
			audio := w.Phones.Last(number(n)).Leg().Audio()
			music := audio.Play != nil && audio.Play.Loop
			if music != want || audio.Hears == want {
				t.Errorf("phone %d has %+v", n, audio)
			}
		}
		if v := w.expect(a.ID, state.Connected, state.PhaseWaiting, ""); v.Effective.Speaks || v.Effective.Because != "waiting" {
			t.Errorf("waiting: %+v", v.Effective)
		}
		waits(1, true)
		waits(2, true)
		boss := w.add(3, bridge.ParticipantSpec{Role: state.RolePresenter})
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		waits(1, false)
		waits(2, false)
		waits(3, false)
		second := w.add(4, bridge.ParticipantSpec{Role: state.RoleOperator})
		synctest.Wait()
		w.do(boss.ID, bridge.Disconnect)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		w.do(second.ID, bridge.Disconnect)
		w.expect(a.ID, state.Connected, state.PhaseWaiting, "")
		waits(1, true)
		w.do(a.ID, bridge.Admit)
		waits(1, false)
		waits(2, true)
		if _, err := w.UpdateParticipant(t.Context(), tenant, w.cid, b.ID, bridge.ParticipantPatch{Role: ptr(state.RolePresenter)}); err != nil {
			t.Fatal(err)
		}
		waits(2, false)
		w.do(b.ID, bridge.Disconnect)
		waits(1, true)
		if _, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{WaitForPresenter: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		waits(1, false)
	})
}

func TestEndOnPresenterExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{EndOnPresenterExit: true, PresenterGrace: time.Minute})
		a := w.add(1, bridge.ParticipantSpec{})
		boss := w.add(2, bridge.ParticipantSpec{Role: state.RolePresenter})
		synctest.Wait()
		w.do(boss.ID, bridge.Disconnect)
		time.Sleep(50 * time.Second)
		w.do(boss.ID, bridge.Redial) // back within the grace
		time.Sleep(time.Minute)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		w.do(boss.ID, bridge.Disconnect)
		time.Sleep(61 * time.Second)
		w.expect(a.ID, state.Disconnected, "", state.ReasonPresenterLeft)
		if c := w.conference(); c.Status != state.ConferenceEnded || c.EndReason != state.ReasonPresenterLeft {
			t.Errorf("conference %s, %s", c.Status, c.EndReason)
		}
	})
}

// TestPatchTouchesOnlyWhatItNames checks that a new name neither sends back
// whoever was let in before the presenter, nor keeps a deadline whose rule was
// taken away.
func TestPatchTouchesOnlyWhatItNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{WaitForPresenter: true, EndOnPresenterExit: true, PresenterGrace: time.Minute})
		patch := func(p bridge.ConferencePatch) {
			t.Helper()
			if _, err := w.UpdateConference(t.Context(), tenant, w.cid, p); err != nil {
				t.Fatal(err)
			}
		}
		a := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		w.do(a.ID, bridge.Admit)
		patch(bridge.ConferencePatch{Name: ptr("Monthly"), WaitForPresenter: ptr(true)})
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		boss := w.add(2, bridge.ParticipantSpec{Role: state.RolePresenter})
		synctest.Wait()
		w.do(boss.ID, bridge.Disconnect)
		w.expect(a.ID, state.Connected, state.PhaseWaiting, "")
		patch(bridge.ConferencePatch{EndOnPresenterExit: ptr(false), WaitForPresenter: ptr(false)})
		time.Sleep(time.Hour)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		patch(bridge.ConferencePatch{WaitForPresenter: ptr(true)})
		w.expect(a.ID, state.Connected, state.PhaseWaiting, "")
	})
}

func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MaxDuration: time.Hour})
		time.Sleep(2 * time.Hour) // it has not begun
		a := w.add(1, bridge.ParticipantSpec{})
		time.Sleep(59 * time.Minute)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		time.Sleep(61 * time.Second)
		w.expect(a.ID, state.Disconnected, "", state.ReasonTimeLimit)
		if got, want := w.conferenceTypes(), []string{"created", "started", "ending", "ended"}; !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
	})
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{ScheduledFor: ptr(time.Now().Add(48 * time.Hour))})
		a := w.add(1, bridge.ParticipantSpec{})
		w.expect(a.ID, state.Pending, state.PhaseScheduled, "")
		w.Crash(t)
		time.Sleep(24 * time.Hour)
		w.expect(a.ID, state.Pending, state.PhaseScheduled, "")
		if _, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{ScheduledFor: ptr(time.Now().Add(time.Hour))}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + time.Second)
		w.expect(a.ID, state.Connected, state.PhaseTalking, "")
		_, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{ScheduledFor: ptr(time.Now().Add(time.Hour))})
		wantCode(t, err, bridge.Conflict, "wrong_state")
	})
}

func TestConferenceIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		for _, c := range []struct {
			spec bridge.ConferenceSpec
			code string
		}{
			{bridge.ConferenceSpec{}, "required"},
			{bridge.ConferenceSpec{Name: "a\nb"}, "invalid_text"},
			{bridge.ConferenceSpec{Name: "a", MaxParticipants: ptr(0)}, "out_of_range"},
			{bridge.ConferenceSpec{Name: "a", MaxParticipants: ptr(1001)}, "out_of_range"},
			{bridge.ConferenceSpec{Name: "a", PIN: "123"}, "invalid_pin"},
			{bridge.ConferenceSpec{Name: "a", PIN: "1234567"}, "invalid_pin"},
			{bridge.ConferenceSpec{Name: "a", PIN: "12a4"}, "invalid_pin"},
			{bridge.ConferenceSpec{Name: "a", HoldMusicID: "vivaldi"}, "unknown_hold_music"},
			{bridge.ConferenceSpec{Name: "a", Record: true}, "not_supported"},
			{bridge.ConferenceSpec{Name: "a", MaxDuration: -1}, "out_of_range"},
			{bridge.ConferenceSpec{Name: "a", PresenterGrace: 25 * time.Hour}, "out_of_range"},
		} {
			_, err := w.CreateConference(t.Context(), tenant, c.spec)
			wantCode(t, err, bridge.Invalid, c.code)
		}
		def, err := w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "a"})
		if err != nil || def.MaxParticipants != 100 || !def.MemberNotification || def.Seq != 1 || def.Status != state.ConferenceOpen {
			t.Errorf("defaults %+v, %v", def, err)
		}
		before := w.conference()
		_, err = w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{Name: ptr("New"), MaxParticipants: ptr(5000)})
		wantCode(t, err, bridge.Invalid, "out_of_range")
		if after := w.conference(); after.Name != before.Name || after.Seq != before.Seq {
			t.Error("half of a refused change was made")
		}
		v, err := w.UpdateConference(t.Context(), tenant, w.cid, bridge.ConferencePatch{Name: ptr("New"), Locked: ptr(true)})
		if err != nil || v.Name != "New" || !v.Locked {
			t.Errorf("changed to %+v, %v", v, err)
		}
	})
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		p := w.add(1, bridge.ParticipantSpec{})
		other := bridge.Caller{TenantID: "other"}
		_, missing := w.Conference(t.Context(), other, state.NewID(state.ConferenceID))
		_, err1 := w.Conference(t.Context(), other, w.cid)
		_, err2 := w.Participant(t.Context(), other, w.cid, p.ID)
		_, err3 := w.Events(t.Context(), other, w.cid, 0)
		_, err4 := w.DoAll(t.Context(), other, w.cid, bridge.BulkAction{Kind: bridge.DisconnectAll})
		_, err5 := w.Conference(t.Context(), other, "../../etc")
		for _, err := range []error{err1, err2, err3, err4, err5, w.DeleteConference(t.Context(), other, w.cid), w.Remove(t.Context(), other, w.cid, p.ID)} {
			wantCode(t, err, bridge.NotFound, "not_found")
			if err != nil && err.Error() != missing.Error() {
				t.Errorf("%v tells more than %v", err, missing)
			}
		}
		page, _, err := w.Conferences(t.Context(), other, "", 0)
		if err != nil || len(page) != 0 {
			t.Errorf("lists %d foreign conferences", len(page))
		}
		w.expect(p.ID, state.Connected, state.PhaseTalking, "")
	})
}

func TestListingAndDeleting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		ids := []string{w.cid}
		for range 4 {
			c, err := w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, c.ID)
		}
		list := func() (out []string) {
			after := ""
			for {
				page, next, err := w.Conferences(t.Context(), tenant, after, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page {
					out = append(out, c.ID)
				}
				if after = next; next == "" {
					return out
				}
			}
		}
		if got := list(); !slices.Equal(got, ids) {
			t.Errorf("listed %v, want %v", got, ids)
		}
		p := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		sub, err := w.Events(t.Context(), tenant, w.cid, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if err := w.DeleteConference(t.Context(), tenant, w.cid); err != nil {
			t.Fatal(err)
		}
		var last string
		for e := range sub.C() {
			last = e.Type
		}
		if last != "conference.ended" {
			t.Errorf("the last event told was %s", last)
		}
		if !w.Phones.Last(number(1)).Ended() {
			t.Error("the call goes on")
		}
		_, err = w.Participant(t.Context(), tenant, w.cid, p.ID)
		wantCode(t, err, bridge.NotFound, "not_found")
		w.Crash(t)
		if got := list(); !slices.Equal(got, ids[1:]) {
			t.Errorf("listed %v, want %v", got, ids[1:])
		}
	})
}

func TestSameRequestSameThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		p := w.add(1, bridge.ParticipantSpec{RequestKey: "k1"})
		c, err := w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x", RequestKey: "k2"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if again := w.add(1, bridge.ParticipantSpec{RequestKey: "k1"}); again.ID != p.ID {
				t.Error("a second participant from the same request")
			}
			again, err := w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x", RequestKey: "k2"})
			if err != nil || again.ID != c.ID {
				t.Errorf("a second conference from the same request, %v", err)
			}
			many, err := w.AddMany(t.Context(), tenant, w.cid, []bridge.ParticipantSpec{{PhoneNumber: number(1), RequestKey: "k1"}})
			if err != nil || many[0].Participant.ID != p.ID {
				t.Error("a second participant in bulk")
			}
			w.Crash(t)
		}
		if n := len(bridgetest.All[state.Participant](w.Store, state.ParticipantPrefix(w.cid))); n != 1 {
			t.Errorf("%d participants", n)
		}
	})
}

func TestBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MaxParticipants: ptr(3)})
		out, err := w.AddMany(t.Context(), tenant, w.cid, []bridge.ParticipantSpec{
			{PhoneNumber: number(1)}, {PhoneNumber: "911"}, {PhoneNumber: number(2)}, {PhoneNumber: number(3)}, {PhoneNumber: number(4)},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, code := range []string{"", "invalid_number", "", "", "conference_full"} {
			switch {
			case code == "" && (out[i].Err != nil || out[i].Participant == nil):
				t.Errorf("item %d: %v", i, out[i].Err)
			case code != "" && (out[i].Err == nil || out[i].Err.Code != code):
				t.Errorf("item %d: %v, want %s", i, out[i].Err, code)
			}
		}
		_, err = w.AddMany(t.Context(), tenant, w.cid, make([]bridge.ParticipantSpec, 1001))
		wantCode(t, err, bridge.Invalid, "out_of_range")
		page, err := w.Participants(t.Context(), tenant, w.cid, bridge.ParticipantFilter{Limit: 2})
		if err != nil || len(page.Participants) != 2 || page.Total != 3 || page.Next == "" {
			t.Errorf("page %+v, %v", page, err)
		}
		rest, err := w.Participants(t.Context(), tenant, w.cid, bridge.ParticipantFilter{After: page.Next})
		if err != nil || len(rest.Participants) != 1 || rest.Next != "" {
			t.Errorf("rest %+v, %v", rest, err)
		}
	})
}

func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		w.Phones.Script(number(1), bridgetest.Callee{Answer: 3 * time.Second, HangUp: 10 * time.Second})
		w.Phones.Script(number(2), bridgetest.Callee{Refuse: &bridge.CallEvent{Reason: state.ReasonBusy, Code: 486, Phrase: "Busy Here"}})
		w.Phones.Script(number(3), bridgetest.Callee{Answer: bridgetest.Never})
		for n := range 3 {
			w.add(n+1, bridge.ParticipantSpec{})
		}
		time.Sleep(20 * time.Second)
		r, err := w.Report(t.Context(), tenant, w.cid)
		if err != nil || r.Asked != 3 || r.Answered != 1 || r.Joined != 1 || r.Never != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if e := r.Entries[0]; e.AnsweredAfter != 3*time.Second || e.Connected != 10*time.Second || e.Quality == nil {
			t.Errorf("the first: %+v", e)
		}
		if e := r.Entries[1]; e.Reason != state.ReasonBusy || e.SIP.Code != 486 {
			t.Errorf("the second: %+v", e)
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		p := w.add(1, bridge.ParticipantSpec{})
		w.expect(p.ID, state.Connected, state.PhaseTalking, "")
		w.Drain(true)
		_, err := w.tryAdd(2, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Unavailable, "draining")
		_, err = w.CreateConference(t.Context(), tenant, bridge.ConferenceSpec{Name: "x"})
		wantCode(t, err, bridge.Unavailable, "draining")
		w.do(p.ID, bridge.Mute)
		w.Drain(false)
		w.Phones.Shut(true)
		queued := w.add(2, bridge.ParticipantSpec{})
		if err := w.Bench.Bridge.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = w.tryAdd(3, bridge.ParticipantSpec{})
		wantCode(t, err, bridge.Unavailable, "draining")
		all := bridgetest.All[state.Participant](w.Store, state.ParticipantPrefix(w.cid))
		if all[0].Status != state.Disconnected || all[0].Reason != state.ReasonShutdown {
			t.Errorf("after closing: %s, %s", all[0].Status, all[0].Reason)
		}
		if all[1].ID != queued.ID || all[1].Status != state.Pending {
			t.Errorf("who was not dialled is %s", all[1].Status)
		}
	})
}
