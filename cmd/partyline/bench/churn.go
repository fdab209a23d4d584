package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"partyline/cmd/partyline/bench/ear"
	"partyline/cmd/partyline/bench/plan"
)

// ChurnFigures tell what was done while the tone went on.
type ChurnFigures struct {
	Acts  map[string]int `json:"acts"`
	Held  int            `json:"held"` // times that somebody on hold was listened to for what the conference says
	Early int64          `json:"own_bytes_after_a_tenth"`
	Late  int64          `json:"own_bytes_at_the_end"`
}

func (c *ChurnFigures) goals() []Goal {
	return []Goal{atMost("memory grown since a tenth of the time", float64(c.Late-c.Early)/(1<<20), 8, "%.1f MB")}
}

// follows says which act may follow which; only talkers are muted and unmuted.
var follows = map[string][]string{
	"":           {"hold", "disconnect"},
	"unmute":     {"mute", "mute", "hold", "disconnect"},
	"mute":       {"unmute", "unmute", "hold", "disconnect"},
	"hold":       {"resume", "resume", "disconnect"},
	"resume":     {"hold", "disconnect", "mute", "unmute"},
	"disconnect": {"redial"},
	"redial":     {"hold", "disconnect", "mute", "unmute"},
}

// grace is how long after an act was acknowledged its old state may be heard.
const grace = 300 * time.Millisecond

// churner is a leg that comes and goes; a talker has a tone that the others
// may hear only while it is unmuted.
type churner struct {
	leg    int
	id     string
	tone   int // -1: a listener
	last   string
	loud   bool // unmuted, or was a moment ago
	hushed time.Time
	deafAt time.Time // from when on it, held, may not hear the steady tone; zero when it is not held
	deaf   bool      // its phone was told so
}

func (p *churner) next() string {
	for {
		can := follows[p.last]
		next := can[rand.IntN(len(can))]
		if p.tone >= 0 || next != "mute" && next != "unmute" {
			return next
		}
	}
}

// churn does twenty acts a second while a tone goes to all who stay.
func (b *bench) churn(ctx context.Context, h *house, f *Figures) (m measurement, err error) {
	f.Churn = &ChurnFigures{Acts: map[string]int{}}
	people := churners(h)
	c := &churning{h: h, f: f.Churn, people: people}
	if _, err := h.far.cut(); err != nil {
		return m, err
	}
	before, err := expense(h.bridge.pid(), h.far.pid())
	if err != nil {
		return m, err
	}
	if err := c.act(ctx, before.at.Add(b.For)); err != nil {
		return m, err
	}
	if err := m.since(before, h.bridge.pid(), h.far.pid()); err != nil {
		return m, err
	}
	f.Churn.Late = memoryOf(h.bridge.pid()).own
	m.heard, err = h.far.cut()
	return m, err
}

func churners(h *house) (people []*churner) {
	p := h.plan
	for i := p.Legs - p.Churners(); i < p.Legs; i++ {
		l := p.Leg(i)
		c := &churner{leg: i, id: h.path(i), tone: -1}
		if l.Role == "participant" {
			c.tone, c.last = l.Voice, "mute"
		}
		people = append(people, c)
	}
	return people
}

// path is the participant of a leg in the API.
func (h *house) path(i int) string {
	size := h.plan.RoomSize()
	c := h.confs[i/size]
	return fmt.Sprintf("/v2/conferences/%s/participants/%s", c.id, c.people[i%size])
}

type churning struct {
	h       *house
	f       *ChurnFigures
	people  []*churner
	allowed uint32
}

// act goes on until the end.
func (c *churning) act(ctx context.Context, end time.Time) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	early := time.Now().Add(time.Until(end) / 10)
	for time.Now().Before(end) {
		if c.f.Early == 0 && time.Now().After(early) {
			c.f.Early = memoryOf(c.h.bridge.pid()).own
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.deafen(); err != nil {
			return err
		}
		p := c.people[rand.IntN(len(c.people))]
		if err := c.one(ctx, p, p.next()); err != nil {
			return err
		}
	}
	return nil
}

// one act: what may be heard is widened before it and narrowed once it is
// acknowledged and a moment has passed.
func (c *churning) one(ctx context.Context, p *churner, next string) error {
	switch next {
	case "resume", "redial", "disconnect":
		if err := c.hearing(p); err != nil {
			return err
		}
	}
	if next == "unmute" || next == "resume" || next == "redial" {
		p.loud = p.tone >= 0
		if err := c.listen(); err != nil {
			return err
		}
	}
	code, err := c.h.bridge.try(ctx, "POST", p.id+"/"+next, fields{}, nil)
	if err != nil {
		return err
	}
	if code/100 != 2 && code != http.StatusConflict { // a phone that is not up yet cannot be resumed
		return fmt.Errorf("%s: status %d", next, code)
	}
	c.f.Acts[next]++
	p.last = next
	if code == http.StatusConflict {
		return nil
	}
	switch next {
	case "mute", "hold", "disconnect":
		p.loud, p.hushed = false, time.Now()
		if next == "hold" {
			p.deafAt = p.hushed.Add(grace)
		}
	}
	return c.listen()
}

// deafen tells the phones of those who are on hold that they may not hear the
// conference any more.
func (c *churning) deafen() error {
	for _, p := range c.people {
		if p.deaf || p.deafAt.IsZero() || time.Now().Before(p.deafAt) {
			continue
		}
		p.deaf = true
		c.f.Held++
		if err := c.h.far.rule(p.leg, ear.Rule{Allow: ^uint32(1 << plan.Steady)}); err != nil {
			return err
		}
	}
	return nil
}

// hearing tells the phone of one who may be about to hear the conference.
func (c *churning) hearing(p *churner) error {
	p.deafAt = time.Time{}
	if !p.deaf {
		return nil
	}
	p.deaf = false
	return c.h.far.rule(p.leg, ear.Rule{Idle: true})
}

// listen tells the phones of those who stay what they may hear now: the tone,
// and every talker that is not surely silent.
func (c *churning) listen() error {
	allowed := uint32(0)
	for _, p := range c.people {
		if p.tone >= 0 && (p.loud || time.Since(p.hushed) < grace) {
			allowed |= 1 << p.tone
		}
	}
	if allowed != c.allowed {
		c.allowed = allowed
		if err := c.h.far.rule(-1, ear.Rule{Expect: 1 << plan.Steady, Allow: allowed}); err != nil {
			return err
		}
	}
	return nil
}
