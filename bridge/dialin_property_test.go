package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

// lineStory is a conference whose people are rung and call in at once.
type lineStory struct {
	*world
	ids  []string
	pins []string
	in   []*bridgetest.Inbound
}

// TestCallsInAndOutCrossEachOther rings people and has them call in with their
// own PINs, everybody's and the moderator's, hang up on either line, be
// removed, locked out and put away, on disks that fail: nobody ever has two
// lines, no line belongs to nobody, each way in has one end, and nothing stays.
func TestCallsInAndOutCrossEachOther(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		story := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
			return move{rapid.IntRange(0, 15).Draw(t, "what"), rapid.IntRange(0, 5).Draw(t, "whom"), rapid.IntRange(0, 9).Draw(t, "how")}
		}), 5, 80).Draw(rt, "story")
		var found []string
		synctest.Test(t, func(t *testing.T) {
			spec := openHouse()
			spec.MaxParticipants = ptr(6)
			s := &lineStory{world: newWorld(t, bridge.Config{}, spec)}
			s.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
			for i := range 3 {
				v := s.add(i, bridge.ParticipantSpec{SendPINViaSMS: true})
				synctest.Wait()
				msg, _ := s.text()
				s.ids, s.pins = append(s.ids, v.ID), append(s.pins, eightDigits.FindString(msg.Body))
			}
			for _, m := range story {
				s.tell(m)
				found = append(found, s.check()...)
			}
			s.Store.Fail(nil)
			time.Sleep(3 * time.Minute) // receptions are over, the disk is tried again
			found = append(found, s.check()...)
			_, _ = s.EndConference(context.Background(), tenant, s.cid)
			s.everyone()
			if s.Mixer.Legs() != 0 || s.Mixer.Rooms() != 0 || s.Stats().Receptions != 0 || s.Phones.InUse() != 0 {
				found = append(found, fmt.Sprintf("left behind: %d legs, %d rooms, %d receptions, %d places",
					s.Mixer.Legs(), s.Mixer.Rooms(), s.Stats().Receptions, s.Phones.InUse()))
			}
			for _, in := range s.in {
				if in.Call != nil && (!in.Ended() || in.Hangups() > 1) {
					found = append(found, fmt.Sprintf("a caller's line: ended %v, hung up %d times", in.Ended(), in.Hangups()))
				}
			}
		})
		if len(found) > 0 {
			rt.Fatalf("%s", found[0])
		}
	})
}

func (s *lineStory) tell(m move) {
	ctx, who := context.Background(), m.Whom%len(s.ids)
	do := func(a bridge.Action) { _, _ = s.Do(ctx, tenant, s.cid, s.ids[who], a) }
	switch m.What {
	case 0, 1, 2, 3:
		in := s.CallIn(bridgeNumber, number(m.Whom))
		s.in = append(s.in, in)
		synctest.Wait()
		if in.Line() != nil {
			in.Line().Press([]string{s.pins[who], everybodys, moderators, "0000"}[m.How%4] + "#")
		}
	case 4, 5, 6:
		if len(s.in) > 0 {
			if in := s.in[len(s.in)-1-m.Whom%min(3, len(s.in))]; in.Call != nil {
				s.line(in, m)
			}
		}
	case 7, 8, 9:
		calls := s.Phones.Calls(number(who))
		if len(calls) > 0 {
			c := calls[len(calls)-1]
			switch m.How % 4 {
			case 0, 1:
				c.Answer()
			case 2:
				c.Press(s.pins[who])
			case 3:
				c.FarHangUp()
			}
		}
	case 10:
		do(bridge.Redial)
	case 11:
		do(bridge.Disconnect)
	case 12:
		s.do0([]bridge.BulkKind{bridge.LockAll, bridge.UnlockAll}[m.How%2])
	case 13:
		if s.Store.Fail(nil); m.How < 3 {
			s.Store.Fail(errors.New("disk full"))
		}
	case 14:
		time.Sleep(time.Duration(m.How*m.How) * 200 * time.Millisecond)
	case 15:
		s.Store.Slow(time.Duration(m.How%3) * 40 * time.Millisecond)
	}
}

// line lets a caller do something.
func (s *lineStory) line(in *bridgetest.Inbound, m move) {
	switch m.How {
	case 0, 1, 2:
		in.FarHangUp()
	case 3:
		in.FarOffers("hold")
	case 4:
		in.FarOffers("resume")
	case 5:
		in.Line().Press("*6")
	default:
		in.Line().Press(everybodys + "#")
	}
}

// check returns what should never be.
func (s *lineStory) check() (found []string) {
	wrong := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	time.Sleep(600 * time.Millisecond) // no PIN is being thought about
	people := s.everyone()
	lines, inside := 0, 0
	for _, p := range people {
		switch p.Status {
		case state.Connected, state.Held:
			inside++
			lines++
		case state.Dialing:
			lines++
		}
	}
	if len(people) > 0 && inside > 6 {
		wrong("%d people where 6 are allowed", inside)
	}
	if n, want := s.Mixer.Legs(), lines+s.Stats().Receptions; n != want {
		wrong("%d legs for %d calls and %d callers", n, lines, s.Stats().Receptions)
	}
	ended := map[string]bool{}
	for _, e := range s.events() {
		switch e.Type {
		case "participant.disconnected", "participant.rejected":
			if ended[e.ParticipantID] {
				wrong("two ends of one way in")
			}
			ended[e.ParticipantID] = true
		case "participant.accepted", "participant.dialing", "participant.queued":
			ended[e.ParticipantID] = false
		}
	}
	return found
}
