package bridgetest

import (
	"context"
	"testing"
	"time"

	"partyline/bridge"
)

// Bench is a bridge with a world of its own.
type Bench struct {
	*bridge.Bridge
	Phones *Phones
	Mixer  *Mixer
	Store  *Store
	Texter *Texter
	Tapes  *Recorder // if the configuration has one of these; anew after a crash
	config bridge.Config
}

// Tenant is the caller the bench's own conveniences act for.
var Tenant = bridge.Caller{TenantID: "default", KeyID: "test"}

// New starts a bridge on a bench and takes both down at the end of the test.
// What cfg leaves empty the bench fills in: a generous rate of adds, a caller
// id, a key for PINs.
func New(t testing.TB, cfg bridge.Config) *Bench {
	t.Helper()
	b := &Bench{Mixer: NewMixer(), Store: NewStore(), Texter: &Texter{}}
	b.Phones = NewPhones(b.Mixer)
	if cfg.Store == nil {
		cfg.Store = b.Store
	}
	if cfg.PINKey == nil {
		cfg.PINKey = []byte("a key for tests, not for phones!")
	}
	if cfg.CallerIDs == nil {
		cfg.CallerIDs = []string{"+12025550000"}
	}
	if cfg.Limits.AddsPerSecond == 0 {
		cfg.Limits.AddsPerSecond = 1e6
	}
	if cfg.Voice == nil {
		cfg.Voice = &Voice{}
	}
	b.Tapes, _ = cfg.Recorder.(*Recorder)
	cfg.Mixer, cfg.Dialer, cfg.Texter = b.Mixer, b.Phones, b.Texter
	b.config = cfg
	b.start(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Bridge.Close(ctx); err != nil {
			t.Errorf("closing the bridge: %v", err)
		}
		b.Phones.Close()
	})
	return b
}

// Crash stops the bridge where it stands, takes its calls and legs away, and
// starts another on the same store.
func (b *Bench) Crash(t testing.TB) {
	t.Helper()
	b.Bridge.Stop()
	b.Phones.Close()
	b.Mixer = NewMixer()
	scripts := b.Phones.scripts
	forget, limit := b.Phones.forget, b.Phones.limit
	b.Phones = NewPhones(b.Mixer)
	b.Phones.scripts, b.Phones.forget = scripts, forget
	b.Phones.limit, b.Phones.free = limit, limit
	b.config.Mixer, b.config.Dialer = b.Mixer, b.Phones
	if b.Tapes != nil {
		lost := b.Tapes.lost
		b.Tapes = NewRecorder()
		b.Tapes.lost = lost
		b.config.Recorder = b.Tapes
	}
	b.start(t)
}

func (b *Bench) start(t testing.TB) {
	t.Helper()
	br, err := bridge.New(b.config)
	if err != nil {
		t.Fatalf("new bridge: %v", err)
	}
	if err := br.Start(context.Background()); err != nil {
		t.Fatalf("starting the bridge: %v", err)
	}
	b.Bridge = br
}
