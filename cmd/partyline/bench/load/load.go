// Package load is the far end of every call of a benchmark, in a process of
// its own: it answers SIP at once, sends 50 packets a second for each leg,
// muted or not, as phones do, and judges all that comes back.
//
// A locked thread (one, up to 2500 legs) speaks for its legs from eight phases
// spread over the 20 ms, wakes by the clock, writes and reads raw sockets
// without waiting, and allocates nothing; voices are frames coded beforehand.
// Package ear judges what is heard.
//
// It is told what to do by lines of JSON on its input and answers each with
// one; when its input ends, so does it.
package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"sync"

	"partyline/cmd/partyline/bench/ear"
	"partyline/cmd/partyline/bench/plan"
)

// Command is a line of input.
type Command struct {
	Do    string     `json:"do"` // plan, mirror, cut, wild, rule, signalling
	Plan  *plan.Plan `json:"plan,omitempty"`
	Ports []uint16   `json:"ports,omitempty"` // mirror: where each leg sends to
	On    bool       `json:"on,omitempty"`    // wild
	Leg   int        `json:"leg,omitempty"`   // rule: of this leg; -1: of all that stay
	Rule  *ear.Rule  `json:"rule,omitempty"`
}

// Reply is a line of output.
type Reply struct {
	Error      string      `json:"error,omitempty"`
	Addr       string      `json:"addr,omitempty"` // where SIP is answered; said unasked at the start
	Signalling *Signalling `json:"signalling,omitempty"`
	Result     *Result     `json:"result,omitempty"`
}

const legsPerThread = 2500

// process is the state of a load process.
type process struct {
	sip    *farEnd
	plan   plan.Plan
	legs   []*leg
	shards []*shard
	wg     sync.WaitGroup
	since  int64 // when the count began
}

// Run is the load process.
func Run(in io.Reader, out io.Writer) error {
	sip, err := listenSIP()
	if err != nil {
		return err
	}
	p := &process{sip: sip}
	defer p.close()
	say := json.NewEncoder(out)
	if err := say.Encode(Reply{Addr: sip.addr.String()}); err != nil {
		return err
	}
	for ask := json.NewDecoder(in); ; {
		var c Command
		if err := ask.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		reply, err := p.obey(c)
		if err != nil {
			reply.Error = err.Error()
		}
		if err := say.Encode(reply); err != nil {
			return err
		}
	}
}

func (p *process) close() {
	p.sip.close()
	p.dismiss()
}

func (p *process) obey(c Command) (r Reply, err error) {
	switch c.Do {
	case "plan":
		if c.Plan == nil {
			return r, errors.New("no plan")
		}
		return r, p.prepare(*c.Plan)
	case "mirror":
		return r, p.mirror(c.Ports)
	case "signalling":
		s := p.sip.signalling()
		r.Signalling = &s
	case "cut":
		r.Result = p.cut()
	case "wild":
		for _, l := range p.legs {
			l.wild.Store(c.On)
		}
	case "rule":
		return r, p.rule(c)
	default:
		err = fmt.Errorf("what is %q?", c.Do)
	}
	return r, err
}

// prepare makes the legs of a plan; those of another one are gone.
func (p *process) prepare(pl plan.Plan) error {
	p.dismiss()
	p.plan = pl
	for i := range pl.Legs {
		l, err := newLeg(i, pl.Leg(i))
		if err != nil {
			return err
		}
		p.legs = append(p.legs, l)
	}
	for _, l := range p.legs {
		if s := l.plan.Speaker; s >= 0 {
			l.speaker = p.legs[s]
		}
	}
	p.sip.staff(p.legs)
	n := min(runtime.NumCPU(), (pl.Legs+legsPerThread-1)/legsPerThread)
	for k := range n {
		var mine []*leg
		for i := k; i < len(p.legs); i += n {
			mine = append(mine, p.legs[i])
		}
		s := newShard(mine, pl.RoomSize())
		p.shards = append(p.shards, s)
		p.wg.Go(s.run)
	}
	p.cut()
	return nil
}

// dismiss ends the legs there are.
func (p *process) dismiss() {
	p.sip.staff(nil)
	p.each(func(s *shard) { s.quit = true })
	p.wg.Wait()
	for _, l := range p.legs {
		l.close()
	}
	p.legs, p.shards = nil, nil
}

// each has every shard do something, one after the other, and waits.
func (p *process) each(f func(*shard)) {
	for _, s := range p.shards {
		done := make(chan struct{})
		s.do <- func() { f(s); close(done) }
		<-done
	}
}

// mirror sends each leg to a port of another process instead of a call.
func (p *process) mirror(ports []uint16) error {
	if len(ports) != len(p.legs) {
		return fmt.Errorf("%d ports for %d legs", len(ports), len(p.legs))
	}
	for i, port := range ports {
		d := p.legs[i].rtp.Dest(netip.AddrPortFrom(p.legs[i].rtp.Local().Addr(), port))
		p.legs[i].dest.Store(&d)
	}
	return nil
}

func (p *process) rule(c Command) error {
	if c.Rule == nil || c.Leg >= len(p.legs) {
		return errors.New("no rule, or no such leg")
	}
	if c.Leg >= 0 {
		p.legs[c.Leg].rule.Store(c.Rule)
		return nil
	}
	own := *c.Rule // a speaker does not hear itself
	for _, l := range p.legs {
		switch {
		case l.plan.Churns:
		case l.speaker == l:
			own.Expect &^= 1 << l.plan.Voice
			l.rule.Store(&own)
		default:
			l.rule.Store(c.Rule)
		}
	}
	return nil
}
