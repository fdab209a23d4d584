package trunk

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// call is one planned call of a random load.
type call struct {
	at, patience  time.Duration // when it asks, how long it waits
	setup, talk   time.Duration // from the slot to the INVITE, from there to the end
	release, over bool          // gives the slot back unused; fails over once
}

// launch is one INVITE that went out.
type launch struct {
	trunk string
	at    time.Duration
}

// play runs calls against a Set and notes every INVITE and the most channels
// in use at once.
func play(t *testing.T, s *Set, calls []call) (launches []launch, peak map[string]int) {
	peak = map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		note := func(slot *Slot) {
			mu.Lock()
			defer mu.Unlock()
			slot.Launch()
			launches = append(launches, launch{slot.Trunk(), time.Since(start)})
			for _, st := range s.Status() {
				peak[st.Name] = max(peak[st.Name], st.InUse)
			}
		}
		var wg sync.WaitGroup
		for _, c := range calls {
			wg.Go(func() {
				time.Sleep(c.at)
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				slot, err := s.Reserve(ctx)
				if err != nil {
					return
				}
				time.Sleep(c.setup)
				if c.release {
					slot.Release()
					return
				}
				note(slot)
				if c.over {
					next, err := slot.Next(ctx)
					if err != nil {
						return
					}
					note(next)
					slot = next
				}
				time.Sleep(c.talk)
				slot.Done()
			})
		}
		wg.Wait()
		if s.Waiting() != 0 {
			t.Error("somebody still waits")
		}
	})
	return launches, peak
}

func drawCalls(t *rapid.T, n int) []call {
	ms := func(name string, hi int) time.Duration {
		return time.Duration(rapid.IntRange(0, hi).Draw(t, name)) * time.Millisecond
	}
	calls := make([]call, rapid.IntRange(1, n).Draw(t, "calls"))
	for i := range calls {
		calls[i] = call{
			at: ms("at", 3000), patience: ms("patience", 8000) + time.Millisecond, setup: ms("setup", 1500), talk: ms("talk", 3000),
			release: rapid.IntRange(0, 5).Draw(t, "release") == 0, over: rapid.IntRange(0, 5).Draw(t, "over") == 0,
		}
	}
	return calls
}

// For any arrival pattern no second, ends included, has more launches of a
// trunk than its rate, never are more channels taken than it has, and at the
// end everything is given back.
func TestRateAndChannelsHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		trunks := []Trunk{
			{Name: "a", CPS: float64(rapid.IntRange(1, 6).Draw(rt, "cps")), Channels: rapid.IntRange(1, 8).Draw(rt, "channels"), Priority: 1},
			{Name: "b", CPS: rapid.SampledFrom([]float64{0.5, 1.5, 3, 2.9}).Draw(rt, "cps b"), Channels: 4, Priority: rapid.IntRange(1, 2).Draw(rt, "priority")},
		}
		s := newSet(t, trunks...)
		launches, peak := play(t, s, drawCalls(rt, 40))
		for _, tr := range trunks {
			var at []time.Duration
			for _, l := range launches {
				if l.trunk == tr.Name {
					at = append(at, l.at)
				}
			}
			window, most := time.Second, int(tr.CPS)
			if most == 0 {
				window, most = time.Duration(float64(time.Second)/tr.CPS), 1
			}
			for i := range at {
				n := 0
				for j := i; j < len(at) && at[j]-at[i] <= window; j++ {
					n++
				}
				if n > most {
					rt.Fatalf("trunk %s of %v calls a second launched %d within %v from %v: %v", tr.Name, tr.CPS, n, window, at[i], at)
				}
			}
			if peak[tr.Name] > tr.Channels {
				rt.Fatalf("trunk %s of %d channels had %d calls", tr.Name, tr.Channels, peak[tr.Name])
			}
		}
		for _, l := range s.lines {
			if l.inUse != 0 || l.reserved != 0 {
				rt.Fatalf("trunk %s kept %d channels and %d tokens", l.def.Name, l.inUse, l.reserved)
			}
		}
	})
}

// The first to ask is the first to be served, and giving up loses no token:
// those who stay are served as fast as if the others had never asked.
func TestFirstComeFirstServed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		gone := rapid.SliceOfN(rapid.Bool(), 1, 30).Draw(rt, "gives up")
		cps := rapid.IntRange(1, 5).Draw(rt, "cps")
		at := make([]time.Duration, len(gone)) // when each was served; 0: it gave up
		synctest.Test(t, func(t *testing.T) {
			s := newSet(t, Trunk{Name: "a", CPS: float64(cps)})
			for range cps {
				reserve(t, s).Launch()
			}
			start := time.Now()
			var wg sync.WaitGroup
			for i, quit := range gone {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if quit {
					time.AfterFunc(time.Duration(i*50)*time.Millisecond, cancel)
				}
				wg.Go(func() {
					slot, err := s.Reserve(ctx)
					if err != nil {
						return
					}
					slot.Launch()
					at[i] = time.Since(start)
				})
				synctest.Wait() // so that they queue in this order
			}
			wg.Wait()
		})
		served, last := 0, time.Duration(0)
		for i, d := range at {
			if d == 0 {
				if !gone[i] {
					rt.Fatalf("number %d stayed and was not served: %v", i, at)
				}
				continue
			}
			if d < last {
				rt.Fatalf("number %d was served before one who came earlier: %v", i, at)
			}
			served, last = served+1, d
		}
		if most := time.Duration((served+cps-1)/cps) * (time.Second + guard); last > most {
			rt.Fatalf("%d calls at %d a second took %v, more than %v", served, cps, last, most)
		}
	})
}

// A thousand calls at 50 a second need 20 s and not much more: no wakeup is
// lost.
func TestThroughput(t *testing.T) {
	s := newSet(t, Trunk{Name: "a", CPS: 50})
	calls := make([]call, 1000)
	for i := range calls {
		calls[i] = call{patience: time.Hour, talk: time.Minute}
	}
	launches, _ := play(t, s, calls)
	if len(launches) != 1000 {
		t.Fatalf("%d calls went out", len(launches))
	}
	if last := launches[999].at; last > 20*(time.Second+guard) {
		t.Fatalf("the last went out after %v", last)
	}
}
