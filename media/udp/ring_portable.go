//go:build !linux || 386 || portable

package udp

// Ring is a Sender that only Linux has.
type Ring struct{ Plain }

// NewRing fails with ErrNoRing.
func NewRing(entries int) (*Ring, error) { return nil, ErrNoRing }

// Close does nothing.
func (r *Ring) Close() error { return nil }
