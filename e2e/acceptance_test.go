package e2e

import (
	"fmt"
	"testing"
	"time"

	"partyline/media/sound"
)

// Nobody who has not accepted is heard or hears: real callees, one on each
// side of the door, and a look for their tones in what both have heard.

const (
	hostNumber, hostTone     = annaNumber, 930.0
	calleeNumber, calleeTone = lenaNumber, 3430.0 // where speech has next to nothing
)

// callee is a way to answer the door.
type callee struct {
	name   string
	accept fields
	codec  string // "": pcmu
	how    string // keys as rtpevent ("") or info
	press  []string
	voice  func(hz int) []int16
	status string // in the end
	reason string
	lets   bool // it gets in
}

func steadily(hz int) []int16 { return toneAt(hz, calleeTone, 120) }

// greeting is a machine: it speaks for a while, beeps and is silent.
func greeting(hz int) []int16 {
	pcm := append(toneAt(hz, calleeTone, 6), toneAt(hz, 1400, 1)...)
	return append(pcm, make([]int16, 120*hz)...)
}

var (
	pressKey = fields{"mode": "press_key", "timeout": 8, "tries": 2}
	typePIN  = fields{"mode": "pin", "timeout": 10, "tries": 3} // 2580
)

var callees = []callee{
	{name: "press 1", accept: pressKey, press: []string{"1"}, lets: true},
	{name: "press 1 by INFO", accept: pressKey, how: "info", press: []string{"1"}, lets: true},
	{name: "press 1 on a wide-band phone", accept: pressKey, codec: "g722/16000/1", press: []string{"1"}, lets: true},
	{name: "another key, then 1", accept: pressKey, press: []string{"7", "1"}, lets: true},
	{name: "the PIN", accept: typePIN, press: []string{"2580"}, lets: true},
	{name: "the PIN by INFO", accept: typePIN, how: "info", press: []string{"2580#"}, lets: true},
	{name: "the PIN on a wide-band phone", accept: typePIN, codec: "g722/16000/1", press: []string{"2580#"}, lets: true},
	{name: "a wrong PIN three times", accept: typePIN, press: []string{"1111", "2222", "3333"}, status: "rejected", reason: "wrong_pin"},
	{name: "voicemail", accept: pressKey, voice: greeting, status: "rejected", reason: "not_accepted"},
	{name: "silence", accept: pressKey, voice: func(hz int) []int16 { return make([]int16, 120*hz) }, status: "rejected", reason: "not_accepted"},
}

// TestAcceptance rings baresip as the callee while the host, another baresip,
// is in the conference and speaks.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	for _, c := range callees {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func (c callee) run(t *testing.T) {
	hz := rate
	if c.codec != "" {
		hz = 2 * rate
	}
	voice := steadily
	if c.voice != nil {
		voice = c.voice
	}
	host := startSoftphones(t, softphone{number: hostNumber, voice: toneAt(rate, hostTone, 120)})
	phone := startSoftphones(t, softphone{number: calleeNumber, voice: voice(hz), codec: c.codec, keys: c.how})
	d := serve(t, twoTrunks(host.addr, phone.addr))
	conf := d.conference(fields{"pin": "2580", "member_notification": false})
	_, hostHears := host.ring(d, conf, hostNumber, fields{"role": "presenter"})

	p := d.add(conf, calleeNumber, fields{"accept": c.accept})
	until(t, "the callee is asked", 10*time.Second, func() bool { return d.person(conf, p.ID).Phase == "prompting" })
	until(t, "baresip records", 5*time.Second, func() bool { return len(phone.heard()) > 0 })
	calleeHears := phone.heard()[0]
	before := listenAt(t, hz, hostHears, calleeHears)
	for i, keys := range c.press {
		if i > 0 {
			listenFor(t, calleeHears, hz) // a person listens to what became of it
		}
		phone.press(keys)
	}
	if c.lets {
		d.becomes(conf, p.ID, "connected", 15*time.Second)
		hearEachOther(t, hz, hostHears, calleeHears)
	} else {
		v := d.becomes(conf, p.ID, c.status, 60*time.Second)
		if v.Reason != c.reason {
			t.Errorf("%s (%s), wanted %s", v.Status, v.Reason, c.reason)
		}
	}
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)

	hostHeard, calleeHeard := readWAV(t, hostHears), readWAV(t, calleeHears)
	if got := sound.Level(calleeHeard[before.from[1]:before.to[1]]); got < -32 || got > -14 {
		t.Errorf("the callee is asked at %.1f dBFS, wanted speech of -20", got)
	}
	if !c.lets { // nothing from beginning to end
		before.from, before.to = []int{0, 0}, []int{len(hostHeard), len(calleeHeard)}
	}
	if got := levelAt(rate, hostHeard[before.from[0]:before.to[0]], calleeTone); got > -16-margin {
		t.Errorf("the host hears the callee at %.1f dBFS before they have accepted", got)
	}
	if got := levelAt(hz, calleeHeard[before.from[1]:before.to[1]], hostTone); got > -16-margin {
		t.Errorf("the callee hears the host at %.1f dBFS before they have accepted", got)
	}
}

// twoTrunks sends the first call to one address and all others to another.
func twoTrunks(first, others string) string {
	return fmt.Sprintf(`trunks:
- {name: host, uri: "sip:%s", caller_ids: ["+12025550000"], channels: 1, priority: 1}
- {name: main, uri: "sip:%s", caller_ids: ["+12025550000"], cps: 1000, channels: 2000, priority: 2}
`, first, others)
}

// hearEachOther waits until each hears the other as loud as they speak: what
// the joiner is told at first turns the others down for a while.
func hearEachOther(t *testing.T, hz int, hostHears, calleeHears string) {
	t.Helper()
	hears := func(file string, hz int, tone float64) bool {
		pcm := readWAV(t, file)
		if len(pcm) < hz {
			return false
		}
		got := levelAt(hz, pcm[len(pcm)-hz:], tone)
		return got > -18 && got < -14
	}
	until(t, "the host hears who has accepted", 15*time.Second, func() bool { return hears(hostHears, rate, calleeTone) })
	until(t, "who has accepted hears the host", 30*time.Second, func() bool { return hears(calleeHears, hz, hostTone) })
}
