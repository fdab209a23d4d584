package bridge

import (
	"context"
	"slices"

	"partyline/media/prompt"
	"partyline/state"
)

// Hands lists the raised hands in the order in which they went up.
func (b *Bridge) Hands(ctx context.Context, who Caller, cid string) (list []ParticipantView, err error) {
	err = b.with(ctx, who, cid, func(o *owner, _ *request) error {
		for _, m := range o.hands() {
			list = append(list, o.view(m))
		}
		return nil
	})
	return list, err
}

// hands is the queue, found anew from the list.
func (o *owner) hands() []*member {
	var queue []*member
	for _, m := range o.roll {
		if m.rec.HandRaised && m.rec.HandRaisedAt != nil {
			queue = append(queue, m)
		}
	}
	slices.SortStableFunc(queue, func(a, b *member) int { return a.rec.HandRaisedAt.Compare(*b.rec.HandRaisedAt) })
	return queue
}

// handPlace is where somebody stands in the queue, from 1; 0 with no hand up.
func (o *owner) handPlace(m *member) int {
	if !m.rec.HandRaised || m.rec.HandRaisedAt == nil {
		return 0
	}
	place, before := 1, true // who is earlier in the list goes first of two that went up at once
	for _, x := range o.roll {
		if x == m {
			before = false
			continue
		}
		if !x.rec.HandRaised || x.rec.HandRaisedAt == nil {
			continue
		}
		if c := x.rec.HandRaisedAt.Compare(*m.rec.HandRaisedAt); c < 0 || c == 0 && before {
			place++
		}
	}
	return place
}

// raiseHand puts a hand up or down.
func (o *owner) raiseHand(m *member, up bool, by string) {
	if m.rec.HandRaised == up {
		return
	}
	m.rec.HandRaised, m.rec.HandRaisedAt = up, nil
	kind := "hand_lowered"
	if up {
		at := now()
		m.rec.HandRaisedAt, kind = &at, "hand_raised"
	}
	o.changed(m)
	o.told(kind, m, detail{By: by})
}

// promote lets a listener speak: the answer to a raised hand. Whoever may
// speak already is unmuted.
func (o *owner) promote(m *member, by string) {
	if !Can(m.rec.Role, MaySpeak) {
		o.setRole(m, state.RoleParticipant, by)
	}
	o.unmute(m, by)
	o.raiseHand(m, false, by)
	o.whisper(m, words(prompt.UnmutedByHost)...)
}
