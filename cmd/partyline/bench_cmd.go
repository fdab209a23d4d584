package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"partyline/cmd/partyline/bench"
	"partyline/cmd/partyline/bench/floor"
	"partyline/cmd/partyline/bench/load"
)

// benchCmds are the command and the processes that it starts of itself.
type benchCmds struct {
	Bench     benchCmd     `cmd:"" help:"Measure the bridge on this machine: what a thousand legs cost, and whether they hear what they should, beside the goals."`
	BenchPart benchPartCmd `cmd:"" hidden:""`
}

type benchCmd struct {
	Scenario []string      `arg:"" optional:"" help:"webinar, open, rooms, delay, jitter, dial, churn, max, or all; webinar, open and rooms when left out."`
	Legs     []int         `help:"How many legs, one run for each number." placeholder:"100,1000"`
	For      time.Duration `help:"How long to measure each." default:"30s"`
	Settle   time.Duration `help:"How long to wait before measuring." default:"2s"`
	Workers  int           `help:"Media workers of the bridge; 0: one for each core." default:"0"`
	CPS      int           `help:"Calls started each second while the conferences are gathered." default:"250"`
	NoFloor  bool          `help:"Leave out the bare sockets that the bridge is held against."`
	JSON     string        `help:"Write all figures to this file." type:"path" placeholder:"FILE"`
	SVG      string        `help:"Draw the processor time against the legs into this file." type:"path" placeholder:"FILE"`
	Strict   bool          `help:"Exit with 1 when a goal is missed, too."`
}

func (c benchCmd) Run(ctx context.Context, io streams) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if len(c.Scenario) == 0 {
		c.Scenario = []string{"webinar", "open", "rooms"}
	}
	report, err := bench.Run(ctx, bench.Options{
		Program: self, Part: []string{"bench-part"},
		Scenarios: c.Scenario, Legs: c.Legs, For: c.For, Settle: c.Settle,
		Workers: c.Workers, CPS: c.CPS, NoFloor: c.NoFloor,
		Command: "partyline " + strings.Join(os.Args[1:], " "), Version: versionText(), Out: io.out,
	})
	if report == nil || len(report.Runs) == 0 {
		return err
	}
	report.Table(io.out)
	for _, f := range []struct {
		name  string
		write func(w writer) error
	}{{c.JSON, report.JSON}, {c.SVG, report.SVG}} {
		if f.name == "" {
			continue
		}
		if err := toFile(f.name, f.write); err != nil {
			return err
		}
	}
	if err == nil && c.Strict && !report.Reached() {
		return exitCode(1)
	}
	return err
}

type writer = io.Writer

func toFile(name string, write func(writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// benchPartCmd is one of the processes that a measurement consists of. Each
// ends when its input does.
type benchPartCmd struct {
	withConfig
	Part string `arg:"" enum:"bridge,load,floor" help:"bridge, load or floor."`
	Legs int    `help:"Sockets of the floor." default:"1"`
}

func (c benchPartCmd) Run(ctx context.Context, s streams) error {
	switch c.Part {
	case "load":
		return load.Run(os.Stdin, s.out)
	case "floor":
		return floor.Run(c.Legs, os.Stdin, s.out)
	case "bridge":
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
		err := serveCmd{withConfig: c.withConfig}.Run(ctx, s)
		_ = os.Stdin.Close()
		<-ended
		return err
	}
	return fmt.Errorf("no part %q", c.Part)
}
