package media

// Room is one mix. It lives in one worker, and so do its legs, until it has
// outgrown it: then every worker has a share of it, and legs stay where they
// are.
type Room struct {
	engine *Engine
	home   *worker

	// Guarded by Engine.mu.
	shares  []*mix // by worker
	legs    int
	spread  bool // over all workers
	closed  bool
	says    []saying // not said to the end yet
	comfort bool
	taps    []*Tap
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
	lists := make([][]change, len(e.workers))
	legs := make([][]*stream, len(e.workers))
	for _, c := range changes {
		l := e.legs[c.Leg]
		if l == nil {
			continue
		}
		r.bring(l)
		at := l.home.id
		lists[at] = append(lists[at], change{l.stream, sanitized(c.Audio)})
		legs[at] = append(legs[at], l.stream)
	}
	for at, list := range lists {
		if len(list) == 0 {
			continue
		}
		share := r.shares[at]
		e.workers[at].post(command{room: share, legs: legs[at], run: func(w *worker) {
			for _, c := range list {
				c.s.join(w, share)
				c.s.set(w, c.a)
			}
		}})
	}
}

// bring has the leg served by a worker of this room.
func (r *Room) bring(l *Leg) {
	if l.room != r {
		if l.room != nil {
			l.room.legs--
		}
		l.room = r
		r.legs++
	}
	if r.legs > r.engine.cfg.Share && len(r.shares) > 1 {
		r.open(r.engine.workers...)
	}
	if r.spread || l.home == r.home {
		return
	}
	l.home.post(command{legs: []*stream{l.stream}, to: r.home})
	l.home.load--
	r.home.load++
	l.home = r.home
}

// open gives these workers a share of the room.
func (r *Room) open(workers ...*worker) {
	if r.spread {
		return
	}
	r.spread = len(workers) > 1
	for _, w := range workers {
		if r.shares[w.id] == nil {
			share := &mix{comfort: comfort{on: r.comfort, seed: uint32(w.id)*2654435761 + 1}}
			for _, s := range r.says {
				share.hearSaid(s, w == r.home)
			}
			r.shares[w.id] = share
			w.post(command{room: share, run: func(w *worker) { w.addRoom(share) }})
			for _, t := range r.taps {
				t.attach(w, share)
			}
		}
	}
	if !r.spread {
		return
	}
	for _, w := range workers {
		share := r.shares[w.id]
		var peers []*mix
		for _, other := range r.shares {
			if other != share {
				peers = append(peers, other)
			}
		}
		w.post(command{room: share, run: func(w *worker) {
			share.peers = peers
			w.shares.Add(1)
		}})
	}
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
	share := r.shares[r.home.id]
	r.home.post(command{room: share, run: func(w *worker) { share.play(clip, w.tick) }})
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
	r.home.load -= roomWeight
	for at, share := range r.shares {
		if share != nil {
			e.workers[at].post(command{room: share, run: func(w *worker) { w.removeRoom(share) }})
		}
	}
}
