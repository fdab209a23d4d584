package bridge

import (
	"context"
	"testing"
	"testing/synctest"
)

// slowDialer gives no place, and takes its time to notice that none is wanted
// any more.
type slowDialer struct {
	Dialer
	asked, notice chan struct{}
}

func (d *slowDialer) Reserve(ctx context.Context) (Slot, error) {
	d.asked <- struct{}{}
	<-ctx.Done()
	<-d.notice
	return nil, ctx.Err()
}

// TestFeederAsksAgain has one participant leave the queue and another enter it
// before the dialer has noticed the first: the second must be asked for, too.
func TestFeederAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &slowDialer{asked: make(chan struct{}, 10), notice: make(chan struct{})}
		f := newFeeder(&owner{b: &Bridge{cfg: Config{Dialer: d}}})
		f.need(1)
		<-d.asked
		f.need(0)
		f.need(1)
		d.notice <- struct{}{}
		synctest.Wait()
		if len(d.asked) != 1 {
			t.Error("nobody asks for a place while a participant waits")
		}
		close(d.notice)
		f.stop()
	})
}
