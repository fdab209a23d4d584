package bridge_test

import (
	"bytes"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge"
	"partyline/bridge/bridgetest"
	"partyline/state"
)

func TestAcceptance(t *testing.T) {
	key := &state.Accept{Mode: state.AcceptPressKey, Key: "1"}
	for _, c := range []struct {
		name   string
		spec   bridge.ConferenceSpec
		person bridge.ParticipantSpec
		callee bridgetest.Callee
		after  time.Duration
		status state.Status
		reason state.Reason
	}{
		{name: "key pressed", person: bridge.ParticipantSpec{Accept: key}, callee: bridgetest.Callee{Keys: "1", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "key by INFO", person: bridge.ParticipantSpec{Accept: key}, callee: bridgetest.Callee{Digits: "1", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "policy of the conference", spec: bridge.ConferenceSpec{Accept: &state.Accept{Mode: state.AcceptPressKey}}, callee: bridgetest.Callee{Keys: "1", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "voicemail", person: bridge.ParticipantSpec{Accept: key}, after: time.Minute, status: state.Rejected, reason: state.ReasonNotAccepted},
		{name: "one try of five seconds", person: bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey, Timeout: 5 * time.Second, Tries: 1}}, after: 7 * time.Second, status: state.Rejected, reason: state.ReasonNotAccepted},
		{name: "hangs up on the prompt", person: bridge.ParticipantSpec{Accept: key}, callee: bridgetest.Callee{HangUp: 3 * time.Second}, after: 4 * time.Second, status: state.Rejected, reason: state.ReasonNotAccepted},
		{name: "conference PIN", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"}, callee: bridgetest.Callee{Keys: "4711", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "PIN and #", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "47115"}, callee: bridgetest.Callee{Keys: "47115#", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "corrected with *", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"}, callee: bridgetest.Callee{Keys: "99*4711", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "third time lucky", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"}, callee: bridgetest.Callee{Keys: "12#0000#4711", KeysAt: time.Second}, after: 2 * time.Second, status: state.Connected},
		{name: "three wrong PINs", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"}, callee: bridgetest.Callee{Keys: "471247134714471", KeysAt: time.Second}, after: 5 * time.Second, status: state.Rejected, reason: state.ReasonWrongPIN},
		{name: "the right PIN comes fourth", spec: bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"}, callee: bridgetest.Callee{Keys: "1#2#3#4711", KeysAt: time.Second}, after: 5 * time.Second, status: state.Rejected, reason: state.ReasonWrongPIN},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, c.spec)
				w.Phones.Script(number(1), c.callee)
				v := w.add(1, c.person)
				asked := w.expect(v.ID, state.Dialing, state.PhasePrompting, "")
				if !asked.InPrompt || asked.Effective.Speaks || asked.Effective.Hears || asked.Effective.Because != "in_prompt" {
					t.Errorf("at the prompt: %+v", asked.Effective)
				}
				leg := w.Phones.Last(number(1)).Leg()
				if a := leg.Audio(); leg.InRoom() || a.Speaks || a.Hears || a.Play == nil {
					t.Errorf("the pre-room has %+v", a)
				}
				time.Sleep(c.after)
				end := w.get(v.ID)
				if end.Status != c.status || end.Reason != c.reason {
					t.Errorf("%s/%s, want %s/%s", end.Status, end.Reason, c.status, c.reason)
				}
				if c.status == state.Rejected && w.Mixer.Legs() != 0 {
					t.Error("the leg was left open")
				}
			})
		})
	}
}

func TestPromptIsInterruptible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"})
		w.add(1, bridge.ParticipantSpec{})
		synctest.Wait()
		call := w.Phones.Last(number(1))
		call.Press("4")
		synctest.Wait()
		if call.Leg().Audio().Play != nil {
			t.Error("the prompt talks on over the keys")
		}
	})
}

func TestAdmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"})
		v := w.add(1, bridge.ParticipantSpec{})
		w.expect(v.ID, state.Dialing, state.PhasePrompting, "")
		if v := w.do(v.ID, bridge.Admit); v.Status != state.Connected {
			t.Errorf("admitted: %s", v.Status)
		}
		w.Phones.Script(number(2), bridgetest.Callee{Answer: bridgetest.Never})
		ringing := w.add(2, bridge.ParticipantSpec{})
		_, err := w.Do(t.Context(), tenant, w.cid, ringing.ID, bridge.Admit)
		wantCode(t, err, bridge.Conflict, "wrong_state")
	})
}

// text returns the newest text and the PIN in it.
func (w *world) text() (state.Message, string) {
	w.t.Helper()
	all := bridgetest.All[state.Message](w.Store, state.MessagePrefix)
	if len(all) == 0 {
		w.t.Fatal("no text was written")
	}
	m := all[len(all)-1]
	return m, regexp.MustCompile(`\d{6}`).FindString(m.Body)
}

func TestPersonalPIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := newWorld(t, bridge.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))},
			bridge.ConferenceSpec{RequirePIN: true, PIN: "4711"})
		v := w.add(1, bridge.ParticipantSpec{SendPINViaSMS: true})
		synctest.Wait()
		msg, pin := w.text()
		if len(pin) != 6 || msg.To != number(1) || msg.ParticipantID != v.ID || msg.Status != state.MessageQueued || !strings.Contains(msg.Body, "Weekly") {
			t.Fatalf("text %+v", msg)
		}
		if w.Texter.Woken() == 0 {
			t.Error("the texter was not woken")
		}
		if v := w.get(v.ID); v.SMS != state.MessageQueued || v.MessageID != msg.ID {
			t.Errorf("sms %q", v.SMS)
		}
		w.Phones.Last(number(1)).Press("4711#") // the conference's PIN is not this person's
		w.expect(v.ID, state.Dialing, state.PhasePrompting, "")
		w.Phones.Last(number(1)).Press(pin)
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		w.do(v.ID, bridge.Disconnect)
		w.do(v.ID, bridge.Redial)
		synctest.Wait()
		w.Phones.Last(number(1)).Press(pin)
		w.expect(v.ID, state.Connected, state.PhaseTalking, "")
		w.do(v.ID, bridge.Disconnect)
		w.do(v.ID, bridge.Redial)
		synctest.Wait()
		w.Phones.Last(number(1)).Press("000000#000000#000000#")
		time.Sleep(3 * time.Second)
		w.expect(v.ID, state.Rejected, "", state.ReasonWrongPIN)

		for _, e := range w.events() {
			if strings.Contains(string(e.Data), pin) || strings.Contains(string(e.Data), "4711") {
				t.Errorf("a PIN in an event: %s", e.Data)
			}
		}
		for _, record := range append(bridgetest.All[map[string]any](w.Store, "part/"), bridgetest.All[map[string]any](w.Store, "conf/")...) {
			for field, value := range record {
				if s, ok := value.(string); ok && (s == pin || s == "4711") {
					t.Errorf("a PIN in field %s", field)
				}
			}
		}
		for _, secret := range []string{pin, "4711", number(1), "000000"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s is in the log:\n%s", secret, log.String())
			}
		}
		if !strings.Contains(log.String(), "+1202•••0001") {
			t.Errorf("no masked number in the log:\n%s", log.String())
		}
	})
}

func TestDialAfterTheText(t *testing.T) {
	for _, c := range []struct {
		after  state.DialAfter
		news   []state.MessageStatus
		status state.Status
		reason state.Reason
	}{
		{state.DialSMSSent, []state.MessageStatus{state.MessageSending}, state.Pending, ""},
		{state.DialSMSSent, []state.MessageStatus{state.MessageSending, state.MessageSent}, state.Dialing, ""},
		{state.DialSMSDelivered, []state.MessageStatus{state.MessageSent}, state.Pending, ""},
		{state.DialSMSDelivered, []state.MessageStatus{state.MessageSent, state.MessageDelivered}, state.Dialing, ""},
		{state.DialSMSDelivered, []state.MessageStatus{state.MessageSent, state.MessageFailed}, state.Rejected, state.ReasonSMSFailed},
	} {
		t.Run(string(c.after)+"_"+string(c.news[len(c.news)-1]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
				v := w.add(1, bridge.ParticipantSpec{SendPINViaSMS: true, DialAfter: c.after})
				w.expect(v.ID, state.Pending, state.PhaseWaitingSMS, "")
				msg, _ := w.text()
				for _, s := range c.news {
					msg.Status = s
					w.MessageChanged(msg)
					w.MessageChanged(msg) // told twice
				}
				got := w.get(v.ID)
				if got.Status != c.status || got.Reason != c.reason {
					t.Errorf("%s/%s, want %s/%s", got.Status, got.Reason, c.status, c.reason)
				}
				if c.status == state.Pending {
					time.Sleep(11 * time.Minute)
					w.expect(v.ID, state.Rejected, "", state.ReasonSMSFailed)
					if len(w.Phones.Calls("")) != 0 {
						t.Error("dialled without the text")
					}
				}
			})
		})
	}
}

// TestNewsOfATextIsToldOnce has news of a text come when its conference is put
// away, and after a crash between the outbox's write and the conference's.
func TestNewsOfATextIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		v := w.add(1, bridge.ParticipantSpec{SendPINViaSMS: true})
		msg, _ := w.text()
		write := func(status state.MessageStatus) {
			t.Helper()
			msg.Status = status
			op, err := state.PutOp(state.MessageKey(msg.ID), msg)
			if err == nil {
				_, err = w.Store.Apply(t.Context(), op)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		write(state.MessageSent)
		w.Crash(t)
		w.do(v.ID, bridge.Disconnect)
		time.Sleep(time.Minute)
		if n := w.Stats().Loaded; n != 0 {
			t.Fatalf("%d conferences in memory", n)
		}
		write(state.MessageDelivered)
		w.MessageChanged(msg)
		w.MessageChanged(msg)
		var told []string
		for _, kind := range w.types(v.ID) {
			if strings.HasPrefix(kind, "pin.") {
				told = append(told, kind)
			}
		}
		if want := []string{"pin.queued", "pin.sent", "pin.delivered"}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
		if v := w.get(v.ID); v.SMS != state.MessageDelivered {
			t.Errorf("sms %s", v.SMS)
		}
	})
}

func TestSMSIsRefusedWithoutAProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		for _, c := range []struct {
			spec bridge.ParticipantSpec
			code string
		}{
			{bridge.ParticipantSpec{DialAfter: state.DialSMSSent}, "invalid_dial_after"},
			{bridge.ParticipantSpec{DialAfter: "never", SendPINViaSMS: true}, "invalid_dial_after"},
			{bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPIN}}, "pin_missing"},
			{bridge.ParticipantSpec{Accept: &state.Accept{Mode: "nod"}}, "invalid_accept"},
			{bridge.ParticipantSpec{Accept: &state.Accept{Mode: state.AcceptPressKey, Key: "12"}}, "invalid_accept"},
			{bridge.ParticipantSpec{CallerID: "+12025559999"}, "caller_id_not_verified"},
			{bridge.ParticipantSpec{RingTimeout: time.Second}, "out_of_range"},
			{bridge.ParticipantSpec{RingTimeout: time.Hour}, "out_of_range"},
			{bridge.ParticipantSpec{Retry: state.Retry{Attempts: 99}}, "out_of_range"},
			{bridge.ParticipantSpec{Role: "king"}, "unknown_role"},
			{bridge.ParticipantSpec{Name: strings.Repeat("é", 101)}, "too_long"},
			{bridge.ParticipantSpec{Name: "a\r\nVia: x"}, "invalid_text"},
			{bridge.ParticipantSpec{Name: "a\u202eb"}, "invalid_text"},
			{bridge.ParticipantSpec{Name: "a\xffb"}, "invalid_text"},
			{bridge.ParticipantSpec{ExternalID: "\x00"}, "invalid_text"},
		} {
			_, err := w.tryAdd(1, c.spec)
			wantCode(t, err, bridge.Invalid, c.code)
		}
		if v, err := w.tryAdd(1, bridge.ParticipantSpec{Name: strings.Repeat("é", 100), CallerID: "+12025550000"}); err != nil {
			t.Errorf("%+v: %v", v, err)
		}
		page, err := w.Participants(t.Context(), tenant, w.cid, bridge.ParticipantFilter{})
		if err != nil || page.Total != 1 {
			t.Errorf("refused adds left %d records, %v", page.Total-1, err)
		}
	})
}
