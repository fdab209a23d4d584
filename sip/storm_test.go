package sip

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"partyline/sip/siptest"
)

// A thousand calls are given up at random moments, to phones that answer at
// random moments. None may be left up at the far end, and each answer that
// crossed a CANCEL must have got its ACK and its BYE.
func TestThousandCancelsLeaveNoCallUp(t *testing.T) {
	const calls, parallel, spread = 1000, 60, 300
	peer := siptest.UDP(t)
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(1, 2))
	draw := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(rnd.IntN(spread*1000)) * time.Microsecond
	}
	phones := peer.Phones(func(*siptest.Message) siptest.Plan {
		ring := draw()
		p := siptest.Plan{RingAfter: ring / 4, AnswerAfter: ring}
		if (ring/time.Microsecond)%3 == 0 {
			p.RingAfter = -1
		}
		p.IgnoreCancel = (ring/time.Microsecond)%2 == 0
		return p
	})
	r := real(t, peer, "udp:127.0.0.1:0")
	var ends [2]int // not answered, answered
	var tried int
	var wg sync.WaitGroup
	gate := make(chan struct{}, parallel)
	for range calls {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			w := r.dial()
			timer := time.NewTimer(draw())
			defer timer.Stop()
			<-timer.C
			w.Hangup()
			answered, trying := 0, 0
			for e := w.next(); ; e = w.next() {
				switch e.Kind {
				case EventTrying:
					trying = 1
				case EventAnswered:
					answered = 1
				}
				if e.Kind == EventEnded {
					if want := [2]Cause{CauseCanceled, CauseLocal}[answered]; e.Cause != want {
						t.Errorf("ended with %s, want %s", e.Cause, want)
					}
					break
				}
			}
			mu.Lock()
			ends[answered]++
			tried += trying
			mu.Unlock()
		})
	}
	wg.Wait()
	deadline := time.Now().Add(time.Minute)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	c := phones.Count()
	for (c.Up != 0 || c.Unacked != 0 || r.agent.Stats().Active != 0) && time.Now().Before(deadline) {
		<-again.C
		c = phones.Count()
	}
	t.Logf("%v; %d ended before an answer, %d after; %+v", c, ends[0], ends[1], r.agent.Stats())
	if c.Up != 0 || c.Unacked != 0 {
		t.Errorf("left behind: %v", c)
	}
	if c.Rung != tried || ends[0]+ends[1] != calls { // the others were given up before their INVITE
		t.Errorf("%d of %d phones were reached, %d of %d calls ended", c.Rung, tried, ends[0]+ends[1], calls)
	}
	if c.Crossed == 0 || r.agent.Stats().Strays == 0 {
		t.Errorf("no answer crossed a CANCEL: the test has shown nothing (%v)", c)
	}
	if n := r.agent.Stats().Active; n != 0 {
		t.Errorf("%d calls still work", n)
	}
}
