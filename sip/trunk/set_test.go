package trunk

import (
	"context"
	"errors"
	"math"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newSet(t *testing.T, trunks ...Trunk) *Set {
	t.Helper()
	s, err := NewSet(trunks)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reserve(t *testing.T, s *Set) *Slot {
	t.Helper()
	slot, ok := s.TryReserve()
	if !ok {
		t.Fatal("no slot")
	}
	return slot
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func TestNewSetRefuses(t *testing.T) {
	for name, trunks := range map[string][]Trunk{
		"no name":       {{}},
		"twice":         {{Name: "a"}, {Name: "a"}},
		"negative rate": {{Name: "a", CPS: -1}},
		"NaN rate":      {{Name: "a", CPS: math.NaN()}},
		"once a year":   {{Name: "a", CPS: 1e-9}},
		"channels":      {{Name: "a", Channels: -1}},
		"weight":        {{Name: "a", Weight: -1}},
		"line break":    {{Name: "a\r\nb"}},
	} {
		if _, err := NewSet(trunks); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := newSet(t, Trunk{Name: "a"})
	got, ok := s.Get("a")
	if !ok || got.CPS != 10 || got.Channels != 1000 || got.Weight != 1 {
		t.Fatalf("%+v %v", got, ok)
	}
	if st := s.Status(); len(st) != 1 || !st[0].Up || st[0].Free != 10 {
		t.Fatalf("%+v", st)
	}
}

func TestRateOfOneTrunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", CPS: 2})
		for range 2 {
			reserve(t, s).Launch()
		}
		if _, ok := s.TryReserve(); ok {
			t.Fatal("a third call in the same second")
		}
		time.Sleep(time.Second)
		if _, ok := s.TryReserve(); ok {
			t.Fatal("a third call exactly a second later: a window with both ends has three")
		}
		time.Sleep(guard)
		reserve(t, s)
	})
}

// A slot that is used late may not push the rate over its bound.
func TestLateLaunchKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", CPS: 2})
		one, two := reserve(t, s), reserve(t, s)
		time.Sleep(5 * time.Second)
		if _, ok := s.TryReserve(); ok {
			t.Fatal("three calls could start at once")
		}
		one.Launch()
		two.Release()
		reserve(t, s).Launch()
		if _, ok := s.TryReserve(); ok {
			t.Fatal("three calls in a second")
		}
	})
}

func TestSlowTrunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", CPS: 0.5})
		start := time.Now()
		for range 3 {
			slot, err := s.Reserve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			slot.Launch()
		}
		if d := time.Since(start); d < 4*time.Second || d > 4*time.Second+3*guard {
			t.Fatalf("three calls at one in two seconds took %v", d)
		}
	})
}

func TestChannels(t *testing.T) {
	s := newSet(t, Trunk{Name: "a", CPS: 100, Channels: 2})
	one, two := reserve(t, s), reserve(t, s)
	one.Launch()
	if _, ok := s.TryReserve(); ok {
		t.Fatal("a third channel of two")
	}
	one.Done()
	one.Done()
	one.Release()
	three := reserve(t, s)
	if _, ok := s.TryReserve(); ok {
		t.Fatal("ending a slot twice freed two channels")
	}
	two.Release()
	three.Release()
	if st := s.Status()[0]; st.InUse != 0 || st.Free != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestPriorityThenWeight(t *testing.T) {
	s := newSet(t,
		Trunk{Name: "backup", Priority: 2, CPS: 1000},
		Trunk{Name: "big", Priority: 1, Weight: 3, CPS: 1000, Channels: 60},
		Trunk{Name: "small", Priority: 1, Weight: 1, CPS: 1000, Channels: 20},
	)
	count := map[string]int{}
	for range 80 {
		count[reserve(t, s).Trunk()]++
		if count["backup"] > 0 {
			t.Fatal("the backup was used while better trunks had channels")
		}
	}
	if count["big"] != 60 || count["small"] != 20 {
		t.Fatalf("weights 3:1 gave %v", count)
	}
	if got := reserve(t, s).Trunk(); got != "backup" {
		t.Fatalf("with the others full: %s", got)
	}
}

func TestWeightHoldsAllAlong(t *testing.T) {
	s := newSet(t, Trunk{Name: "a", Weight: 2, CPS: 1000}, Trunk{Name: "b", CPS: 1000})
	n := 0
	for i := 1; i <= 30; i++ {
		if reserve(t, s).Trunk() == "a" {
			n++
		}
		if want := float64(i) * 2 / 3; math.Abs(float64(n)-want) > 1 {
			t.Fatalf("after %d calls a has %d, far from %.1f", i, n, want)
		}
	}
}

func TestRestAndHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", Priority: 1}, Trunk{Name: "b", Priority: 2})
		if !s.Rest("a", 30*time.Second) || s.Rest("a", time.Second) || s.Rest("nobody", time.Second) {
			t.Fatal("Rest reports the wrong firsts")
		}
		if got := reserve(t, s).Trunk(); got != "b" {
			t.Fatalf("resting trunk taken: %s", got)
		}
		if !s.MarkDown("b", "OPTIONS unanswered") || s.MarkDown("b", "still") {
			t.Fatal("MarkDown reports the wrong firsts")
		}
		if st := s.Status()[1]; st.Up || st.Why != "still" || st.Free != 0 {
			t.Fatalf("%+v", st)
		}
		start := time.Now()
		slot, err := s.Reserve(t.Context())
		if err != nil || slot.Trunk() != "a" || time.Since(start) != 30*time.Second {
			t.Fatalf("%v after %v: %v", slot, time.Since(start), err)
		}
		if !s.MarkUp("b", 20*time.Millisecond) || s.MarkUp("b", time.Millisecond) {
			t.Fatal("MarkUp reports the wrong firsts")
		}
		s.Rest("a", time.Hour)
		if d := time.Until(s.Status()[0].RestingUntil); d != MaxRest {
			t.Fatalf("an hour's rest lasts %v", d)
		}
	})
}

func TestMarkUpWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a"})
		s.MarkDown("a", "no answer")
		got := make(chan string, 1)
		go func() {
			slot, err := s.Reserve(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			got <- slot.Trunk()
		}()
		synctest.Wait()
		if s.Waiting() != 1 {
			t.Fatal("nobody waits")
		}
		s.MarkUp("a", time.Millisecond)
		if <-got != "a" {
			t.Fatal("wrong trunk")
		}
	})
}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", Priority: 1}, Trunk{Name: "b", Priority: 2, CPS: 1}, Trunk{Name: "c", Priority: 3})
		s.MarkDown("c", "no answer")
		first := reserve(t, s)
		first.Launch()
		second, err := first.Next(t.Context())
		if err != nil || second.Trunk() != "b" {
			t.Fatalf("%v %v", second, err)
		}
		second.Launch()
		if st := s.Status(); st[0].InUse != 0 || st[1].InUse != 1 {
			t.Fatalf("channels: %+v", st)
		}
		if _, err := second.Next(t.Context()); !errors.Is(err, ErrNoTrunk) {
			t.Fatalf("all working trunks tried: %v", err)
		}
		// A busy trunk is waited for, within the caller's patience.
		other := reserve(t, s)
		start := time.Now()
		if _, err := other.Next(within(100 * time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		other = reserve(t, s)
		start = time.Now()
		slot, err := other.Next(within(4 * time.Second))
		if err != nil || slot.Trunk() != "b" || time.Since(start) > time.Second+guard {
			t.Fatalf("%v after %v: %v", slot, time.Since(start), err)
		}
	})
}

// A call that looks for another trunk while its own is silent holds both
// channels until it has chosen.
func TestOtherKeepsTheSlot(t *testing.T) {
	s := newSet(t, Trunk{Name: "a", Priority: 1, Channels: 1}, Trunk{Name: "b", Priority: 2, Channels: 1})
	inUse := func() [2]int { st := s.Status(); return [2]int{st[0].InUse, st[1].InUse} }
	slot := reserve(t, s)
	slot.Launch()
	other, err := slot.Other(t.Context())
	if err != nil || other.Trunk() != "b" || inUse() != [2]int{1, 1} {
		t.Fatalf("%v %v, channels %v", other, err, inUse())
	}
	other.Release() // the first trunk spoke up
	if inUse() != [2]int{1, 0} || s.Status()[1].Free != 1 {
		t.Fatalf("channels %v", inUse())
	}
	other, err = slot.Other(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slot.Done()
	if inUse() != [2]int{0, 1} {
		t.Fatalf("channels %v", inUse())
	}
	if _, err := other.Other(t.Context()); !errors.Is(err, ErrNoTrunk) {
		t.Fatalf("a third trunk of two: %v", err)
	}
	other.Done()
}

func TestFailoverGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, Trunk{Name: "a", Priority: 1, CPS: 1}, Trunk{Name: "b", Priority: 2, CPS: 1})
		one, two := reserve(t, s), reserve(t, s)
		one.Launch()
		two.Launch()
		order := make(chan string, 2)
		go func() {
			if _, err := s.Reserve(t.Context()); err == nil {
				order <- "new"
			}
		}()
		synctest.Wait()
		go func() {
			if _, err := one.Next(t.Context()); err == nil {
				order <- "failover"
			}
		}()
		synctest.Wait()
		s.MarkDown("a", "gone") // b alone is left for both
		if got := <-order; got != "failover" {
			t.Fatalf("%s call was served first", got)
		}
		s.MarkUp("a", 0)
		<-order
	})
}

func TestNoTrunk(t *testing.T) {
	s := newSet(t)
	if _, err := s.Reserve(t.Context()); !errors.Is(err, ErrNoTrunk) {
		t.Fatal(err)
	}
	if _, ok := s.TryReserve(); ok {
		t.Fatal("a slot of nothing")
	}
	s = newSet(t, Trunk{Name: "a"})
	if _, err := reserve(t, s).Next(t.Context()); !errors.Is(err, ErrNoTrunk) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Reserve(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// Whoever is served in the very moment of giving up keeps the slot or gives it
// back; it never gets lost.
func TestServedWhileGivingUp(t *testing.T) {
	for range 300 {
		s := newSet(t, Trunk{Name: "a", CPS: 1000, Channels: 1})
		busy := reserve(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan *Slot, 1)
		go func() {
			slot, err := s.Reserve(ctx)
			if err != nil {
				slot = nil
			}
			got <- slot
		}()
		for s.Waiting() == 0 {
			runtime.Gosched()
		}
		s.mu.Lock() // the waiter gives up and finds the door closed
		cancel()
		for range 20 {
			runtime.Gosched()
		}
		busy.line.inUse-- // meanwhile the call ends
		busy.line.reserved--
		busy.ended = true
		s.serve()
		s.mu.Unlock()
		if slot := <-got; slot != nil {
			slot.Release()
		}
		if st := s.Status()[0]; st.InUse != 0 || s.Waiting() != 0 {
			t.Fatalf("a slot got lost: %+v", st)
		}
	}
}
