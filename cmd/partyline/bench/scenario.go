package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"partyline/cmd/partyline/bench/load"
	"partyline/cmd/partyline/bench/plan"
)

// house is a bridge and its phones, all of them connected.
type house struct {
	plan   plan.Plan
	far    *far
	bridge *bridge
	confs  []conference
	idle   memory // of the bridge before the first call
	setUp  load.Signalling
}

func (h *house) close() {
	if h.bridge != nil {
		h.bridge.close()
	}
	_ = h.far.stop()
}

// open starts a bridge and its phones and has everyone dialled.
func (b *bench) open(ctx context.Context, p plan.Plan) (h *house, err error) {
	h = &house{plan: p}
	if h.far, err = b.startFar(); err != nil {
		return nil, err
	}
	if err = h.far.plan(p); err == nil {
		h.bridge, err = b.startBridge(ctx, h.far.addr)
	}
	if err == nil {
		err = pause(ctx, b.Settle/2)
	}
	if err == nil {
		h.idle = memoryOf(h.bridge.pid())
		h.confs, err = h.bridge.gather(ctx, p)
	}
	if err == nil {
		err = b.connected(ctx, h)
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// connected waits until every phone is on the line.
func (b *bench) connected(ctx context.Context, h *house) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(h.plan.Legs)*20*time.Millisecond)
	defer cancel()
	for {
		s, err := h.far.signalling()
		if err != nil {
			return err
		}
		h.setUp = s
		if s.Up == h.plan.Legs {
			active, err := h.bridge.active(ctx, h.confs)
			if err != nil {
				return err
			}
			if active == h.plan.Legs {
				return nil
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("of %d phones %d are connected: %w; the bridge said: %s", h.plan.Legs, s.Up, err, h.bridge.said())
		}
	}
}

// scenario measures one plan with a bridge of its own.
func (b *bench) scenario(ctx context.Context, p plan.Plan) (f *Figures, err error) {
	b.say("%s, %d legs", p.Scenario, p.Legs)
	as := *b
	if p.Scenario == plan.Dial {
		as.CPS = max(as.CPS, 10000)
	}
	h, err := as.open(ctx, p)
	if err != nil {
		if p.Scenario == plan.Max {
			b.say("%d legs: %v", p.Legs, err)
		}
		return nil, err
	}
	defer h.close()
	b.say("all are connected: %.0f calls a second", rate(h.setUp))
	if err := pause(ctx, b.Settle); err != nil {
		return nil, err
	}
	f = &Figures{Scenario: p.Scenario, Legs: p.Legs, SetUp: h.setUp, SetUpRate: rate(h.setUp)}
	// The first look at the metrics tells what looking costs.
	look, err := h.bridge.gauges(ctx)
	if err != nil {
		return nil, err
	}
	before, err := h.bridge.gauges(ctx)
	if err != nil {
		return nil, err
	}
	var m measurement
	switch p.Scenario {
	case plan.Churn:
		m, err = b.churn(ctx, h, f)
	case plan.Jitter:
		m, err = b.jitter(ctx, h, f)
	default:
		m, err = b.measure(ctx, h.far, h.bridge.pid(), b.For)
	}
	if err != nil {
		return nil, err
	}
	after, err := h.bridge.gauges(ctx)
	if err != nil {
		return nil, err
	}
	f.take(m, h, memoryOf(h.bridge.pid()))
	f.takeGauges(look, before, after, m)
	h.close()
	h.bridge = nil
	if b.NoFloor || p.Scenario != plan.Webinar && p.Scenario != plan.Open && p.Scenario != plan.Rooms {
		return f, nil
	}
	floor, err := b.floor(ctx, p.Legs)
	if err != nil {
		return f, errors.Join(errors.New("the floor was not measured"), err)
	}
	f.Floor = floor
	if floor.NSPerPacket > 0 {
		f.Ratio = f.NSPerPacket / floor.NSPerPacket
	}
	return f, nil
}

func rate(s load.Signalling) float64 {
	if s.Seconds == 0 {
		return 0
	}
	return float64(s.Answered) / s.Seconds
}
