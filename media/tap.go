package media

// Tap carries the sound of a room out of the engine, for a recording.
type Tap struct {
	voices bool
}

// NewTap makes a tap to be given to Room.Record. With voices it carries each
// leg's own sound beside the mix.
func NewTap(voices bool) *Tap { return &Tap{voices: voices} }

// Record lets the room's sound flow into a tap from the next tick on, until
// Release or the end of the room.
func (r *Room) Record(*Tap) {}

// Release ends Record for a tap.
func (r *Room) Release(*Tap) {}
