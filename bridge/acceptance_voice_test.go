package bridge_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/media"
	"partyline/media/clips"
	"partyline/state"
)

// TestWhatIsSaidAtTheDoor follows phones to the end of their tries.
func TestWhatIsSaidAtTheDoor(t *testing.T) {
	key := func(k string, tries int) *state.Accept {
		return &state.Accept{Mode: state.AcceptPressKey, Key: k, Tries: tries}
	}
	for _, c := range []struct {
		name   string
		accept *state.Accept
		sdp    string
		keys   []string // one after another, ten seconds apart
		said   []string
		reason state.Reason
	}{
		{"silence", key("1", 3), "", nil, []string{"invited, press, 1, to_join", "no_input, invited, press, 1, to_join",
			"no_input, last_try, invited, press, 1, to_join", "no_input, not_joined"}, state.ReasonNotAccepted},
		{"the star", key("*", 2), "", []string{"#", "1"}, []string{"invited, press, *, to_join",
			"wrong_key, last_try, invited, press, *, to_join", "wrong_key, not_joined"}, state.ReasonNotAccepted},
		{"one try", key("#", 1), "", []string{"2"}, []string{"invited, press, #, to_join", "wrong_key, not_joined"}, state.ReasonNotAccepted},
		{"wrong PINs", &state.Accept{Mode: state.AcceptPIN, Tries: 2}, "", []string{"0000", "12#"}, []string{"invited, enter_pin",
			"wrong_pin, last_try, invited, enter_pin", "too_many_tries"}, state.ReasonWrongPIN},
		{"half a PIN", &state.Accept{Mode: state.AcceptPIN, Tries: 2}, "", []string{"47", "47"}, []string{"invited, enter_pin",
			"wrong_pin, last_try, invited, enter_pin", "too_many_tries"}, state.ReasonWrongPIN},
		{"no way to type", key("1", 1), "nokeys", nil, []string{"invited, press, 1, to_join", "no_input, not_joined"}, state.ReasonNoDigits},
		{"a tone that is heard", key("1", 1), "nokeys", []string{"3"}, []string{"invited, press, 1, to_join", "wrong_key, not_joined"}, state.ReasonNotAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{PIN: everybodys})
				w.Phones.Script("", bridgetest.Callee{SDP: c.sdp})
				v := w.add(1, bridge.ParticipantSpec{Accept: c.accept})
				synctest.Wait()
				leg := w.Phones.Last(number(1)).Leg()
				if leg.Audio().Listen != (c.sdp == "nokeys") {
					t.Errorf("%+v", leg.Audio())
				}
				for _, keys := range c.keys {
					time.Sleep(10 * time.Second)
					leg.Press(keys)
				}
				time.Sleep(2 * time.Minute)
				w.expect(v.ID, state.Rejected, "", c.reason)
				if got := said(leg); !slices.Equal(got, c.said) {
					t.Errorf("said\n%q, want\n%q", got, c.said)
				}
			})
		})
	}
}

// TestAPromptDoesNotBeginAnewWhileSomebodyTypes, however slowly.
func TestAPromptDoesNotBeginAnewWhileSomebodyTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{PIN: everybodys, RequirePIN: true})
		v := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		leg := w.Phones.Last(number(1)).Leg()
		time.Sleep(13 * time.Second)
		for _, key := range everybodys {
			leg.Press(string(key))
			time.Sleep(4 * time.Second)
			if leg.Audio().Play != nil && !leg.InRoom() {
				t.Error("the prompt talks into the PIN")
			}
		}
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
	})
}

// TestKeysBeforeTheQuestionCount.
func TestKeysBeforeTheQuestionCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{PIN: everybodys, RequirePIN: true})
		w.Phones.Script("", bridgetest.Callee{Answer: bridgetest.Never})
		v := w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		call := w.Phones.Last(number(1))
		call.Info("47")
		synctest.Wait()
		call.Answer()
		call.Info("11")
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
	})
}

func TestLanguageOfPrompts(t *testing.T) {
	for _, c := range []struct{ person, conference, here, want string }{
		{"es", "en", "en", "es"}, {"", "es", "en", "es"}, {"", "", "es", "es"}, {"", "", "", "en"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{Language: c.here}, bridge.ConferenceSpec{Sound: bridge.ConferenceSound{Language: &c.conference}})
			w.add(1, bridge.ParticipantSpec{Language: c.person, Accept: &state.Accept{Mode: state.AcceptPressKey}})
			synctest.Wait()
			if got := w.Phones.Last(number(1)).Leg().Heard()[0].Name; !strings.HasPrefix(got, c.want+": ") {
				t.Errorf("%+v: %q", c, got)
			}
		})
	}
}

// wall is a bridge.Shelf whose clips are named as they were called.
type wall struct{ names map[string]string }

func (s *wall) Put(id string, r io.Reader) (clips.Info, error) {
	name, err := io.ReadAll(r)
	s.names[id] = string(name)
	return clips.Info{Length: time.Second}, err
}
func (s *wall) Clip(id string) (*media.Clip, error) {
	return &media.Clip{Name: s.names[id], PCM: make([]int16, 8000)}, nil
}
func (s *wall) File(string) (io.ReadSeekCloser, error) { return nil, io.EOF }
func (s *wall) Remove(string) error                    { return nil }

// TestTheInvitationSaysWhoAndWhat with sounds of the customer's own.
func TestTheInvitationSaysWhoAndWhat(t *testing.T) {
	for _, c := range []struct{ host, name, own, want string }{
		{"", "", "", "invited, press, 1, to_join"},
		{"Ann", "", "", "call_from, <Ann>, invited, press, 1, to_join"},
		{"", "Board", "", "invited_to, <Board>, press, 1, to_join"},
		{"Ann", "Board", "", "call_from, <Ann>, invited_to, <Board>, press, 1, to_join"},
		{"Ann", "Board", "Hello", "<Hello>, press, 1, to_join"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, bridge.Config{Shelf: &wall{map[string]string{}}}, bridge.ConferenceSpec{})
			put := func(name string) string {
				if name == "" {
					return ""
				}
				s, err := w.AddSound(t.Context(), tenant, name, strings.NewReader(name))
				if err != nil {
					t.Fatal(err)
				}
				return s.ID
			}
			host, name := put(c.host), put(c.name)
			patch := bridge.ConferencePatch{
				Sound:  bridge.ConferenceSound{HostSoundID: &host, NameSoundID: &name},
				Accept: &state.Accept{Mode: state.AcceptPressKey, SoundID: put(c.own)},
			}
			if _, err := w.UpdateConference(t.Context(), tenant, w.cid, patch); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			w.add(1, bridge.ParticipantSpec{})
			synctest.Wait()
			if got := lastSaid(w.Phones.Last(number(1)).Leg()); got != c.want {
				t.Errorf("%+v: %q", c, got)
			}
		})
	}
}

// TestGreeting is what somebody hears who joins.
func TestGreeting(t *testing.T) {
	pressed := bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey}}
	listener := bridge.ParticipantSpec{Role: state.RoleListener}
	for _, c := range []struct {
		name   string
		spec   bridge.ConferenceSpec
		person bridge.ParticipantSpec
		others int
		want   string
	}{
		{"alone", bridge.ConferenceSpec{}, bridge.ParticipantSpec{}, 0, "only_person"},
		{"with one", bridge.ConferenceSpec{}, bridge.ParticipantSpec{}, 1, "one_other"},
		{"with three", bridge.ConferenceSpec{}, bridge.ParticipantSpec{}, 3, "people_before, 3, people_after"},
		{"in a crowd", bridge.ConferenceSpec{}, bridge.ParticipantSpec{}, 12, ""},
		{"after a key", bridge.ConferenceSpec{}, pressed, 1, "joining, one_other"},
		{"muted", bridge.ConferenceSpec{MuteOnEntry: true}, bridge.ParticipantSpec{}, 0, "you_are_muted, star_6_unmute, only_person"},
		{"a listener", bridge.ConferenceSpec{}, listener, 1, "listen_only, star_9_hand, one_other"},
		{"a silent webinar", bridge.ConferenceSpec{MemberNotification: ptr(false)}, listener, 1, "listen_only, star_9_hand"},
		{"nothing to say", bridge.ConferenceSpec{MemberNotification: ptr(false)}, bridge.ParticipantSpec{}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, c.spec)
				for i := range c.others {
					w.add(100+i, bridge.ParticipantSpec{Role: state.RoleOperator})
				}
				synctest.Wait()
				w.add(1, c.person)
				synctest.Wait()
				leg := w.Phones.Last(number(1)).Leg()
				if c.person.Accept != nil {
					leg.Press("1")
					synctest.Wait()
				}
				got := ""
				if a := leg.Audio(); a.Play != nil && a.Play.Over {
					got = strings.TrimPrefix(a.Play.Clip.Name, "en: ")
				}
				if got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			})
		})
	}
}
