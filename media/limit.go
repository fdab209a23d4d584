package media

// Limiter brings sums of many voices to 16 bits as the mix does: turned down
// when they are louder than −3 dBFS, never cut, and they never wrap around.
// The zero value is ready; each channel has one of its own.
type Limiter struct{ by limiter }

// Frame limits sum, one tick at 8 or 16 kHz, to dst.
func (l *Limiter) Frame(dst []int16, sum []int32) { l.by.frame(dst, sum) }
