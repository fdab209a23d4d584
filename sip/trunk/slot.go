package trunk

import (
	"context"
	"slices"
	"time"
)

// Slot is the right to place one call: a token of a trunk's rate until the
// INVITE is launched, and one of its channels until the call ends. Exactly one
// of Release, Done or Next ends it; further ones do nothing.
type Slot struct {
	set   *Set
	line  *line
	tried []*line // before this one, for a failover

	launched, ended bool // guarded by the set's lock
}

// Adopt is the slot of a call that is up already, taken over from a process
// before this one: it takes a channel, even where none is free, and no token.
// It is nil for a trunk that is no longer configured.
func (s *Set) Adopt(name string) *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(name)
	if l == nil {
		return nil
	}
	l.inUse++
	return &Slot{set: s, line: l, launched: true}
}

// Take is the slot of a call that comes over a trunk: a channel, if one is
// free, and no token: whoever calls paces himself.
func (s *Set) Take(name string) (*Slot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(name)
	if l == nil || l.inUse >= l.def.Channels {
		return nil, false
	}
	l.inUse++
	return &Slot{set: s, line: l, launched: true}, true
}

// Trunk is the name of the slot's trunk.
func (s *Slot) Trunk() string { return s.line.def.Name }

// Config is the slot's trunk with its defaults filled in.
func (s *Slot) Config() Trunk { return s.line.def }

// Launch marks the moment the INVITE goes out; call it right before. Until
// then the token counts as if it could be used any moment, so a slot that is
// never launched slows its trunk until it ends. The second INVITE of the same
// call, with credentials after a challenge, takes no further token.
func (s *Slot) Launch() {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.launch()
	s.set.serve()
}

func (s *Slot) launch() {
	if s.launched || s.ended {
		return
	}
	s.launched = true
	s.line.reserved--
	s.line.launched = append(s.line.launched, time.Now())
}

// Release gives back a slot that was not needed: the channel, and the token
// too unless an INVITE was launched.
func (s *Slot) Release() { s.end(false) }

// Done gives the channel back at the end of a call. The token is spent, even
// if Launch was forgotten.
func (s *Slot) Done() { s.end(true) }

func (s *Slot) end(spent bool) {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	if s.ended {
		return
	}
	if spent {
		s.launch()
	}
	s.ended = true
	s.line.inUse--
	if !s.launched {
		s.line.reserved--
	}
	s.set.serve()
}

// Next ends the slot, whatever comes of it, and reserves one of another trunk
// that this call has not been tried over, ahead of new calls. It waits until
// ctx ends for a trunk that works but is busy, and fails with ErrNoTrunk when
// none works. It is for a call that its trunk has refused.
func (s *Slot) Next(ctx context.Context) (*Slot, error) {
	s.end(true)
	return s.Other(ctx)
}

// Other is Next for a call that may yet go on over its trunk, say because that
// is only silent so far: the slot stays. Whoever changes over calls Done on
// it; whoever stays releases the other.
func (s *Slot) Other(ctx context.Context) (*Slot, error) {
	return s.set.next(ctx, append(slices.Clone(s.tried), s.line))
}
