package media

import (
	"sync/atomic"
	"time"
)

// LegID names a leg within its engine's life; never reused, never 0.
type LegID uint64

// EventKind of a leg's Event.
type EventKind uint8

const (
	EventDigit    EventKind = iota + 1 // one key press, counted once however often its packets came (RFC 4733 §2.5)
	EventPlayed                        // a Play that does not loop has reached its end
	EventFlowing                       // the first authentic packet of this leg came
	EventQuiet                         // nothing received for two thirds of Timeout: ask the far end whether it lives
	EventTimeout                       // nothing received for Timeout
	EventSpeaking                      // somebody began to speak: a leg that may be heard, or is listened to
	EventSilent                        // and stopped, or may no longer be heard; always follows EventSpeaking
)

// Event is something a leg's media did. It is delivered from one goroutine
// of the engine, in order for each leg; the handler must not block for long.
type Event struct {
	Leg      LegID
	Kind     EventKind
	Digit    byte          // '0'–'9', '*', '#', 'A'–'D'
	Duration time.Duration // of the key press
	Tone     bool          // the key came as a tone in the sound
	Play     *Play         // which one has ended
}

const (
	eventQueue   = 8192 // events on their way to the handlers
	eventBacklog = 4096 // more of them kept by each worker while that queue is full
	eventReserve = 1024 // of the backlog, kept for digits alone
)

type delivery struct {
	leg   *Leg
	event Event
}

// dispatcher hands events to the legs' handlers from one goroutine.
type dispatcher struct {
	queue   chan delivery
	dropped atomic.Uint64
}

func newDispatcher() *dispatcher {
	return &dispatcher{queue: make(chan delivery, eventQueue)}
}

func (d *dispatcher) run(done <-chan struct{}) {
	for {
		select {
		case v := <-d.queue:
			v.deliver()
		case <-done:
			return
		}
	}
}

// deliver calls the handler, but not any more once its leg is closed.
func (v delivery) deliver() {
	if v.leg.handler != nil && !v.leg.closed.Load() {
		v.leg.handler(v.event)
	}
}

// backlog is a worker's end of the event queue: it never blocks, keeps the
// order, and when even the backlog is full gives up the news before the keys.
type backlog struct {
	waiting []delivery
}

func (b *backlog) emit(d *dispatcher, v delivery) {
	if len(b.waiting) == 0 {
		select {
		case d.queue <- v:
			return
		default:
		}
	}
	room := eventBacklog
	if v.event.Kind != EventDigit {
		room -= eventReserve
	}
	if len(b.waiting) >= room {
		d.dropped.Add(1)
		return
	}
	b.waiting = append(b.waiting, v)
}

// flush moves what fits from the backlog to the queue.
func (b *backlog) flush(d *dispatcher) {
	sent := 0
	for _, v := range b.waiting {
		select {
		case d.queue <- v:
			sent++
			continue
		default:
		}
		break
	}
	if sent > 0 {
		rest := copy(b.waiting, b.waiting[sent:])
		clear(b.waiting[rest:])
		b.waiting = b.waiting[:rest]
	}
}
