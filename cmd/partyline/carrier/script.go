package carrier

import (
	"regexp"
	"time"
)

// Script is what one phone does when it is rung, and how the call should be
// found ended by whoever rang it.
type Script struct {
	Last4  string // "0205"; "" is any other number
	Name   string // a few words for the roster
	Status string // participant's final status when nobody interferes
	Reason string // and its reason; "" when the phone stays until it is hung up
	play   func(*call)
}

// ScriptFor finds the script of a number by its last four digits.
func ScriptFor(number string) Script {
	last4 := number
	if len(last4) > 4 {
		last4 = last4[len(last4)-4:]
	}
	for _, s := range Scripts() {
		if s.Last4 == last4 {
			return s
		}
	}
	return Script{Name: "talks in a tone", Status: "disconnected", play: talk}
}

// Scripts lists the phones with a character of their own. Every other number,
// 0100 to 0199 first of all, answers after a second and speaks a steady tone.
func Scripts() []Script {
	return []Script{
		{"0200", "busy", "rejected", "busy", refuse(486, "Busy Here")},
		{"0201", "declines", "rejected", "declined", refuse(603, "Decline")},
		{"0202", "no such number", "rejected", "invalid_number", refuse(404, "Not Found")},
		{"0203", "never answers", "rejected", "no_answer", ring},
		{"0204", "unavailable", "rejected", "unavailable", refuse(480, "Temporarily Unavailable")},
		{"0205", "network is full", "rejected", "trunk_limit", refuse(503, "Service Unavailable", "Retry-After: 1")},
		{"0206", "blocked by the carrier", "rejected", "carrier_blocked", refuse(608, "Rejected",
			`Call-Info: <https://carrier.example/redress.json>;purpose=jcard`)},
		{"0210", "plays early media, then answers", "disconnected", "", earlyMedia},
		{"0211", "voicemail", "disconnected", "hangup", voicemail},
		{"0212", "presses 1 at once", "disconnected", "", pressOne},
		{"0213", "types the PIN from the text", "disconnected", "", typePIN},
		{"0214", "types wrong PINs", "rejected", "wrong_pin", wrongPIN},
		{"0215", "puts the call on hold", "disconnected", "", holdUs},
		{"0216", "hangs up after five seconds", "disconnected", "hangup", hangUp},
		{"0217", "vanishes without a BYE", "disconnected", "media_timeout", vanish},
		{"0218", "answers after half a minute", "disconnected", "", late},
		{"0219", "has a bad line", "disconnected", "", badLine},
	}
}

// toneOf is the frequency a number speaks: 400 + 10·n Hz by its last two digits.
func toneOf(number string) float64 {
	n := 0
	if len(number) >= 2 {
		for _, d := range number[len(number)-2:] {
			if d >= '0' && d <= '9' {
				n = n*10 + int(d-'0')
			}
		}
	}
	return 400 + 10*float64(n)
}

func talk(k *call) {
	if d := k.c.opts.AnswerWithin; d > 0 {
		k.ringFor(jitter(d))
	} else {
		k.ringFor(time.Second)
	}
	k.answer()
	k.stay(k.c.opts.Patience)
}

func refuse(code int, phrase string, headers ...string) func(*call) {
	return func(k *call) {
		if code != 503 { // a full network refuses before any phone rings
			k.ringFor(200 * time.Millisecond)
		}
		k.reject(code, phrase, headers...)
	}
}

func ring(k *call) { k.ringFor(k.c.opts.Patience) }

func late(k *call) {
	k.ringFor(30 * time.Second)
	k.answer()
	k.stay(k.c.opts.Patience)
}

func earlyMedia(k *call) {
	k.early()
	k.stay(5 * time.Second)
	k.answer()
	k.stay(k.c.opts.Patience)
}

// voicemail greets for three seconds, beeps, records seven and hangs up; no
// prompt makes it press a key.
func voicemail(k *call) {
	k.ringFor(time.Second)
	k.voice(greeting)
	k.answer()
	k.stay(10 * time.Second)
	k.bye()
}

func pressOne(k *call) {
	k.ringFor(time.Second)
	k.answer()
	k.stay(300 * time.Millisecond)
	k.press("1")
	k.stay(k.c.opts.Patience)
}

// typePIN reads the newest text for up to twenty seconds, then types the last
// run of digits in it.
func typePIN(k *call) {
	k.ringFor(time.Second)
	k.answer()
	for deadline := time.Now().Add(20 * time.Second); k.up() && time.Now().Before(deadline); {
		if pin := newestPIN(k.c.opts.Texts, k.number); pin != "" {
			k.press(pin)
			break
		}
		k.stay(100 * time.Millisecond)
	}
	k.stay(k.c.opts.Patience)
}

func newestPIN(t Texts, number string) string {
	if t == nil {
		return ""
	}
	bodies := t.TextsTo(number)
	if len(bodies) == 0 {
		return ""
	}
	runs := digitRuns.FindAllStringSubmatch(bodies[len(bodies)-1], -1)
	if len(runs) == 0 {
		return ""
	}
	return runs[len(runs)-1][1]
}

// digitRuns finds digits that are no telephone number to call.
var digitRuns = regexp.MustCompile(`(?:^|[^+0-9])([0-9]{4,})`)

func wrongPIN(k *call) {
	k.ringFor(time.Second)
	k.answer()
	for range 3 {
		k.stay(time.Second)
		k.press("000000#")
	}
	k.stay(k.c.opts.Patience)
}

func holdUs(k *call) {
	k.ringFor(time.Second)
	k.answer()
	k.stay(3 * time.Second)
	k.reinvite("sendonly")
	k.stay(5 * time.Second)
	k.reinvite("sendrecv")
	k.stay(k.c.opts.Patience)
}

func hangUp(k *call) {
	k.ringFor(time.Second)
	k.answer()
	k.stay(5 * time.Second)
	k.bye()
}

// vanish stops sending audio and answering anything, as a phone does whose
// battery is empty.
func vanish(k *call) {
	k.ringFor(time.Second)
	k.answer()
	k.stay(3 * time.Second)
	k.goDark()
}

func badLine(k *call) {
	k.ringFor(time.Second)
	k.voice(unsteady)
	k.answer()
	k.stay(k.c.opts.Patience)
}
