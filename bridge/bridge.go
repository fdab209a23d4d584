package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"partyline/state"
)

// Bridge runs all conferences of one program.
type Bridge struct {
	cfg    Config
	sounds *sounds
	stats  counters

	draining atomic.Bool
	closing  atomic.Bool // nobody is dialled any more

	mu      sync.Mutex
	stopped bool
	tenants map[string]*tenant
	index   map[string]*shelf // by tenant
	loaded  map[string]*seat
	numbers map[string]called // that people call
	running sync.WaitGroup    // owners
	readers sync.WaitGroup    // goroutines of subscriptions
	halt    chan struct{}     // closed: readers end, whether they were read or not

	lobby   *lobby
	guesses *guessBook

	halting   chan struct{} // closed: the janitor ends
	janitor   sync.WaitGroup
	salvaging sync.WaitGroup // recordings of an earlier run
	salvagers chan struct{}  // holds one for each that is worked on
}

// shelf lists what a tenant has, whether in memory or not.
type shelf struct {
	ids      []string          // conferences that are not deleted, sorted
	requests map[string]string // RequestKey → conference
}

// New prepares a bridge; Start brings it to life.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	return &Bridge{
		cfg: cfg, sounds: newSounds(cfg.Voice, cfg.Language),
		tenants: map[string]*tenant{}, index: map[string]*shelf{}, loaded: map[string]*seat{},
		numbers: map[string]called{}, lobby: newLobby(cfg.Limits.Receptions), guesses: newGuessBook(cfg.Store, cfg.Log),
		halt: make(chan struct{}), halting: make(chan struct{}), salvagers: make(chan struct{}, salvagers),
	}, nil
}

// Start reads what the store knows, takes up the calls an earlier run left
// behind, and resumes the queues. It returns when every conference that has
// something to do is in memory.
func (b *Bridge) Start(ctx context.Context) error {
	records, err := state.LoadAll[conferenceRecord](ctx, b.cfg.Store, state.ConferencePrefix)
	if err != nil {
		return fmt.Errorf("reading the conferences: %w", err)
	}
	uploaded, err := state.LoadAll[state.Sound](ctx, b.cfg.Store, state.SoundsPrefix)
	if err != nil {
		return fmt.Errorf("reading the sounds: %w", err)
	}
	for _, s := range uploaded {
		b.sounds.shelf.enter(s.Value.TenantID, s.Value.ID)
	}
	recordings, err := state.LoadAll[state.Recording](ctx, b.cfg.Store, state.RecordingsPrefix)
	if err != nil {
		return fmt.Errorf("reading the recordings: %w", err)
	}
	unfinished := map[string]bool{} // conferences with work left
	for _, r := range recordings {
		if s := r.Value.Status; s != state.RecordingReady && s != state.RecordingFailed {
			unfinished[r.Value.ConferenceID] = true
		}
	}
	if err := b.guesses.load(ctx); err != nil {
		return err
	}
	for _, r := range records { // before anybody is dialled
		b.tenant(r.Value.TenantID).recall(&r.Value, time.Now())
	}
	for _, r := range records {
		b.shelve(&r.Value)
		if r.Value.Status == state.ConferenceEnded && !unfinished[r.Value.ID] {
			continue
		}
		_, release, err := b.acquire(ctx, r.Value.ID)
		if err != nil {
			return fmt.Errorf("taking up conference %s: %w", r.Value.ID, err)
		}
		release()
	}
	if b.cfg.Recorder != nil {
		b.janitor.Go(b.forgetOld)
	}
	return nil
}

// shelve adds a conference to the index.
func (b *Bridge) shelve(c *conferenceRecord) {
	if c.Deleted {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.index[c.TenantID]
	if s == nil {
		s = &shelf{requests: map[string]string{}}
		b.index[c.TenantID] = s
	}
	if i, found := slices.BinarySearch(s.ids, c.ID); !found {
		s.ids = slices.Insert(s.ids, i, c.ID)
	}
	b.enterNumbers(&c.Conference)
	if c.RequestKey != "" {
		s.requests[c.RequestKey] = c.ID
	}
}

// unshelve removes a deleted conference from the index.
func (b *Bridge) unshelve(tenant, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.freeNumbers(id)
	if s := b.index[tenant]; s != nil {
		if i, found := slices.BinarySearch(s.ids, id); found {
			s.ids = slices.Delete(s.ids, i, i+1)
		}
	}
}

// Drain refuses new conferences and participants; those that are there go on.
func (b *Bridge) Drain(on bool) { b.draining.Store(on) }

func (b *Bridge) drained() error {
	if !b.draining.Load() {
		return nil
	}
	e := refuse(Unavailable, "draining", "", "this server is being shut down and takes nobody new")
	e.RetryAfter = 30
	return e
}

// Close hangs up every call (reason shutdown), writes that down and waits for
// all goroutines. Those who were not dialled yet stay pending for the next
// start.
func (b *Bridge) Close(ctx context.Context) error {
	b.draining.Store(true)
	b.closing.Store(true)
	b.lobby.close()
	var failed []error
	for _, o := range b.owners() {
		err := o.do(ctx, func(*request) error {
			for _, m := range o.roll {
				if m.live() || m.rec.Status == state.Dialing {
					o.end(m, state.ReasonShutdown)
				}
			}
			return nil
		})
		if err != nil && !isStopped(err) {
			failed = append(failed, fmt.Errorf("conference %s: %w", o.id, err))
		}
	}
	b.Stop()
	return errors.Join(failed...)
}

func isStopped(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "shutting_down"
}

// Stop ends all goroutines and leaves the calls as they are, for a successor
// that takes them up. Recordings end: their files are whole, and the next
// start finishes them.
func (b *Bridge) Stop() {
	b.mu.Lock()
	first := !b.stopped
	b.stopped = true
	b.mu.Unlock()
	if first {
		close(b.halting)
	}
	b.lobby.close()
	b.guesses.stop()
	b.janitor.Wait()
	if first {
		for _, o := range b.owners() {
			close(o.quit)
		}
	}
	b.running.Wait()
	if first {
		close(b.halt)
		if b.cfg.Recorder != nil {
			if err := b.cfg.Recorder.Close(); err != nil {
				b.cfg.Log.Error("recordings could not be finished", "error", err)
			}
		}
	}
	b.salvaging.Wait()
	b.sounds.shelf.close()
	b.readers.Wait()
}
