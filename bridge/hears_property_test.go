package bridge_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

// heardBy is the rule of the house, written down once more: who is in the mix
// and who gets it, of what is known of a person.
func heardBy(p *state.Participant) (speaks, hears bool) {
	inside := p.Status == state.Connected || p.Status == state.Held
	held := p.Held || p.HeldRemote
	maySpeak := p.Role != state.RoleListener
	muted := p.Muted || p.MutedBy != ""
	speaks = inside && maySpeak && !muted && !held && !p.Waiting && !p.InPrompt
	hears = inside && !held && !p.InPrompt
	return speaks, hears
}

// TestWhoHearsWhomInAnyOrder does to three people whatever can be done, in
// every order, and holds what the mixer was told against the rule after each
// step. Nobody who has not accepted is ever in the room.
func TestWhoHearsWhomInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{
			"mute", "unmute", "hold", "resume", "far hold", "far resume", "listener", "participant", "presenter",
			"*6", "*9", "*5", "*7", "mute-all", "unmute-all", "lock", "unlock", "waiting on", "waiting off",
			"admit", "promote", "accept", "wrong key", "boss in", "boss out", "disconnect", "redial", "sound", "announce", "time",
			"speaks", "pauses", "speaks", "crash",
		}), 1, 25).Draw(rt, "steps")
		whom := rapid.SliceOfN(rapid.IntRange(1, 3), len(steps), len(steps)).Draw(rt, "whom")
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{WaitForPresenter: rapid.Bool().Draw(rt, "waits")})
			ids := map[int]string{}
			key := &state.Accept{Mode: state.AcceptPressKey, Tries: 10, Timeout: time.Minute}
			ids[1] = w.add(1, bridge.ParticipantSpec{}).ID
			ids[2] = w.add(2, bridge.ParticipantSpec{Role: state.RoleListener}).ID
			ids[3] = w.add(3, bridge.ParticipantSpec{Accept: key}).ID
			boss := ""
			for i, step := range steps {
				act(w, step, whom[i], ids, &boss)
				synctest.Wait()
				for n, id := range ids {
					agrees(rt, w, n, id, step)
				}
			}
			for _, id := range ids {
				alternates(rt, w, id)
			}
		})
	})
}

// alone tells whether nobody else is there who does not wait. What they have
// for music depends on what is being said.
func (w *world) alone(p *state.Participant) bool {
	c := w.conference()
	return !p.Waiting && (c.Presence == bridge.PresenceSingle || c.Presence == bridge.PresenceSingleHost)
}

// phone is the latest call of a number, as it was taken up after a crash if
// there was one; nil when there is none.
func (w *world) phone(n int) *bridgetest.Call {
	if call := w.Phones.Last(number(n)); call != nil {
		return call
	}
	return w.Phones.Last("recovered " + number(n))
}

// alternates wants the events of somebody's talk to take turns, and the last
// one to agree with the view.
func alternates(rt *rapid.T, w *world, id string) {
	speaking := false
	for _, kind := range w.types(id) {
		switch kind {
		case "speaking", "silent":
			if speaking == (kind == "speaking") {
				rt.Fatalf("%s is told twice: %v", kind, w.types(id))
			}
			speaking = !speaking
		}
	}
	if v := w.get(id); v.Speaking != speaking {
		rt.Fatalf("the view says speaking %v, the events %v", v.Speaking, speaking)
	}
}

func act(w *world, step string, n int, ids map[int]string, boss *string) {
	ctx := w.t.Context()
	do := func(a bridge.Action) { _, _ = w.Do(ctx, tenant, w.cid, ids[n], a) }
	role := func(r state.Role) {
		_, _ = w.UpdateParticipant(ctx, tenant, w.cid, ids[n], bridge.ParticipantPatch{Role: &r})
	}
	all := func(k bridge.BulkKind) {
		_, _ = w.DoAll(ctx, tenant, w.cid, bridge.BulkAction{Kind: k, AllowUnmute: n == 1})
	}
	call := w.phone(n)
	switch step {
	case "far hold", "far resume", "*6", "*9", "*5", "*7", "accept", "wrong key", "speaks", "pauses":
		if call == nil { // whose call a crash has ended
			return
		}
	}
	switch step {
	case "mute", "unmute", "hold", "resume", "admit", "promote", "disconnect", "redial":
		do(bridge.Action(step))
	case "far hold":
		call.FarOffers("hold")
	case "far resume":
		call.FarOffers("resume")
	case "listener", "participant", "presenter":
		role(state.Role(step))
	case "*6", "*9", "*5", "*7":
		call.Press(step)
	case "mute-all", "unmute-all", "lock", "unlock":
		all(bridge.BulkKind(step))
	case "waiting on", "waiting off":
		on := step == "waiting on"
		_, _ = w.UpdateConference(ctx, tenant, w.cid, bridge.ConferencePatch{WaitForPresenter: &on})
	case "accept":
		call.Press("1")
	case "wrong key":
		call.Press("7")
	case "boss in":
		if *boss == "" {
			if v, err := w.tryAdd(9, bridge.ParticipantSpec{Role: state.RolePresenter}); err == nil {
				*boss = v.ID
			}
		}
	case "boss out":
		if *boss != "" {
			_ = w.Remove(ctx, tenant, w.cid, *boss)
			*boss = ""
		}
	case "sound":
		_ = w.Tell(ctx, tenant, w.cid, ids[n], bridge.Announcement{Sound: "beep"})
	case "announce":
		_, _ = w.DoAll(ctx, tenant, w.cid, bridge.BulkAction{Kind: bridge.Announce, Sound: "prompt:welcome"})
	case "speaks":
		call.Media(media.EventSpeaking)
	case "pauses":
		call.Media(media.EventSilent)
	case "crash":
		w.Crash(w.t)
	case "time":
		time.Sleep(7 * time.Second)
	}
}

// agrees holds one leg against the rule.
func agrees(rt *rapid.T, w *world, n int, id, step string) {
	v := w.get(id)
	speaks, hears := heardBy(&v.Participant)
	if v.Effective.Speaks != speaks || v.Effective.Hears != hears {
		rt.Fatalf("after %s: %d is said to speak %v, hear %v; the rule says %v, %v (%+v)", step, n, v.Effective.Speaks, v.Effective.Hears, speaks, hears, v.Participant)
	}
	call := w.phone(n)
	if call == nil || call.Leg() == nil {
		return
	}
	leg := call.Leg()
	a := leg.Audio()
	inside := v.Status == state.Connected || v.Status == state.Held
	if leg.InRoom() && !inside {
		rt.Fatalf("after %s: %d is in the room and has not been let in (%s)", step, n, v.Status)
	}
	// Who waits hears music in place of a mix that has not begun.
	if wantHears := hears && !v.Waiting; a.Speaks != speaks || a.Hears != wantHears {
		rt.Fatalf("after %s: the leg of %d has %+v; the rule says speaks %v, hears %v", step, n, a, speaks, wantHears)
	}
	music, alone := (v.Held || v.Waiting) && !v.HeldRemote, w.alone(&v.Participant)
	if inside && !alone && (a.Play == nil || a.Play.Loop) && (a.Play != nil) != music {
		rt.Fatalf("after %s: the leg of %d has music: %v; want %v (%+v)", step, n, a.Play != nil, music, v.Participant)
	}
	if v.Speaking && !speaks {
		rt.Fatalf("after %s: %d is said to be speaking and cannot", step, n)
	}
}
