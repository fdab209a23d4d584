package node

import (
	"context"
	"strings"

	"partyline/bridge"
	"partyline/sip"
	"partyline/state"
)

// dialer lends package sip's agent to the bridge, which knows no SIP.
type dialer struct{ agent *sip.Agent }

func (d dialer) TryReserve() (bridge.Slot, bool) {
	s, ok := d.agent.TryReserve()
	if !ok {
		return nil, false
	}
	return s, true
}

func (d dialer) Reserve(ctx context.Context) (bridge.Slot, error) {
	s, err := d.agent.Reserve(ctx)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (d dialer) Dial(s bridge.Slot, r bridge.CallRequest, sink func(bridge.CallEvent)) bridge.Call {
	return d.agent.Dial(s.(*sip.Slot), sip.Request{
		Number:      r.Number,
		CallerID:    r.CallerID,
		DisplayName: r.DisplayName,
		RingTimeout: r.RingTimeout,
		Offer:       r.Offer,
	}, func(e sip.Event) { sink(translate(e)) })
}

func (d dialer) Recover(dialog, offer []byte, sink func(bridge.CallEvent)) bridge.Call {
	return d.agent.Recover(dialog, offer, func(e sip.Event) { sink(translate(e)) })
}

var kinds = map[sip.EventKind]bridge.CallEventKind{
	sip.EventTrying:     bridge.CallTrying,
	sip.EventRinging:    bridge.CallRinging,
	sip.EventEarlyMedia: bridge.CallEarlyMedia,
	sip.EventAnswered:   bridge.CallAnswered,
	sip.EventOffered:    bridge.CallOffered,
	sip.EventReinvited:  bridge.CallReinvited,
	sip.EventDialog:     bridge.CallDialog,
	sip.EventDigit:      bridge.CallDigit,
	sip.EventAlive:      bridge.CallAlive,
	sip.EventEnded:      bridge.CallEnded,
}

// reasons of the bridge for causes of the call layer whose words differ; all
// others are the same word.
var reasons = map[sip.Cause]state.Reason{
	sip.CauseLocal: state.ReasonHangup,
	sip.CauseGone:  state.ReasonMediaTimeout,
}

func translate(e sip.Event) bridge.CallEvent {
	reason, ok := reasons[e.Cause]
	if !ok {
		reason = state.Reason(e.Cause)
	}
	return bridge.CallEvent{
		Kind:       kinds[e.Kind],
		Trunk:      e.Trunk,
		Reason:     reason,
		Code:       e.Code,
		Phrase:     e.Phrase,
		RetryAfter: e.RetryAfter,
		Redress:    e.Redress,
		SDP:        e.SDP,
		Dialog:     e.Dialog,
		Digit:      e.Digit,
		Local:      e.Cause == sip.CauseLocal || e.Cause == sip.CauseCanceled,
		Reply:      e.Reply,
	}
}

// incoming takes calls from package sip to the bridge. Until there is a bridge
// nobody can be called.
func (n *Node) incoming(c sip.Incoming) {
	b := n.answering.Load()
	if b == nil {
		c.Refuse(480)
		return
	}
	b.Incoming(bridge.IncomingCall{
		Trunk: c.Trunk, Called: international(c.Called), Caller: international(c.Caller), Offer: c.Offer, Gone: c.Gone,
		Answer: func(sdp []byte, sink func(bridge.CallEvent)) bridge.Call {
			return c.Answer(sdp, func(e sip.Event) { sink(translate(e)) })
		},
		Refuse: c.Refuse,
	})
}

// international is a number with its plus sign. Carriers that leave it out
// write country code and number, eleven digits or more, some with the prefix
// that people dial before those: 00, or 011 in North America, where a number
// of fourteen digits can be no national one. All else is left as it is.
func international(number string) string {
	switch {
	case strings.HasPrefix(number, "+"):
		return number
	case len(number) >= 14 && strings.HasPrefix(number, "011"):
		return "+" + number[3:]
	case len(number) >= 10 && strings.HasPrefix(number, "00"):
		return "+" + number[2:]
	case len(number) >= 11 && number[0] != '0': // no country's code begins with it
		return "+" + number
	}
	return number
}
