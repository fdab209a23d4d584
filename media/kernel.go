package media

import (
	"slices"

	"partyline/media/sdp"
)

// This file is what the kernel can do for a leg, so that this program need not: once it is
// certain whose packets to believe, the socket is connected to that address,
// and the kernel drops those of strangers and sends without looking for the
// way; and while nobody may hear a leg, a filter in its socket drops what it
// says before it costs anything, all but digits, comfort noise and one packet
// in 64 (media/udp). Both take a few microseconds to set up, so they are done
// after a tick's packets have gone, as many as there is time for: until its
// turn comes a leg is served all the same, only at a higher price.

// Legs that begin to be heard are opened in the same place, for it takes a
// while to do it for a thousand.
const (
	tendTime = int64(2e6) // nanoseconds a tick for all of this
	openTime = int64(8e6) // and for opening
)

// tend notes that a leg's socket is not as it could be.
func (w *worker) tend(s *stream) {
	if !s.tended && s.at >= 0 {
		s.tended = true
		w.tending = append(w.tending, s)
	}
}

// untend forgets a leg that leaves; its next worker finds out for itself.
func (w *worker) untend(s *stream) {
	if s.tended {
		s.tended = false
		at := slices.Index(w.tending, s)
		w.tending = slices.Delete(w.tending, at, at+1)
	}
}

// tendAll brings sockets up to date, as many as there is time for: first those
// of legs that begin to be heard.
func (w *worker) tendAll() {
	if len(w.tending) == 0 {
		return
	}
	began := w.engine.now()
	slices.SortStableFunc(w.tending, func(a, b *stream) int { return rank(a) - rank(b) })
	done := 0
	for ; done < len(w.tending); done++ {
		s := w.tending[done]
		if done%8 == 7 && w.late(s, began) {
			break
		}
		s.tended = false
		if s.opening {
			s.open(w)
		}
		s.arrange(w)
	}
	w.tending = slices.Delete(w.tending, 0, done)
}

// late tells whether there is no more time for this leg on this tick.
func (w *worker) late(s *stream, began int64) bool {
	took := w.engine.now() - began
	return took > openTime || took > tendTime && !s.opening
}

func rank(s *stream) int {
	if s.opening {
		return 0
	}
	return 1
}

// arrange makes the socket as the leg's state asks.
func (s *stream) arrange(w *worker) {
	if s.lock.Final(w.now) && !s.settled {
		s.settled = true
		s.connected = s.socket.rtp.Connect(s.sendTo) == nil
	}
	mute := s.connected && !s.speaking
	switch {
	case mute && !s.filtered:
		if s.socket.rtp.Mute(s.eventTypes()) == nil {
			s.setFiltered(w, true, w.now)
		}
	case !mute && s.filtered:
		s.unfilter(w)
	}
}

// unfilter lets everything through again.
func (s *stream) unfilter(w *worker) {
	if s.filtered && s.socket.rtp.Unmute() == nil {
		s.setFiltered(w, false, w.engine.now())
	}
}

func (s *stream) setFiltered(w *worker, on bool, at int64) {
	s.filtered, s.drops = on, drops{}
	if on {
		s.attend(w)
	} else {
		s.unattend(w)
	}
	s.control.session.Receiver.Filtered(on, at)
}

// attend counts a filtered leg, and has the kernel tell when something comes
// through its filter.
func (s *stream) attend(w *worker) {
	w.filtered++
	if w.watch != nil && w.watch.Add(s.socket.rtp, uint64(s.id)) == nil {
		s.watched, w.watched[s.id] = true, s
	}
}

func (s *stream) unattend(w *worker) {
	w.filtered--
	if s.watched {
		_ = w.watch.Remove(s.socket.rtp) // it fails only for sockets that are not there
		s.watched = false
		delete(w.watched, s.id)
	}
}

// drops is the kernel's count of packets lost at a socket as it was last.
type drops struct {
	known bool
	count uint32
}

// overflow counts what the kernel had to drop because this program did not
// read in time. What a filter drops is in the same count of the kernel, so
// only legs without one are asked.
func (s *stream) overflow(w *worker) {
	if s.filtered {
		return
	}
	n, ok := s.socket.rtp.Drops()
	if s.drops.known && ok {
		w.count.overflowed += uint64(n - s.drops.count)
	}
	s.drops = drops{ok, n}
}

// loosen opens the socket to whoever may be learned next.
func (s *stream) loosen(w *worker) {
	s.unfilter(w)
	if s.connected {
		s.connected = s.socket.rtp.Disconnect() != nil
	}
	s.settled = s.connected
}

// eventTypes are the payload types of digits.
func (s *stream) eventTypes() []uint8 {
	if s.far.events {
		return []uint8{s.far.eventPT, sdp.EventPT}
	}
	return []uint8{sdp.EventPT}
}
