package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

// move is one step of a random story: what, to whom, and with which detail.
type move struct{ What, Whom, How int }

// TestAnythingMayHappen tells random stories of requests, phones, disks and
// crashes, and checks after each chapter what must hold in every story.
func TestAnythingMayHappen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		story := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
			return move{rapid.IntRange(0, 29).Draw(t, "what"), rapid.IntRange(0, 7).Draw(t, "whom"), rapid.IntRange(0, 11).Draw(t, "how")}
		}), 10, 150).Draw(rt, "story")
		waits := rapid.Bool().Draw(rt, "waits for a presenter")
		var found []string
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{MaxParticipants: ptr(6), WaitForPresenter: waits, PIN: "4711"})
			w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
			s := &storyteller{world: w}
			for _, m := range story {
				s.tell(m)
				if m.How < 4 {
					found = append(found, s.check()...)
				}
			}
			w.Store.Fail(nil)
			w.Phones.Shut(false)
			time.Sleep(30 * time.Second) // the store is tried again
			found = append(found, s.check()...)
			if _, err := w.EndConference(context.Background(), tenant, w.cid); err != nil {
				found = append(found, err.Error())
			}
			found = append(found, s.check()...)
			if w.Mixer.Legs() != 0 || w.Mixer.Rooms() != 0 || w.Phones.InUse() != 0 {
				found = append(found, fmt.Sprintf("left behind: %d legs, %d rooms, %d places", w.Mixer.Legs(), w.Mixer.Rooms(), w.Phones.InUse()))
			}
		})
		if len(found) > 0 {
			rt.Fatalf("%s", found[0])
		}
	})
}

type storyteller struct {
	*world
	ids     []string
	failing bool
}

func (s *storyteller) tell(m move) {
	ctx := context.Background()
	do := func(a bridge.Action) {
		if len(s.ids) > 0 {
			_, _ = s.Do(ctx, tenant, s.cid, s.ids[m.Whom%len(s.ids)], a)
		}
	}
	bulk := func(k bridge.BulkKind) {
		_, _ = s.DoAll(ctx, tenant, s.cid, bridge.BulkAction{Kind: k, AllowUnmute: m.How%2 == 0})
	}
	switch m.What {
	case 0, 1, 2, 3:
		s.invite(m)
	case 4:
		do(bridge.Mute)
	case 5:
		do(bridge.Unmute)
	case 6:
		do(bridge.Hold)
	case 7:
		do(bridge.Resume)
	case 8:
		do(bridge.Disconnect)
	case 9, 10:
		do(bridge.Redial)
	case 11:
		do(bridge.Admit)
	case 12:
		bulk(bridge.MuteAll)
	case 13:
		bulk(bridge.UnmuteAll)
	case 14:
		bulk([]bridge.BulkKind{bridge.LockAll, bridge.UnlockAll, bridge.UnlockAll}[m.How%3])
	case 15:
		if m.How == 0 {
			bulk(bridge.DisconnectAll)
		}
	case 16:
		if len(s.ids) > 0 {
			role := []state.Role{state.RoleListener, state.RoleParticipant, state.RolePresenter}[m.How%3]
			_, _ = s.UpdateParticipant(ctx, tenant, s.cid, s.ids[m.Whom%len(s.ids)], bridge.ParticipantPatch{Role: &role})
		}
	case 17:
		s.failing = m.How < 3
		if s.failing {
			s.Store.Fail(errors.New("disk full"))
		} else {
			s.Store.Fail(nil)
			time.Sleep(11 * time.Second) // until it is tried again
		}
	case 18:
		s.Phones.Shut(m.How < 4)
	case 19:
		time.Sleep(time.Duration(m.How) * 3 * time.Second)
	case 20:
		if m.How < 3 && !s.failing {
			synctest.Wait()
			s.Crash(s.t)
		}
	default:
		s.phone(m)
	}
}

func (s *storyteller) invite(m move) {
	spec := bridge.ParticipantSpec{PhoneNumber: number(m.Whom), Role: state.RoleParticipant}
	if m.How%3 == 0 {
		spec.Accept = &state.Accept{Mode: state.AcceptPIN}
	}
	if m.How%4 == 1 {
		spec.Retry = state.Retry{Attempts: 3, Delay: 5 * time.Second}
	}
	if m.How%5 == 1 {
		spec.Role = state.RolePresenter
	}
	v, err := s.Add(context.Background(), tenant, s.cid, spec)
	if err == nil {
		s.ids = append(s.ids, v.ID)
	}
}

// phone lets one of the latest calls do something.
func (s *storyteller) phone(m move) {
	calls := s.Phones.Calls("")
	if len(calls) == 0 {
		return
	}
	c := calls[len(calls)-1-m.Whom%min(len(calls), 6)]
	switch m.How {
	case 0, 1, 2:
		c.Answer()
	case 3:
		c.AnswerWith("bad")
	case 4:
		c.FarHangUp()
	case 5:
		c.Refuse([]state.Reason{state.ReasonBusy, state.ReasonTrunkLimit, state.ReasonDeclined, state.ReasonNoAnswer}[m.What%4], 486, "No")
	case 6:
		c.FarOffers("hold")
	case 7:
		c.FarOffers("resume")
	case 8:
		c.Press("4711")
	case 9:
		c.Press([]string{"*6", "*5", "*7", "*9", "1234#", "*0"}[m.Whom%6])
	case 10:
		c.Media(media.EventQuiet)
		c.Media(media.EventTimeout)
	case 11:
		c.EarlyMedia()
	}
}

// check returns what should never be.
func (s *storyteller) check() (found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	synctest.Wait()
	page, err := s.Participants(context.Background(), tenant, s.cid, bridge.ParticipantFilter{})
	if err != nil {
		return []string{err.Error()}
	}
	active, legs := 0, 0
	for _, p := range page.Participants {
		if p.Status.Terminal() != (p.EndedAt != nil && p.Reason != "") {
			wrong("%s with reason %q", p.Status, p.Reason)
		}
		if !p.Status.Terminal() {
			active++
		}
		if p.Status == state.Dialing || p.Status == state.Connected || p.Status == state.Held {
			legs++
		}
		if (p.Status == state.Held) != ((p.Status == state.Connected || p.Status == state.Held) && (p.Held || p.HeldRemote)) {
			wrong("%s with held=%v held_remote=%v", p.Status, p.Held, p.HeldRemote)
		}
	}
	if active > 6 {
		wrong("%d participants where 6 are allowed", active)
	}
	if n := s.Mixer.Legs(); n != legs {
		wrong("%d legs for %d calls", n, legs)
	}
	calls := 0
	for _, c := range s.Phones.Calls("") {
		if c.Hangups() > 1 {
			wrong("a call was hung up %d times", c.Hangups())
		}
		if !c.Ended() {
			calls++
			found = append(found, s.heard(c, page.Participants)...)
		}
	}
	if calls != legs {
		wrong("%d calls for %d legs", calls, legs)
	}
	return append(found, s.told(page.Participants)...)
}

// heard compares what the mixer was told with what the bits say.
func (s *storyteller) heard(c *bridgetest.Call, all []bridge.ParticipantView) (found []string) {
	leg := c.Leg()
	if leg == nil {
		return []string{"a call without a leg"}
	}
	mayBe := false
	for _, p := range all {
		dialog := "recovered " + p.PhoneNumber
		if p.PhoneNumber != c.Request().Number && dialog != c.Request().Number {
			continue
		}
		in := p.Status == state.Connected || p.Status == state.Held
		want := media.Audio{Speaks: p.Effective.Speaks, Hears: p.Effective.Hears && !p.Waiting}
		got := leg.Audio()
		mayBe = mayBe || leg.InRoom() == in && got.Speaks == want.Speaks && got.Hears == want.Hears
	}
	if !mayBe {
		found = append(found, fmt.Sprintf("in room %v with %+v fits nobody", leg.InRoom(), leg.Audio()))
	}
	return found
}

// told checks the history: numbers without gaps, one terminal event for each
// way in, and the last event agreeing with the record.
func (s *storyteller) told(all []bridge.ParticipantView) (found []string) {
	ended, last := map[string]bool{}, map[string]string{}
	for _, e := range s.events() {
		var data struct{ Status string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return []string{err.Error()}
		}
		pid := e.ParticipantID
		if pid == "" {
			continue
		}
		last[pid] = data.Status
		terminal := slices.Contains([]string{"participant.rejected", "participant.disconnected"}, e.Type)
		begins := slices.Contains([]string{"participant.queued", "participant.dialing", "participant.unmuted", "participant.role_changed"}, e.Type)
		if ended[pid] && !begins {
			found = append(found, e.Type+" after the end")
		}
		ended[pid] = terminal || ended[pid] && (e.Type == "participant.unmuted" || e.Type == "participant.role_changed")
	}
	if s.failing {
		return found
	}
	for _, p := range all {
		if last[p.ID] != string(p.Status) && last[p.ID] != "" {
			found = append(found, fmt.Sprintf("the record says %s, the last event %s", p.Status, last[p.ID]))
		}
	}
	return found
}
