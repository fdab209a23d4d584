package sip

import (
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// acknowledge sends PRACK for a reliable provisional answer (RFC 3262). False
// means that the answer is not to be looked at: it came again, or one before
// it is still missing (§4).
func (c *Call) acknowledge(at *attempt, res *sip.Response, tag string) bool {
	if !requires(res, "100rel") {
		return true
	}
	n, err := strconv.ParseUint(header(res, "RSeq"), 10, 32)
	if err != nil || n == 0 || tag == "" {
		c.agent.stats.malformed.Add(1)
		return true
	}
	rseq := uint32(n)
	e := at.early[tag]
	if e == nil {
		d, err := at.dialog.establish(res)
		if err != nil || len(at.early) >= maxForks {
			c.agent.stats.malformed.Add(1)
			return true
		}
		e = &earlyDialog{dialog: d}
		at.early[tag] = e
	} else if rseq != e.rseq+1 {
		return false
	}
	e.rseq = rseq
	rack := strconv.FormatUint(n, 10) + " " + strconv.FormatUint(uint64(res.CSeq().SeqNo), 10) + " INVITE"
	c.creds.renew()
	c.askAgain(e.dialog, sip.PRACK, nil, func(*sip.Response, error) {}, []sip.Header{sip.NewHeader("RAck", rack)})
	return true
}

// maxForks of one INVITE whose provisional answers are acknowledged.
const maxForks = 16

// earlyDialog is one fork of an INVITE before its answer.
type earlyDialog struct {
	dialog *dialog
	rseq   uint32 // last RSeq taken
}

func requires(res *sip.Response, option string) bool {
	for _, h := range res.GetHeaders("Require") {
		if hasToken(h.Value(), option) {
			return true
		}
	}
	return false
}
