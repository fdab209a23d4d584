package media

// mailSize bounds the commands that wait for a worker's next tick. Whoever
// posts to a full mailbox waits, a tick at most unless the machine is beyond
// its powers: no mute is ever lost.
const mailSize = 4096

// command is something to do to legs and a room at the start of a tick. A
// command for a leg that another worker has not handed over yet waits for it,
// and what comes later for the same leg or room waits behind it; everything
// else goes ahead.
type command struct {
	room *mix
	legs []*stream
	run  func(w *worker)
	to   *worker // hand legs over to this worker instead
}

// post leaves a command for the worker's next tick.
func (w *worker) post(c command) {
	select {
	case w.mail <- c:
	case <-w.engine.done:
	}
}

// drain takes the commands of this tick.
func (w *worker) drain() {
	waiting := len(w.parked)
	if waiting > 0 {
		clear(w.blocked)
		held := w.parked
		w.parked, w.spare = w.spare[:0], held
		for _, c := range held {
			w.take(c)
		}
		clear(held)
	}
	for n := len(w.mail); n > 0 && len(w.parked) < mailSize; n-- {
		w.take(<-w.mail)
	}
}

func (w *worker) take(c command) {
	if !w.ready(c) {
		w.block(c)
		w.parked = append(w.parked, c)
		return
	}
	if c.to != nil {
		w.block(c)
		w.leaving = append(w.leaving, c)
		return
	}
	c.run(w)
}

// ready takes in the legs of a command that have arrived, and tells whether
// all have and none is waited for by an earlier command.
func (w *worker) ready(c command) bool {
	ok := !w.isBlocked(c.room)
	for _, s := range c.legs {
		if s.owner.Load() != w {
			ok = false
			continue
		}
		if w.isBlocked(s) {
			ok = false
		}
		w.adopt(s)
	}
	return ok
}

func (w *worker) isBlocked(x any) bool {
	if len(w.blocked) == 0 {
		return false
	}
	_, ok := w.blocked[x]
	return ok
}

func (w *worker) block(c command) {
	if c.room != nil {
		w.blocked[c.room] = struct{}{}
	}
	for _, s := range c.legs {
		w.blocked[s] = struct{}{}
	}
}

// handOver gives the legs that leave to their new workers, after this tick
// has served them: the new worker serves them from the next one on, or from
// this one if it is behind, and sends nothing twice.
func (w *worker) handOver() {
	if len(w.leaving) == 0 {
		return
	}
	for _, c := range w.leaving {
		for _, s := range c.legs {
			w.release(s)
			s.owner.Store(c.to)
		}
	}
	clear(w.leaving)
	w.leaving = w.leaving[:0]
	if len(w.parked) == 0 {
		clear(w.blocked)
	}
}

// adopt takes a leg into the worker's list.
func (w *worker) adopt(s *stream) {
	if s.at >= 0 {
		return
	}
	s.at, s.moved, s.tended = len(w.legs), true, false
	w.legs = append(w.legs, s)
	w.tend(s)
	if s.filtered {
		s.attend(w)
	}
	if s.audio.Play != nil && s.audio.Play.Loop {
		s.loop = w.loopOf(s.audio.Play.Clip, s.far.codec)
	}
}

// release takes a leg out of its room and the worker's list.
func (w *worker) release(s *stream) {
	s.part(w)
	s.voice.part()
	w.untend(s)
	if s.filtered {
		s.unattend(w)
	}
	w.drop(s.loop)
	s.loop = nil
	last := len(w.legs) - 1
	moved := w.legs[last]
	w.legs[s.at], moved.at = moved, s.at
	w.legs[last] = nil
	w.legs = w.legs[:last]
	s.at = -1
}
