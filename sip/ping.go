package sip

import (
	"context"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Pong is a trunk's answer to Ping.
type Pong struct {
	Code   int
	Phrase string
	RTT    time.Duration // of the answer that counts
}

// Ping sends OPTIONS to a trunk and answers its challenge, so that a wrong
// password shows before anyone is rung. A trunk that only refuses (403, 404,
// 405) still answered; the error is for no answer, an unknown trunk, or a name
// that cannot be resolved.
func (a *Agent) Ping(ctx context.Context, name string) (Pong, error) {
	t, ok := a.trunks.Get(name)
	if !ok {
		return Pong{}, fmt.Errorf("sip: no trunk is called %q", name)
	}
	ts, err := a.targets(ctx, t)
	if err != nil {
		return Pong{}, err
	}
	d, err := a.selfDialog(t, ts[0])
	if err != nil {
		return Pong{}, err
	}
	var creds credentials
	for cseq := uint32(1); ; cseq++ {
		req, err := a.compose(d, sip.OPTIONS, cseq, nil, "", sip.NewHeader("Accept", contentSDP))
		if err != nil {
			return Pong{}, err
		}
		creds.sign(req)
		began := time.Now()
		res, err := a.final(ctx, req, d.Host)
		if err != nil {
			return Pong{}, err
		}
		if (res.StatusCode == 401 || res.StatusCode == 407) && creds.answer(res, t) {
			continue
		}
		return Pong{res.StatusCode, res.Reason, time.Since(began)}, nil
	}
}
