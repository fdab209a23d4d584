package bridge

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/prompt"
	"partyline/state"
)

// TestEffective holds the code against the sentence of the rule, for every
// combination of the bits.
func TestEffective(t *testing.T) {
	for bits := range 1 << 7 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		for _, role := range []state.Role{state.RoleOperator, state.RolePresenter, state.RoleParticipant, state.RoleListener, "unknown"} {
			for _, status := range []state.Status{state.Pending, state.Dialing, state.Connected, state.Held, state.Disconnected, state.Rejected} {
				p := state.Participant{Role: role, Status: status, Muted: on(0), Held: on(2), HeldRemote: on(3), Waiting: on(4), InPrompt: on(5), HandRaised: on(6)}
				if on(1) {
					p.MutedBy = "api"
				}
				connected := status == state.Connected || status == state.Held
				talks := role == state.RoleOperator || role == state.RolePresenter || role == state.RoleParticipant
				speaks := connected && talks && !on(0) && !on(1) && !on(2) && !on(3) && !on(4) && !on(5)
				hears := connected && (talks || role == state.RoleListener) && !on(2) && !on(3) && !on(5)
				e := effective(&p)
				if e.Speaks != speaks || e.Hears != hears {
					t.Fatalf("%+v: speaks %v hears %v", p, e.Speaks, e.Hears)
				}
				if (e.Because == "") != (speaks && hears) {
					t.Fatalf("%+v: because %q", p, e.Because)
				}
			}
		}
	}
}

// TestBitsCommute sets the independent bits in every order: what is heard in
// the end depends on the last value of each and on nothing else.
func TestBitsCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &owner{b: &Bridge{sounds: newSounds(prompt.Builtin(), "en")}, members: map[string]*member{}}
		m := &member{rec: state.Participant{ID: "p", Status: state.Connected, Role: state.RoleParticipant}}
		o.enrol(m)
		want := state.Participant{Status: state.Connected, Role: state.RoleParticipant}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			on := rapid.Bool().Draw(t, "on")
			switch rapid.SampledFrom([]string{"mute", "hold", "far", "role", "wait", "lock", "prompt"}).Draw(t, "what") {
			case "mute":
				want.Muted = on
				if on {
					o.mute(m, byAPI)
				} else {
					o.unmute(m, byAPI)
				}
			case "hold":
				want.Held = on
				o.setHold(m, on, byAPI)
			case "far":
				want.HeldRemote = on
				o.setFarHold(m, on)
			case "role":
				want.Role = rapid.SampledFrom([]state.Role{state.RoleParticipant, state.RoleListener}).Draw(t, "role")
				o.setRole(m, want.Role, byAPI)
			case "wait":
				want.Waiting = on
				if m.rec.Waiting = on; !on {
					o.admitWaiting(m, byAPI)
				}
			case "prompt":
				want.InPrompt, m.rec.InPrompt = on, on
			case "lock":
				o.lock(on, byAPI)
			}
			a, b := effective(&m.rec), effective(&want)
			if a.Speaks != b.Speaks || a.Hears != b.Hears {
				t.Fatalf("is %+v, want %+v", a, b)
			}
			if held := want.Held || want.HeldRemote; held != (m.rec.Status == state.Held) {
				t.Fatalf("status %s while held=%v", m.rec.Status, held)
			}
		}
	})
}

func TestParseNumber(t *testing.T) {
	us := DialPolicy{AllowCountries: []string{"US"}, DenyPrefixes: []string{"+1202666"}}
	wide := DialPolicy{AllowCountries: []string{"US", "CA", "GB", "DE", "FR", "CH"}}
	for _, c := range []struct {
		policy *DialPolicy
		number string
		code   string
	}{
		{&us, "+12025550100", ""}, {&us, "+12025550219", ""}, {&us, "+12025551234", ""}, {&us, "+12025559999", ""},
		{&us, "+12125550123", ""}, {&us, "+14155552671", ""}, {&us, "+18005551234", ""}, {&us, "+12024561111", ""},
		{&us, "", "invalid_number"}, {&us, "2025550100", "invalid_number"}, {&us, "0012025550100", "invalid_number"},
		{&us, "+1 202 555 0100", "invalid_number"}, {&us, "+1-202-555-0100", "invalid_number"}, {&us, "+02025550100", "invalid_number"},
		{&us, "+1202555010", "invalid_number"}, {&us, "+120255501000", "invalid_number"}, {&us, "+1202555010a", "invalid_number"},
		{&us, "+1234567890123456", "invalid_number"}, {&us, "+1202555010\r\n", "invalid_number"}, {&us, "911", "invalid_number"},
		{&us, "+12025550100;ext=1", "invalid_number"}, {&us, strings.Repeat("1", 5000), "invalid_number"}, {&us, "+999123456789", "invalid_number"},
		{&us, "sip:+12025550100", "invalid_number"}, {&us, "+１２０２５５５０１００", "invalid_number"},
		{&us, "+12026661234", "country_not_allowed"},
		{&us, "+14165550123", "country_not_allowed"}, {&us, "+14168691234", "country_not_allowed"}, // Toronto
		{&us, "+18765551234", "country_not_allowed"}, {&us, "+18095551234", "country_not_allowed"}, // Jamaica, Dominican Republic
		{&us, "+12425551234", "country_not_allowed"}, {&us, "+12645551234", "country_not_allowed"}, // Bahamas, Anguilla
		{&us, "+442079460000", "country_not_allowed"}, {&us, "+4915112345678", "country_not_allowed"}, {&us, "+5353123456", "country_not_allowed"},
		{&us, "+37127123456", "country_not_allowed"}, {&us, "+25261234567", "country_not_allowed"},
		{&us, "+19002345678", "premium_number"}, {&us, "+19005551234", "premium_number"},
		{&us, "+870773111632", "premium_number"}, {&us, "+881612345678", "premium_number"}, {&us, "+88213123456", "premium_number"},
		{&us, "+883510012345", "premium_number"}, {&us, "+979123456789", "premium_number"}, {&us, "+80012345678", "premium_number"},
		{&wide, "+442079460000", ""}, {&wide, "+447400123456", ""}, {&wide, "+4930123456", ""}, {&wide, "+33142685300", ""}, {&wide, "+14168691234", ""},
		{&wide, "+449098790000", "premium_number"}, {&wide, "+448431234567", "premium_number"}, {&wide, "+447012345678", "premium_number"},
		{&wide, "+499001234567", "premium_number"}, {&wide, "+491801234567", "premium_number"}, {&wide, "+33899123456", "premium_number"},
		{&wide, "+41900123456", "premium_number"}, {&wide, "+41840123456", "premium_number"},
	} {
		got, err := c.policy.ParseNumber(c.number)
		switch {
		case c.code == "" && (err != nil || got != c.number):
			t.Errorf("%q is refused: %v", c.number, err)
		case c.code != "" && (err == nil || err.Code != c.code || err.Param != "phone_number"):
			t.Errorf("%.40q: %v, want %s", c.number, err, c.code)
		}
	}
	for n := 100; n < 10000; n++ { // all of the simulated carrier's numbers
		if _, err := us.ParseNumber(fmt.Sprintf("+1202555%04d", n)); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"+12025550100", "+1", "+", "", "+442079460000", "+999999999999999", "+1202555010\x00"} {
		f.Add(s)
	}
	p := DialPolicy{AllowCountries: []string{"US", "GB"}}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := p.ParseNumber(s)
		if err == nil && (got != s || len(s) > 16 || s[0] != '+' || strings.Trim(s[1:], "0123456789") != "") {
			t.Errorf("%q was let through as %q", s, got)
		}
	})
}

func TestMaskNumber(t *testing.T) {
	for in, want := range map[string]string{"+12025551234": "+1202•••1234", "+491234": "•••", "": "•••"} {
		if got := maskNumber(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestPINs(t *testing.T) {
	b := &Bridge{cfg: Config{PINKey: []byte("0123456789abcdef")}}
	seen := map[string]bool{}
	for range 2000 {
		pin := newPIN(invitedDigits)
		if len(pin) != 6 || weakPIN(pin) || strings.Trim(pin, "0123456789") != "" {
			t.Fatalf("PIN %q", pin)
		}
		seen[pin] = true
	}
	if len(seen) < 1900 {
		t.Errorf("only %d different PINs in 2000", len(seen))
	}
	for pin, weak := range map[string]bool{"111234": true, "123451": true, "987612": true, "112233": false, "135790": false, "000000": true, "123456": true} {
		if weakPIN(pin) != weak {
			t.Errorf("%s: weak=%v", pin, !weak)
		}
	}
	sealed := b.sealPIN("a", "471100")
	if !b.samePIN(sealed, "a", "471100") || b.samePIN(sealed, "b", "471100") || b.samePIN(sealed, "a", "471101") || b.samePIN(sealed, "a", "") {
		t.Error("a PIN fits who it is not for")
	}
	if strings.Contains(string(sealed), "4711") || pinLength(sealed) != 6 {
		t.Error("the sealed PIN shows it")
	}
}

// events is a store of which only the events matter.
type events struct {
	state.Store
	n     uint64
	reads int
}

func (e *events) List(_ context.Context, prefix, after string, limit int) ([]state.Entry, error) {
	e.reads++
	var seq uint64
	fmt.Sscanf(strings.TrimPrefix(after, prefix), "%d", &seq)
	if seq >= e.n {
		return nil, nil
	}
	return []state.Entry{{Key: state.EventKey("conf_x", seq+1)}}, nil
}

func TestLastSeq(t *testing.T) {
	for n := uint64(0); n < 200; n++ {
		s := &events{n: n}
		if got, err := lastSeq(t.Context(), s, "conf_x"); err != nil || got != n {
			t.Fatalf("last of %d events: %d, %v", n, got, err)
		}
	}
	s := &events{n: 1_000_003}
	if got, _ := lastSeq(t.Context(), s, "conf_x"); got != s.n || s.reads > 60 {
		t.Errorf("last of a million events: %d in %d reads", got, s.reads)
	}
}

func TestTakeAddRecovers(t *testing.T) {
	b := &Bridge{tenants: map[string]*tenant{}}
	b.cfg.Limits.AddsPerSecond = 10
	ten := b.tenant("x")
	at := time.Now()
	ok := 0
	for i := range 1000 { // a thousand adds in ten seconds
		if ten.takeAdd(at.Add(time.Duration(i)*10*time.Millisecond)) == nil {
			ok++
		}
	}
	if ok != 100 {
		t.Errorf("%d adds in ten seconds at ten a second", ok)
	}
}
