// Package plan says what each phone of a scenario does and ought to hear. The
// load process and the one that measures compute it each for itself.
package plan

import (
	"fmt"
	"strconv"
	"strings"

	"partyline/cmd/partyline/bench/ear"
)

// Scenarios by name.
const (
	Webinar = "webinar" // one speaker a conference, the others listen; their phones send a tone nobody may hear
	Open    = "open"    // three talk, the others send digital silence, nobody is muted
	Rooms   = "rooms"   // conferences of ten, all talk
	Churn   = "churn"   // a webinar of which a part comes and goes, is muted and held
	Dial    = "dial"    // how fast all are answered
	Jitter  = "jitter"  // the speaker pauses, and its packets are delayed at random
	Delay   = "delay"   // mouth to ear, from speakers of all phases
	Max     = "max"     // webinars of growing size
	Floor   = "floor"   // no bridge: each leg hears a tone of its own mirror
)

// Plan of a run. It is given from one process to another as JSON.
type Plan struct {
	Scenario string `json:"scenario"`
	Legs     int    `json:"legs"`
}

// Leg is one phone.
type Leg struct {
	Room    int    // conference it is called into
	Speaker int    // leg whose marks it hears; itself for a speaker, -1 for none
	Voice   int    // tone its phone sends always; -1 is digital silence
	Marks   bool   // marks once a second
	Spurts  bool   // speaks in spurts (jitter)
	Role    string // in the words of the API
	Muted   bool
	Churns  bool // comes and goes
	Rule    ear.Rule
}

// forbidden is the tone of those who may not speak.
const forbidden = ear.Tones - 1

// Steady is the tone that goes on through a churn: above whatever music those
// on hold may hear.
const Steady = forbidden - 1

// talkers of a churn are muted and unmuted; each has a tone of its own.
const talkers = 10

// RoomSize is how many legs a conference has.
func (p Plan) RoomSize() int {
	switch p.Scenario {
	case Rooms:
		return 10
	case Delay:
		return 10
	}
	return 1000
}

// Rooms is how many conferences there are.
func (p Plan) Rooms() int { return (p.Legs + p.RoomSize() - 1) / p.RoomSize() }

// Churners is how many of the legs come and go.
func (p Plan) Churners() int {
	if p.Scenario != Churn {
		return 0
	}
	return min(max(p.Legs/5, 2), 100)
}

// Talkers is how many of the churners are unmuted at times.
func (p Plan) Talkers() int { return min(talkers, p.Churners()/2) }

// Leg tells of leg i of 0 to Legs-1.
func (p Plan) Leg(i int) Leg {
	size := p.RoomSize()
	room, place := i/size, i%size
	first := room * size
	l := Leg{Room: room, Speaker: first, Voice: forbidden, Role: "listener"}
	switch p.Scenario {
	case Floor:
		l.Speaker, l.Rule.Expect = -1, 1
		return l
	case Open:
		return p.open(l, i, first, place)
	case Rooms:
		return p.rooms(l, i, first, place)
	case Churn:
		if i >= p.Legs-p.Churners() {
			return p.churner(l, i)
		}
	}
	tone := room % forbidden
	if p.Scenario == Churn {
		tone = Steady
	}
	if place == 0 {
		l.Voice, l.Role, l.Marks = tone, "presenter", p.Scenario != Jitter && p.Scenario != Churn
		l.Speaker, l.Spurts = i, p.Scenario == Jitter
		return l // hears nobody
	}
	l.Rule.Expect = 1 << tone
	if p.Scenario == Jitter { // there are pauses: ear.Spurts judges
		l.Rule = ear.Rule{Allow: 1 << tone}
	}
	return l
}

func (p Plan) open(l Leg, i, first, place int) Leg {
	l.Role, l.Voice = "participant", -1
	for k := range min(3, p.Legs-first) {
		if k == place {
			l.Voice = k
			l.Marks = k == 0
		} else {
			l.Rule.Expect |= 1 << k
		}
	}
	return l
}

func (p Plan) rooms(l Leg, i, first, place int) Leg {
	base := l.Room % 3 * 10 // neighbours have other tones
	l.Role, l.Voice, l.Marks = "participant", base+place, place == 0
	for k := range min(p.RoomSize(), p.Legs-first) {
		if k != place {
			l.Rule.Expect |= 1 << (base + k)
		}
	}
	return l
}

// churner is judged only while it is held: then it may hear no voice at all.
func (p Plan) churner(l Leg, i int) Leg {
	l.Churns, l.Rule.Idle, l.Speaker = true, true, -1
	if k := i - (p.Legs - p.Churners()); k < p.Talkers() {
		l.Role, l.Muted, l.Voice = "participant", true, 1+k
	}
	return l
}

// Number is the telephone number of a leg.
func Number(i int) string { return fmt.Sprintf("+1303%03d%04d", 200+i/5000, 1000+i%5000) }

// Index is the leg of a number, -1 when there is none.
func Index(number string) int {
	digits, ok := strings.CutPrefix(number, "+1303")
	if !ok || len(digits) != 7 {
		return -1
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 2001000 {
		return -1
	}
	exchange, last := n/10000-200, n%10000-1000
	if last < 0 || last >= 5000 {
		return -1
	}
	return exchange*5000 + last
}
