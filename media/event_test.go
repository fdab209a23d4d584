package media

import (
	"testing"
	"time"
)

// A handler that blocks holds up no tick; when it goes on, every digit comes,
// in order, and only news beyond the reserve are lost.
func TestSlowHandlerLosesNoDigits(t *testing.T) {
	d := newDispatcher()
	leg := &Leg{}
	var got []Event
	leg.handler = func(v Event) { got = append(got, v) }
	var b backlog
	const news = eventQueue + eventBacklog
	for range news {
		b.emit(d, delivery{leg, Event{Kind: EventQuiet}})
	}
	if lost := d.dropped.Load(); lost != eventReserve {
		t.Errorf("%d events dropped, want %d", lost, eventReserve)
	}
	for i := range eventReserve {
		b.emit(d, delivery{leg, Event{Kind: EventDigit, Duration: time.Duration(i)}})
	}
	if lost := d.dropped.Load(); lost != eventReserve {
		t.Errorf("digits were dropped: %d", lost-eventReserve)
	}
	for len(d.queue) > 0 {
		(<-d.queue).deliver()
		b.flush(d)
	}
	if len(b.waiting) != 0 || len(got) != news {
		t.Fatalf("%d events delivered and %d left, want %d", len(got), len(b.waiting), news)
	}
	for i, v := range got[news-eventReserve:] {
		if v.Kind != EventDigit || v.Duration != time.Duration(i) {
			t.Fatalf("event %d of the last is %+v", i, v)
		}
	}
	b.emit(d, delivery{leg, Event{Kind: EventDigit}})
	leg.closed.Store(true)
	before := len(got)
	(<-d.queue).deliver()
	if len(got) != before {
		t.Error("an event after Close")
	}
}
