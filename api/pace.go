package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// pace bounds how long a transfer may take: a while to begin with, then as
// long as what has passed takes at the slowest rate that is borne. A far end
// that trickles is cut off soon, one with a poor line is not.
type pace struct {
	begun   time.Time
	grace   time.Duration
	slowest int64         // bytes a second
	most    time.Duration // in all; 0: no limit
	set     func(time.Time) error
	passed  int64
}

// allow sets the moment by which so many more bytes must have passed.
func (p *pace) allow(more int) error {
	within := p.grace + time.Duration(float64(p.passed+int64(more))/float64(p.slowest)*float64(time.Second))
	if p.most > 0 {
		within = min(within, p.most)
	}
	err := p.set(p.begun.Add(within))
	if errors.Is(err, http.ErrNotSupported) { // no connection behind it
		return nil
	}
	return err
}

var errGoingDown = errors.New("the server is going down")

// pacedReader reads a body that must keep pace, until the server goes down.
type pacedReader struct {
	body    io.Reader
	pace    pace
	closing <-chan struct{}
}

func (r *pacedReader) Read(b []byte) (int, error) {
	select {
	case <-r.closing:
		return 0, errGoingDown
	default:
	}
	if err := r.pace.allow(0); err != nil {
		return 0, err
	}
	n, err := r.body.Read(b)
	r.pace.passed += int64(n)
	return n, err
}

// late tells whether a transfer failed because it did not keep pace.
func late(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
