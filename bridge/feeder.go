package bridge

import (
	"context"
	"sync"
	"time"
)

// feeder asks the dialer for places while participants wait for one. It has a
// goroutine only then.
type feeder struct {
	o      *owner
	mu     sync.Mutex
	target int // participants who wait
	out    int // places asked for, or on their way to the owner
	cancel context.CancelFunc
	busy   sync.WaitGroup
}

func newFeeder(o *owner) *feeder { return &feeder{o: o} }

// need says how many participants wait now.
func (f *feeder) need(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = n
	if n == 0 && f.cancel != nil {
		f.cancel()
		f.cancel = nil
	}
	f.ask()
}

// ask starts the goroutine if more wait than places are on their way. It is
// called with the lock held.
func (f *feeder) ask() {
	if f.target <= f.out || f.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	f.busy.Go(func() { f.run(ctx) })
}

// stop ends the goroutine and waits for it.
func (f *feeder) stop() {
	f.need(0)
	f.busy.Wait()
}

// take tells whether to ask for another place.
func (f *feeder) take(ctx context.Context) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	if f.out >= f.target {
		f.cancel()
		f.cancel = nil
		return false
	}
	f.out++
	return true
}

// settled says that a place has reached the owner.
func (f *feeder) settled() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out--
}

// missed says that a place will not come. Somebody may have begun to wait
// since it was asked for, and counted on it.
func (f *feeder) missed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out--
	f.ask()
}

func (f *feeder) run(ctx context.Context) {
	pause := time.Second
	for f.take(ctx) {
		slot, err := f.o.b.cfg.Dialer.Reserve(ctx)
		if err == nil {
			pause = time.Second
			f.deliver(ctx, slot)
			continue
		}
		f.missed()
		if ctx.Err() != nil {
			return
		}
		f.o.log.Warn("no trunk can be had; participants wait", "error", err, "again_in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// deliver hands a place to the owner, or back when the owner no longer wants it.
func (f *feeder) deliver(ctx context.Context, slot Slot) {
	select {
	case f.o.inbox <- func() { f.o.place(slot) }:
	case <-ctx.Done():
		slot.Release()
		f.missed()
	}
}
