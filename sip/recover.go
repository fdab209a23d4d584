package sip

import "time"

const (
	recoverTimeout = 5 * time.Second
	recoverSkip    = 100 // numbers the process before may have used since it kept the dialog
)

// Recover goes on with a dialog kept from before a restart: a re-INVITE with
// offer, in the same dialog, so that the far end does not ring again.
// EventAnswered says that it did; EventEnded with CauseNodeRestart that the
// far end no longer knows the call or said nothing for five seconds.
func (a *Agent) Recover(kept, offer []byte, sink func(Event)) *Call {
	c := a.newCall(sink)
	d, err := parseDialog(kept)
	if err == nil {
		c.slot = a.trunks.Adopt(d.Trunk) // before any new call is placed
	}
	a.wg.Go(func() { c.run(func() { c.resume(d, err, offer) }) })
	return c
}

func (c *Call) resume(d *dialog, err error, offer []byte) {
	if err != nil {
		c.agent.log.Error("a call could not be taken over after the restart", "error", err)
		c.tell(Event{Kind: EventEnded, Cause: CauseNodeRestart, Phrase: err.Error()})
		return
	}
	if c.trunk, _ = c.agent.trunks.Get(d.Trunk); c.trunk.Name == "" {
		c.trunk.Name = d.Trunk
	}
	d.CSeq += recoverSkip
	d.Origin.Version += recoverSkip
	c.dialog, c.phase, c.recover = d, up, true
	c.callIDs = append(c.callIDs, d.CallID)
	c.agent.enter(d.CallID, c)
	c.ticker.set(alarmRecover, recoverTimeout, func() { c.stop(CauseNodeRestart) })
	c.offer(offerOut{sdp: offer})
}
