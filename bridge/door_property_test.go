package bridge_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/state"
)

// stranger is a phone at the door, whether it was rung or has called.
type stranger struct {
	call  *bridgetest.Call
	leg   *bridgetest.Leg
	id    string // of the participant; "" of a caller
	right string // what it would have to type
	may   bool   // it has typed that, or was let in by hand
}

// TestNobodyIsInBeforeTheyWereAccepted lets phones type, wait, hold, hang up
// and be let in by hand in any order: whoever hears or is heard has typed what
// they had to, or was admitted. Wrong keys never contain a right one.
func TestNobodyIsInBeforeTheyWereAccepted(t *testing.T) {
	wrong := []string{"2", "35", "*", "#", "0000#", "**#", "8*9#", "2222222222222#", "D"}
	rapid.Check(t, func(rt *rapid.T) {
		story := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
			return move{rapid.IntRange(0, 13).Draw(t, "what"), rapid.IntRange(0, 5).Draw(t, "whom"), rapid.IntRange(0, len(wrong)-1).Draw(t, "how")}
		}), 5, 60).Draw(rt, "story")
		var found []string
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{}, openHouse())
			w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
			var all []*stranger
			for _, m := range story {
				if m.What < 3 || len(all) == 0 {
					all = append(all, w.stranger(len(all), m.How))
				} else {
					w.meddle(all[m.Whom%len(all)], m, wrong)
				}
				synctest.Wait()
				for _, s := range all {
					leg := s.line()
					if leg == nil {
						continue
					}
					if a := leg.Audio(); !s.may && (leg.InRoom() || a.Speaks || a.Hears || a.Play != nil && a.Play.Over) {
						found = append(found, fmt.Sprintf("in room %v with %+v, and typed nothing right", leg.InRoom(), a))
					}
				}
			}
			for _, s := range all {
				s.call.FarHangUp()
			}
			time.Sleep(time.Second)
			w.everyone() // a room goes with the message after its last leg
			if w.Mixer.Legs() != 0 || w.Mixer.Rooms() != 0 || w.Stats().Receptions != 0 || w.Phones.InUse() != 0 {
				found = append(found, fmt.Sprintf("left behind: %d legs, %d rooms, %d receptions", w.Mixer.Legs(), w.Mixer.Rooms(), w.Stats().Receptions))
			}
		})
		if len(found) > 0 {
			rt.Fatalf("%s", found[0])
		}
	})
}

// line is the stranger's leg: that of a rung phone is known by its offer.
func (s *stranger) line() *bridgetest.Leg {
	if s.leg == nil {
		s.leg = s.call.Leg()
	}
	return s.leg
}

// stranger rings a phone, or has one call.
func (w *world) stranger(n, how int) *stranger {
	w.t.Helper()
	if how%3 == 2 {
		in := w.dial(number(n))
		return &stranger{call: in.Call, leg: in.Line(), right: everybodys + "#"}
	}
	mode, right := state.AcceptPressKey, "1"
	if how%3 == 1 {
		mode, right = state.AcceptPIN, everybodys
	}
	v := w.add(n, bridge.ParticipantSpec{Accept: &state.Accept{Mode: mode, Machines: how > 4}})
	synctest.Wait()
	return &stranger{call: w.Phones.Last(number(n)), id: v.ID, right: right}
}

// meddle does one thing to somebody at the door.
func (w *world) meddle(s *stranger, m move, wrong []string) {
	switch m.What {
	case 3, 4:
		s.call.AnswerWith([]string{"", "nokeys", "hold"}[m.How%3])
	case 5, 6:
		s.call.Press(wrong[m.How])
	case 7:
		s.call.Info(wrong[m.How])
	case 8:
		s.may = true
		s.call.Press(s.right)
	case 9:
		if _, err := w.Do(context.Background(), tenant, w.cid, s.id, bridge.Admit); err == nil {
			s.may = true
		}
	case 10:
		time.Sleep(time.Duration(m.How) * 4 * time.Second)
	case 11:
		s.call.FarOffers([]string{"hold", "resume"}[m.How%2])
	case 12:
		s.call.Media([]media.EventKind{media.EventSpeaking, media.EventSilent, media.EventFlowing}[m.How%3])
	case 13:
		if m.How < 3 {
			s.call.FarHangUp()
		}
	}
}
