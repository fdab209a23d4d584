package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"partyline/cmd/partyline/bench/ear"
)

// ChurnFigures tell what was done while the tone went on.
type ChurnFigures struct {
	Acts     map[string]int `json:"acts"`
	RSSEarly int64          `json:"rss_bytes_after_a_tenth"`
	RSSLate  int64          `json:"rss_bytes_at_the_end"`
}

func (c *ChurnFigures) goals() []Goal {
	return []Goal{atMost("memory grown since a tenth of the time", float64(c.RSSLate-c.RSSEarly)/(1<<20), 8, "%.1f MB")}
}

// follows says which act may follow which.
var follows = map[string][]string{
	"":           {"hold", "disconnect"},
	"unmute":     {"mute", "hold", "disconnect"},
	"mute":       {"unmute", "hold", "disconnect"},
	"hold":       {"resume", "disconnect"},
	"resume":     {"hold", "disconnect"},
	"disconnect": {"redial"},
	"redial":     {"hold", "disconnect"},
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
	held   bool
}

// churn does twenty acts a second while a tone goes to all who stay.
func (b *bench) churn(ctx context.Context, h *house, f *Figures) (m measurement, err error) {
	f.Churn = &ChurnFigures{Acts: map[string]int{}}
	people := churners(h)
	early := time.AfterFunc(b.For/10, func() { f.Churn.RSSEarly = memoryOf(h.bridge.pid()).rss })
	defer early.Stop()
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
	f.Churn.RSSLate = memoryOf(h.bridge.pid()).rss
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
	for time.Now().Before(end) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		p := c.people[rand.IntN(len(c.people))]
		nexts := follows[p.last]
		next := nexts[rand.IntN(len(nexts))]
		if p.tone < 0 && (next == "mute" || next == "unmute") {
			continue
		}
		if err := c.one(ctx, p, next); err != nil {
			return err
		}
	}
	return nil
}

// one act: what may be heard is widened before it and narrowed once it is
// acknowledged and a moment has passed.
func (c *churning) one(ctx context.Context, p *churner, next string) error {
	if next == "unmute" || next == "resume" || next == "redial" {
		p.loud = p.tone >= 0
		p.held = false
		if err := c.listenTo(p); err != nil {
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
		p.held = next == "hold"
	}
	return c.listenTo(p)
}

// listenTo tells the phones what they may hear now: those who stay the tone
// and every talker not surely silent, a held one no voice at all.
func (c *churning) listenTo(p *churner) error {
	allowed := uint32(0)
	for _, p := range c.people {
		if p.tone >= 0 && (p.loud || time.Since(p.hushed) < grace) {
			allowed |= 1 << p.tone
		}
	}
	if allowed != c.allowed {
		c.allowed = allowed
		if err := c.h.far.rule(-1, ear.Rule{Expect: 1, Allow: allowed}); err != nil {
			return err
		}
	}
	return nil
}
