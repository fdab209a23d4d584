package media

// watch finds out that a far end has fallen silent.
type watch struct {
	since  int64 // of silence: the last packet, or when waiting for one began
	last   int64 // packet; 0 before the first
	warned uint8 // how much of the silence has been told
}

const (
	toldNothing = iota
	toldQuiet
	toldTimeout
)

// start begins to wait for the first packet.
func (d *watch) start(now int64) { d.since = now }

// rearm begins anew: the far end has changed what it sends.
func (d *watch) rearm(now int64) { d.since, d.warned = now, toldNothing }

// heard ends a silence.
func (d *watch) heard(now int64) { d.since, d.last, d.warned = now, now, toldNothing }

// check tells of a silence, once for Quiet and once for Timeout. A far end
// that has put us on hold, or that we do not listen to, owes us no packets.
func (s *stream) check(w *worker) {
	d := &s.silence
	if !s.far.known || s.far.dir != SendRecv {
		return
	}
	silent, limit := w.now-d.since, int64(w.engine.cfg.Timeout)
	if d.warned < toldQuiet && silent >= limit/3*2 {
		d.warned = toldQuiet
		w.emit(s.leg, Event{Kind: EventQuiet})
	}
	if d.warned < toldTimeout && silent >= limit {
		d.warned = toldTimeout
		w.emit(s.leg, Event{Kind: EventTimeout})
	}
}
