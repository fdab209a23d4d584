package sms

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"partyline/state"
)

// Words of state.Message.Error that programs may look for; every other error
// is a sentence.
const (
	// ErrorExpired: the message could not be sent before ExpiresAt.
	ErrorExpired = "expired"
)

// OutboxConfig tunes an Outbox. The zero value works: every field has a
// default, named in its comment.
type OutboxConfig struct {
	Slots     int           // texts on their way at once; 8
	MaxTries  int           // times a text is handed to the provider; 5
	TryWindow time.Duration // from the first try to the last; 10 min

	// Backoff before the second try, doubling up to MaxBackoff, each drawn
	// evenly from zero to that (full jitter); 4 s and 2 min. A Retry-After is
	// waited for in full, plus jitter.
	Backoff    time.Duration
	MaxBackoff time.Duration
	// LookupDelay is the wait between a try without an answer and asking the
	// provider about it, so that a text still on its way through the provider
	// shows up; 5 s.
	LookupDelay time.Duration
	// SendTimeout bounds one call of the provider; 20 s.
	SendTimeout time.Duration
	// ScanEvery is how often the store is searched without a Wake; 30 s.
	ScanEvery time.Duration
	// Grace is how long Run waits for texts on their way when it is told to
	// stop; 3 s. What is cut off is looked up at the next start.
	Grace time.Duration

	// PerNumberHour limits the texts to one number in any hour; 3. Negative:
	// no limit. A text over the limit fails: sent an hour late it would help
	// nobody.
	PerNumberHour int
	// PerBlockHour limits the texts to a block of numbers that differ in the
	// last four digits only, in any hour; 1000. Negative: no limit.
	PerBlockHour int
	// Retention is how long finished messages stay in the store; 30 days.
	// Negative: for ever.
	Retention time.Duration

	// Changed hears of every durable change, in order for each message, from
	// the goroutine that made it: it must not block for long.
	Changed func(state.Message)
	// Rand draws from [0, 1); math/rand/v2 by default.
	Rand func() float64
	Log  *slog.Logger // nothing by default
}

func (c OutboxConfig) withDefaults() OutboxConfig {
	orInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	orTime := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	orInt(&c.Slots, 8)
	orInt(&c.MaxTries, 5)
	orInt(&c.PerNumberHour, 3)
	orInt(&c.PerBlockHour, 1000)
	orTime(&c.TryWindow, 10*time.Minute)
	orTime(&c.Backoff, 4*time.Second)
	orTime(&c.MaxBackoff, 2*time.Minute)
	orTime(&c.LookupDelay, 5*time.Second)
	orTime(&c.SendTimeout, 20*time.Second)
	orTime(&c.ScanEvery, 30*time.Second)
	orTime(&c.Grace, 3*time.Second)
	orTime(&c.Retention, 30*24*time.Hour)
	c.Slots = max(c.Slots, 1)
	c.MaxTries = max(c.MaxTries, 1)
	if c.Changed == nil {
		c.Changed = func(state.Message) {}
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Outbox sends the messages of a store. One Outbox serves one store; see the
// package comment for what it promises.
type Outbox struct {
	store    state.Store
	provider Provider
	cfg      OutboxConfig

	running atomic.Bool
	wake    chan struct{} // one slot: a Wake while one is pending is the same Wake
	turns   turns
	count   counters

	mu      sync.Mutex
	paused  time.Time // for Stats: no sending before
	alarmed time.Time // last word in the log about the account
}

// NewOutbox makes an Outbox; Run starts it.
func NewOutbox(store state.Store, p Provider, cfg OutboxConfig) *Outbox {
	return &Outbox{
		store:    store,
		provider: p,
		cfg:      cfg.withDefaults(),
		wake:     make(chan struct{}, 1),
		turns:    turns{busy: map[string]chan struct{}{}},
	}
}

// Wake says that there are new messages. It never blocks.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run sends what is queued until ctx ends, then waits for what is on its way
// (OutboxConfig.Grace) and returns nil. It returns an error at once when the
// outbox is running already.
func (o *Outbox) Run(ctx context.Context) error {
	if !o.running.CompareAndSwap(false, true) {
		return errors.New("sms: the outbox is already running")
	}
	defer o.running.Store(false)
	newDispatcher(o).run(ctx)
	return nil
}

// jitter draws a wait before try n+1 (n from 1): full jitter over a doubling bound.
func (o *Outbox) jitter(n int) time.Duration {
	bound := o.cfg.MaxBackoff
	if shift := max(n-1, 0); shift < 20 {
		bound = min(bound, o.cfg.Backoff<<shift)
	}
	return time.Duration(o.cfg.Rand() * float64(bound))
}

// who are the attributes that name a message in the log.
func who(m state.Message) slog.Attr {
	return slog.Group("sms",
		"message", m.ID, "conference", m.ConferenceID, "participant", m.ParticipantID,
		"to", mask(m.To), "try", m.Tries)
}
