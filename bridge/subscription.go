package bridge

import "partyline/state"

// Subscription is one reader of a conference's events: first those it missed,
// then live, in order of Seq without gap or repetition.
type Subscription struct {
	ch chan state.Event
}

// C delivers the events. It is closed when the reader is too slow, the
// conference is deleted, the bridge stops, or Close was called; a reader
// resumes with the Seq of the last event it got.
func (s *Subscription) C() <-chan state.Event { return s.ch }

// Close ends the subscription and waits for its goroutine. It may be called
// more than once.
func (s *Subscription) Close() {}
