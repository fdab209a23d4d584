package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"partyline/state"
)

// sweepEvery is how often what no longer counts is cleared away, at most.
const sweepEvery = time.Hour

// guessBook remembers the wrong PINs of callers, in memory and in the store.
// It has a goroutine only while there is something to write, and writes what
// many callers wait for in one transaction.
type guessBook struct {
	store   state.Store
	log     *slog.Logger
	refused atomic.Uint64
	busy    sync.WaitGroup

	mu      sync.Mutex
	wrong   map[string][]time.Time // oldest first
	dirty   map[string]bool        // keys whose record is not what memory says
	waiting []chan error
	writing bool
	stopped bool
	swept   time.Time
}

func newGuessBook(store state.Store, log *slog.Logger) *guessBook {
	return &guessBook{store: store, log: log, wrong: map[string][]time.Time{}, dirty: map[string]bool{}}
}

// load reads what an earlier run wrote.
func (g *guessBook) load(ctx context.Context) error {
	records, err := state.LoadAll[state.Guess](ctx, g.store, state.GuessPrefix)
	if err != nil {
		return fmt.Errorf("reading the wrong PINs: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range records {
		key := r.Key[len(state.GuessPrefix):]
		g.wrong[key] = r.Value.Wrong
		g.forget(key, time.Now())
		if g.wrong[key] == nil {
			g.dirty[key] = true // cleared away with the next write
		}
	}
	return nil
}

// stop takes nothing more, and waits for what is being written.
func (g *guessBook) stop() {
	g.mu.Lock()
	g.stopped = true
	g.mu.Unlock()
	g.busy.Wait()
}

// note writes a wrong guess down, and returns when that is safe.
func (g *guessBook) note(at guess) error {
	if at.counted {
		return g.save(at.caller, at.place)
	}
	return g.save(at.caller)
}

// forgive forgets the wrong PINs at one place.
func (g *guessBook) forgive(place string) error {
	g.mu.Lock()
	delete(g.wrong, place)
	g.mu.Unlock()
	return g.save(place)
}

// save writes what memory says of some keys.
func (g *guessBook) save(keys ...string) error {
	done := make(chan error, 1)
	g.mu.Lock()
	if g.stopped {
		g.mu.Unlock()
		return errStopped()
	}
	for _, key := range keys {
		g.dirty[key] = true
	}
	g.waiting = append(g.waiting, done)
	if !g.writing {
		g.writing = true
		g.busy.Go(g.write)
	}
	g.mu.Unlock()
	return <-done
}

// write writes until nobody waits.
func (g *guessBook) write() {
	for {
		g.mu.Lock()
		waiting := g.waiting
		if g.waiting = nil; len(waiting) == 0 {
			g.writing = false
			g.mu.Unlock()
			return
		}
		batch, keys := g.snapshot(time.Now())
		g.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
		_, err := batch.Apply(ctx, g.store)
		cancel()
		if err != nil {
			g.log.Error("wrong PINs could not be written down", "error", err)
			g.mu.Lock()
			for _, key := range keys {
				g.dirty[key] = true
			}
			g.mu.Unlock()
		}
		for _, done := range waiting {
			done <- err
		}
	}
}

// snapshot is what there is to write. It is called with the lock held.
func (g *guessBook) snapshot(now time.Time) (batch state.Batch, keys []string) {
	if now.Sub(g.swept) >= sweepEvery {
		g.swept = now
		for key := range g.wrong {
			if g.forget(key, now); g.wrong[key] == nil {
				g.dirty[key] = true
			}
		}
	}
	for key := range g.dirty {
		keys = append(keys, key)
		if wrong := g.wrong[key]; len(wrong) > 0 {
			batch.Put(state.GuessKey(key), state.Guess{Wrong: wrong})
		} else {
			batch.Remove(state.GuessKey(key))
		}
	}
	clear(g.dirty)
	return batch, keys
}
