package e2e

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
)

// Simulated phones and the tones they speak, in Hz.
const (
	rungNumber, rungTone   = "+12025550199", 1390.0
	guestNumber, guestTone = "+12025550150", 900.0
	boardNumber, boardTone = "+12025550170", 1100.0
	lostNumber, lostTone   = "+12025550130", 700.0
)

// TestSimulatedPhonesCallIn has simulated phones call a conference's number:
// one types a wrong PIN and then the right one, one the moderator's, one only
// wrong ones. Nobody is heard, or hears, before a right PIN; who is in hears
// and is heard.
func TestSimulatedPhonesCallIn(t *testing.T) {
	t.Parallel()
	tones := []float64{rungTone, guestTone, boardTone, lostTone}
	phones, err := carrier.Listen(carrier.Options{Frequencies: tones})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = phones.Close() }()
	d := serve(t, trunk(phones.Addr().String()))
	conf := d.conference(fields{"member_notification": false, "guidance": false, "alone_music": false, "pin": "482915",
		"dial_in": fields{"numbers": []string{doorNumber}, "moderator_pin": "93571268"}})
	host := d.add(conf, rungNumber, fields{"role": "presenter"})
	d.becomes(conf, host.ID, "connected", 10*time.Second)

	record := func(number string) carrier.Record {
		for _, r := range slices.Backward(phones.Calls()) {
			if r.Number == number {
				return r
			}
		}
		return carrier.Record{}
	}
	// hears is how loud a tone was at a phone in the last second.
	hears := func(number string, tone float64) float64 {
		if levels := record(number).Heard.TonesDBFS; levels != nil {
			return levels[slices.Index(tones, tone)]
		}
		return -120
	}
	call := func(from string, keys ...carrier.Keys) {
		t.Helper()
		if _, err := phones.Dial(carrier.Dial{Peer: netip.MustParseAddrPort(d.sip), To: doorNumber, From: from, Keys: keys}); err != nil {
			t.Fatal(err)
		}
		until(t, from+" is answered", 10*time.Second, func() bool { return record(from).Up() })
	}
	participant := func(number string) (p person, ok bool) {
		for _, p := range d.people(conf) {
			if p.PhoneNumber == number {
				return p, true
			}
		}
		return person{}, false
	}
	isIn := func(number, role string, tone float64) {
		t.Helper()
		until(t, number+" is in", 20*time.Second, func() bool { p, ok := participant(number); return ok && p.Status == "connected" })
		if p, _ := participant(number); p.Role != role || !p.Inbound {
			t.Errorf("%s is %+v", number, p)
		}
		until(t, number+" is heard", 10*time.Second, func() bool { return hears(rungNumber, tone) > -22 })
		until(t, number+" hears", 10*time.Second, func() bool { return hears(number, rungTone) > -22 })
	}

	call(guestNumber, carrier.Keys{After: time.Second, Keys: "111111#"}, carrier.Keys{After: 6 * time.Second, Keys: "482915#"})
	loudest := -120.0
	until(t, "five seconds of a wrong PIN", 10*time.Second, func() bool {
		loudest = max(loudest, hears(guestNumber, rungTone))
		return time.Since(record(guestNumber).AnsweredAt) > 5*time.Second
	})
	if n := len(d.people(conf)); n != 1 {
		t.Errorf("%d participants before the right PIN", n)
	}
	if loudest > -30 { // the host speaks at −17; the prompts have little there
		t.Errorf("the caller hears the host at %.1f dBFS before the PIN", loudest)
	}
	if peak := record(rungNumber).Heard.PeakDBFS[1]; peak > -17-margin {
		t.Errorf("the host hears the caller at %.1f dBFS before the PIN", peak)
	}
	isIn(guestNumber, "participant", guestTone)

	call(boardNumber, carrier.Keys{After: time.Second, Keys: "93571268#"})
	isIn(boardNumber, "presenter", boardTone)

	call(lostNumber, carrier.Keys{After: time.Second, Keys: "000000#"},
		carrier.Keys{After: 4 * time.Second, Keys: "000001#"}, carrier.Keys{After: 7 * time.Second, Keys: "000002#"})
	until(t, "three wrong PINs end the call", 40*time.Second, func() bool { return record(lostNumber).End == "bye" })
	if _, ok := participant(lostNumber); ok {
		t.Error("a caller with wrong PINs is a participant")
	}
	for _, r := range phones.Calls() {
		if r.NoACK || r.Heard.SSRCs > 1 {
			t.Errorf("record %+v", r)
		}
	}
	if peak := record(rungNumber).Heard.PeakDBFS[3]; peak > -17-margin+10 {
		t.Errorf("the host hears a caller without a PIN at %.1f dBFS", peak)
	}

	guest, _ := participant(guestNumber)
	d.act(conf, guest.ID, "disconnect")
	until(t, "the guest is hung up", 10*time.Second, func() bool { return record(guestNumber).End == "bye" })
}
