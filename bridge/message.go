package bridge

import (
	"context"
	"time"

	"partyline/state"
)

// messageWait bounds how long the outbox waits for a conference's mailbox.
const messageWait = 5 * time.Second

// MessageChanged takes in what became of a text. It returns when the
// conference has written it down, or has no time for it; the message's record
// holds the truth either way.
func (b *Bridge) MessageChanged(m state.Message) {
	ctx, cancel := context.WithTimeout(context.Background(), messageWait)
	defer cancel()
	o, release, err := b.acquire(ctx, m.ConferenceID)
	if err == nil {
		defer release()
		err = o.do(ctx, func(*request) error {
			if p := o.members[m.ParticipantID]; p != nil && p.rec.MessageID == m.ID {
				o.texted(p, m)
			}
			return nil
		})
	}
	if err != nil && !isStopped(err) {
		b.cfg.Log.Warn("what became of a text could not be told to its conference",
			"message", m.ID, "conference", m.ConferenceID, "error", err)
	}
}

// texted follows a text to the phone. News may come late or twice; a text is
// never less far than it was.
func (o *owner) texted(m *member, msg state.Message) {
	if !o.tellText(m, msg) || m.rec.Status != state.Pending || m.rec.Phase != state.PhaseWaitingSMS {
		return
	}
	switch {
	case msg.Status == state.MessageFailed:
		o.end(m, state.ReasonSMSFailed)
	case o.textArrived(m):
		o.ready(m)
	}
}

// tellText notes and tells how far a text is; false: that was known.
func (o *owner) tellText(m *member, msg state.Message) bool {
	if rank(msg.Status) <= rank(m.sms) {
		return false
	}
	m.sms, m.rec.SMSTold = msg.Status, msg.Status
	o.changed(m)
	switch msg.Status {
	case state.MessageSent, state.MessageDelivered, state.MessageFailed:
		o.told("pin."+string(msg.Status), m, detail{Error: msg.Error})
	}
	return true
}

func rank(s state.MessageStatus) int {
	switch s {
	case state.MessageQueued:
		return 1
	case state.MessageSending:
		return 2
	case state.MessageSent:
		return 3
	case state.MessageDelivered, state.MessageFailed:
		return 4
	}
	return 0
}

// textArrived tells whether the text is as far as dial_after waits for.
func (o *owner) textArrived(m *member) bool {
	switch m.rec.DialAfter {
	case state.DialSMSSent:
		return m.sms == state.MessageSent || m.sms == state.MessageDelivered
	case state.DialSMSDelivered:
		return m.sms == state.MessageDelivered
	}
	return true
}
