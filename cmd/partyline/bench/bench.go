// Package bench measures the bridge against this machine. It runs the real
// daemon and a load of phones as processes of their own, so that what each
// costs is told apart, and holds the daemon's cost against that of bare
// sockets that move the same packets in the same run.
//
// Package plan says what each phone does, package load is the phones, package
// ear what they hear, and package floor the bare sockets.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"partyline/cmd/partyline/bench/plan"
)

// Options of a run.
type Options struct {
	Program   string   // the partyline to run; it must know the hidden command below
	Part      []string // the hidden command's words before the part's name
	Scenarios []string
	Legs      []int // for scenarios that take several; empty: what each is for
	For       time.Duration
	Settle    time.Duration // between the last answer and the beginning of measuring
	Workers   int           // media workers of the bridge; 0: its own choice
	CPS       int           // calls a second that the trunk lets through
	NoFloor   bool
	Command   string // as typed, for the record
	Version   string
	Out       io.Writer // a table at the end, a line for each step before
}

// Scenarios are those that Run knows, in the order of a whole run.
var Scenarios = []string{plan.Webinar, plan.Open, plan.Rooms, plan.Delay, plan.Jitter, plan.Dial, plan.Churn, plan.Max}

// usual are the numbers of legs where none are given.
var usual = map[string][]int{
	plan.Webinar: {1000}, plan.Open: {1000}, plan.Rooms: {1000}, plan.Delay: {400}, plan.Jitter: {50},
	plan.Dial: {1000}, plan.Churn: {1000}, plan.Max: {1000, 2000, 3000, 4000, 5000},
}

// bench is a run under way.
type bench struct {
	Options
	floors map[int]*FloorFigures
	begun  time.Time
}

func (b *bench) part(name string) []string { return append(slices.Clone(b.Part), name) }

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.Out, "%6.1fs  %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

// Run measures. What was measured before an error is in the report all the
// same.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := check(&o); err != nil {
		return nil, err
	}
	b := &bench{Options: o, floors: map[int]*FloorFigures{}, begun: time.Now()}
	r := &Report{Machine: machine(), Command: o.Command, Version: o.Version, Began: time.Now().UTC(), Seconds: o.For.Seconds()}
	var errs []error
	for _, name := range o.Scenarios {
		legs := o.Legs
		if len(legs) == 0 {
			legs = usual[name]
		}
		for _, n := range legs {
			f, err := b.scenario(ctx, plan.Plan{Scenario: name, Legs: n})
			if f != nil {
				r.Runs = append(r.Runs, f)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s of %d: %w", name, n, err))
			}
			if ctx.Err() != nil {
				return r, errors.Join(errs...)
			}
			if name == plan.Max && (err != nil || !f.Clean) {
				break
			}
		}
	}
	r.judge()
	return r, errors.Join(errs...)
}

func check(o *Options) error {
	if o.For <= 0 {
		o.For = 30 * time.Second
	}
	if o.Settle <= 0 {
		o.Settle = 2 * time.Second
	}
	if o.CPS <= 0 {
		o.CPS = 250
	}
	if len(o.Scenarios) == 0 || slices.Contains(o.Scenarios, "all") {
		o.Scenarios = Scenarios
	}
	for _, s := range o.Scenarios {
		if !slices.Contains(Scenarios, s) {
			return fmt.Errorf("there is no scenario %q; there are all, %s", s, strings.Join(Scenarios, ", "))
		}
	}
	for _, n := range o.Legs {
		if n < 2 || n > 10000 {
			return fmt.Errorf("%d legs: at least 2 and at most 10000", n)
		}
	}
	return nil
}
