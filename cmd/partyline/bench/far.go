package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"partyline/cmd/partyline/bench/ear"
	"partyline/cmd/partyline/bench/floor"
	"partyline/cmd/partyline/bench/load"
	"partyline/cmd/partyline/bench/plan"
)

// far is the load process.
type far struct {
	*child
	addr string
}

func (b *bench) startFar() (*far, error) {
	c, err := start(b.Program, "load", b.part("load"), nil)
	if err != nil {
		return nil, err
	}
	f := &far{child: c}
	var hello load.Reply
	if err := c.read(&hello); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	f.addr = hello.Addr
	return f, nil
}

func (f *far) ask(c load.Command) (r load.Reply, err error) {
	if err := f.write(c); err != nil {
		return r, fmt.Errorf("the load process: %w: %s", err, f.said())
	}
	if err := f.read(&r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, errors.New("the load process: " + r.Error)
	}
	return r, nil
}

func (f *far) plan(p plan.Plan) error {
	_, err := f.ask(load.Command{Do: "plan", Plan: &p})
	return err
}

// cut is what has been heard since the cut before.
func (f *far) cut() (*load.Result, error) {
	r, err := f.ask(load.Command{Do: "cut"})
	return r.Result, err
}

func (f *far) wild(on bool) error {
	_, err := f.ask(load.Command{Do: "wild", On: on})
	return err
}

// rule changes what a leg should hear; -1 is all who stay and listen.
func (f *far) rule(leg int, r ear.Rule) error {
	_, err := f.ask(load.Command{Do: "rule", Leg: leg, Rule: &r})
	return err
}

func (f *far) signalling() (load.Signalling, error) {
	r, err := f.ask(load.Command{Do: "signalling"})
	if err != nil {
		return load.Signalling{}, err
	}
	return *r.Signalling, nil
}

// FloorFigures are what bare sockets cost in the same run.
type FloorFigures struct {
	Legs        int          `json:"legs"`
	CPU         float64      `json:"cpu_percent"`        // of one core
	LoadCPU     float64      `json:"load_cpu_percent"`   // of one core, of the load process
	OthersCPU   float64      `json:"others_cpu_percent"` // of one core
	NSPerPacket float64      `json:"ns_per_packet"`
	HotNS       float64      `json:"hot_ns_per_packet"` // in a loop without pauses
	Load        *load.Result `json:"load"`
}

// floor measures bare sockets in place of the bridge; once for each number of
// legs.
func (b *bench) floor(ctx context.Context, legs int) (*FloorFigures, error) {
	if f := b.floors[legs]; f != nil {
		return f, nil
	}
	b.say("floor, %d sockets", legs)
	far, err := b.startFar()
	if err != nil {
		return nil, err
	}
	defer far.stop()
	mirror, err := start(b.Program, "floor", append(b.part("floor"), "--legs", fmt.Sprint(legs)), nil)
	if err != nil {
		return nil, err
	}
	defer mirror.stop()
	var ready floor.Ready
	if err := mirror.read(&ready); err != nil {
		return nil, err
	}
	if err := far.plan(plan.Plan{Scenario: plan.Floor, Legs: legs}); err != nil {
		return nil, err
	}
	if _, err := far.ask(load.Command{Do: "mirror", Ports: ready.Ports}); err != nil {
		return nil, err
	}
	if err := pause(ctx, b.Settle); err != nil {
		return nil, err
	}
	m, err := b.measure(ctx, far, mirror.pid(), b.For)
	if err != nil {
		return nil, err
	}
	f := &FloorFigures{Legs: legs, CPU: m.cpu, LoadCPU: m.loadCPU, OthersCPU: m.others, NSPerPacket: m.nsPerPacket(), HotNS: ready.HotNS, Load: m.heard}
	b.floors[legs] = f
	return f, nil
}

// pause waits, unless the run is called off.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
