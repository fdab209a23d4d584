package bridge

import (
	"time"

	"partyline/media"
	"partyline/state"
)

const (
	chimeBelow = 10               // people; in larger conferences joining and leaving make no sound
	probeEvery = 15 * time.Second // a silent leg's far end is asked whether it lives
)

// wanted is the audio that the rules give a leg: recomputed from the bits
// each time, so that no forgotten stop can leave somebody with music or a
// stranger's voice.
func (o *owner) wanted(m *member, alone bool) media.Audio {
	if !m.live() {
		return media.Audio{Play: m.sound, Listen: o.listens(m)}
	}
	p := &m.rec
	e := effective(p)
	a := media.Audio{
		Speaks: e.Speaks, Hears: e.Hears && !p.Waiting, Play: m.sound,
		Level: e.Speaks && !o.conf.NoLevelling,
	}
	lonely := alone && !p.Waiting && !presides(p.Role) && !o.conf.NoAloneMusic && !time.Now().Before(o.hushed)
	if (p.Held || p.Waiting || lonely) && !p.HeldRemote && m.sound == nil {
		a.Play = o.music()
	}
	return a
}

// syncAudio brings the mix in line with the bits: one call, with only what
// changed, so that all of a batch takes effect on the same tick.
func (o *owner) syncAudio() {
	var changes []media.Change
	inRoom, alone := false, o.inside() == 1
	for _, m := range o.roll {
		if m.leg == nil {
			continue
		}
		inRoom = inRoom || m.live()
		a := o.wanted(m, alone)
		switch {
		case m.live() && (!m.inRoom || a != m.audio):
			changes = append(changes, media.Change{Leg: m.leg.ID(), Audio: a})
			m.inRoom = true
		case !m.live() && a != m.audio:
			m.leg.SetAudio(a)
		}
		m.audio = a
	}
	if inRoom && o.room == nil {
		o.room = o.b.cfg.Mixer.NewRoom()
		o.comfort = false
	}
	if on := !o.conf.NoComfortNoise; o.room != nil && on != o.comfort {
		o.comfort = on
		o.room.Comfort(on)
	}
	o.nameLegs() // before they are heard
	if len(changes) > 0 {
		o.room.Update(changes...)
	}
	o.syncTape()
	if !inRoom && o.room != nil {
		room := o.room
		o.room = nil
		o.then(nil, room.Close) // after the legs have gone, which the effects before do
	}
}

// notifies tells whether people are told of each other's coming and going.
func (o *owner) notifies() bool {
	return o.conf.MemberNotification && o.conf.Status == state.ConferenceActive && o.connected() < chimeBelow
}

// chime lets a small conference hear that somebody came or went.
func (o *owner) chime(c *media.Clip) {
	if o.notifies() {
		o.then(nil, func() { o.play(c) })
	}
}

func (o *owner) play(c *media.Clip) {
	if o.room != nil {
		o.room.Play(c)
		o.hush(time.Now().Add(c.Length()))
	}
}

// inside counts those who are in the conference and do not wait to be.
func (o *owner) inside() int {
	n := 0
	for _, m := range o.roll {
		if m.live() && !m.rec.Waiting {
			n++
		}
	}
	return n
}

// hearers counts those who hear what is said to all.
func (o *owner) hearers() int {
	n := 0
	for _, m := range o.roll {
		if effective(&m.rec).Hears && !m.rec.Waiting {
			n++
		}
	}
	return n
}

// connected counts the people in the conference.
func (o *owner) connected() int {
	n := 0
	for _, m := range o.roll {
		if m.live() {
			n++
		}
	}
	return n
}

// sound takes in what a leg's audio did.
func (o *owner) sound(s soundEvent) {
	m := s.m
	if m.gen != s.gen || m.leg == nil {
		return
	}
	switch s.event.Kind {
	case media.EventDigit:
		o.key(m, s.event.Digit)
	case media.EventPlayed:
		if s.event.Play == m.sound {
			m.sound = nil
		}
	case media.EventSpeaking:
		o.talk(m, true)
	case media.EventSilent:
		o.talk(m, false)
	case media.EventQuiet:
		o.probe(m)
	case media.EventTimeout:
		o.silent(m)
	}
}

func (o *owner) probe(m *member) {
	m.quietAt = time.Now()
	if call := m.call; call != nil {
		o.then(m, call.Probe)
	}
}

// silent ends a call whose far end has vanished. A phone on hold sends
// nothing, nor does a listener with silence suppression: the first is left
// alone, the second asked from time to time whether it lives.
func (o *owner) silent(m *member) {
	alive := !m.quietAt.IsZero() && !m.aliveAt.Before(m.quietAt)
	switch {
	case m.recovering || m.rec.AnsweredAt == nil:
	case m.rec.HeldRemote:
		m.quietAt = time.Now()
	case alive:
		if m.live() {
			m.until(dueProbe, time.Now().Add(probeEvery))
		}
	default:
		o.end(m, state.ReasonMediaTimeout)
	}
}

// probeAgain looks after a leg that was silent but alive.
func (o *owner) probeAgain(m *member) {
	m.forget()
	now := time.Now()
	if m.leg == nil || now.Sub(m.leg.Stats().LastPacket) < probeEvery {
		return // it speaks again: the engine watches it
	}
	if m.aliveAt.Before(m.quietAt) && !m.rec.HeldRemote {
		o.end(m, state.ReasonMediaTimeout)
		return
	}
	o.probe(m)
	m.until(dueProbe, now.Add(probeEvery))
}
