//go:build linux && !portable

package media

import (
	"net/netip"
	"testing"
)

func newRig(t testing.TB, workers int) *rig {
	t.Helper()
	return newRigWith(t, Config{Workers: workers})
}

func newRigWith(t testing.TB, cfg Config) *rig {
	t.Helper()
	if !cfg.Address.IsValid() {
		cfg.Address = netip.MustParseAddr("127.0.0.1")
	}
	e, err := newEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, e: e, n: 1000}
	r.clock.Store(r.n * tick)
	e.now = r.clock.Load // also read by the engine's goroutine that closes ports
	t.Cleanup(func() { e.Close() })
	return r
}

// ticks runs n ticks: each phone speaks, the workers work, each phone listens.
func (r *rig) ticks(n int) {
	r.t.Helper()
	for range n {
		for _, p := range r.phones {
			p.speak()
		}
		r.step()
		for len(r.gone) > 0 && r.n > r.gone[0].left+10 {
			r.gone[0].rtp.Close()
			r.gone = r.gone[1:]
		}
		for _, p := range r.phones {
			p.listen()
		}
	}
}

// step runs a tick without the phones.
func (r *rig) step() {
	r.n++
	r.clock.Store(r.n * tick)
	for _, w := range r.e.workers {
		w.gather(r.n, r.n*tick)
	}
	for _, w := range r.e.workers {
		w.deliver()
	}
}
