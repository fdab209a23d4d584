package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// keepAlive asks a trunk for its health every 30 s, for as long as the agent
// lives, and keeps the addresses its requests may come from up to date.
func (a *Agent) keepAlive(name string) {
	t, ok := a.trunks.Get(name)
	if !ok {
		return
	}
	a.lookup(t)
	missed, answers := 0, false
	for a.pause(keepAliveEvery) {
		rtt, why := a.checkTrunk(t)
		if why == "" {
			missed, answers = 0, true
			if a.trunks.MarkUp(name, rtt) {
				a.log.Info("a trunk answers again", "trunk", name, "rtt", rtt)
			}
			continue
		}
		missed++
		// Some carriers answer no OPTIONS at all. Silence means something only
		// where there was an answer before.
		if answers && missed >= keepAliveMisses && a.trunks.MarkDown(name, why) {
			a.log.Error("a trunk is down; calls go over others until it answers OPTIONS again", "trunk", name, "why", why)
		}
	}
}

func (a *Agent) lookup(t Trunk) []target {
	ctx, cancel := context.WithTimeout(a.ctx, keepAliveTimeout)
	defer cancel()
	ts, err := a.targets(ctx, t)
	if err != nil && a.ctx.Err() == nil {
		a.log.Warn("a trunk's address was not found", "trunk", t.Name, "error", err)
	}
	return ts
}

// checkTrunk sends OPTIONS; why is "" when the trunk answered and can work.
func (a *Agent) checkTrunk(t Trunk) (rtt time.Duration, why string) {
	ts := a.lookup(t)
	if len(ts) == 0 {
		return 0, "its name cannot be resolved"
	}
	d, err := a.selfDialog(t, ts[0])
	if err != nil {
		return 0, err.Error()
	}
	began := time.Now()
	res, err := a.options(d)
	switch {
	case err != nil:
		return 0, "no answer to OPTIONS: " + err.Error()
	case res.StatusCode == 408 || res.StatusCode == 503:
		return 0, fmt.Sprintf("it answers OPTIONS with %d %s", res.StatusCode, res.Reason)
	}
	return time.Since(began), ""
}

var errSilent = errors.New("silence")

// options sends one OPTIONS and waits for its answer.
func (a *Agent) options(d *dialog) (*sip.Response, error) {
	req, err := a.compose(d, sip.OPTIONS, 1, nil, "", sip.NewHeader("Accept", contentSDP))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(a.ctx, keepAliveTimeout)
	defer cancel()
	return a.final(ctx, req, d.Host)
}

// final sends a request outside any call and waits for its final answer.
func (a *Agent) final(ctx context.Context, req *sip.Request, host string) (*sip.Response, error) {
	type outcome struct {
		res *sip.Response
		err error
	}
	got := make(chan outcome, 1)
	stop := make(chan struct{})
	defer close(stop)
	a.exchange(req, host, stop, func(res *sip.Response, err error) {
		if err == nil && res.IsProvisional() {
			return
		}
		select {
		case got <- outcome{res, err}:
		default:
		}
	})
	select {
	case o := <-got:
		return o.res, o.err
	case <-ctx.Done():
		if a.ctx.Err() == nil {
			return nil, errSilent
		}
		return nil, a.ctx.Err()
	}
}

// selfDialog is the head of a request to the trunk itself.
func (a *Agent) selfDialog(t Trunk, to target) (*dialog, error) {
	u, err := parseURI(t.URI)
	if err != nil {
		return nil, err
	}
	u.User, u.Password = "", ""
	_, host, port, err := a.local(to)
	if err != nil {
		return nil, err
	}
	return &dialog{
		Trunk: t.Name, Network: to.network, Hop: to.addr, Host: to.host,
		CallID: token(), Target: u.String(),
		Local:  party{URI: "sip:partyline@" + uriHost(host, port), Tag: token()},
		Remote: party{URI: u.String()},
	}, nil
}
