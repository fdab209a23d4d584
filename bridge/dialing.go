package bridge

import (
	"slices"
	"time"

	"partyline/media"
	"partyline/state"
)

// ringGrace is how much longer than the ring timeout we wait for the dialer,
// whose timer it is, before we give up ourselves.
const ringGrace = 10 * time.Second

// ready rings a participant at once if a trunk has a place and nobody waits
// before them; otherwise they queue.
func (o *owner) ready(m *member) {
	if o.conf.Status == state.ConferenceScheduled {
		m.rec.Phase = state.PhaseScheduled
		m.forget()
		o.changed(m)
		return
	}
	if len(o.queue) == 0 && !o.still(time.Now()) {
		if slot, ok := o.b.cfg.Dialer.TryReserve(); ok {
			o.dialOrKeep(m, slot)
			return
		}
	}
	known := m.rec.Phase == state.PhaseQueued // since a run before
	o.enqueue(m)
	o.changed(m)
	if !known {
		o.told("queued", m, detail{})
	}
}

func (o *owner) enqueue(m *member) {
	o.queue = append(o.queue, m)
	m.rec.Phase = state.PhaseQueued
	m.until(dueQueue, time.Now().Add(o.b.cfg.Limits.Queued))
}

// unqueue takes a participant out of the queue, wherever they stand.
func (o *owner) unqueue(m *member) {
	if i := slices.Index(o.queue, m); i >= 0 {
		o.queue = slices.Delete(o.queue, i, i+1)
	}
}

// storeDown tells that the store refused the last write and is not to be
// tried again yet: nothing is dialled then.
func (o *owner) storeDown(now time.Time) bool { return now.Before(o.retryAt) }

// still tells that nobody may be dialled at the moment: the store is down, or
// the program is on its way out. Participants queue, and what queues is safe.
func (o *owner) still(now time.Time) bool {
	return o.storeDown(now) || o.stopping || o.b.closing.Load()
}

// feed asks for as many places as are waited for and may be used.
func (o *owner) feed(now time.Time) {
	if o.still(now) {
		o.feeder.need(0)
	} else {
		o.feeder.need(len(o.queue))
	}
}

// place gives a reserved place to whoever waits longest.
func (o *owner) place(slot Slot) {
	o.feeder.settled()
	if len(o.queue) == 0 || o.still(time.Now()) {
		slot.Release()
		return
	}
	m := o.queue[0]
	o.unqueue(m)
	o.dialOrKeep(m, slot)
}

// dialOrKeep dials, and puts the participant back at the head of the queue if
// that cannot be written.
func (o *owner) dialOrKeep(m *member, slot Slot) {
	before, tries := m.rec, o.spentToday().Attempts
	at := len(o.batch.takeback)
	o.unless(m, nil, func() {
		if m.slot != nil {
			m.slot.Release()
			m.slot = nil
		}
		if s := o.spentToday(); s.Attempts > tries {
			s.Attempts--
			o.tenant.spend(time.Now(), -1, 0)
		}
		m.gen++
		m.rec = before
		m.rec.Phase = state.PhaseQueued
		m.until(dueQueue, time.Now().Add(o.b.cfg.Limits.Queued))
		o.queue = slices.Insert(o.queue, 0, m)
	})
	o.dial(m, slot)
	gen := m.gen
	o.batch.takeback[at].still = func() bool { return m.gen == gen }
}

// dial turns a place into a call. The INVITE goes out after the write.
func (o *owner) dial(m *member, slot Slot) {
	now := time.Now()
	if reason := o.forbidden(m, now); reason != "" {
		slot.Release()
		o.end(m, reason)
		return
	}
	if !m.step(state.Dial) { // rung already
		slot.Release()
		return
	}
	m.gen++
	m.slot = slot
	if !m.uncounted {
		m.rec.Attempt++
	}
	m.uncounted = false
	utc := now.UTC()
	p := &m.rec
	p.Phase, p.Trunk, p.SIP, p.DialedAt = state.PhaseTrying, slot.Trunk(), nil, &utc
	if p.Reason != state.ReasonNodeRestart {
		p.Reason = ""
	}
	p.Inbound, p.Machine, p.Keys = false, nil, state.KeysUnknown
	m.door, m.cadence = door{}, nil
	p.RingingAt, p.AnsweredAt, p.JoinedAt, p.EndedAt, p.NextTryAt = nil, nil, nil, nil, nil
	m.until(dueRing, now.Add(o.ringTimeout(m)+ringGrace))
	o.spend(1, 0)
	o.changed(m)
	o.told("dialing", m, detail{Trunk: p.Trunk})
	gen := m.gen
	o.then(m, func() { o.invite(m, gen) })
}

// forbidden says why a participant may no longer be dialled.
func (o *owner) forbidden(m *member, now time.Time) state.Reason {
	if o.tenant.isSuppressed(m.rec.PhoneNumber) {
		return state.ReasonSuppressed
	}
	if e := o.tenant.overspent(now, &o.b.cfg.Dial); e != nil {
		o.log.Warn("a participant is not dialled: the day's limit is used up",
			"participant", m.rec.ID, "number", maskNumber(m.rec.PhoneNumber), "limit", e.Detail)
		return state.ReasonSpendLimit
	}
	return ""
}

func (o *owner) ringTimeout(m *member) time.Duration {
	if m.rec.RingTimeout > 0 {
		return m.rec.RingTimeout
	}
	return o.b.cfg.Dial.RingTimeout
}

// invite is the effect of dial: the durable record exists, now the phone rings.
func (o *owner) invite(m *member, gen uint64) {
	if m.gen != gen || m.slot == nil {
		return
	}
	slot := m.slot
	m.slot = nil
	leg, err := o.newLeg(m)
	if err != nil {
		slot.Release()
		o.log.Error("no audio leg for a participant: not dialled", "participant", m.rec.ID, "error", err)
		o.again = append(o.again, func() {
			if m.gen == gen {
				o.end(m, state.ReasonCapacity)
			}
		})
		return
	}
	m.call = o.b.cfg.Dialer.Dial(slot, CallRequest{
		Number:      m.rec.PhoneNumber,
		CallerID:    m.rec.CallerID,
		DisplayName: o.conf.Name,
		RingTimeout: o.ringTimeout(m),
		Offer:       func(trunk string) ([]byte, error) { return o.offer(leg, trunk) },
	}, o.sink(m))
}

// offer makes a leg's offer as its trunk wants it.
func (o *owner) offer(leg Leg, trunk string) ([]byte, error) {
	if wanted := o.b.cfg.SRTP; wanted != nil {
		if err := leg.Secure(wanted(trunk)); err != nil {
			return nil, err
		}
	}
	return leg.Offer()
}

// newLeg makes the audio of the present attempt.
func (o *owner) newLeg(m *member) (Leg, error) {
	leg, err := o.b.cfg.Mixer.NewLeg(o.ear(m, m.gen))
	if err == nil {
		m.leg, m.audio, m.inRoom = leg, media.Audio{}, false
	}
	return leg, err
}

// ear brings what the audio of an attempt does to the owner.
func (o *owner) ear(m *member, gen uint64) func(media.Event) {
	return func(e media.Event) {
		select {
		case o.sounds <- soundEvent{m, gen, e}:
		default:
			o.b.stats.soundsLost.Add(1)
		}
	}
}

// sink brings the events of the present attempt to the owner.
func (o *owner) sink(m *member) func(CallEvent) { return o.sinkOf(m, m.gen) }

func (o *owner) sinkOf(m *member, gen uint64) func(CallEvent) {
	return func(e CallEvent) { o.post(func() { o.signalled(m, gen, e) }) }
}

// signalled takes in an event of an attempt, unless another has begun.
func (o *owner) signalled(m *member, gen uint64, e CallEvent) {
	if m.gen != gen {
		if e.Reply != nil {
			e.Reply(481, nil)
		}
		return
	}
	defer func() {
		if fault := recover(); fault != nil {
			o.end(m, state.ReasonInternalError)
			panic(fault)
		}
	}()
	o.heard(m, e)
}
