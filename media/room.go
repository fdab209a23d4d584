package media

// Room is one mix. It lives in one worker, and so do its legs.
type Room struct {
	engine *Engine
	worker *worker
	mix    *mix
	closed bool // guarded by Engine.mu
}

// Update gives legs new audio, and brings those that are not yet in the room
// into it. All changes of one call take effect on the same tick. Legs that
// are closed or unknown are left out.
func (r *Room) Update(changes ...Change) {
	type change struct {
		s *stream
		a Audio
	}
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.closed || e.closed || len(changes) == 0 {
		return
	}
	list := make([]change, 0, len(changes))
	legs := make([]*stream, 0, len(changes))
	for _, c := range changes {
		l := e.legs[c.Leg]
		if l == nil {
			continue
		}
		r.bring(l)
		list = append(list, change{l.stream, sanitized(c.Audio)})
		legs = append(legs, l.stream)
	}
	r.worker.post(command{room: r.mix, legs: legs, run: func(w *worker) {
		for _, c := range list {
			c.s.join(r.mix)
			c.s.set(w, c.a)
		}
	}})
}

// bring asks the leg's worker to hand it over when it is not this room's.
func (r *Room) bring(l *Leg) {
	if l.home == r.worker {
		return
	}
	l.home.post(command{legs: []*stream{l.stream}, to: r.worker})
	l.home.load--
	r.worker.load++
	l.home = r.worker
}

// Play puts a clip into everyone's mix, over the speakers.
func (r *Room) Play(clip *Clip) {
	if clip == nil {
		return
	}
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.closed || e.closed {
		return
	}
	r.worker.post(command{room: r.mix, run: func(w *worker) { r.mix.play(clip, w.tick) }})
}

// Close ends the room; its legs fall back to the pre-room.
func (r *Room) Close() {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if e.closed {
		return
	}
	delete(e.rooms, r)
	r.worker.load -= roomWeight
	r.worker.post(command{room: r.mix, run: func(w *worker) { w.removeRoom(r.mix) }})
}
